//! Tenant: a province, city, county, town, department or functional zone.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::division::Division;
use super::egress::Egress;
use super::quantity::Quantity;
use super::scalar::{CreditCode, Group, Host, Id, Registry, SecretName, TenantName, Text};
use super::status::{Condition, Paused, Suspended};

/// A unit of government with a namespace of its own, behind a fence.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(group = "yipan.dev", version = "v1alpha1", kind = "Tenant", status = "TenantStatus")]
#[kube(derive = "PartialEq", category = "yipan", shortname = "yt")]
#[kube(
    doc = "A unit of government (province, city, county, town, department, functional zone) with a namespace of its own, behind a fence."
)]
#[kube(selectable = ".spec.parent")]
#[kube(printcolumn(name = "Level", type_ = "string", json_path = ".spec.level"))]
#[kube(printcolumn(name = "Division", type_ = "string", json_path = ".spec.division"))]
#[kube(printcolumn(name = "Parent", type_ = "string", json_path = ".spec.parent"))]
#[kube(printcolumn(
    name = "CPU",
    type_ = "string",
    json_path = ".status.granted.total.cpu",
    description = "Processor cores granted to its whole subtree"
))]
#[kube(printcolumn(
    name = "Asked",
    type_ = "string",
    json_path = ".spec.quota.total.cpu",
    priority = 1,
    description = "Processor cores it asks for its whole subtree; empty means the level's"
))]
#[kube(printcolumn(
    name = "Protection",
    type_ = "integer",
    json_path = ".spec.protectionLevel",
    priority = 1,
    description = "The protection level it asks for; empty means the level's, which its namespace carries as a label"
))]
#[kube(printcolumn(name = "Apps", type_ = "integer", json_path = ".status.apps"))]
#[kube(printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"))]
#[kube(printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"))]
#[kube(printcolumn(
    name = "Message",
    type_ = "string",
    json_path = ".status.conditions[?(@.type==\"Ready\")].message",
    priority = 1
))]
#[kube(printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"))]
#[kube(validation = Rule::new("self.metadata.name.matches('^[a-z]([a-z0-9]|-[a-z0-9])*$') && self.metadata.name.size() >= 3 && self.metadata.name.size() <= 31").message("name: 3 to 31 of a-z, 0-9 and single hyphens, beginning with a letter"))]
#[kube(validation = Rule::new("!self.metadata.name.startsWith('kube-') && !self.metadata.name.startsWith('yipan-') && self.metadata.name != 'default' && !(self.metadata.name in ['common', 'hosts'])").message("name: kube-*, yipan-* and default belong to the cluster, common to everybody, hosts to routes"))]
#[kube(validation = Rule::new("!has(self.spec.supersedes) || !(self.metadata.name in self.spec.supersedes)").message("supersedes: a tenant does not supersede itself"))]
#[x_kube(validation = Rule::new("self.level == 'Province' ? !has(self.parent) : has(self.parent)").message("every level but Province has a parent"))]
#[x_kube(validation = Rule::new("has(self.parent) == has(oldSelf.parent) && (!has(self.parent) || self.parent == oldSelf.parent)").message("parent is immutable"))]
#[x_kube(validation = Rule::new("has(self.supersedes) == has(oldSelf.supersedes) && (!has(self.supersedes) || self.supersedes == oldSelf.supersedes)").message("supersedes is immutable; it is said when the successor is created"))]
#[serde(rename_all = "camelCase")]
pub struct TenantSpec {
    /// The unit's name for people, such as 凉州区.
    pub display_name: Text,
    /// What it is. Immutable.
    #[x_kube(validation = Rule::new("self == oldSelf").message("level is immutable"))]
    pub level: Level,
    /// Its division code. It must extend the parent's (a Department or FunctionalZone may share
    /// it) and, but for those two levels, be unique. Immutable; put it in quotes.
    #[x_kube(validation = Rule::new("self == oldSelf").message("division is immutable; a new code is a new tenant"))]
    pub division: Division,
    /// The tenant it belongs to, by name. Absent exactly for a Province. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<TenantName>,
    /// Its unified social credit code (GB 32100-2015). Put it in quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self.size() != 18 || (31 - [0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16].map(i, '0123456789ABCDEFGHJKLMNPQRTUWXY'.indexOf(self.substring(i, i + 1)) * [1,3,9,27,19,26,16,17,20,29,25,13,8,24,10,30,28][i]).sum() % 31) % 31 == '0123456789ABCDEFGHJKLMNPQRTUWXY'.indexOf(self.substring(17))").message("creditCode: the last character is not the check digit of the others"))]
    pub credit_code: Option<CreditCode>,
    /// Groups of the directory that may write Apps here and read what runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["group".into()]))]
    pub administrators: Vec<Member>,
    /// Groups of the directory that may read here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["group".into()]))]
    pub viewers: Vec<Member>,
    /// What it may use. Absent, as each absent figure: the level's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
    /// Its protection level (等保), 1 to 5, at most the Platform's. Absent: the level's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 5))]
    pub protection_level: Option<i32>,
    /// Where its images may come from. Absent: `<registry>/<tenant>` and `<registry>/common` of
    /// every registry of the Platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 8))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub registries: Option<Vec<Registry>>,
    /// Host names of its own that its Apps may take in `entry.hosts`, beside their address below the
    /// platform's domain. Each belongs to one tenant: the one that was given it first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["host".into()]))]
    pub hosts: Vec<TenantHost>,
    /// Ways out of the cluster that its Apps may name in `network.egress`. Absent: none. The
    /// province writes them; an App reaches nothing by what stands here alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub egress: Vec<Egress>,
    /// The tenants it takes the place of, such as the county that it was before it became a district:
    /// their ledgers continue here. A predecessor may be there still, while what it runs moves over. It
    /// has one successor, and it is none of the tenants above this one. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub supersedes: Option<Vec<TenantName>>,
    /// Switches off all its Apps and keeps their data. Present means on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Suspended>,
    /// Holds the operator's hand for the tenant and its Apps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Paused>,
    /// What a deletion of the tenant does with what its namespace stores. Absent: Protect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Deletion>,
    /// The tenant's own name once more: the word without which `deletion: DeleteData` deletes
    /// nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm_name: Option<TenantName>,
    /// The id that label `yipan.dev/id` of a namespace of this name has, where an earlier tenant
    /// left one behind with its data: the word to take over both. It is asked for only then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Id>,
}

