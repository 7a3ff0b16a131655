//! Watches Platforms, Tenants, Blueprints and Apps: keeps them whole and asks for whoever depends on a change.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use kube::runtime::reflector::store::Writer;
use kube::runtime::{reflector::ObjectRef, watcher};
use kube::{Api, Resource, ResourceExt as _};
use yipan_core::kinds::{App, Platform, Tenant};
use yipan_core::plan::{app, conditions, metadata};

use super::super::context::{Answered, Shared};
use super::watching::watching;
use super::{Guarded, blueprints, claims};

/// Names by what they are looked up by. An object that can no longer be read stays where it was:
/// it still occupies its tenant, and still is its parent's child.
#[derive(Default)]
pub struct Index {
    sides: RwLock<Sides>,
}

/// A relation and the key in it, such as `parent` and `wuwei`.
type Entry = (&'static str, String);

#[derive(Default)]
struct Sides {
    /// The names under an entry.
    names: HashMap<Entry, BTreeSet<String>>,
    /// The entries an object stands under, by its watch and name: what is to be taken out when it
    /// changes or goes, even if it cannot be read then.
    entries: HashMap<Entry, Vec<Entry>>,
}

impl Index {
    /// The names under a key, in order.
    pub fn get(&self, relation: &'static str, key: &str) -> Vec<String> {
        let sides = self.sides.read().unwrap_or_else(PoisonError::into_inner);
        sides.names.get(&(relation, key.to_owned())).map(|names| names.iter().cloned().collect()).unwrap_or_default()
    }

    /// Puts an object under these entries and takes it out of all others. Returns the entries it
    /// came under or left.
    fn set(&self, watch: &'static str, name: &str, entries: Vec<Entry>) -> Vec<Entry> {
        let mut sides = self.sides.write().unwrap_or_else(PoisonError::into_inner);
        let before = sides.entries.remove(&(watch, name.to_owned())).unwrap_or_default();
        for entry in &before {
            if let Some(names) = sides.names.get_mut(entry) {
                names.remove(name);
                if names.is_empty() {
                    sides.names.remove(entry);
                }
            }
        }
        let came = entries.iter().filter(|entry| !before.contains(entry));
        let changed = came.chain(before.iter().filter(|entry| !entries.contains(entry))).cloned().collect();
        for entry in &entries {
            sides.names.entry(entry.clone()).or_default().insert(name.to_owned());
        }
        if !entries.is_empty() {
            sides.entries.insert((watch, name.to_owned()), entries);
        }
        changed
    }
}

/// Tenants by parent.
pub const PARENT: &str = "parent";
/// Tenants by the significant digits of their division.
pub const DIVISION: &str = "division";
/// Tenants by each predecessor they name.
pub const PREDECESSOR: &str = "predecessor";
/// Tenants by each host they name.
pub const HOST: &str = "host";
/// Tenants by id.
pub const ID: &str = "id";
/// Namespaces by the id that they carry.
pub const CARRIES: &str = "carries";
/// Apps by namespace.
pub const NAMESPACE: &str = "namespace";
/// Apps, as `<namespace>/<name>`, and Blueprints, by whom they name in their connections.
pub const PEER: &str = "peer";
/// Apps, as `<namespace>/<name>`, by the Blueprint they name.
pub const BLUEPRINT: &str = "blueprint";
/// Blueprints by their owner.
pub const OWNER: &str = "owner";

/// A kind that people write, with what its changes mean to others.
pub trait Declaration: Answered + Send + Sync + 'static {
    /// The name of the watch, as /readyz shows it.
    const WATCH: &'static str;

    /// What stands in the index for an object.
    fn entry(object: &Guarded<Self>) -> String {
        object.name_any()
    }

    /// The keys under which an object is indexed.
    fn keys(object: &Guarded<Self>) -> Vec<(&'static str, String)>;

    /// Asks for everybody who depends on the difference between two states of an object.
    fn changed(old: Option<&Guarded<Self>>, new: Option<&Guarded<Self>>, shared: &Shared);
}

/// Keeps a store and the index true, for as long as the operator runs.
pub async fn watch<K: Declaration>(shared: Arc<Shared>, mut writer: Writer<Guarded<K>>) {
    let api = Api::<Guarded<K>>::all(shared.client.clone());
    let config = watcher::Config::default().streaming_lists();
    let mut listed = Vec::new();
    watching(&shared, K::WATCH, api, config, |mut event| {
        if let watcher::Event::Apply(object) | watcher::Event::InitApply(object) = &mut event {
            object.meta_mut().managed_fields = None; // large, and nobody asks for it
        }
        take(&shared, &mut writer, event, &mut listed);
    })
    .await;
}

/// Two states of an object, the former none when it is new, the latter when it is gone.
type Change<K> = (Option<Arc<Guarded<K>>>, Option<Arc<Guarded<K>>>);

/// Takes one event into the store, and only then asks for whoever depends on it. What is listed
/// after a break becomes visible all at once, so its changes wait in `listed` until then.
fn take<K: Declaration>(
    shared: &Shared,
    writer: &mut Writer<Guarded<K>>,
    event: watcher::Event<Guarded<K>>,
    listed: &mut Vec<Change<K>>,
) {
    let reader = writer.as_reader();
    let change = |object: &Guarded<K>| (reader.get(&ObjectRef::from_obj(object)), Some(Arc::new(object.clone())));
    let changes = match &event {
        watcher::Event::Init => {
            listed.clear();
            Vec::new()
        }
        watcher::Event::InitApply(object) => {
            listed.push(change(object));
            Vec::new()
        }
        watcher::Event::InitDone => {
            let gone = |(old, _): &Change<K>| old.clone();
            let kept: std::collections::HashSet<_> = listed.iter().filter_map(gone).map(|old| key(&old)).collect();
            let gone = reader.state().into_iter().filter(|old| !kept.contains(&key(old)));
            let gone: Vec<Change<K>> = gone.map(|old| (Some(old), None)).collect();
            listed.drain(..).chain(gone).collect()
        }
        watcher::Event::Apply(object) => vec![change(object)],
        watcher::Event::Delete(object) => vec![(Some(Arc::new(object.clone())), None)],
    };
    writer.apply_watcher_event(&event);
    for (old, new) in changes {
        settle(shared, old.as_deref(), new.as_deref());
    }
}

fn key<K: Declaration>(object: &Guarded<K>) -> (Option<String>, String) {
    (object.namespace(), object.name_any())
}

fn settle<K: Declaration>(shared: &Shared, old: Option<&Guarded<K>>, new: Option<&Guarded<K>>) {
    if old.zip(new).is_some_and(|(old, new)| old.resource_version() == new.resource_version()) {
        return; // listed again, nothing new
    }
    let name = old.or(new).map(K::entry).unwrap_or_default();
    let unreadable = new.is_some_and(|object| object.0.is_err());
    if !unreadable || old.is_none() {
        let changed = shared.caches.index.set(K::WATCH, &name, new.map(K::keys).unwrap_or_default());
        count_again(shared, &changed);
    }
    if new.is_none() {
        shared.failures.forget(&format!("{} {name}", K::WATCH));
        if let Some(old) = old {
            K::newest(shared).forget(old.namespace(), old.name_any());
        }
    }
    K::changed(old, new, shared);
}

/// Asks for the tenants whose counts are touched, and for the rivals of a division, a predecessor or a host.
fn count_again(shared: &Shared, changed: &[Entry]) {
    let (triggers, index) = (&shared.caches.triggers, &shared.caches.index);
    for (relation, key) in changed {
        match *relation {
            PARENT | NAMESPACE => triggers.tenant_later(key),
            BLUEPRINT => triggers.blueprint_later(key),
            ID | CARRIES => index.get(ID, key).iter().for_each(|rival| triggers.tenant(rival)),
            DIVISION | PREDECESSOR => index.get(relation, key).iter().for_each(|rival| triggers.tenant(rival)),
            HOST => {
                for rival in index.get(HOST, key) {
                    triggers.tenant(&rival);
                    index.get(NAMESPACE, &rival).iter().for_each(|app| triggers.app_at(app));
                }
            }
            _ => {}
        }
    }
}

/// Keeps which id a namespace carries; none where it carries none, or is gone.
pub fn carries(shared: &Shared, namespace: &str, id: Option<String>) {
    let entries = id.map(|id| (CARRIES, id)).into_iter().collect();
    let changed = shared.caches.index.set(CARRIES, namespace, entries);
    count_again(shared, &changed);
}

/// What differs between two states of an object that were not both ours.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// Nothing that matters, or only what the operator wrote itself.
    Nothing,
    /// Its status alone, which somebody else wrote: as much in need of repair as anything of ours.
    Status,
    /// What is declared.
    Declared,
}

