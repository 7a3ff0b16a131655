//! Why an App may be refused: a list of named checks. None relies on another.

use kube::ResourceExt;

use super::{AppWorld, Source, source};
use crate::kinds::{App, Figure, Quantity, Workload};
use crate::plan::tenant::{self, Defaults};
use crate::plan::{Refusal, blueprint, labels};

type Check = fn(&App, &AppWorld) -> Result<(), Refusal>;

/// Every check, the most fundamental first: the first refusal is the one that people see.
pub const ALL: &[Check] = &[
    platform_exists,
    namespace_is_a_tenants,
    tenant_is_fenced,
    blueprint_exists,
    blueprint_stands,
    blueprint_is_available,
    blueprint_takes_new_apps,
    declaration_is_whole,
    seat_is_free,
    image_is_allowed,
    container_fits_the_quota,
];

fn platform_exists(_: &App, world: &AppWorld) -> Result<(), Refusal> {
    world.platform.as_ref().map(|_| ()).ok_or(Refusal::NoPlatform)
}

fn namespace_is_a_tenants(app: &App, world: &AppWorld) -> Result<(), Refusal> {
    let stranger = || Refusal::NotATenant { namespace: app.namespace().unwrap_or_default() };
    world.tenant.as_ref().map(|_| ()).ok_or_else(stranger)
}

/// Nothing of an App exists before its tenant's fence does.
fn tenant_is_fenced(_: &App, world: &AppWorld) -> Result<(), Refusal> {
    match &world.tenant {
        Some(tenant) if !tenant::is_fenced(tenant) => Err(Refusal::TenantNotFenced { tenant: tenant.name_any() }),
        _ => Ok(()),
    }
}

fn blueprint_exists(app: &App, world: &AppWorld) -> Result<(), Refusal> {
    match (&app.spec.blueprint, &world.blueprint) {
        (Some(name), None) => Err(Refusal::BlueprintMissing { blueprint: name.to_string() }),
        _ => Ok(()),
    }
}

/// The Blueprint is looked at as it is declared now: its own status may be older than it.
fn blueprint_stands(app: &App, world: &AppWorld) -> Result<(), Refusal> {
    let (Some(name), Some(blueprint)) = (&app.spec.blueprint, &world.blueprint) else { return Ok(()) };
    blueprint::stands(blueprint, &world.of_blueprint)
        .map_err(|why| Refusal::BlueprintRefused { blueprint: name.to_string(), why: Box::new(why) })
}

fn blueprint_is_available(app: &App, world: &AppWorld) -> Result<(), Refusal> {
    let (Some(blueprint), Some(tenant)) = (&world.blueprint, &world.tenant) else { return Ok(()) };
    match (&app.spec.blueprint, blueprint::is_available(blueprint, tenant, &world.above)) {
        (Some(name), false) => Err(Refusal::NotAvailable { blueprint: name.to_string(), tenant: tenant.name_any() }),
        _ => Ok(()),
    }
}

/// A retired Blueprint keeps the Apps that it has: those that were accepted once carry their id for good.
fn blueprint_takes_new_apps(app: &App, world: &AppWorld) -> Result<(), Refusal> {
    let retired = world.blueprint.as_ref().is_some_and(|blueprint| blueprint.spec.retired == Some(true));
    match &app.spec.blueprint {
        Some(name) if retired && !app.labels().contains_key(labels::ID) => {
            Err(Refusal::Retired { blueprint: name.to_string() })
        }
        _ => Ok(()),
    }
}

fn declaration_is_whole(app: &App, world: &AppWorld) -> Result<(), Refusal> {
    source::resolve(app, world.blueprint.as_deref()).map(|_| ())
}

/// A tenant has one seat at a workload: two would have one division, and two shares.
fn seat_is_free(app: &App, world: &AppWorld) -> Result<(), Refusal> {
    match (&app.spec.blueprint, &world.earlier_seat) {
        (Some(name), Some(app)) => Err(Refusal::SeatTaken { blueprint: name.to_string(), app: app.clone() }),
        _ => Ok(()),
    }
}

/// A tenant's own image lies below an entry of the tenant's list. A Blueprint's is the Blueprint's affair.
fn image_is_allowed(app: &App, world: &AppWorld) -> Result<(), Refusal> {
    let (Ok(tenant), Some(workload)) = (tenant_defaults(world), &app.spec.workload) else { return Ok(()) };
    let image = &workload.image;
    if image.lies_below(&tenant.registries) {
        return Ok(());
    }
    Err(Refusal::ImageNotAllowed { image: image.to_string(), registries: tenant.registries.join(", ") })
}

/// One container that is larger than all the tenant may use could never start.
fn container_fits_the_quota(app: &App, world: &AppWorld) -> Result<(), Refusal> {
    let Ok(tenant) = tenant_defaults(world) else { return Ok(()) };
    let Ok(declared) = source::resolve(app, world.blueprint.as_deref()) else { return Ok(()) };
    if let Source::Seat(_) = declared.source {
        return Ok(()); // it runs on another's
    }
    fits(&declared.workload, &tenant, || declared.source.to_fit("spec.workload.resources"))
}

/// Whether the container is no larger than all that the tenant may use. `way_out` says what to do if it is.
///
/// # Errors
/// It is larger.
pub fn fits(workload: &Workload, tenant: &Defaults, way_out: impl Fn() -> String) -> Result<(), Refusal> {
    let asked = workload.resources.clone().unwrap_or_default();
    let own = &tenant.asked.own;
    let figure = |quantity: &Option<Quantity>| quantity.as_ref().map_or(Figure::ZERO, Quantity::figure);
    let pairs = [("cpu", figure(&asked.cpu), figure(&own.cpu)), ("memory", figure(&asked.memory), figure(&own.memory))];
    match pairs.into_iter().find(|(_, asked, quota)| asked > quota) {
        Some((resource, asked, quota)) => {
            let (asked, quota) = (asked.to_string(), quota.to_string());
            Err(Refusal::OverQuota { resource, asked, quota, way_out: way_out() })
        }
        None => Ok(()),
    }
}

/// The App's tenant with every absent field given its meaning.
pub(super) fn tenant_defaults(world: &AppWorld) -> Result<Defaults, Refusal> {
    let tenant = world.tenant.as_deref().ok_or(Refusal::NotATenant { namespace: String::new() })?;
    Defaults::of(tenant, world.platform.as_deref().ok_or(Refusal::NoPlatform)?)
}
