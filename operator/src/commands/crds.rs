//! `yipan crds`: the definitions, as they are committed under `crds/`.

use std::io::Write as _;

use yipan_core::kinds;

/// Prints every definition as one YAML document.
///
/// # Errors
/// Standard output is closed.
pub fn run() -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for crd in kinds::crds() {
        writeln!(out, "---\n{}", serde_saphyr::to_string(&crd)?.trim_end())?;
    }
    Ok(())
}
