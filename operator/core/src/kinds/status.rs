//! What every kind's status and switches share.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::scalar::{Moment, Text};

pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

/// Holds the operator's hand: while it lasts nothing is written for this object or below it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Paused {
    /// Why, for whoever finds it.
    pub reason: Text,
    /// When the pause ends by itself (RFC 3339), so that none is forgotten.
    #[x_kube(validation = Rule::new("self.size() < 10 || !(self.substring(5, 10) in ['02-30', '02-31', '04-31', '06-31', '09-31', '11-31']) && (self.substring(5, 10) != '02-29' || int(self.substring(0, 4)) % 4 == 0 && (int(self.substring(0, 4)) % 100 != 0 || int(self.substring(0, 4)) % 400 == 0))").message("there is no such day"))]
    pub until: Moment,
}

/// Switches off what runs and keeps what is stored. Present means on.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Suspended {
    /// Why, in words that visitors may read.
    pub reason: Text,
}
