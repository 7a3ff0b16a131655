//! What of a cluster belongs into a backup.

use std::collections::{BTreeMap, BTreeSet};

use kube::api::DynamicObject;
use kube::core::TypeMeta;
use kube::{Client, ResourceExt as _};
use serde_json::Value;
use yipan_core::plan::labels;

use super::super::listing;
use super::clean::{clean, title};
use super::part::Part;

/// The quota that Yipan writes; people's own are not ours to put back.
const QUOTA: &str = "yipan--quota";

/// What was found.
#[derive(Default)]
pub struct Collection {
    /// Each part, in its order.
    pub parts: Vec<(Part, Vec<Value>)>,
    /// What is on its way out and so is no part of it.
    pub leaving: Vec<String>,
}

/// Reads all that is declared, and of the rest what cannot be recomputed.
///
/// # Errors
/// The API server does not hand something out.
pub async fn collect(client: &Client, secrets: bool) -> anyhow::Result<Collection> {
    let mut collection = Collection::default();
    let mut places = Places::default();
    for part in Part::ALL.into_iter().filter(|part| secrets || *part != Part::Secrets) {
        let mut staying = Vec::new();
        for resource in part.resources() {
            for mut object in listing::every(client, &resource).await? {
                if !places.hold(part, &object) {
                    continue;
                }
                // A list names the kind once, for all of them.
                let types = TypeMeta { api_version: resource.api_version.clone(), kind: resource.kind.clone() };
                object.types = Some(types);
                match object.metadata.deletion_timestamp {
                    Some(_) => collection.leaving.push(title(&clean(&object))),
                    None => staying.push(object),
                }
            }
        }
        match part {
            Part::Namespaces => places = Places::of(&staying),
            Part::Tenants => staying = parents_first(staying),
            _ => {}
        }
        collection.parts.push((part, staying.iter().map(recorded).collect()));
    }
    Ok(collection)
}

/// The namespaces whose content counts.
#[derive(Default)]
struct Places {
    tenants: BTreeSet<String>,
    retained: BTreeSet<String>,
}

impl Places {
    fn of(namespaces: &[DynamicObject]) -> Self {
        let named = |label: &str| {
            let with = namespaces.iter().filter(|namespace| namespace.labels().contains_key(label));
            with.map(|namespace| namespace.name_any()).collect()
        };
        Self { tenants: named(labels::TENANT), retained: named(labels::RETAINED_UNTIL) }
    }

    /// Whether an object is one to be put back.
    fn hold(&self, part: Part, object: &DynamicObject) -> bool {
        let lies_in = |places: &BTreeSet<String>| object.namespace().is_some_and(|place| places.contains(&place));
        let ours = object.labels().get(labels::MANAGED_BY).is_some_and(|by| by == labels::YIPAN);
        match part {
            Part::Namespaces => object.labels().contains_key(labels::TENANT),
            Part::Quotas => lies_in(&self.tenants) && object.name_any() == QUOTA,
            Part::Locks => lies_in(&self.retained) && ours,
            // Tokens belong to accounts of that cluster.
            Part::Secrets => lies_in(&self.tenants) && object.data["type"] != "kubernetes.io/service-account-token",
            Part::Platform | Part::Tenants | Part::Blueprints | Part::Apps => true,
        }
    }
}

/// What of a tenant's status no operator could work out anew: what was granted depends on who came
/// first, and is kept.
const RECORDED: [&str; 4] = ["id", "granted", "allocations", "reserved"];

fn recorded(object: &DynamicObject) -> Value {
    let mut value = clean(object);
    if value["kind"] == "Tenant"
        && let Some(status) = object.data["status"].as_object()
    {
        let kept = status.iter().filter(|(key, _)| RECORDED.contains(&key.as_str()));
        value["status"] = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
    }
    value
}

/// Tenants so that every parent comes before its children, and within a generation whoever was first
/// comes first: a division that two have claimed belongs to the earlier.
fn parents_first(tenants: Vec<DynamicObject>) -> Vec<DynamicObject> {
    let parent = |tenant: &DynamicObject| tenant.data["spec"]["parent"].as_str().map(str::to_owned);
    let parents: BTreeMap<String, Option<String>> =
        tenants.iter().map(|tenant| (tenant.name_any(), parent(tenant))).collect();
    let depth = |tenant: &DynamicObject| {
        let above = |name: &String| parents.get(name).cloned().flatten();
        std::iter::successors(Some(tenant.name_any()), above).take(parents.len() + 1).count()
    };
    let mut tenants = tenants;
    tenants.sort_by_cached_key(|tenant| {
        let created = tenant.metadata.creation_timestamp.as_ref().map(|created| created.0);
        (depth(tenant), created, tenant.name_any())
    });
    tenants
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parents_come_first_and_among_equals_the_earlier() {
        let tenant = |name: &str, parent: Option<&str>, second: u32| -> DynamicObject {
            serde_json::from_value(json!({
                "apiVersion": "yipan.dev/v1alpha1", "kind": "Tenant",
                "metadata": { "name": name, "creationTimestamp": format!("2026-01-01T00:00:{second:02}Z") },
                "spec": { "parent": parent },
            }))
            .unwrap()
        };
        let tenants = vec![
            tenant("aaa", Some("wuwei"), 9),
            tenant("bbb", Some("wuwei"), 1),
            tenant("wuwei", Some("gansu"), 5),
            tenant("gansu", None, 7),
        ];
        let order: Vec<String> = parents_first(tenants).iter().map(|tenant| tenant.name_any()).collect();
        assert_eq!(order, ["gansu", "wuwei", "bbb", "aaa"]);
    }
}
