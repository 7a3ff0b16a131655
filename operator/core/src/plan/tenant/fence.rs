//! The default-deny fence.

use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::ValidTenant;
use crate::plan::{labels, metadata, way_out};

/// Denies every pod of the namespace everything, in and out, but asking the name service and what the
/// Platform opens to everybody.
///
/// Policies only add up, so all that is ever opened is one more policy and the fence stays as it
/// is. Ingress is listed as a type and has no rule: nothing comes in.
pub fn fence(tenant: &ValidTenant) -> NetworkPolicy {
    let pods = NetworkPolicyPeer {
        namespace_selector: Some(labels::namespace(&tenant.dns.namespace)),
        pod_selector: Some(labels::selector(tenant.dns.labels.clone())),
        ip_block: None,
    };
    let node_local = tenant.dns.cidrs.iter().map(|cidr| NetworkPolicyPeer {
        ip_block: Some(IPBlock { cidr: cidr.clone(), except: None }),
        ..Default::default()
    });
    let name_service = NetworkPolicyEgressRule {
        to: Some(std::iter::once(pods).chain(node_local).collect()),
        ports: Some(vec![port("UDP", 53), port("TCP", 53)]),
    };
    let for_all = tenant.egress_for_all.iter().map(way_out::rule);
    NetworkPolicy {
        metadata: metadata::of_tenant(&tenant.name, "yipan--fence"),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(LabelSelector::default()),
            policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
            ingress: None,
            egress: Some(std::iter::once(name_service).chain(for_all).collect()),
        }),
    }
}

fn port(protocol: &str, port: i32) -> NetworkPolicyPort {
    NetworkPolicyPort { protocol: Some(protocol.to_owned()), port: Some(IntOrString::Int(port)), ..Default::default() }
}
