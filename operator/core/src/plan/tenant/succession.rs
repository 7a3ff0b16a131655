//! Whose place a tenant takes, and why it may not.

use std::sync::Arc;

use kube::ResourceExt;

use super::TenantWorld;
use crate::kinds::{Tenant, TenantName};
use crate::plan::{Refusal, World};

/// What stands against the predecessors that a tenant names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Succession {
    /// A predecessor that an earlier tenant takes the place of, and that tenant.
    pub taken: Option<(TenantName, String)>,
    /// A predecessor that is above the tenant.
    pub above: Option<TenantName>,
    /// A predecessor that, over whatever tenants, takes this one's place.
    pub circle: Option<TenantName>,
}

impl Succession {
    /// Looks up what stands against the predecessors that `tenant` names. A predecessor need not
    /// exist; what is there still only matters where it names predecessors itself.
    pub fn gather(tenant: &Tenant, world: &dyn World) -> Self {
        let predecessors = tenant.spec.supersedes.iter().flatten();
        let (above, name) = (ancestors(tenant, world), tenant.name_any());
        let rival = |predecessor: &TenantName| {
            let rivals = world.successors(predecessor).into_iter().filter(|other| other.name_any() != name);
            let rival =
                rivals.filter(|other| super::order(other) < super::order(tenant)).min_by_key(|o| super::order(o));
            rival.map(|rival| (predecessor.clone(), rival.name_any()))
        };
        Self {
            taken: predecessors.clone().find_map(rival),
            above: predecessors.clone().find(|predecessor| above.contains(&predecessor.to_string())).cloned(),
            circle: predecessors.clone().find(|predecessor| leads_back(tenant, predecessor, world)).cloned(),
        }
    }
}

/// The names of all tenants above one.
fn ancestors(tenant: &Tenant, world: &dyn World) -> Vec<String> {
    let mut above: Vec<String> = Vec::new();
    let mut parent = tenant.spec.parent.clone();
    while let Some(name) = parent.filter(|name| !above.iter().any(|passed| passed == name)) {
        above.push(name.to_string());
        parent = world.tenant(&name).and_then(|tenant| tenant.spec.parent.clone());
    }
    above
}

/// Whether a predecessor, or one of its own, takes the place of `tenant` and was there before it: of
/// a circle all but the first are refused, so that no newcomer disturbs a tenant that stands.
fn leads_back(tenant: &Tenant, predecessor: &TenantName, world: &dyn World) -> bool {
    let mut waiting = vec![predecessor.to_string()];
    let mut passed: Vec<Arc<Tenant>> = Vec::new();
    let mut back = false;
    while let Some(name) = waiting.pop() {
        if name == tenant.name_any() {
            back = true;
            continue;
        }
        let Some(found) = world.tenant(&name) else { continue };
        if passed.iter().all(|before| before.name_any() != name) {
            waiting.extend(found.spec.supersedes.iter().flatten().map(|name| name.to_string()));
            passed.push(found);
        }
    }
    back && passed.iter().any(|other| super::order(other) < super::order(tenant))
}

/// A ledger continues in one place.
pub fn predecessors_are_free(_: &Tenant, world: &TenantWorld) -> Result<(), Refusal> {
    match world.succession.taken.clone() {
        Some((predecessor, holder)) => Err(Refusal::PredecessorTaken { predecessor, holder }),
        None => Ok(()),
    }
}

/// What is above a tenant is not gone, and will not be while the tenant is there.
pub fn predecessors_are_not_above(_: &Tenant, world: &TenantWorld) -> Result<(), Refusal> {
    world.succession.above.clone().map_or(Ok(()), |predecessor| Err(Refusal::PredecessorAbove { predecessor }))
}

/// Of two tenants one comes after the other.
pub fn predecessors_come_before(_: &Tenant, world: &TenantWorld) -> Result<(), Refusal> {
    world.succession.circle.clone().map_or(Ok(()), |predecessor| Err(Refusal::PredecessorCircle { predecessor }))
}
