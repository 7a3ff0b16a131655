//! Declarations laid over those that a cluster has.

use std::collections::BTreeMap;
use std::sync::Arc;

use kube::{Resource, ResourceExt as _};
use serde::Serialize;
use serde_json::{Value, json};

use crate::fields::{self, Field};
use crate::kinds::{App, Blueprint, Platform, Tenant};
use crate::plan::Declared;

/// One declaration by kind, namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Named {
    /// Its kind.
    pub kind: &'static str,
    /// Its namespace; none where it lies in none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl Named {
    /// A declaration that lies in a namespace or in none.
    pub fn new(kind: &'static str, namespace: Option<&str>, name: &str) -> Self {
        Self { kind, namespace: namespace.map(str::to_owned), name: name.to_owned() }
    }

    /// An App.
    pub fn app((namespace, name): &(String, String)) -> Self {
        Self::new("App", Some(namespace), name)
    }
}

impl std::fmt::Display for Named {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(formatter, "{} {namespace}/{}", self.kind, self.name),
            None => write!(formatter, "{} {}", self.kind, self.name),
        }
    }
}

/// What becomes of one declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Which.
    pub named: Named,
    /// What is stored of the fields that are given; none: it is new.
    pub before: Option<Value>,
    /// What is given; none: it goes.
    pub after: Option<Value>,
    /// The fields that differ.
    pub fields: Vec<Field>,
}

/// A kind that people declare.
pub trait Kinds: Resource<DynamicType = ()> + Clone {
    /// Its name.
    const KIND: &'static str;
    /// What is declared.
    fn spec(&self) -> Value;
    /// Takes over the spec of another.
    fn take_spec(&mut self, from: &Self);
    /// Forgets what somebody else's operator once said.
    fn forget_status(&mut self);
}

macro_rules! kinds {
    ($kind:ident) => {
        impl Kinds for $kind {
            const KIND: &'static str = stringify!($kind);

            fn spec(&self) -> Value {
                let mut spec = serde_json::to_value(&self.spec).unwrap_or(Value::Null);
                crate::plan::drop_nulls(&mut spec);
                spec
            }

            fn take_spec(&mut self, from: &Self) {
                self.spec = from.spec.clone();
            }

            fn forget_status(&mut self) {
                self.status = None;
            }
        }
    };
}
kinds!(Platform);
kinds!(Tenant);
kinds!(Blueprint);
kinds!(App);

/// The world of `cluster` with the declarations of `files` in place of their namesakes, without
/// `deleted`; and what changes by that. A spec is taken whole; labels and annotations are added.
/// A tenant that goes is still there: [`super::Preview`] ends it.
pub fn laid_over(cluster: &Declared, files: &Declared, deleted: &[Named]) -> (Declared, Vec<Change>) {
    let (mut world, mut changes) = (cluster.clone(), Vec::new());
    if let Some(given) = &files.platform {
        world.platform = Some(lay(world.platform.as_ref(), given, &mut changes));
    }
    lay_all(&mut world.tenants, &files.tenants, &mut changes);
    lay_all(&mut world.blueprints, &files.blueprints, &mut changes);
    world.unreadable_blueprints.retain(|name| !files.blueprints.contains_key(name));
    lay_all(&mut world.apps, &files.apps, &mut changes);
    world.unreadable.retain(|place| !files.apps.contains_key(place));
    for named in deleted {
        let place = (named.namespace.clone().unwrap_or_default(), named.name.clone());
        let before = match named.kind {
            "App" => world.apps.remove(&place).map(|app| shown(&*app, None)),
            "Blueprint" => world.blueprints.remove(&named.name).map(|blueprint| shown(&*blueprint, None)),
            _ => world.tenants.get(&named.name).map(|tenant| shown(&**tenant, None)),
        };
        changes.push(Change { named: named.clone(), before, after: None, fields: Vec::new() });
    }
    (world, changes)
}

fn lay_all<P: Ord + Clone, K: Kinds>(
    world: &mut BTreeMap<P, Arc<K>>,
    given: &BTreeMap<P, Arc<K>>,
    changes: &mut Vec<Change>,
) {
    for (place, object) in given {
        let laid = lay(world.get(place), object, changes);
        world.insert(place.clone(), laid);
    }
}

fn lay<K: Kinds>(stored: Option<&Arc<K>>, given: &Arc<K>, changes: &mut Vec<Change>) -> Arc<K> {
    let named = Named::new(K::KIND, given.namespace().as_deref(), &given.name_any());
    let after = shown(given.as_ref(), None);
    let Some(stored) = stored else {
        let mut new = K::clone(given);
        new.forget_status();
        changes.push(Change { named, before: None, after: Some(after), fields: Vec::new() });
        return Arc::new(new);
    };
    let before = shown(stored.as_ref(), Some(given.as_ref()));
    let fields = fields::different(&before, &after);
    if fields.is_empty() {
        return Arc::clone(stored);
    }
    let mut laid = K::clone(stored);
    laid.take_spec(given);
    laid.labels_mut().extend(given.labels().clone());
    laid.annotations_mut().extend(given.annotations().clone());
    if fields.iter().any(|field| field.path.starts_with("spec")) {
        laid.meta_mut().generation = stored.meta().generation.map(|generation| generation + 1);
    }
    changes.push(Change { named, before: Some(before), after: Some(after), fields });
    Arc::new(laid)
}

/// What of a declaration is compared: its spec, and of labels and annotations those that are given.
fn shown<K: Kinds>(object: &K, given: Option<&K>) -> Value {
    let given = given.unwrap_or(object);
    let of = |all: &BTreeMap<String, String>, keys: &BTreeMap<String, String>| -> BTreeMap<String, String> {
        let kept = all.iter().filter(|(key, _)| keys.contains_key(*key));
        kept.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let mut shown = json!({ "spec": object.spec() });
    let labels = of(object.labels(), given.labels());
    let annotations = of(object.annotations(), given.annotations());
    for (name, map) in [("labels", labels), ("annotations", annotations)] {
        if !map.is_empty() {
            shown["metadata"][name] = json!(map);
        }
    }
    shown
}
