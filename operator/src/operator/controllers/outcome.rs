//! What every controller does after a pass: count it, write the status if it says anything new,
//! and tell people of what they have to know.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::ApiResource;
use kube::{Api, Resource, ResourceExt as _};
use serde_json::json;
use yipan_core::drift::MANAGER;
use yipan_core::plan::{Outcome, Refusal, conditions, labels};

use super::super::context::{Answered, Shared};
use super::super::error::Error;
use super::super::events::Act;

/// An object's kind, namespace and name, for logs and counts.
pub fn name<K: Resource<DynamicType = ()>>(object: &K) -> String {
    match object.namespace() {
        Some(namespace) => format!("{} {namespace}/{}", K::kind(&()), object.name_any()),
        None => format!("{} {}", K::kind(&()), object.name_any()),
    }
}

/// The outcome that conditions speak of.
pub fn of<T>(pass: &Result<T, Error>) -> Outcome {
    match pass {
        Ok(_) => Outcome::Done,
        Err(Error::Refused(refusal)) => Outcome::Refused(refusal.clone()),
        Err(error) => Outcome::Stopped(error.stop()),
    }
}

/// How long a declaration may wait for another one that is applied along with it.
const YOUNG_SECONDS: i64 = 3;

/// How long one that was never told anything waits without a word for another that is there and whose turn
/// comes first. Where a whole province is applied at once that is longer than a moment, and a word to each
/// that waits would make all of them wait longer.
const IN_LINE_SECONDS: i64 = 30;

/// Whether a failure is too young to be told: a write that lost a race, an API server that did not
/// answer once, or a county that came a moment before its city. Most are over before anybody has
/// read of them.
pub fn is_brief<K: Answered, T>(shared: &Shared, object: &K, pass: &Result<T, Error>) -> bool {
    let age = || {
        let made = object.meta().creation_timestamp.as_ref().map_or(0, |made| made.0.as_second());
        Timestamp::now().as_second() - made
    };
    match pass {
        Err(Error::Conflict { .. }) => true,
        Err(Error::Unavailable { .. }) => shared.failures.so_far(&name(object)) < 2,
        Err(Error::Refused(refusal)) if refusal.waits_its_turn() && object.answer().is_none() => {
            age() < IN_LINE_SECONDS
        }
        // A parent decides within moments.
        Err(Error::Refused(Refusal::QuotaPending { .. })) => shared.failures.so_far(&name(object)) < 3,
        Err(Error::Refused(refusal)) if refusal.waits_for_another() => age() < YOUNG_SECONDS,
        _ => false,
    }
}

/// Counts a pass by how it ended; one that merely lost a race comes again.
pub fn count<K: Resource<DynamicType = ()>, T>(shared: &Shared, object: &K, pass: &Result<T, Error>) {
    if let Err(Error::Conflict { .. }) = pass {
        return;
    }
    let result = pass.as_ref().err().map_or("done", Error::reason);
    shared.metrics.passes.with_label_values(&[&K::kind(&()), result]).inc();
    if pass.is_ok() {
        shared.failures.forget(&name(object));
    }
}

/// Writes a status if it says anything new, and tells people if they have to know.
///
/// It goes by server-side apply. The resourceVersion goes along, so that a leader who no longer is
/// one, or who decided on an older declaration, gets a conflict.
///
/// # Errors
/// The API server rejects it, or is away.
pub async fn save<K: Answered>(shared: &Shared, api: &Api<K>, object: &K, status: K::Status) -> Result<(), Error> {
    if object.answer().cloned().unwrap_or_default() == status {
        return Ok(());
    }
    put(shared, api, object, status).await
}

/// Writes a status even if it says nothing new: whoever decided on an older state is told so.
///
/// # Errors
/// The API server rejects it, or is away.
pub async fn put<K: Answered>(shared: &Shared, api: &Api<K>, object: &K, status: K::Status) -> Result<(), Error> {
    let old = object.answer().cloned().unwrap_or_default();
    let patch = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "metadata": { "resourceVersion": object.resource_version(), "uid": object.uid() },
        "status": status,
    });
    shared.metrics.writes.with_label_values(&[&K::kind(&()), "status"]).inc();
    let params = PatchParams::apply(MANAGER).force();
    match api.patch_status(&object.name_any(), &params, &Patch::Apply(patch)).await {
        Ok(written) => drop(K::newest(shared).record(written)),
        Err(kube::Error::Api(status)) if status.is_not_found() => return Ok(()), // deleted meanwhile
        Err(error) => return Err(Error::of_write(&format!("the status of {}", name(object)), error)),
    }
    tell(shared, object, K::conditions(&old), K::conditions(&status)).await;
    Ok(())
}

