//! What people type.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub mod backup;
pub mod cluster;
pub mod crds;
pub mod generated;
mod leadership;
mod listing;
pub mod output;
pub mod plan;
pub mod reference;
pub mod restore;
pub mod tree;
pub mod uninstall;

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
    /// Previews what declarations come to, without a cluster or against one.
    Plan(plan::Options),
    /// Shows the tenants as a tree, with the state of each.
    Tree(tree::Options),
    /// Writes down what is declared in a cluster, for another one.
    Backup(backup::Options),
    /// Puts a backup into a cluster whose operator does not run yet.
    Restore(restore::Options),
    /// Takes Yipan out of a cluster and leaves all that its tenants have.
    Uninstall(uninstall::Options),
    /// Prints the custom resource definitions.
    Crds(generated::Target),
    /// Prints the reference that docs/reference holds.
    #[command(hide = true)]
    Reference(generated::Target),
}

impl Command {
    /// Does it, and says with what the process ends.
    ///
    /// # Errors
    /// Whatever stopped it, in a sentence for the person who typed it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Operator(options) => crate::operator::run(options),
            Self::Plan(options) => return plan::run(options),
            Self::Tree(options) => tree::run(&options),
            Self::Backup(options) => backup::run(&options),
            Self::Restore(options) => restore::run(options),
            Self::Uninstall(options) => uninstall::run(options),
            Self::Crds(target) => crds::run(&target),
            Self::Reference(target) => reference::run(&target),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}
