//! Why a Blueprint may be refused: a list of named checks. None relies on another.

use super::BlueprintWorld;
use crate::kinds::Blueprint;
use crate::plan::{Refusal, tenant};

type Check = fn(&Blueprint, &BlueprintWorld) -> Result<(), Refusal>;

/// Every check, the most fundamental first: the first refusal is the one that people see.
pub const ALL: &[Check] = &[platform_exists, owner_exists, owner_is_accepted, image_is_of_the_platform];

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
