//! Every kind of object that Yipan makes, edited or deleted by hand, comes back.

use serde_json::{Value, json};
use yipan_core::plan::Kind;

use super::super::plane::{Plane, eventually};
use super::run::{Running, SOON, Turn, turn};
use super::town::{app, apply, county, get, kubectl, nightly, province, ready, reason};

/// An object of a kind, and two things a hand may do to it: change what is there, and add to it.
struct Hand {
    kind: Kind,
    object: &'static [&'static str],
    change: Value,
    add: Option<Value>,
}

fn hand(kind: Kind, object: &'static [&'static str], change: Value, add: Option<Value>) -> Hand {
    Hand { kind, object, change, add }
}

fn set(path: &str, value: Value) -> Value {
    json!([{ "op": "add", "path": path, "value": value }])
}

/// JSON patches to the objects of a tenant. What is added is what a person in a hurry, or an
/// intruder, would add.
fn hands_on_a_tenant() -> Vec<Hand> {
    vec![
        hand(
            Kind::Namespace,
            &["namespace", "jishi"],
            set("/metadata/labels/pod-security.kubernetes.io~1enforce", json!("privileged")),
            Some(set("/metadata/labels/pod-security.kubernetes.io~1enforce-version", json!("v1.20"))),
        ),
        hand(
            Kind::ResourceQuota,
            &["-n", "jishi", "resourcequota", "yipan--quota"],
            set("/spec/hard/pods", json!("9999")),
            Some(set("/spec/hard/services", json!("1"))),
        ),
        hand(
            Kind::LimitRange,
            &["-n", "jishi", "limitrange", "yipan--limits"],
            set("/spec/limits/0/default/cpu", json!("1500m")),
            Some(set("/spec/limits/-", json!({ "type": "Pod", "max": { "cpu": "1" } }))),
        ),
        hand(
            Kind::NetworkPolicy,
            &["-n", "jishi", "networkpolicy", "yipan--fence"],
            set("/spec/policyTypes", json!(["Ingress"])),
            Some(set("/spec/ingress", json!([{}]))),
        ),
        hand(
            Kind::RoleBinding,
            &["-n", "jishi", "rolebinding", "yipan--admins"],
            set("/subjects/0/name", json!("system:authenticated")),
            Some(set(
                "/subjects/-",
                json!({ "kind": "User", "name": "mallory", "apiGroup": "rbac.authorization.k8s.io" }),
            )),
        ),
        hand(
            Kind::ListenerSet,
            &["-n", "yipan-system", "listenerset", "jishi--public"],
            set("/spec/listeners/0/allowedRoutes/namespaces/from", json!("All")),
            Some(set(
                "/spec/listeners/-",
                json!({ "name": "theirs", "hostname": "theirs.example.cn", "port": 80, "protocol": "HTTP" }),
            )),
        ),
    ]
}

/// The same to the objects of an App.
fn hands_on_an_app() -> Vec<Hand> {
    vec![
        hand(
            Kind::ServiceAccount,
            &["-n", "jishi", "serviceaccount", "shop"],
            set("/automountServiceAccountToken", json!(true)),
            Some(set("/imagePullSecrets", json!([{ "name": "theirs" }]))),
        ),
        hand(
            Kind::Deployment,
            &["-n", "jishi", "deployment", "shop"],
            set("/spec/replicas", json!(9)),
            Some(set("/spec/template/spec/hostNetwork", json!(true))),
        ),
        hand(
            Kind::CronJob,
            &["-n", "jishi", "cronjob", "nightly"],
            set("/spec/schedule", json!("* * * * *")),
            Some(set("/spec/jobTemplate/spec/template/spec/hostPID", json!(true))),
        ),
        hand(
            Kind::Service,
            &["-n", "jishi", "service", "shop"],
            set("/spec/selector", json!({ "app": "theirs" })),
            Some(set("/spec/ports/-", json!({ "name": "ssh", "port": 22 }))),
        ),
        hand(
            Kind::PodDisruptionBudget,
            &["-n", "jishi", "poddisruptionbudget", "shop"],
            set("/spec/maxUnavailable", json!(2)),
            Some(set("/spec/unhealthyPodEvictionPolicy", json!("IfHealthyBudget"))),
        ),
        hand(
            Kind::HTTPRoute,
            &["-n", "jishi", "httproute", "shop"],
            set("/spec/hostnames", json!(["evil.example.com"])),
            Some(set("/spec/parentRefs/-", json!({ "name": "theirs" }))),
        ),
    ]
}

/// The labels by which an object of ours is found, for the cache and for the network's rules.
const MARKS: [&str; 2] = ["app.kubernetes.io/managed-by", "yipan.dev/app-id"];

/// JSON patches that take away what says whose an object is: each mark it has, and its owner.
fn losses(object: &Value) -> Vec<Value> {
    let marks = MARKS.map(|mark| format!("/metadata/labels/{}", mark.replace('/', "~1")));
    let places = marks.into_iter().chain(["/metadata/ownerReferences".to_owned()]);
    let there = places.filter(|place| object.pointer(place).is_some());
    there.map(|place| json!([{ "op": "remove", "path": place }])).collect()
}

