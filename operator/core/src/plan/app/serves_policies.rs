//! Lets granted Apps in.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicySpec};

use super::Running;
use super::connections::Pods;
use super::entry_policy::tcp;
use crate::plan::labels;

/// Lets those whose use of a port is granted reach it, one policy for each port.
///
/// Policies only add up, so ending a connection rewrites one policy and cannot disturb another
/// port's. A port with nobody granted has no policy: a rule with an empty list of peers would let
/// everybody in.
pub fn serves_policies(run: &Running) -> Vec<NetworkPolicy> {
    let mut granted: BTreeMap<i32, Vec<&Pods>> = BTreeMap::new();
    for served in run.connections.serves.iter().filter(|served| served.missing.is_none()) {
        granted.entry(served.port).or_default().push(&served.from);
    }
    granted.into_iter().map(|(port, consumers)| policy(run, port, &consumers)).collect()
}

fn policy(run: &Running, port: i32, consumers: &[&Pods]) -> NetworkPolicy {
    NetworkPolicy {
        metadata: run.metadata(&format!("--serves-{port}")),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(labels::app(&run.name)),
            policy_types: Some(vec!["Ingress".to_owned()]),
            ingress: Some(vec![NetworkPolicyIngressRule {
                from: Some(consumers.iter().map(|consumer| pods_of(consumer)).collect()),
                ports: Some(vec![tcp(port)]),
            }]),
            egress: None,
        }),
    }
}

/// The pods at the other end: namespaces by the one label that the API server itself keeps true, or by
/// the tenants' own, and pods by labels that the operator alone writes there.
pub fn pods_of(pods: &Pods) -> NetworkPolicyPeer {
    let (namespaces, pods) = match pods {
        Pods::App(place) => (labels::namespace(&place.tenant), labels::app(&place.app)),
        Pods::Blueprint(name, Some(tenant)) => (labels::namespace(tenant), labels::blueprint(name)),
        Pods::Blueprint(name, None) => (labels::tenants(), labels::blueprint(name)),
    };
    NetworkPolicyPeer { namespace_selector: Some(namespaces), pod_selector: Some(pods), ip_block: None }
}