/// Tells people, once, when `Ready` turns to a state in which somebody has to act, and when it
/// turns back. The way from creation to the first Ready is not worth an event.
async fn tell<K: Resource<DynamicType = ()>>(shared: &Shared, object: &K, old: &[Condition], new: &[Condition]) {
    tell_of_pause(shared, object, old, new).await;
    let ready = |conditions: &[Condition]| conditions::find(conditions, "Ready").cloned();
    let (before, Some(now)) = (ready(old), ready(new)) else { return };
    let waits = [
        "Progressing",
        "RoutePending",
        "ListenerPending",
        "TenantNotFenced",
        "OwnerNotAccepted",
        "OwnerNotFenced",
        "OwnerNotReady",
        "NamespaceTerminating",
        "StillRunning",
        "Retiring",
        "Lowering",
        "QuotaPending",
        "Unavailable",
        "Conflict",
    ];
    if before.as_ref().is_some_and(|before| before.reason == now.reason) || waits.contains(&now.reason.as_str()) {
        return;
    }
    if now.status != "True" {
        shared.events.warn(object, Act::Check, &now.reason, &now.message).await;
    } else if before.is_some_and(|before| !waits.contains(&before.reason.as_str())) {
        shared.events.note(object, Act::Apply, "Ready", "ready").await;
    }
}

/// Tells of a pause's beginning and end, on the object that declares it: what is below it has the
/// condition, and may be a whole province.
async fn tell_of_pause<K: Resource<DynamicType = ()>>(
    shared: &Shared,
    object: &K,
    old: &[Condition],
    new: &[Condition],
) {
    let here = |condition: &&Condition| condition.message.starts_with("this ") || K::kind(&()) == "Platform";
    let holds = |condition: &&Condition| condition.status == "True" && here(condition);
    let paused = |conditions: &[Condition]| conditions::find(conditions, "Paused").filter(holds).cloned();
    match (paused(old), paused(new)) {
        (None, Some(pause)) => shared.events.note(object, Act::Hold, "Paused", &pause.message).await,
        (Some(_), None) => shared.events.note(object, Act::Hold, "Resumed", "the pause is over").await,
        _ => {}
    }
}

/// Takes one of our finalizers off, where it is there. What cannot be read can be let go as well.
///
/// # Errors
/// Somebody wrote in between, the API server rejects it, or is away.
pub async fn release<K: Resource<DynamicType = ()>>(shared: &Shared, object: &K, finalizer: &str) -> Result<(), Error> {
    if !object.finalizers().iter().any(|held| held == finalizer) {
        return Ok(());
    }
    let resource = ApiResource::erase::<K>(&());
    let api: Api<DynamicObject> = match object.namespace() {
        Some(namespace) => Api::namespaced_with(shared.client.clone(), &namespace, &resource),
        None => Api::all_with(shared.client.clone(), &resource),
    };
    let others: Vec<&String> = object.finalizers().iter().filter(|held| *held != finalizer).collect();
    let patch = json!({ "metadata": { "resourceVersion": object.resource_version(), "finalizers": others } });
    let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..Default::default() };
    shared.metrics.writes.with_label_values(&[&K::kind(&()), "metadata"]).inc();
    match api.patch(&object.name_any(), &params, &Patch::Merge(patch)).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        Err(error) => Err(Error::of_write(&name(object), error)),
    }
}

/// Marks an object with its id and, where asked, a finalizer, in one write before anything else.
///
/// # Errors
/// The API server rejects it, or is away.
pub async fn mark<K: Answered>(
    shared: &Shared,
    api: &Api<K>,
    object: Arc<K>,
    id: &str,
    finalizer: Option<&str>,
) -> Result<Arc<K>, Error> {
    let labelled = object.labels().get(labels::ID).is_some_and(|label| label == id);
    let held = finalizer.is_none_or(|wanted| object.finalizers().iter().any(|held| held == wanted));
    if labelled && held {
        return Ok(object);
    }
    let finalizers: Vec<String> = match finalizer {
        Some(wanted) if !held => object.finalizers().iter().cloned().chain([wanted.to_owned()]).collect(),
        _ => object.finalizers().to_vec(),
    };
    let patch = json!({ "metadata": {
        "resourceVersion": object.resource_version(),
        "labels": { labels::ID: id },
        "finalizers": finalizers,
    }});
    shared.metrics.writes.with_label_values(&[&K::kind(&()), "metadata"]).inc();
    let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..Default::default() };
    let written = api.patch(&object.name_any(), &params, &Patch::Merge(patch)).await;
    let written = written.map_err(|error| Error::of_write(&name(object.as_ref()), error))?;
    Ok(K::newest(shared).record(written))
}
