//! What people type.

use clap::{Parser, Subcommand};

pub mod crds;

/// Yipan 一盘棋: a province builds the platform once, its localities use it.
#[derive(Debug, Parser)]
#[command(name = "yipan", version, about, long_about = None)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the operator against a cluster.
    Operator(crate::operator::Options),
    /// Prints the custom resource definitions.
    Crds,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Whatever stopped it, in a sentence for the person who typed it.
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Operator(options) => crate::operator::run(options),
            Self::Crds => crds::run(),
        }
    }
}