impl News {
    pub(super) fn of<K: Declaration>(old: Option<&Guarded<K>>, new: Option<&Guarded<K>>, shared: &Shared) -> Self {
        let read = |object: Option<&Guarded<K>>| object.and_then(|object| object.0.as_ref().ok().cloned());
        let status = |object: Option<&Guarded<K>>| read(object).and_then(|object| object.answer().cloned());
        if read(new).is_some_and(|object| K::newest(shared).knows(&object)) {
            return Self::Nothing;
        }
        match redeclared(old, new) {
            true => Self::Declared,
            false if status(old) != status(new) => Self::Status,
            false => Self::Nothing,
        }
    }
}

/// Whether more than the status differs.
fn redeclared<K: Declaration>(old: Option<&Guarded<K>>, new: Option<&Guarded<K>>) -> bool {
    let (Some(old), Some(new)) = (old, new) else { return true };
    let declared = |object: &Guarded<K>| {
        let meta = object.meta().clone();
        (meta.generation, meta.uid, meta.labels, meta.finalizers, meta.deletion_timestamp)
    };
    declared(old) != declared(new)
}

impl Declaration for Platform {
    const WATCH: &'static str = "Platform";

    fn keys(_: &Guarded<Self>) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Everything depends on the Platform.
    fn changed(old: Option<&Guarded<Self>>, new: Option<&Guarded<Self>>, shared: &Shared) {
        match News::of(old, new, shared) {
            News::Declared => shared.look_at_everything(),
            News::Status => shared.caches.triggers.platform(),
            News::Nothing => {}
        }
    }
}

