//! Watches every kind of object that Yipan makes, and keeps of each what says whether it still is
//! as it was applied.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use jiff::Timestamp;
use kube::api::DynamicObject;
use kube::runtime::watcher;
use kube::{Api, ResourceExt as _};
use serde_json::Value;
use yipan_core::drift::{self, Digest};
use yipan_core::plan::quota::QuotaFound;
use yipan_core::plan::{Kind, ListenersFound, NamespaceFound, Owner, RouteFound, WorkloadFound, labels, metadata};

use super::super::context::Shared;
use super::watching::watching;
use super::{claims, declared};

/// An object of ours by kind and name, within a namespace. A Namespace is kept within itself, a
/// ListenerSet with its tenant.
pub type Key = (Kind, String);

/// What is kept of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Child {
    /// Its resourceVersion, to order what is seen and what was written.
    pub version: u64,
    /// Its uid, so that a namesake is never deleted in its stead.
    pub uid: String,
    /// The digest of the fields we applied, as they are stored.
    pub digest: Option<Digest>,
    /// Whether somebody else added to its content.
    pub foreign: bool,
    /// When it was made, in seconds since 1970; 0 where nobody knows.
    pub made: i64,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// Whose it is, seen from where it lies.
    pub owner: Owner,
    /// Whether it goes with its App: a deletion that orphans takes that off, and what lies outside of the
    /// App's namespace never does.
    pub owned: bool,
    /// What a decision needs beyond that.
    pub found: Found,
}

/// What a decision needs of some kinds.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// Nothing more.
    Nothing,
    /// Of a Namespace.
    Namespace(NamespaceFound),
    /// Of a Deployment or CronJob.
    Workload(WorkloadFound),
    /// Of an HTTPRoute.
    Route(RouteFound),
    /// Of a ListenerSet.
    Listeners(ListenersFound),
    /// Of the tenant's ResourceQuota. Boxed: it is large, and one in a hundred objects.
    Quota(Box<QuotaFound>),
}

impl Child {
    /// Reduces a stored object. None: it cannot be one of ours.
    pub fn read(kind: Kind, object: &Value) -> Option<Self> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let stored = match kind {
            Kind::Namespace => drift::stored_namespace(object),
            _ => drift::stored(object),
        };
        let found = match kind {
            Kind::Namespace => Found::Namespace(NamespaceFound::read(object)),
            Kind::Deployment | Kind::CronJob => Found::Workload(WorkloadFound::read(object)),
            Kind::HTTPRoute => Found::Route(RouteFound::read(object)),
            Kind::ListenerSet => Found::Listeners(ListenersFound::read(object)),
            Kind::ResourceQuota => Found::Quota(Box::new(QuotaFound::read(object))),
            _ => Found::Nothing,
        };
        let (owner, owned) = Owner::of(kind, object);
        Some(Self {
            version: text("/metadata/resourceVersion")?.parse().ok()?,
            uid: text("/metadata/uid")?.to_owned(),
            digest: stored.digest,
            foreign: stored.foreign,
            made: text("/metadata/creationTimestamp")
                .and_then(|made| made.parse::<Timestamp>().ok())
                .map_or(0, Timestamp::as_second),
            deleting: text("/metadata/deletionTimestamp").is_some(),
            owner,
            owned,
            found,
        })
    }

    /// Whether it is a workload that asks for pods.
    pub fn is_on(&self) -> bool {
        matches!(&self.found, Found::Workload(found) if found.on && !self.deleting)
    }

    /// Whether two states mean the same to every decision. What is in use of a quota changes with
    /// every pod, and few wait for it: they are asked for apart from this.
    fn same(&self, other: &Self) -> bool {
        let quotas = matches!((&self.found, &other.found), (Found::Quota(_), Found::Quota(_)));
        let rest = |child: &Self| Self { version: 0, found: Found::Nothing, ..child.clone() };
        (quotas || self.found == other.found) && rest(self) == rest(other)
    }
}

/// Every object of ours.
#[derive(Default)]
pub struct Children {
    all: RwLock<All>,
}

#[derive(Default)]
struct All {
    by_namespace: HashMap<String, BTreeMap<Key, Child>>,
    /// Where the objects lie of those that have any outside of their own namespaces.
    away: HashMap<Owner, BTreeSet<(String, Key)>>,
}

