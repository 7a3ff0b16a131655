//! Whether a stored object still is what was applied, read from the object alone.
//!
//! The API server records in `managedFields` which fields our last server-side apply set. The
//! stored values of those fields, hashed, equal the hash of what we would apply today exactly when
//! there is nothing to do. So no object needs to be kept, nothing needs to be remembered across a
//! restart, and fields that the API server defaults or controllers fill in do not count. What
//! somebody else *added* (a container, a port, a host namespace) shows as a field in the spec that
//! another manager owns and we do not.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

use crate::plan::{drop_nulls, labels};

/// The name under which everything of ours is applied.
pub const MANAGER: &str = labels::YIPAN;

/// A hash of the fields that we set; equal digests mean there is nothing to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(u64);

/// What a stored object shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The digest of the fields we applied, as they are stored now. None: we never applied it.
    pub digest: Option<Digest>,
    /// Whether another manager holds a field in the object's content that we do not set.
    pub foreign: bool,
}

/// The digest of an object as it would be applied.
pub fn desired(object: &Value) -> Digest {
    digest(&content_of(object))
}

/// An object as it would be applied, without what merely says which one it is.
pub fn content_of(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(top) = object.as_object_mut() {
        top.remove("apiVersion");
        top.remove("kind");
        if let Some(metadata) = top.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("name");
            metadata.remove("namespace");
        }
    }
    object
}

/// Of a stored object what an apply would change: the fields we applied, as they are stored now, and
/// those that somebody else added. To be held against [`content_of`].
pub fn shown(object: &Value) -> Value {
    let entries = object.pointer("/metadata/managedFields").and_then(Value::as_array);
    let whole = entries.into_iter().flatten().filter(|entry| entry.get("subresource").is_none());
    let (ours, theirs): (Vec<&Value>, Vec<&Value>) = whole.partition(|entry| is_ours(entry));
    let mut fields = Map::new();
    ours.iter().for_each(|entry| merge(&mut fields, &fields_of(entry)));
    if stored(object).foreign {
        theirs.iter().for_each(|entry| merge(&mut fields, &fields_of(entry)));
        fields.remove("f:status");
    }
    let mut shown = project(object, &fields);
    // What is ours and gone.
    drop_nulls(&mut shown);
    shown
}

/// Of a stored namespace what we would change: labels and annotations that are ours alone.
pub fn shown_namespace(object: &Value) -> Value {
    let mut shown = namespace(object);
    if let Some(metadata) = shown.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|_, map| map.as_object().is_some_and(|map| !map.is_empty()));
    }
    shown
}

fn is_ours(entry: &Value) -> bool {
    let is = |key: &str, wanted: &str| entry.get(key).and_then(Value::as_str) == Some(wanted);
    is("manager", MANAGER) && is("operation", "Apply")
}

fn fields_of(entry: &Value) -> Map<String, Value> {
    entry.get("fieldsV1").and_then(Value::as_object).cloned().unwrap_or_default()
}

/// Adds fields to others. One that stands without any below it means all of its value.
fn merge(fields: &mut Map<String, Value>, others: &Map<String, Value>) {
    for (key, theirs) in others {
        match (fields.get_mut(key).and_then(Value::as_object_mut), theirs.as_object()) {
            (Some(ours), Some(theirs)) if !ours.is_empty() && !theirs.is_empty() => merge(ours, theirs),
            (Some(ours), _) => ours.clear(),
            (None, _) => drop(fields.insert(key.clone(), theirs.clone())),
        }
    }
}

/// What a stored object shows, with its `managedFields` still in place.
pub fn stored(object: &Value) -> Stored {
    let entries = object.pointer("/metadata/managedFields").and_then(Value::as_array);
    let entries: Vec<&Value> =
        entries.into_iter().flatten().filter(|entry| entry.get("subresource").is_none()).collect();
    let ours = entries.iter().find(|entry| is_ours(entry));
    let Some(ours) = ours.map(|entry| fields_of(entry)) else { return Stored { digest: None, foreign: true } };
    let foreign = entries
        .iter()
        .filter(|entry| entry.get("manager").and_then(Value::as_str) != Some(MANAGER))
        .any(|entry| fields_of(entry).iter().any(|(field, theirs)| content(field) && adds(theirs, ours.get(field))));
    Stored { digest: Some(digest(&project(object, &ours))), foreign }
}

/// What a stored namespace shows. Others may label a namespace as they like, so what counts is
/// every label and annotation under the prefixes that are ours alone, whoever wrote it.
pub fn stored_namespace(object: &Value) -> Stored {
    Stored { digest: Some(digest(&namespace(object))), foreign: false }
}

