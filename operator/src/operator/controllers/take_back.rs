//! Takes back what was taken from an App that comes no further: one that is refused, that fails, or that
//! nobody can read.

use jiff::Timestamp;
use kube::runtime::reflector::ObjectRef;
use kube::{Resource, ResourceExt as _};
use yipan_core::kinds::App;
use yipan_core::plan::app::{self, Above, AppWorld, TakenBack};
use yipan_core::plan::{Kind, Owner, World as _};

use super::super::caches::{Guarded, Lookups, Unread};
use super::super::context::Shared;
use super::super::error::Error;
use super::super::fair_queue::Action;
use super::app::FINALIZER;
use super::outcome;
use super::unreadable::{self, Says};

/// What is taken back of an App.
pub fn of(shared: &Shared, app: &App, world: &AppWorld) -> TakenBack {
    let taken = app::taken_back(app, world.blueprint.as_deref(), world.tenant.as_deref());
    and_by_unread_tenant(shared, &app.namespace().unwrap_or_default(), taken)
}

/// Takes back what was taken from an App that cannot be read, and says on it that it cannot.
///
/// # Errors
/// The API server rejects a write, or is away.
pub async fn from_unread(shared: &Shared, object: &Guarded<App>, unread: &Unread) -> Result<Action, Error> {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    let (world, now) = (Lookups(&shared.caches), Timestamp::now());
    let blueprint = unread.spec["blueprint"].as_str().and_then(|name| world.blueprint(name));
    let above = Above { platform: world.platform(), tenant: world.tenant(&namespace), blueprint };
    if let Some(hold) = app::hold_unread(&namespace, &above, now) {
        unreadable::report(shared, object, unread, &Says::default()).await?;
        return Ok(Action::requeue(hold.rest(now)));
    }
    if unread.metadata.deletion_timestamp.is_some() {
        remove_routes(shared, object).await?;
        outcome::release(shared, object, FINALIZER).await?;
    }
    let taken =
        app::taken_back_unread(&unread.metadata, &unread.spec, above.blueprint.as_deref(), above.tenant.as_deref());
    let taken = and_by_unread_tenant(shared, &namespace, taken);
    let done = take_back(shared, object, &taken).await;
    let findings = match (&done, &taken.suspended) {
        (Ok(()), Some(why)) => app::switched_off(why, world.workload(&namespace, &name).as_ref()),
        _ => Vec::new(),
    };
    let reported = unreadable::report(shared, object, unread, &Says { findings, no_more: &["Suspended"] }).await;
    done.and(reported)
}

/// A suspension is one on a tenant too that cannot be read.
fn and_by_unread_tenant(shared: &Shared, namespace: &str, taken: TakenBack) -> TakenBack {
    let tenant = shared.caches.tenants.get(&ObjectRef::new(namespace));
    let above = tenant.and_then(|tenant| app::suspension_in(&tenant.0.as_ref().err()?.spec));
    TakenBack { suspended: taken.suspended.or(above), ..taken }
}

/// Takes from an App that comes no further what is no longer its own.
///
/// # Errors
/// The API server rejects a write, or is away.
pub async fn take_back<K>(shared: &Shared, app: &K, taken: &TakenBack) -> Result<(), Error>
where
    K: Resource<DynamicType = ()>,
{
    let ways_out = take_ways_out(shared, app, taken).await;
    let off = match taken.suspended {
        Some(_) => switch_off_app(shared, app).await,
        None => Ok(()),
    };
    ways_out.and(off)
}

/// Switches off what runs of an App. A seat has nothing that runs: it is closed by taking its address away.
async fn switch_off_app<K: Resource<DynamicType = ()>>(shared: &Shared, app: &K) -> Result<(), Error> {
    let (namespace, name) = (app.namespace().unwrap_or_default(), app.name_any());
    for (place, key, child) in shared.caches.children.away(&Owner::seat(&namespace, &name)) {
        shared.remove(&place, &key, &child).await?;
    }
    switch_off(shared, &namespace, &name).await
}

/// Removes every route of an App, here and where its seat is.
///
/// # Errors
/// The API server rejects it, or is away.
pub async fn remove_routes<K: Resource<DynamicType = ()>>(shared: &Shared, app: &K) -> Result<(), Error> {
    for (place, key, child) in shared.caches.children.of_app(&app.namespace().unwrap_or_default(), &app.name_any()) {
        if key.0 == Kind::HTTPRoute {
            shared.remove(&place, &key, &child).await?;
        }
    }
    Ok(())
}

/// Ways out of the cluster are the province's to take back: neither its own pause nor a fault keeps an
/// App one that its tenant no longer has.
///
/// # Errors
/// The API server rejects the write, or is away.
pub async fn take_ways_out<K>(shared: &Shared, app: &K, taken: &TakenBack) -> Result<(), Error>
where
    K: Resource<DynamicType = ()>,
{
    let (namespace, name) = (app.namespace().unwrap_or_default(), app::egress_policy_name(app));
    let found = shared.caches.children.get(&namespace, Kind::NetworkPolicy, &name);
    let Some(found) = found.filter(|found| !found.deleting) else { return Ok(()) };
    match &taken.ways_out {
        Some(Some(policy)) => shared.apply(policy).await.map(drop),
        Some(None) => shared.remove(&namespace, &(Kind::NetworkPolicy, name), &found).await,
        None => Ok(()),
    }
}

/// Switches off what runs under a name, and keeps it.
///
/// # Errors
/// The API server rejects it, or is away.
pub async fn switch_off(shared: &Shared, namespace: &str, name: &str) -> Result<(), Error> {
    for kind in [Kind::Deployment, Kind::CronJob] {
        match shared.caches.children.get(namespace, kind, name) {
            Some(child) if child.is_on() => shared.switch_off(namespace, &(kind, name.to_owned()), &child).await?,
            Some(_) | None => {}
        }
    }
    Ok(())
}
