//! Each label and annotation key once, and the selections made of them.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use crate::kinds::{LabelKey, LabelValue};

/// The stable id on Tenant, Namespace, App and Blueprint: set once, kept through backup and restore.
pub const ID: &str = "yipan.dev/id";
/// On a namespace, and on what a tenant has outside of it: the tenant.
pub const TENANT: &str = "yipan.dev/tenant";
/// On a namespace: the tenant's level, for selections by people.
pub const LEVEL: &str = "yipan.dev/level";
/// On a namespace that an earlier tenant left behind: the last day on which it is kept.
pub const RETAINED_UNTIL: &str = "yipan.dev/retained-until";
/// On a namespace: the tenant's protection level, for whoever places pods or audits.
pub const PROTECTION_LEVEL: &str = "yipan.dev/protection-level";
/// On every object of an App: the App's stable id.
pub const APP_ID: &str = "yipan.dev/app-id";
/// On every pod of a Blueprint: the Blueprint's name.
pub const BLUEPRINT: &str = "yipan.dev/blueprint";
/// On every object of a Shared Blueprint: the Blueprint's stable id.
pub const BLUEPRINT_ID: &str = "yipan.dev/blueprint-id";
/// The App's name, or that of what a Shared Blueprint runs; pods are selected by it.
pub const NAME: &str = "app.kubernetes.io/name";
/// Who writes the object.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The value of [`MANAGED_BY`], and the field manager under which everything is applied.
pub const YIPAN: &str = "yipan";
/// The one namespace label that the API server itself keeps true.
pub const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";
/// Annotation of a namespace: where its images may come from, joined by commas.
pub const REGISTRIES: &str = "yipan.dev/registries";
/// Annotation of a namespace: host names that its Apps may take, joined by commas.
pub const HOSTS: &str = "yipan.dev/hosts";
/// Annotation of a tenant's ResourceQuota: the ceiling of its subtree, from which a parent whose
/// status was lost knows what it gave.
pub const GRANTED_TOTAL: &str = "yipan.dev/granted-total";
/// Annotation of a pod: when a restart was asked for.
pub const RESTARTED_AT: &str = "yipan.dev/restarted-at";
/// The Pod Security level that the API server enforces.
pub const POD_SECURITY: &str = "pod-security.kubernetes.io/enforce";
/// The Pod Security level that it warns about.
pub const POD_SECURITY_WARN: &str = "pod-security.kubernetes.io/warn";
/// The Pod Security level that it audits.
pub const POD_SECURITY_AUDIT: &str = "pod-security.kubernetes.io/audit";

/// Prefixes of the namespace labels and annotations that are ours alone.
pub const OURS: [&str; 2] = ["yipan.dev/", "pod-security.kubernetes.io/"];

/// A map of labels.
pub fn map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// The labels as they were written.
pub fn written(labels: &BTreeMap<LabelKey, LabelValue>) -> BTreeMap<String, String> {
    labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

/// Selects what carries all of these labels.
pub fn selector(labels: BTreeMap<String, String>) -> LabelSelector {
    LabelSelector { match_labels: Some(labels), match_expressions: None }
}

/// Selects a namespace by its name, through the label nobody can forge.
pub fn namespace(name: &str) -> LabelSelector {
    selector(map([(NAMESPACE_NAME, name)]))
}

/// Selects the namespaces of all tenants. The label is the operator's, by policy.
pub fn tenants() -> LabelSelector {
    let exists = LabelSelectorRequirement { key: TENANT.to_owned(), operator: "Exists".to_owned(), values: None };
    LabelSelector { match_labels: None, match_expressions: Some(vec![exists]) }
}

/// Selects the pods of a Blueprint.
pub fn blueprint(name: &str) -> LabelSelector {
    selector(map([(BLUEPRINT, name)]))
}

/// Selects an App's pods within its namespace.
pub fn app(name: &str) -> LabelSelector {
    selector(map([(NAME, name)]))
}
