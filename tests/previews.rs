//! What `yipan plan --diff` says, held against files: `cases/previews/` has one folder for each.
//!
//! | file | holds |
//! |---|---|
//! | `cluster.yaml` | what is declared in the cluster, where the operator has come to rest |
//! | `hand.yaml` | optional: what a hand did since, as objects that are laid over the stored ones |
//! | `files.yaml` | what is given |
//! | `delete.txt` | optional: what `--delete` names, one a line |
//! | `diff.txt` | what is said |

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use yipan::commands::plan::diff::{foretold, named, text};
use yipan::manifest::{self, Source};
use yipan_core::kinds::{App, Blueprint, Tenant};
use yipan_core::plan::quota::QuotaFound;
use yipan_core::plan::{self, Declared, Kind, NamespaceFound, Object};

use crate::cases::{compare, entries, root};

const NOW: &str = "2026-07-01T00:00:00Z";

#[test]
fn previews() {
    let mut failures = Vec::new();
    let folders = entries(&root().join("previews"));
    assert!(!folders.is_empty());
    for folder in folders {
        let said = say(&folder);
        if let Err(failure) = compare(&folder.join("diff.txt"), Some(said)) {
            failures.push(format!("{}: {failure}", folder.display()));
        }
    }
    assert!(failures.is_empty(), "{}\n\nif this is as it should be, run `make accept`", failures.join("\n\n"));
}

fn say(folder: &Path) -> String {
    let read = |name: &str| {
        let text = fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        Source { file: name.to_owned(), text }
    };
    let given = ["platform", "gansu", "wuwei"].map(|name| read(&format!("../../given/{name}.yaml")));
    let cluster = manifest::parse(&[&given[..], &[read("cluster.yaml")]].concat())
        .unwrap_or_else(|problems| panic!("{problems}"));
    let files = manifest::parse(&[read("files.yaml")]).unwrap_or_else(|problems| panic!("{problems}"));
    let (declared, mut stored) = at_rest(cluster.declared);
    if folder.join("hand.yaml").is_file() {
        let hands = manifest::documents(&read("hand.yaml")).unwrap();
        hands.iter().for_each(|hand| stored.iter_mut().for_each(|(_, object)| lay(object, hand)));
    }
    let deleted = fs::read_to_string(folder.join("delete.txt")).unwrap_or_default();
    let deleted: Vec<_> = deleted.lines().map(|line| named(line).unwrap()).collect();
    match foretold(declared, &stored, &files, &deleted, NOW.parse().unwrap()) {
        Ok(report) => text(&report),
        Err(refused) => format!("{refused:#}\n"),
    }
}

/// What the operator makes of declarations, as it is stored then.
fn at_rest(mut world: Declared) -> (Declared, Vec<(Kind, Value)>) {
    let answer = plan::everything(&world, NOW.parse().unwrap());
    for planned in &answer.tenants {
        let tenant = Tenant { status: Some(planned.status.clone()), ..(*world.tenants[&planned.name]).clone() };
        world.tenants.insert(planned.name.clone(), Arc::new(tenant));
    }
    for planned in &answer.blueprints {
        let status = Some(planned.status.clone());
        let blueprint = Blueprint { status, ..(*world.blueprints[&planned.name]).clone() };
        world.blueprints.insert(planned.name.clone(), Arc::new(blueprint));
    }
    for planned in &answer.apps {
        let place = (planned.namespace.clone(), planned.name.clone());
        let app = App { status: Some(planned.status.clone()), ..(*world.apps[&place]).clone() };
        world.apps.insert(place, Arc::new(app));
    }
    let tenants = answer.tenants.iter().flat_map(|tenant| &tenant.objects);
    let blueprints = answer.blueprints.iter().flat_map(|blueprint| &blueprint.objects);
    let apps = answer.apps.iter().flat_map(|app| &app.objects);
    let objects: Vec<&Object> = tenants.chain(blueprints).chain(apps).collect();
    for object in &objects {
        let place = object.namespace.clone().unwrap_or_else(|| object.name.clone());
        match object.kind {
            Kind::Namespace => {
                let found = NamespaceFound { written_by_us: true, ..NamespaceFound::read(&object.value) };
                world.namespaces.insert(place, found);
            }
            Kind::ResourceQuota => {
                let found = QuotaFound::read(&object.value);
                let used = Some(yipan_core::plan::quota::Figures::ZERO);
                world.quotas.insert(place, QuotaFound { seen: found.hard, used, ..found });
            }
            _ => {}
        }
    }
    (world, objects.into_iter().map(|object| (object.kind, applied(object))).collect())
}

/// An object as it is stored once we applied all of it.
fn applied(object: &Object) -> Value {
    let mut value = object.value.clone();
    let whole = |map: &Value, but: &[&str]| -> Value {
        let keys = map.as_object().unwrap().keys().filter(|key| !but.contains(&key.as_str()));
        keys.map(|key| (format!("f:{key}"), json!({}))).collect::<serde_json::Map<_, _>>().into()
    };
    let mut fields = whole(&value, &["apiVersion", "kind", "metadata"]);
    fields["f:metadata"] = whole(&value["metadata"], &["name", "namespace"]);
    value["metadata"]["managedFields"] =
        json!([{ "manager": "yipan", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": fields }]);
    value["metadata"]["creationTimestamp"] = json!(NOW);
    value
}

/// Lays what a hand did over the object that it names.
fn lay(object: &mut Value, hand: &Value) {
    fn merge(value: &mut Value, other: &Value) {
        match (value, other) {
            (Value::Object(value), Value::Object(other)) => {
                other.iter().for_each(|(key, other)| merge(value.entry(key.clone()).or_insert(Value::Null), other));
            }
            (value, other) => *value = other.clone(),
        }
    }
    let is = |value: &Value| {
        (value["kind"].clone(), value["metadata"]["namespace"].clone(), value["metadata"]["name"].clone())
    };
    if is(object) == is(hand) {
        merge(object, hand);
    }
}
