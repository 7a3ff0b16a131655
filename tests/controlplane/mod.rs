//! Promises that only a real API server can keep: what it refuses, and who may do what.

mod admission;
mod cases_agree;
mod cron_agrees;
mod kubectl;
mod operator;
pub mod plane;
mod raw;
mod refusals;
mod rights;
