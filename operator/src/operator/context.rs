//! What the parts of the operator share.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{Client, Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use yipan_core::kinds::{App, AppStatus, Blueprint, BlueprintStatus, Platform, PlatformStatus, Tenant, TenantStatus};

use super::apply::Memory;
use super::caches::{Caches, Guarded};
use super::events::Events;
use super::health::Health;
use super::metrics::Metrics;

/// What the parts of the operator share.
pub struct Shared {
    /// The way to the API server.
    pub client: Client,
    /// What is known of the cluster.
    pub caches: Caches,
    /// What /readyz says.
    pub health: Health,
    /// What /metrics says.
    pub metrics: Metrics,
    /// Tells people what happened.
    pub events: Events,
    /// What was applied, for telling drift from a changed declaration.
    pub memory: Memory,
    /// Platforms that were just written, until the watch catches up.
    pub platforms: Newest<Platform>,
    /// Tenants that were just written, until the watch catches up.
    pub tenants: Newest<Tenant>,
    /// Blueprints that were just written, until the watch catches up.
    pub blueprints: Newest<Blueprint>,
    /// Apps that were just written, until the watch catches up.
    pub apps: Newest<App>,
    /// How often in a row a pass over an object failed.
    pub failures: Failures,
}

impl Shared {
    /// Asks for every object to be looked at: at the start of a leadership, and when the Platform
    /// changed.
    pub fn look_at_everything(&self) {
        let (caches, triggers) = (&self.caches, &self.caches.triggers);
        triggers.platform();
        caches.tenants.state().iter().for_each(|tenant| triggers.tenant(&tenant.name_any()));
        caches.blueprints.state().iter().for_each(|blueprint| triggers.blueprint(&blueprint.name_any()));
        let app = |app: Arc<Guarded<App>>| triggers.app(&app.namespace().unwrap_or_default(), &app.name_any());
        caches.apps.state().into_iter().for_each(app);
    }
}

/// A kind that people write and that the operator answers with a status.
pub trait Answered: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned {
    /// Its status.
    type Status: Clone + Default + PartialEq + Serialize;

    /// The status there is.
    fn answer(&self) -> Option<&Self::Status>;

    /// The conditions of a status.
    fn conditions(status: &Self::Status) -> &[Condition];

    /// Where our own writes are kept until the watch catches up.
    fn newest(shared: &Shared) -> &Newest<Self>;
}

macro_rules! answered {
    ($kind:ident, $status:ident, $newest:ident) => {
        impl Answered for $kind {
            type Status = $status;

            fn answer(&self) -> Option<&$status> {
                self.status.as_ref()
            }

            fn conditions(status: &$status) -> &[Condition] {
                &status.conditions
            }

            fn newest(shared: &Shared) -> &Newest<Self> {
                &shared.$newest
            }
        }
    };
}
answered!(Platform, PlatformStatus, platforms);
answered!(Tenant, TenantStatus, tenants);
answered!(Blueprint, BlueprintStatus, blueprints);
answered!(App, AppStatus, apps);

/// Objects as our own writes left them. A pass that ran on what the watch has not yet overtaken
/// would write the same status again with a later time.
pub struct Newest<K> {
    written: Mutex<HashMap<Place, Arc<K>>>,
}

/// An object's namespace, if it has one, and name.
type Place = (Option<String>, String);

impl<K> Default for Newest<K> {
    fn default() -> Self {
        Self { written: Mutex::default() }
    }
}

impl<K: Resource + Clone> Newest<K> {
    /// The later of what is cached and what we wrote.
    pub fn of(&self, cached: Arc<K>) -> Arc<K> {
        let key = (cached.namespace(), cached.name_any());
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        match written.get(&key) {
            Some(ours) if version(ours.as_ref()) > version(cached.as_ref()) && ours.uid() == cached.uid() => {
                Arc::clone(ours)
            }
            Some(_) => {
                written.remove(&key);
                cached
            }
            None => cached,
        }
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, namespace: Option<String>, name: String) {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).remove(&(namespace, name));
    }

    /// Whether this state is what we wrote ourselves, or older, and so no news.
    pub fn knows(&self, object: &K) -> bool {
        let key = (object.namespace(), object.name_any());
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.get(&key).is_some_and(|ours| ours.uid() == object.uid() && version(ours.as_ref()) >= version(object))
    }

    /// Records what a write returned.
    pub fn record(&self, object: K) -> Arc<K> {
        let object = Arc::new(object);
        let key = (object.namespace(), object.name_any());
        self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&object));
        object
    }
}

fn version<K: Resource>(object: &K) -> u64 {
    object.resource_version().and_then(|version| version.parse().ok()).unwrap_or(0)
}

/// How often in a row a pass over an object failed.
#[derive(Default)]
pub struct Failures {
    counts: Mutex<HashMap<String, u32>>,
}

impl Failures {
    /// One more; returns how many.
    pub fn count(&self, object: &str) -> u32 {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(object.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// How many there are.
    pub fn so_far(&self, object: &str) -> u32 {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).get(object).copied().unwrap_or(0)
    }

    /// It went well again.
    pub fn forget(&self, object: &str) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).remove(object);
    }
}
