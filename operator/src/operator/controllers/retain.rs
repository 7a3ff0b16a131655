//! What stays of a tenant that was deleted with `RetainData`, and the day on which that goes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, Preconditions};
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};
use yipan_core::drift::MANAGER;
use yipan_core::kinds::Tenant;
use yipan_core::plan::tenant::{self, Wait};
use yipan_core::plan::{Kind, NamespaceFound, Owner, World as _};

use super::super::caches::{Child, Found, Lookups};
use super::super::context::Shared;
use super::super::error::{Error, short};
use super::super::events::Act;

/// How often it is asked whose time is over.
const RHYTHM: Duration = Duration::from_secs(3600);

/// Empties a tenant's namespace of rights and of what runs, locks it, and marks it with its last
/// day. Each step may have been done before. Returns what has yet to end by itself.
///
/// # Errors
/// The API server rejects a step, or is away; the next pass begins anew.
pub async fn retain(shared: &Shared, tenant: &Tenant, stored: &Value) -> Result<Option<Wait>, Error> {
    let name = tenant.name_any();
    for kind in tenant::GOES {
        clear(shared, kind, &name).await?;
    }
    let running = running(shared, &name).await?;
    if !running.is_empty() {
        return Ok(Some(Wait::for_pods(&running)));
    }
    let quota = Lookups(&shared.caches).quota(&name);
    shared.apply(&tenant::locked_quota(tenant, quota.as_ref())).await?;
    // One that is marked keeps its day, however often a pass is repeated.
    if NamespaceFound::read(stored).retained_until.is_none() {
        let last_day = tenant::last_day(Timestamp::now());
        mark(shared, tenant, stored, &tenant::mark(tenant, last_day).value).await?;
        let text = format!("namespace {name} is locked and kept until {last_day}; see spec.adopt of a later tenant");
        shared.events.note(tenant, Act::Retire, "Retained", &text).await;
    }
    Ok(None)
}

/// Deletes every object of a kind in a namespace, whoever made it.
async fn clear(shared: &Shared, kind: Kind, namespace: &str) -> Result<(), Error> {
    let api = Api::<DynamicObject>::namespaced_with(shared.client.clone(), namespace, &kind.resource());
    let what = format!("{} of namespace {namespace}", kind.as_str());
    let failed = |error| Error::Unavailable { step: format!("read every {what}"), source: Box::new(error) };
    for object in api.list_metadata(&ListParams::default()).await.map_err(failed)?.items {
        let key = (kind, object.name_any());
        let version = object.resource_version().and_then(|version| version.parse().ok()).unwrap_or_default();
        let child = Child {
            version,
            uid: object.uid().unwrap_or_default(),
            digest: None,
            foreign: false,
            made: 0,
            deleting: object.metadata.deletion_timestamp.is_some(),
            owner: Owner::Tenant,
            owned: false,
            found: Found::Nothing,
        };
        shared.remove(namespace, &key, &child).await?;
    }
    Ok(())
}

/// The pods of a namespace that have not ended.
async fn running(shared: &Shared, namespace: &str) -> Result<Vec<String>, Error> {
    let pods = Api::<Pod>::namespaced(shared.client.clone(), namespace).list(&ListParams::default()).await;
    let failed =
        |error| Error::Unavailable { step: format!("read the pods of namespace {namespace}"), source: Box::new(error) };
    let ended = |pod: &Pod| {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        matches!(phase, Some("Succeeded" | "Failed"))
    };
    Ok(pods.map_err(failed)?.iter().filter(|pod| !ended(pod)).map(|pod| pod.name_any()).collect())
}

async fn mark(shared: &Shared, tenant: &Tenant, stored: &Value, mark: &Value) -> Result<(), Error> {
    let name = tenant.name_any();
    let version = stored.pointer("/metadata/resourceVersion");
    let patch = json!({ "metadata": { "resourceVersion": version, "labels": mark["metadata"]["labels"] } });
    let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..Default::default() };
    shared.metrics.writes.with_label_values(&["Namespace", "patch"]).inc();
    let written = Api::<Namespace>::all(shared.client.clone()).patch(&name, &params, &Patch::Merge(patch)).await;
    let written = written.map_err(|error| Error::of_write(&format!("Namespace {name}"), error))?;
    if let Some(child) = serde_json::to_value(written).ok().and_then(|value| Child::read(Kind::Namespace, &value)) {
        drop(shared.caches.children.record(&name, (Kind::Namespace, name.clone()), child));
    }
    Ok(())
}

/// Deletes what has been kept for as long as was promised. Runs as long as a leadership.
pub async fn end_retentions(shared: Arc<Shared>) -> Infallible {
    loop {
        for (name, child) in shared.caches.children.namespaces() {
            let Found::Namespace(found) = &child.found else { continue };
            let tenant = shared.caches.tenants.get(&ObjectRef::new(&name));
            // One that cannot be read may be the one that holds it.
            if tenant.as_ref().is_some_and(|tenant| tenant.0.is_err()) {
                continue;
            }
            let tenant = tenant.and_then(|tenant| tenant.0.clone().ok());
            if !child.deleting && tenant::is_over(found, tenant.as_deref(), Timestamp::now()) {
                end(&shared, &name, &child, found.retained_until.as_deref().unwrap_or_default()).await;
            }
        }
        tokio::time::sleep(RHYTHM).await;
    }
}

/// Deletes one namespace in the very state in which it was judged: a mark that was taken off or put
/// off meanwhile saves it. What fails is tried again at the next time.
async fn end(shared: &Shared, name: &str, child: &Child, last_day: &str) {
    let api = Api::<Namespace>::all(shared.client.clone());
    let only = Preconditions { uid: Some(child.uid.clone()), resource_version: Some(child.version.to_string()) };
    let params = DeleteParams { preconditions: Some(only), ..DeleteParams::background() };
    shared.metrics.writes.with_label_values(&["Namespace", "delete"]).inc();
    match api.delete(name, &params).await {
        Ok(_) => {
            tracing::info!(namespace = name, last_day, "deleted: it was kept until its last day");
            let mut gone = Namespace::default();
            (gone.metadata.name, gone.metadata.uid) = (Some(name.to_owned()), Some(child.uid.clone()));
            let text = format!("the time of namespace {name} ended with {last_day}; it is deleted with all it stores");
            shared.events.note(&gone, Act::Retire, "RetentionEnded", &text).await;
        }
        Err(error) => tracing::warn!(namespace = name, error = short(&error), "its time is over, yet it stays"),
    }
}
