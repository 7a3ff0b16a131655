//! App: what a tenant runs, and the layers it asks for.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::grantee::{Grantee, Party};
use super::platform::Visibility;
use super::quantity::Quantity;
use super::scalar::{EnvName, Host, Moment, Name, TenantName, Text};
use super::status::{Condition, Paused, Suspended};
use super::workload::{SecretRef, Workload};

/// What a tenant runs: a Blueprint or a workload of its own, and the layers it asks for around it.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(group = "yipan.dev", version = "v1alpha1", kind = "App", namespaced, status = "AppStatus")]
#[kube(derive = "PartialEq", category = "yipan", shortname = "ya")]
#[kube(
    doc = "What a tenant runs: a Blueprint or a workload of its own, and the layers it asks for around it (entry, identity, data, network)."
)]
#[kube(printcolumn(name = "Source", type_ = "string", json_path = ".status.source"))]
#[kube(printcolumn(name = "Host", type_ = "string", json_path = ".status.host"))]
#[kube(printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"))]
#[kube(printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"))]
#[kube(printcolumn(
    name = "Workload",
    type_ = "string",
    json_path = ".status.conditions[?(@.type==\"WorkloadReady\")].reason",
    priority = 1
))]
#[kube(printcolumn(
    name = "Entry",
    type_ = "string",
    json_path = ".status.conditions[?(@.type==\"EntryReady\")].reason",
    priority = 1
))]
#[kube(printcolumn(
    name = "Identity",
    type_ = "string",
    json_path = ".status.conditions[?(@.type==\"IdentityReady\")].reason",
    priority = 1
))]
#[kube(printcolumn(
    name = "Data",
    type_ = "string",
    json_path = ".status.conditions[?(@.type==\"DataReady\")].reason",
    priority = 1
))]
#[kube(printcolumn(
    name = "Network",
    type_ = "string",
    json_path = ".status.conditions[?(@.type==\"NetworkReady\")].reason",
    priority = 1
))]
#[kube(printcolumn(
    name = "Message",
    type_ = "string",
    json_path = ".status.conditions[?(@.type==\"Ready\")].message",
    priority = 1
))]
#[kube(printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"))]
#[kube(validation = Rule::new("self.metadata.name.matches('^[a-z]([a-z0-9]|-[a-z0-9])*$') && self.metadata.name.size() >= 3 && self.metadata.name.size() <= 30").message("name: 3 to 30 of a-z, 0-9 and single hyphens, beginning with a letter"))]
#[kube(validation = Rule::new("self.metadata.name != 'default'").message("name: default is the namespace's own account"))]
#[x_kube(validation = Rule::new("has(self.blueprint) != has(self.workload)").message("give exactly one of blueprint and workload"))]
#[x_kube(validation = Rule::new("has(self.blueprint) == has(oldSelf.blueprint) && (!has(self.blueprint) || self.blueprint == oldSelf.blueprint)").message("blueprint is immutable; what comes of another one is another App"))]
#[x_kube(validation = Rule::new("!has(self.parameters) || has(self.blueprint)").message("parameters go with blueprint; a workload of your own has env"))]
#[x_kube(validation = Rule::new("!has(self.blueprint) || !has(self.entry) || (!has(self.entry.visibility) && !has(self.entry.timeoutSeconds))").message("entry: with blueprint, give hosts alone; the Blueprint says the rest"))]
#[x_kube(validation = Rule::new("!has(self.blueprint) || !has(self.identity) || !has(self.identity.login)").message("identity.login: the Blueprint says it; leave it out"))]
#[x_kube(validation = Rule::new("!has(self.blueprint) || !has(self.network)").message("network: the Blueprint says it; leave it out"))]
#[x_kube(validation = Rule::new("has(self.blueprint) || !has(self.entry) || has(self.entry.visibility)").message("entry.visibility: Public or Internal"))]
#[x_kube(validation = Rule::new("has(self.blueprint) || !has(self.entry) || (has(self.workload) && has(self.workload.port))").message("an entry needs workload.port, the HTTP port it talks to"))]
#[x_kube(validation = Rule::new("!has(self.identity) || !has(self.identity.login) || self.identity.login == 'None' || has(self.entry)").message("identity.login guards the entry: give spec.entry, or leave identity out"))]
#[x_kube(validation = Rule::new("!has(self.network) || !has(self.network.serves) || !has(self.workload) || !has(self.workload.port) || self.network.serves.all(s, s.port != self.workload.port)").message("network.serves: a port other than workload.port, which the gateway alone may reach"))]
#[x_kube(validation = Rule::new("!has(self.network) || !has(self.network.serves) || !has(self.workload) || !has(self.workload.schedule)").message("scheduled work cannot serve others"))]
#[serde(rename_all = "camelCase")]
pub struct AppSpec {
    /// The Blueprint that it uses, by name. Immutable; exactly one of this and `workload` is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blueprint: Option<Name>,
    /// What runs, where it is the tenant's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<Workload>,
    /// What the Blueprint asks of each App. Absent: what the Blueprint says for those that give nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub parameters: Vec<Parameter>,
    /// Asks for an address; of a Blueprint's address, only for further host names. Absent: none, or the
    /// Blueprint's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
    /// Who may come in. Absent: everybody who can reach the address, or as the Blueprint says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// What it stores. Absent: nothing, or what the Blueprint says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// Whom it calls and who may call it. Absent: nobody, or as the Blueprint says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// Set to the present time to restart the workload's pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self.size() < 10 || !(self.substring(5, 10) in ['02-30', '02-31', '04-31', '06-31', '09-31', '11-31']) && (self.substring(5, 10) != '02-29' || int(self.substring(0, 4)) % 4 == 0 && (int(self.substring(0, 4)) % 100 != 0 || int(self.substring(0, 4)) % 400 == 0))").message("there is no such day"))]
    pub restarted_at: Option<Moment>,
    /// Switches it off and keeps its data. Present means on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Suspended>,
    /// Holds the operator's hand for this App.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Paused>,
}

