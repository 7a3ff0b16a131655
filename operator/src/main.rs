//! The one binary.

use std::process::ExitCode;

use clap::Parser as _;
use yipan::commands::Cli;

fn main() -> ExitCode {
    match Cli::parse().command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("yipan: {error:#}");
            ExitCode::FAILURE
        }
    }
}
