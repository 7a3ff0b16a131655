//! What a decision may know: declarations, and the little of the rest that matters.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kube::ResourceExt;
use serde_json::Value;

use super::quota::QuotaFound;
use super::{labels, metadata};
use crate::kinds::{App, Blueprint, Id, Platform, Tenant};

/// Looks things up for a pass. The operator answers from its caches, `yipan plan` from files.
pub trait World {
    /// The one Platform.
    fn platform(&self) -> Option<Arc<Platform>>;
    /// A tenant by name.
    fn tenant(&self, name: &str) -> Option<Arc<Tenant>>;
    /// Every tenant whose division has these significant digits.
    fn tenants_of_division(&self, significant: &str) -> Vec<Arc<Tenant>>;
    /// Every tenant that names this one, which need not exist, as its predecessor.
    fn successors(&self, predecessor: &str) -> Vec<Arc<Tenant>>;
    /// Every tenant that names this host as its own.
    fn tenants_of_host(&self, host: &str) -> Vec<Arc<Tenant>>;
    /// Every tenant that has this id, and every one whose namespace carries it.
    fn tenants_of_id(&self, id: &str) -> Vec<Arc<Tenant>>;
    /// The names of the tenants below one, in order.
    fn children(&self, parent: &str) -> Vec<String>;
    /// An App by namespace and name.
    fn app(&self, namespace: &str, name: &str) -> Option<Arc<App>>;
    /// Whether an App is stored that cannot be read.
    fn is_unreadable(&self, namespace: &str, name: &str) -> bool;
    /// A Blueprint by name.
    fn blueprint(&self, name: &str) -> Option<Arc<Blueprint>>;
    /// Whether a Blueprint is stored that cannot be read.
    fn is_blueprint_unreadable(&self, name: &str) -> bool;
    /// The Apps that name a Blueprint, as `<namespace>/<name>`, in order.
    fn apps_of(&self, blueprint: &str) -> Vec<String>;
    /// The names of the Apps of a namespace, in order.
    fn apps(&self, namespace: &str) -> Vec<String>;
    /// The names of the Blueprints that a tenant owns, in order.
    fn blueprints_of(&self, owner: &str) -> Vec<String>;
    /// A namespace, whoever made it.
    fn namespace(&self, name: &str) -> Option<NamespaceFound>;
    /// The ResourceQuota of a tenant's namespace.
    fn quota(&self, namespace: &str) -> Option<QuotaFound>;
    /// The Deployment or CronJob of an App.
    fn workload(&self, namespace: &str, name: &str) -> Option<WorkloadFound>;
    /// An HTTPRoute of an App.
    fn route(&self, namespace: &str, name: &str) -> Option<RouteFound>;
    /// The ListenerSet of a tenant at one of the Platform's gateways.
    fn listeners(&self, tenant: &str, gateway: &str) -> Option<ListenersFound>;
}

/// What matters of a namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamespaceFound {
    /// Label `yipan.dev/id`, where it holds an id.
    pub id: Option<String>,
    /// Whether label `yipan.dev/tenant` says its own name, as on each that we made.
    pub named: bool,
    /// Label `yipan.dev/retained-until`.
    pub retained_until: Option<String>,
    /// Annotation `yipan.dev/hosts`: the host names that were given last.
    pub hosts: Vec<String>,
    /// Whether we wrote it at some time.
    pub written_by_us: bool,
    /// Whether it is being deleted.
    pub terminating: bool,
}

