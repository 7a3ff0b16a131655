//! Tenants: the namespace, the fence, and rights last.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use kube::{Api, ResourceExt as _};
use yipan_core::kinds::Tenant;
use yipan_core::plan::tenant::{self, TenantWorld, ValidTenant};
use yipan_core::plan::{Outcome, Refusal};

use super::super::caches::{Guarded, Lookups};
use super::super::context::Shared;
use super::super::error::Error;
use super::super::fair_queue::Action;
use super::bring::{bring, bring_listeners, of_tenant, remove_orphans};
use super::unreadable::Says;
use super::{outcome, quota, retire, unreadable};

/// Held by a Tenant so that it does not go before what is below it.
pub(super) const FINALIZER: &str = "yipan.dev/tenant";

/// Brings one tenant from declared to existing.
pub fn reconcile(shared: Arc<Shared>, object: Arc<Guarded<Tenant>>) -> BoxFuture<'static, Result<Action, Error>> {
    async move {
        match &object.0 {
            Ok(tenant) => converge(&shared, shared.tenants.of(Arc::clone(tenant))).await,
            Err(unread) => unreadable::report(&shared, object.as_ref(), unread, &Says::default()).await,
        }
    }
    .boxed()
}

async fn converge(shared: &Shared, tenant: Arc<Tenant>) -> Result<Action, Error> {
    let _timer = shared.metrics.pass_seconds.with_label_values(&["Tenant"]).start_timer();
    let api = Api::<Tenant>::all(shared.client.clone());
    let world = TenantWorld::gather(&tenant, &Lookups(&shared.caches)); // the only step that reads
    let now = Timestamp::now();
    if let Some(hold) = tenant::hold(&tenant, &world, now) {
        outcome::save(shared, &api, tenant.as_ref(), tenant::held(&tenant, &hold, now)).await?;
        return Ok(Action::requeue(hold.rest(now)));
    }
    if tenant.metadata.deletion_timestamp.is_some() {
        return retire::retire(shared, &api, &tenant, &world).await;
    }
    if let Some(what) = shared.caches.unreadable(tenant.spec.parent.as_deref(), &[]) {
        return wait_for(shared, &api, &tenant, &world, &what).await;
    }
    let id = tenant::id(&tenant, &world);
    let tenant = outcome::mark(shared, &api, tenant, &id, Some(FINALIZER)).await?;
    let checked = ValidTenant::check(&tenant, &world);
    let (tenant, pass, listening) = match &checked {
        Ok(valid) => {
            quota::is_free(shared, &tenant, valid).await?;
            let tenant = quota::record_first(shared, &api, tenant, (&world, valid)).await?;
            let desired = tenant::desired(valid);
            let held = || of_tenant(shared, &valid.name);
            let brought = bring(shared, tenant.as_ref(), &desired.in_order(), held).await;
            let pass = match brought {
                Ok(()) => remove_orphans(shared, &tenant).await,
                failed => failed,
            };
            // Whatever becomes of these, the tenant stands.
            let listening = match &pass {
                Ok(()) => bring_listeners(shared, tenant.as_ref(), &desired.listeners()).await,
                Err(_) => Ok(()),
            };
            // What its quota lacks is said last: it keeps nothing from being written.
            let lacks = valid.standing.lacks.clone().map_or(Ok(()), |lacks| Err(Error::Refused(lacks)));
            (tenant, pass.and(lacks), listening)
        }
        Err(refusal) => (tenant, Err(Error::Refused(refusal.clone())), Ok(())),
    };
    if let Err(Error::Refused(Refusal::QuotaPending { parent })) = &pass {
        // It may have decided while this one was refused, and has been at rest since.
        shared.caches.triggers.tenant_later(parent);
    }
    if outcome::is_brief(shared, tenant.as_ref(), &pass) || outcome::is_brief(shared, tenant.as_ref(), &listening) {
        return pass.and(listening).map(|()| Action::await_change());
    }
    // What was just written may have changed what is found.
    let world = TenantWorld {
        listeners: tenant::listeners(&tenant.name_any(), world.platform.as_deref(), &Lookups(&shared.caches)),
        listening: listening.as_ref().err().map(Error::stop),
        ..world
    };
    // Status follows a failure too: a Ready left over from yesterday would be a lie.
    let status = tenant::status(&tenant, &world, checked.as_ref().ok(), &outcome::of(&pass), Timestamp::now());
    let pass = outcome::save(shared, &api, tenant.as_ref(), status).await.and(pass).and(listening);
    outcome::count(shared, tenant.as_ref(), &pass);
    pass.map(|()| Action::await_change())
}

/// Changes nothing while what the tenant depends on cannot be read. What was decided before stays;
/// only a tenant that has no word yet gets one.
async fn wait_for(
    shared: &Shared,
    api: &Api<Tenant>,
    tenant: &Tenant,
    world: &TenantWorld,
    what: &str,
) -> Result<Action, Error> {
    let error = Error::Unreadable { what: what.to_owned() };
    if tenant.status.is_none() {
        let status = tenant::status(tenant, world, None, &Outcome::Stopped(error.stop()), Timestamp::now());
        outcome::save(shared, api, tenant, status).await?;
    }
    Err(error)
}
