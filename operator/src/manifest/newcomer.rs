//! What an API server would give a new object.
//!
//! - `metadata.uid` is made of kind, namespace and name, so that ids in the output are the same
//!   each time and in every place.
//! - `metadata.creationTimestamp` counts seconds in the order of the files, after everything that
//!   exists: where it matters who was first, it is the one that stands first. (`kubectl apply` sends
//!   objects in that order; within one second the API server tells them apart by name only.)
//! - `metadata.generation` is 1.
//!
//! Whatever a file says itself, as the output of `kubectl get -o yaml` does, is kept.

use jiff::Timestamp;
use serde_json::Value;

/// The year 2200: later than anything that exists.
const FIRST_SECOND: i64 = 7_258_118_400;

/// Fills in what is absent. `number` counts the objects read so far.
pub fn admit(object: &mut Value, number: usize) {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let uid = uid(&[text("/kind"), text("/metadata/namespace"), text("/metadata/name")].join("/"));
    let second = FIRST_SECOND.saturating_add(i64::try_from(number).unwrap_or(i64::MAX));
    let created = Timestamp::from_second(second).unwrap_or(Timestamp::MAX).to_string();
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    for (field, value) in [("uid", Value::from(uid)), ("creationTimestamp", created.into()), ("generation", 1.into())] {
        let slot = metadata.entry(field).or_insert(Value::Null);
        if slot.is_null() {
            *slot = value;
        }
    }
}

/// A stable uid: FNV-1a over 128 bits, in the form of a UUID. It only has to be the same each time
/// and different for different names.
fn uid(name: &str) -> String {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let hash = name.bytes().fold(OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
    let digits = format!("{hash:032x}");
    format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_file_says_is_kept() {
        let mut object =
            json!({ "kind": "App", "metadata": { "name": "parking", "uid": "u", "creationTimestamp": null } });
        admit(&mut object, 1);
        assert_eq!(object["metadata"]["uid"], "u");
        assert_eq!(object["metadata"]["creationTimestamp"], "2200-01-01T00:00:01Z");
    }
}
