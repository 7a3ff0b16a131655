//! From a Blueprint to what its Apps come to, and to what it runs itself.

mod checks;
mod shared;
mod status;

use std::sync::Arc;

use kube::ResourceExt;

use super::app::{self, Peers, Running};
use super::{Object, Refusal, WorkloadFound, World, metadata};
use crate::kinds::{AvailableTo, Blueprint, Name, Network, Platform, Sharing, Tenant};

pub use shared::CLOSED;
pub use status::{held, hold, pause_over_apps, status};

/// All that a pass over one Blueprint may know.
#[derive(Debug, Clone, Default)]
pub struct BlueprintWorld {
    /// The Platform.
    pub platform: Option<Arc<Platform>>,
    /// The tenant that `spec.owner` names.
    pub owner: Option<Arc<Tenant>>,
    /// How many Apps name it.
    pub uses: usize,
    /// The first few of them, as `<namespace>/<name>`.
    pub users: Vec<String>,
    /// Those on the other side of every connection of what it runs, where it is Shared.
    pub peers: Peers,
    /// The Deployment or CronJob there is of it, where it is Shared.
    pub workload: Option<WorkloadFound>,
}

/// How many Apps a message names.
const NAMED: usize = 5;

impl BlueprintWorld {
    /// Dereferences all that `blueprint` touches.
    pub fn gather(blueprint: &Blueprint, world: &dyn World) -> Self {
        let (spec, name) = (&blueprint.spec, blueprint.name_any());
        let users = world.apps_of(&name);
        Self {
            uses: users.len(),
            users: users.into_iter().take(NAMED).collect(),
            peers: Peers::gather(network(blueprint), world),
            workload: world.workload(&spec.owner, &metadata::shared_name(&name)),
            ..Self::near(blueprint, world)
        }
    }

    /// Dereferences what an App of `blueprint` asks of it.
    pub fn near(blueprint: &Blueprint, world: &dyn World) -> Self {
        Self { platform: world.platform(), owner: world.tenant(&blueprint.spec.owner), ..Self::default() }
    }
}

/// The network of what a Blueprint runs itself; that of a Dedicated one is its Apps'.
fn network(blueprint: &Blueprint) -> Option<&Network> {
    blueprint.spec.network.as_ref().filter(|_| blueprint.spec.sharing == Sharing::Shared)
}

/// Every other Blueprint that what `blueprint` runs depends on. Of one that cannot be read nobody can tell
/// where its pods run.
pub fn depends_on(blueprint: &Blueprint) -> Vec<Name> {
    app::named_blueprints(network(blueprint)).collect()
}

/// A Blueprint whose checks passed.
#[derive(Debug, Clone)]
pub struct ValidBlueprint {
    /// The declaration.
    pub blueprint: Blueprint,
    /// Its stable id.
    pub id: String,
    /// What it runs itself, where it is Shared.
    pub running: Option<Running>,
}

impl ValidBlueprint {
    /// Runs every check.
    ///
    /// # Errors
    /// The first check that refuses, in the order of the list.
    pub fn check(blueprint: &Blueprint, world: &BlueprintWorld) -> Result<Self, Refusal> {
        stands(blueprint, world)?;
        let running = shared::running(blueprint, world)?;
        Ok(Self { blueprint: blueprint.clone(), id: metadata::id(blueprint), running })
    }
}

/// Whether a Blueprint's checks pass. Its Apps ask this themselves, since its status may be older than it.
///
/// # Errors
/// The first check that refuses, in the order of the list.
pub fn stands(blueprint: &Blueprint, world: &BlueprintWorld) -> Result<(), Refusal> {
    checks::ALL.iter().try_for_each(|check| check(blueprint, world))
}

/// Everything that should exist for a Blueprint itself. What comes of a Dedicated one exists for its Apps.
pub fn desired(blueprint: &ValidBlueprint) -> Vec<Object> {
    blueprint.running.as_ref().map(shared::objects).unwrap_or_default()
}

/// Whether a tenant may use a Blueprint. `above` are the names of the tenant and of all those above it.
pub fn is_available(blueprint: &Blueprint, tenant: &Tenant, above: &[String]) -> bool {
    let Some(AvailableTo { levels, under, tenants }) = &blueprint.spec.available_to else { return false };
    let name = tenant.name_any();
    let named = levels.contains(&tenant.spec.level) || tenants.iter().any(|named| name == *named);
    named && (under.is_empty() || under.iter().any(|top| above.iter().any(|name| name == top)))
}
