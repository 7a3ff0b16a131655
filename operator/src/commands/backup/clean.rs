//! An object as somebody would declare it: without what a cluster adds.

use kube::api::DynamicObject;
use serde_json::{Map, Value};

/// What of metadata is declared.
const DECLARED: [&str; 4] = ["name", "namespace", "labels", "annotations"];
/// Annotations that speak of another cluster's objects.
const STALE: [&str; 1] = ["kubectl.kubernetes.io/last-applied-configuration"];

/// What of an object is put back: the same for the same declaration, whatever cluster it is in.
pub fn clean(object: &DynamicObject) -> Value {
    let mut value = serde_json::to_value(object).unwrap_or(Value::Null);
    let kind = value["kind"].as_str().unwrap_or_default().to_owned();
    let Some(fields) = value.as_object_mut() else { return value };
    fields.remove("status");
    if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|key, _| DECLARED.contains(&key.as_str()));
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.retain(|key, _| !STALE.contains(&key.as_str()));
        }
        if let Some(labels) = metadata.get_mut("labels").and_then(Value::as_object_mut) {
            // The API server writes this one itself.
            labels.remove("kubernetes.io/metadata.name");
        }
        let empty = |value: &Value| value.as_object().is_some_and(Map::is_empty);
        metadata.retain(|_, value| !empty(value));
    }
    if kind == "Namespace" {
        fields.remove("spec"); // finalizers of the cluster's own
    }
    value
}

/// The stable id that an object carries.
pub fn id(object: &Value) -> Option<&str> {
    object.pointer("/metadata/labels/yipan.dev~1id").and_then(Value::as_str)
}

/// An object by kind, namespace and name, for people.
pub fn title(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let (kind, name) = (text("/kind").unwrap_or_default(), text("/metadata/name").unwrap_or_default());
    match text("/metadata/namespace") {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_cluster_adds_goes_and_what_was_declared_stays() {
        let stored: DynamicObject = serde_json::from_value(json!({
            "apiVersion": "yipan.dev/v1alpha1", "kind": "Tenant",
            "metadata": {
                "name": "liangzhou", "uid": "u", "resourceVersion": "7", "generation": 3,
                "creationTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["yipan.dev/tenant"],
                "labels": { "yipan.dev/id": "3f2a91c04d" },
                "annotations": { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
                "managedFields": [{ "manager": "kubectl" }],
            },
            "spec": { "displayName": "凉州区" }, "status": { "id": "3f2a91c04d" },
        }))
        .unwrap();
        let declared = json!({
            "apiVersion": "yipan.dev/v1alpha1", "kind": "Tenant",
            "metadata": { "name": "liangzhou", "labels": { "yipan.dev/id": "3f2a91c04d" } },
            "spec": { "displayName": "凉州区" },
        });
        assert_eq!(clean(&stored), declared);
        assert_eq!((id(&declared), title(&declared)), (Some("3f2a91c04d"), "Tenant liangzhou".to_owned()));
    }
}
