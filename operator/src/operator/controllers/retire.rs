//! The end of a tenant.

use std::time::Duration;

use jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::json;
use yipan_core::drift::MANAGER;
use yipan_core::kinds::Tenant;
use yipan_core::plan::tenant::{self, TenantWorld};
use yipan_core::plan::{Kind, metadata};

use super::super::context::Shared;
use super::super::error::Error;
use super::super::events::Act;
use super::super::fair_queue::Action;
use super::outcome;
use super::tenant::FINALIZER;

/// How often a deletion that waits is looked at again.
const RECHECK: Duration = Duration::from_secs(20);

/// Lets a tenant go once nothing is below it: a deletion that was accepted cannot be taken back,
/// so it waits and says for what. The namespace goes with the tenant, empty of Apps.
pub async fn retire(shared: &Shared, api: &Api<Tenant>, tenant: &Tenant, world: &TenantWorld) -> Result<Action, Error> {
    if !tenant.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        return Ok(Action::await_change());
    }
    // One that cannot be read may be a child of this one.
    let unreadable = shared.caches.tenants.state().into_iter().filter(|other| other.0.is_err());
    let unreadable: Vec<String> = unreadable.map(|other| other.name_any()).collect();
    if let Some(message) = tenant::deletion_waits_for(world, &unreadable) {
        let status = tenant::blocked(tenant, &message, Timestamp::now());
        let news = tenant.status.as_ref() != Some(&status);
        outcome::save(shared, api, tenant, status).await?;
        if news {
            shared.events.warn(tenant, Act::Retire, "DeletionBlocked", &message).await;
        }
        // Who is below is told by watches; who could not be read, only by asking again.
        return Ok(Action::requeue(RECHECK));
    }
    let name = tenant.name_any();
    let ours = world.namespace.as_ref().is_some_and(|found| found.id == Some(metadata::id(tenant)));
    if let Some(namespace) = shared.caches.children.get(&name, Kind::Namespace, &name).filter(|_| ours) {
        shared.remove(&name, &(Kind::Namespace, name.clone()), &namespace).await?;
        // Only its end, which the watch reports, lets the tenant go: a successor of the same name
        // must not meet what is left of it.
        return Ok(Action::await_change());
    }
    release(shared, api, tenant).await
}

async fn release(shared: &Shared, api: &Api<Tenant>, tenant: &Tenant) -> Result<Action, Error> {
    let others: Vec<&String> = tenant.finalizers().iter().filter(|finalizer| *finalizer != FINALIZER).collect();
    let patch = json!({ "metadata": { "resourceVersion": tenant.resource_version(), "finalizers": others } });
    let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..Default::default() };
    shared.metrics.writes.with_label_values(&["Tenant", "metadata"]).inc();
    match api.patch(&tenant.name_any(), &params, &Patch::Merge(patch)).await {
        Ok(_) => Ok(Action::await_change()),
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(Action::await_change()),
        Err(error) => Err(Error::of_write(&outcome::name(tenant), error)),
    }
}
