//! Brings the objects of one declaration from what they are to what they should be.

use kube::{Resource, ResourceExt as _};
use yipan_core::kinds::Tenant;
use yipan_core::plan::{Kind, Object, Owner, metadata};

use super::super::apply::Written;
use super::super::caches::{Child, Key};
use super::super::context::Shared;
use super::super::error::Error;
use super::super::events::Act;

/// Writes `desired` in its order, then removes of `held`, what the same owner had before, all that nothing
/// declares any more.
///
/// # Errors
/// The first write that fails; what comes after it is not written.
pub async fn bring<K>(
    shared: &Shared,
    owner: &K,
    desired: &[Object],
    held: impl FnOnce() -> Vec<(String, Key, Child)>,
) -> Result<(), Error>
where
    K: Resource<DynamicType = ()>,
{
    write(shared, owner, desired).await?;
    let wanted = |namespace: &str, (kind, name): &Key| {
        let this = |object: &&Object| object.kind == *kind && object.name == *name;
        desired.iter().filter(this).any(|object| object.namespace.as_deref().unwrap_or(name) == namespace)
    };
    for (namespace, key, child) in held() {
        if !wanted(&namespace, &key) {
            shared.remove(&namespace, &key, &child).await?;
        }
    }
    Ok(())
}

/// A tenant's own objects in its namespace, which are known by their names: one of an App's that lost the
/// mark of its App is the App's to bring back and not the tenant's to remove.
pub fn of_tenant(shared: &Shared, name: &str) -> Vec<(String, Key, Child)> {
    let held = shared.caches.children.of(name, &Owner::Tenant).into_iter();
    let known = held.filter(|(key, _)| key.1.starts_with(metadata::TENANT_PREFIX));
    known.map(|(key, child)| (name.to_owned(), key, child)).collect()
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

/// Removes from a tenant's namespace what is nobody's any more. An App that was deleted with its objects
/// orphaned left a workload that would run on where no quota counts it and no suspension stops it; of a
/// seat or a Blueprint that lost its finalizer to a hand nothing goes by itself.
///
/// What is older than the Tenant was made under an earlier one, from which this one took the namespace
/// over; its Apps may be declared in a moment, or tomorrow. It goes only if its App was seen to go.
///
/// # Errors
/// The first removal that fails.
pub async fn remove_orphans(shared: &Shared, tenant: &Tenant) -> Result<(), Error> {
    let namespace = tenant.name_any();
    let since = tenant.metadata.creation_timestamp.as_ref().map_or(i64::MAX, |made| made.0.as_second());
    for (owner, key, child) in shared.caches.children.loose(&namespace) {
        let departed = match &owner {
            Owner::App(app) => shared.caches.departed.has(&namespace, app),
            Owner::Seat { tenant, app } => shared.caches.departed.has(tenant, app),
            Owner::Tenant | Owner::Blueprint(_) => false,
        };
        if (child.made >= since || departed) && !shared.caches.is_there(&namespace, &owner) {
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
    for (key, child) in shared.caches.children.of(&name, &Owner::Tenant) {
        if key.0 == Kind::ListenerSet && !wanted(&key.1) {
            shared.remove(&name, &key, &child).await?;
        }
    }
    Ok(())
}
