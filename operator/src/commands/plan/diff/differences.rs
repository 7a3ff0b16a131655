//! Every object that would be made, changed or deleted, with the fields that differ.

use std::collections::{HashMap, HashSet};

use futures::{StreamExt as _, TryStreamExt as _};
use kube::{Client, Resource};
use serde_json::{Value, json};
use yipan_core::drift;
use yipan_core::fields::{self, Field};
use yipan_core::plan::preview::{Fate, Fates, Key, Named, Preview, Seen, key};
use yipan_core::plan::tenant::Retirement;
use yipan_core::plan::{Kind, Object, Owner, metadata};

use super::read;

/// How many objects are looked up at a time.
const AT_A_TIME: usize = 16;
/// What stands for what only the API server can tell, as others of these tools say it.
pub const LATER: &str = "(known after apply)";

/// One object that would not be what it is.
#[derive(Debug, Clone)]
pub struct Difference {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; none for a Namespace.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub owner: Named,
    /// What is stored of the fields that are ours; none: it is new.
    pub before: Option<Value>,
    /// What would be written; none: it goes.
    pub after: Option<Value>,
    /// The fields that differ.
    pub fields: Vec<Field>,
}

/// What is found of all objects.
#[derive(Debug, Default)]
pub struct Differences {
    /// Every object that would not be what it is.
    pub all: Vec<Difference>,
    /// Names that somebody else has: the operator would write nothing there.
    pub taken: Vec<String>,
}

/// Holds every stored object of ours against what would become of it.
///
/// # Errors
/// A right is missing, or the API server does not answer.
pub async fn differences(
    client: &Client,
    preview: &Preview,
    fates: &Fates,
    held: &[(Kind, Value)],
) -> anyhow::Result<Differences> {
    let mut sorting = Sorting::of(fates);
    held.iter().for_each(|(kind, object)| sorting.judge(*kind, object));
    for kind in Kind::ALL.into_iter().filter(|kind| !matches!(kind, Kind::Namespace | Kind::ResourceQuota)) {
        read::each(client, kind, |object| sorting.judge(kind, &object)).await?;
    }
    for (key, object) in unlabelled(client, preview, &sorting.missing()).await? {
        sorting.judge_unlabelled(key, &object);
    }
    Ok(sorting.finish(preview))
}

/// Stored objects, each looked at once.
pub struct Sorting<'a> {
    fates: &'a Fates,
    /// Those that are there.
    there: HashSet<Key>,
    /// Those of them that would be written, as they are.
    stored: HashMap<Key, Value>,
    found: Differences,
}

/// A tenant's own objects come before those of its Apps.
fn order(difference: &Difference) -> (&str, Option<&str>, Kind, &str) {
    let Named { namespace, name, .. } = &difference.owner;
    let (tenant, app) = namespace.as_deref().map_or((name.as_str(), None), |tenant| (tenant, Some(name.as_str())));
    (tenant, app, difference.kind, &difference.name)
}

impl<'a> Sorting<'a> {
    /// Nothing was looked at yet.
    pub fn of(fates: &'a Fates) -> Self {
        Self { fates, there: HashSet::new(), stored: HashMap::new(), found: Differences::default() }
    }

    /// Looks at one stored object of ours, with its `managedFields` still in place.
    pub fn judge(&mut self, kind: Kind, object: &Value) {
        let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str);
        let key = (kind, metadata::place_of(kind, namespace, name).to_owned(), name.to_owned());
        let seen = Seen::read(kind, object);
        let shown = || match kind {
            Kind::Namespace => drift::shown_namespace(object),
            _ => drift::shown(object),
        };
        let owner = || owner(&key.1, &seen.owner);
        let whole = |after: Option<Value>| {
            let before = shown();
            let fields = after.as_ref().map(|after| fields::different(&before, after)).unwrap_or_default();
            let namespace = namespace.map(str::to_owned);
            Difference { kind, namespace, name: name.to_owned(), owner: owner(), before: Some(before), after, fields }
        };
        match self.fates.fate(&key, &seen) {
            Fate::Stays => {}
            Fate::Written => drop(self.stored.insert(key.clone(), shown())),
            Fate::Goes => self.found.all.push(whole(None)),
            Fate::Off => {
                let mut after = shown();
                match kind {
                    Kind::CronJob => after["spec"]["suspend"] = json!(true),
                    _ => after["spec"]["replicas"] = json!(0),
                }
                self.found.all.push(whole(Some(after)));
            }
        }
        self.there.insert(key);
    }

    /// Looks at what lies, without our label, under a name that would be made.
    fn judge_unlabelled(&mut self, key: Key, object: &Value) {
        // Kubernetes makes this one by itself; any other that we never wrote is somebody else's.
        let default = (key.0, key.2.as_str()) == (Kind::ServiceAccount, "default");
        if drift::stored(object).digest.is_some() || default {
            return self.judge(key.0, object);
        }
        self.found.taken.push(format!("{} {}/{}", key.0.as_str(), key.1, key.2));
        self.there.insert(key);
    }

    /// What would be made as far as was looked.
    pub fn missing(&self) -> Vec<Key> {
        self.fates.made().filter(|key| !self.there.contains(*key)).cloned().collect()
    }

    /// Renders what would be written, and gives all that was found, tenant by tenant.
    pub fn finish(mut self, preview: &Preview) -> Differences {
        let made: HashSet<Key> = self.missing().into_iter().collect();
        let unknown = unknown(preview);
        Fates::each(preview, &mut |object| {
            let key = key(object);
            let before = self.stored.remove(&key);
            if before.is_some() || made.contains(&key) {
                self.found.all.extend(written(preview, object, before, &unknown));
            }
        });
        self.found.all.sort_by(|one, other| order(one).cmp(&order(other)));
        self.found
    }
}

