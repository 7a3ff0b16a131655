//! The part of the Gateway API (v1, standard channel) that Yipan writes and reads.
//!
//! Written by hand: the published crate of these types is bound to an older `kube`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use kube::CustomResource;
use serde::{Deserialize, Serialize};

/// Binds host names to a gateway's listener and to the Service behind them.
#[derive(CustomResource, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(group = "gateway.networking.k8s.io", version = "v1", kind = "HTTPRoute", namespaced)]
#[kube(status = "HttpRouteStatus", derive = "PartialEq", schema = "disabled")]
#[serde(rename_all = "camelCase")]
pub struct HttpRouteSpec {
    /// The listeners that serve the route.
    pub parent_refs: Vec<ParentReference>,
    /// The host names it answers to.
    pub hostnames: Vec<String>,
    /// Where requests go.
    pub rules: Vec<HttpRouteRule>,
}

/// One listener of one Gateway or ListenerSet. Every default is written out: it stands in an atomic list, which
/// is compared whole.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ParentReference {
    /// `gateway.networking.k8s.io`
    pub group: String,
    /// `Gateway` or `ListenerSet`
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The listener.
    pub section_name: String,
}

/// Where matching requests go.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct HttpRouteRule {
    /// Which requests.
    pub matches: Vec<HttpRouteMatch>,
    /// What is done to them on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<HttpRouteFilter>,
    /// Where to.
    pub backend_refs: Vec<BackendRef>,
    /// How long an answer may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<Timeouts>,
}

/// What is done to requests on the way.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct HttpRouteFilter {
    /// `RequestHeaderModifier`
    #[serde(rename = "type")]
    pub type_: String,
    /// How their headers change.
    pub request_header_modifier: HeaderModifier,
}

/// How the headers of requests change.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct HeaderModifier {
    /// What each of these becomes, whatever it was.
    pub set: Vec<Header>,
    /// Which are taken away.
    pub remove: Vec<String>,
}

/// One header.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct Header {
    /// Its name; case does not matter.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Which requests a rule is for.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct HttpRouteMatch {
    /// By path.
    pub path: PathMatch,
}

/// A path.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct PathMatch {
    /// `PathPrefix`
    #[serde(rename = "type")]
    pub type_: String,
    /// The prefix.
    pub value: String,
}

/// A Service in the route's namespace.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct BackendRef {
    /// Empty for the core group.
    pub group: String,
    /// `Service`
    pub kind: String,
    /// The Service's name.
    pub name: String,
    /// Its port.
    pub port: i32,
    /// Its share among the rule's backends.
    pub weight: i32,
}

/// How long an answer may take.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct Timeouts {
    /// A duration of GEP-2257, such as `30s`.
    pub request: String,
}

/// What the gateway says of a route.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct HttpRouteStatus {
    /// One entry per gateway that looked at it.
    #[serde(default)]
    pub parents: Vec<RouteParentStatus>,
}

/// What one gateway says of a route.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct RouteParentStatus {
    /// `Accepted` and `ResolvedRefs`.
    #[serde(default)]
    pub conditions: Vec<Condition>,
}

/// Further listeners for a Gateway, each with a certificate of its own.
#[derive(CustomResource, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(group = "gateway.networking.k8s.io", version = "v1", kind = "ListenerSet", namespaced)]
#[kube(derive = "PartialEq", schema = "disabled")]
#[serde(rename_all = "camelCase")]
pub struct ListenerSetSpec {
    /// The Gateway.
    pub parent_ref: ParentGateway,
    /// The listeners, by name.
    pub listeners: Vec<ListenerEntry>,
}

/// The Gateway of a ListenerSet.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct ParentGateway {
    /// `gateway.networking.k8s.io`
    pub group: String,
    /// `Gateway`
    pub kind: String,
    /// The Gateway's namespace.
    pub namespace: String,
    /// The Gateway's name.
    pub name: String,
}

/// One listener of a ListenerSet.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ListenerEntry {
    /// Its name.
    pub name: String,
    /// The host name it listens for.
    pub hostname: String,
    /// The port.
    pub port: i32,
    /// `HTTPS`
    pub protocol: String,
    /// Where the connection's encryption ends, and by which certificate.
    pub tls: ListenerTls,
    /// Whose routes it takes.
    pub allowed_routes: AllowedRoutes,
}

/// Where a connection's encryption ends.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ListenerTls {
    /// `Terminate`
    pub mode: String,
    /// The certificate.
    pub certificate_refs: Vec<CertificateRef>,
}

/// A Secret in the ListenerSet's namespace. Every default is written out: it stands in an atomic
/// list.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct CertificateRef {
    /// Empty for the core group.
    pub group: String,
    /// `Secret`
    pub kind: String,
    /// The Secret's name.
    pub name: String,
}

/// Whose routes a listener takes.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct AllowedRoutes {
    /// Those of these namespaces.
    pub namespaces: RouteNamespaces,
}

/// Namespaces by their labels.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct RouteNamespaces {
    /// `Selector`
    pub from: String,
    /// The labels.
    pub selector: LabelSelector,
}

/// A Gateway, as far as Yipan reads it.
#[derive(CustomResource, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(group = "gateway.networking.k8s.io", version = "v1", kind = "Gateway", namespaced, schema = "disabled")]
pub struct GatewaySpec {
    /// Its listeners.
    #[serde(default)]
    pub listeners: Vec<Listener>,
}

/// One listener of a Gateway.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct Listener {
    /// Its name.
    pub name: String,
}
