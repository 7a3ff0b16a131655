//! Lets an App out of the cluster.

use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicySpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt};

use super::ways_out::WaysOut;
use crate::plan::{labels, metadata, way_out};

/// Lets the pods of this name out by the ways that were asked for and given; nothing where there are none.
/// One policy for all: they come and go by one word, the province's.
pub fn policy(metadata: ObjectMeta, pods: &str, ways_out: &WaysOut) -> Option<NetworkPolicy> {
    (!ways_out.open.is_empty()).then(|| NetworkPolicy {
        metadata,
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(labels::app(pods)),
            policy_types: Some(vec!["Egress".to_owned()]),
            ingress: None,
            egress: Some(ways_out.open.iter().map(way_out::rule).collect()),
        }),
    })
}

/// The policy of an App, or of what is left of one that cannot be read.
pub fn policy_of<K: Resource>(app: &K, ways_out: &WaysOut) -> Option<NetworkPolicy> {
    policy(metadata::of_app(app, &egress_policy_name(app)), &app.name_any(), ways_out)
}

/// The policy's name.
pub fn egress_policy_name<K: Resource>(app: &K) -> String {
    format!("{}{SUFFIX}", app.name_any())
}

/// How the policy's name ends.
pub const SUFFIX: &str = "--egress";
