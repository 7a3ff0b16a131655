//! Why a tenant may be refused: a list of named checks. None relies on another.

use kube::ResourceExt;

use super::valid::{asked, level_defaults};
use super::{TenantWorld, had_namespace, ids, status, succession};
use crate::kinds::Tenant;
use crate::plan::quota::Figures;
use crate::plan::{NamespaceFound, Refusal, metadata};

type Check = fn(&Tenant, &TenantWorld) -> Result<(), Refusal>;

/// Every check, the most fundamental first: the first refusal is the one that people see.
pub fn all(tenant: &Tenant, world: &TenantWorld) -> Result<(), Refusal> {
    FIRST.iter().chain(&[parent_is_accepted as Check]).chain(REST).try_for_each(|check| check(tenant, world))
}

/// Whether a tenant may claim a share of its parent's quota: it passes every check but whether the
/// parent is accepted, which the parent asks only when it is.
pub fn may_claim(tenant: &Tenant, world: &TenantWorld) -> bool {
    FIRST.iter().chain(REST).all(|check| check(tenant, world).is_ok())
}

const FIRST: &[Check] = &[platform_exists, level_is_configured, parent_exists, parents_lead_to_a_province];
const REST: &[Check] = &[
    parent_has_tenants_below,
    division_lies_in_parent,
    division_is_free,
    protection_level_fits,
    succession::predecessors_are_free,
    succession::predecessors_are_not_above,
    succession::predecessors_come_before,
    own_is_part_of_total,
    id_is_its_own,
    namespace_is_ours,
];

fn platform_exists(_: &Tenant, world: &TenantWorld) -> Result<(), Refusal> {
    world.platform.as_ref().map(|_| ()).ok_or(Refusal::NoPlatform)
}

fn level_is_configured(tenant: &Tenant, world: &TenantWorld) -> Result<(), Refusal> {
    world.platform.as_deref().map_or(Ok(()), |platform| level_defaults(platform, tenant.spec.level).map(|_| ()))
}

fn parent_exists(tenant: &Tenant, world: &TenantWorld) -> Result<(), Refusal> {
    match (&tenant.spec.parent, &world.parent) {
        (Some(parent), None) => Err(Refusal::NoParent { parent: parent.clone() }),
        _ => Ok(()),
    }
}

fn parents_lead_to_a_province(tenant: &Tenant, world: &TenantWorld) -> Result<(), Refusal> {
    match &tenant.spec.parent {
        Some(parent) if world.circle => Err(Refusal::ParentCircle { parent: parent.clone() }),
        _ => Ok(()),
    }
}

fn parent_is_accepted(tenant: &Tenant, world: &TenantWorld) -> Result<(), Refusal> {
    match (&tenant.spec.parent, &world.parent) {
        (Some(name), Some(parent)) if status::is_refused(parent) => {
            Err(Refusal::ParentRefused { parent: name.clone() })
        }
        (Some(name), Some(parent)) if !status::is_accepted(parent) => {
            Err(Refusal::ParentNotAccepted { parent: name.clone() })
        }
        _ => Ok(()),
    }
}

fn parent_has_tenants_below(tenant: &Tenant, world: &TenantWorld) -> Result<(), Refusal> {
    match (&tenant.spec.parent, &world.parent) {
        (Some(name), Some(parent)) if !parent.spec.level.has_tenants_below() => {
            Err(Refusal::ParentLevel { parent: name.clone(), level: parent.spec.level.as_str() })
        }
        _ => Ok(()),
    }
}

/// A division lies strictly inside its parent's; a department or zone may also share it.
fn division_lies_in_parent(tenant: &Tenant, world: &TenantWorld) -> Result<(), Refusal> {
    let (Some(name), Some(parent)) = (&tenant.spec.parent, &world.parent) else { return Ok(()) };
    let (inner, outer) = (&tenant.spec.division, &parent.spec.division);
    let shares = !tenant.spec.level.owns_its_division() && inner.significant() == outer.significant();
    if shares || inner.strictly_extends(outer) {
        return Ok(());
    }
    Err(Refusal::DivisionOutsideParent { division: inner.to_string(), parent: name.clone(), outer: outer.to_string() })
}

