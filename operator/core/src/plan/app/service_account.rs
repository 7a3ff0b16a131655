//! The account an App's pods run under.

use k8s_openapi::api::core::v1::ServiceAccount;

use super::Running;

/// An account of its own for each App, without rights and without a token, so that whatever is
/// ever granted to one is not granted to its neighbours.
pub fn service_account(run: &Running) -> ServiceAccount {
    ServiceAccount { metadata: run.metadata(""), automount_service_account_token: Some(false), ..Default::default() }
}
