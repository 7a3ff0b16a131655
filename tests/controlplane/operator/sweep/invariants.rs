//! What holds at every instant, whoever dies when.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::recorder::{Key, Seen};

/// What stands between tenants; nobody and nothing comes in before all of it.
const FENCE: [(&str, &str); 3] =
    [("NetworkPolicy", "yipan--fence"), ("ResourceQuota", "yipan--quota"), ("LimitRange", "yipan--limits")];

/// How often each invariant was asked.
#[derive(Debug, Default)]
pub struct Asked {
    /// Rights that came.
    pub rights: usize,
    /// Objects of Apps that came.
    pub children: usize,
    /// Statuses that say Ready.
    pub ready: usize,
    /// Figures of a tenant.
    pub figures: usize,
}

/// What there was at a moment.
type World = BTreeMap<Key, Arc<Value>>;

/// Walks through all that was seen. Returns how much was asked, and every breach.
pub fn walk(all: &[Seen]) -> (Asked, Vec<String>) {
    let (mut world, mut asked, mut breaches) = (World::new(), Asked::default(), Vec::new());
    for seen in all {
        if let Some(object) = &seen.object {
            let before = world.get(&seen.key).cloned();
            // What comes and what changes is judged by what there is besides it at that moment.
            let found = judge(&world, &seen.key, before.as_deref(), object, &mut asked);
            breaches.extend(found.into_iter().map(|breach| format!("at {}: {breach}", seen.version)));
            world.insert(seen.key.clone(), Arc::clone(object));
            if matches!(seen.key.0.as_str(), "Tenant" | "ResourceQuota") {
                asked.figures += 1;
                breaches.extend(overdrawn(&world, &seen.key.1).map(|breach| format!("at {}: {breach}", seen.version)));
            }
        } else {
            world.remove(&seen.key);
        }
    }
    (asked, breaches)
}

fn judge(world: &World, key: &Key, before: Option<&Value>, object: &Value, asked: &mut Asked) -> Vec<String> {
    let (kind, place, name) = key;
    let mut breaches = Vec::new();
    if kind == "RoleBinding" {
        asked.rights += 1;
        breaches.extend(unfenced(world, place).map(|gap| format!("rights {place}/{name} without {gap}")));
    }
    if before.is_none() && object["metadata"]["ownerReferences"][0]["kind"] == "App" {
        asked.children += 1;
        breaches.extend(unfenced(world, place).map(|gap| format!("{kind} {place}/{name} without {gap}")));
    }
    let declared = kind == "Tenant" || kind == "App";
    let said = |object: &Value| object["status"]["conditions"].clone();
    if declared && before.is_none_or(|before| said(before) != said(object)) && is_ready(object) {
        asked.ready += 1;
        breaches.extend(untrue(world, kind, place, object).map(|why| format!("{kind} {place}/{name} is Ready: {why}")));
    }
    breaches
}

/// What a namespace's fence lacks.
fn unfenced(world: &World, place: &str) -> Option<String> {
    let get = |kind: &str, name: &str| world.get(&(kind.to_owned(), place.to_owned(), name.to_owned()));
    let namespace = get("Namespace", place)?;
    if namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] != "restricted" {
        return Some("Pod Security".to_owned());
    }
    let missing = FENCE.iter().find(|(kind, name)| get(kind, name).is_none());
    missing.map(|(kind, name)| format!("{kind} {name}"))
}

