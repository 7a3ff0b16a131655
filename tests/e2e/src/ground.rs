//! What stands beside Yipan: a namespace without policies, from whose pods everything can be reached, and the
//! registry the tenants' pods pull from.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::cluster::{Cluster, eventually};
use super::options::Options;
use super::preflight::Found;
use super::reach;

/// The namespace of all that is not Yipan's. It is made first and goes last: while it is there, a run is not over.
pub const HOME: &str = "yipan-e2e";
/// The port of the registry on each node's loopback interface.
const REGISTRY_PORT: u16 = 5055;
/// How long pods of an image that is there may take to start.
const START: Duration = Duration::from_secs(120);
/// How long a policy may take to be felt.
const FELT: Duration = Duration::from_secs(60);

/// Where the proofs are made from.
pub struct Ground {
    /// What the cluster has.
    pub found: Found,
    /// The image of the tenants' pods.
    pub image: String,
    /// The registry it comes from.
    pub registry: String,
    /// `address:port` of a pod that no policy guards.
    pub open: String,
    /// An address outside of the cluster, if one was given.
    pub outside: Option<String>,
}

impl Ground {
    /// Starts the pods, and sees that the network heeds policies.
    ///
    /// # Errors
    /// The nodes have no such image, or policies are not enforced.
    pub async fn prepare(cluster: &Cluster, options: &Options, found: Found) -> anyhow::Result<Self> {
        println!("preparing: a registry on each node, pods to ask from, and whether policies are enforced");
        cluster.apply(&[json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": HOME } })]).await?;
        cluster.apply(&[registry(&options.probe_image), pod("open", options), pod("closed", options)]).await?;
        let (open, closed) = (address(cluster, "open").await?, address(cluster, "closed").await?);
        let has_registry = async || {
            let status = cluster.get::<DaemonSet>(HOME, "registry").await?.and_then(|set| set.status);
            let status = status.context("no status yet")?;
            let (ready, wanted) = (status.number_ready, status.desired_number_scheduled);
            ensure!(ready == wanted && wanted > 0, "the registry is ready on {ready} of {wanted} nodes");
            Ok(())
        };
        eventually(START, has_registry).await?;
        enforced(cluster, &closed).await?;
        let registry = format!("localhost:{REGISTRY_PORT}");
        let image = format!("{registry}/common/probe:{}", env!("CARGO_PKG_VERSION"));
        Ok(Self { found, image, registry, open, outside: options.outside.clone() })
    }
}

/// Without enforcement every proof of "is blocked" would fail, and for a reason that is not ours.
async fn enforced(cluster: &Cluster, closed: &str) -> anyhow::Result<()> {
    let control = reach::Pod { namespace: HOME, target: "pod/open" };
    eventually(FELT, async || control.is_open(cluster, &[closed]).await)
        .await
        .context("pods do not reach each other")?;
    cluster
        .apply(&[json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "closed", "namespace": HOME },
            "spec": { "podSelector": { "matchLabels": { "e2e": "closed" } }, "policyTypes": ["Ingress"] },
        })])
        .await?;
    let felt = eventually(FELT, async || control.is_shut(cluster, &[closed]).await).await;
    felt.context("the cluster does not enforce NetworkPolicies: its network plugin must")
}

fn registry(image: &str) -> Value {
    let port = REGISTRY_PORT;
    json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": { "name": "registry", "namespace": HOME },
        "spec": {
            "selector": { "matchLabels": { "e2e": "registry" } },
            "template": {
                "metadata": { "labels": { "e2e": "registry" } },
                "spec": {
                    // On the node's own loopback interface, where its container runtime asks.
                    "hostNetwork": true,
                    "tolerations": [{ "operator": "Exists" }],
                    "terminationGracePeriodSeconds": 0,
                    "containers": [{
                        "name": "registry", "image": image, "imagePullPolicy": "IfNotPresent",
                        "args": ["registry", port.to_string()],
                        "readinessProbe": { "tcpSocket": { "host": "127.0.0.1", "port": port }, "periodSeconds": 1 },
                    }],
                },
            },
        },
    })
}

fn pod(name: &str, options: &Options) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": HOME, "labels": { "e2e": name } },
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [{
                "name": "probe", "image": options.probe_image, "imagePullPolicy": "IfNotPresent", "args": ["serve", "8080"],
                "readinessProbe": { "tcpSocket": { "port": 8080 }, "periodSeconds": 1 },
            }],
        },
    })
}

/// A pod's address, once it is ready.
async fn address(cluster: &Cluster, name: &str) -> anyhow::Result<String> {
    eventually(START, async || {
        let pod = cluster.get::<Pod>(HOME, name).await?.context("no such pod")?;
        let status = pod.status.unwrap_or_default();
        let conditions = status.conditions.unwrap_or_default();
        let ready = conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True");
        let waits = status.container_statuses.unwrap_or_default().into_iter().find_map(|c| c.state?.waiting);
        let waits = waits.map(|waiting| [waiting.reason, waiting.message].map(Option::unwrap_or_default).join(": "));
        ensure!(ready, "the pod {HOME}/{name} is not ready: {}", waits.unwrap_or_default());
        Ok(format!("{}:8080", status.pod_ip.context("no address")?))
    })
    .await
}
