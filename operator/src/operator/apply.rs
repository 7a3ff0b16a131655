//! The only writer of what Yipan makes. An object that is already as it should be is not written.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use kube::Api;
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams, Preconditions};
use kube::core::ApiResource;
use serde_json::{Value, json};
use yipan_core::drift::{self, Digest, MANAGER};
use yipan_core::plan::{Kind, Object, labels, metadata};

use super::caches::{Child, Key};
use super::context::Shared;
use super::error::Error;

/// A version that no object has: with it an apply makes what is not there, and is refused with 409
/// where there is anything.
const NO_VERSION: &str = "1";

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It was as it should be.
    Unchanged,
    /// It was made, or brought to a changed declaration.
    Applied,
    /// Somebody else had changed or removed it.
    Restored,
}

/// What was applied last, by namespace, kind and name.
#[derive(Default)]
pub struct Memory {
    applied: Mutex<HashMap<(String, Key), Applied>>,
}

#[derive(Debug, Clone, Copy)]
struct Applied {
    desired: Digest,
    /// What is stored after the write, where that differs from what was asked: something in the
    /// cluster rewrites it on the way in, and asking again would go on for ever.
    settled: Option<(Option<Digest>, bool)>,
}

impl Memory {
    fn get(&self, namespace: &str, key: &Key) -> Option<Applied> {
        let applied = self.applied.lock().unwrap_or_else(PoisonError::into_inner);
        applied.get(&(namespace.to_owned(), key.clone())).copied()
    }

    fn set(&self, namespace: &str, key: &Key, state: Applied) {
        let mut applied = self.applied.lock().unwrap_or_else(PoisonError::into_inner);
        applied.insert((namespace.to_owned(), key.clone()), state);
    }

    /// Forgets one object, once nothing declares it any more.
    pub fn forget(&self, namespace: &str, key: &Key) {
        self.applied.lock().unwrap_or_else(PoisonError::into_inner).remove(&(namespace.to_owned(), key.clone()));
    }

    /// Forgets all a namespace held, once it is gone.
    pub fn forget_namespace(&self, namespace: &str) {
        let mut applied = self.applied.lock().unwrap_or_else(PoisonError::into_inner);
        applied.retain(|(place, _), _| place != namespace);
    }
}

impl Shared {
    /// Brings one object to what it should be.
    ///
    /// # Errors
    /// Somebody else's object has the name, the API server rejects it, or is away.
    pub async fn apply(&self, object: &Object) -> Result<Written, Error> {
        let namespace = place(object);
        let key = (object.kind, object.name.clone());
        let desired = drift::desired(&object.value);
        let before = self.caches.children.get(namespace, object.kind, &object.name);
        let memory = self.memory.get(namespace, &key).filter(|applied| applied.desired == desired);
        if before.as_ref().is_some_and(|child| is_as_desired(child, desired, memory)) {
            self.metrics.unchanged.with_label_values(&[object.kind.as_str()]).inc();
            if memory.is_none() {
                // Known from now on: should it differ later, somebody else did it.
                self.memory.set(namespace, &key, Applied { desired, settled: None });
            }
            return Ok(Written::Unchanged);
        }
        let after = match object.kind {
            Kind::Namespace => self.write_namespace(object, before.as_ref()).await?,
            _ => self.write(object, desired, before.as_ref()).await?,
        };
        let differs = after.digest != Some(desired) || after.foreign;
        if differs {
            tracing::warn!(%object, "something in the cluster rewrites this object; it is left as it is stored");
        }
        let settled = differs.then_some((after.digest, after.foreign));
        self.memory.set(namespace, &key, Applied { desired, settled });
        drop(self.caches.children.record(namespace, key, after)); // our own doing is no news
        if memory.is_none() {
            return Ok(Written::Applied);
        }
        self.metrics.restored.with_label_values(&[object.kind.as_str()]).inc();
        Ok(Written::Restored)
    }

    /// Applies an object by server-side apply, with the version that was seen, so that a leader who no
    /// longer is one cannot put an older state over its successor's. Where nothing was seen it is made
    /// if there still is nothing; what there is by then is somebody else's, or a successor's.
    async fn write(&self, object: &Object, desired: Digest, before: Option<&Child>) -> Result<Child, Error> {
        let version = match before {
            Some(child) => json!(child.version.to_string()),
            // Kubernetes makes this one by itself, sooner or later; what is said of it never changes.
            None if (object.kind, object.name.as_str()) == (Kind::ServiceAccount, "default") => Value::Null,
            None => json!(NO_VERSION),
        };
        let answer = self.patch(object, version).await;
        let stored = match answer {
            Err(kube::Error::Api(status)) if status.is_conflict() && before.is_none() => self.retake(object).await?,
            Err(kube::Error::Api(status))
                if status.is_invalid() && is_immutable(&status.message) && before.is_some() =>
            {
                self.remake(object, before).await?
            }
            answer => answer.map_err(|error| Error::of_write(&object.to_string(), error))?,
        };
        let child = child(object, &stored)?;
        if child.digest == Some(desired) && !child.foreign {
            return Ok(child);
        }
        // What somebody added is not removed by an apply; replacing the object does.
        let version = stored.pointer("/metadata/resourceVersion").cloned().unwrap_or(Value::Null);
        let stored =
            self.replace(object, version).await.map_err(|error| Error::of_write(&object.to_string(), error))?;
        self::child(object, &stored)
    }