impl NamespaceFound {
    /// Reads a stored namespace.
    pub fn read(object: &Value) -> Self {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let label = |key: &str| text(&format!("/metadata/labels/{}", key.replace('/', "~1"))).map(str::to_owned);
        let managers = object.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten();
        let ours = |entry: &Value| entry.get("manager").and_then(Value::as_str) == Some(labels::YIPAN);
        let hosts = text(&format!("/metadata/annotations/{}", labels::HOSTS.replace('/', "~1"))).unwrap_or_default();
        Self {
            id: label(labels::ID).filter(|id| Id::try_from(id.clone()).is_ok()),
            named: label(labels::TENANT).is_some_and(|tenant| text("/metadata/name") == Some(&tenant)),
            retained_until: label(labels::RETAINED_UNTIL),
            hosts: hosts.split(',').filter(|host| !host.is_empty()).map(str::to_owned).collect(),
            written_by_us: managers.into_iter().any(ours),
            terminating: text("/metadata/deletionTimestamp").is_some(),
        }
    }
}

/// What matters of a Deployment or CronJob.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkloadFound {
    /// Whether it asks for pods at all: a Deployment has replicas, a CronJob's runs begin.
    pub on: bool,
    /// Whether its controller has seen its latest generation.
    pub observed: bool,
    /// Pods of the latest revision.
    pub updated: i32,
    /// Pods that serve.
    pub available: i32,
    /// Jobs of a CronJob that run.
    pub jobs: usize,
    /// Why no pods can be made, as the API server says it.
    pub failure: Option<String>,
    /// What keeps a pod from running.
    pub trouble: Option<PodTrouble>,
}

/// What keeps a pod from running, as the node or the scheduler says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodTrouble {
    /// Kubernetes' own word, such as `ImagePullBackOff`.
    pub reason: String,
    /// Kubernetes' own sentence.
    pub message: String,
}

impl WorkloadFound {
    /// Reads a stored Deployment or CronJob. What its pods say is added from elsewhere.
    pub fn read(object: &Value) -> Self {
        let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64);
        let count = |pointer: &str| number(pointer).and_then(|count| i32::try_from(count).ok()).unwrap_or(0);
        let conditions = object.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
        let is =
            |condition: &Value, key: &str, wanted: &str| condition.get(key).and_then(Value::as_str) == Some(wanted);
        let failing = |condition: &&Value| is(condition, "type", "ReplicaFailure") && is(condition, "status", "True");
        let failure = conditions.into_iter().find(failing).and_then(|condition| condition.get("message")?.as_str());
        let off = number("/spec/replicas") == Some(0) || object.pointer("/spec/suspend") == Some(&Value::Bool(true));
        Self {
            on: !off,
            observed: number("/status/observedGeneration") >= number("/metadata/generation"),
            updated: count("/status/updatedReplicas"),
            available: count("/status/availableReplicas"),
            jobs: object.pointer("/status/active").and_then(Value::as_array).map_or(0, Vec::len),
            failure: failure.map(str::to_owned),
            trouble: None,
        }
    }
}

impl PodTrouble {
    /// Reads a stored pod; none when nothing is the matter.
    pub fn read(pod: &Value) -> Option<Self> {
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let list = |pointer: &str| pod.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
        let waiting = list("/status/containerStatuses").find_map(|status| {
            let waiting = status.pointer("/state/waiting")?;
            // These two are the way of every healthy start.
            let reason = text(waiting, "reason").filter(|r| r != "ContainerCreating" && r != "PodInitializing")?;
            Some(Self { reason, message: text(waiting, "message").unwrap_or_default() })
        });
        let unscheduled = || {
            list("/status/conditions").find_map(|condition| {
                let reason = text(condition, "reason").filter(|reason| reason == "Unschedulable")?;
                Some(Self { reason, message: text(condition, "message").unwrap_or_default() })
            })
        };
        waiting.or_else(unscheduled)
    }
}

/// What matters of an HTTPRoute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RouteFound {
    /// Whether the gateway accepted its latest generation; none: it has not looked yet.
    pub accepted: Option<bool>,
    /// What the gateway says.
    pub message: String,
}

