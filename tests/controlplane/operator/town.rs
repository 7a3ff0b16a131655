//! What the operator's tests declare, and what they ask of it.

use serde_json::{Value, json};

use super::super::plane::{Answer, Plane, eventually};
use super::run::SOON;

/// Applies declarations as a person would.
pub fn apply(plane: &Plane, declarations: &[Value]) {
    let answer = try_apply(plane, declarations);
    assert!(answer.success, "{}", answer.err);
}

/// Applies declarations that may be refused.
pub fn try_apply(plane: &Plane, declarations: &[Value]) -> Answer {
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": declarations });
    plane.kubectl_with(["apply", "--server-side", "--force-conflicts", "-f", "-"], &list.to_string())
}

/// The province of all these tests.
pub fn province() -> Value {
    json!({
        "apiVersion": "yipan.dev/v1alpha1", "kind": "Tenant", "metadata": { "name": "gansu" },
        "spec": { "displayName": "甘肃省", "level": "Province", "division": "620000" },
    })
}

/// A county right below the province.
pub fn county(name: &str, division: &str) -> Value {
    json!({
        "apiVersion": "yipan.dev/v1alpha1", "kind": "Tenant", "metadata": { "name": name },
        "spec": {
            "displayName": name, "level": "County", "division": division, "parent": "gansu",
            "administrators": [{ "group": format!("{name}-admins") }],
            "viewers": [{ "group": format!("{name}-viewers") }],
        },
    })
}

/// As many counties, with divisions from the first on.
pub fn counties(name: &str, first: u32, count: u32) -> Vec<Value> {
    (0..count).map(|index| county(&format!("{name}-{index}"), &(first + index).to_string())).collect()
}

/// The name of a declaration.
pub fn named(declaration: &Value) -> &str {
    declaration["metadata"]["name"].as_str().expect("a name")
}

/// An App with an address and two replicas, and so with every object an App can have but one.
pub fn app(tenant: &str, name: &str) -> Value {
    json!({
        "apiVersion": "yipan.dev/v1alpha1", "kind": "App", "metadata": { "name": name, "namespace": tenant },
        "spec": {
            "workload": { "image": format!("registry.example.gov.cn/{tenant}/{name}:1"), "port": 8080, "replicas": 2 },
            "entry": { "visibility": "Public" },
        },
    })
}

/// An App that runs by the clock.
pub fn nightly(tenant: &str, name: &str) -> Value {
    json!({
        "apiVersion": "yipan.dev/v1alpha1", "kind": "App", "metadata": { "name": name, "namespace": tenant },
        "spec": { "workload": {
            "image": format!("registry.example.gov.cn/{tenant}/{name}:1"), "schedule": { "cron": "30 2 * * *" },
        } },
    })
}

/// One object as it is stored; none when there is none.
pub fn get(plane: &Plane, arguments: &[&str]) -> Option<Value> {
    let answer = plane.kubectl([&["get", "-o", "json"], arguments].concat());
    if !answer.success {
        assert!(answer.err.contains("NotFound"), "{}", answer.err);
        return None;
    }
    Some(serde_json::from_str(&answer.out).expect("JSON"))
}

/// Runs kubectl, which must succeed.
pub fn kubectl(plane: &Plane, arguments: &[&str]) -> String {
    let answer = plane.kubectl(arguments);
    assert!(answer.success, "kubectl {}: {}", arguments.join(" "), answer.err);
    answer.out
}

/// A condition of an object: status, reason and message.
pub fn condition(object: &Value, type_: &str) -> Option<(String, String, String)> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    let found = conditions.iter().find(|condition| condition["type"] == type_)?;
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    Some((text("status"), text("reason"), text("message")))
}

/// Waits until an object's condition has this reason, and gives its message.
pub async fn reason(plane: &Plane, object: &[&str], type_: &str, wanted: &str) -> String {
    eventually(SOON, &format!("{} says {wanted}", object.join(" ")), async || {
        match get(plane, object).as_ref().and_then(|object| condition(object, type_)) {
            Some((_, reason, message)) if reason == wanted => Ok(message),
            other => Err(format!("{other:?}")),
        }
    })
    .await
}

/// Waits until an object is Ready at its present generation.
pub async fn ready(plane: &Plane, object: &[&str]) {
    eventually(SOON, &format!("{} is ready", object.join(" ")), async || {
        let Some(found) = get(plane, object) else { return Err("not there".to_owned()) };
        let current = found["status"]["observedGeneration"] == found["metadata"]["generation"];
        match condition(&found, "Ready") {
            Some((status, ..)) if status == "True" && current => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

/// Waits until an event about an object has this word.
pub async fn told(plane: &Plane, object: &str, word: &str) {
    eventually(SOON, &format!("an event about {object} says {word}"), async || {
        let events = kubectl(plane, &["get", "events", "-A", "-o", "custom-columns=R:.reason,O:.involvedObject.name"]);
        let said = |line: &str| line.split_whitespace().eq([word, object]);
        if events.lines().any(said) { Ok(()) } else { Err(events) }
    })
    .await;
}
