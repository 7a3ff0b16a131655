//! Yipan goes, and what runs stays.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, ResourceExt as _};

use super::route::eventually_answers;
use super::{is_running, pods_of};
use crate::cluster::Cluster;
use crate::declarations::{CALLED, CALLING, TENANTS};
use crate::ground::Ground;
use crate::reach;
use crate::report::Report;

/// Takes Yipan out and looks at what is left.
///
/// # Errors
/// None: what fails is told in the report.
pub async fn all(cluster: &Cluster, ground: &Ground, report: &mut Report) -> anyhow::Result<()> {
    report.part("Yipan is taken out");
    let before = pods(cluster).await?;
    report
        .prove("uninstalled, with all definitions", async {
            cluster.yipan(&["uninstall", "--yes"]).await?;
            let crds = Api::<CustomResourceDefinition>::all(cluster.client.clone());
            ensure!(crds.get_opt("tenants.yipan.dev").await?.is_none(), "a definition is left");
            Ok(String::new())
        })
        .await;
    report
        .prove("the same pods run on", async {
            let after = pods(cluster).await?;
            ensure!(!before.is_empty() && before == after, "before {before:?}, now {after:?}");
            Ok(format!("{} pods", after.len()))
        })
        .await;
    report.prove("an address answers", eventually_answers(cluster, ground, CALLED, "parking")).await;
    report
        .prove("another county is still blocked", async {
            let address = pods_of(cluster, CALLED, "parking").await?.into_values().next().context("no pod")?;
            let desk = reach::Pod { namespace: CALLING, target: "deployment/desk" };
            desk.is_shut(cluster, &[&format!("{address}:8080")]).await?;
            Ok(String::new())
        })
        .await;
    Ok(())
}

/// The tenants' running pods with their uids.
async fn pods(cluster: &Cluster) -> anyhow::Result<BTreeMap<String, Option<String>>> {
    let mut found = BTreeMap::new();
    for tenant in TENANTS {
        let pods = cluster.list::<Pod>(tenant, "").await?;
        found.extend(pods.iter().filter(|pod| is_running(pod)).map(|pod| (pod.name_any(), pod.uid())));
    }
    Ok(found)
}
