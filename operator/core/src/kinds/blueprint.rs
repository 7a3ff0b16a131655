//! Blueprint: an application that is built once and used by many tenants.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::app::{Data, Entry, Identity, Network, ServesStatus, UseStatus};
use super::cost::Cost;
use super::scalar::{EnvName, ItemCode, LongText, TenantName, Text, Version};
use super::status::{Condition, Paused};
use super::tenant::Level;
use super::workload::Workload;

/// An application that is built once and used by many tenants, each by an App that names it.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(group = "yipan.dev", version = "v1alpha1", kind = "Blueprint", status = "BlueprintStatus")]
#[kube(derive = "PartialEq", category = "yipan", shortname = "yb")]
#[kube(doc = "An application that is built once and used by many tenants, each by an App that names it.")]
#[kube(printcolumn(name = "Sharing", type_ = "string", json_path = ".spec.sharing"))]
#[kube(printcolumn(name = "Owner", type_ = "string", json_path = ".spec.owner"))]
#[kube(printcolumn(name = "Version", type_ = "string", json_path = ".spec.version"))]
#[kube(printcolumn(
    name = "Uses",
    type_ = "integer",
    json_path = ".status.uses",
    description = "How many Apps name it"
))]
#[kube(printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"))]
#[kube(printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"))]
#[kube(printcolumn(name = "Retired", type_ = "boolean", json_path = ".spec.retired", priority = 1))]
#[kube(printcolumn(name = "Image", type_ = "string", json_path = ".spec.workload.image", priority = 1))]
#[kube(printcolumn(
    name = "Message",
    type_ = "string",
    json_path = ".status.conditions[?(@.type==\"Ready\")].message",
    priority = 1
))]
#[kube(printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"))]
#[kube(validation = Rule::new("self.metadata.name.matches('^[a-z]([a-z0-9]|-[a-z0-9])*$') && self.metadata.name.size() >= 3 && self.metadata.name.size() <= 30").message("name: 3 to 30 of a-z, 0-9 and single hyphens, beginning with a letter"))]
#[x_kube(validation = Rule::new("self.workload.image.contains('@sha256:')").message("workload.image of a Blueprint names its digest: append @sha256: and 64 digits, so that everybody runs the same"))]
#[x_kube(validation = Rule::new("self.sharing != 'Shared' || !has(self.parameters)").message("parameters: a Shared Blueprint has none, for its one workload knows no tenant's values"))]
#[x_kube(validation = Rule::new("!has(self.entry) || has(self.workload.port)").message("an entry needs workload.port, the HTTP port it talks to"))]
#[x_kube(validation = Rule::new("!has(self.entry) || has(self.entry.visibility)").message("entry.visibility: Public or Internal"))]
#[x_kube(validation = Rule::new("!has(self.entry) || !has(self.entry.hosts)").message("entry.hosts are a tenant's own; its App gives them"))]
#[x_kube(validation = Rule::new("!has(self.identity) || !has(self.identity.login) || self.identity.login == 'None' || has(self.entry)").message("identity.login guards the entry: give spec.entry, or leave identity out"))]
#[x_kube(validation = Rule::new("!has(self.network) || !has(self.network.serves) || !has(self.workload.port) || self.network.serves.all(s, s.port != self.workload.port)").message("network.serves: a port other than workload.port, which the gateway alone may reach"))]
#[x_kube(validation = Rule::new("!has(self.network) || !has(self.network.serves) || !has(self.workload.schedule)").message("scheduled work cannot serve others"))]
#[serde(rename_all = "camelCase")]
pub struct BlueprintSpec {
    /// Its name for people, such as 不动产登记.
    pub display_name: Text,
    /// What it does, in a few sentences. Absent: nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<LongText>,
    /// The tenant that runs it and answers for it. Immutable.
    #[x_kube(validation = Rule::new("self == oldSelf").message("owner is immutable; another owner's is another Blueprint"))]
    pub owner: TenantName,
    /// How many workloads there are: one each, or one for all. Immutable.
    #[x_kube(validation = Rule::new("self == oldSelf").message("sharing is immutable; create another Blueprint, and retire this one"))]
    pub sharing: Sharing,
    /// What people call the present state of it. Nothing goes by this: what runs is `workload`, as a whole.
    /// Absent: it has no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// Which tenants may use it. Absent: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_to: Option<AvailableTo>,
    /// What runs. The image is named by its digest.
    pub workload: Workload,
    /// What each App may, or must, say for itself; it becomes the workload's environment. Absent: nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub parameters: Vec<BlueprintParameter>,
    /// Asks for an address for each App. Absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
    /// Who may come in. Absent: everybody who can reach the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// What it stores. Absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// Whom it calls and who may call it. Absent: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// What it cost and what it replaces. Absent: no saving is claimed for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// The service items that it handles. Absent: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["code".into()]))]
    pub items: Vec<ServiceItem>,
    /// Admits no new Apps; those that there are run on. Absent: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired: Option<bool>,
    /// Holds the operator's hand for this Blueprint and for what comes of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Paused>,
}