    /// An object of that name exists: ours, unknown to the cache as yet, or somebody else's.
    async fn retake(&self, object: &Object) -> Result<Value, Error> {
        let found = self.api(object).get_opt(&object.name).await;
        let found = found.map_err(|error| Error::of_write(&object.to_string(), error))?;
        // It has gone meanwhile, or was never there: the next pass finds out.
        let seen_soon = || Error::Conflict { object: object.to_string() };
        let found = found.ok_or_else(seen_soon)?;
        let found = serde_json::to_value(found).unwrap_or(Value::Null);
        let label = format!("/metadata/labels/{}", labels::MANAGED_BY.replace('/', "~1"));
        let labelled = found.pointer(&label).and_then(Value::as_str) == Some(labels::YIPAN);
        if labelled {
            return Err(seen_soon()); // and then decided on anew: it may be that of a successor
        }
        if drift::stored(&found).digest.is_none() {
            return Err(Error::NameTaken { object: object.to_string() });
        }
        // A hand took the label off by which it would be seen.
        let answer = self.patch(object, found["metadata"]["resourceVersion"].clone()).await;
        answer.map_err(|error| Error::of_write(&object.to_string(), error))
    }

    /// An object of ours was remade by hand with an immutable field changed: only making it anew
    /// brings it back.
    async fn remake(&self, object: &Object, before: Option<&Child>) -> Result<Value, Error> {
        let failed = |error| Error::of_write(&object.to_string(), error);
        self.count(object.kind, "delete");
        let only = before.map(|child| Preconditions { uid: Some(child.uid.clone()), resource_version: None });
        let params = DeleteParams { preconditions: only, ..DeleteParams::background() };
        self.api(object).delete(&object.name, &params).await.map_err(failed)?;
        self.patch(object, json!(NO_VERSION)).await.map_err(failed)
    }

