//! What stays of a tenant that was deleted with `RetainData`, and until when.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};
use k8s_openapi::api::core::v1::{Namespace, ResourceQuota, ResourceQuotaSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;

use super::retirement::DAYS;
use crate::kinds::{Figure, Tenant};
use crate::plan::quota::{Figures, NAME, QuotaFound};
use crate::plan::{Kind, NamespaceFound, Object, labels, metadata};

/// Days are China's: one zone, without summer time since 1991.
const CHINA: Offset = Offset::constant(8);

/// What goes from a namespace that is retained, whoever made it, in this order: who may enter, the
/// ways in, what runs, and what belongs to it. What stores data stays, behind fence and quota.
pub const GOES: [Kind; 6] =
    [Kind::RoleBinding, Kind::HTTPRoute, Kind::Deployment, Kind::CronJob, Kind::PodDisruptionBudget, Kind::Service];

/// The last day on which what a tenant leaves behind now is kept.
pub fn last_day(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::fixed(CHINA)).date().saturating_add(DAYS.days())
}

/// The quota of a namespace that is retained: nothing more can be made there. The figure for storage
/// is what is stored by then, and all that was granted where nobody can tell: its parent is charged
/// with that, and has the rest back.
pub fn locked_quota(tenant: &Tenant, found: Option<&QuotaFound>) -> Object {
    let granted = tenant.status.as_ref().and_then(|status| status.granted.as_ref());
    let own = granted.map_or(Figures::ZERO, |granted| Figures::of(&granted.own));
    let stored = found.and_then(|found| found.used).map_or(own, |used| used.least(own)).storage;
    let zero = [
        "pods",
        "count/apps.yipan.dev",
        "secrets",
        "requests.cpu",
        "limits.cpu",
        "requests.memory",
        "limits.memory",
        "requests.ephemeral-storage",
        "limits.ephemeral-storage",
    ];
    let zero = zero.map(|name| (name.to_owned(), Figure::ZERO.into()));
    let hard: BTreeMap<_, _> = zero.into_iter().chain([("requests.storage".to_owned(), stored.into())]).collect();
    let quota = ResourceQuota {
        metadata: metadata::of_tenant(&tenant.name_any(), NAME),
        spec: Some(ResourceQuotaSpec { hard: Some(hard), ..Default::default() }),
        status: None,
    };
    Object::of(Kind::ResourceQuota, &quota)
}

/// The mark of a namespace that is retained, to be set beside the labels it has.
pub fn mark(tenant: &Tenant, last_day: Date) -> Object {
    let namespace = Namespace {
        metadata: ObjectMeta {
            name: Some(tenant.name_any()),
            labels: Some(labels::map([(labels::RETAINED_UNTIL, &last_day.to_string())])),
            ..Default::default()
        },
        ..Default::default()
    };
    Object::of(Kind::Namespace, &namespace)
}

/// Whether a namespace has been kept for as long as was promised. Never one that a tenant holds or
/// has asked for, nor one whose mark does not name a day, nor one that anybody but us could have marked.
pub fn is_over(namespace: &NamespaceFound, tenant: Option<&Tenant>, now: Timestamp) -> bool {
    let (Some(id), Some(until)) = (&namespace.id, &namespace.retained_until) else { return false };
    let ours = namespace.named && namespace.written_by_us;
    let wanted = tenant.is_some_and(|tenant| {
        metadata::id(tenant) == *id || tenant.spec.adopt.as_ref().is_some_and(|adopt| *id == *adopt)
    });
    let today = now.to_zoned(TimeZone::fixed(CHINA)).date();
    let named = until.parse::<Date>().ok().filter(|day| day.to_string() == *until);
    ours && !wanted && named.is_some_and(|last_day| today > last_day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::TenantSpec;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn retained(id: &str, until: &str) -> NamespaceFound {
        NamespaceFound {
            id: Some(id.to_owned()),
            named: true,
            retained_until: Some(until.to_owned()),
            written_by_us: true,
            terminating: false,
            hosts: Vec::new(),
        }
    }

    fn tenant(id: &str, adopt: Option<&str>) -> Tenant {
        let spec: TenantSpec = serde_json::from_value(serde_json::json!({
            "displayName": "凉州区", "level": "County", "division": "620602", "parent": "wuwei", "adopt": adopt,
        }))
        .unwrap();
        let mut tenant = Tenant::new("liangzhou", spec);
        tenant.labels_mut().insert(labels::ID.to_owned(), id.to_owned());
        tenant
    }

    #[test]
    fn ninety_days_of_china() {
        assert_eq!(last_day(at("2026-07-01T15:59:59Z")).to_string(), "2026-09-29");
        assert_eq!(last_day(at("2026-07-01T16:00:00Z")).to_string(), "2026-09-30", "it is the 2nd in China");
    }

    #[test]
    fn the_last_day_is_included() {
        let left = retained("3f2a91c04d", "2026-09-29");
        assert!(!is_over(&left, None, at("2026-09-29T15:59:59Z")));
        assert!(is_over(&left, None, at("2026-09-29T16:00:00Z")));
    }

    #[test]
    fn what_somebody_holds_or_asked_for_is_never_over() {
        let (left, late) = (retained("3f2a91c04d", "2026-09-29"), at("2030-01-01T00:00:00Z"));
        assert!(is_over(&left, Some(&tenant("a1b2c3d4e5", None)), late), "a namesake alone is no claim");
        assert!(!is_over(&left, Some(&tenant("3f2a91c04d", None)), late), "its tenant is still there");
        assert!(!is_over(&left, Some(&tenant("a1b2c3d4e5", Some("3f2a91c04d"))), late), "it is about to be adopted");
    }

    #[test]
    fn what_names_no_day_is_never_over() {
        let late = at("2030-01-01T00:00:00Z");
        for until in ["", "soon", "20260929", "2026-9-29", "2026-02-30", "2026-09-29T00:00:00"] {
            assert!(!is_over(&retained("3f2a91c04d", until), None, late), "{until}");
        }
        assert!(!is_over(&NamespaceFound { named: false, ..retained("3f2a91c04d", "2026-09-29") }, None, late));
        assert!(!is_over(&NamespaceFound { written_by_us: false, ..retained("3f2a91c04d", "2026-09-29") }, None, late));
        assert!(!is_over(&NamespaceFound { id: None, ..retained("", "2026-09-29") }, None, late), "it is not ours");
        assert!(!is_over(&NamespaceFound { retained_until: None, ..retained("3f2a91c04d", "") }, None, late));
    }
}
