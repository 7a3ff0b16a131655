//! `make e2e`: Yipan in a cluster with real nodes. Pods start, routes answer, packets are dropped.
//!
//! It asks for a kubeconfig, installs the chart with the operator in the cluster, proves what no test without
//! nodes can, and takes everything away again, whatever came of it. How the cluster was made and how its nodes
//! came by the two images is not its affair. See docs/operations/end-to-end.md.

mod clean;
mod cluster;
mod declarations;
mod ground;
mod options;
mod preflight;
mod proofs;
mod reach;
mod report;

use std::process::ExitCode;

use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

use cluster::Cluster;
use ground::Ground;
use options::{Options, Verb};
use report::Report;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("e2e: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all was proved.
async fn run(options: Options) -> anyhow::Result<bool> {
    let cluster = Cluster::of(options.kubeconfig()?).await?;
    if options.verb == Some(Verb::Clean) {
        clean::ours(&cluster).await?;
        return Ok(true);
    }
    let found = preflight::look(&cluster, &options).await?;
    let mut report = Report::new();
    // From here on there is something to take away, also when somebody loses patience.
    let outcome = tokio::select! {
        outcome = prove(&cluster, &options, found, &mut report) => outcome,
        () = told_to_stop() => Err(anyhow::anyhow!("interrupted")),
    };
    if report.has_failures() {
        clean::last_words(&cluster).await;
    }
    let cleaned = clean::everything(&cluster).await;
    if cleaned.is_ok() {
        println!("\nthe cluster is as it was");
    }
    let good = report.finish();
    outcome.and(cleaned)?;
    Ok(good)
}

async fn prove(
    cluster: &Cluster,
    options: &Options,
    found: preflight::Found,
    report: &mut Report,
) -> anyhow::Result<()> {
    let ground = Ground::prepare(cluster, options, found).await?;
    proofs::operator::installed(cluster, options, report).await?;
    proofs::workloads::all(cluster, &ground, report).await?;
    proofs::route::all(cluster, &ground, report).await?;
    proofs::fence::all(cluster, &ground, report).await?;
    proofs::operator::replaced(cluster, &ground, report).await?;
    proofs::uninstall::all(cluster, &ground, report).await
}

/// Ends when the process is told to.
async fn told_to_stop() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => if interrupted.is_err() { std::future::pending::<()>().await },
    }
}
