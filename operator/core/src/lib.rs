//! What Yipan decides: kinds, checks and the objects that should exist.
//!
//! Everything here is a function from declared inputs to answers. There is no client, no async
//! runtime, no clock and no randomness, so that the operator, the offline `yipan plan` and the
//! tests decide alike. `make check` builds this crate alone to hold it to that.

pub mod drift;
pub mod fields;
pub mod gateway_api;
pub mod kinds;
pub mod plan;
