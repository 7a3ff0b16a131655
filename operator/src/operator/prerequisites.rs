//! What must be there before anything can be decided: the definitions, and a cluster that counts.

use std::time::Duration;

use futures::future::join_all;
use k8s_openapi::api::core::v1::{ResourceQuota, ResourceQuotaSpec};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::api::{DeleteParams, ObjectMeta, PostParams};
use kube::{Api, Client, Error};
use yipan_core::plan::quota;

use super::error::short;
use super::health::Health;

const DEFINITIONS: &str = "definitions";
const COUNTING: &str = "counting";
const NEEDED: [&str; 5] = [
    "platforms.yipan.dev",
    "tenants.yipan.dev",
    "blueprints.yipan.dev",
    "apps.yipan.dev",
    "httproutes.gateway.networking.k8s.io",
];
const RETRY: Duration = Duration::from_secs(1);
/// How long the quota controller may take over one quota before it is asked anew.
const PATIENCE: Duration = Duration::from_secs(2);
/// Stands in the operator's own namespace, where it also keeps Apps out.
const PROBE: &str = quota::NAME;
const APPS: &str = "count/apps.yipan.dev";

/// Waits until every definition is established and the cluster counts what is to be counted, and
/// says what it waits for.
pub async fn wait(client: &Client, namespace: &str, health: &Health) {
    let definitions = Api::<CustomResourceDefinition>::all(client.clone());
    while !report(health, DEFINITIONS, are_defined(&definitions).await) {
        tokio::time::sleep(RETRY).await;
    }
    let quotas = Api::<ResourceQuota>::namespaced(client.clone(), namespace);
    while !report(health, COUNTING, are_counted(&quotas).await) {
        tokio::time::sleep(RETRY).await;
    }
}

/// Whether declarations can be stored and will be counted, in one answer.
///
/// # Errors
/// What is missing, in words.
pub async fn are_met(client: &Client, namespace: &str) -> Result<(), String> {
    are_defined(&Api::all(client.clone())).await?;
    are_counted(&Api::namespaced(client.clone(), namespace)).await
}

/// Logs an answer that is news and shows it in /readyz. Returns whether it is so.
fn report(health: &Health, check: &str, state: Result<(), String>) -> bool {
    if health.set(check, state.clone()) {
        match &state {
            Ok(()) => tracing::info!(check, "ok"),
            Err(why) => tracing::warn!(check, why, "waiting"),
        }
    }
    state.is_ok()
}

async fn are_defined(api: &Api<CustomResourceDefinition>) -> Result<(), String> {
    let missing = missing(api).await;
    if missing.is_empty() { Ok(()) } else { Err(missing.join("; ")) }
}

async fn missing(api: &Api<CustomResourceDefinition>) -> Vec<String> {
    let each = NEEDED.map(async |name| match api.get_opt(name).await {
        Ok(Some(crd)) if is_established(&crd) => None,
        Ok(Some(_)) => Some(format!("{name} is not established yet")),
        Ok(None) => Some(format!("{name} is not installed")),
        Err(error) => Some(format!("{name}: {}", short(&error))),
    });
    join_all(each).await.into_iter().flatten().collect() // all at once: each is large, and a restart waits for them
}

fn is_established(crd: &CustomResourceDefinition) -> bool {
    let conditions = crd.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == "Established" && condition.status == "True")
}

/// Whether the cluster counts Apps for quotas. Its quota controller looks for new kinds every half
/// minute, and a quota made before that refuses every App for minutes: so none is made before. A
/// quota of ours shows it; one that was not counted at once is made anew, since the controller
/// looks at new ones first.
async fn are_counted(api: &Api<ResourceQuota>) -> Result<(), String> {
    let waiting =
        || "the cluster's quota controller does not count Apps yet; it finds new kinds within half a minute".to_owned();
    let said = |error: Error| format!("ResourceQuota {PROBE}: {}", short(&error));
    let probe = ResourceQuota {
        metadata: ObjectMeta { name: Some(PROBE.to_owned()), ..Default::default() },
        spec: Some(ResourceQuotaSpec {
            hard: Some([(APPS.to_owned(), Quantity("0".to_owned()))].into()),
            ..Default::default()
        }),
        status: None,
    };
    if api.get_opt(PROBE).await.map_err(said)?.is_none() {
        match api.create(&PostParams::default(), &probe).await {
            Ok(_) => {}
            Err(Error::Api(status)) if status.is_already_exists() => {} // another replica asks as well
            Err(error) => return Err(said(error)),
        }
    }
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while tokio::time::Instant::now() < deadline {
        match api.get_opt(PROBE).await.map_err(said)? {
            Some(found) if is_counted(&found) => return Ok(()),
            _ => tokio::time::sleep(PATIENCE / 20).await,
        }
    }
    match api.delete(PROBE, &DeleteParams::default()).await {
        Ok(_) => Err(waiting()),
        Err(Error::Api(status)) if status.is_not_found() => Err(waiting()),
        Err(error) => Err(said(error)),
    }
}

fn is_counted(quota: &ResourceQuota) -> bool {
    let used = quota.status.as_ref().and_then(|status| status.used.as_ref());
    used.is_some_and(|used| used.contains_key(APPS))
}
