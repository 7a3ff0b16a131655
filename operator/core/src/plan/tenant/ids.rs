//! Whose an id is. Whatever is keyed on it has one owner, so no two tenants have the same.

use std::sync::Arc;

use kube::ResourceExt;

use super::{TenantWorld, had_namespace, order};
use crate::kinds::Tenant;
use crate::plan::{World, metadata};

/// The id in a namespace that an earlier tenant of its name left behind: we wrote it, it says whose it
/// was, and either names the last day on which it is kept or still has the quota that we gave it, as
/// after an uninstall. Labels alone say nothing, for whoever may label a namespace can set them.
pub fn left(world: &TenantWorld) -> Option<&String> {
    let found = world.namespace.as_ref().filter(|found| found.named && found.written_by_us)?;
    found.id.as_ref().filter(|_| found.retained_until.is_some() || world.quota.is_some())
}

/// The other tenant that has the id of `tenant` and keeps it: the one whose namespace carries it, and
/// between two of whom that is so, or of neither, the one created first.
pub fn holder(tenant: &Tenant, world: &dyn World) -> Option<String> {
    let id = metadata::id(tenant);
    let turn = |of: &Tenant| {
        let carries = world.namespace(&of.name_any()).is_some_and(|found| found.id.as_ref() == Some(&id));
        (!carries, order(of))
    };
    let before = others(tenant, &id, world).filter(|other| turn(other) < turn(tenant));
    before.min_by_key(|other| turn(other)).map(|holder| holder.name_any())
}

/// Another tenant that has the id which the namespace of `tenant`'s name carries. Whoever asks for an
/// id gives way to whoever has it, however late that one came.
pub fn holder_of_left(tenant: &Tenant, world: &dyn World) -> Option<String> {
    let left = world.namespace(&tenant.name_any())?.id?;
    others(tenant, &left, world).map(|other| other.name_any()).min()
}

/// The other tenants that have an id. A namespace that carries it counts for a tenant that has had it:
/// one that is refused has nothing of what lies under its name.
fn others<'a>(tenant: &Tenant, id: &'a str, world: &dyn World) -> impl Iterator<Item = Arc<Tenant>> + use<'a> {
    let name = tenant.name_any();
    let has = move |other: &Tenant| metadata::id(other) == id || had_namespace(other);
    world.tenants_of_id(id).into_iter().filter(move |other| other.name_any() != name && has(other))
}
