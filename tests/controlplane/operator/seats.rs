//! A Shared Blueprint: one workload with its owner, a seat for each tenant.

use serde_json::{Value, json};

use super::super::plane::{Plane, eventually};
use super::deletion::tenants::gone;
use super::run::{Running, SOON, turn};
use super::town::{apply, county, get, kubectl, province, ready, reason};

/// A Blueprint that all counties may have a seat of.
pub fn shared(name: &str, owner: &str) -> Value {
    let image = format!("registry.example.gov.cn/{owner}/{name}@sha256:{}", "ab".repeat(32));
    json!({
        "apiVersion": "yipan.dev/v1alpha1", "kind": "Blueprint", "metadata": { "name": name },
        "spec": {
            "displayName": "不动产登记", "owner": owner, "sharing": "Shared", "availableTo": { "levels": ["County"] },
            "workload": { "image": image, "port": 8080, "replicas": 2 }, "entry": { "visibility": "Public" },
        },
    })
}

/// A seat of a Blueprint.
pub fn seat(tenant: &str, name: &str, blueprint: &str) -> Value {
    json!({
        "apiVersion": "yipan.dev/v1alpha1", "kind": "App", "metadata": { "name": name, "namespace": tenant },
        "spec": { "blueprint": blueprint },
    })
}

/// The division that a route tells, and the Service that it leads to.
fn told(plane: &Plane, owner: &str, route: &str) -> Option<(Value, Value)> {
    let route = get(plane, &["-n", owner, "httproute", route])?;
    let rule = &route["spec"]["rules"][0];
    let header = &rule["filters"][0]["requestHeaderModifier"]["set"][0];
    assert_eq!(header["name"], "X-Yipan-Division");
    Some((header["value"].clone(), rule["backendRefs"][0]["name"].clone()))
}

