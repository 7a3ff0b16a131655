//! What people see who use kubectl: explanations, short names, tables, refusals in plain words.

use std::time::Duration;

use serde_json::Value;

use super::plane::{Answer, eventually, shared};

const SOON: Duration = Duration::from_secs(60);
const KINDS: [&str; 3] = ["Platform", "Tenant", "App"];

/// What `kubectl explain` reads. The API server publishes a new kind's explanations a moment after it
/// serves the kind.
async fn explanations() -> Value {
    eventually(SOON, "the kinds are explained", async || {
        let answer = shared().kubectl(["get", "--raw", "/openapi/v3/apis/yipan.dev/v1alpha1"]);
        let schemas = serde_json::from_str::<Value>(&answer.out).map(|all| all["components"]["schemas"].clone());
        let schemas = schemas.map_err(|error| format!("{error}: {answer:?}"))?;
        let has = |kind: &&str| schemas[format!("dev.yipan.v1alpha1.{kind}")].is_object();
        let missing: Vec<&str> = KINDS.into_iter().filter(|kind| !has(kind)).collect();
        if missing.is_empty() { Ok(schemas) } else { Err(format!("not {missing:?}")) }
    })
    .await
}

/// Walks a schema: every field has a path, and it or what it refers to is explained or not.
fn fields(schema: &Value, path: &str, all: &mut Vec<(String, bool)>) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        all.push((path.clone(), field["description"].as_str().is_some_and(|words| !words.trim().is_empty())));
        fields(field, &path, all);
    }
    for below in ["items", "additionalProperties"] {
        if let Some(below) = schema.get(below) {
            fields(below, path, all);
        }
    }
}

#[tokio::test]
async fn every_field_is_explained() {
    let (schemas, mut all) = (explanations().await, Vec::new());
    for kind in KINDS {
        let schema = &schemas[format!("dev.yipan.v1alpha1.{kind}")];
        assert!(schema["description"].as_str().is_some_and(|words| !words.is_empty()), "{kind}");
        fields(schema, kind, &mut all);
    }
    for known in ["App.spec.workload.schedule.cron", "Tenant.status.granted.total.cpu", "Platform.spec.levels.level"] {
        assert!(all.iter().any(|(path, _)| path == known), "{known} was not walked over: {all:#?}");
    }
    let mute: Vec<&String> = all.iter().filter(|(_, explained)| !explained).map(|(path, _)| path).collect();
    assert!(mute.is_empty(), "nothing explains {mute:#?}");
    println!("{} fields are explained", all.len());
}

#[test]
fn short_names_and_the_category_are_known() {
    for name in ["ypl", "yt", "ya", "yipan", "apps.yipan.dev"] {
        let answer = shared().kubectl(["get", name, "--all-namespaces"]);
        assert!(answer.success, "{name}: {answer:?}");
    }
}

/// The header of a kind's table, as it is and with `-o wide`. Where there is no object there is no
/// table, so this makes one, and takes it away.
fn columns(kind: &str, example: &str) -> [Vec<String>; 2] {
    if !example.is_empty() {
        let made = shared().kubectl_with(["create", "-f", "-"], example);
        assert!(made.success, "{made:?}");
    }
    let tables = [&[][..], &["-o", "wide"]].map(|wide| {
        let Answer { out, .. } = shared().kubectl([&["get", kind, "--all-namespaces"], wide].concat());
        let header = out.lines().next().unwrap_or_default();
        header.split_whitespace().map(str::to_owned).collect()
    });
    if !example.is_empty() {
        let gone = shared().kubectl_with(["delete", "-f", "-"], example);
        assert!(gone.success, "{gone:?}");
    }
    tables
}

#[test]
fn tables_name_what_people_ask_for() {
    let platform = ["NAME", "DOMAIN", "TENANTS", "READY", "REASON", "AGE"];
    assert_eq!(columns("platforms", ""), [platform, platform]);
    let tenant = "{apiVersion: yipan.dev/v1alpha1, kind: Tenant, metadata: {name: columns}, \
                  spec: {displayName: 甘肃省, level: Province, division: '620000'}}";
    let narrow = ["NAME", "LEVEL", "DIVISION", "PARENT", "CPU", "APPS", "READY", "REASON", "AGE"];
    // Asked and Protection come with the wide one, after CPU, and Message before Age.
    let wide = [&narrow[..5], &["ASKED", "PROTECTION"], &narrow[5..8], &["MESSAGE", "AGE"]].concat();
    assert_eq!(columns("tenants", tenant), [&narrow[..], &wide[..]]);
    let app = "{apiVersion: yipan.dev/v1alpha1, kind: App, metadata: {name: columns, namespace: schemas}, \
               spec: {workload: {image: 'registry.example.gov.cn/columns:1', port: 8080}}}";
    let narrow = ["NAMESPACE", "NAME", "SOURCE", "HOST", "READY", "REASON", "AGE"];
    let layers = ["WORKLOAD", "ENTRY", "IDENTITY", "DATA", "NETWORK", "MESSAGE"];
    let wide = [&narrow[..6], &layers[..], &narrow[6..]].concat();
    assert_eq!(columns("apps.yipan.dev", app), [&narrow[..], &wide[..]]);
}

#[test]
fn a_refusal_names_the_field_and_the_way_out() {
    let app = "{apiVersion: yipan.dev/v1alpha1, kind: App, metadata: {name: parking, namespace: schemas}, \
               spec: {workload: {image: 'parking:1.2', port: 8080}}}";
    let answer = shared().kubectl_with(["create", "--dry-run=server", "-f", "-"], app);
    let words = "spec.workload.image: Invalid value: \"parking:1.2\": an image reference with its registry, such as \
                 registry.example.gov.cn/liangzhou/parking:1.2";
    assert!(!answer.success && answer.err.contains(words), "{answer:?}");
}
