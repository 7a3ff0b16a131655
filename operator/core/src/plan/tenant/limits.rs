//! What a container gets that asks for nothing.

use k8s_openapi::api::core::v1::{LimitRange, LimitRangeItem, LimitRangeSpec};

use super::ValidTenant;
use crate::plan::metadata;

/// The LimitRange of a tenant: the level's container, request and limit alike.
///
/// Yipan writes the figures into every pod itself; this stands for what others may start there,
/// since a quota refuses pods that name none.
pub fn limits(tenant: &ValidTenant) -> LimitRange {
    let each = [
        ("cpu", &tenant.container.cpu),
        ("memory", &tenant.container.memory),
        ("ephemeral-storage", &tenant.container.ephemeral_storage),
    ];
    let amounts: std::collections::BTreeMap<_, _> =
        each.into_iter().map(|(name, quantity)| (name.to_owned(), quantity.into())).collect();
    let item = LimitRangeItem {
        type_: "Container".to_owned(),
        default: Some(amounts.clone()),
        default_request: Some(amounts),
        ..Default::default()
    };
    LimitRange {
        metadata: metadata::of_tenant(&tenant.name, "yipan--limits"),
        spec: Some(LimitRangeSpec { limits: vec![item] }),
    }
}
