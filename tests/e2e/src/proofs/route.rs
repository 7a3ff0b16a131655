//! Addresses answer, through the gateway of the cluster.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};

use super::{SOON, pods_of};
use crate::cluster::{Cluster, eventually};
use crate::declarations::{CALLED, PROVINCE};
use crate::ground::{Ground, HOME};
use crate::report::Report;

/// Asks by host names.
///
/// # Errors
/// None: what fails is told in the report.
pub async fn all(cluster: &Cluster, ground: &Ground, report: &mut Report) -> anyhow::Result<()> {
    report.part("Addresses, through the gateway");
    for (tenant, app) in [(CALLED, "parking"), (PROVINCE, "portal")] {
        let what = format!("the address of {tenant}/{app} answers, from its own pods");
        report.prove(&what, eventually_answers(cluster, ground, tenant, app)).await;
    }
    report
        .prove("a name that nobody has is 404", async {
            // Only what answers at all can refuse: the addresses above did.
            let answer = ask(cluster, ground, &host(ground, CALLED, "nobody")).await?;
            let status = status(&answer)?;
            ensure!(status == "404", "it is {status}");
            Ok(String::new())
        })
        .await;
    Ok(())
}

/// That an App's address answers 200, from one of its pods.
///
/// # Errors
/// It does not, within the usual time.
pub async fn eventually_answers(cluster: &Cluster, ground: &Ground, tenant: &str, app: &str) -> anyhow::Result<String> {
    let host = host(ground, tenant, app);
    eventually(SOON, async || answers(cluster, ground, tenant, app, &host).await).await?;
    Ok(host)
}

async fn answers(cluster: &Cluster, ground: &Ground, tenant: &str, app: &str, host: &str) -> anyhow::Result<()> {
    let answer = ask(cluster, ground, host).await?;
    let status = status(&answer)?;
    ensure!(status == "200", "{host} answers {status}");
    let pods: BTreeSet<String> = pods_of(cluster, tenant, app).await?.into_keys().collect();
    let pod = answer.lines().find_map(|line| line.strip_prefix("pod ")).unwrap_or_default();
    ensure!(answer.lines().any(|line| line == format!("app {tenant}/{app}")), "{host}: another App answers: {answer}");
    ensure!(pods.contains(pod), "{host}: {pod:?} answers, its pods are {pods:?}");
    Ok(())
}

fn host(ground: &Ground, tenant: &str, app: &str) -> String {
    format!("{app}--{tenant}.{}", ground.found.gateway.domain)
}

async fn ask(cluster: &Cluster, ground: &Ground, host: &str) -> anyhow::Result<String> {
    cluster.probe(HOME, "pod/open", &["get", &ground.found.entrance, host]).await
}

fn status(answer: &str) -> anyhow::Result<&str> {
    answer.split(' ').nth(1).filter(|_| answer.starts_with("HTTP/")).with_context(|| format!("no answer: {answer:?}"))
}
