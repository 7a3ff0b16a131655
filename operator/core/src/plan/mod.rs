//! From declarations to what should exist. One folder per kind; in each, `checks` refuses, the
//! file of an object's name renders it, and `status` says how far things have come.

pub mod app;
pub mod blueprint;
pub mod conditions;
mod everything;
pub mod labels;
pub mod metadata;
mod object;
mod owner;
pub mod pause;
pub mod platform;
pub mod preview;
pub mod quota;
mod reach;
mod refusal;
mod settle;
pub mod tenant;
mod way_out;
mod world;

pub use everything::{Answer, AppAnswer, BlueprintAnswer, TenantAnswer, everything};
pub(crate) use object::drop_nulls;
pub use object::{Kind, Object};
pub use owner::Owner;
pub use pause::Hold;
pub use reach::Path;
pub use refusal::Refusal;
pub use world::{Declared, ListenersFound, NamespaceFound, PodTrouble, RouteFound, WorkloadFound, World};

/// How one pass over an object ended; its conditions follow from this.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Everything that should exist was written.
    Done,
    /// The declaration is declined; nothing was written or removed.
    Refused(Refusal),
    /// Something outside the declaration stopped the pass.
    Stopped(Stop),
}

/// What stopped a pass, in a person's words.
#[derive(Debug, Clone, PartialEq)]
pub struct Stop {
    /// `Unknown` while asking again may help by itself, `False` where somebody has to act.
    pub status: &'static str,
    /// One word from a closed list.
    pub reason: &'static str,
    /// What happened, to which object, and what to do.
    pub message: String,
}
