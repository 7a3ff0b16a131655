//! What every kind's status and switches share.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::scalar::Text;

pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

/// Holds the operator's hand: while it lasts nothing is written for this object or below it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Paused {
    /// Why, for whoever finds it.
    pub reason: Text,
    /// When the pause ends by itself (RFC 3339), so that none is forgotten.
    pub until: Time,
}

/// Switches off what runs and keeps what is stored. Present means on.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Suspended {
    /// Why, in words that visitors may read.
    pub reason: Text,
}
