//! Watches pods for what keeps them from running, and keeps nothing of the healthy ones.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher;
use kube::{Api, ResourceExt as _};
use yipan_core::plan::{PodTrouble, labels, metadata};

use super::super::context::Shared;
use super::watching::watching;

const WATCH: &str = "Pod";

/// The troubles of pods, by namespace and App, then by pod.
#[derive(Default)]
pub struct Pods {
    troubles: RwLock<HashMap<(String, String), BTreeMap<String, PodTrouble>>>,
}

impl Pods {
    /// What keeps a pod of an App from running; any one, since one is enough to act on.
    pub fn trouble(&self, namespace: &str, app: &str) -> Option<PodTrouble> {
        let all = self.troubles.read().unwrap_or_else(PoisonError::into_inner);
        all.get(&(namespace.to_owned(), app.to_owned()))?.values().next().cloned()
    }

    /// Records a pod's trouble, or that it has none. Returns whether that is news.
    fn record(&self, place: (String, String), pod: &str, trouble: Option<PodTrouble>) -> bool {
        let mut all = self.troubles.write().unwrap_or_else(PoisonError::into_inner);
        match trouble {
            Some(trouble) => all.entry(place).or_default().insert(pod.to_owned(), trouble.clone()) != Some(trouble),
            None => {
                let Some(within) = all.get_mut(&place) else { return false };
                let had = within.remove(pod).is_some();
                if within.is_empty() {
                    all.remove(&place);
                }
                had
            }
        }
    }

    fn clear(&self) {
        self.troubles.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Keeps the troubles true, for as long as the operator runs.
pub async fn watch(shared: Arc<Shared>) {
    let config = watcher::Config::default().labels(&format!("{}={}", labels::MANAGED_BY, labels::YIPAN));
    let api = Api::<Pod>::all(shared.client.clone());
    watching(&shared, WATCH, api, config.streaming_lists(), |event| match event {
        watcher::Event::Init => shared.caches.pods.clear(),
        watcher::Event::Apply(pod) | watcher::Event::InitApply(pod) => {
            let trouble = serde_json::to_value(&pod).ok().and_then(|value| PodTrouble::read(&value));
            record(&shared, &pod, trouble);
        }
        watcher::Event::Delete(pod) => record(&shared, &pod, None),
        watcher::Event::InitDone => {}
    })
    .await;
}

fn record(shared: &Shared, pod: &Pod, trouble: Option<PodTrouble>) {
    let (namespace, Some(app)) = (pod.namespace().unwrap_or_default(), pod.labels().get(labels::NAME)) else { return };
    // A pod that is on its way out says nothing about what runs.
    let trouble = trouble.filter(|_| pod.metadata.deletion_timestamp.is_none());
    if shared.caches.pods.record((namespace.clone(), app.clone()), &pod.name_any(), trouble) {
        match metadata::blueprint_of(app) {
            Some(blueprint) => shared.caches.triggers.blueprint(blueprint),
            None => shared.caches.triggers.app(&namespace, app),
        }
    }
}
