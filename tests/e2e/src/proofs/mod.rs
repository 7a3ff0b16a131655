//! What is proved, and what several proofs ask of the cluster.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{Api, ResourceExt as _};
use yipan_core::kinds::{App, Tenant};

use super::cluster::Cluster;

pub mod fence;
pub mod operator;
pub mod route;
pub mod uninstall;
pub mod workloads;

/// How long what was declared may take to be there: pods start, gateways hear, policies are felt.
pub const SOON: Duration = Duration::from_secs(120);

/// That an App is Ready as it is declared now.
///
/// # Errors
/// It is not; the error says why.
pub async fn app_is_ready(cluster: &Cluster, tenant: &str, name: &str) -> anyhow::Result<()> {
    let app = Api::<App>::namespaced(cluster.client.clone(), tenant).get(name).await?;
    let status = app.status.with_context(|| format!("{tenant}/{name} has no status yet"))?;
    is_ready(&format!("{tenant}/{name}"), app.metadata.generation, status.observed_generation, &status.conditions)
}

/// That a Tenant is Ready as it is declared now.
///
/// # Errors
/// It is not; the error says why.
pub async fn tenant_is_ready(cluster: &Cluster, name: &str) -> anyhow::Result<()> {
    let tenant = Api::<Tenant>::all(cluster.client.clone()).get(name).await?;
    let status = tenant.status.with_context(|| format!("{name} has no status yet"))?;
    is_ready(name, tenant.metadata.generation, status.observed_generation, &status.conditions)
}

fn is_ready(name: &str, wanted: Option<i64>, seen: Option<i64>, conditions: &[Condition]) -> anyhow::Result<()> {
    let ready = conditions.iter().find(|condition| condition.type_ == "Ready");
    let ready = ready.with_context(|| format!("{name} has no condition Ready yet"))?;
    ensure!(seen == wanted, "{name}: its status is of generation {seen:?}, not {wanted:?}");
    ensure!(ready.status == "True", "{name} is not Ready: {}: {}", ready.reason, ready.message);
    Ok(())
}

/// The ready pods of an App that are not about to end, with their addresses.
///
/// # Errors
/// The API server does not answer.
pub async fn pods_of(cluster: &Cluster, tenant: &str, app: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let pods = cluster.list::<Pod>(tenant, &format!("app.kubernetes.io/name={app}")).await?;
    Ok(pods.into_iter().filter(is_running).filter_map(|pod| Some((pod.name_any(), pod.status?.pod_ip?))).collect())
}

/// Whether a pod is ready and stays.
pub fn is_running(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let ready = conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True");
    ready && pod.metadata.deletion_timestamp.is_none()
}
