//! The end of a tenant.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, ResourceExt as _};
use serde_json::Value;
use yipan_core::kinds::Tenant;
use yipan_core::plan::tenant::{self, Retirement, TenantWorld, Wait};
use yipan_core::plan::{Kind, NamespaceFound};

use super::super::caches::Child;
use super::super::context::Shared;
use super::super::error::Error;
use super::super::events::Act;
use super::super::fair_queue::Action;
use super::bring::bring_listeners;
use super::tenant::FINALIZER;
use super::{now, outcome, retain};

/// How often a deletion that waits is looked at again.
const RECHECK: Duration = Duration::from_secs(20);
/// How often pods are looked at that have yet to end.
const PODS_RECHECK: Duration = Duration::from_secs(3);

/// Lets a tenant go once nothing is below it, and once its namespace is dealt with as
/// `spec.deletion` says: a deletion that was accepted cannot be taken back, so it waits and says
/// for what.
pub async fn retire(shared: &Shared, api: &Api<Tenant>, tenant: &Tenant, world: &TenantWorld) -> Result<Action, Error> {
    if !tenant.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        return Ok(Action::await_change());
    }
    let stored = namespace(shared, &tenant.name_any()).await?;
    let world = TenantWorld { namespace: stored.as_ref().map(NamespaceFound::read), ..world.clone() };
    // One that cannot be read may be a child of this one.
    let unreadable = shared.caches.tenants.state().into_iter().filter(|other| other.0.is_err());
    let unreadable: Vec<String> = unreadable.map(|other| other.name_any()).collect();
    if let Retirement::Waits(wait) = tenant::retirement(tenant, &world, &unreadable) {
        return waits(shared, api, tenant, &wait).await;
    }
    // What goes here goes for good, so it is decided again by what the API server holds now: the
    // caches may lag behind the word, and behind who has come.
    let (tenant, world) = now::ask(shared, api, tenant, &world).await?;
    let retirement = tenant::retirement(&tenant, &world, &unreadable);
    if let Retirement::Waits(wait) = &retirement {
        return waits(shared, api, &tenant, wait).await;
    }
    let tenant = announce(shared, api, tenant, &retirement).await?;
    bring_listeners(shared, &tenant, &[]).await?;
    match (retirement, stored) {
        (Retirement::Deletes, Some(stored)) => delete(shared, &tenant.name_any(), &stored).await,
        (Retirement::Retains, Some(stored)) => match retain::retain(shared, &tenant, &stored).await? {
            Some(wait) => waits(shared, api, &tenant, &wait).await,
            None => release(shared, &tenant).await,
        },
        _ => release(shared, &tenant).await,
    }
}

/// Says in the status what is about to be done, before it is. It is written over the very state that was
/// judged: a word that was changed since, or another leader's, makes it a conflict, and nothing is done.
async fn announce(
    shared: &Shared,
    api: &Api<Tenant>,
    tenant: Arc<Tenant>,
    retirement: &Retirement,
) -> Result<Arc<Tenant>, Error> {
    if let Some(status) = tenant::going(&tenant, retirement, Timestamp::now()) {
        outcome::put(shared, api, tenant.as_ref(), status).await?;
    }
    Ok(shared.tenants.of(tenant))
}

async fn namespace(shared: &Shared, name: &str) -> Result<Option<Value>, Error> {
    let found = Api::<Namespace>::all(shared.client.clone()).get_opt(name).await;
    let failed = |error| Error::Unavailable { step: format!("read Namespace {name}"), source: Box::new(error) };
    Ok(found.map_err(failed)?.and_then(|found| serde_json::to_value(found).ok()))
}

async fn waits(shared: &Shared, api: &Api<Tenant>, tenant: &Tenant, wait: &Wait) -> Result<Action, Error> {
    let status = tenant::blocked(tenant, wait, Timestamp::now());
    let news = tenant.status.as_ref() != Some(&status);
    outcome::save(shared, api, tenant, status).await?;
    if news && wait.is_for_somebody() {
        shared.events.warn(tenant, Act::Retire, "DeletionBlocked", &wait.message).await;
    }
    // Who is below is told by watches; who could not be read, and pods, only by asking again.
    Ok(Action::requeue(if wait.ends_untold() { PODS_RECHECK } else { RECHECK }))
}

/// Only the namespace's end, which the watch reports, lets the tenant go: a successor of the same
/// name must not meet what is left of it.
async fn delete(shared: &Shared, name: &str, stored: &Value) -> Result<Action, Error> {
    let child = Child::read(Kind::Namespace, stored)
        .ok_or_else(|| Error::Broken(format!("Namespace {name} came without a version")))?;
    shared.remove(name, &(Kind::Namespace, name.to_owned()), &child).await?;
    Ok(Action::await_change())
}

async fn release(shared: &Shared, tenant: &Tenant) -> Result<Action, Error> {
    outcome::release(shared, tenant, FINALIZER).await?;
    Ok(Action::await_change())
}
