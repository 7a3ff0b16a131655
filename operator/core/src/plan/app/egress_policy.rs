//! Lets an App out of the cluster.

use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicySpec};
use kube::{Resource, ResourceExt};

use super::ways_out::WaysOut;
use crate::plan::{labels, metadata, way_out};

/// Lets the App's pods out by the ways that it names and its tenant was given; nothing where there
/// are none. One policy for all: they come and go by one word, the province's.
pub fn policy<K: Resource>(app: &K, ways_out: &WaysOut) -> Option<NetworkPolicy> {
    (!ways_out.open.is_empty()).then(|| NetworkPolicy {
        metadata: metadata::of_app(app, &egress_policy_name(app)),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(labels::app(&app.name_any())),
            policy_types: Some(vec!["Egress".to_owned()]),
            ingress: None,
            egress: Some(ways_out.open.iter().map(way_out::rule).collect()),
        }),
    })
}

/// The policy's name.
pub fn egress_policy_name<K: Resource>(app: &K) -> String {
    format!("{}--egress", app.name_any())
}