/// What a deletion of a tenant does with what its namespace stores.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Deletion {
    /// It is refused.
    #[default]
    Protect,
    /// The namespace is emptied of rights and of what runs, locked, and kept for 90 days with what
    /// it stores.
    RetainData,
    /// The namespace goes with all it stores, once `confirmName` repeats the tenant's name.
    DeleteData,
}

/// What a tenant is.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// 省, 自治区, 直辖市
    Province,
    /// 市, 州, 地区, 盟
    City,
    /// 县, 区, 县级市, 旗
    County,
    /// 镇, 乡, 街道
    Town,
    /// 委办局, beside the tree at any level
    Department,
    /// 功能区, such as 兰州新区
    FunctionalZone,
}

impl Level {
    /// The level as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Province => "Province",
            Self::City => "City",
            Self::County => "County",
            Self::Town => "Town",
            Self::Department => "Department",
            Self::FunctionalZone => "FunctionalZone",
        }
    }

    /// Whether a division code belongs to one tenant of such a level alone.
    pub fn owns_its_division(self) -> bool {
        !matches!(self, Self::Department | Self::FunctionalZone)
    }
}

/// A group of the government's directory.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The group's name, as the identity provider hands it over.
    pub group: Group,
}

/// A host name of a tenant's own.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct TenantHost {
    /// The name, outside of the platform's domain.
    pub host: Host,
    /// Its certificate: a Secret of type `kubernetes.io/tls` in `yipan-system`, put there by the
    /// platform's administrators.
    pub certificate_secret: SecretName,
}

/// What a tenant may use, in all and by itself.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    /// The ceiling of its whole subtree. Absent: the level's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Amounts>,
    /// What its own namespace may use. Absent: the level's, whether it has children or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<Amounts>,
}

/// Amounts of the four resources that a quota knows.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Amounts {
    /// Processor time, in cores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// Memory, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
    /// Persistent storage, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Quantity>,
    /// How many Apps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100_000))]
    pub apps: Option<i32>,
}

/// What has been granted, each figure of it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Granted {
    /// The subtree's ceiling.
    pub total: Amounts,
    /// What the tenant's own namespace may use.
    pub own: Amounts,
    /// How often the tenant has given something back. It uses nothing more of an allocation until
    /// its parent has written it anew under this number. Absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<i64>,
}

/// What a parent has given to a tenant below it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Allocation {
    /// The tenant's name.
    pub name: String,
    /// Its stable id: a namesake that comes later inherits nothing.
    pub id: String,
    /// The ceiling of its subtree; every figure is there.
    pub amounts: Amounts,
    /// The tenant's `granted.round` that this takes into account. Absent: 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<i64>,
}

/// What the operator sees of a tenant.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct TenantStatus {
    /// The generation this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The stable id that everything outside the cluster's own store is keyed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `Accepted`, `Granted`, `Fenced` and `Ready`; `HostsReady` where it names hosts; `Suspended`, `Paused` and `DeletionBlocked`
    /// while they hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Its namespace, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// What has been granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<Granted>,
    /// What it has given to the tenants below it. This is the only record of a grant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2000))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub allocations: Vec<Allocation>,
    /// What cannot be taken from it: its own and all allocations together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved: Option<Amounts>,
    /// How many tenants name it as their parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub children: Option<i64>,
    /// How many Apps its namespace holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apps: Option<i64>,
}
