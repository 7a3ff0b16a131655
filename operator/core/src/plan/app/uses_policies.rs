//! Lets an App out to those it was granted.

use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicySpec};

use super::Running;
use super::connections::Used;
use super::entry_policy::tcp;
use super::serves_policies::pods_of;
use crate::plan::labels;

/// Lets the App's pods reach the ports of each use that is granted, one policy for each use.
pub fn uses_policies(run: &Running) -> Vec<NetworkPolicy> {
    let granted = run.connections.uses.iter().filter(|used| used.missing.is_none());
    granted.map(|used| policy(run, used)).collect()
}

fn policy(run: &Running, used: &Used) -> NetworkPolicy {
    let uses = &used.uses;
    NetworkPolicy {
        metadata: run.metadata(&format!("--uses-{}", uses.name)),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(labels::app(&run.name)),
            policy_types: Some(vec!["Egress".to_owned()]),
            ingress: None,
            egress: Some(vec![NetworkPolicyEgressRule {
                to: Some(vec![pods_of(&used.to)]),
                // The schema demands a port: an empty list would mean every one.
                ports: Some(uses.ports.iter().map(|port| tcp(*port)).collect()),
            }]),
        }),
    }
}