impl RouteFound {
    /// Reads a stored HTTPRoute.
    pub fn read(object: &Value) -> Self {
        let list = |pointer: &str| object.pointer(pointer).and_then(Value::as_array);
        let parents = list("/status/parents").into_iter().flatten();
        let conditions: Vec<_> = parents.flat_map(|parent| current_conditions(object, parent)).collect();
        // Others speak of matters that do not keep requests out.
        let matters = |condition: &&Value| matches!(text(condition, "type"), "Accepted" | "ResolvedRefs");
        let no = conditions.iter().copied().filter(matters).find(|condition| text(condition, "status") != "True");
        if let Some(no) = no {
            return Self { accepted: Some(false), message: text(no, "message").to_owned() };
        }
        // Every listener that it names must have answered.
        let wanted = list("/spec/parentRefs").map_or(1, Vec::len).max(1);
        let accepted = conditions.iter().filter(|condition| text(condition, "type") == "Accepted").count();
        Self { accepted: (accepted >= wanted).then_some(true), message: String::new() }
    }
}

/// What matters of a ListenerSet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListenersFound {
    /// Whether the gateway serves its latest generation; none: it has not said so yet.
    pub served: Option<bool>,
    /// What the gateway says, and of which host.
    pub message: String,
}

impl ListenersFound {
    /// Reads a stored ListenerSet.
    pub fn read(object: &Value) -> Self {
        let status = object.get("status").unwrap_or(&Value::Null);
        let listeners = status.get("listeners").and_then(Value::as_array).into_iter().flatten();
        let whole = std::iter::once(("", status));
        let parts: Vec<_> = whole.chain(listeners.map(|listener| (text(listener, "name"), listener))).collect();
        for (name, part) in &parts {
            let refuses = |condition: &&Value| {
                matches!(text(condition, "type"), "Accepted" | "ResolvedRefs") && text(condition, "status") == "False"
            };
            if let Some(no) = current_conditions(object, part).find(refuses) {
                let colon = if name.is_empty() { "" } else { ": " };
                return Self { served: Some(false), message: format!("{name}{colon}{}", text(no, "message")) };
            }
        }
        let programmed =
            |condition: &Value| text(condition, "type") == "Programmed" && text(condition, "status") == "True";
        let served = parts.iter().all(|(_, part)| current_conditions(object, part).any(programmed));
        Self { served: served.then_some(true), message: String::new() }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The conditions of a part of an object's status that speak of its latest generation.
fn current_conditions<'a>(object: &Value, part: &'a Value) -> impl Iterator<Item = &'a Value> {
    let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
    let conditions = part.get("conditions").and_then(Value::as_array).into_iter().flatten();
    conditions.filter(move |condition| condition.get("observedGeneration").and_then(Value::as_i64) >= generation)
}

/// A world made of declarations alone, for `yipan plan` and the golden cases.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// The one Platform.
    pub platform: Option<Arc<Platform>>,
    /// Tenants by name.
    pub tenants: BTreeMap<String, Arc<Tenant>>,
    /// Blueprints by name.
    pub blueprints: BTreeMap<String, Arc<Blueprint>>,
    /// Apps by namespace and name.
    pub apps: BTreeMap<(String, String), Arc<App>>,
    /// Blueprints that are stored and cannot be read, by name.
    pub unreadable_blueprints: BTreeSet<String>,
    /// Apps that are stored and cannot be read, by namespace and name.
    pub unreadable: BTreeSet<(String, String)>,
    /// Namespaces that exist already.
    pub namespaces: BTreeMap<String, NamespaceFound>,
    /// The tenants' ResourceQuotas that exist already, by namespace.
    pub quotas: BTreeMap<String, QuotaFound>,
    /// Workloads that exist already.
    pub workloads: BTreeMap<(String, String), WorkloadFound>,
    /// Routes that exist already.
    pub routes: BTreeMap<(String, String), RouteFound>,
    /// ListenerSets that exist already, by name.
    pub listeners: BTreeMap<String, ListenersFound>,
}

fn key(namespace: &str, name: &str) -> (String, String) {
    (namespace.to_owned(), name.to_owned())
}

