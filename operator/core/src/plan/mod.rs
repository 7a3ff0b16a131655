//! From declarations to what should exist. One folder per kind; in each, `checks` refuses, the
//! file of an object's name renders it, and `status` says how far things have come.

pub mod app;
pub mod conditions;
mod everything;
pub mod labels;
pub mod metadata;
mod object;
pub mod platform;
mod reach;
mod refusal;
pub mod tenant;
mod way_out;
mod world;

pub use everything::{Answer, AppAnswer, TenantAnswer, everything};
pub use object::{Kind, Object};
pub use reach::Path;
pub use refusal::Refusal;
pub use world::{Declared, NamespaceFound, PodTrouble, RouteFound, WorkloadFound, World};

use jiff::Timestamp;

use crate::kinds::Paused;

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

/// Who holds the operator's hand, why, and until when.
#[derive(Debug, Clone, PartialEq)]
pub struct Hold {
    /// `this object`, `tenant liangzhou` or `the platform`.
    pub by: String,
    /// The pause itself.
    pub paused: Paused,
}

/// The first of the pauses that still lasts.
pub fn hold<'a>(pauses: impl IntoIterator<Item = (String, Option<&'a Paused>)>, now: Timestamp) -> Option<Hold> {
    let lasting = |paused: &&Paused| paused.until.timestamp() > now;
    pauses.into_iter().find_map(|(by, paused)| paused.filter(lasting).map(|paused| Hold { by, paused: paused.clone() }))
}
