//! The whole platform in one call, for `yipan plan` and the golden cases.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use kube::ResourceExt;

use super::app::{self, AppWorld, ValidApp};
use super::blueprint::{self, BlueprintWorld, ValidBlueprint};
use super::platform::{self, PlatformWorld};
use super::tenant::{self, Retirement, TenantWorld, ValidTenant};
use super::{Declared, Object, Outcome, Path, World, reach};
use crate::kinds::{App, AppStatus, Blueprint, BlueprintStatus, PlatformStatus, Tenant, TenantStatus};

/// What follows from a whole set of declarations.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The Platform's status.
    pub platform: Option<PlatformStatus>,
    /// Tenants, parents before children.
    pub tenants: Vec<TenantAnswer>,
    /// Blueprints by name.
    pub blueprints: Vec<BlueprintAnswer>,
    /// Apps by namespace and name.
    pub apps: Vec<AppAnswer>,
}

/// What follows for one Blueprint.
#[derive(Debug, Clone)]
pub struct BlueprintAnswer {
    /// Its name.
    pub name: String,
    /// What should exist for itself, in the order of writing; nothing when it is refused or paused.
    pub objects: Vec<Object>,
    /// What its status would say.
    pub status: BlueprintStatus,
    /// The ways that are open from what it runs, where it is Shared.
    pub reach: Vec<Path>,
}

/// What follows for one tenant.
#[derive(Debug, Clone)]
pub struct TenantAnswer {
    /// Its name.
    pub name: String,
    /// What should exist, in the order of writing; nothing when it is refused or paused.
    pub objects: Vec<Object>,
    /// What its status would say once all of it exists.
    pub status: TenantStatus,
    /// Where it is being deleted: the next step of its end.
    pub retirement: Option<Retirement>,
}

/// What follows for one App.
#[derive(Debug, Clone)]
pub struct AppAnswer {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What should exist, in the order of writing; nothing when it is refused or paused.
    pub objects: Vec<Object>,
    /// What its status would say.
    pub status: AppStatus,
    /// The ways that are open.
    pub reach: Vec<Path>,
}

/// Plans everything that is declared, as if every object could be written at `now`.
pub fn everything(declared: &Declared, now: Timestamp) -> Answer {
    let mut world = declared.clone();
    let world_of_platform = PlatformWorld { tenants: world.tenants.len(), missing_gateways: Vec::new() };
    let platform = world.platform.as_ref().map(|found| platform::status(found, &world_of_platform, now));
    let tenants = every_tenant(&mut world, now);
    let mut blueprints = Vec::new();
    for declaration in declared.blueprints.values() {
        let answer = blueprint_answer(declaration, &world, now);
        // The seats ask how many they are.
        let known = Blueprint { status: Some(answer.status.clone()), ..(**declaration).clone() };
        world.blueprints.insert(answer.name.clone(), Arc::new(known));
        blueprints.push(answer);
    }
    let apps = world.apps.values().map(|app| app_answer(app, &world, now)).collect();
    Answer { platform, tenants, blueprints, apps }
}

/// Plans every tenant, parents before children, and leaves in `world` what their statuses would say.
pub(super) fn every_tenant(world: &mut Declared, now: Timestamp) -> Vec<TenantAnswer> {
    let mut tenants = Vec::new();
    for name in parents_first(&world.tenants) {
        let Some(declaration) = world.tenants.get(&name).cloned() else { continue };
        let answer = tenant_answer(&declaration, world, now);
        // The children ask whether this one was refused, and the Apps whether it is fenced.
        let known = Tenant { status: Some(answer.status.clone()), ..(*declaration).clone() };
        world.tenants.insert(name, Arc::new(known));
        tenants.push(answer);
    }
    tenants
}

/// The names in an order in which every parent comes before its children. Circles, which nobody
/// can be accepted in, come last.
fn parents_first(tenants: &BTreeMap<String, Arc<Tenant>>) -> Vec<String> {
    let depth = |name: &String| {
        let parent = |name: &String| Some(tenants.get(name)?.spec.parent.as_ref()?.to_string());
        std::iter::successors(Some(name.clone()), parent).take(tenants.len() + 1).count()
    };
    let mut names: Vec<String> = tenants.keys().cloned().collect();
    names.sort_by_cached_key(|name| (depth(name), name.clone()));
    names
}

