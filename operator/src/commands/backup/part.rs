//! The parts of a backup, in the order in which they are put back.

use k8s_openapi::api::core::v1::{Namespace, ResourceQuota, Secret};
use kube::core::ApiResource;
use yipan_core::kinds::{App, Platform, Tenant};

/// One file of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The tenants' namespaces: whose they are, and until when one is retained.
    Namespaces,
    /// What tenants have put into their namespaces to be kept. Before the quotas: what is kept already
    /// is not to be refused, as in a namespace that is retained and so locked.
    Secrets,
    /// What each may use: the record of what was granted.
    Quotas,
    /// The Platform.
    Platform,
    /// Tenants, parents first.
    Tenants,
    /// Apps.
    Apps,
}

impl Part {
    /// All of them, in order.
    pub const ALL: [Part; 6] =
        [Self::Namespaces, Self::Secrets, Self::Quotas, Self::Platform, Self::Tenants, Self::Apps];

    /// The name of its file.
    pub fn file(self) -> &'static str {
        match self {
            Self::Namespaces => "1-namespaces.yaml",
            Self::Secrets => "2-secrets.yaml",
            Self::Quotas => "3-quotas.yaml",
            Self::Platform => "4-platform.yaml",
            Self::Tenants => "5-tenants.yaml",
            Self::Apps => "6-apps.yaml",
        }
    }

    /// What it holds.
    pub fn resource(self) -> ApiResource {
        match self {
            Self::Namespaces => ApiResource::erase::<Namespace>(&()),
            Self::Secrets => ApiResource::erase::<Secret>(&()),
            Self::Quotas => ApiResource::erase::<ResourceQuota>(&()),
            Self::Platform => ApiResource::erase::<Platform>(&()),
            Self::Tenants => ApiResource::erase::<Tenant>(&()),
            Self::Apps => ApiResource::erase::<App>(&()),
        }
    }
}
