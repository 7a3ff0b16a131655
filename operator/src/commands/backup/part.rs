//! The parts of a backup, in the order in which they are put back.

use k8s_openapi::api::core::v1::{LimitRange, Namespace, ResourceQuota, Secret, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::core::ApiResource;
use yipan_core::kinds::{App, Blueprint, Platform, Tenant};

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
    /// What keeps a retained namespace locked: no operator makes it again for want of a Tenant.
    Locks,
    /// The Platform.
    Platform,
    /// Tenants, parents first.
    Tenants,
    /// Blueprints.
    Blueprints,
    /// Apps.
    Apps,
}

impl Part {
    /// All of them, in order.
    pub const ALL: [Part; 8] = [
        Self::Namespaces,
        Self::Secrets,
        Self::Quotas,
        Self::Locks,
        Self::Platform,
        Self::Tenants,
        Self::Blueprints,
        Self::Apps,
    ];

    /// The name of its file.
    pub fn file(self) -> &'static str {
        match self {
            Self::Namespaces => "1-namespaces.yaml",
            Self::Secrets => "2-secrets.yaml",
            Self::Quotas => "3-quotas.yaml",
            Self::Locks => "4-locks.yaml",
            Self::Platform => "5-platform.yaml",
            Self::Tenants => "6-tenants.yaml",
            Self::Blueprints => "7-blueprints.yaml",
            Self::Apps => "8-apps.yaml",
        }
    }

    /// The kinds it holds.
    pub fn resources(self) -> Vec<ApiResource> {
        match self {
            Self::Namespaces => vec![ApiResource::erase::<Namespace>(&())],
            Self::Secrets => vec![ApiResource::erase::<Secret>(&())],
            Self::Quotas => vec![ApiResource::erase::<ResourceQuota>(&())],
            Self::Locks => vec![
                ApiResource::erase::<NetworkPolicy>(&()),
                ApiResource::erase::<LimitRange>(&()),
                ApiResource::erase::<ServiceAccount>(&()),
            ],
            Self::Platform => vec![ApiResource::erase::<Platform>(&())],
            Self::Tenants => vec![ApiResource::erase::<Tenant>(&())],
            Self::Blueprints => vec![ApiResource::erase::<Blueprint>(&())],
            Self::Apps => vec![ApiResource::erase::<App>(&())],
        }
    }
}
