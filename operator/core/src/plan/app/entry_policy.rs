//! Lets the gateway in.

use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::ValidApp;
use crate::plan::{labels, metadata};

/// Lets the pods of the gateway's data plane reach the App's HTTP port, and nobody else.
pub fn entry_policy(app: &ValidApp) -> Option<NetworkPolicy> {
    let (pods, port) = (&app.entry.gateway()?.pods, app.workload().port?);
    let gateway = NetworkPolicyPeer {
        namespace_selector: Some(labels::namespace(&pods.namespace)),
        pod_selector: Some(labels::selector(labels::written(&pods.labels))),
        ip_block: None,
    };
    Some(NetworkPolicy {
        metadata: metadata::of_app(&app.app, &format!("{}--entry", app.name())),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(labels::app(app.name())),
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
