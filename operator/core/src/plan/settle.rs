//! What declarations come to once everybody has had their say: quotas go up and down a hierarchy in
//! several passes, and between two of them Kubernetes answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use kube::Resource as _;

use super::everything::{TenantAnswer, every_tenant};
use super::quota::{self, Figures, QuotaFound};
use super::tenant::Retirement;
use super::{Declared, Kind, NamespaceFound};
use crate::kinds::TenantStatus;

/// More passes than any hierarchy needs: what is given back goes up level by level, then what is
/// freed comes down again.
const MOST_PASSES: usize = 24;

/// Passes over all tenants until nothing changes any more, and leaves in `world` what is found then.
/// Of the world it assumes what Kubernetes does by itself: a ResourceQuota is heeded, and what is in
/// use stays. Pods and gateways are not asked.
///
/// The answers are those of the last pass, parents first, and of each tenant that went.
pub(super) fn settle(world: &mut Declared, now: Timestamp) -> Vec<TenantAnswer> {
    let mut gone = Vec::new();
    for _ in 1..MOST_PASSES {
        let before = found(world);
        let answers = every_tenant(world, now);
        answers.iter().for_each(|answer| react(world, answer));
        gone.extend(answers.into_iter().filter(|answer| !world.tenants.contains_key(&answer.name)));
        if found(world) == before {
            break;
        }
    }
    let last = every_tenant(world, now);
    last.into_iter().chain(gone).collect()
}

/// What of a world the passes change.
fn found(world: &Declared) -> (BTreeMap<String, Option<TenantStatus>>, BTreeMap<String, QuotaFound>) {
    let statuses = world.tenants.iter().map(|(name, tenant)| (name.clone(), tenant.status.clone()));
    (statuses.collect(), world.quotas.clone())
}

/// What Kubernetes makes of one tenant's objects.
fn react(world: &mut Declared, answer: &TenantAnswer) {
    let name = &answer.name;
    match &answer.retirement {
        Some(Retirement::Deletes | Retirement::Released) => {
            world.tenants.remove(name);
            world.namespaces.remove(name);
            world.quotas.remove(name);
            return;
        }
        Some(Retirement::Retains) => drop(world.tenants.remove(name)),
        Some(Retirement::Waits(_)) | None => {}
    }
    for object in &answer.objects {
        match object.kind {
            Kind::Namespace if answer.retirement.is_none() => {
                let made = NamespaceFound { written_by_us: true, ..NamespaceFound::read(&object.value) };
                world.namespaces.insert(name.clone(), made);
            }
            Kind::ResourceQuota if object.name == quota::NAME => {
                let wanted = QuotaFound::read(&object.value);
                let used = world.quotas.get(name).and_then(|found| found.used).or(Some(Figures::ZERO));
                world.quotas.insert(name.clone(), QuotaFound { seen: wanted.hard, used, ..wanted });
            }
            _ => {}
        }
    }
}

/// Declares that a tenant or an App is being deleted, as of `now`.
pub(super) fn ends(world: &mut Declared, tenant: &str, now: Timestamp) {
    if let Some(found) = world.tenants.get_mut(tenant) {
        let ends = found.metadata.deletion_timestamp.clone();
        let at = k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(now);
        Arc::make_mut(found).meta_mut().deletion_timestamp = ends.or(Some(at));
    }
}
