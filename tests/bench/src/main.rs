//! How the operator compares with the floor: the same objects applied by a plain client. And how a
//! tenant's single change fares while another tenant makes hundreds.
//!
//! Each run starts fresh control planes (for the floor, for the operator, for the flood) and ends
//! them. Nothing has to be installed or running before.
//!
//! ```sh
//! cargo build -p yipan && cargo run -q -p yipan-bench -- --tenants 200 --runs 3
//! cargo run -q -p yipan-bench -- --operator target/release/yipan --markdown docs/benchmarks.md
//! ```
//!
//! It fails when a promise is broken (a write while nothing changed, or after a restart), never
//! because something took long.

mod bare;
mod declarations;
mod exposition;
mod figures;
mod flood;
mod machine;
mod operator;
mod plane;
mod progress;
mod ready;
mod run;
mod server;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Parser, ValueEnum};
use figures::Figure;
use flood::Flood;
use machine::Machine;
use operator::Installation;
use run::Run;
use serde::Serialize;

/// Measures the operator against a plain client that applies the same objects.
#[derive(Debug, Parser, Serialize)]
#[command(name = "yipan-bench")]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// How many tenants, the province and its cities included.
    #[arg(long, default_value_t = 200, value_parser = tenants)]
    pub tenants: usize,
    /// How many Apps in each tenant, up to 50; they have an address and no pods.
    #[arg(long, default_value_t = 0)]
    pub apps_per_tenant: usize,
    /// How many runs, each on control planes of its own.
    #[arg(long, default_value_t = 3)]
    pub runs: usize,
    /// How long nothing may be written once all is ready.
    #[arg(long, default_value_t = 60)]
    pub steady_seconds: u64,
    /// How long everything may take to become ready before the benchmark gives up.
    #[arg(long, default_value_t = 1800)]
    pub patience_seconds: u64,
    /// What is measured.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Section::Floor, Section::Flood])]
    pub sections: Vec<Section>,
    /// How many changes the flood consists of, up to 1000: one for each App of a tenant.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub flood_changes: u16,
    /// How many of them are asked for at once: `kubectl apply` and most tools that follow a repository
    /// ask for one after the other.
    #[arg(long, default_value_t = 1)]
    pub flood_parallel: usize,
    /// How many single changes are measured alone, and again in the flood.
    #[arg(long, default_value_t = 300)]
    pub flood_samples: usize,
    /// The `yipan` binary. [default: the one cargo built beside this program]
    #[arg(long)]
    pub operator: Option<PathBuf>,
    /// Runs the operator with the administrator's rights instead of those of the chart: shows what
    /// authorization costs.
    #[arg(long)]
    pub as_administrator: bool,
    /// What `yipan operator` is started with besides, after `--`.
    #[arg(last = true)]
    pub operator_arguments: Vec<String>,
    /// What is printed on standard output.
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    #[serde(skip)]
    output: Output,
    /// Writes all figures and runs to this file.
    #[arg(long)]
    #[serde(skip)]
    json: Option<PathBuf>,
    /// Replaces the figures between the two marks in this document.
    #[arg(long)]
    #[serde(skip)]
    markdown: Option<PathBuf>,
}

/// A part of what is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Section {
    /// The operator against a plain client.
    Floor,
    /// A single change while another tenant makes hundreds.
    Flood,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    /// For people.
    Table,
    /// For programs.
    Json,
}

impl Options {
    fn patience(&self) -> Duration {
        Duration::from_secs(self.patience_seconds)
    }
}

fn tenants(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if (1..=declarations::MOST_TENANTS).contains(&count) => Ok(count),
        _ => Err(format!("a number from 1 to {}, for more there is no quota", declarations::MOST_TENANTS)),
    }
}

/// What was measured, of what, on what.
#[derive(Serialize)]
struct Report<'a> {
    machine: Machine,
    options: &'a Options,
    figures: Vec<Figure>,
    runs: Vec<Run>,
    floods: Vec<Flood>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    // Whatever is dropped at the end of this ends what it started: control planes and operators.
    let outcome = tokio::select! {
        outcome = measure(&options) => outcome,
        () = interrupted() => Err(anyhow::anyhow!("interrupted")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("yipan-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

async fn measure(options: &Options) -> anyhow::Result<()> {
    let machine = Machine::this();
    let installation = Installation::new(options, &options.operator.clone().map_or_else(beside, Ok)?)?;
    let (mut runs, mut floods) = (Vec::new(), Vec::new());
    for number in 1..=options.runs {
        if options.sections.contains(&Section::Floor) {
            runs.push(run::run(options, &installation, number).await?);
        }
        if options.sections.contains(&Section::Flood) {
            floods.push(flood::run(options, &installation, number).await?);
        }
    }
    let mut figures = figures::figures(&runs, options.tenants);
    figures.extend(figures::of_floods(&floods));
    let report = Report { machine, options, figures, runs, floods };
    let json = serde_json::to_string_pretty(&report)?;
    match options.output {
        Output::Table => println!("{}\n{}", report.machine.sentence(), figures::table(&report.figures)),
        Output::Json => println!("{json}"),
    }
    if let Some(file) = &options.json {
        std::fs::write(file, json + "\n").with_context(|| file.display().to_string())?;
    }
    if let Some(file) = &options.markdown {
        replace(file, &report).with_context(|| file.display().to_string())?;
    }
    match figures::broken_promises(&report.runs) {
        broken if broken.is_empty() => Ok(()),
        broken => bail!("{}", broken.join("; ")),
    }
}

/// The operator's binary where cargo puts it: beside this program.
fn beside() -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("yipan"))
}

const BEGIN: &str = "<!-- figures: written by yipan-bench --markdown -->\n";
const END: &str = "<!-- end of figures -->";

/// Puts the figures where a document marks their place.
fn replace(document: &Path, report: &Report<'_>) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(document)?;
    let (before, rest) = text.split_once(BEGIN).with_context(|| format!("no line `{}`", BEGIN.trim_end()))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("no line `{END}`"))?;
    let Options { tenants, apps_per_tenant, runs, flood_changes, flood_parallel, flood_samples, .. } = report.options;
    let size = format!(
        "{tenants} tenants with {apps_per_tenant} Apps each, floods of {flood_changes} changes, {flood_parallel} at a \
         time, and {flood_samples} single ones, {runs} runs."
    );
    let figures = figures::markdown(&report.figures);
    let text = format!("{before}{BEGIN}{size} {}\n\n{figures}\n{END}{after}", report.machine.sentence());
    Ok(std::fs::write(document, text)?)
}
