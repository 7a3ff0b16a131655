//! Lets the gateway in.

use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Running;
use crate::plan::labels;

/// Lets the pods of the gateway's data plane reach the App's HTTP port, and nobody else.
pub fn entry_policy(run: &Running) -> Option<NetworkPolicy> {
    let (pods, port) = (&run.gateway.as_ref()?.pods, run.workload.port?);
    let gateway = NetworkPolicyPeer {
        namespace_selector: Some(labels::namespace(&pods.namespace)),
        pod_selector: Some(labels::selector(labels::written(&pods.labels))),
        ip_block: None,
    };
    Some(NetworkPolicy {
        metadata: run.metadata("--entry"),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(labels::app(&run.name)),
            policy_types: Some(vec!["Ingress".to_owned()]),
            ingress: Some(vec![NetworkPolicyIngressRule { from: Some(vec![gateway]), ports: Some(vec![tcp(port)]) }]),
            egress: None,
        }),
    })
}

/// One TCP port, with every default written out: it stands in an atomic list.
pub fn tcp(port: i32) -> NetworkPolicyPort {
    NetworkPolicyPort { protocol: Some("TCP".to_owned()), port: Some(IntOrString::Int(port)), ..Default::default() }
}
