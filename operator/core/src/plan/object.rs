//! A rendered object of any kind, ready to be printed, compared and applied.

use kube::core::{ApiResource, Resource, ResourceExt};
use serde::Serialize;
use serde_json::Value;

use k8s_openapi::api::{
    apps::v1::Deployment,
    batch::v1::CronJob,
    core::v1::{LimitRange, Namespace, ResourceQuota, Service, ServiceAccount},
    networking::v1::NetworkPolicy,
    policy::v1::PodDisruptionBudget,
    rbac::v1::RoleBinding,
};

use crate::gateway_api::{HTTPRoute, ListenerSet};

/// Every kind of object that Yipan makes. Each is watched, compared, repaired and pruned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the kinds are Kubernetes' own")]
pub enum Kind {
    Namespace,
    ResourceQuota,
    LimitRange,
    NetworkPolicy,
    ServiceAccount,
    RoleBinding,
    Deployment,
    CronJob,
    Service,
    PodDisruptionBudget,
    HTTPRoute,
    ListenerSet,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 12] = [
        Kind::Namespace,
        Kind::ResourceQuota,
        Kind::LimitRange,
        Kind::NetworkPolicy,
        Kind::ServiceAccount,
        Kind::RoleBinding,
        Kind::Deployment,
        Kind::CronJob,
        Kind::Service,
        Kind::PodDisruptionBudget,
        Kind::HTTPRoute,
        Kind::ListenerSet,
    ];

    /// How the API server calls it.
    pub fn resource(self) -> ApiResource {
        match self {
            Kind::Namespace => ApiResource::erase::<Namespace>(&()),
            Kind::ResourceQuota => ApiResource::erase::<ResourceQuota>(&()),
            Kind::LimitRange => ApiResource::erase::<LimitRange>(&()),
            Kind::NetworkPolicy => ApiResource::erase::<NetworkPolicy>(&()),
            Kind::ServiceAccount => ApiResource::erase::<ServiceAccount>(&()),
            Kind::RoleBinding => ApiResource::erase::<RoleBinding>(&()),
            Kind::Deployment => ApiResource::erase::<Deployment>(&()),
            Kind::CronJob => ApiResource::erase::<CronJob>(&()),
            Kind::Service => ApiResource::erase::<Service>(&()),
            Kind::PodDisruptionBudget => ApiResource::erase::<PodDisruptionBudget>(&()),
            Kind::HTTPRoute => ApiResource::erase::<HTTPRoute>(&()),
            Kind::ListenerSet => ApiResource::erase::<ListenerSet>(&()),
        }
    }

    /// Its name, for messages, logs and metric labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Namespace => "Namespace",
            Kind::ResourceQuota => "ResourceQuota",
            Kind::LimitRange => "LimitRange",
            Kind::NetworkPolicy => "NetworkPolicy",
            Kind::ServiceAccount => "ServiceAccount",
            Kind::RoleBinding => "RoleBinding",
            Kind::Deployment => "Deployment",
            Kind::CronJob => "CronJob",
            Kind::Service => "Service",
            Kind::PodDisruptionBudget => "PodDisruptionBudget",
            Kind::HTTPRoute => "HTTPRoute",
            Kind::ListenerSet => "ListenerSet",
        }
    }
}

/// A rendered object.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Where it lies; none for a Namespace.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// The whole of it, as it is applied.
    pub value: Value,
}

impl Object {
    /// Wraps a typed object of that kind.
    pub fn of<K: Resource<DynamicType = ()> + Serialize>(kind: Kind, object: &K) -> Self {
        let mut value = serde_json::to_value(object).unwrap_or(Value::Null);
        drop_nulls(&mut value);
        Self { kind, namespace: object.namespace(), name: object.name_any(), value }
    }
}

/// Removes what is null: an absent field and a null one mean the same to the API.
pub(crate) fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

impl std::fmt::Display for Object {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(formatter, "{} {namespace}/{}", self.kind.as_str(), self.name),
            None => write!(formatter, "{} {}", self.kind.as_str(), self.name),
        }
    }
}
