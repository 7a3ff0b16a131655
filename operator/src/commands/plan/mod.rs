//! `yipan plan`: what would exist, or what would change, before anything is applied.

pub mod diff;
mod report;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use yipan_core::plan;

use super::cluster::Cluster;
use super::output::{self, Format};
use crate::manifest;

pub use report::Report;

/// Previews what the operator would make of declarations: without a cluster all of it, with --diff what would
/// change in one. It writes nothing.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Without --diff it ends with 0 when everything is accepted, and with 1 when a file is wrong or \
                        a declaration is refused. Waiting for another's consent is no failure.\n\n\
                        With --diff it ends with 0 when nothing would change, with 2 when something would, and with 1 \
                        when a file is wrong, the cluster cannot be read, or a declaration would be refused that is \
                        given or is not refused now."
)]
pub struct Options {
    /// A file, a directory searched for *.yaml and *.yml, or - for standard input; may be repeated.
    #[arg(short, long = "filename", value_name = "PATH", required_unless_present = "delete")]
    filenames: Vec<PathBuf>,
    /// Shows what would change in a cluster if the files were applied, who could newly reach whom, and who no longer.
    #[arg(long)]
    diff: bool,
    /// With --diff: also shows what would go if this were deleted, an `app/<tenant>/<name>` or a `tenant/<name>`; may
    /// be repeated. What the files leave out is never taken for deleted.
    #[arg(long, value_name = "DECLARATION", requires = "diff")]
    delete: Vec<String>,
    #[command(flatten)]
    cluster: Cluster,
    /// A summary for people, all planned objects as YAML in the order of writing, or both as JSON. With --diff: the
    /// changes for people, or all of them as YAML or JSON.
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    output: Format,
}

/// Plans and prints.
///
/// # Errors
/// A file is wrong, or a declaration is refused.
pub fn run(options: Options) -> anyhow::Result<ExitCode> {
    let manifest = manifest::read(&options.filenames)?;
    if options.diff {
        return diff::run(&options, &manifest);
    }
    anyhow::ensure!(!options.cluster.is_named(), "a plan needs no cluster; give --diff to compare with one");
    let answer = plan::everything(&manifest.declared, Timestamp::now());
    let report = Report::of(&manifest, &answer);
    match options.output {
        Format::Table => output::print(&text::summary(&report))?,
        Format::Yaml => output::print(&output::yaml_stream(&report.objects)?)?,
        Format::Json => output::print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?,
    }
    match (report.refusals.as_slice(), options.output) {
        ([], _) => Ok(ExitCode::SUCCESS),
        ([_], Format::Table) => anyhow::bail!("1 declaration is refused"),
        (refusals, Format::Table) => anyhow::bail!("{} declarations are refused", refusals.len()),
        // Programs read the objects from standard output; people read why some are missing here.
        (refusals, _) => {
            let lines: Vec<String> = refusals.iter().map(|line| format!("{}: {}", line.object, line.message)).collect();
            anyhow::bail!("refused:\n{}", lines.join("\n"))
        }
    }
}
