//! `yipan reference`: the reference under `docs/reference/`, made from the code.

mod kind;
mod reasons;

use yipan_core::kinds;

use super::generated::{Generated, Target};

pub use reasons::{Reason, events, only_running};

/// Prints the reference, or writes it to its files.
///
/// # Errors
/// The files cannot be written, or differ when they are only compared.
pub fn run(target: &Target) -> anyhow::Result<()> {
    target.put(&files()?)
}

/// One page for each kind, and one for all reasons.
///
/// # Errors
/// A definition has no schema.
pub fn files() -> anyhow::Result<Vec<Generated>> {
    let mut files = kinds::crds().iter().map(kind::page).collect::<anyhow::Result<Vec<_>>>()?;
    files.push(Generated { name: "reasons.md".to_owned(), text: reasons::page() });
    Ok(files)
}
