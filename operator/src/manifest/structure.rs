//! The structure of an object: JSON Schema made of a definition's schema, and what JSON Schema
//! cannot say of Kubernetes' lists.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde_json::{Map, Value, json};

/// A definition's schema as kubectl applies it: what is not listed is refused.
pub fn strict(schema: &Value) -> Value {
    let mut strict = closed(schema);
    if let Some(fields) = strict.get_mut("properties").and_then(Value::as_object_mut) {
        fields.insert("apiVersion".to_owned(), json!({ "type": "string" }));
        fields.insert("kind".to_owned(), json!({ "type": "string" }));
        fields.insert("metadata".to_owned(), metadata());
    }
    if let Some(required) = strict.get_mut("required").and_then(Value::as_array_mut) {
        required.push("metadata".into());
    }
    strict
}

/// Closes every object that lists its fields. A map, which has `additionalProperties`, stays open.
fn closed(schema: &Value) -> Value {
    let Some(node) = schema.as_object() else { return schema.clone() };
    if node.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true)) {
        return json!({ "type": ["integer", "string"], "maxLength": node.get("maxLength") });
    }
    let mut closed: Map<String, Value> = node.clone();
    for keyword in ["items", "additionalProperties"] {
        if let Some(below) = node.get(keyword) {
            closed.insert(keyword.to_owned(), self::closed(below));
        }
    }
    if let Some(fields) = node.get("properties").and_then(Value::as_object) {
        let fields: Map<_, _> = fields.iter().map(|(name, below)| (name.clone(), self::closed(below))).collect();
        closed.insert("properties".to_owned(), Value::Object(fields));
        closed.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    Value::Object(closed)
}

/// Metadata, which definitions leave to the API server.
fn metadata() -> Value {
    let (text, texts) =
        (json!({ "type": "string" }), json!({ "type": "object", "additionalProperties": { "type": "string" } }));
    let list = json!({ "type": "array" });
    json!({
        "type": "object",
        "required": ["name"],
        "additionalProperties": false,
        "properties": {
            "name": text, "namespace": text, "labels": texts, "annotations": texts,
            "uid": text, "resourceVersion": text, "selfLink": text, "generateName": text,
            "creationTimestamp": { "type": ["string", "null"], "format": "date-time" },
            "deletionTimestamp": { "type": "string", "format": "date-time" },
            "deletionGracePeriodSeconds": { "type": "integer" }, "generation": { "type": "integer" },
            "finalizers": list, "ownerReferences": list, "managedFields": list,
        },
    })
}

/// What a structural error says: path and sentence. One error may be about several fields.
pub fn explain(error: &ValidationError<'_>) -> Vec<(String, String)> {
    let path = super::problem::path_of_pointer(error.instance_path().as_str());
    let below = |field: &str| if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
    let refused = |rule: String| vec![(path.clone(), format!("{} is refused: {rule}", shortened(error.instance())))];
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            unexpected.iter().map(|field| (below(field), "there is no such field".to_owned())).collect()
        }
        ValidationErrorKind::Required { property } => {
            vec![(below(property.as_str().unwrap_or_default()), "is required".to_owned())]
        }
        ValidationErrorKind::Type { kind } => refused(wrong_type(kind, error.instance())),
        ValidationErrorKind::Enum { options } => {
            let words = options.as_array().into_iter().flatten().filter_map(Value::as_str);
            refused(format!("one of {}", words.collect::<Vec<_>>().join(", ")))
        }
        ValidationErrorKind::MinLength { limit: 1 } => refused("it must not be empty".to_owned()),
        ValidationErrorKind::MinLength { limit } => refused(format!("at least {limit} characters")),
        ValidationErrorKind::MaxLength { limit } => refused(format!("at most {limit} characters")),
        ValidationErrorKind::Minimum { limit } => refused(format!("at least {}", whole(limit))),
        ValidationErrorKind::Maximum { limit } => refused(format!("at most {}", whole(limit))),
        ValidationErrorKind::MinItems { limit: 1 } => vec![(path.clone(), "must not be empty".to_owned())],
        ValidationErrorKind::MinItems { limit } => vec![(path.clone(), format!("must have at least {limit} items"))],
        ValidationErrorKind::MaxItems { limit } => vec![(path.clone(), format!("must have at most {limit} items"))],
        ValidationErrorKind::MaxProperties { limit } => {
            vec![(path.clone(), format!("must have at most {limit} entries"))]
        }
        ValidationErrorKind::Format { format } if format == "date-time" => {
            refused("a time such as 2026-07-01T08:00:00+08:00".to_owned())
        }
        _ => vec![(path.clone(), error.to_string())],
    }
}

/// What should stand there instead; a code that lost its quotes is the usual cause.
fn wrong_type(wanted: &TypeKind, given: &Value) -> String {
    let text_is_wanted = match wanted {
        TypeKind::Single(one) => *one == JsonType::String,
        TypeKind::Multiple(several) => several.contains(JsonType::String),
    };
    match wanted {
        _ if text_is_wanted && (given.is_number() || given.is_boolean()) => {
            "text is wanted; put it in quotes".to_owned()
        }
        TypeKind::Single(JsonType::Integer) if given.is_string() => {
            "a whole number is wanted, without quotes".to_owned()
        }
        TypeKind::Single(one) => format!("{one} is wanted"),
        TypeKind::Multiple(_) => "text or a whole number is wanted".to_owned(),
    }
}

/// Bounds are floats in a definition; people read whole numbers.
pub fn whole(number: &Value) -> String {
    number.as_f64().map_or_else(|| number.to_string(), |number| format!("{number:.0}"))
}

/// A value for a message: long ones would hide the sentence.
pub fn shortened(value: &Value) -> String {
    const LONGEST: usize = 80;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Items that Kubernetes takes for the same: doubles in a set, or with the same keys in a map.
pub fn doubles(schema: &Value, value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    if let (Some(fields), Some(object)) = (schema.get("properties").and_then(Value::as_object), value.as_object()) {
        for (name, below) in object.iter().filter_map(|(name, value)| Some((name, (fields.get(name)?, value)))) {
            doubles(below.0, below.1, &if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, found);
        }
    }
    let (Some(item), Some(items)) = (schema.get("items"), value.as_array()) else { return };
    let keys = schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
    let is_set = schema.get("x-kubernetes-list-type").and_then(Value::as_str) == Some("set");
    let identity = |value: &Value| match keys {
        Some(keys) => Some(keys.iter().filter_map(|key| value.get(key.as_str()?)).map(Value::to_string).collect()),
        None if is_set => Some(vec![value.to_string()]),
        None => None,
    };
    let mut known: Vec<Vec<String>> = Vec::new();
    for (index, below) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        if let Some(identity) = identity(below) {
            if known.contains(&identity) {
                found.push((path.clone(), format!("{} stands in the list already", identity.join(", "))));
            }
            known.push(identity);
        }
        doubles(item, below, &path, found);
    }
}
