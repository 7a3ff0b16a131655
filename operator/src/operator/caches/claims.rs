//! Who has to be looked at when a tenant's quota changes: its parent decides on what it asks, and
//! those below it on what it gave them.

use std::collections::{BTreeMap, BTreeSet};

use kube::ResourceExt as _;
use kube::runtime::reflector::ObjectRef;
use yipan_core::kinds::{Allocation, Tenant, TenantStatus};
use yipan_core::plan::quota::Figures;
use yipan_core::plan::{Kind, World as _, conditions, metadata};

use super::super::context::Shared;
use super::children::Found;
use super::declared::PARENT;
use super::{Guarded, Lookups};

/// Asks for everybody whom the difference between two states of a tenant's quota concerns.
/// `redeclared`: whether somebody changed what it asks.
pub fn changed(old: Option<&Guarded<Tenant>>, new: Option<&Guarded<Tenant>>, redeclared: bool, shared: &Shared) {
    let read = |guarded: Option<&Guarded<Tenant>>| guarded.and_then(|guarded| guarded.0.as_ref().ok().cloned());
    let (old, new) = (read(old), read(new));
    let triggers = &shared.caches.triggers;
    let round = |tenant: &Tenant| tenant.status.as_ref()?.granted.as_ref()?.round;
    let gave_back = old.as_deref().and_then(round) != new.as_deref().and_then(round);
    let parent = new.as_ref().or(old.as_ref()).and_then(|tenant| tenant.spec.parent.clone());
    if let (true, Some(parent)) = (redeclared || gave_back, parent) {
        triggers.tenant(&parent);
        if shared.caches.tenants.get(&ObjectRef::new(&parent)).is_none() {
            outlived(shared, &parent); // whoever gave to that one still gives to those below it
        }
    }
    let status = |tenant: &'_ Option<std::sync::Arc<Tenant>>| tenant.as_ref().and_then(|tenant| tenant.status.clone());
    let (before, after) = (status(&old).unwrap_or_default(), status(&new).unwrap_or_default());
    given(&before, &after).iter().for_each(|child| triggers.tenant(child));
    if (&before.reserved, &before.granted) != (&after.reserved, &after.granted) {
        let Some(name) = new.map(|new| new.name_any()) else { return };
        // Those that got nothing say how much is left.
        let below = shared.caches.index.get(PARENT, &name);
        below.iter().filter(|child| lacks(shared, child)).for_each(|child| triggers.tenant_later(child));
    }
}

/// Whose allocation differs.
fn given(before: &TenantStatus, after: &TenantStatus) -> BTreeSet<String> {
    if before.allocations == after.allocations {
        return BTreeSet::new();
    }
    let by_name = |status: &TenantStatus| -> BTreeMap<String, Allocation> {
        status.allocations.iter().map(|allocation| (allocation.name.clone(), allocation.clone())).collect()
    };
    let (before, after) = (by_name(before), by_name(after));
    let names = before.keys().chain(after.keys());
    names.filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

fn lacks(shared: &Shared, name: &str) -> bool {
    let Some(tenant) = shared.caches.tenants.get(&ObjectRef::new(name)) else { return false };
    let Ok(tenant) = &tenant.0 else { return false };
    let conditions = tenant.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    conditions::find(conditions, "Granted").is_none_or(|granted| granted.status != "True")
}

/// Asks for a tenant whose quota's use changed, if it waits for that. It may wait before its status says
/// so: the quota controller answers sooner than the pass that asked it has ended.
pub fn used(shared: &Shared, namespace: &str) {
    if lacks(shared, namespace) || allows_less(shared, namespace) {
        shared.caches.triggers.tenant(namespace);
    }
    if !stands(shared, namespace) {
        outlived(shared, namespace);
    }
}

/// Whether a ResourceQuota allows less than its tenant's status records, as while that is taken back.
fn allows_less(shared: &Shared, namespace: &str) -> bool {
    let world = Lookups(&shared.caches);
    let hard = world.quota(namespace).and_then(|quota| quota.hard);
    let own =
        world.tenant(namespace).and_then(|tenant| Some(Figures::of(&tenant.status.as_ref()?.granted.as_ref()?.own)));
    own.zip(hard).is_some_and(|(own, hard)| own.exceeds(hard))
}

/// Whether a namespace is that of the tenant of its name, so that nobody is charged with what is left
/// of an earlier one.
pub fn stands(shared: &Shared, namespace: &str) -> bool {
    let Some(tenant) = shared.caches.tenants.get(&ObjectRef::new(namespace)) else { return false };
    let id = match shared.caches.children.get(namespace, Kind::Namespace, namespace).map(|child| child.found) {
        Some(Found::Namespace(found)) => found.id,
        _ => None,
    };
    tenant.0.as_ref().map_or(true, |tenant| id == Some(metadata::id(tenant.as_ref())))
}

/// Asks for whoever is charged with a tenant that is gone, or with its namespace.
pub fn outlived(shared: &Shared, name: &str) {
    for holder in shared.caches.tenants.state() {
        let status = holder.0.as_ref().ok().and_then(|holder| holder.status.as_ref());
        if status.is_some_and(|status| status.allocations.iter().any(|allocation| allocation.name == name)) {
            shared.caches.triggers.tenant_later(&holder.name_any());
        }
    }
}
