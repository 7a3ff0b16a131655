//! The namespace's default account.

use k8s_openapi::api::core::v1::ServiceAccount;

use super::ValidTenant;
use crate::plan::metadata;

/// The account that a pod without one gets: it holds no right and mounts no token.
pub fn service_account(tenant: &ValidTenant) -> ServiceAccount {
    ServiceAccount {
        metadata: metadata::of_tenant(&tenant.name, "default"),
        automount_service_account_token: Some(false),
        ..Default::default()
    }
}
