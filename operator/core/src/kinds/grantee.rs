//! Who is meant where something is opened to others: by the code that runs, not by a name that other
//! code could take.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::app::TenantApp;
use super::scalar::{Name, TenantName};

/// Whom something is opened to: all that runs of a Blueprint, or one tenant's App with a workload of its
/// own. Whoever runs code of his own under the name of a Blueprint's App inherits nothing.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("has(self.blueprint) ? !has(self.tenant) && !has(self.app) : has(self.tenant) && has(self.app)").message("give either blueprint, or tenant and app"))]
#[serde(rename_all = "camelCase")]
pub struct Grantee {
    /// All that runs of this Blueprint: its Apps in every tenant, or its one shared workload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blueprint: Option<Name>,
    /// The tenant of an App that has a workload of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantName>,
    /// That App in its namespace. An App of a Blueprint is not meant, whatever its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<Name>,
}

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Party {
    /// An App, by its tenant and name.
    App(TenantApp),
    /// What runs of a Blueprint, by its name.
    Blueprint(Name),
}

impl Grantee {
    /// Who is meant. None is nobody: what the schema does not let in opens nothing.
    pub fn party(&self) -> Option<Party> {
        match (&self.blueprint, &self.tenant, &self.app) {
            (Some(blueprint), None, None) => Some(Party::Blueprint(blueprint.clone())),
            (None, Some(tenant), Some(app)) => Some(Party::App(TenantApp { tenant: tenant.clone(), app: app.clone() })),
            _ => None,
        }
    }
}

impl std::fmt::Display for Party {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::App(app) => app.fmt(formatter),
            Self::Blueprint(name) => write!(formatter, "blueprint {name}"),
        }
    }
}