impl Declaration for Tenant {
    const WATCH: &'static str = "Tenant";

    fn keys(object: &Guarded<Self>) -> Vec<(&'static str, String)> {
        let Ok(tenant) = &object.0 else { return Vec::new() };
        let parent = tenant.spec.parent.iter().map(|parent| (PARENT, parent.to_string()));
        let predecessors = tenant.spec.supersedes.iter().flatten().map(|name| (PREDECESSOR, name.to_string()));
        let hosts = tenant.spec.hosts.iter().map(|named| (HOST, named.host.to_string()));
        parent
            .chain(predecessors)
            .chain(hosts)
            .chain([(DIVISION, tenant.spec.division.significant().to_owned())])
            .chain([(ID, metadata::id(tenant.as_ref()))])
            // Whoever asks for an id waits until nobody else has it.
            .chain(tenant.spec.adopt.iter().map(|id| (ID, id.to_string())))
            .collect()
    }

    /// A tenant's children, Apps and rivals ask what it says; its parent counts it.
    fn changed(old: Option<&Guarded<Self>>, new: Option<&Guarded<Self>>, shared: &Shared) {
        let (triggers, index) = (&shared.caches.triggers, &shared.caches.index);
        let name = old.or(new).map(|object| object.name_any()).unwrap_or_default();
        let news = News::of(old, new, shared);
        let redeclared = news == News::Declared;
        if news != News::Nothing {
            triggers.tenant(&name);
        }
        claims::changed(old, new, redeclared, shared);
        if redeclared || verdict(old) != verdict(new) {
            index.get(PARENT, &name).iter().for_each(|child| triggers.tenant(child));
            index.get(NAMESPACE, &name).iter().for_each(|app| triggers.app_at(app));
            blueprints::owner_changed(shared, &name);
        }
    }
}

/// What others ask of a tenant's status.
fn verdict(tenant: Option<&Guarded<Tenant>>) -> Vec<(String, String)> {
    let Some(Ok(tenant)) = tenant.map(|tenant| &tenant.0) else { return Vec::new() };
    let conditions = tenant.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let of = |type_: &str| conditions::find(conditions, type_).map(|found| (type_.to_owned(), found.status.clone()));
    ["Accepted", "Fenced"].into_iter().filter_map(of).collect()
}

impl Declaration for App {
    const WATCH: &'static str = "App";

    fn entry(object: &Guarded<Self>) -> String {
        format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any())
    }

    fn keys(object: &Guarded<Self>) -> Vec<(&'static str, String)> {
        let spec = object.0.as_ref().ok().map(|app| &app.spec);
        let peers = app::parties(spec.and_then(|spec| spec.network.as_ref()));
        let peers = peers.iter().map(|peer| (PEER, peer.to_string()));
        let blueprint = spec.and_then(|spec| spec.blueprint.as_ref()).map(|name| (BLUEPRINT, name.to_string()));
        peers.chain(blueprint).chain([(NAMESPACE, object.namespace().unwrap_or_default())]).collect()
    }

    /// The Apps at the other ends of its connections ask what it says; its tenant counts it.
    fn changed(old: Option<&Guarded<Self>>, new: Option<&Guarded<Self>>, shared: &Shared) {
        let triggers = &shared.caches.triggers;
        let Some(either) = old.or(new) else { return };
        let namespace = either.namespace().unwrap_or_default();
        shared.caches.departed.record(&namespace, &either.name_any(), new.is_none());
        let news = News::of(old, new, shared);
        if news != News::Nothing {
            triggers.app(&namespace, &either.name_any());
        }
        if news != News::Declared {
            return;
        }
        if let (None, Ok(gone)) = (new, &either.0) {
            blueprints::seat_changed(shared, gone);
        }
        let network = |object: Option<&Guarded<Self>>| {
            object.map(|object| object.0.as_ref().ok().map(|app| app.spec.network.clone()))
        };
        if network(old) == network(new) {
            return; // its peers ask for nothing else
        }
        let read = [old, new].into_iter().flatten().filter_map(|object| object.0.as_ref().ok());
        let named = read.flat_map(|app| app::parties(app.spec.network.as_ref()));
        named.for_each(|peer| blueprints::look_at(shared, &peer));
        // Those that name this one may wait for it without being named by it.
        blueprints::look_at_those_that_name(shared, &Self::entry(either));
    }
}
