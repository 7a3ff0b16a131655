//! What the operator keeps of the cluster: declarations whole, everything else reduced to what a
//! decision needs. There may be 120,000 objects; a hundred bytes of each is enough.

mod blueprints;
mod children;
mod claims;
mod declared;
mod departed;
mod guarded;
mod lookups;
mod pods;
mod triggers;
mod watching;

use std::sync::Arc;

use kube::runtime::reflector::{self, ObjectRef, Store};
use yipan_core::kinds::{App, Blueprint, Name, Platform, Tenant};
use yipan_core::plan::{Kind, Owner, World as _};

use super::context::Shared;
pub use children::{Child, Children, Found, Key};
pub use declared::Index;
pub use departed::Departed;
pub use guarded::{Guarded, Unread};
pub use lookups::Lookups;
pub use pods::Pods;
pub use triggers::{Triggers, pass_on};

/// Everything that is kept, each part filled by a watch of its own.
pub struct Caches {
    /// Platforms; there is one.
    pub platforms: Store<Guarded<Platform>>,
    /// Tenants, whole.
    pub tenants: Store<Guarded<Tenant>>,
    /// Blueprints, whole.
    pub blueprints: Store<Guarded<Blueprint>>,
    /// Apps, whole.
    pub apps: Store<Guarded<App>>,
    /// Names by parent, division and namespace.
    pub index: Index,
    /// Every object that Yipan makes, reduced.
    pub children: Children,
    /// Apps whose end was seen.
    pub departed: Departed,
    /// What keeps pods from running.
    pub pods: Pods,
    /// Who has to be looked at because of what was seen.
    pub triggers: Triggers,
}

/// The writing ends of the stores, handed to the watches.
pub struct Writers {
    platforms: reflector::store::Writer<Guarded<Platform>>,
    tenants: reflector::store::Writer<Guarded<Tenant>>,
    blueprints: reflector::store::Writer<Guarded<Blueprint>>,
    apps: reflector::store::Writer<Guarded<App>>,
}

impl Caches {
    /// Empty caches and the ends through which the watches fill them.
    pub fn new() -> (Self, Writers) {
        let (platforms, platform_writer) = reflector::store();
        let (tenants, tenant_writer) = reflector::store();
        let (blueprints, blueprint_writer) = reflector::store();
        let (apps, app_writer) = reflector::store();
        let writers = Writers {
            platforms: platform_writer,
            tenants: tenant_writer,
            blueprints: blueprint_writer,
            apps: app_writer,
        };
        let caches = Self {
            platforms,
            tenants,
            blueprints,
            apps,
            index: Index::default(),
            children: Children::default(),
            departed: Departed::default(),
            pods: Pods::default(),
            triggers: Triggers::default(),
        };
        (caches, writers)
    }
}

impl Caches {
    /// Whether whoever an object in a namespace belongs to is declared.
    pub fn is_there(&self, namespace: &str, owner: &Owner) -> bool {
        match owner {
            Owner::Tenant => self.tenants.get(&ObjectRef::new(namespace)).is_some(),
            Owner::App(app) => self.apps.get(&ObjectRef::new(app).within(namespace)).is_some(),
            Owner::Seat { tenant, app } => self.apps.get(&ObjectRef::new(app).within(tenant)).is_some(),
            Owner::Blueprint(blueprint) => self.blueprints.get(&ObjectRef::new(blueprint)).is_some(),
        }
    }

    /// The first of these declarations that is stored and cannot be read: the Platform, the tenant of
    /// that name, or one of these Blueprints.
    pub fn unreadable(&self, tenant: Option<&str>, blueprints: &[Name]) -> Option<String> {
        let platform = self.platforms.get(&ObjectRef::new("platform")).is_some_and(|found| found.0.is_err());
        let tenant =
            tenant.filter(|name| self.tenants.get(&ObjectRef::new(name)).is_some_and(|found| found.0.is_err()));
        let world = Lookups(self);
        let blueprint = blueprints.iter().find(|name| world.is_blueprint_unreadable(name));
        let tenant = || tenant.map(|name| format!("tenant {name}"));
        let blueprint = || blueprint.map(|name| format!("blueprint {name}"));
        platform.then(|| "the Platform".to_owned()).or_else(tenant).or_else(blueprint)
    }
}

/// The names of all watches, as /readyz shows them.
pub fn watches() -> impl Iterator<Item = &'static str> {
    ["Platform", "Tenant", "Blueprint", "App", "Pod"].into_iter().chain(Kind::ALL.map(Kind::as_str))
}

/// Starts every watch as a task of its own; they end with the runtime.
pub fn start(shared: &Arc<Shared>, writers: Writers) -> Vec<tokio::task::JoinHandle<()>> {
    let Writers { platforms, tenants, blueprints, apps } = writers;
    let mut tasks = vec![
        tokio::spawn(declared::watch(Arc::clone(shared), platforms)),
        tokio::spawn(declared::watch(Arc::clone(shared), tenants)),
        tokio::spawn(declared::watch(Arc::clone(shared), blueprints)),
        tokio::spawn(declared::watch(Arc::clone(shared), apps)),
        tokio::spawn(pods::watch(Arc::clone(shared))),
    ];
    tasks.extend(Kind::ALL.map(|kind| tokio::spawn(children::watch(Arc::clone(shared), kind))));
    tasks
}
