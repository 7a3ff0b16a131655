//! How it ends in the middle of its work: killed, or told to.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use serde_json::Value;
use yipan_core::kinds::Tenant;

use super::super::plane::{Plane, eventually};
use super::run::{Process, Running, SOON, turn};
use super::town::{apply, counties, get, named, province};

/// What stands of some towns at one moment.
struct Standing {
    begun: usize,
    ready: usize,
}

impl Standing {
    async fn of(plane: &Plane, towns: &[Value]) -> Self {
        let client = plane.client().await;
        let (tenants, namespaces) = (Api::<Tenant>::all(client.clone()), Api::<Namespace>::all(client));
        // In this order: a namespace counts as begun if it was there before its tenant was Ready.
        let namespaces = namespaces.list(&ListParams::default()).await.expect("the namespaces");
        let tenants = tenants.list(&ListParams::default()).await.expect("the tenants");
        let of_ours = |name: &str| towns.iter().any(|town| named(town) == name);
        let is_ready = |tenant: &&Tenant| {
            let conditions = tenant.status.iter().flat_map(|status| &status.conditions);
            conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
        };
        let ours = tenants.iter().filter(|tenant| of_ours(&tenant.name_any()));
        Self {
            begun: namespaces.iter().filter(|namespace| of_ours(&namespace.name_any())).count(),
            ready: ours.filter(is_ready).count(),
        }
    }

    /// Waits until all towns are Ready.
    async fn all_ready(plane: &Plane, towns: &[Value]) {
        eventually(SOON * 2, "all towns are ready", async || match Self::of(plane, towns).await.ready {
            all if all == towns.len() => Ok(()),
            some => Err(format!("{some} of {}", towns.len())),
        })
        .await;
    }

    /// Has a process work on the towns and ends it as soon as one is begun. Not all may be Ready by
    /// then: else it was no end in the middle.
    async fn at_the_end(plane: &Plane, towns: &[Value], signal: &str) -> ExitStatus {
        apply(plane, towns);
        let process = Process::start(plane).await;
        eventually(SOON * 2, "some towns are begun", async || match Self::of(plane, towns).await.begun {
            0 => Err("none".to_owned()),
            _ => Ok(()),
        })
        .await;
        let sent = Self::of(plane, towns).await;
        let status = process.end(signal);
        assert!(sent.ready < towns.len(), "all {} towns were Ready before {signal}", towns.len());
        status
    }
}

/// Who holds the Lease.
fn holder(plane: &Plane) -> String {
    let lease = get(plane, &["-n", "yipan-system", "lease", "yipan"]).expect("the Lease");
    lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_the_middle_of_passes_heals() {
    let turn = turn();
    apply(turn.plane, &[province()]);
    let towns = counties("killed", 621_701, 20);
    let status = Standing::at_the_end(turn.plane, &towns, "-KILL").await;
    assert_eq!(status.signal(), Some(9));
    let now = Standing::of(turn.plane, &towns).await;
    assert!(now.ready < now.begun, "{} begun, {} ready: no pass was torn", now.begun, now.ready);
    assert_ne!(holder(turn.plane), "", "nothing is given back");
    let next = Running::leading(turn.plane).await; // after the Lease's end
    Standing::all_ready(turn.plane, &towns).await;
    next.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_in_the_middle_of_passes_ends_well() {
    let turn = turn();
    apply(turn.plane, &[province()]);
    let towns = counties("county", 621_801, 90);
    let status = Standing::at_the_end(turn.plane, &towns, "-TERM").await;
    assert!(status.success(), "{status}");
    assert_eq!(holder(turn.plane), "", "the Lease is given back");
    let operator = Running::leading(turn.plane).await;
    Standing::all_ready(turn.plane, &towns).await;
    operator.stop().await;
}
