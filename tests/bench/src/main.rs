//! How the operator compares with the floor: the same objects applied by a plain client. Whether it writes
//! while nothing changes, or after a restart. And how a tenant's single change fares while another tenant
//! makes hundreds.
//!
//! Each part starts fresh control planes and ends them. Nothing has to be installed or running before.
//!
//! ```sh
//! make bench OPTIONS="--tenants 200 --runs 3"
//! cargo run --release -q -p yipan-bench -- --sections flood --json flood.json
//! ```
//!
//! It fails when a promise is broken (a write while nothing changed, or after a restart), or when something
//! could not be measured; never because something took long.

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
mod report;
mod run;
mod server;

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Parser, ValueEnum};
use declarations::Size;
use operator::Installation;
use progress::Say;
use report::{Measured, Report};
use serde::Serialize;

/// Measures the operator against a plain client that applies the same objects.
#[derive(Debug, Parser, Serialize)]
#[command(name = "yipan-bench")]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// How many tenants, the province and its cities included; each number is measured.
    #[arg(long, value_delimiter = ',', default_values_t = [200, 1500], value_parser = tenants)]
    pub tenants: Vec<usize>,
    /// How many Apps in each tenant, up to 50; they have an address and no pods.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=50))]
    pub apps_per_tenant: u16,
    /// How many runs, each on control planes of its own.
    #[arg(long, default_value_t = 1)]
    pub runs: usize,
    /// How long nothing may be written once all is ready.
    #[arg(long, default_value_t = 60)]
    pub steady_seconds: u64,
    /// How long a section may take before the benchmark gives it up.
    #[arg(long, default_value_t = 1800)]
    pub patience_seconds: u64,
    /// What is measured.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Section::ALL)]
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
    /// What is printed on standard output; what goes on, on standard error.
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    #[serde(skip)]
    output: Output,
    /// Writes all figures and runs to this file, anew whenever a section has ended.
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
    /// The floor: a plain client applies everything.
    Bare,
    /// The operator, from the first create to the last Ready.
    Operator,
    /// What is written after that while nothing is declared.
    Steady,
    /// A restart after that, over a bare list of all kinds.
    Restart,
    /// A single change while another tenant makes hundreds.
    Flood,
}

impl Section {
    const ALL: [Self; 5] = [Self::Bare, Self::Operator, Self::Steady, Self::Restart, Self::Flood];
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

    fn has(&self, section: Section) -> bool {
        self.sections.contains(&section)
    }
}

fn tenants(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if (1..=declarations::MOST_TENANTS).contains(&count) => Ok(count),
        _ => Err(format!("a number from 1 to {}, for more there is no quota", declarations::MOST_TENANTS)),
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = tokio::runtime::Runtime::new().context("no runtime").and_then(|runtime| {
        let outcome = runtime.block_on(bench(&options));
        // Nothing that still hangs is worth waiting for; a control plane's keeper sees our end by itself.
        runtime.shutdown_timeout(Duration::from_secs(1));
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("yipan-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn bench(options: &Options) -> anyhow::Result<()> {
    let mut report = Report::new(options, options.json.clone());
    // Whatever is dropped at the end of this ends what it started: control planes and operators.
    let outcome = tokio::select! {
        outcome = measure(options, &mut report) => outcome,
        () = interrupted() => Err(anyhow::anyhow!("interrupted")),
    };
    match options.output {
        Output::Table => print!("{}", report.table()),
        Output::Json => print!("{}", report.json()?),
    }
    outcome?;
    if let Some(file) = &options.markdown {
        report.replace_in(file)?;
    }
    match report.faults() {
        faults if faults.is_empty() => Ok(()),
        faults => bail!("{}", faults.join("; ")),
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

/// Measures section after section. One that fails or takes too long is told of, and the next begins.
async fn measure(options: &Options, report: &mut Report<'_>) -> anyhow::Result<()> {
    let installation = Installation::new(options, &options.operator.clone().map_or_else(beside, Ok)?)?;
    for number in 1..=options.runs {
        let say = |what: &str| Say(format!("run {number} of {}, {what}", options.runs));
        for tenants in &options.tenants {
            let size = Size { tenants: *tenants, apps_per_tenant: options.apps_per_tenant.into() };
            if options.has(Section::Bare) {
                let say = say(&size.to_string());
                let measured = in_time(options, bare::run(size, &say)).await;
                take(report, (number, Some(size)), "bare", measured.map(Measured::Bare));
            }
            if [Section::Operator, Section::Steady, Section::Restart].iter().any(|section| options.has(*section)) {
                operate(options, &installation, (number, size), report).await;
            }
        }
        if options.has(Section::Flood) {
            let measured = in_time(options, flood::run(options, &installation, &say("flood"))).await;
            take(report, (number, None), "flood", measured.map(Measured::Flood));
        }
    }
    Ok(())
}

/// The sections that the operator over one control plane gives, one after the other.
async fn operate(
    options: &Options,
    installation: &Installation,
    (number, size): (usize, Size),
    report: &mut Report<'_>,
) {
    let at = (number, Some(size));
    let say = Say(format!("run {number} of {}, {size}", options.runs));
    let settled = match in_time(options, run::run(options, installation, size, say)).await {
        Ok((converged, settled)) => {
            report.add(number, Some(size), Measured::Operator(converged));
            settled
        }
        Err(why) => return report.failed(&format!("{size}, operator"), &why),
    };
    if options.has(Section::Steady) {
        take(report, at, "steady", in_time(options, settled.steady()).await.map(Measured::Steady));
    }
    if options.has(Section::Restart) {
        take(report, at, "restart", in_time(options, settled.restart()).await.map(Measured::Restart));
    }
}

async fn in_time<T>(options: &Options, section: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let patience = options.patience();
    tokio::time::timeout(patience, section).await.with_context(|| format!("given up after {patience:?}"))?
}

fn take(
    report: &mut Report<'_>,
    (number, size): (usize, Option<Size>),
    section: &str,
    measured: anyhow::Result<Measured>,
) {
    match (measured, size) {
        (Ok(measured), size) => report.add(number, size, measured),
        (Err(why), Some(size)) => report.failed(&format!("{size}, {section}"), &why),
        (Err(why), None) => report.failed(section, &why),
    }
}

/// The operator's binary where cargo puts it: beside this program.
fn beside() -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("yipan"))
}
