//! The operator on a real API server: drift, quiet, and how it fails.
//!
//! These tests have a control plane of their own, where an operator may lead and definitions may
//! be broken, and they take turns on it.

mod backup;
mod blueprints;
mod chart;
mod deletion;
mod diff;
mod drift;
mod ends;
mod failures;
mod fairness;
mod faults;
mod given;
mod lifecycle;
mod quota;
mod run;
mod seats;
mod stale_leader;
mod sweep;
mod town;
mod unreadable;
mod wiped;
