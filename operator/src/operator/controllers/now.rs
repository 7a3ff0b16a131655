//! What the API server holds of a tenant at this moment, for what cannot be undone.

use std::sync::Arc;

use jiff::Timestamp;
use kube::api::ListParams;
use kube::{Api, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use yipan_core::kinds::{App, Blueprint, Platform, Tenant};
use yipan_core::plan::tenant::{self, TenantWorld};

use super::super::caches::Guarded;
use super::super::context::Shared;
use super::super::error::Error;
use super::outcome;

/// The tenant as it is stored, and what it waits for as it is stored: who is below it, and whether a
/// pause has begun. The rest of the world stays as it was.
///
/// # Errors
/// It is another tenant by now, or a pause holds that the caches do not show yet: the operator looks
/// again. The API server does not answer.
pub async fn ask(
    shared: &Shared,
    api: &Api<Tenant>,
    seen: &Tenant,
    world: &TenantWorld,
) -> Result<(Arc<Tenant>, TenantWorld), Error> {
    let name = seen.name_any();
    let again = || Error::Conflict { object: outcome::name(seen) };
    let stored = api.get_opt(&name).await.map_err(|error| unavailable("the tenant", &name, error))?;
    let stored = stored.filter(|stored| stored.uid() == seen.uid()).ok_or_else(again)?;
    let platform = Api::<Platform>::all(shared.client.clone()).get_opt("platform").await;
    let platform = platform.map_err(|error| unavailable("the platform of", &name, error))?;
    let apps = Api::<App>::namespaced(shared.client.clone(), &name);
    let apps = names(&apps, &ListParams::default()).await.map_err(|error| unavailable("the Apps of", &name, error))?;
    let below = ListParams::default().fields(&format!("spec.parent={name}"));
    let children = names(api, &below).await.map_err(|error| unavailable("the tenants below", &name, error))?;
    let blueprints = Api::<Guarded<Blueprint>>::all(shared.client.clone()).list(&ListParams::default()).await;
    let blueprints = blueprints.map_err(|error| unavailable("the Blueprints of", &name, error))?;
    let owned = |found: &&Guarded<Blueprint>| match &found.0 {
        Ok(blueprint) => *blueprint.spec.owner == *name,
        Err(unread) => unread.spec["owner"].as_str() == Some(&name),
    };
    let blueprints = blueprints.iter().filter(owned).map(|blueprint| blueprint.name_any()).collect();
    let world = TenantWorld { platform: platform.map(Arc::new), apps, blueprints, children, ..world.clone() };
    if tenant::hold(&stored, &world, Timestamp::now()).is_some() {
        return Err(again());
    }
    Ok((Arc::new(stored), world))
}

/// The names of all that a list holds, read or not: only their metadata is asked for.
async fn names<K>(api: &Api<K>, params: &ListParams) -> kube::Result<Vec<String>>
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned,
{
    Ok(api.list_metadata(params).await?.iter().map(|object| object.name_any()).collect())
}

fn unavailable(what: &str, name: &str, error: kube::Error) -> Error {
    Error::Unavailable { step: format!("read {what} {name}"), source: Box::new(error) }
}
