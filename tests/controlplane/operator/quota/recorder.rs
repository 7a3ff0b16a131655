//! Every state of the tenants and their quotas that the API server stored, replayed in its order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use kube::api::DynamicObject;
use kube::core::ApiResource;
use kube::runtime::watcher::{self, Event};
use kube::{Api, Resource as _, ResourceExt as _};
use serde_json::Value;
use tokio::task::JoinHandle;
use yipan_core::kinds::Tenant;
use yipan_core::plan::quota::{Figures, QuotaFound};

use super::super::super::plane::{Plane, eventually};

/// An object's state by the revision of the store: none where it went.
type State = (u64, &'static str, String, Option<Value>);

/// Records until it is asked.
pub struct Recorder {
    states: Arc<Mutex<Vec<State>>>,
    watches: [JoinHandle<()>; 2],
}

impl Recorder {
    /// Starts, and returns once both watches have listed what there is.
    pub async fn start(plane: &Plane) -> Self {
        let client = plane.client().await;
        let states = Arc::new(Mutex::new(Vec::new()));
        let listed = Arc::new(Mutex::new(0));
        let quotas = ApiResource::erase::<k8s_openapi::api::core::v1::ResourceQuota>(&());
        let tenants = ApiResource::erase::<Tenant>(&());
        let watches = [("Tenant", tenants), ("ResourceQuota", quotas)].map(|(kind, resource)| {
            let api = Api::<DynamicObject>::all_with(client.clone(), &resource);
            tokio::spawn(watch(kind, api, Arc::clone(&states), Arc::clone(&listed)))
        });
        eventually(Duration::from_secs(10), "both watches have begun", async || {
            match *listed.lock().unwrap_or_else(PoisonError::into_inner) {
                2 => Ok(()),
                begun => Err(format!("{begun} of 2")),
            }
        })
        .await;
        Self { states, watches }
    }

    /// Ends, and holds every state of the tenants whose names begin like these against what must
    /// hold at every instant. Returns how many states there were.
    pub async fn check(self, names: &[&str]) -> usize {
        for watch in self.watches {
            watch.abort();
            drop(watch.await);
        }
        let mut states = std::mem::take(&mut *self.states.lock().unwrap_or_else(PoisonError::into_inner));
        states.retain(|(_, _, name, _)| names.iter().any(|begin| name.starts_with(begin)));
        states.sort_by_key(|(version, ..)| *version);
        let (mut tenants, mut quotas) = (BTreeMap::new(), BTreeMap::new());
        for (version, kind, name, object) in &states {
            match (*kind, object) {
                ("Tenant", Some(object)) => {
                    let tenant: Tenant = serde_json::from_value(object.clone()).expect("a tenant");
                    tenants.insert(name.clone(), tenant);
                }
                ("Tenant", None) => drop(tenants.remove(name)),
                (_, Some(object)) => drop(quotas.insert(name.clone(), QuotaFound::read(object).hard)),
                (_, None) => drop(quotas.remove(name)),
            }
            // A deletion of several objects is no single instant to us.
            if object.is_some() {
                holds(*version, name, &tenants, &quotas);
            }
        }
        states.len()
    }
}

async fn watch(kind: &'static str, api: Api<DynamicObject>, states: Arc<Mutex<Vec<State>>>, listed: Arc<Mutex<usize>>) {
    let mut events = std::pin::pin!(watcher::watcher(api, watcher::Config::default()));
    while let Some(event) = events.next().await {
        let (object, gone) = match event.expect("a watch that works") {
            Event::Init => continue,
            Event::InitDone => {
                *listed.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                continue;
            }
            Event::InitApply(object) | Event::Apply(object) => (object, false),
            Event::Delete(object) => (object, true),
        };
        let version = object.resource_version().and_then(|version| version.parse().ok()).expect("a version");
        // A ResourceQuota is the tenant's of its namespace.
        let name = object.meta().namespace.clone().unwrap_or_else(|| object.name_any());
        let value = (!gone).then(|| serde_json::to_value(&object).expect("JSON"));
        states.lock().unwrap_or_else(PoisonError::into_inner).push((version, kind, name, value));
    }
}

/// Own and all allocations stay within what was granted; that within the parent's allocation; and
/// what the ResourceQuota allows within its own.
fn holds(version: u64, name: &str, tenants: &BTreeMap<String, Tenant>, quotas: &BTreeMap<String, Option<Figures>>) {
    let Some(tenant) = tenants.get(name) else { return };
    let Some(status) = &tenant.status else { return };
    let given: Figures = status.allocations.iter().map(|allocation| Figures::of(&allocation.amounts)).sum();
    let hard = quotas.get(name).copied().flatten().unwrap_or(Figures::ZERO);
    let parent = tenant.spec.parent.as_ref().and_then(|parent| tenants.get(parent.as_str()));
    let share = parent.and_then(|parent| {
        let all = parent.status.as_ref()?.allocations.iter();
        let own =
            all.into_iter().find(|allocation| allocation.name == name && Some(&allocation.id) == status.id.as_ref());
        own.map(|allocation| Figures::of(&allocation.amounts))
    });
    match &status.granted {
        Some(granted) => {
            let (own, total) = (Figures::of(&granted.own), Figures::of(&granted.total));
            assert!(!own.plus(given).exceeds(total), "at {version} {name} gives more than it was granted");
            assert!(!hard.exceeds(own), "at {version} the ResourceQuota of {name} says more than is recorded");
            assert!(
                parent.is_none() || share.is_some_and(|share| !total.exceeds(share)),
                "at {version} {name} has more than its share"
            );
        }
        None => assert!(
            parent.is_none() || !hard.exceeds(share.unwrap_or(Figures::ZERO)),
            "at {version} {name} has no share"
        ),
    }
}
