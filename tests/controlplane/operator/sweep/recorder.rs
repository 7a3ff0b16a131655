//! Everything that ever was of the towns, in the order in which the API server stored it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::StreamExt as _;
use kube::api::{DynamicObject, ListParams, WatchEvent, WatchParams};
use kube::core::ApiResource;
use kube::{Api, Client};
use serde_json::Value;
use tokio::task::JoinHandle;
use yipan_core::kinds::{App, Tenant};
use yipan_core::plan::Kind;

use super::places::{Town, town_of};

/// An object's kind, place and name. A Namespace and a Tenant lie in themselves.
pub type Key = (String, String, String);

/// An object as it was stored at one moment.
#[derive(Clone)]
pub struct Seen {
    /// The moment; the same clock for all kinds.
    pub version: u64,
    /// Which object.
    pub key: Key,
    /// What it was. None: it was deleted.
    pub object: Option<Arc<Value>>,
}

/// Watches of every kind, by a client that no fault befalls.
pub struct Recorder {
    log: Arc<Mutex<Log>>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Log {
    seen: Vec<Seen>,
    now: BTreeMap<Key, Arc<Value>>,
    gaps: Vec<String>,
}

impl Recorder {
    /// Begins to record.
    pub async fn start(client: &Client) -> Self {
        let declared = [ApiResource::erase::<Tenant>(&()), ApiResource::erase::<App>(&())];
        let kinds = declared.into_iter().chain(Kind::ALL.map(Kind::resource));
        let log = Arc::<Mutex<Log>>::default();
        let mut tasks = Vec::new();
        for kind in kinds {
            let api = Api::<DynamicObject>::all_with(client.clone(), &kind);
            let listed = api.list(&ListParams::default()).await.expect("a list");
            let mut from = listed.metadata.resource_version.expect("a version");
            assert!(listed.items.iter().all(|object| town(object).is_none()), "towns of an earlier run: {}", kind.kind);
            let log = Arc::clone(&log);
            tasks.push(tokio::spawn(async move {
                while let Ok(events) = api.watch(&WatchParams::default(), &from).await {
                    let mut events = std::pin::pin!(events);
                    while let Some(Ok(event)) = events.next().await {
                        record(&log, &kind.kind, event, &mut from);
                    }
                }
                lock(&log).gaps.push(format!("{} from {from} on", kind.kind));
            }));
        }
        Self { log, tasks }
    }

    /// All that was seen, in its order.
    pub fn seen(&self) -> Vec<Seen> {
        let log = lock(&self.log);
        assert!(log.gaps.is_empty(), "not everything was seen: {:?}", log.gaps);
        let mut seen = log.seen.clone();
        seen.sort_by_key(|seen| seen.version);
        seen
    }

    /// What there is of a town.
    pub fn town(&self, town: Town) -> Vec<(Key, Arc<Value>)> {
        let log = lock(&self.log);
        let within = log.now.iter().filter(|((_, place, _), _)| town_of(place) == Some(town));
        within.map(|(key, object)| (key.clone(), Arc::clone(object))).collect()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn lock(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

fn place(object: &DynamicObject) -> &str {
    let name = object.metadata.name.as_deref().unwrap_or_default();
    object.metadata.namespace.as_deref().unwrap_or(name)
}

fn town(object: &DynamicObject) -> Option<Town> {
    town_of(place(object))
}

fn record(log: &Mutex<Log>, kind: &str, event: WatchEvent<DynamicObject>, from: &mut String) {
    let (object, deleted) = match event {
        WatchEvent::Added(object) | WatchEvent::Modified(object) => (object, false),
        WatchEvent::Deleted(object) => (object, true),
        WatchEvent::Bookmark(_) => return,
        WatchEvent::Error(error) => return lock(log).gaps.push(format!("{kind}: {error:?}")),
    };
    *from = object.metadata.resource_version.clone().expect("a version");
    if town(&object).is_none() {
        return;
    }
    let key = (kind.to_owned(), place(&object).to_owned(), object.metadata.name.clone().unwrap_or_default());
    let version = from.parse().expect("versions are numbers");
    let object = (!deleted).then(|| Arc::new(serde_json::to_value(object).expect("JSON")));
    let mut log = lock(log);
    match &object {
        Some(object) => drop(log.now.insert(key.clone(), Arc::clone(object))),
        None => drop(log.now.remove(&key)),
    }
    log.seen.push(Seen { version, key, object });
}
