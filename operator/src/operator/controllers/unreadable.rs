//! An object that no longer fits its schema harms only itself: its own status says so.

use jiff::Timestamp;
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::ApiResource;
use kube::{Api, Resource, ResourceExt as _};
use serde_json::{Value, json};
use yipan_core::drift::MANAGER;
use yipan_core::kinds::Condition;
use yipan_core::plan::conditions::{self, Finding};

use super::super::caches::{Guarded, Unread};
use super::super::context::Shared;
use super::super::error::{ERROR_LIMIT_BYTES, Error, cut};
use super::super::events::Act;
use super::super::fair_queue::Action;
use super::outcome;

const REASON: &str = "Unreadable";

/// What an object says beyond that it cannot be read.
#[derive(Default)]
pub struct Says {
    /// What was found of it all the same.
    pub findings: Vec<Finding>,
    /// The conditions that hold no longer, unless they were found.
    pub no_more: &'static [&'static str],
}

/// Says on the object that it cannot be read, and waits for it to change.
///
/// # Errors
/// The API server rejects the status, or is away.
pub async fn report<K>(shared: &Shared, object: &Guarded<K>, unread: &Unread, says: &Says) -> Result<Action, Error>
where
    K: Resource<DynamicType = ()> + Clone,
{
    let name = unread.metadata.name.clone().unwrap_or_default();
    let resource = ApiResource::erase::<K>(&());
    let api: Api<DynamicObject> = match &unread.metadata.namespace {
        Some(namespace) => Api::namespaced_with(shared.client.clone(), namespace, &resource),
        None => Api::all_with(shared.client.clone(), &resource),
    };
    let why = cut(&unread.error, ERROR_LIMIT_BYTES / 2);
    let message = format!("the stored object does not fit its schema ({why}); correct it with `kubectl edit`");
    let failed = |error| Error::of_write(&format!("the status of {}", outcome::name(object)), error);
    let stored = match api.get_opt(&name).await.map_err(failed)? {
        Some(stored) => stored,
        None => return Ok(Action::await_change()),
    };
    let all: Vec<Condition> = serde_json::from_value(stored.data["status"]["conditions"].clone()).unwrap_or_default();
    let conditions = conditions(&all, unread.metadata.generation, &message, says);
    if all == conditions {
        return Ok(Action::await_change());
    }
    let status = status(&stored.data["status"], unread.metadata.generation, &conditions);
    let patch = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "metadata": { "resourceVersion": stored.resource_version() },
        "status": status,
    });
    shared.metrics.writes.with_label_values(&[&K::kind(&()), "status"]).inc();
    api.patch_status(&name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(patch)).await.map_err(failed)?;
    let told =
        |all: &[Condition]| conditions::find(all, "Ready").map(|ready| (ready.reason.clone(), ready.message.clone()));
    if told(&all) != told(&conditions) {
        shared.events.warn(object, Act::Check, REASON, &message).await;
    }
    Ok(Action::await_change())
}

/// The status there was, with these conditions: what it says of the namespace, the id and the layers
/// still holds, and an apply would remove what it leaves out.
fn status(stored: &Value, generation: Option<i64>, conditions: &[Condition]) -> Value {
    let mut status = stored.as_object().cloned().unwrap_or_default();
    status.insert("conditions".to_owned(), json!(conditions));
    status.insert("observedGeneration".to_owned(), json!(generation));
    Value::Object(status)
}

/// The conditions there were, with another Ready and what was found.
fn conditions(old: &[Condition], generation: Option<i64>, message: &str, says: &Says) -> Vec<Condition> {
    let findings = says.findings.iter().cloned().chain([Finding::no("Ready", REASON, message)]).collect();
    let said = conditions::dated(findings, old, generation, Timestamp::now());
    let over = |type_: &str| says.no_more.contains(&type_) || conditions::find(&said, type_).is_some();
    let others: Vec<Condition> = old.iter().filter(|condition| !over(&condition.type_)).cloned().collect();
    others.into_iter().chain(said).collect()
}
