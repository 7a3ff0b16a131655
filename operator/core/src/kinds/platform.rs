//! Platform: what the province sets once for everybody.

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cluster::{Cidr, DnsLabel, DnsName, KEYS_IN_CEL, KEYS_RULE, LabelKey, LabelValue};
use super::egress::Egress;
use super::quantity::Quantity;
use super::scalar::{Name, Registry, Text, ZoneName};
use super::status::{Condition, Paused};
use super::tenant::{Amounts, Level};

/// What the province sets once for everybody: the domain, the gateways, the registries and each
/// level's defaults. There is one, named `platform`.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(group = "yipan.dev", version = "v1alpha1", kind = "Platform", status = "PlatformStatus")]
#[kube(derive = "PartialEq", category = "yipan", shortname = "ypl")]
#[kube(
    doc = "What the province sets once for everybody: domain, gateways, registries, each level's defaults. There is one, named `platform`."
)]
#[kube(printcolumn(name = "Domain", type_ = "string", json_path = ".spec.domain"))]
#[kube(printcolumn(name = "Tenants", type_ = "integer", json_path = ".status.tenants"))]
#[kube(printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"))]
#[kube(printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"))]
#[kube(printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"))]
#[kube(validation = Rule::new("self.metadata.name == 'platform'").message("there is one Platform and it is named platform"))]
#[serde(rename_all = "camelCase")]
pub struct PlatformSpec {
    /// The province's platform by its name for people.
    pub display_name: Text,
    /// The zone under which every host name lies: `<app>--<tenant>.<domain>`. Immutable, since
    /// addresses are permanent.
    #[x_kube(validation = Rule::new("self == oldSelf").message("domain is immutable; addresses under it are permanent"))]
    pub domain: ZoneName,
    /// Where images may come from. A tenant that lists no registries of its own may use
    /// `<registry>/<tenant>` and `<registry>/common` of each.
    #[schemars(length(min = 1, max = 8))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub registries: Vec<Registry>,
    /// The protection level (等保, GB/T 22239-2019) the platform is certified for, 1 to 5. It may
    /// not host a tenant above it.
    #[schemars(range(min = 1, max = 5))]
    pub protection_level: i32,
    /// The gateways that carry the tenants' addresses. Absent: no App can have an address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub gateways: Vec<Gateway>,
    /// What every tenant's pods may reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkDefaults>,
    /// What a tenant of each level gets where it asks for nothing else.
    #[schemars(length(min = 1, max = 6))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["level".into()]))]
    pub levels: Vec<LevelDefaults>,
    /// Holds the operator's hand for every object of the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Paused>,
}

/// A gateway that carries tenants' addresses.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Gateway {
    /// Its name in this list.
    pub name: Name,
    /// The Gateway object and its listener for `*.<domain>`.
    pub gateway: GatewayRef,
    /// Who can reach it. An App's `entry.visibility` chooses the first gateway of that visibility.
    pub visibility: Visibility,
    /// The pods of its data plane: the only ones that may reach the Apps' ports from outside.
    pub pods: PodsRef,
}

/// A Gateway object and one of its listeners.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct GatewayRef {
    /// The namespace of the Gateway.
    pub namespace: DnsLabel,
    /// The name of the Gateway.
    pub name: DnsName,
    /// The listener's name in the Gateway's spec.
    pub listener: DnsName,
}

/// Who can reach an address.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// Everybody, over the internet.
    Public,
    /// The government's own network.
    Internal,
}

/// Pods, by namespace and labels.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PodsRef {
    /// Their namespace.
    pub namespace: DnsLabel,
    /// The labels all of them carry.
    #[x_kube(validation = Rule::new("self.size() >= 1 && self.size() <= 8").message("1 to 8 labels; an empty selection would be every pod"))]
    #[x_kube(validation = Rule::new(KEYS_IN_CEL).message(KEYS_RULE))]
    #[schemars(extend("maxProperties" = 8))]
    pub labels: BTreeMap<LabelKey, LabelValue>,
}

/// What every tenant's pods may reach.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct NetworkDefaults {
    /// The cluster's name service.
    pub dns: Dns,
    /// What every pod of every tenant may reach outside of the cluster, such as the government's
    /// time service. Absent: nothing. It is in every fence, so a range of all addresses is refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    #[x_kube(validation = Rule::new("self.all(way, !way.cidr.endsWith('/0'))").message("network.egress: everything for everybody would be no fence; give all addresses to single tenants, in Tenant spec.egress"))]
    pub egress: Vec<Egress>,
}

/// The cluster's name service.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Dns {
    /// The namespace of its pods.
    pub namespace: DnsLabel,
    /// The labels of its pods.
    #[x_kube(validation = Rule::new("self.size() >= 1 && self.size() <= 8").message("1 to 8 labels; an empty selection would be every pod"))]
    #[x_kube(validation = Rule::new(KEYS_IN_CEL).message(KEYS_RULE))]
    #[schemars(extend("maxProperties" = 8))]
    pub labels: BTreeMap<LabelKey, LabelValue>,
    /// Addresses of node-local caches, which no pod selector can name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 4))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub cidrs: Vec<Cidr>,
}

/// What a tenant of one level gets where it asks for nothing else.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct LevelDefaults {
    /// The level.
    pub level: Level,
    /// The quota of a tenant that names none.
    pub quota: LevelQuota,
    /// What a container gets, request and limit alike, where its workload names nothing.
    pub container: Container,
    /// The protection level of a tenant that names none.
    #[schemars(range(min = 1, max = 5))]
    pub protection_level: i32,
}

/// A level's quota; all of it is required, since an absent quota must have one meaning.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct LevelQuota {
    /// The ceiling of the whole subtree.
    #[x_kube(validation = Rule::new("has(self.cpu) && has(self.memory) && has(self.storage) && has(self.apps)").message("a level's quota names cpu, memory, storage and apps"))]
    pub total: Amounts,
    /// What the tenant's own namespace may use.
    #[x_kube(validation = Rule::new("has(self.cpu) && has(self.memory) && has(self.storage) && has(self.apps)").message("a level's quota names cpu, memory, storage and apps"))]
    pub own: Amounts,
}

/// What a container gets, request and limit alike.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// Processor time, in cores.
    #[x_kube(validation = Rule::new("!isQuantity(string(self)) || !quantity(string(self)).isLessThan(quantity('1m'))").message("at least 1m; nothing at all would mean without a limit"))]
    pub cpu: Quantity,
    /// Memory, in bytes.
    #[x_kube(validation = Rule::new("!isQuantity(string(self)) || !quantity(string(self)).isLessThan(quantity('1Mi'))").message("at least 1Mi; nothing at all would mean without a limit"))]
    pub memory: Quantity,
    /// Disk of the container's own file system, logs and scratch, in bytes.
    #[x_kube(validation = Rule::new("!isQuantity(string(self)) || !quantity(string(self)).isLessThan(quantity('1Mi'))").message("at least 1Mi; nothing at all would mean without a limit"))]
    pub ephemeral_storage: Quantity,
}

/// What the operator sees of the platform.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PlatformStatus {
    /// The generation this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `GatewaysReady` and `Ready`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// How many tenants there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenants: Option<i64>,
}
