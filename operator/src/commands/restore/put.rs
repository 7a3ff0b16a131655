//! One object at a time: made where there is none, and left where there is one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context as _;
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use kube::{Api, Client, Error, ResourceExt as _};
use serde_json::{Value, json};
use tokio::time::Instant;
use yipan_core::drift::MANAGER;
use yipan_core::plan::labels;

use super::super::backup::clean::{clean, id, title};
use super::super::backup::part::Part;

/// What became of an object.
pub enum Put {
    /// It was made.
    Made,
    /// It is there, just so.
    Same,
    /// It was not made, for this reason.
    Left(String),
}

/// How often something is asked for again that the cluster has yet to count.
const GLANCE: Duration = Duration::from_millis(250);
/// Longer than the second in which the API server tells times.
const NEXT_SECOND: Duration = Duration::from_millis(1100);

/// The way into a cluster.
pub struct Putting {
    client: Client,
    patience: Duration,
    /// Namespaces of these names are somebody else's.
    taken: BTreeSet<String>,
    /// Divisions that have been claimed, and whether by a tenant that was left.
    claims: BTreeMap<String, bool>,
    /// How many objects were left.
    pub left: usize,
}

impl Putting {
    /// With this long a wait for what has yet to be counted.
    pub fn new(client: Client, patience: Duration) -> Self {
        Self { client, patience, taken: BTreeSet::new(), claims: BTreeMap::new(), left: 0 }
    }

    /// Makes an object, unless something of its name exists.
    pub async fn put(&mut self, part: Part, object: &Value) -> Put {
        let put = match self.try_put(part, object).await {
            Ok(put) => put,
            Err(error) => Put::Left(format!("{}: {error:#}", title(object))),
        };
        let left = matches!(put, Put::Left(_));
        self.left += usize::from(left);
        if let Some(division) = claim(part, object) {
            self.claims.entry(division.to_owned()).or_insert(left);
        }
        put
    }

    async fn try_put(&mut self, part: Part, object: &Value) -> anyhow::Result<Put> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let name = text("/metadata/name").unwrap_or_default();
        let namespace = text("/metadata/namespace");
        // A tenant goes by its namespace, which has its name.
        if namespace.or((part == Part::Tenants).then_some(name)).is_some_and(|place| self.taken.contains(place)) {
            return Ok(Put::Left(format!("{}: the namespace is another's", title(object))));
        }
        let kind = text("/kind").unwrap_or_default();
        let resource = part.resources().into_iter().find(|resource| resource.kind == kind);
        let resource = resource.with_context(|| format!("{} has no {kind}", part.file()))?;
        let api: Api<DynamicObject> = match namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        };
        let mut declared = object.clone();
        let status = declared.as_object_mut().and_then(|fields| fields.remove("status"));
        if claim(part, object).and_then(|division| self.claims.get(division)) == Some(&true) {
            return Ok(Put::Left(format!("{}: an earlier tenant of its division was not put back", title(object))));
        }
        let (put, found) = match api.get_opt(name).await? {
            // The cluster gives every namespace this one by itself.
            Some(found) if kind == "ServiceAccount" && clean(&found) != declared && !is_ours(&found) => {
                (Put::Made, self.create(&api, part, &declared).await?)
            }
            Some(found) => (self.compare(part, &declared, &clean(&found)), found),
            None => {
                self.after_an_earlier_claim(part, object).await;
                (Put::Made, self.create(&api, part, &declared).await?)
            }
        };
        // Also where an earlier run was broken off in between.
        if let Some(status) = status.filter(|_| !matches!(put, Put::Left(_)) && found.data["status"].is_null()) {
            record(&api, &found, &status).await?;
        }
        Ok(put)
    }

    /// What exists stays as it is, whatever the backup says.
    fn compare(&mut self, part: Part, object: &Value, found: &Value) -> Put {
        if found == object {
            return Put::Same;
        }
        let name = found["metadata"]["name"].as_str().unwrap_or_default();
        if id(found) != id(object) {
            if part == Part::Namespaces {
                self.taken.insert(name.to_owned());
            }
            let shown = |id: Option<&str>| id.unwrap_or("none").to_owned();
            let (there, here) = (shown(id(found)), shown(id(object)));
            return Put::Left(format!("{}: it exists with id {there}, the backup has {here}", title(object)));
        }
        Put::Left(format!("{}: it exists and differs from the backup", title(object)))
    }

    /// Of two tenants with one division the earlier has it, and within a second the API server tells
    /// them apart by name alone.
    async fn after_an_earlier_claim(&mut self, part: Part, object: &Value) {
        if claim(part, object).is_some_and(|division| self.claims.contains_key(division)) {
            tokio::time::sleep(NEXT_SECOND).await;
        }
    }

    /// A quota that has just been made refuses everything until the cluster has counted.
    async fn create(&self, api: &Api<DynamicObject>, part: Part, object: &Value) -> anyhow::Result<DynamicObject> {
        let object: DynamicObject = serde_json::from_value(object.clone())?;
        // What the operator writes is written as it would: it finds its own work, and has nothing to do.
        if matches!(part, Part::Quotas | Part::Locks) {
            return Ok(api.patch(&object.name_any(), &PatchParams::apply(MANAGER), &Patch::Apply(&object)).await?);
        }
        let manager = if part == Part::Namespaces { MANAGER } else { "yipan-restore" };
        let params = PostParams { field_manager: Some(manager.to_owned()), ..Default::default() };
        let deadline = Instant::now() + self.patience;
        loop {
            match api.create(&params, &object).await {
                Err(Error::Api(status))
                    if status.code == 403
                        && status.message.contains("status unknown for quota")
                        && Instant::now() < deadline =>
                {
                    tokio::time::sleep(GLANCE).await;
                }
                answer => return Ok(answer?),
            }
        }
    }
}

fn is_ours(object: &DynamicObject) -> bool {
    object.labels().get(labels::MANAGED_BY).is_some_and(|by| by == labels::YIPAN)
}

/// The division that a tenant claims for itself alone, if it does.
fn claim(part: Part, object: &Value) -> Option<&str> {
    let shares = matches!(object["spec"]["level"].as_str(), Some("Department" | "FunctionalZone"));
    object["spec"]["division"].as_str().filter(|_| part == Part::Tenants && !shares)
}

/// Writes what was recorded of a status, under the operator's name: only so can it change it later.
async fn record(api: &Api<DynamicObject>, found: &DynamicObject, status: &Value) -> anyhow::Result<()> {
    let types = found.types.clone().unwrap_or_default();
    let patch = json!({ "apiVersion": types.api_version, "kind": types.kind, "status": status });
    let params = PatchParams::apply(MANAGER).force();
    drop(api.patch_status(&found.name_any(), &params, &Patch::Apply(patch)).await?);
    Ok(())
}
