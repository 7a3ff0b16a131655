//! `yipan operator`: runs until it is told to stop.

use clap::Args;

/// How the operator runs.
#[derive(Debug, Clone, Args)]
pub struct Options {}

/// Runs the operator.
///
/// # Errors
/// It cannot start at all.
pub fn run(_options: Options) -> anyhow::Result<()> {
    Ok(())
}
