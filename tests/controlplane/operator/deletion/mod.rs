//! What becomes of things that end: nothing is lost without the word, nothing hangs for ever, nothing
//! is adopted silently.

mod accidents;
mod adoption;
mod apps;
mod late;
mod retention;
pub mod tenants;
mod uninstall;
