//! `yipan operator`: runs until it is told to stop.

mod apply;
mod caches;
mod context;
mod controllers;
mod error;
mod events;
mod fair_queue;
mod health;
mod lag;
mod leader;
mod metrics;
mod options;
pub(crate) mod prerequisites;
mod requests;
mod serve;

pub use leader::Clock;
pub use options::{LogFormat, Options};
pub use requests::Requests;
pub use serve::{Operator, run};