/// What follows for one tenant.
pub(super) fn tenant_answer(declaration: &Tenant, declared: &dyn World, now: Timestamp) -> TenantAnswer {
    let world = TenantWorld::gather(declaration, declared);
    let name = declaration.name_any();
    if let Some(hold) = tenant::hold(declaration, &world, now) {
        let status = tenant::held(declaration, &hold, now);
        return TenantAnswer { name, objects: Vec::new(), status, retirement: None };
    }
    if declaration.metadata.deletion_timestamp.is_some() {
        return retiring(declaration, &world, now);
    }
    let declaration = &*tenant::marked(declaration, &world);
    let checked = ValidTenant::check(declaration, &world);
    let refused = checked.as_ref().map_or_else(Some, |valid| valid.standing.lacks.as_ref());
    let outcome = refused.map_or(Outcome::Done, |refusal| Outcome::Refused(refusal.clone()));
    let valid = checked.ok();
    let desired = valid.as_ref().map(tenant::desired);
    let objects = desired.map(|desired| [desired.in_order(), desired.listeners()].concat()).unwrap_or_default();
    let status = tenant::status(declaration, &world, valid.as_ref(), &outcome, now);
    TenantAnswer { name, objects, status, retirement: None }
}

/// A tenant that is being deleted: what it waits for, or what is kept of it.
fn retiring(declaration: &Tenant, world: &TenantWorld, now: Timestamp) -> TenantAnswer {
    let name = declaration.name_any();
    let status = declaration.status.clone().unwrap_or_default();
    let retirement = tenant::retirement(declaration, world, &[]);
    let (objects, status) = match &retirement {
        Retirement::Waits(wait) => (Vec::new(), tenant::blocked(declaration, wait, now)),
        Retirement::Retains => {
            let mark = tenant::mark(declaration, tenant::last_day(now));
            (vec![tenant::locked_quota(declaration, world.quota.as_ref()), mark], status)
        }
        Retirement::Deletes | Retirement::Released => (Vec::new(), status),
    };
    TenantAnswer { name, objects, status, retirement: Some(retirement) }
}

/// What follows for one Blueprint.
pub(super) fn blueprint_answer(declaration: &Blueprint, declared: &dyn World, now: Timestamp) -> BlueprintAnswer {
    let world = BlueprintWorld::gather(declaration, declared);
    let name = declaration.name_any();
    if let Some(hold) = blueprint::hold(declaration, &world, now) {
        let status = blueprint::held(declaration, &world, &hold, now);
        return BlueprintAnswer { name, objects: Vec::new(), status, reach: Vec::new() };
    }
    let checked = ValidBlueprint::check(declaration, &world);
    let outcome = checked.as_ref().err().map_or(Outcome::Done, |refusal| Outcome::Refused(refusal.clone()));
    let valid = checked.ok();
    let objects = valid.as_ref().map(blueprint::desired).unwrap_or_default();
    let status = blueprint::status(declaration, &world, valid.as_ref(), &outcome, now);
    let run = valid.as_ref().and_then(|valid| valid.running.as_ref());
    let reach = run.map(|run| reach::reach_of_shared(&declaration.spec.owner, run)).unwrap_or_default();
    BlueprintAnswer { name, objects, status, reach }
}

/// What follows for one App.
pub(super) fn app_answer(declaration: &App, declared: &dyn World, now: Timestamp) -> AppAnswer {
    let world = AppWorld::gather(declaration, declared);
    let (namespace, name) = (declaration.namespace().unwrap_or_default(), declaration.name_any());
    if let Some(hold) = app::hold(declaration, &world, now) {
        let status = app::held(declaration, &hold, now);
        return AppAnswer { namespace, name, objects: Vec::new(), status, reach: Vec::new() };
    }
    let checked = ValidApp::check(declaration, &world);
    let outcome = checked.as_ref().err().map_or(Outcome::Done, |refusal| Outcome::Refused(refusal.clone()));
    let valid = checked.ok();
    let objects = valid.as_ref().map(|valid| app::desired(valid).in_order()).unwrap_or_default();
    let reach = valid.as_ref().map(reach::reach).unwrap_or_default();
    let status = app::status(declaration, &world, valid.as_ref(), &outcome, now);
    AppAnswer { namespace, name, objects, status, reach }
}