fn namespace(object: &Value) -> Value {
    let ours = |key: &String| labels::OURS.iter().any(|prefix| key.starts_with(prefix)) || key == labels::MANAGED_BY;
    let kept = |pointer: &str| -> Map<String, Value> {
        let all = object.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
        all.filter(|(key, _)| ours(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let (labels, annotations) = (kept("/metadata/labels"), kept("/metadata/annotations"));
    serde_json::json!({ "metadata": { "labels": labels, "annotations": annotations } })
}

/// Metadata and status are others' business too; all the rest is ours alone.
fn content(field: &str) -> bool {
    !matches!(field, "f:metadata" | "f:status")
}

/// Whether `theirs` holds a field that `ours` does not.
fn adds(theirs: &Value, ours: Option<&Value>) -> bool {
    let children = |fields: &'_ Value| fields.as_object().map(|map| map.iter().filter(|(key, _)| *key != ".").count());
    match ours {
        None => true,
        // We hold the whole of it.
        Some(ours) if children(ours).unwrap_or(0) == 0 => false,
        Some(ours) => theirs
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| *key != ".")
            .any(|(key, below)| adds(below, ours.get(key))),
    }
}

/// The stored values of the fields named, in the shape of the object.
fn project(value: &Value, fields: &Map<String, Value>) -> Value {
    if fields.is_empty() {
        return value.clone();
    }
    let below = |fields: &Value| fields.as_object().cloned().unwrap_or_default();
    match value {
        Value::Object(object) => {
            let owned = fields.iter().filter_map(|(key, sub)| key.strip_prefix("f:").map(|name| (name, sub)));
            // A field that is ours and gone projects to null, which nothing desired ever holds.
            owned
                .map(|(name, sub)| {
                    (name.to_owned(), object.get(name).map_or(Value::Null, |value| project(value, &below(sub))))
                })
                .collect()
        }
        Value::Array(items) => {
            let selected = items.iter().filter_map(|item| {
                fields.iter().find(|(key, _)| selects(key, item)).map(|(_, sub)| project(item, &below(sub)))
            });
            selected.collect()
        }
        scalar => scalar.clone(),
    }
}

/// Whether a list key of `managedFields` (`k:{"name":"web"}` or `v:"x"`) means this item.
fn selects(key: &str, item: &Value) -> bool {
    if let Some(value) = key.strip_prefix("v:") {
        return serde_json::from_str::<Value>(value).is_ok_and(|value| value == *item);
    }
    let keys = key.strip_prefix("k:").and_then(|keys| serde_json::from_str::<Map<String, Value>>(keys).ok());
    keys.is_some_and(|keys| keys.iter().all(|(name, value)| item.get(name) == Some(value)))
}

fn digest(value: &Value) -> Digest {
    // The default hasher has fixed keys; a digest never leaves the process, so any stable one does.
    let mut hasher = DefaultHasher::new();
    feed(value, &mut hasher);
    Digest(hasher.finish())
}

fn feed(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Object(map) => {
            // Sorted, so that no map type's own order reaches the digest.
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            (1_u8, fields.len()).hash(hasher);
            for (key, value) in fields {
                key.hash(hasher);
                feed(value, hasher);
            }
        }
        Value::Array(items) => {
            (2_u8, items.len()).hash(hasher);
            items.iter().for_each(|item| feed(item, hasher));
        }
        Value::String(text) => (3_u8, text).hash(hasher),
        Value::Number(number) => (4_u8, number.to_string()).hash(hasher),
        Value::Bool(truth) => (5_u8, truth).hash(hasher),
        Value::Null => 6_u8.hash(hasher),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn applied() -> Value {
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": { "name": "web", "namespace": "liangzhou", "labels": { "a": "b" } },
            "spec": { "ports": [{ "name": "http", "port": 80, "protocol": "TCP" }], "selector": { "x": "y" } },
        })
    }

    /// The object above as an API server stores it: with defaults that nobody owns.
    fn live() -> Value {
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {
                "name": "web", "namespace": "liangzhou", "labels": { "a": "b", "theirs": "c" }, "resourceVersion": "7",
                "managedFields": [
                    { "manager": "yipan", "operation": "Apply", "fieldsV1": {
                        "f:metadata": { "f:labels": { "f:a": {} } },
                        "f:spec": {
                            "f:ports": { "k:{\"port\":80,\"protocol\":\"TCP\"}": { ".": {}, "f:name": {}, "f:port": {}, "f:protocol": {} } },
                            "f:selector": {} } } },
                    { "manager": "kubectl", "operation": "Update", "fieldsV1": { "f:metadata": { "f:labels": { "f:theirs": {} } } } },
                    { "manager": "kcm", "operation": "Update", "subresource": "status", "fieldsV1": { "f:spec": { "f:odd": {} } } },
                ],
            },
            "spec": { "clusterIP": "10.0.0.1", "ports": [{ "name": "http", "port": 80, "protocol": "TCP", "targetPort": 80 }], "selector": { "x": "y" } },
        })
    }

    #[test]
    fn defaults_and_others_labels_are_no_drift() {
        assert_eq!(stored(&live()), Stored { digest: Some(desired(&applied())), foreign: false });
    }

    #[test]
    fn an_edited_field_is_drift() {
        for (pointer, value) in
            [("/spec/ports/0/name", json!("web")), ("/metadata/labels/a", json!("z")), ("/spec/selector", json!({}))]
        {
            let mut edited = live();
            *edited.pointer_mut(pointer).unwrap() = value;
            assert_ne!(stored(&edited).digest, Some(desired(&applied())), "{pointer}");
        }
    }

    #[test]
    fn a_removed_field_is_drift() {
        let mut edited = live();
        edited["spec"]["ports"] = json!([]);
        assert_ne!(stored(&edited).digest, Some(desired(&applied())));
    }

    #[test]
    fn a_field_that_another_adds_is_foreign() {
        let mut edited = live();
        edited["metadata"]["managedFields"].as_array_mut().unwrap().push(json!({
            "manager": "kubectl-edit", "operation": "Update",
            "fieldsV1": { "f:spec": { "f:ports": { "k:{\"port\":22,\"protocol\":\"TCP\"}": { ".": {}, "f:port": {} } } } },
        }));
        assert!(stored(&edited).foreign);
    }

    #[test]
    fn a_field_that_another_holds_with_us_is_not() {
        let mut edited = live();
        edited["metadata"]["managedFields"].as_array_mut().unwrap().push(json!({
            "manager": "other", "operation": "Apply",
            "fieldsV1": { "f:spec": { "f:selector": { "f:x": {} }, "f:ports": { ".": {}, "k:{\"port\":80,\"protocol\":\"TCP\"}": { "f:name": {} } } } },
        }));
        assert!(!stored(&edited).foreign);
    }
}
