//! Ways out of the cluster, by address: the province gives them, Apps name them.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cluster::Destination;
use super::scalar::Name;

/// A way out: a range of addresses and the ports that may be reached there. Network policies know
/// addresses and no names.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Egress {
    /// Its name in this list.
    pub name: Name,
    /// The range of addresses. Link-local ones, among them the node's own metadata service, are
    /// never part of it, however wide it is.
    pub cidr: Destination,
    /// The ports; at least one, since none would mean every port.
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub ports: Vec<EgressPort>,
}

/// A port at the other end of a way out.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct EgressPort {
    /// The protocol.
    pub protocol: Protocol,
    /// The port's number.
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
}

/// What is spoken on a port.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::upper_case_acronyms, reason = "as Kubernetes writes them")]
pub enum Protocol {
    /// TCP
    TCP,
    /// UDP
    UDP,
}

impl Protocol {
    /// The protocol as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TCP => "TCP",
            Self::UDP => "UDP",
        }
    }
}
