//! `yipan plan`: what would exist, before anything is applied.

mod report;
mod text;

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use yipan_core::plan;

use super::output::{self, Format};
use crate::manifest;

pub use report::Report;

/// Previews what the operator would make of declarations, without a cluster.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Ends with 0 when everything is accepted, and with 1 when a file is wrong or a declaration is \
                        refused. Waiting for another's consent is no failure.")]
pub struct Options {
    /// A file, a directory searched for *.yaml and *.yml, or - for standard input; may be repeated.
    #[arg(short, long = "filename", value_name = "PATH", required = true)]
    filenames: Vec<PathBuf>,
    /// A summary for people, all planned objects as YAML in the order of writing, or both as JSON.
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    output: Format,
}

/// Plans and prints.
///
/// # Errors
/// A file is wrong, or a declaration is refused.
pub fn run(options: Options) -> anyhow::Result<()> {
    let manifest = manifest::read(&options.filenames)?;
    let answer = plan::everything(&manifest.declared, Timestamp::now());
    let report = Report::of(&manifest, &answer);
    match options.output {
        Format::Table => output::print(&text::summary(&report))?,
        Format::Yaml => output::print(&output::yaml_stream(&report.objects)?)?,
        Format::Json => output::print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?,
    }
    match (report.refusals.as_slice(), options.output) {
        ([], _) => Ok(()),
        ([_], Format::Table) => anyhow::bail!("1 declaration is refused"),
        (refusals, Format::Table) => anyhow::bail!("{} declarations are refused", refusals.len()),
        // Programs read the objects from standard output; people read why some are missing here.
        (refusals, _) => {
            let lines: Vec<String> = refusals.iter().map(|line| format!("{}: {}", line.object, line.message)).collect();
            anyhow::bail!("refused:\n{}", lines.join("\n"))
        }
    }
}
