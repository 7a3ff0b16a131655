//! The fields in which two values differ.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Field {
    /// Its path, such as `spec.template.spec.containers[0].image`; a name that holds dots or slashes
    /// stands in brackets.
    pub path: String,
    /// What it says; none: it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it will say; none: it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// Every field in which two values differ, the deepest that is different as a whole, in order.
pub fn different(before: &Value, after: &Value) -> Vec<Field> {
    let mut found = Vec::new();
    walk("", Some(before), Some(after), &mut found);
    found
}

fn walk(path: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Field>) {
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            keys.into_iter().for_each(|key| walk(&below(path, key), old.get(key), new.get(key), found));
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            let most = old.len().max(new.len());
            (0..most).for_each(|at| walk(&format!("{path}[{at}]"), old.get(at), new.get(at), found));
        }
        (old, new) if old == new => {}
        (old, new) => found.push(Field { path: path.to_owned(), before: old.cloned(), after: new.cloned() }),
    }
}

fn below(path: &str, key: &str) -> String {
    match (path.is_empty(), key.contains(['.', '/', '['])) {
        (_, true) => format!("{path}[{key}]"),
        (true, false) => key.to_owned(),
        (false, false) => format!("{path}.{key}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_deepest_field_that_differs_is_named() {
        let before = json!({ "a": { "b": 1, "c.d/e": "x" }, "list": [{ "p": 1 }, { "p": 2 }], "same": [1] });
        let after = json!({ "a": { "b": 2 }, "list": [{ "p": 1 }, { "p": 3 }, { "q": {} }], "same": [1] });
        let found: Vec<_> = different(&before, &after).into_iter().map(|f| (f.path, f.before, f.after)).collect();
        let wanted = [
            ("a.b", Some(json!(1)), Some(json!(2))),
            ("a[c.d/e]", Some(json!("x")), None),
            ("list[1].p", Some(json!(2)), Some(json!(3))),
            ("list[2]", None, Some(json!({ "q": {} }))),
        ];
        let wanted: Vec<_> = wanted.into_iter().map(|(path, old, new)| (path.to_owned(), old, new)).collect();
        assert_eq!(found, wanted);
        assert_eq!(different(&after, &after), []);
    }
}