fn division_is_free(tenant: &Tenant, world: &TenantWorld) -> Result<(), Refusal> {
    match &world.rival {
        Some(holder) if tenant.spec.level.owns_its_division() => {
            Err(Refusal::DivisionTaken { division: tenant.spec.division.to_string(), holder: holder.clone() })
        }
        _ => Ok(()),
    }
}

/// The tenant's own level or, where it names none, the one its kind of unit gets.
fn protection_level_fits(tenant: &Tenant, world: &TenantWorld) -> Result<(), Refusal> {
    let Some(platform) = world.platform.as_deref() else { return Ok(()) };
    let default = level_defaults(platform, tenant.spec.level).ok().map(|level| level.protection_level);
    let limit = platform.spec.protection_level;
    match tenant.spec.protection_level.or(default) {
        Some(asked) if asked > limit => Err(Refusal::ProtectionLevel { asked, limit }),
        _ => Ok(()),
    }
}

fn own_is_part_of_total(tenant: &Tenant, world: &TenantWorld) -> Result<(), Refusal> {
    let Some(platform) = world.platform.as_deref() else { return Ok(()) };
    let Ok(level) = level_defaults(platform, tenant.spec.level) else { return Ok(()) };
    let asked = asked(tenant, level);
    let pairs = ["cpu", "memory", "storage", "apps"].into_iter();
    let pairs = pairs.zip(Figures::of(&asked.own).named().into_iter().zip(Figures::of(&asked.total).named()));
    match pairs.into_iter().find(|(_, ((_, own), (_, total)))| own > total) {
        Some((resource, ((_, own), (_, total)))) => {
            Err(Refusal::OwnOverTotal { resource, own: own.to_string(), total: total.to_string() })
        }
        None => Ok(()),
    }
}

/// What is keyed on an id has one owner.
fn id_is_its_own(tenant: &Tenant, world: &TenantWorld) -> Result<(), Refusal> {
    let taken = |holder: &String| Err(Refusal::IdTaken { id: metadata::id(tenant), holder: holder.clone() });
    world.id_holder.as_ref().map_or(Ok(()), taken)
}

/// A namespace that an earlier tenant left carries that one's id; it is taken over on the word of
/// `spec.adopt` alone, which gives the tenant that very id. Any other is not touched at all.
fn namespace_is_ours(tenant: &Tenant, world: &TenantWorld) -> Result<(), Refusal> {
    let (name, id) = (tenant.name_any(), metadata::id(tenant));
    match &world.namespace {
        None if had_namespace(tenant) => Err(Refusal::NamespaceLost { name, id }),
        None => Ok(()),
        Some(found) if !is_ours(tenant, &id, found) => Err(match (ids::left(world), &world.left_holder) {
            (Some(left), Some(holder)) => Refusal::IdTaken { id: left.clone(), holder: holder.clone() },
            // Nothing was left here: it is this tenant's, and no last day stands on it.
            (Some(left), None) if had_namespace(tenant) && found.retained_until.is_none() => {
                Refusal::IdChanged { name, id, found: left.clone() }
            }
            (Some(left), None) => {
                let until = found.retained_until.as_ref().map(|day| format!("until {day}"));
                Refusal::DataRetained { name, id: left.clone(), until: until.unwrap_or_else(|| "for good".to_owned()) }
            }
            (None, _) => Refusal::NamespaceTaken { name },
        }),
        Some(found) if found.terminating => Err(Refusal::NamespaceTerminating { name }),
        Some(_) => Ok(()),
    }
}

/// A namespace is the tenant's own when it carries the tenant's id, and its name too where the tenant
/// has had none yet, or when the operator wrote it for this tenant and somebody took the label off.
pub fn is_ours(tenant: &Tenant, id: &str, found: &NamespaceFound) -> bool {
    let unlabelled_by_hand = found.id.is_none() && found.written_by_us && had_namespace(tenant);
    let carries_its_id = found.id.as_deref() == Some(id) && (found.named || had_namespace(tenant));
    carries_its_id || unlabelled_by_hand
}
