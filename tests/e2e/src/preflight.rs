//! What the cluster must have, looked at before anything is changed there. One line says what is missing.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use k8s_openapi::api::core::v1::{Namespace, Node, Pod, Service};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use serde_json::Value;

use super::cluster::Cluster;
use super::ground::HOME;
use super::options::Options;

/// Where the name service's pods are looked for.
const NAME_SERVICE: (&str, &str) = ("kube-system", "k8s-app=kube-dns");

/// What is there.
pub struct Found {
    /// A node's own address.
    pub node: String,
    /// The Gateway that carries the addresses.
    pub gateway: Gateway,
    /// Namespace and labels of its proxies' pods.
    pub proxies: (String, BTreeMap<String, String>),
    /// Where its proxies answer, `host:port`, from within the cluster.
    pub entrance: String,
}

/// A Gateway with a listener for plain HTTP.
pub struct Gateway {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The listener.
    pub listener: String,
    /// The zone of the listener's names, or one that is as good as any.
    pub domain: String,
}

/// Looks at everything and changes nothing.
///
/// # Errors
/// Something is missing, or Yipan is there already.
pub async fn look(cluster: &Cluster, options: &Options) -> anyhow::Result<Found> {
    let client = || cluster.client.clone();
    let node = ready_node(Api::all(client()).list(&ListParams::default()).await?.items)?;
    let crds = Api::<CustomResourceDefinition>::all(client());
    let has = async |name: &str| Ok::<_, kube::Error>(crds.get_metadata_opt(name).await?.is_some());
    for kind in ["gateways", "httproutes"] {
        let name = format!("{kind}.gateway.networking.k8s.io");
        ensure!(has(&name).await?, "the cluster has no {name}: install the Gateway API and a gateway first");
    }
    let namespaces = Api::<Namespace>::all(client());
    ensure!(
        namespaces.get_metadata_opt(HOME).await?.is_none(),
        "the namespace {HOME} exists: an earlier run was killed; make clean-e2e takes away what it left"
    );
    let installed = has("tenants.yipan.dev").await? || namespaces.get_metadata_opt("yipan-system").await?.is_some();
    ensure!(!installed, "Yipan is installed in that cluster; the test wants one without");
    let names = cluster.list::<Pod>(NAME_SERVICE.0, NAME_SERVICE.1).await?;
    ensure!(!names.is_empty(), "no pods {} in {}: is there a name service?", NAME_SERVICE.1, NAME_SERVICE.0);
    let gateway = gateway(cluster, options.gateway.as_deref()).await?;
    let (proxies, entrance) = entrance(cluster, options.gateway_service.as_deref()).await?;
    Ok(Found { node, gateway, proxies, entrance })
}

/// The address of a node that runs pods.
fn ready_node(nodes: Vec<Node>) -> anyhow::Result<String> {
    let real = nodes.into_iter().filter(|node| !node.annotations().contains_key("kwok.x-k8s.io/node"));
    let ready = |node: &Node| {
        let conditions = node.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
        conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
    };
    let address = |node: Node| {
        let addresses = node.status?.addresses?;
        addresses.into_iter().find(|address| address.type_ == "InternalIP").map(|address| address.address)
    };
    let mut ready = real.filter(ready).filter_map(address);
    ready.next().context("the cluster has no Ready node; fake ones do not count, they run nothing")
}

async fn gateway(cluster: &Cluster, wanted: Option<&str>) -> anyhow::Result<Gateway> {
    let listed = cluster.kubectl(&["get", "gateways.gateway.networking.k8s.io", "-A", "-o", "json"]).await?;
    let listed: Value = serde_json::from_str(&listed)?;
    let all = listed["items"].as_array().cloned().unwrap_or_default();
    let name = |gateway: &Value| {
        let metadata = &gateway["metadata"];
        format!(
            "{}/{}",
            metadata["namespace"].as_str().unwrap_or_default(),
            metadata["name"].as_str().unwrap_or_default()
        )
    };
    let (wanted, listener) = match wanted.map(|wanted| wanted.splitn(3, '/').collect::<Vec<_>>()) {
        None => (None, None),
        Some(parts) if parts.len() >= 2 => (Some(format!("{}/{}", parts[0], parts[1])), parts.get(2).copied()),
        Some(_) => bail!("E2E_GATEWAY is namespace/name or namespace/name/listener"),
    };
    let chosen: Vec<&Value> =
        all.iter().filter(|gateway| wanted.as_ref().is_none_or(|wanted| *wanted == name(gateway))).collect();
    let names: Vec<String> = all.iter().map(name).collect();
    let &[gateway] = chosen.as_slice() else {
        bail!("say E2E_GATEWAY=namespace/name; the cluster has {} Gateways: {}", names.len(), names.join(", "));
    };
    let conditions = gateway["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let programmed = conditions.iter().any(|c| c["type"] == "Programmed" && c["status"] == "True");
    ensure!(programmed, "the Gateway {} is not Programmed: does a gateway run in the cluster?", name(gateway));
    let listeners = gateway["spec"]["listeners"].as_array().cloned().unwrap_or_default();
    let fits = |listener_: &&Value| {
        listener_["protocol"] == "HTTP" && listener.is_none_or(|wanted| listener_["name"] == wanted)
    };
    let listener = listeners.iter().find(fits).context("the Gateway has no such listener for HTTP")?;
    let zone = listener["hostname"].as_str().map(|host| host.trim_start_matches("*."));
    let (namespace, own) = name(gateway).split_once('/').map(|(n, o)| (n.to_owned(), o.to_owned())).unwrap_or_default();
    Ok(Gateway {
        namespace,
        name: own,
        listener: listener["name"].as_str().unwrap_or_default().to_owned(),
        domain: zone.unwrap_or("e2e.example.gov.cn").to_owned(),
    })
}

/// The proxies' pods, and where they answer.
type Entrance = ((String, BTreeMap<String, String>), String);

async fn entrance(cluster: &Cluster, wanted: Option<&str>) -> anyhow::Result<Entrance> {
    let wanted = wanted.context("say E2E_GATEWAY_SERVICE=namespace/name: the Service before the gateway's proxies")?;
    let (place, port) = wanted.split_once(':').map_or((wanted, None), |(place, port)| (place, Some(port)));
    let (namespace, name) =
        place.split_once('/').context("E2E_GATEWAY_SERVICE is namespace/name or namespace/name:port")?;
    let service = cluster.get::<Service>(namespace, name).await?;
    let spec = service.and_then(|service| service.spec).with_context(|| format!("there is no Service {place}"))?;
    let labels = spec.selector.filter(|labels| !labels.is_empty());
    let labels = labels.with_context(|| format!("the Service {place} selects no pods"))?;
    let port = match port {
        Some(port) => port.parse().context("E2E_GATEWAY_SERVICE: the port")?,
        None => spec.ports.unwrap_or_default().first().map_or(80, |port| port.port),
    };
    Ok(((namespace.to_owned(), labels), format!("{name}.{namespace}.svc:{port}")))
}