/// What an object says of itself, without what the API server and others' controllers fill in.
fn said(object: &Value) -> Value {
    let mut object = object.clone();
    for pointer in ["/metadata", "/status", "/spec/clusterIP", "/spec/clusterIPs"] {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        if let Some(map) = object.pointer_mut(parent).and_then(Value::as_object_mut) {
            map.remove(key);
        }
    }
    object
}

/// What says whose an object is.
fn whose(object: &Value) -> Value {
    json!([object["metadata"]["labels"], object["metadata"]["ownerReferences"]])
}

async fn comes_back(plane: &Plane, hand: &Hand, before: &Value, what: &str) {
    let name = format!("{} {what}", hand.object.join(" "));
    eventually(SOON, &format!("{name} comes back"), async || match get(plane, hand.object) {
        None => Err("not there".to_owned()),
        Some(now) if said(&now) == said(before) && whose(&now) == whose(before) => Ok(()),
        Some(now) => Err(format!("{} {}", whose(&now), said(&now))),
    })
    .await;
}

async fn furnish(turn: &Turn) -> Running {
    let operator = Running::leading(turn.plane).await;
    let mut tenant = county("jishi", "621901");
    tenant["spec"]["hosts"] = json!([{ "host": "jishi.example.cn", "certificateSecret": "jishi" }]);
    apply(turn.plane, &[province(), tenant]);
    ready(turn.plane, &["tenant", "jishi"]).await;
    apply(turn.plane, &[app("jishi", "shop"), nightly("jishi", "nightly")]);
    ready(turn.plane, &["-n", "jishi", "app", "shop"]).await;
    ready(turn.plane, &["-n", "jishi", "app", "nightly"]).await;
    operator
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_comes_back() {
    let turn = turn();
    let operator = furnish(&turn).await;
    // An object of a tenant has one mark; one of an App has both, and an owner.
    let of_tenant = hands_on_a_tenant().into_iter().map(|hand| (hand, 1));
    let hands: Vec<(Hand, usize)> = of_tenant.chain(hands_on_an_app().into_iter().map(|hand| (hand, 3))).collect();
    let kinds: std::collections::BTreeSet<Kind> = hands.iter().map(|(hand, _)| hand.kind).collect();
    assert_eq!(kinds, Kind::ALL.into_iter().collect(), "a kind that Yipan makes has no case");
    for (hand, marked) in &hands {
        let before = get(turn.plane, hand.object).expect("it is there");
        let losses = losses(&before);
        assert_eq!(losses.len(), *marked, "{} {}", hand.object.join(" "), whose(&before));
        for patch in std::iter::once(&hand.change).chain(&hand.add).chain(&losses) {
            let patch = patch.to_string();
            kubectl(turn.plane, &[&["patch", "--type", "json", "-p", &patch], hand.object].concat());
            comes_back(turn.plane, hand, &before, &patch).await;
        }
        if hand.kind != Kind::Namespace {
            kubectl(turn.plane, &[&["delete", "--wait=false"], hand.object].concat());
            comes_back(turn.plane, hand, &before, "deleted").await;
        }
    }
    let events = kubectl(turn.plane, &["get", "events", "-n", "jishi", "-o", "custom-columns=R:.reason,M:.message"]);
    assert!(events.contains("Restored"), "{events}");
    operator.settled().await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_binding_to_another_role_comes_back() {
    let turn = turn();
    let operator = furnish(&turn).await;
    let object = ["-n", "jishi", "rolebinding", "yipan--viewers"];
    // roleRef cannot be edited, so an intruder makes the binding anew.
    let forged = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": { "name": "yipan--viewers", "namespace": "jishi", "labels": { "app.kubernetes.io/managed-by": "yipan" } },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "jishi-viewers" }],
    });
    turn.plane.kubectl_with(["replace", "--force", "-f", "-"], &forged.to_string());
    eventually(SOON, "the binding is to the viewers' role", async || {
        let role = get(turn.plane, &object).map(|found| found["roleRef"]["name"].clone());
        if role == Some(json!("yipan-tenant-viewer")) { Ok(()) } else { Err(format!("{role:?}")) }
    })
    .await;
    operator.stop().await;
}

/// Rule 2.4: what a namespace held is gone for good, and an empty one in its place would hide it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_that_was_deleted_is_reported_lost() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("loulan", "621902")]);
    ready(turn.plane, &["tenant", "loulan"]).await;
    kubectl(turn.plane, &["delete", "namespace", "loulan"]);
    let message = reason(turn.plane, &["tenant", "loulan"], "Ready", "NamespaceLost").await;
    assert!(message.contains("restore it from a backup with labels yipan.dev/tenant=loulan"), "{message}");
    operator.settled().await;
    assert!(get(turn.plane, &["namespace", "loulan"]).is_none(), "nothing is made anew");
    operator.stop().await;
}
