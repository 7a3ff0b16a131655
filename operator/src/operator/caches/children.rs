//! Watches every kind of object that Yipan makes, and keeps of each what says whether it still is
//! as it was applied.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use kube::api::DynamicObject;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher;
use kube::{Api, ResourceExt as _};
use serde_json::Value;
use yipan_core::drift::{self, Digest};
use yipan_core::plan::quota::QuotaFound;
use yipan_core::plan::{Kind, ListenersFound, NamespaceFound, RouteFound, WorkloadFound, labels, metadata};

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
    /// The App it belongs to; none for the tenant's own.
    pub app: Option<String>,
    /// Whether it goes with its App: a deletion that orphans takes that off.
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
        let label = |key: &str| text(&format!("/metadata/labels/{}", key.replace('/', "~1")));
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
        // Either is enough: a hand may have taken off the other.
        let owner = text("/metadata/ownerReferences/0/name")
            .filter(|_| text("/metadata/ownerReferences/0/kind") == Some("App"));
        let owned = owner.is_some();
        let app = owner.or_else(|| label(labels::APP_ID).and_then(|_| label(labels::NAME)));
        Some(Self {
            version: text("/metadata/resourceVersion")?.parse().ok()?,
            uid: text("/metadata/uid")?.to_owned(),
            digest: stored.digest,
            foreign: stored.foreign,
            made: text("/metadata/creationTimestamp")
                .and_then(|made| made.parse::<Timestamp>().ok())
                .map_or(0, Timestamp::as_second),
            deleting: text("/metadata/deletionTimestamp").is_some(),
            app: app.map(str::to_owned),
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

/// Every object of ours, by namespace.
#[derive(Default)]
pub struct Children {
    by_namespace: RwLock<HashMap<String, BTreeMap<Key, Child>>>,
}

impl Children {
    /// One object.
    pub fn get(&self, namespace: &str, kind: Kind, name: &str) -> Option<Child> {
        let all = self.by_namespace.read().unwrap_or_else(PoisonError::into_inner);
        all.get(namespace)?.get(&(kind, name.to_owned())).cloned()
    }

    /// The objects of one App, or those of the tenant itself.
    pub fn of(&self, namespace: &str, app: Option<&str>) -> Vec<(Key, Child)> {
        let all = self.by_namespace.read().unwrap_or_else(PoisonError::into_inner);
        let within = all.get(namespace).into_iter().flatten();
        within.filter(|(_, child)| child.app.as_deref() == app).map(|(k, c)| (k.clone(), c.clone())).collect()
    }

    /// Every namespace, whoever made it.
    pub fn namespaces(&self) -> Vec<(String, Child)> {
        let all = self.by_namespace.read().unwrap_or_else(PoisonError::into_inner);
        let one = |(name, within): (&String, &BTreeMap<Key, Child>)| {
            Some((name.clone(), within.get(&(Kind::Namespace, name.clone()))?.clone()))
        };
        all.iter().filter_map(one).collect()
    }

    /// The objects that an App's deletion left behind on purpose, by the App's name.
    pub fn orphans(&self, namespace: &str) -> Vec<(String, Key, Child)> {
        let all = self.by_namespace.read().unwrap_or_else(PoisonError::into_inner);
        let within = all.get(namespace).into_iter().flatten().filter(|(_, child)| !child.owned);
        within.filter_map(|(key, child)| Some((child.app.clone()?, key.clone(), child.clone()))).collect()
    }

    /// How many objects are kept.
    pub fn count(&self) -> usize {
        self.by_namespace.read().unwrap_or_else(PoisonError::into_inner).values().map(BTreeMap::len).sum()
    }

    /// Records a state that was seen or written. Returns whom it concerns if it means anything new:
    /// the owner, and the one it had before a hand took the mark of it off.
    pub fn record(&self, namespace: &str, key: Key, child: Child) -> Vec<Option<String>> {
        let mut all = self.by_namespace.write().unwrap_or_else(PoisonError::into_inner);
        let within = all.entry(namespace.to_owned()).or_default();
        let mut concerned = vec![child.app.clone()];
        match within.get(&key) {
            // The watch lags behind what we wrote ourselves.
            Some(known) if known.version > child.version => return Vec::new(),
            Some(known) if known.same(&child) => concerned.clear(),
            Some(known) if known.app != child.app => concerned.push(known.app.clone()),
            Some(_) | None => {}
        }
        within.insert(key, child);
        concerned
    }

    /// Records that an object is gone, as of a version. Returns the owner it had.
    pub fn forget(&self, namespace: &str, key: &Key, version: u64) -> Option<Option<String>> {
        let mut all = self.by_namespace.write().unwrap_or_else(PoisonError::into_inner);
        let within = all.get_mut(namespace)?;
        if within.get(key).is_none_or(|known| known.version > version) {
            return None; // made anew since
        }
        let owner = within.remove(key).map(|child| child.app);
        if within.is_empty() {
            all.remove(namespace);
        }
        owner
    }

    fn keys(&self, kind: Kind) -> Vec<(String, String)> {
        let all = self.by_namespace.read().unwrap_or_else(PoisonError::into_inner);
        let names = all.iter().flat_map(|(namespace, within)| within.keys().map(move |key| (namespace, key)));
        names.filter(|(_, key)| key.0 == kind).map(|(namespace, key)| (namespace.clone(), key.1.clone())).collect()
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
    match kind {
        Kind::Namespace => (name.clone(), name),
        Kind::ListenerSet => (metadata::tenant_of_listener_set(&name).to_owned(), name),
        _ => (object.namespace().unwrap_or_default(), name),
    }
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
        ask_for_owner(shared, &namespace, owner.as_deref());
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
    let alive = |app: &str| shared.caches.apps.get(&ObjectRef::new(app).within(namespace)).is_some();
    match (key.0, owner.as_deref()) {
        (Kind::Namespace, _) => {
            shared.memory.forget_namespace(namespace);
            declared::carries(shared, namespace, None);
            shared.caches.departed.forget_namespace(namespace);
            claims::outlived(shared, namespace);
        }
        (_, Some(app)) if !alive(app) => shared.memory.forget(namespace, &key),
        _ => {}
    }
    ask_for_owner(shared, namespace, owner.as_deref());
}

fn ask_for_owner(shared: &Shared, namespace: &str, app: Option<&str>) {
    match app {
        Some(app) if shared.caches.apps.get(&ObjectRef::new(app).within(namespace)).is_some() => {
            shared.caches.triggers.app(namespace, app);
        }
        Some(_) => shared.caches.triggers.tenant_later(namespace), // an orphan, or on its way out
        None => shared.caches.triggers.tenant(namespace),
    }
}