fn owner(place: &str, owner: &Owner) -> Named {
    match owner {
        Owner::Tenant => Named::new("Tenant", None, place),
        Owner::App(app) => Named::new("App", Some(place), app),
        Owner::Seat { tenant, app } => Named::new("App", Some(tenant), app),
        Owner::Blueprint(name) => Named::new("Blueprint", None, name),
    }
}

/// What is there under a name that would be made, without our label: somebody else's, or one of ours
/// that lost it. In namespaces that are not there yet nothing can be.
async fn unlabelled(client: &Client, preview: &Preview, missing: &[Key]) -> anyhow::Result<Vec<(Key, Value)>> {
    let there = missing.iter().filter(|(_, place, _)| preview.before.namespaces.contains_key(place));
    let looked_up = futures::stream::iter(there).map(async |key: &Key| {
        let found = read::one(client, key.0, &key.1, &key.2).await?;
        anyhow::Ok(found.map(|found| (key.clone(), found)))
    });
    let found: Vec<_> = looked_up.buffered(AT_A_TIME).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// An object that would be written.
fn written(preview: &Preview, object: &Object, before: Option<Value>, unknown: &HashSet<String>) -> Option<Difference> {
    let mut after = drift::content_of(&object.value);
    if marks(preview, object) {
        // Set beside the labels there are.
        let mut all = before.clone().unwrap_or_default();
        all["metadata"]["labels"].as_object_mut()?.extend(after["metadata"]["labels"].as_object()?.clone());
        after = all;
    }
    mask(&mut after, unknown);
    let fields = before.as_ref().map(|before| fields::different(before, &after)).unwrap_or_default();
    Some(Difference {
        kind: object.kind,
        namespace: object.namespace.clone(),
        name: object.name.clone(),
        owner: owner(&key(object).1, &Owner::of(object.kind, &object.value).0),
        before,
        after: Some(after),
        fields,
    })
}

/// Whether it is the mark of a namespace that is kept.
fn marks(preview: &Preview, object: &Object) -> bool {
    let answer = preview.tenants.get(&object.name).filter(|_| object.kind == Kind::Namespace);
    answer.is_some_and(|answer| answer.retirement == Some(Retirement::Retains))
}

/// Uids and ids of declarations that are not stored yet.
fn unknown(preview: &Preview) -> HashSet<String> {
    fn of<K: Resource<DynamicType = ()>>(object: &K) -> [String; 2] {
        [object.meta().uid.clone().unwrap_or_default(), metadata::id(object)]
    }
    let (before, after) = (&preview.before, &preview.after);
    let tenants = after.tenants.iter().filter(|(name, _)| !before.tenants.contains_key(*name));
    let apps = after.apps.iter().filter(|(place, _)| !before.apps.contains_key(*place));
    let blueprints = after.blueprints.iter().filter(|(name, _)| !before.blueprints.contains_key(*name));
    let labelled = |id: &String| !id.is_empty();
    let tenants = tenants.flat_map(|(_, tenant)| of(tenant.as_ref()));
    let blueprints = blueprints.flat_map(|(_, blueprint)| of(blueprint.as_ref()));
    tenants.chain(blueprints).chain(apps.flat_map(|(_, app)| of(app.as_ref()))).filter(labelled).collect()
}

fn mask(value: &mut Value, unknown: &HashSet<String>) {
    match value {
        Value::String(text) if unknown.contains(text) => LATER.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, unknown)),
        Value::Object(map) => map.values_mut().for_each(|value| mask(value, unknown)),
        _ => {}
    }
}