fn ready(object: &Value) -> Option<&Value> {
    object["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == "Ready")
}

fn is_ready(object: &Value) -> bool {
    ready(object).is_some_and(|ready| ready["status"] == "True")
}

/// Why an object that says it is Ready is not.
fn untrue(world: &World, kind: &str, place: &str, object: &Value) -> Option<String> {
    let generation = &object["metadata"]["generation"];
    let observed = ready(object).map(|ready| &ready["observedGeneration"]);
    if &object["status"]["observedGeneration"] != generation || observed != Some(generation) {
        return Some(format!("observed {} of {generation}", object["status"]["observedGeneration"]));
    }
    let wanted = if kind == "Tenant" { of_tenant(object) } else { of_app(object) };
    let missing = wanted.into_iter().find(|(kind, name)| {
        !world.contains_key(&((*kind).to_owned(), place.to_owned(), name.clone().unwrap_or_else(|| place.to_owned())))
    });
    missing.map(|(kind, name)| format!("{kind} {} is missing", name.as_deref().unwrap_or(place)))
}

/// What a tenant consists of, by its declaration alone; no name means the namespace's own.
fn of_tenant(tenant: &Value) -> Vec<(&'static str, Option<String>)> {
    let mut wanted = vec![("Namespace", None), ("ServiceAccount", Some("default".to_owned()))];
    wanted.extend(FENCE.map(|(kind, name)| (kind, Some(name.to_owned()))));
    for (field, name) in [("administrators", "yipan--admins"), ("viewers", "yipan--viewers")] {
        if tenant["spec"][field].as_array().is_some_and(|members| !members.is_empty()) {
            wanted.push(("RoleBinding", Some(name.to_owned())));
        }
    }
    wanted
}

/// What an App consists of, by its declaration alone.
fn of_app(app: &Value) -> Vec<(&'static str, Option<String>)> {
    let name = app["metadata"]["name"].as_str().expect("a name").to_owned();
    let (spec, port) = (&app["spec"], &app["spec"]["workload"]["port"]);
    let mut wanted = vec![("ServiceAccount", name.clone()), ("Deployment", name.clone())];
    if !port.is_null() {
        wanted.push(("Service", name.clone()));
    }
    if !spec["entry"].is_null() {
        wanted.extend([("HTTPRoute", name.clone()), ("NetworkPolicy", format!("{name}--entry"))]);
    }
    if spec["workload"]["replicas"].as_u64().is_some_and(|replicas| replicas > 1) {
        wanted.push(("PodDisruptionBudget", name.clone()));
    }
    for uses in spec["network"]["uses"].as_array().into_iter().flatten() {
        wanted.push(("NetworkPolicy", format!("{name}--uses-{}", uses["name"].as_str().expect("a name"))));
    }
    for serves in spec["network"]["serves"].as_array().into_iter().flatten() {
        wanted.push(("NetworkPolicy", format!("{name}--serves-{}", serves["port"])));
    }
    wanted.into_iter().map(|(kind, name)| (kind, Some(name))).collect()
}

/// How a tenant has or has given more than it was granted, in processors: what its namespace may use,
/// and what it gave to the tenants below it. What those say was granted to them is no more either.
fn overdrawn(world: &World, place: &str) -> Option<String> {
    let get = |kind: &str, place: &str, name: &str| world.get(&(kind.to_owned(), place.to_owned(), name.to_owned()));
    let cpu = |figure: &Value| figure.as_str().map(|text| text.parse::<u64>().expect("whole processors"));
    let tenant = get("Tenant", place, place)?;
    let total = cpu(&tenant["status"]["granted"]["total"]["cpu"])?;
    let hard =
        get("ResourceQuota", place, "yipan--quota").and_then(|quota| cpu(&quota["spec"]["hard"]["requests.cpu"]));
    let own = hard.unwrap_or(0);
    let given = |tenant: &Value| tenant["status"]["allocations"].as_array().cloned().unwrap_or_default();
    let below: u64 = given(tenant).iter().filter_map(|allocation| cpu(&allocation["amounts"]["cpu"])).sum();
    if own + below > total {
        return Some(format!("{place} has {own} and gave {below} of {total} processors"));
    }
    let parent = tenant["spec"]["parent"].as_str()?;
    let granted = given(get("Tenant", parent, parent)?);
    let granted = granted.iter().find(|allocation| allocation["name"] == place);
    let granted = granted.and_then(|allocation| cpu(&allocation["amounts"]["cpu"])).unwrap_or(0);
    (total > granted).then(|| format!("{place} says it has {total} processors, {parent} gave it {granted}"))
}