impl World for Declared {
    fn platform(&self) -> Option<Arc<Platform>> {
        self.platform.clone()
    }

    fn tenant(&self, name: &str) -> Option<Arc<Tenant>> {
        self.tenants.get(name).cloned()
    }

    fn tenants_of_division(&self, significant: &str) -> Vec<Arc<Tenant>> {
        self.tenants.values().filter(|tenant| tenant.spec.division.significant() == significant).cloned().collect()
    }

    fn successors(&self, predecessor: &str) -> Vec<Arc<Tenant>> {
        let names = |tenant: &&Arc<Tenant>| tenant.spec.supersedes.iter().flatten().any(|name| **name == *predecessor);
        self.tenants.values().filter(names).cloned().collect()
    }

    fn tenants_of_host(&self, host: &str) -> Vec<Arc<Tenant>> {
        let names = |tenant: &&Arc<Tenant>| tenant.spec.hosts.iter().any(|named| *named.host == *host);
        self.tenants.values().filter(names).cloned().collect()
    }

    fn tenants_of_id(&self, id: &str) -> Vec<Arc<Tenant>> {
        let carries = |name: &str| self.namespaces.get(name).is_some_and(|found| found.id.as_deref() == Some(id));
        let has = |tenant: &&Arc<Tenant>| metadata::id(tenant.as_ref()) == id || carries(&tenant.name_any());
        self.tenants.values().filter(has).cloned().collect()
    }

    fn children(&self, parent: &str) -> Vec<String> {
        let below = |tenant: &&Arc<Tenant>| tenant.spec.parent.as_ref().is_some_and(|name| name.as_str() == parent);
        self.tenants.values().filter(below).map(|tenant| tenant.name_any()).collect()
    }

    fn app(&self, namespace: &str, name: &str) -> Option<Arc<App>> {
        self.apps.get(&key(namespace, name)).cloned()
    }

    fn is_unreadable(&self, namespace: &str, name: &str) -> bool {
        self.unreadable.contains(&key(namespace, name))
    }

    fn blueprint(&self, name: &str) -> Option<Arc<Blueprint>> {
        self.blueprints.get(name).cloned()
    }

    fn is_blueprint_unreadable(&self, name: &str) -> bool {
        self.unreadable_blueprints.contains(name)
    }

    fn apps_of(&self, blueprint: &str) -> Vec<String> {
        let of = |app: &Arc<App>| app.spec.blueprint.as_ref().is_some_and(|name| **name == *blueprint);
        self.apps.iter().filter(|(_, app)| of(app)).map(|((place, name), _)| format!("{place}/{name}")).collect()
    }

    fn apps(&self, namespace: &str) -> Vec<String> {
        let from = self.apps.range(key(namespace, "")..);
        from.take_while(|((place, _), _)| place == namespace).map(|((_, name), _)| name.clone()).collect()
    }

    fn blueprints_of(&self, owner: &str) -> Vec<String> {
        let of = |blueprint: &&Arc<Blueprint>| *blueprint.spec.owner == *owner;
        self.blueprints.values().filter(of).map(|blueprint| blueprint.name_any()).collect()
    }

    fn namespace(&self, name: &str) -> Option<NamespaceFound> {
        self.namespaces.get(name).cloned()
    }

    fn quota(&self, namespace: &str) -> Option<QuotaFound> {
        self.quotas.get(namespace).cloned()
    }

    fn workload(&self, namespace: &str, name: &str) -> Option<WorkloadFound> {
        self.workloads.get(&key(namespace, name)).cloned()
    }

    fn route(&self, namespace: &str, name: &str) -> Option<RouteFound> {
        self.routes.get(&key(namespace, name)).cloned()
    }

    fn listeners(&self, tenant: &str, gateway: &str) -> Option<ListenersFound> {
        self.listeners.get(&metadata::listener_set_name(tenant, gateway)).cloned()
    }
}
