//! The page of one kind, made from its schema.

use std::fmt::Write as _;

use anyhow::Context as _;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value;

use crate::commands::generated::Generated;
use crate::manifest::whole;

/// Every field of a kind: what it is, whether it is required, what it means and its rules.
pub fn page(definition: &CustomResourceDefinition) -> anyhow::Result<Generated> {
    let names = &definition.spec.names;
    let version = definition.spec.versions.first().with_context(|| format!("{} has no version", names.kind))?;
    let schema = version.schema.as_ref().and_then(|schema| schema.open_api_v3_schema.as_ref());
    let schema = serde_json::to_value(schema.with_context(|| format!("{} has no schema", names.kind))?)?;
    let mut text = format!(
        "# {}\n\n{}\n\nMade by `make generate` from `operator/core/src/kinds`. `kubectl explain {}` shows the same.\n\n\
         `apiVersion: {}/{}`, {}; short name `{}`.\n",
        names.kind,
        said(&schema),
        names.plural,
        definition.spec.group,
        version.name,
        if definition.spec.scope == "Namespaced" { "in the tenant's namespace" } else { "for the whole cluster" },
        names.short_names.iter().flatten().cloned().collect::<Vec<_>>().join("`, `"),
    );
    rules(&schema, &mut text);
    for part in ["spec", "status"] {
        if let Some(schema) = schema.pointer(&format!("/properties/{part}")) {
            section(part, schema, &mut text);
        }
    }
    Ok(Generated { name: format!("{}.md", names.singular.as_deref().unwrap_or_default()), text })
}

/// One object: a table of its fields, its rules, and a section for each object in it.
fn section(path: &str, schema: &Value, text: &mut String) {
    let Some(fields) = schema.get("properties").and_then(Value::as_object) else { return };
    let required = |name: &str| {
        schema.get("required").is_some_and(|list| list.as_array().into_iter().flatten().any(|one| one == name))
    };
    // Writing to a String cannot fail.
    let _ =
        write!(text, "\n## {path}\n\n{}\n\n| field | type | required | meaning |\n|---|---|---|---|\n", said(schema));
    for (name, field) in fields {
        let required = if required(name) { "yes" } else { "" };
        let meaning = [said(field), own_rules(field)].join(" ");
        let _ = writeln!(text, "| `{name}` | {} | {required} | {} |", type_of(field), cell(meaning.trim()));
    }
    rules(schema, text);
    for (name, field) in fields {
        match field.get("items") {
            Some(item) => section(&format!("{path}.{name}[]"), item, text),
            None => section(&format!("{path}.{name}"), field, text),
        }
    }
}

fn said(schema: &Value) -> String {
    schema.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " ")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// A field's type with its bounds.
fn type_of(field: &Value) -> String {
    let text = |key: &str| field.get(key).and_then(Value::as_str);
    if field.get("x-kubernetes-int-or-string").is_some() {
        return "quantity".to_owned();
    }
    if let Some(options) = field.get("enum").and_then(Value::as_array) {
        let words: Vec<_> = options.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect();
        return words.join(", ");
    }
    match text("type") {
        Some("array") => {
            let item = field.get("items").filter(|item| item.get("properties").is_none()).map(type_of);
            let item = item.map(|item| format!("; item: {item}")).unwrap_or_default();
            let keys = field.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
            let keys = keys.map(|keys| keys.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "));
            let unique = match (keys, text("x-kubernetes-list-type")) {
                (Some(keys), _) => format!(", each `{keys}` once"),
                (None, Some("set")) => ", each once".to_owned(),
                _ => String::new(),
            };
            format!("list{}{unique}{item}", bounds(field, "minItems", "maxItems"))
        }
        Some("object") if field.get("additionalProperties").is_some() => "map of text".to_owned(),
        Some("string") if text("format") == Some("date-time") => "time (RFC 3339)".to_owned(),
        // A sentence that begins with its own figures says them better than the schema's bounds.
        Some("string") if messages(field).any(|message| message.starts_with(|first: char| first.is_ascii_digit())) => {
            "string".to_owned()
        }
        Some("string") => format!("string{}", bounds(field, "minLength", "maxLength")),
        Some("integer") => format!("integer{}", bounds(field, "minimum", "maximum")),
        other => other.unwrap_or_default().to_owned(),
    }
}

fn bounds(field: &Value, least: &str, most: &str) -> String {
    let number = |key: &str| field.get(key).filter(|value| value.is_number()).map(whole);
    match (number(least), number(most)) {
        (Some(least), Some(most)) if least == most => format!(", {least}"),
        (Some(least), Some(most)) => format!(", {least} to {most}"),
        (None, Some(most)) => format!(", up to {most}"),
        (Some(least), None) => format!(", at least {least}"),
        (None, None) => String::new(),
    }
}

fn messages(schema: &Value) -> impl Iterator<Item = &str> {
    let rules = schema.get("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten();
    rules.filter_map(|rule| rule.get("message")?.as_str())
}

/// The rules of a field that is not an object, behind its meaning.
fn own_rules(field: &Value) -> String {
    let rules: Vec<&str> = messages(field).chain(field.get("items").into_iter().flat_map(messages)).collect();
    if rules.is_empty() || field.get("properties").is_some() {
        String::new()
    } else {
        format!("*{}.*", rules.join("; "))
    }
}

/// The rules of an object, below its fields.
fn rules(schema: &Value, text: &mut String) {
    for (index, rule) in messages(schema).enumerate() {
        let _ = writeln!(text, "{}- {rule}", if index == 0 { "\n" } else { "" });
    }
}
