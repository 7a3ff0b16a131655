//! From a Blueprint to what its Apps come to, and to what it runs itself.

mod checks;
mod status;

use std::sync::Arc;

use kube::ResourceExt;

use super::{Object, Refusal, World, metadata};
use crate::kinds::{AvailableTo, Blueprint, Platform, Tenant};

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
}

impl BlueprintWorld {
    /// Dereferences all that `blueprint` touches.
    pub fn gather(blueprint: &Blueprint, world: &dyn World) -> Self {
        Self { uses: world.apps_of(&blueprint.name_any()).len(), ..Self::near(blueprint, world) }
    }

    /// Dereferences what an App of `blueprint` asks of it.
    pub fn near(blueprint: &Blueprint, world: &dyn World) -> Self {
        Self { platform: world.platform(), owner: world.tenant(&blueprint.spec.owner), uses: 0 }
    }
}

/// A Blueprint whose checks passed.
#[derive(Debug, Clone)]
pub struct ValidBlueprint {
    /// The declaration.
    pub blueprint: Blueprint,
    /// Its stable id.
    pub id: String,
}

impl ValidBlueprint {
    /// Runs every check.
    ///
    /// # Errors
    /// The first check that refuses, in the order of the list.
    pub fn check(blueprint: &Blueprint, world: &BlueprintWorld) -> Result<Self, Refusal> {
        stands(blueprint, world)?;
        Ok(Self { blueprint: blueprint.clone(), id: metadata::id(blueprint) })
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
pub fn desired(_: &ValidBlueprint) -> Vec<Object> {
    Vec::new()
}

/// Whether a tenant may use a Blueprint. `above` are the names of the tenant and of all those above it.
pub fn is_available(blueprint: &Blueprint, tenant: &Tenant, above: &[String]) -> bool {
    let Some(AvailableTo { levels, under, tenants }) = &blueprint.spec.available_to else { return false };
    let name = tenant.name_any();
    let named = levels.contains(&tenant.spec.level) || tenants.iter().any(|named| name == *named);
    named && (under.is_empty() || under.iter().any(|top| above.iter().any(|name| name == top)))
}
