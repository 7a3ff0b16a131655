//! What a tenant's quota needs of the cluster beside its objects and its status.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Namespace, ResourceQuota};
use kube::{Api, ResourceExt as _};
use yipan_core::kinds::{Allocation, Tenant};
use yipan_core::plan::quota::{self, Figures, QuotaFound};
use yipan_core::plan::tenant::{self, TenantWorld, ValidTenant};
use yipan_core::plan::{labels, metadata};

use super::super::context::Shared;
use super::super::error::Error;
use super::outcome;

/// Looks once more at what is about to be taken back, as it is stored: what the caches say of it may
/// be old, and what was given away twice cannot be taken back.
///
/// # Errors
/// It is not free yet, or the API server is away: nothing may be written.
pub async fn is_free(shared: &Shared, tenant: &Tenant, valid: &ValidTenant) -> Result<(), Error> {
    is_gone(shared, tenant, valid).await?;
    is_unused(shared, tenant, valid).await
}

/// Whether the ResourceQuota keeps to what is left of the tenant's own part, where that falls.
async fn is_unused(shared: &Shared, tenant: &Tenant, valid: &ValidTenant) -> Result<(), Error> {
    let before = tenant.status.as_ref().and_then(|status| status.granted.as_ref());
    let own = Figures::of(&valid.standing.granted.own);
    if before.is_none_or(|before| !Figures::of(&before.own).exceeds(own)) {
        return Ok(());
    }
    let object = format!("ResourceQuota {}/{}", valid.name, quota::NAME);
    let api = Api::<ResourceQuota>::namespaced(shared.client.clone(), &valid.name);
    let failed = |error| Error::Unavailable { step: format!("look at {object}"), source: Box::new(error) };
    let stored = api.get_opt(quota::NAME).await.map_err(failed)?;
    let stored = stored.and_then(|stored| serde_json::to_value(stored).ok());
    match stored.is_some_and(|stored| QuotaFound::read(&stored).keeps_to(own)) {
        true => Ok(()),
        false => Err(Error::Conflict { object }),
    }
}

/// Whether those whose allocation falls without their word are gone, and what they leave behind uses
/// no more than what is left of it.
async fn is_gone(shared: &Shared, tenant: &Tenant, valid: &ValidTenant) -> Result<(), Error> {
    let stored = tenant.status.as_ref().map(|status| status.allocations.as_slice()).unwrap_or_default();
    for before in stored {
        let kept = valid.standing.allocations.iter().find(|kept| kept.name == before.name && kept.id == before.id);
        let falls = kept.is_none_or(|kept| {
            kept.round == before.round && Figures::of(&before.amounts).exceeds(Figures::of(&kept.amounts))
        });
        if falls && !leaves(shared, before, kept).await? {
            return Err(Error::Conflict { object: format!("tenant {}", before.name) });
        }
    }
    Ok(())
}

/// Whether a tenant is gone and its namespace too or, where something is kept for it, uses no more.
async fn leaves(shared: &Shared, lost: &Allocation, kept: Option<&Allocation>) -> Result<bool, Error> {
    let (name, client) = (&lost.name, &shared.client);
    let failed = |error| Error::Unavailable { step: format!("look for tenant {name}"), source: Box::new(error) };
    let child = Api::<Tenant>::all(client.clone()).get_opt(name).await.map_err(failed)?;
    if child.is_some_and(|child| metadata::id(&child) == lost.id) {
        return Ok(false);
    }
    let Some(kept) = kept else {
        let namespace = Api::<Namespace>::all(client.clone()).get_opt(name).await.map_err(failed)?;
        return Ok(namespace.is_none_or(|found| found.labels().get(labels::ID) != Some(&lost.id)));
    };
    let stored = Api::<ResourceQuota>::namespaced(client.clone(), name).get_opt(quota::NAME).await.map_err(failed)?;
    let stored = stored.and_then(|stored| serde_json::to_value(stored).ok());
    let force = stored.and_then(|stored| QuotaFound::read(&stored).in_force());
    Ok(force.is_some_and(|force| !force.least(Figures::of(&lost.amounts)).exceeds(Figures::of(&kept.amounts))))
}

/// Records what is granted before the ResourceQuota says more, where that is needed. Returns the
/// tenant as it is stored then.
///
/// A ResourceQuota that says less than is recorded was changed by hand, or is being lowered by a
/// leader that knows more than this one: which of them, the tenant as it is stored tells.
///
/// # Errors
/// Somebody wrote in between, or the API server is away: the ResourceQuota may not be raised.
pub async fn record_first(
    shared: &Shared,
    api: &Api<Tenant>,
    tenant: Arc<Tenant>,
    (world, valid): (&TenantWorld, &ValidTenant),
) -> Result<Arc<Tenant>, Error> {
    if let Some(status) = tenant::recorded_first(&tenant, world, valid) {
        outcome::save(shared, api, tenant.as_ref(), status).await?;
        return Ok(shared.tenants.of(tenant));
    }
    let recorded = tenant.status.as_ref().is_some_and(|status| status.granted.is_some());
    let hard = world.quota.as_ref().and_then(|quota| quota.hard);
    let raises = hard.is_none_or(|hard| Figures::of(&valid.standing.hard).exceeds(hard));
    if recorded && raises {
        let object = outcome::name(tenant.as_ref());
        let failed = |error| Error::Unavailable { step: format!("look at {object}"), source: Box::new(error) };
        let stored = api.get_opt(&tenant.name_any()).await.map_err(failed)?;
        if stored.and_then(|stored| stored.resource_version()) != tenant.resource_version() {
            return Err(Error::Conflict { object });
        }
    }
    Ok(tenant)
}
