//! Every CEL rule of our definitions, and how to recognise it among the causes that the API server names.

use std::fmt;

use serde_json::Value;
use yipan_core::kinds;

use super::Cause;

/// A CEL rule, by where it stands and what it says.
pub struct Rule {
    kind: String,
    /// The path in the object, each list's index or map's key left out.
    path: String,
    message: String,
}

impl Rule {
    /// Whether this rule is what a cause that the API server names is about.
    pub fn is_named_by(&self, kind: &str, cause: &Cause) -> bool {
        self.kind == kind && self.path == unindexed(&cause.path) && cause.message.ends_with(&self.message)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}: {}", self.kind, self.path, self.message)
    }
}

/// Every rule of all kinds about what people write; the status is the operator's.
pub fn all() -> Vec<Rule> {
    let mut rules = Vec::new();
    for crd in kinds::crds() {
        let schema = crd.spec.versions.iter().find_map(|version| version.schema.clone()?.open_api_v3_schema);
        let schema = serde_json::to_value(schema).expect("a schema is JSON");
        collect(&crd.spec.names.kind, &schema, String::new(), &mut rules);
    }
    rules
}

fn collect(kind: &str, schema: &Value, path: String, rules: &mut Vec<Rule>) {
    for rule in schema.get("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten() {
        let message = rule.get("message").and_then(Value::as_str);
        let message = message.unwrap_or_else(|| panic!("{kind} {path}: a rule without a message")).to_owned();
        let path = if path.is_empty() { "<nil>".to_owned() } else { path.clone() };
        rules.push(Rule { kind: kind.to_owned(), path, message });
    }
    let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    for (name, below) in fields.filter(|(name, _)| !(path.is_empty() && *name == "status")) {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        collect(kind, below, path, rules);
    }
    for list in ["items", "additionalProperties"] {
        if let Some(below) = schema.get(list).filter(|below| below.is_object()) {
            collect(kind, below, path.clone(), rules);
        }
    }
}

/// A path without the indices of lists.
fn unindexed(path: &str) -> String {
    let mut depth = 0;
    path.chars()
        .filter(|character| {
            depth += i32::from(*character == '[');
            let outside = depth == 0;
            depth -= i32::from(*character == ']');
            outside
        })
        .collect()
}
