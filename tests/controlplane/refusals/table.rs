//! The tables of what is refused and accepted, read from the YAML files beside this one.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use yipan_core::kinds::{App, Blueprint, Platform, Tenant};

const TABLES: [&str; 5] = [
    include_str!("platform.yaml"),
    include_str!("tenant.yaml"),
    include_str!("blueprint.yaml"),
    include_str!("app.yaml"),
    WORKLOAD,
];
/// An App's workload, and a Blueprint's, which has the same rules.
const WORKLOAD: &str = include_str!("workload.yaml");

/// One file: a base object and what becomes of changes to it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// What the changes are about, for messages.
    pub about: String,
    /// The path of its collection below the group and version.
    path: String,
    /// An object that is accepted as it stands.
    pub base: Value,
    /// What the schema holds against.
    pub refused: Vec<Entry>,
    /// What just passes.
    pub accepted: Vec<Entry>,
}

/// One change to the base object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What it is about, in words.
    pub name: String,
    /// Whether the change comes as an update of the stored base object.
    #[serde(default)]
    pub update: bool,
    /// The change, as a JSON merge patch. In it `{repeat: x, times: n}` stands for a long string,
    /// `{each: y, times: n}` for a list of n items in which every `#` is the item's number.
    pub patch: Value,
    /// What the refusal must say, each part word for word.
    #[serde(default)]
    pub expect: Vec<String>,
}

/// Every table.
pub fn all() -> impl Iterator<Item = Table> {
    TABLES.into_iter().map(read).chain([read(WORKLOAD).of_a_blueprint()])
}

fn read(text: &str) -> Table {
    let mut table: Table = serde_saphyr::from_str(text).expect("a table");
    for entry in table.refused.iter_mut().chain(&mut table.accepted) {
        expand(&mut entry.patch);
    }
    for entry in &table.refused {
        assert!(!entry.expect.is_empty(), "{}: say what the refusal must say", entry.name);
    }
    table
}

impl Table {
    /// The same changes to a Blueprint, whose image has a digest.
    fn of_a_blueprint(mut self) -> Self {
        let mut workload = self.base["spec"]["workload"].take();
        workload["image"] = json!(format!("registry.example.gov.cn/nr/realestate@sha256:{}", "0".repeat(64)));
        self.base = json!({
            "apiVersion": "yipan.dev/v1alpha1", "kind": "Blueprint", "metadata": { "name": "refusals-workload" },
            "spec": { "displayName": "停车", "owner": "nobody", "sharing": "Dedicated", "workload": workload },
        });
        Self { about: "workload of a Blueprint".to_owned(), path: "blueprints".to_owned(), ..self }
    }

    /// The kind of the base object.
    pub fn kind(&self) -> String {
        self.base.get("kind").and_then(Value::as_str).expect("the base object has a kind").to_owned()
    }

    /// The path of the collection.
    pub fn collection(&self) -> String {
        format!("/apis/yipan.dev/v1alpha1/{}", self.path)
    }

    /// The path of the base object.
    pub fn object(&self) -> String {
        let name = self.base.pointer("/metadata/name").and_then(Value::as_str);
        format!("{}/{}", self.collection(), name.expect("the base object has a name"))
    }

    /// Reads the base object with a change as the operator would.
    pub fn read(&self, patch: &Value) -> Result<(), serde_json::Error> {
        let object = self.with(patch);
        match self.kind().as_str() {
            "Platform" => serde_json::from_value::<Platform>(object).map(|_| ()),
            "Tenant" => serde_json::from_value::<Tenant>(object).map(|_| ()),
            "Blueprint" => serde_json::from_value::<Blueprint>(object).map(|_| ()),
            _ => serde_json::from_value::<App>(object).map(|_| ()),
        }
    }

    /// The base object with a change.
    pub fn with(&self, patch: &Value) -> Value {
        let mut object = self.base.clone();
        merge(&mut object, patch);
        object
    }
}

/// Applies a JSON merge patch (RFC 7396).
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let fields = target.as_object_mut().expect("made an object above");
    for (name, change) in changes {
        if change.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name).or_insert(Value::Null), change);
        }
    }
}

/// Writes out what a table abbreviates.
fn expand(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(expand),
        Value::Object(fields) => match abbreviated(fields) {
            Some(mut long) => {
                expand(&mut long); // the items of a list may be long themselves
                *value = long;
            }
            None => fields.values_mut().for_each(expand),
        },
        _ => {}
    }
}

fn abbreviated(fields: &Map<String, Value>) -> Option<Value> {
    let times = usize::try_from(fields.get("times")?.as_u64()?).ok()?;
    if let Some(text) = fields.get("repeat") {
        return Some(Value::String(text.as_str()?.repeat(times)));
    }
    let each = fields.get("each")?;
    Some((0..times).map(|number| numbered(each, number)).collect())
}

fn numbered(value: &Value, number: usize) -> Value {
    match value {
        Value::String(text) if text == "#" => json!(number + 1),
        Value::String(text) => Value::String(text.replace('#', &number.to_string())),
        Value::Array(items) => items.iter().map(|item| numbered(item, number)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, field)| (name.clone(), numbered(field, number))).collect())
        }
        other => other.clone(),
    }
}
