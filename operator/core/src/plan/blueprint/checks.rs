//! Why a Blueprint may be refused: a list of named checks. None relies on another.

use super::BlueprintWorld;
use crate::kinds::{Blueprint, Sharing};
use crate::plan::tenant::Defaults;
use crate::plan::{Refusal, app, tenant};

type Check = fn(&Blueprint, &BlueprintWorld) -> Result<(), Refusal>;

/// Every check, the most fundamental first: the first refusal is the one that people see.
pub const ALL: &[Check] = &[
    platform_exists,
    owner_exists,
    owner_is_accepted,
    owner_is_fenced,
    image_is_of_the_platform,
    container_fits_the_owners_quota,
];

fn platform_exists(_: &Blueprint, world: &BlueprintWorld) -> Result<(), Refusal> {
    world.platform.as_ref().map(|_| ()).ok_or(Refusal::NoPlatform)
}

fn owner_exists(blueprint: &Blueprint, world: &BlueprintWorld) -> Result<(), Refusal> {
    let missing = || Refusal::OwnerMissing { owner: blueprint.spec.owner.clone() };
    world.owner.as_ref().map(|_| ()).ok_or_else(missing)
}

fn owner_is_accepted(blueprint: &Blueprint, world: &BlueprintWorld) -> Result<(), Refusal> {
    match &world.owner {
        Some(owner) if !tenant::is_accepted(owner) => {
            Err(Refusal::OwnerNotAccepted { owner: blueprint.spec.owner.clone() })
        }
        _ => Ok(()),
    }
}

/// Nothing of a Shared Blueprint exists before its owner's fence does.
fn owner_is_fenced(blueprint: &Blueprint, world: &BlueprintWorld) -> Result<(), Refusal> {
    match &world.owner {
        Some(owner) if is_shared(blueprint) && !tenant::is_fenced(owner) => {
            Err(Refusal::OwnerNotFenced { owner: blueprint.spec.owner.clone() })
        }
        _ => Ok(()),
    }
}

fn is_shared(blueprint: &Blueprint) -> bool {
    blueprint.spec.sharing == Sharing::Shared
}

/// The province writes Blueprints, so any folder of the Platform's registries will do: the tenants' own
/// lists say what tenants may bring.
fn image_is_of_the_platform(blueprint: &Blueprint, world: &BlueprintWorld) -> Result<(), Refusal> {
    let Some(platform) = &world.platform else { return Ok(()) };
    let registries: Vec<String> = platform.spec.registries.iter().map(ToString::to_string).collect();
    let image = &blueprint.spec.workload.image;
    if image.lies_below(&registries) {
        return Ok(());
    }
    Err(Refusal::ImageNotAllowed { image: image.to_string(), registries: registries.join(", ") })
}

/// What all seats share runs in the owner's namespace, on its quota.
fn container_fits_the_owners_quota(blueprint: &Blueprint, world: &BlueprintWorld) -> Result<(), Refusal> {
    let (Some(owner), Some(platform)) = (&world.owner, &world.platform) else { return Ok(()) };
    match Defaults::of(owner, platform) {
        Ok(defaults) if is_shared(blueprint) => app::fits(&blueprint.spec.workload, &defaults, || {
            let owner = &blueprint.spec.owner;
            format!("the province lowers spec.workload.resources of the Blueprint, or gives its owner `{owner}` more")
        }),
        _ => Ok(()),
    }
}
