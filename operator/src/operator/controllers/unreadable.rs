//! An object that no longer fits its schema harms only itself: its own status says so.

use jiff::Timestamp;
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::ApiResource;
use kube::core::error_boundary::InvalidObject;
use kube::runtime::controller::Action;
use kube::{Api, Resource};
use serde_json::{Value, json};
use yipan_core::drift::MANAGER;
use yipan_core::plan::conditions::{self, Finding};

use super::super::caches::Guarded;
use super::super::context::Shared;
use super::super::error::{ERROR_LIMIT_BYTES, Error, cut};
use super::super::events::Act;
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
    let finding = Finding::no("Ready", REASON, message.clone());
    let generation = invalid.metadata.generation;
    let conditions = conditions::dated(vec![finding], &[], generation, Timestamp::now());
    let patch = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "status": { "observedGeneration": generation, "conditions": conditions },
    });
    shared.metrics.writes.with_label_values(&[&K::kind(&()), "status"]).inc();
    api.patch_status(&name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(patch)).await.map_err(failed)?;
    shared.events.warn(object, Act::Check, REASON, &message).await;
    Ok(Action::await_change())
}
