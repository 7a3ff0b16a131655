//! Lets granted Apps in.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicySpec};

use super::ValidApp;
use super::entry_policy::tcp;
use crate::kinds::TenantApp;
use crate::plan::{labels, metadata};

/// Lets the Apps whose use of a port is granted reach it, one policy for each port.
///
/// Policies only add up, so ending a connection rewrites one policy and cannot disturb another
/// port's. A port with nobody granted has no policy: a rule with an empty list of peers would let
/// everybody in.
pub fn serves_policies(app: &ValidApp) -> Vec<NetworkPolicy> {
    let mut granted: BTreeMap<i32, Vec<&TenantApp>> = BTreeMap::new();
    for served in app.connections.serves.iter().filter(|served| served.missing.is_none()) {
        granted.entry(served.port).or_default().push(&served.to);
    }
    granted.into_iter().map(|(port, consumers)| policy(app, port, &consumers)).collect()
}

fn policy(app: &ValidApp, port: i32, consumers: &[&TenantApp]) -> NetworkPolicy {
    NetworkPolicy {
        metadata: metadata::of_app(&app.app, &format!("{}--serves-{port}", app.name())),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(labels::app(app.name())),
            policy_types: Some(vec!["Ingress".to_owned()]),
            ingress: Some(vec![NetworkPolicyIngressRule {
                from: Some(consumers.iter().map(|consumer| pods_of(consumer)).collect()),
                ports: Some(vec![tcp(port)]),
            }]),
            egress: None,
        }),
    }
}

/// The pods of an App, by the one namespace label that nobody can forge.
pub fn pods_of(place: &TenantApp) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        namespace_selector: Some(labels::namespace(&place.tenant)),
        pod_selector: Some(labels::app(&place.app)),
        ip_block: None,
    }
}