/// How many workloads there are of a Blueprint.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Each App has its own, in its tenant's namespace.
    Dedicated,
    /// One, in the owner's namespace; each App is a seat at it.
    Shared,
}

impl Sharing {
    /// The word as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dedicated => "Dedicated",
            Self::Shared => "Shared",
        }
    }
}

/// Which tenants may use a Blueprint: those of the levels and those that are named, and of all these
/// only such as lie below `under`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[x_kube(validation = Rule::new("has(self.levels) || has(self.tenants)").message("availableTo: give levels or tenants; under only narrows these"))]
#[serde(rename_all = "camelCase")]
pub struct AvailableTo {
    /// All tenants of these levels. Absent: none by level.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 6))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub levels: Vec<Level>,
    /// Only these tenants and all below them, of those that `levels` and `tenants` admit. Absent: wherever
    /// they lie.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub under: Vec<TenantName>,
    /// These tenants. Absent: none by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub tenants: Vec<TenantName>,
}

/// What an App of a Blueprint may say for itself. It reaches the workload as an environment variable of
/// this name.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("!has(self.value) || !((has(self.secret) && self.secret) || (has(self.required) && self.required))").message("value is what holds where an App says nothing: a secret has none, and what is required needs none"))]
#[serde(rename_all = "camelCase")]
pub struct BlueprintParameter {
    /// Its name. Names that begin with YIPAN_ are the platform's.
    #[x_kube(validation = Rule::new("!self.startsWith('YIPAN_')").message("names that begin with YIPAN_ are the platform's"))]
    pub name: EnvName,
    /// What it is for, for whoever fills it in.
    pub description: Text,
    /// Whether it is a secret: then an App gives it by one of its tenant's Secrets and not in the open.
    /// Absent: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<bool>,
    /// Whether every App has to give it. Absent: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// What it is where an App says nothing. Absent: there is no such variable then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub value: Option<String>,
}

/// A service item (政务服务事项) that a Blueprint handles.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ServiceItem {
    /// Its code in the catalogue of service items.
    pub code: ItemCode,
    /// Its title.
    pub title: Text,
}

/// What the operator sees of a Blueprint.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct BlueprintStatus {
    /// The generation this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The stable id that everything outside the cluster's own store is keyed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `Accepted` and `Ready`, where it is Shared also `WorkloadReady` and `NetworkReady`; `Paused` and
    /// `DeletionBlocked` while they hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// How many Apps name it, whether they may use it or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<i64>,
    /// Its one workload, where it is Shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<BlueprintWorkload>,
    /// Its connections, where it is Shared and declares any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<BlueprintConnections>,
    /// The image that was accepted last, which its Apps run or are brought to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
}

/// The one workload of a Shared Blueprint.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct BlueprintWorkload {
    /// The owner's namespace.
    pub namespace: String,
    /// The Deployment's or CronJob's name.
    pub name: String,
    /// How many pods are ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<i32>,
    /// How many are wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
}

/// The connections of a Shared Blueprint's workload.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct BlueprintConnections {
    /// Each `network.uses` and the state of its other half.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub uses: Vec<UseStatus>,
    /// Each that `network.serves` names and the state of its other half.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["grantee".into()]))]
    pub serves: Vec<ServesStatus>,
}
