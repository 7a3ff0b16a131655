//! What a town comes to in the end, in words that are the same for every town.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::places::Town;
use super::recorder::{Key, Recorder};

/// Every object of a town without what differs from town to town and from time to time.
pub type End = BTreeMap<String, Value>;

/// What a town is now.
pub fn end(recorder: &Recorder, town: Town) -> End {
    let objects = recorder.town(town);
    let names = names(town, &objects);
    let plain = |text: &str| names.iter().fold(text.to_owned(), |text, (name, plain)| text.replace(name, plain));
    let ends = objects.iter().filter(|(key, object)| !is_others(key, object)).map(|((kind, place, name), object)| {
        let text = plain(&kept(kind, object).to_string());
        (plain(&format!("{kind} {place}/{name}")), serde_json::from_str(&text).expect("JSON"))
    });
    ends.collect()
}

/// What two towns differ in.
pub fn difference(end: &End, wanted: &End) -> Option<String> {
    let keys: BTreeSet<&String> = end.keys().chain(wanted.keys()).collect();
    let mut found = Vec::new();
    for key in keys {
        let nothing = Value::Null;
        compare(key, end.get(key).unwrap_or(&nothing), wanted.get(key).unwrap_or(&nothing), &mut found);
    }
    (!found.is_empty()).then(|| found.join("\n"))
}

fn compare(path: &str, is: &Value, wanted: &Value, found: &mut Vec<String>) {
    match (is, wanted) {
        (Value::Object(is), Value::Object(wanted)) => {
            let keys: BTreeSet<&String> = is.keys().chain(wanted.keys()).collect();
            let of = |map: &Map<String, Value>, key: &String| map.get(key).cloned().unwrap_or_default();
            keys.into_iter().for_each(|key| compare(&format!("{path}.{key}"), &of(is, key), &of(wanted, key), found));
        }
        (Value::Array(is), Value::Array(wanted)) if is.len() == wanted.len() => {
            let pairs = is.iter().zip(wanted).enumerate();
            pairs.for_each(|(index, (is, wanted))| compare(&format!("{path}[{index}]"), is, wanted, found));
        }
        _ if is != wanted => found.push(format!("{path}: {is} instead of {wanted}")),
        _ => {}
    }
}

/// What is called otherwise in every town, and what it is called here: its name, and the ids that
/// come from uids.
fn names(town: Town, objects: &[(Key, Arc<Value>)]) -> Vec<(String, String)> {
    let mut names = vec![(format!("t{town}-"), String::new())];
    names.extend(["00", "01", "02"].map(|rest| (format!("{town}{rest}"), format!("division {rest}"))));
    for ((kind, place, name), object) in objects.iter().filter(|((kind, ..), _)| kind == "Tenant" || kind == "App") {
        let uid = object["metadata"]["uid"].as_str().expect("a uid");
        let id: String = uid.chars().filter(char::is_ascii_hexdigit).take(10).collect();
        names.push((uid.to_owned(), format!("uid of {kind} {place}/{name}")));
        names.push((id, format!("id of {kind} {place}/{name}")));
    }
    // Whole uids first; the town's name, which the others' words hold, last.
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    names
}

/// What the cluster's own controllers put into every namespace.
fn is_others(key: &Key, object: &Value) -> bool {
    key.0 == "ServiceAccount" && key.2 == "default" && object["metadata"]["labels"].is_null()
}

/// What is compared of an object: all that people or the operator said.
fn kept(kind: &str, object: &Value) -> Value {
    let mut object = object.clone();
    let declared = kind == "Tenant" || kind == "App";
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        spec.retain(|field, _| !["clusterIP", "clusterIPs"].contains(&field.as_str()));
    }
    let whole = object["metadata"].take();
    let mut metadata = Map::new();
    for field in ["labels", "annotations", "finalizers", "ownerReferences", "deletionTimestamp"] {
        if let Some(value) = whole.get(field) {
            metadata.insert(field.to_owned(), value.clone());
        }
    }
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.retain(|key, _| key != "deployment.kubernetes.io/revision");
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
    if declared {
        metadata.insert("generation".to_owned(), whole["generation"].clone());
        for condition in object["status"]["conditions"].as_array_mut().into_iter().flatten() {
            condition.as_object_mut().expect("a condition").remove("lastTransitionTime");
        }
    } else if let Some(object) = object.as_object_mut() {
        object.remove("status");
    }
    metadata.insert("managers".to_owned(), managers(&whole));
    object["metadata"] = Value::Object(metadata);
    object
}

/// Which fields are the operator's.
fn managers(metadata: &Value) -> Value {
    let entries = metadata["managedFields"].as_array().into_iter().flatten();
    let ours = entries.filter(|entry| entry["manager"] == "yipan");
    ours.map(|entry| serde_json::json!([entry["operation"], entry["subresource"], entry["fieldsV1"]])).collect()
}
