//! A way out of the cluster, as a rule of a network policy.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use k8s_openapi::api::networking::v1::{IPBlock, NetworkPolicyEgressRule, NetworkPolicyPeer, NetworkPolicyPort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::kinds::{Destination, Egress};

/// What a wide range never includes: addresses that mean another machine on every node, where clouds
/// keep the node's own identity and secrets.
const NEVER: [(IpAddr, u8); 5] = [
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)), 32),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
    (IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)), 128),
    (IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)), 128),
];

/// Lets out to the range's addresses, on its ports alone.
pub fn rule(egress: &Egress) -> NetworkPolicyEgressRule {
    let block = IPBlock { cidr: egress.cidr.to_string(), except: Some(except(&egress.cidr)).filter(|e| !e.is_empty()) };
    let port = |port: &crate::kinds::EgressPort| NetworkPolicyPort {
        protocol: Some(port.protocol.as_str().to_owned()),
        port: Some(IntOrString::Int(port.port)),
        ..Default::default()
    };
    NetworkPolicyEgressRule {
        to: Some(vec![NetworkPolicyPeer { ip_block: Some(block), ..Default::default() }]),
        // The schema demands a port: an empty list would mean every one.
        ports: Some(egress.ports.iter().map(port).collect()),
    }
}

/// The parts of [`NEVER`] that lie in a range and are less than all of it.
fn except(range: &Destination) -> Vec<String> {
    let parts = range.split_once('/').and_then(|(address, length)| Some((address.parse().ok()?, length.parse().ok()?)));
    let Some((address, length)) = parts else { return Vec::new() };
    let inside = NEVER.iter().filter(|(never, longer)| *longer > length && same_prefix(address, *never, length));
    inside.map(|(never, length)| format!("{never}/{length}")).collect()
}

fn same_prefix(one: IpAddr, other: IpAddr, length: u8) -> bool {
    let differing = match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        _ => return false,
    };
    differing >= u32::from(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nodes_own_addresses_are_in_no_range() {
        let except = |range: &str| except(&Destination::try_from(range.to_owned()).unwrap());
        assert_eq!(except("0.0.0.0/0"), ["169.254.0.0/16", "100.100.100.200/32"]);
        assert_eq!(except("168.0.0.0/7"), ["169.254.0.0/16"]);
        assert_eq!(except("100.64.0.0/10"), ["100.100.100.200/32"]);
        assert_eq!(except("::/0"), ["fe80::/10", "fd00:ec2::254/128", "fd20:ce::254/128"]);
        assert_eq!(except("fd00::/16"), ["fd00:ec2::254/128"]);
        for plain in ["203.0.113.0/24", "10.0.0.0/8", "100.100.100.200/32", "fd12::/16"] {
            assert!(except(plain).is_empty(), "{plain}");
        }
    }
}