/// What an App says to its Blueprint: a value, or a key of one of its own Secrets.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("has(self.value) != has(self.secret)").message("give exactly one of value and secret"))]
#[serde(rename_all = "camelCase")]
pub struct Parameter {
    /// Its name in the Blueprint's `parameters`.
    pub name: EnvName,
    /// Its value, for everybody to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub value: Option<String>,
    /// Where its value lies, if it is a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretRef>,
}

/// The App's address, `<app>--<tenant>.<domain>`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Who can reach it. Absent exactly in an App that has a Blueprint: as that says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// Further host names, out of its tenant's `spec.hosts`. Absent: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub hosts: Vec<Host>,
    /// How long the gateway waits for an answer, in seconds. Absent: the gateway's own limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3600))]
    pub timeout_seconds: Option<i32>,
}

/// Who may come in.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Whether the entry asks for a login. Absent: None.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<Login>,
}

/// Whether the entry asks for a login.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// Nobody comes in without one. Where the platform cannot enforce it, there is no route.
    Required,
    /// Everybody who can reach the address comes in.
    None,
}

/// What the App stores.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Data {
    /// Asks for a database; `{}` is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<Database>,
}

/// A database of the App's own.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Database {
    /// How much it may hold, in bytes. Absent: what the tenant's quota leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Quantity>,
}

/// Whom the App calls and who may call it. A connection between Apps opens when both sides declare
/// it, a way out when the province has given it to the tenant.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// Apps it calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub uses: Vec<Uses>,
    /// Ports it opens to those that are named, and to nobody else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["port".into()]))]
    pub serves: Vec<Serves>,
    /// Ways out of the cluster, by their names in its tenant's `spec.egress`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub egress: Vec<Name>,
}

