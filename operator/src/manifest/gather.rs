//! From texts to one set of declarations.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;
use yipan_core::kinds::{self, App, Blueprint, Platform, Tenant};
use yipan_core::plan::quota::{self, QuotaFound};
use yipan_core::plan::{Declared, ListenersFound, NamespaceFound, PodTrouble, RouteFound, WorkloadFound, labels};

use super::schema::{self, KindRules};
use super::{Problem, Problems, Source, newcomer, yaml};

/// What a set of files declares.
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    /// The declarations, and what the files say exists.
    pub declared: Declared,
    /// How many objects of each other kind were passed over.
    pub passed_over: BTreeMap<String, usize>,
}

/// The place of one object: file and number of its document.
type Place = (String, usize);
/// Kind, namespace and name.
type Key = (String, String, String);

/// A set of declarations in the making.
pub(super) struct Gathering {
    rules: &'static [KindRules],
    manifest: Manifest,
    troubles: BTreeMap<(String, String), PodTrouble>,
    places: BTreeMap<Key, Place>,
    problems: Vec<Problem>,
}

impl Gathering {
    pub(super) fn new() -> Self {
        let all = schema::rules();
        let fault = |error: &anyhow::Error| Problem {
            file: "yipan".to_owned(),
            document: None,
            object: None,
            path: String::new(),
            message: format!("the definitions do not compile: {error:#}"),
        };
        let problems = all.as_ref().err().map(fault).into_iter().collect();
        let rules = all.as_deref().unwrap_or_default();
        Self { rules, manifest: Manifest::default(), troubles: BTreeMap::new(), places: BTreeMap::new(), problems }
    }

    /// Reads one text.
    pub(super) fn add(&mut self, source: &Source) {
        let first = self.problems.len();
        let stream = yaml::read(&source.text);
        for (document, message) in stream.faults {
            self.problem(&(source.file.clone(), document), None, "", message);
        }
        for (document, value) in stream.documents {
            let place = (source.file.clone(), document);
            let list = value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
            match value.get("items").and_then(Value::as_array).filter(|_| list) {
                Some(items) => items.iter().for_each(|item| self.object(&place, item.clone())),
                None => self.object(&place, value),
            }
        }
        self.problems[first..].sort_by_key(|problem| problem.document);
    }

    /// The set, if nothing is wrong with it.
    pub(super) fn finish(mut self) -> Result<Manifest, Problems> {
        for (workload, trouble) in self.troubles {
            if let Some(found) = self.manifest.declared.workloads.get_mut(&workload) {
                found.trouble = Some(trouble);
            }
        }
        if self.problems.is_empty() { Ok(self.manifest) } else { Err(Problems(self.problems)) }
    }

    fn problem(&mut self, place: &Place, object: Option<&str>, path: &str, message: String) {
        self.problems.push(Problem {
            file: place.0.clone(),
            document: Some(place.1),
            object: object.map(str::to_owned),
            path: path.to_owned(),
            message,
        });
    }

    fn object(&mut self, place: &Place, mut value: Value) {
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (version, kind) = (text("/apiVersion"), text("/kind"));
        let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
        if version.is_empty() || kind.is_empty() {
            return self.problem(place, None, "", "apiVersion and kind are required".to_owned());
        }
        let slash = if namespace.is_empty() { "" } else { "/" };
        let title = format!("{kind} {namespace}{slash}{name}").trim_end().to_owned();
        let key = (kind.clone(), namespace.clone(), name.clone());
        let known = if name.is_empty() { None } else { self.places.insert(key, place.clone()) };
        if let Some((file, document)) = known {
            let message = format!("is declared twice; the other place is {file}, document {document}");
            return self.problem(place, Some(&title), "", message);
        }
        match version.split_once('/') {
            Some((kinds::GROUP, number)) => {
                without_nulls(&mut value);
                newcomer::admit(&mut value, self.places.len());
                self.ours(place, &title, (number, &kind), value);
            }
            _ => self.others(&version, &kind, (namespace, name), &value),
        }
    }

    /// An object of our own kinds: checked, then kept.
    fn ours(&mut self, place: &Place, title: &str, (version, kind): (&str, &str), value: Value) {
        let Some(rules) = self.rules.iter().find(|rules| rules.kind == kind).filter(|_| version == "v1alpha1") else {
            let known: Vec<_> = self.rules.iter().map(|rules| rules.kind.as_str()).collect();
            let group = kinds::GROUP;
            let message = format!("{group}/{version} has no {kind}; {group}/v1alpha1 has {}", known.join(", "));
            return self.problem(place, Some(title), "", message);
        };
        let mut wrong = rules.check(&value);
        if rules.namespaced && value.pointer("/metadata/namespace").is_none() {
            wrong.push((
                "metadata.namespace".to_owned(),
                "is required: the tenant's, which is named like it".to_owned(),
            ));
        }
        let kept = if wrong.is_empty() { self.keep(kind, value) } else { Ok(()) };
        wrong.extend(kept.err().map(|error| (String::new(), error.to_string())));
        for (path, message) in wrong {
            self.problem(place, Some(title), &path, message);
        }
    }

    fn keep(&mut self, kind: &str, value: Value) -> serde_json::Result<()> {
        fn typed<K: DeserializeOwned>(value: Value) -> serde_json::Result<Arc<K>> {
            serde_json::from_value(value).map(Arc::new)
        }
        let (namespace, name) = key(&value);
        let declared = &mut self.manifest.declared;
        match kind {
            "Platform" => declared.platform = Some(typed::<Platform>(value)?),
            "Tenant" => drop(declared.tenants.insert(name, typed::<Tenant>(value)?)),
            "Blueprint" => drop(declared.blueprints.insert(name, typed::<Blueprint>(value)?)),
            _ => drop(declared.apps.insert((namespace, name), typed::<App>(value)?)),
        }
        Ok(())
    }

    /// Another's object: what matters of it, if anything does.
    fn others(&mut self, version: &str, kind: &str, key: (String, String), value: &Value) {
        let declared = &mut self.manifest.declared;
        match (version.split('/').next().unwrap_or_default(), kind) {
            ("v1", "Namespace") => drop(declared.namespaces.insert(key.1, NamespaceFound::read(value))),
            ("v1", "ResourceQuota") if key.1 == quota::NAME => {
                declared.quotas.insert(key.0, QuotaFound::read(value));
            }
            ("apps", "Deployment") | ("batch", "CronJob") => {
                drop(declared.workloads.insert(key, WorkloadFound::read(value)));
            }
            ("gateway.networking.k8s.io", "HTTPRoute") => drop(declared.routes.insert(key, RouteFound::read(value))),
            ("gateway.networking.k8s.io", "ListenerSet") => {
                drop(declared.listeners.insert(key.1, ListenersFound::read(value)));
            }
            ("v1", "Pod") => {
                let label = format!("/metadata/labels/{}", labels::NAME.replace('/', "~1"));
                let app = value.pointer(&label).and_then(Value::as_str);
                if let (Some(app), Some(trouble)) = (app, PodTrouble::read(value)) {
                    self.troubles.entry((key.0, app.to_owned())).or_insert(trouble);
                }
            }
            _ => *self.manifest.passed_over.entry(kind.to_owned()).or_default() += 1,
        }
    }
}

fn key(value: &Value) -> (String, String) {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    (text("/metadata/namespace"), text("/metadata/name"))
}

/// Fields without a value are absent to the API server.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}
