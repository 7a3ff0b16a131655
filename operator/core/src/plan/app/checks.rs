//! Why an App may be refused: a list of named checks. None relies on another.

use kube::ResourceExt;

use super::AppWorld;
use crate::kinds::{App, Figure, Quantity};
use crate::plan::Refusal;
use crate::plan::tenant::{self, Defaults};

type Check = fn(&App, &AppWorld) -> Result<(), Refusal>;

/// Every check, the most fundamental first: the first refusal is the one that people see.
pub const ALL: &[Check] =
    &[platform_exists, namespace_is_a_tenants, tenant_is_fenced, image_is_allowed, container_fits_the_quota];

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

/// An image lies below an entry of the tenant's list: a slash must follow, or
/// `registry.example` would admit `registry.example.evil.com`.
fn image_is_allowed(app: &App, world: &AppWorld) -> Result<(), Refusal> {
    let Ok(tenant) = tenant_defaults(world) else { return Ok(()) };
    let image = &app.spec.workload.image;
    let below = |registry: &String| image.strip_prefix(registry.as_str()).is_some_and(|rest| rest.starts_with('/'));
    if tenant.registries.iter().any(below) {
        return Ok(());
    }
    Err(Refusal::ImageNotAllowed { image: image.to_string(), registries: tenant.registries.join(", ") })
}

/// One container that is larger than all the tenant may use could never start.
fn container_fits_the_quota(app: &App, world: &AppWorld) -> Result<(), Refusal> {
    let Ok(tenant) = tenant_defaults(world) else { return Ok(()) };
    let asked = app.spec.workload.resources.clone().unwrap_or_default();
    let own = &tenant.asked.own;
    let figure = |quantity: &Option<Quantity>| quantity.as_ref().map_or(Figure::ZERO, Quantity::figure);
    let pairs = [("cpu", figure(&asked.cpu), figure(&own.cpu)), ("memory", figure(&asked.memory), figure(&own.memory))];
    match pairs.into_iter().find(|(_, asked, quota)| asked > quota) {
        Some((resource, asked, quota)) => {
            Err(Refusal::OverQuota { resource, asked: asked.to_string(), quota: quota.to_string() })
        }
        None => Ok(()),
    }
}

/// The App's tenant with every absent field given its meaning.
pub(super) fn tenant_defaults(world: &AppWorld) -> Result<Defaults, Refusal> {
    let tenant = world.tenant.as_deref().ok_or(Refusal::NotATenant { namespace: String::new() })?;
    Defaults::of(tenant, world.platform.as_deref().ok_or(Refusal::NoPlatform)?)
}