impl All {
    /// Takes an object out; the namespace with its last one.
    fn take(&mut self, namespace: &str, key: &Key) -> Option<Child> {
        let within = self.by_namespace.get_mut(namespace)?;
        let child = within.remove(key)?;
        if within.is_empty() {
            self.by_namespace.remove(namespace);
        }
        if let Some(places) = self.away.get_mut(&child.owner) {
            places.remove(&(namespace.to_owned(), key.clone()));
            if places.is_empty() {
                self.away.remove(&child.owner);
            }
        }
        Some(child)
    }

    fn put(&mut self, namespace: &str, key: Key, child: Child) {
        if child.owner.is_away() {
            self.away.entry(child.owner.clone()).or_default().insert((namespace.to_owned(), key.clone()));
        }
        self.by_namespace.entry(namespace.to_owned()).or_default().insert(key, child);
    }
}

impl Children {
    /// One object.
    pub fn get(&self, namespace: &str, kind: Kind, name: &str) -> Option<Child> {
        self.read().by_namespace.get(namespace)?.get(&(kind, name.to_owned())).cloned()
    }

    /// The objects in a namespace of the tenant itself, or of one of its Apps.
    pub fn of(&self, namespace: &str, owner: &Owner) -> Vec<(Key, Child)> {
        let all = self.read();
        let within = all.by_namespace.get(namespace).into_iter().flatten();
        within.filter(|(_, child)| child.owner == *owner).map(|(k, c)| (k.clone(), c.clone())).collect()
    }

    /// The objects, with their namespaces, of one who has them outside of its own: a seat, a Blueprint.
    pub fn away(&self, owner: &Owner) -> Vec<(String, Key, Child)> {
        let all = self.read();
        let places = all.away.get(owner).into_iter().flatten();
        let one = |(namespace, key): &(String, Key)| {
            Some((namespace.clone(), key.clone(), all.by_namespace.get(namespace)?.get(key)?.clone()))
        };
        places.filter_map(one).collect()
    }

    /// All objects of one App: those in its namespace, and those of its seat.
    pub fn of_app(&self, namespace: &str, app: &str) -> Vec<(String, Key, Child)> {
        let here = self.of(namespace, &Owner::App(app.to_owned()));
        let here = here.into_iter().map(|(key, child)| (namespace.to_owned(), key, child));
        here.chain(self.away(&Owner::seat(namespace, app))).collect()
    }

    /// Every namespace, whoever made it.
    pub fn namespaces(&self) -> Vec<(String, Child)> {
        let one = |(name, within): (&String, &BTreeMap<Key, Child>)| {
            Some((name.clone(), within.get(&(Kind::Namespace, name.clone()))?.clone()))
        };
        self.read().by_namespace.iter().filter_map(one).collect()
    }

    /// The objects in a namespace that do not go with whose they are: what an App's deletion left behind
    /// on purpose, and all that seats and Blueprints have there.
    pub fn loose(&self, namespace: &str) -> Vec<(Owner, Key, Child)> {
        let all = self.read();
        let within = all.by_namespace.get(namespace).into_iter().flatten();
        let loose = within.filter(|(_, child)| !child.owned && child.owner != Owner::Tenant);
        loose.map(|(key, child)| (child.owner.clone(), key.clone(), child.clone())).collect()
    }

    /// How many objects are kept.
    pub fn count(&self) -> usize {
        self.read().by_namespace.values().map(BTreeMap::len).sum()
    }

    /// Records a state that was seen or written. Returns whom it concerns if it means anything new:
    /// the owner, and the one it had before a hand took the mark of it off.
    pub fn record(&self, namespace: &str, key: Key, child: Child) -> Vec<Owner> {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        let mut concerned = vec![child.owner.clone()];
        match all.by_namespace.get(namespace).and_then(|within| within.get(&key)) {
            // The watch lags behind what we wrote ourselves.
            Some(known) if known.version > child.version => return Vec::new(),
            Some(known) if known.same(&child) => concerned.clear(),
            Some(known) if known.owner != child.owner => concerned.push(known.owner.clone()),
            Some(_) | None => {}
        }
        drop(all.take(namespace, &key));
        all.put(namespace, key, child);
        concerned
    }

    /// Records that an object is gone, as of a version. Returns the owner it had.
    pub fn forget(&self, namespace: &str, key: &Key, version: u64) -> Option<Owner> {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        if all.by_namespace.get(namespace)?.get(key).is_none_or(|known| known.version > version) {
            return None; // made anew since
        }
        all.take(namespace, key).map(|child| child.owner)
    }

