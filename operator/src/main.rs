//! The one binary.

use std::process::ExitCode;

use clap::Parser as _;
use yipan::commands::Cli;

fn main() -> ExitCode {
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        Err(usage) => {
            // That nobody reads it is no failure of its own.
            drop(usage.print());
            // Not clap's 2, which means that there are changes.
            return if usage.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    match command.run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("yipan: {error:#}");
            ExitCode::FAILURE
        }
    }
}
