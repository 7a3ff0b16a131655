//! The operator in the cluster: it starts as the chart has it, one leads, another takes over.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::{Api, ResourceExt as _};

use super::{SOON, app_is_ready, is_running};
use crate::cluster::{Cluster, eventually, repository};
use crate::declarations::{PROVINCE, app};
use crate::ground::Ground;
use crate::options::Options;
use crate::report::Report;

/// The operator's namespace.
pub const SYSTEM: &str = "yipan-system";
/// As many as the chart has it.
const REPLICAS: usize = 2;
const PODS: &str = "app.kubernetes.io/name=yipan,app.kubernetes.io/component=operator";

/// Installs the chart and sees it work.
///
/// # Errors
/// It is not installed: nothing else can be proved then.
pub async fn installed(cluster: &Cluster, options: &Options, report: &mut Report) -> anyhow::Result<()> {
    report.part("The operator, installed by the chart");
    let install = async || {
        let chart = repository().join("charts/yipan");
        let (chart, home) = (chart.display().to_string(), chart.join("namespace.yaml").display().to_string());
        cluster.kubectl(&["apply", "-f", &home]).await?;
        let (repository, tag) = options.image.rsplit_once(':').context("E2E_IMAGE: a reference with a tag")?;
        let (repository, tag) = (format!("image.repository={repository}"), format!("image.tag={tag}"));
        let words = ["install", "yipan", &chart, "-n", SYSTEM, "--set", &repository, "--set-string", &tag];
        cluster.helm(&words).await?;
        anyhow::Ok(())
    };
    install().await.context("helm install")?;
    report
        .prove("two replicas become ready", async {
            eventually(SOON, async || {
                let deployment = cluster.get::<Deployment>(SYSTEM, "yipan").await?.context("no Deployment")?;
                let ready = deployment.status.and_then(|status| status.ready_replicas).unwrap_or_default();
                ensure!(ready == REPLICAS as i32, "{ready} of {REPLICAS} are ready: {}", why(cluster).await?);
                Ok(())
            })
            .await?;
            Ok(String::new())
        })
        .await;
    report.prove("they run where nothing but restricted pods may", restricted(cluster, SYSTEM)).await;
    report.prove("one of them leads", async { Ok(eventually(SOON, async || leader(cluster).await).await?.0) }).await;
    Ok(())
}

/// Takes the leader's pod away: another leads, and works.
///
/// # Errors
/// None: what fails is told in the report.
pub async fn replaced(cluster: &Cluster, ground: &Ground, report: &mut Report) -> anyhow::Result<()> {
    report.part("The leader's pod is killed");
    report
        .prove("another one leads", async {
            let (before, _) = leader(cluster).await?;
            cluster.kubectl(&["delete", "pod", "-n", SYSTEM, &before, "--grace-period=0", "--force"]).await?;
            let killed = Instant::now();
            let after = eventually(SOON, async || {
                let holder = holder(cluster).await?;
                ensure!(holder != before, "the Lease is still {before}'s");
                Ok(holder)
            })
            .await?;
            // It had time to give the Lease back: the one that waited may have it, or the one that came for it.
            Ok(format!("{after}, {:.1} s after", killed.elapsed().as_secs_f64()))
        })
        .await;
    report
        .prove("it makes what is declared from now on", async {
            cluster.apply(&[app(ground, PROVINCE, "late", 1)]).await?;
            eventually(SOON, async || app_is_ready(cluster, PROVINCE, "late").await).await?;
            Ok(String::new())
        })
        .await;
    Ok(())
}

/// That a namespace admits restricted pods only, and that the API server holds it to that.
pub async fn restricted(cluster: &Cluster, namespace: &str) -> anyhow::Result<String> {
    let found = Api::<Namespace>::all(cluster.client.clone()).get(namespace).await?;
    let level = found.labels().get("pod-security.kubernetes.io/enforce").cloned().unwrap_or_default();
    ensure!(level == "restricted", "{namespace} enforces {level:?}");
    let privileged = r#"{"spec":{"containers":[{"name":"x","image":"x","securityContext":{"privileged":true}}]}}"#;
    let overrides = format!("--overrides={privileged}");
    let words = ["run", "x", "-n", namespace, "--image=x", "--dry-run=server", &overrides];
    let refused = cluster.kubectl(&words).await.err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(refused.contains("violates PodSecurity"), "a privileged pod in {namespace}: {refused:?}");
    Ok(String::new())
}

/// The pod that leads, and the ready ones that do not.
async fn leader(cluster: &Cluster) -> anyhow::Result<(String, Vec<String>)> {
    let holder = holder(cluster).await?;
    let pods = cluster.list::<Pod>(SYSTEM, PODS).await?;
    let (leads, others): (Vec<_>, Vec<_>) =
        pods.iter().filter(|pod| is_running(pod)).map(Pod::name_any).partition(|name| *name == holder);
    ensure!(leads.len() == 1 && others.len() == REPLICAS - 1, "{holder:?} leads; ready: {leads:?} and {others:?}");
    Ok((holder, others))
}

async fn holder(cluster: &Cluster) -> anyhow::Result<String> {
    let lease = cluster.get::<Lease>(SYSTEM, "yipan").await?.context("no Lease")?;
    let holder = lease.spec.and_then(|spec| spec.holder_identity).filter(|holder| !holder.is_empty());
    holder.context("nobody holds the Lease")
}

/// Why the pods do not start, as far as they say.
async fn why(cluster: &Cluster) -> anyhow::Result<String> {
    let pods = cluster.list::<Pod>(SYSTEM, PODS).await?;
    let containers = pods.into_iter().filter_map(|pod| pod.status?.container_statuses).flatten();
    let waiting = containers.filter_map(|container| container.state?.waiting);
    let said = waiting.map(|waiting| [waiting.reason, waiting.message].map(Option::unwrap_or_default).join(": "));
    Ok(said.collect::<Vec<_>>().join("; "))
}
