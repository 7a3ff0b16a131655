//! What the tenant's namespace may use.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ResourceQuota, ResourceQuotaSpec};

use super::ValidTenant;
use crate::kinds::Figure;
use crate::plan::quota::{Figures, NAME, noted};
use crate::plan::{labels, metadata};

/// Pods a namespace may hold beside those of its Apps, for jobs and rollouts.
const SPARE_PODS: i64 = 20;
/// Pods for each App: an App may run side by side with itself.
const PODS_PER_APP: i64 = 10;
/// Secrets for each App: its own few and the platform's.
const SECRETS_PER_APP: i64 = 8;

/// The ResourceQuota of a tenant's own part.
///
/// Objects are counted as well as resources, so that no tenant can fill the cluster's store.
pub fn quota(tenant: &ValidTenant) -> ResourceQuota {
    let own = Figures::of(&tenant.standing.hard);
    let apps = own.apps.whole_units();
    let pods = apps * PODS_PER_APP + SPARE_PODS;
    let disk = tenant.container.ephemeral_storage.figure().times(pods);
    let hard = [
        ("requests.cpu", own.cpu),
        ("limits.cpu", own.cpu),
        ("requests.memory", own.memory),
        ("limits.memory", own.memory),
        ("requests.storage", own.storage),
        ("requests.ephemeral-storage", disk),
        ("limits.ephemeral-storage", disk),
        ("count/apps.yipan.dev", Figure::units(apps)),
        ("pods", Figure::units(pods)),
        ("secrets", Figure::units(apps * SECRETS_PER_APP + SPARE_PODS)),
    ];
    let hard: BTreeMap<_, _> = hard.into_iter().map(|(name, figure)| (name.to_owned(), figure.into())).collect();
    let total = noted(Figures::of(&tenant.standing.granted.total));
    let mut metadata = metadata::of_tenant(&tenant.name, NAME);
    metadata.annotations = Some(labels::map([(labels::GRANTED_TOTAL, &total)]));
    ResourceQuota { metadata, spec: Some(ResourceQuotaSpec { hard: Some(hard), ..Default::default() }), status: None }
}