/// An App this one calls, or what runs of a Blueprint. The other side must serve it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("has(self.app) != has(self.blueprint)").message("give exactly one of app and blueprint"))]
#[serde(rename_all = "camelCase")]
pub struct Uses {
    /// Its name in this list.
    pub name: Name,
    /// The App, of whichever source. A seat has nothing that runs: name its Blueprint instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<TenantApp>,
    /// The Blueprint: its one workload where it is Shared, else this tenant's own Apps of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blueprint: Option<Name>,
    /// The ports, each of which the other side must serve.
    #[schemars(length(min = 1, max = 16), inner(range(min = 1, max = 65535)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub ports: Vec<i32>,
    /// Why, for the one who is asked.
    pub purpose: Text,
}

impl Uses {
    /// Who is called. None is nobody: what the schema does not let in calls nobody.
    pub fn party(&self) -> Option<Party> {
        match (&self.app, &self.blueprint) {
            (Some(app), None) => Some(Party::App(app.clone())),
            (None, Some(blueprint)) => Some(Party::Blueprint(blueprint.clone())),
            _ => None,
        }
    }
}

/// A port opened to those that are named.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Serves {
    /// The port; another one than the workload's, which the gateway alone may reach.
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
    /// To whom. Each must declare in turn that it uses the port.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub to: Vec<Grantee>,
}

/// An App of a tenant, by their names.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub struct TenantApp {
    /// The tenant.
    pub tenant: TenantName,
    /// The App in its namespace.
    pub app: Name,
}

impl std::fmt::Display for TenantApp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.tenant, self.app)
    }
}

/// What the operator sees of an App.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct AppStatus {
    /// The generation this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The stable id that every object of this App carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// One per layer (`WorkloadReady`, `EntryReady`, `IdentityReady`, `DataReady`,
    /// `NetworkReady`) and `Ready`; `Suspended` and `Paused` while they hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Where its code comes from: `own`, or a Blueprint with its sharing, such as `realestate (Dedicated)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Its permanent host name, where it asks for an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its further host names, of those it asks for that its tenant has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub hosts: Vec<String>,
    /// What runs; for a seat, what it shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<ObservedWorkload>,
    /// Its seat, where its Blueprint is Shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<Seat>,
    /// Each `network.uses` and the state of its other half.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub uses: Vec<UseStatus>,
    /// Each of those that `network.serves` names and the state of its other half.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["grantee".into()]))]
    pub serves: Vec<ServesStatus>,
}

/// What runs for an App.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ObservedWorkload {
    /// Where it runs.
    pub namespace: String,
    /// The Deployment's or CronJob's name.
    pub name: String,
    /// How many pods are ready. Absent for a seat: its Blueprint's status says it for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<i32>,
    /// How many are wanted. Absent for a seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// The image that is wanted. Absent for a seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

/// A seat at the one workload of a Shared Blueprint.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Seat {
    /// The tenant that runs the workload and answers for it.
    pub owner: String,
    /// The division that is passed on with every request.
    pub division: String,
    /// The tenant whose quota the workload counts against.
    pub quota_of: String,
    /// What this seat bears of the workload, as all others: `1/87`. When seats come or go, it follows within
    /// minutes; how many there are at this moment, the Blueprint says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<String>,
}

/// How far a connection has come.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum UseState {
    /// Both sides declared it; it is open.
    Granted,
    /// The other half is missing.
    Pending,
}

/// One `network.uses` and the state of its other half.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct UseStatus {
    /// Its name in `network.uses`.
    pub name: String,
    /// How far it has come.
    pub state: UseState,
    /// What is missing, and who can give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One of those that `network.serves` names and the state of its other half.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ServesStatus {
    /// `<tenant>/<app>:<port>`, or `blueprint <name>:<port>`.
    pub grantee: String,
    /// How far it has come.
    pub state: UseState,
    /// What is missing, and who can give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}