    fn keys(&self, kind: Kind) -> Vec<(String, String)> {
        let all = self.read();
        let names = all.by_namespace.iter().flat_map(|(place, within)| within.keys().map(move |key| (place, key)));
        names.filter(|(_, key)| key.0 == kind).map(|(place, key)| (place.clone(), key.1.clone())).collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, All> {
        self.all.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps one kind true, for as long as the operator runs.
pub async fn watch(shared: Arc<Shared>, kind: Kind) {
    let api = match kind {
        // Elsewhere they are others' affair, and the operator has no right to see them.
        Kind::ListenerSet => Api::namespaced_with(shared.client.clone(), metadata::SYSTEM_NAMESPACE, &kind.resource()),
        _ => Api::<DynamicObject>::all_with(shared.client.clone(), &kind.resource()),
    };
    let config = watcher::Config::default().streaming_lists();
    // Namespaces are watched whoever made them: a name may be taken.
    let config = match kind {
        Kind::Namespace => config,
        _ => config.labels(&format!("{}={}", labels::MANAGED_BY, labels::YIPAN)),
    };
    let mut listed: Vec<(String, String)> = Vec::new();
    watching(&shared, kind.as_str(), api, config, |event| match event {
        watcher::Event::Init => listed.clear(),
        watcher::Event::InitApply(object) => {
            listed.push(place(kind, &object));
            seen(&shared, kind, &object);
        }
        watcher::Event::InitDone => {
            let mut known = shared.caches.children.keys(kind);
            listed.sort_unstable();
            known.retain(|place| listed.binary_search(place).is_err());
            known.into_iter().for_each(|(namespace, name)| gone(&shared, &namespace, (kind, name), None));
        }
        watcher::Event::Apply(object) => seen(&shared, kind, &object),
        watcher::Event::Delete(object) => {
            let (namespace, name) = place(kind, &object);
            gone(&shared, &namespace, (kind, name), object.resource_version());
        }
    })
    .await;
}

fn place(kind: Kind, object: &DynamicObject) -> (String, String) {
    let name = object.name_any();
    (metadata::place_of(kind, object.metadata.namespace.as_deref(), &name).to_owned(), name)
}

fn seen(shared: &Shared, kind: Kind, object: &DynamicObject) {
    let (namespace, name) = place(kind, object);
    let Some(child) = serde_json::to_value(object).ok().and_then(|value| Child::read(kind, &value)) else {
        tracing::error!(kind = kind.as_str(), namespace, name, "an object without version or uid was ignored");
        return;
    };
    if let Found::Namespace(found) = &child.found {
        declared::carries(shared, &namespace, found.id.clone());
    }
    let concerned = shared.caches.children.record(&namespace, (kind, name), child);
    for owner in &concerned {
        ask_for_owner(shared, &namespace, owner);
    }
    match kind {
        Kind::ResourceQuota => claims::used(shared, &namespace),
        Kind::Namespace if !concerned.is_empty() && !claims::stands(shared, &namespace) => {
            claims::outlived(shared, &namespace); // whose it is may have changed
        }
        _ => {}
    }
}

/// `version` is none where a list no longer holds the object: then it is gone for certain.
fn gone(shared: &Shared, namespace: &str, key: Key, version: Option<String>) {
    let version = version.and_then(|version| version.parse().ok()).unwrap_or(u64::MAX);
    let Some(owner) = shared.caches.children.forget(namespace, &key, version) else { return };
    match key.0 {
        Kind::Namespace => {
            shared.memory.forget_namespace(namespace);
            declared::carries(shared, namespace, None);
            shared.caches.departed.forget_namespace(namespace);
            claims::outlived(shared, namespace);
        }
        _ if !shared.caches.is_there(namespace, &owner) => shared.memory.forget(namespace, &key),
        _ => {}
    }
    ask_for_owner(shared, namespace, &owner);
}

fn ask_for_owner(shared: &Shared, namespace: &str, owner: &Owner) {
    let triggers = &shared.caches.triggers;
    match owner {
        Owner::Tenant => triggers.tenant(namespace),
        _ if !shared.caches.is_there(namespace, owner) => triggers.tenant_later(namespace), // an orphan, or on its way out
        Owner::App(app) => triggers.app(namespace, app),
        Owner::Seat { tenant, app } => triggers.app(tenant, app),
        Owner::Blueprint(name) => triggers.blueprint(name),
    }
}
