//! An object that no longer fits its schema harms only itself: its own status says so.

use jiff::Timestamp;
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::ApiResource;
use kube::core::error_boundary::InvalidObject;
use kube::{Api, Resource, ResourceExt as _};
use serde_json::{Value, json};
use yipan_core::drift::MANAGER;
use yipan_core::kinds::Condition;
use yipan_core::plan::conditions::{self, Finding};

use super::super::caches::Guarded;
use super::super::context::Shared;
use super::super::error::{ERROR_LIMIT_BYTES, Error, cut};
use super::super::events::Act;
use super::super::fair_queue::Action;
use super::outcome;

const REASON: &str = "Unreadable";

/// Says on the object that it cannot be read, and waits for it to change.
///
/// # Errors
/// The API server rejects the status, or is away.
pub async fn report<K>(shared: &Shared, object: &Guarded<K>, invalid: &InvalidObject) -> Result<Action, Error>
where
    K: Resource<DynamicType = ()> + Clone,
{
    let name = invalid.metadata.name.clone().unwrap_or_default();
    let resource = ApiResource::erase::<K>(&());
    let api: Api<DynamicObject> = match &invalid.metadata.namespace {
        Some(namespace) => Api::namespaced_with(shared.client.clone(), namespace, &resource),
        None => Api::all_with(shared.client.clone(), &resource),
    };
    let why = cut(&invalid.error, ERROR_LIMIT_BYTES / 2);
    let message = format!("the stored object does not fit its schema ({why}); correct it with `kubectl edit`");
    let failed = |error| Error::of_write(&format!("the status of {}", outcome::name(object)), error);
    let stored = match api.get_opt(&name).await.map_err(failed)? {
        Some(stored) => stored,
        None => return Ok(Action::await_change()),
    };
    let ready = |condition: &&Value| condition["type"] == "Ready";
    let old =
        stored.data.pointer("/status/conditions").and_then(Value::as_array).and_then(|all| all.iter().find(ready));
    if old.is_some_and(|old| old["reason"] == REASON && old["message"] == message.as_str()) {
        return Ok(Action::await_change());
    }
    let patch = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "metadata": { "resourceVersion": stored.resource_version() },
        "status": status(&stored.data["status"], invalid.metadata.generation, &message),
    });
    shared.metrics.writes.with_label_values(&[&K::kind(&()), "status"]).inc();
    api.patch_status(&name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(patch)).await.map_err(failed)?;
    shared.events.warn(object, Act::Check, REASON, &message).await;
    Ok(Action::await_change())
}

/// The status there was, with another Ready: what it says of the namespace, the id and the layers
/// still holds, and an apply would remove what it leaves out.
fn status(stored: &Value, generation: Option<i64>, message: &str) -> Value {
    let mut status = stored.as_object().cloned().unwrap_or_default();
    let all: Vec<Condition> = serde_json::from_value(stored["conditions"].clone()).unwrap_or_default();
    let ready = conditions::dated(vec![Finding::no("Ready", REASON, message)], &all, generation, Timestamp::now());
    let others = all.into_iter().filter(|condition| condition.type_ != "Ready");
    status.insert("conditions".to_owned(), json!(others.chain(ready).collect::<Vec<_>>()));
    status.insert("observedGeneration".to_owned(), json!(generation));
    Value::Object(status)
}
