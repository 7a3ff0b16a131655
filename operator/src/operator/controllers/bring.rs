//! Brings the objects of one declaration from what they are to what they should be.

use kube::runtime::reflector::ObjectRef;
use kube::{Resource, ResourceExt as _};
use yipan_core::kinds::Tenant;
use yipan_core::plan::{Kind, Object, metadata};

use super::super::apply::Written;
use super::super::caches::Key;
use super::super::context::Shared;
use super::super::error::Error;
use super::super::events::Act;

/// Writes `desired` in its order, then removes what the same owner had before and nothing declares
/// any more. The owner is the App of that name, or the tenant of the namespace itself.
///
/// # Errors
/// The first write that fails; what comes after it is not written.
pub async fn bring<K>(shared: &Shared, owner: &K, place: (&str, Option<&str>), desired: &[Object]) -> Result<(), Error>
where
    K: Resource<DynamicType = ()>,
{
    write(shared, owner, desired).await?;
    let (namespace, app) = place;
    // A tenant's own objects are known by their names: one of an App's that lost the mark of its
    // App is the App's to bring back and not the tenant's to remove.
    let removable = |key: &Key| match app {
        Some(_) => true,
        None => key.1.starts_with(metadata::TENANT_PREFIX),
    };
    let wanted = |kind: Kind, name: &str| desired.iter().any(|object| object.kind == kind && object.name == name);
    for (key, child) in shared.caches.children.of(namespace, app) {
        if removable(&key) && !wanted(key.0, &key.1) {
            shared.remove(namespace, &key, &child).await?;
        }
    }
    Ok(())
}

async fn write<K>(shared: &Shared, owner: &K, desired: &[Object]) -> Result<(), Error>
where
    K: Resource<DynamicType = ()>,
{
    for object in desired {
        if shared.apply(object).await? == Written::Restored {
            let text = format!("{object} was changed or removed by somebody else; it is as declared again");
            shared.events.warn(owner, Act::Apply, "Restored", &text).await;
        }
    }
    Ok(())
}

/// Removes what an App left behind that was deleted with its objects orphaned: it would run on
/// where no quota counts it and no suspension stops it.
///
/// What is older than the Tenant was made under an earlier one, from which this one took the namespace
/// over; its Apps may be declared in a moment, or tomorrow. It goes only if its App was seen to go.
///
/// # Errors
/// The first removal that fails.
pub async fn remove_orphans(shared: &Shared, tenant: &Tenant) -> Result<(), Error> {
    let namespace = tenant.name_any();
    let since = tenant.metadata.creation_timestamp.as_ref().map_or(i64::MAX, |made| made.0.as_second());
    for (app, key, child) in shared.caches.children.orphans(&namespace) {
        let left = child.made >= since || shared.caches.departed.has(&namespace, &app);
        if left && shared.caches.apps.get(&ObjectRef::new(&app).within(&namespace)).is_none() {
            shared.remove(&namespace, &key, &child).await?;
        }
    }
    Ok(())
}

/// Writes a tenant's listeners and removes those it had before. None are wanted: it goes.
///
/// # Errors
/// The first write that fails.
pub async fn bring_listeners(shared: &Shared, tenant: &Tenant, desired: &[Object]) -> Result<(), Error> {
    write(shared, tenant, desired).await?;
    let name = tenant.name_any();
    let wanted = |name: &str| desired.iter().any(|object| object.name == name);
    for (key, child) in shared.caches.children.of(&name, None) {
        if key.0 == Kind::ListenerSet && !wanted(&key.1) {
            shared.remove(&name, &key, &child).await?;
        }
    }
    Ok(())
}
