//! Takes away everything a run made, whatever state it is in.

use anyhow::{Context as _, ensure};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;

use super::cluster::{Cluster, repository};
use super::declarations::TENANTS;
use super::ground::HOME;
use super::proofs::operator::SYSTEM;

/// Kinds of the whole cluster of which the chart has objects; by label, whoever made them.
const KINDS: &str = "clusterroles,clusterrolebindings,flowschemas,prioritylevelconfigurations,\
                     validatingadmissionpolicies,validatingadmissionpolicybindings,customresourcedefinitions";
/// On everything of the chart, and on nothing else.
const PART: &str = "app.kubernetes.io/part-of=yipan";

/// What an earlier run left, known by its own namespace: a Yipan that somebody else installed is not ours.
///
/// # Errors
/// Something stays.
pub async fn ours(cluster: &Cluster) -> anyhow::Result<()> {
    let home = Api::<Namespace>::all(cluster.client.clone()).get_metadata_opt(HOME).await?;
    ensure!(home.is_some(), "there is no namespace {HOME}: no run was here, and nothing is taken away");
    everything(cluster).await
}

/// Everything: first Yipan's own way out, since it releases what holds the namespaces, then the rest.
///
/// # Errors
/// Something stays.
pub async fn everything(cluster: &Cluster) -> anyhow::Result<()> {
    println!("\ntaking everything away");
    let definitions = repository().join("charts/yipan/definitions").display().to_string();
    if cluster.kubectl(&["get", "crd", "tenants.yipan.dev"]).await.is_ok() {
        cluster.yipan(&["uninstall", "--yes"]).await.context("yipan uninstall")?;
    }
    cluster
        .helm(&["uninstall", "yipan", "-n", SYSTEM, "--ignore-not-found", "--wait"])
        .await
        .context("helm uninstall")?;
    let gone = ["delete", "--ignore-not-found", "--wait", "--timeout=180s"];
    cluster.kubectl(&[&gone[..], &["-f", &definitions]].concat()).await?;
    cluster.kubectl(&[&gone[..], &[KINDS, "-l", PART]].concat()).await?;
    // The tenants' namespaces are kept by Yipan, with their data; here they are ours.
    cluster.kubectl(&[&gone[..], &["namespace", SYSTEM], &TENANTS].concat()).await?;
    let left = cluster.kubectl(&["get", KINDS, "-l", PART, "-o", "name", "--ignore-not-found"]).await?;
    ensure!(left.trim().is_empty(), "left: {left}");
    // Last: while it is there, a run is not over.
    cluster.kubectl(&[&gone[..], &["namespace", HOME]].concat()).await.map(drop)
}

/// What somebody needs to find out why, before it is gone.
pub async fn last_words(cluster: &Cluster) {
    println!("\nwhat the cluster says");
    for words in [
        &["get", "tenants,apps.yipan.dev", "-A", "-o", "wide"][..],
        &["get", "pods", "-A", "-o", "wide"],
        &["get", "networkpolicies,httproutes", "-A"],
        &["get", "events", "-A", "--field-selector=type=Warning", "--sort-by=.lastTimestamp"],
        &["logs", "-n", SYSTEM, "-l", "app.kubernetes.io/component=operator", "--tail=30", "--prefix"],
    ] {
        match cluster.kubectl(words).await {
            Ok(said) => println!("$ kubectl {}\n{said}", words.join(" ")),
            Err(error) => println!("$ {error:#}"),
        }
    }
}