async fn tells(plane: &Plane, (owner, route): (&str, &str), division: &str, service: &str) {
    let wanted = Some((json!(division), json!(service)));
    eventually(SOON, &format!("{route} tells {division} to {service}"), async || match told(plane, owner, route) {
        found if found == wanted => Ok(()),
        found => Err(format!("{found:?}")),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counties_share_one_workload_and_each_has_its_address() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("deeds-owner", "624501")]);
    apply(
        turn.plane,
        &[county("deeds-east", "624502"), county("deeds-west", "624503"), shared("deeds", "deeds-owner")],
    );
    for tenant in ["deeds-east", "deeds-west"] {
        ready(turn.plane, &["tenant", tenant]).await;
    }
    let (east, west) = (["-n", "deeds-east", "app", "register"], ["-n", "deeds-west", "app", "register"]);
    apply(turn.plane, &[seat("deeds-east", "register", "deeds"), seat("deeds-west", "register", "deeds")]);
    ready(turn.plane, &east).await;
    ready(turn.plane, &west).await;
    ready(turn.plane, &["blueprint", "deeds"]).await;
    let (owner, service) = ("deeds-owner", "bp--deeds");
    tells(turn.plane, (owner, "register--deeds-east"), "624502", service).await;
    tells(turn.plane, (owner, "register--deeds-west"), "624503", service).await;
    let found = get(turn.plane, &east).expect("the seat");
    assert_eq!(found["status"]["source"], "deeds (Shared)");
    assert_eq!(
        (&found["status"]["seat"]["owner"], &found["status"]["seat"]["quotaOf"]),
        (&json!(owner), &json!(owner))
    );
    let here = kubectl(turn.plane, &["-n", "deeds-east", "get", "deployments,services,httproutes", "-o", "name"]);
    assert!(here.is_empty(), "a seat has nothing in its own namespace: {here}");
    // What somebody else does to a seat's route is undone.
    let others = json!([{ "op": "replace", "path": "/spec/rules/0/filters/0/requestHeaderModifier/set/0/value", "value": "620000" }]);
    let patch = ["-n", owner, "patch", "httproute", "register--deeds-east", "--type=json", "-p", &others.to_string()];
    kubectl(turn.plane, &patch);
    tells(turn.plane, (owner, "register--deeds-east"), "624502", service).await;
    // One seat is switched off, and nobody else notices.
    let mut off = seat("deeds-east", "register", "deeds");
    off["spec"]["suspended"] = json!({ "reason": "整改" });
    apply(turn.plane, &[off]);
    reason(turn.plane, &east, "Ready", "Suspended").await;
    tells(turn.plane, (owner, "register--deeds-east"), "624502", "bp--deeds--closed").await;
    tells(turn.plane, (owner, "register--deeds-west"), "624503", service).await;
    // The owner is, and everybody does.
    let mut suspended = county("deeds-owner", "624501");
    suspended["spec"]["suspended"] = json!({ "reason": "机构调整" });
    apply(turn.plane, &[suspended]);
    let message = reason(turn.plane, &west, "Ready", "OwnerSuspended").await;
    assert!(message.contains("deeds-owner") && message.contains("机构调整"), "{message}");
    let deployment = get(turn.plane, &["-n", owner, "deployment", service]).expect("it is kept");
    assert_eq!(deployment["spec"]["replicas"], 0);
    apply(turn.plane, &[county("deeds-owner", "624501")]);
    ready(turn.plane, &west).await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seat_goes_with_its_route_and_the_workload_with_the_last_one() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("land-owner", "624511"), county("land-east", "624512")]);
    apply(turn.plane, &[county("land-west", "624513"), county("land-south", "624514"), shared("land", "land-owner")]);
    for tenant in ["land-east", "land-west", "land-south"] {
        ready(turn.plane, &["tenant", tenant]).await;
    }
    let seats = ["land-east", "land-west", "land-south"].map(|tenant| seat(tenant, "register", "land"));
    apply(turn.plane, &seats);
    for tenant in ["land-east", "land-west", "land-south"] {
        ready(turn.plane, &["-n", tenant, "app", "register"]).await;
    }
    operator.settled().await;
    operator.stop().await;
    // Nobody is there to take the route down, so the seat waits; another lost its finalizer to a hand.
    kubectl(turn.plane, &["-n", "land-east", "delete", "app", "register", "--wait=false"]);
    let release = json!({ "metadata": { "finalizers": null } }).to_string();
    kubectl(turn.plane, &["-n", "land-south", "patch", "app", "register", "--type=merge", "-p", &release]);
    kubectl(turn.plane, &["-n", "land-south", "delete", "app", "register"]);
    assert!(get(turn.plane, &["-n", "land-east", "app", "register"]).is_some(), "it waits");
    let route = |tenant: &str| get(turn.plane, &["-n", "land-owner", "httproute", &format!("register--{tenant}")]);
    let uid = route("land-west").expect("a route")["metadata"]["uid"].clone();
    let operator = Running::leading(turn.plane).await;
    gone(turn.plane, &["-n", "land-east", "app", "register"]).await;
    assert!(route("land-east").is_none(), "the seat went before its route");
    gone(turn.plane, &["-n", "land-owner", "httproute", "register--land-south"]).await;
    assert_eq!(route("land-west").expect("the other's")["metadata"]["uid"], uid);
    // The workload goes with the last seat, and the Blueprint after it.
    kubectl(turn.plane, &["delete", "blueprint", "land", "--cascade=foreground", "--wait=false"]);
    let message = reason(turn.plane, &["blueprint", "land"], "DeletionBlocked", "NotEmpty").await;
    assert!(message.contains("land-west/register"), "{message}");
    operator.settled().await;
    assert!(get(turn.plane, &["-n", "land-owner", "deployment", "bp--land"]).is_some(), "it runs on");
    kubectl(turn.plane, &["-n", "land-west", "delete", "app", "register", "--wait=false"]);
    gone(turn.plane, &["blueprint", "land"]).await;
    assert!(route("land-west").is_none(), "the Blueprint went before its seat's route");
    let left = [
        "-n",
        "land-owner",
        "get",
        "deployments,services,networkpolicies,serviceaccounts,poddisruptionbudgets",
        "-o",
        "name",
    ];
    let left = kubectl(turn.plane, &left);
    assert!(!left.contains("bp--"), "{left}");
    operator.stop().await;
}
