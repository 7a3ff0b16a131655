//! What is not declared is blocked. Each blocked way has a control beside it that reaches the same address.

use std::collections::BTreeMap;

use anyhow::ensure;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::ResourceExt as _;

use super::{SOON, app_is_ready, pods_of};
use crate::cluster::{Cluster, eventually};
use crate::declarations::{CALLED, CALLING, SERVED, app, desk, parking};
use crate::ground::{Ground, HOME};
use crate::reach::Pod;
use crate::report::Report;

/// Where connections are tried from: another county, the same namespace, and a pod that no policy guards.
const DESK: Pod = Pod { namespace: CALLING, target: "deployment/desk" };
const NEIGHBOUR: Pod = Pod { namespace: CALLED, target: "deployment/neighbour" };
const OPEN: Pod = Pod { namespace: HOME, target: "pod/open" };

/// Tries every way that must be shut, and the one that two Apps agree on.
///
/// # Errors
/// There are no pods to try it on.
pub async fn all(cluster: &Cluster, ground: &Ground, report: &mut Report) -> anyhow::Result<()> {
    report.part("Default-deny");
    inwards(cluster, report).await?;
    outwards(cluster, ground, report).await;
    connection(cluster, ground, report).await;
    drift(cluster, report).await;
    Ok(())
}

/// An App's ports, by its pods' addresses and by its Service.
async fn ports(cluster: &Cluster, port: u16) -> anyhow::Result<Vec<String>> {
    let pods = pods_of(cluster, CALLED, "parking").await?;
    ensure!(!pods.is_empty(), "{CALLED}/parking has no pods");
    Ok(pods.into_values().map(|address| format!("{address}:{port}")).collect())
}

async fn inwards(cluster: &Cluster, report: &mut Report) -> anyhow::Result<()> {
    let service = format!("parking.{CALLED}.svc.cluster.local:8080");
    let all = [ports(cluster, 8080).await?, ports(cluster, SERVED).await?, vec![service]].concat();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    report
        .prove("an App hears itself on these ports", async {
            for address in ports(cluster, 8080).await? {
                let port = address.rsplit_once(':').map_or("", |(_, port)| port);
                let own = Pod { namespace: CALLED, target: "deployment/parking" };
                own.is_open(cluster, &[&format!("localhost:{port}"), &format!("localhost:{SERVED}")]).await?;
            }
            Ok(String::new())
        })
        .await;
    for (what, from) in [
        ("from another county: blocked", DESK),
        ("from another App of its namespace: blocked", NEIGHBOUR),
        ("from a namespace that is no tenant's: blocked", OPEN),
    ] {
        report
            .prove(what, async {
                eventually(SOON, async || from.is_shut(cluster, &all).await).await?;
                Ok(format!("{} addresses", all.len()))
            })
            .await;
    }
    Ok(())
}

async fn outwards(cluster: &Cluster, ground: &Ground, report: &mut Report) {
    let kubelet = format!("{}:10250", ground.found.node);
    // The API server, the node, and a pod that nothing guards.
    let mut targets = vec!["kubernetes.default.svc.cluster.local:443", kubelet.as_str(), ground.open.as_str()];
    match &ground.outside {
        Some(outside) => targets.push(outside),
        None => report.not_asked("out of the cluster", "no E2E_OUTSIDE=host:port that other pods reach"),
    }
    report
        .prove("others reach the API server, the node, a pod, and what is outside", async {
            OPEN.is_open(cluster, &targets).await?;
            Ok(targets.join(", "))
        })
        .await;
    for (what, from) in [("a county's App reaches none of them", DESK), ("nor does another county's", NEIGHBOUR)] {
        report
            .prove(what, async {
                eventually(SOON, async || from.is_shut(cluster, &targets).await).await?;
                Ok(String::new())
            })
            .await;
    }
    report
        .prove("the name service answers", async {
            let name = "kubernetes.default.svc.cluster.local";
            Ok(cluster.probe(DESK.namespace, DESK.target, &["resolve", name]).await?.trim().to_owned())
        })
        .await;
}

async fn connection(cluster: &Cluster, ground: &Ground, report: &mut Report) {
    report.part("A connection that two Apps declare");
    report
        .prove("one side alone opens nothing", async {
            cluster.apply(&[desk(ground)]).await?;
            eventually(SOON, async || ways(cluster, "Pending", false).await).await?;
            Ok(String::new())
        })
        .await;
    report
        .prove("both open this port, to this App, and no other", async {
            cluster.apply(&[parking(ground, true)]).await?;
            eventually(SOON, async || ways(cluster, "Granted", true).await).await?;
            app_is_ready(cluster, CALLING, "desk").await?;
            let (served, own) = (ports(cluster, SERVED).await?, ports(cluster, 8080).await?);
            let served: Vec<&str> = served.iter().map(String::as_str).collect();
            DESK.is_shut(cluster, &own.iter().map(String::as_str).collect::<Vec<_>>()).await?;
            NEIGHBOUR.is_shut(cluster, &served).await?;
            OPEN.is_shut(cluster, &served).await?;
            Ok(format!("{} addresses", served.len()))
        })
        .await;
    report
        .prove("it shuts when one side takes it back", async {
            cluster.apply(&[parking(ground, false)]).await?;
            eventually(SOON, async || ways(cluster, "Pending", false).await).await?;
            cluster.apply(&[app(ground, CALLING, "desk", 1)]).await?;
            Ok(String::new())
        })
        .await;
}

/// That the calling App's status says so, and that its pods find it so.
async fn ways(cluster: &Cluster, state: &str, open: bool) -> anyhow::Result<()> {
    let words = ["get", "apps.yipan.dev", "-n", CALLING, "desk", "-o", "jsonpath={.status.uses[0].state}"];
    let said = cluster.kubectl(&words).await?;
    ensure!(said == state, "its status says {said:?}");
    let targets = ports(cluster, SERVED).await?;
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    if open { DESK.is_open(cluster, &targets).await } else { DESK.is_shut(cluster, &targets).await }
}

async fn drift(cluster: &Cluster, report: &mut Report) {
    report.part("Policies that somebody deletes");
    report
        .prove("they come back, and block", async {
            let before = policies(cluster).await?;
            ensure!(!before.is_empty(), "{CALLED} has no policies");
            for name in before.keys() {
                cluster.kubectl(&["delete", "networkpolicy", "-n", CALLED, name]).await?;
            }
            eventually(SOON, async || {
                let now = policies(cluster).await?;
                ensure!(now.keys().eq(before.keys()), "{:?} of {:?}", now.keys(), before.keys());
                let old: Vec<_> = now.iter().filter(|(name, uid)| before.get(*name) == Some(uid)).collect();
                ensure!(old.is_empty(), "not deleted: {old:?}");
                Ok(())
            })
            .await?;
            let targets = ports(cluster, 8080).await?;
            let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
            eventually(SOON, async || DESK.is_shut(cluster, &targets).await).await?;
            Ok(format!("{} policies", before.len()))
        })
        .await;
}

async fn policies(cluster: &Cluster) -> anyhow::Result<BTreeMap<String, Option<String>>> {
    let found = cluster.list::<NetworkPolicy>(CALLED, "").await?;
    Ok(found.into_iter().map(|policy| (policy.name_any(), policy.uid())).collect())
}
