//! Lets an App out of the cluster.

use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicySpec};

use super::ValidApp;
use crate::plan::{labels, metadata, way_out};

/// Lets the App's pods out by the ways that it names and its tenant was given; nothing where there
/// are none. One policy for all: they come and go by one person's word, the province's.
pub fn egress_policy(app: &ValidApp) -> Option<NetworkPolicy> {
    let ways = &app.ways_out.open;
    (!ways.is_empty()).then(|| NetworkPolicy {
        metadata: metadata::of_app(&app.app, &format!("{}--egress", app.name())),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(labels::app(app.name())),
            policy_types: Some(vec!["Egress".to_owned()]),
            ingress: None,
            egress: Some(ways.iter().map(way_out::rule).collect()),
        }),
    })
}