    /// A namespace is created, never applied, the first time: a create cannot adopt what somebody
    /// made a moment before.
    async fn write_namespace(&self, object: &Object, before: Option<&Child>) -> Result<Child, Error> {
        let failed = |error| Error::of_write(&object.to_string(), error);
        let api = self.api(object);
        if before.is_none() {
            self.count(object.kind, "create");
            let params = PostParams { field_manager: Some(MANAGER.to_owned()), ..Default::default() };
            let new = serde_json::from_value(object.value.clone()).map_err(|error| Error::Broken(error.to_string()))?;
            let made = api.create(&params, &new).await.map_err(failed)?;
            return child(object, &serde_json::to_value(made).unwrap_or(Value::Null));
        }
        let stored = serde_json::to_value(api.get(&object.name).await.map_err(failed)?).unwrap_or(Value::Null);
        let metadata = json!({
            "resourceVersion": stored.pointer("/metadata/resourceVersion"),
            "labels": difference(&stored, &object.value, "/metadata/labels"),
            "annotations": difference(&stored, &object.value, "/metadata/annotations"),
        });
        self.count(object.kind, "patch");
        let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..Default::default() };
        let mended = api.patch(&object.name, &params, &Patch::Merge(json!({ "metadata": metadata }))).await;
        child(object, &serde_json::to_value(mended.map_err(failed)?).unwrap_or(Value::Null))
    }

    /// Deletes an object that should no longer exist, unless a namesake has taken its place. A
    /// Namespace takes its time to go, so the cache keeps it until the watch reports its end.
    ///
    /// # Errors
    /// The API server rejects it, or is away.
    pub async fn remove(&self, namespace: &str, key: &Key, child: &Child) -> Result<(), Error> {
        let (kind, name) = key;
        if child.deleting {
            return Ok(());
        }
        // A namespace goes with all it stores, and only as it was when that was decided.
        let whole = *kind == Kind::Namespace;
        let version = whole.then(|| child.version.to_string());
        let only = Preconditions { uid: Some(child.uid.clone()), resource_version: version };
        let params = DeleteParams { preconditions: Some(only), ..DeleteParams::background() };
        let what = format!("{} {namespace}/{name}", kind.as_str());
        self.count(*kind, "delete");
        match api_of(self, *kind, namespace).delete(name, &params).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.is_not_found() || (status.is_conflict() && !whole) => {}
            Err(error) => return Err(Error::of_write(&what, error)),
        }
        self.memory.forget(namespace, key);
        if *kind != Kind::Namespace {
            drop(self.caches.children.forget(namespace, key, child.version));
        }
        tracing::info!(object = what, "removed: nothing declares it any more");
        Ok(())
    }

    /// Switches off a workload that cannot be rendered: it stays as it is stored, but for the field that
    /// makes it run. The next apply takes that field back.
    ///
    /// # Errors
    /// Somebody wrote in between, the API server rejects it, or is away.
    pub async fn switch_off(&self, namespace: &str, key: &Key, child: &Child) -> Result<(), Error> {
        let (kind, name) = key;
        let spec = match kind {
            Kind::CronJob => json!({ "suspend": true }),
            _ => json!({ "replicas": 0 }),
        };
        let patch = json!({ "metadata": { "resourceVersion": child.version.to_string() }, "spec": spec });
        let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..Default::default() };
        self.count(*kind, "patch");
        let what = format!("{} {namespace}/{name}", kind.as_str());
        match api_of(self, *kind, namespace).patch(name, &params, &Patch::Merge(patch)).await {
            Ok(stored) => {
                // To switch it on again is our own doing too, and mends nobody's.
                self.memory.forget(namespace, key);
                let stored = serde_json::to_value(stored).unwrap_or(Value::Null);
                if let Some(child) = Child::read(*kind, &stored) {
                    drop(self.caches.children.record(namespace, key.clone(), child));
                }
                tracing::info!(object = what, "switched off");
                Ok(())
            }
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
            Err(error) => Err(Error::of_write(&what, error)),
        }
    }

    /// Without a version a field that another manager holds is left to it, and shows that the name is taken.
    async fn patch(&self, object: &Object, version: Value) -> kube::Result<Value> {
        self.count(object.kind, "apply");
        let mut value = object.value.clone();
        let mut params = PatchParams::apply(MANAGER);
        if !version.is_null() {
            params = params.force();
            value["metadata"]["resourceVersion"] = version;
        }
        let stored = self.api(object).patch(&object.name, &params, &Patch::Apply(value)).await?;
        Ok(serde_json::to_value(stored).unwrap_or(Value::Null))
    }

    async fn replace(&self, object: &Object, version: Value) -> kube::Result<Value> {
        self.count(object.kind, "replace");
        let mut value = object.value.clone();
        value["metadata"]["resourceVersion"] = version;
        let whole: DynamicObject = serde_json::from_value(value).map_err(kube::Error::SerdeError)?;
        let params = PostParams { field_manager: Some(MANAGER.to_owned()), ..Default::default() };
        let stored = self.api(object).replace(&object.name, &params, &whole).await?;
        Ok(serde_json::to_value(stored).unwrap_or(Value::Null))
    }

    fn api(&self, object: &Object) -> Api<DynamicObject> {
        api_of(self, object.kind, place(object))
    }

    fn count(&self, kind: Kind, verb: &str) {
        self.metrics.writes.with_label_values(&[kind.as_str(), verb]).inc();
    }
}

fn api_of(shared: &Shared, kind: Kind, namespace: &str) -> Api<DynamicObject> {
    let resource: ApiResource = kind.resource();
    match kind {
        Kind::Namespace => Api::all_with(shared.client.clone(), &resource),
        Kind::ListenerSet => Api::namespaced_with(shared.client.clone(), metadata::SYSTEM_NAMESPACE, &resource),
        _ => Api::namespaced_with(shared.client.clone(), namespace, &resource),
    }
}

fn place(object: &Object) -> &str {
    metadata::place_of(object.kind, object.namespace.as_deref(), &object.name)
}

fn is_as_desired(child: &Child, desired: Digest, memory: Option<Applied>) -> bool {
    let settled = memory.and_then(|applied| applied.settled) == Some((child.digest, child.foreign));
    !child.deleting && (settled || (child.digest == Some(desired) && !child.foreign))
}

fn is_immutable(message: &str) -> bool {
    message.contains("immutable") || message.contains("cannot change roleRef")
}

fn child(object: &Object, stored: &Value) -> Result<Child, Error> {
    Child::read(object.kind, stored).ok_or_else(|| Error::Broken(format!("{object} came back without a version")))
}

/// The entries that should be there, and null for each under our prefixes that should not.
fn difference(stored: &Value, wanted: &Value, pointer: &str) -> Value {
    let wanted = wanted.pointer(pointer).and_then(Value::as_object).cloned().unwrap_or_default();
    let there = stored.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
    let ours = |key: &str| labels::OURS.iter().any(|prefix| key.starts_with(prefix));
    let strays = there.filter(|(key, _)| ours(key) && !wanted.contains_key(*key));
    let nulls: serde_json::Map<String, Value> = strays.map(|(key, _)| (key.clone(), Value::Null)).collect();
    nulls.into_iter().chain(wanted).collect()
}
