//! `yipan plan --diff` says what then happens: neither more nor less.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use kube::config::Kubeconfig;
use serde_json::{Value, json};
use yipan_core::fields;

use super::super::plane::{Plane, eventually};
use super::run::{Running, SOON, turn};
use super::seats::{seat, shared};
use super::town::{app, apply, condition, county, get, kubectl, named, province, ready};

/// The tenants of this test and its Blueprint; the control plane has those of others.
const OURS: [&str; 4] = ["hezuo", "xiahe", "zhuoni", "pasture"];
const KINDS: &str = "resourcequota,limitrange,networkpolicy,serviceaccount,rolebinding,deployment,cronjob,service,\
                     poddisruptionbudget,httproute";

/// Kind, namespace and name.
type Place = (String, String, String);

/// The objects of ours that are stored, without what the API server and the controllers of Kubernetes
/// keep in them for themselves.
fn stored(plane: &Plane) -> BTreeMap<Place, Value> {
    let selector = "--selector=app.kubernetes.io/managed-by=yipan";
    let all = get(plane, &["-A", selector, KINDS]).expect("a list");
    let namespaces = get(plane, &["namespace"]).expect("a list");
    let items = [&all["items"], &namespaces["items"]].into_iter().flat_map(|list| list.as_array().expect("items"));
    let mut found = BTreeMap::new();
    for item in items {
        let place = place(&item["kind"], &item["metadata"]);
        if !OURS.contains(&tenant(&place)) {
            continue;
        }
        let mut object = item.clone();
        let top = object.as_object_mut().expect("an object");
        ["status", "apiVersion", "kind"].iter().for_each(|field| drop(top.remove(*field)));
        let metadata = object["metadata"].as_object_mut().expect("metadata");
        for field in ["resourceVersion", "uid", "generation", "creationTimestamp", "name", "namespace"] {
            metadata.remove(field);
        }
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove("deployment.kubernetes.io/revision");
            if annotations.is_empty() {
                metadata.remove("annotations");
            }
        }
        found.insert(place, object);
    }
    found
}

fn place(kind: &Value, of: &Value) -> Place {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(kind), text(&of["namespace"]), text(&of["name"]))
}

fn tenant(place: &Place) -> &str {
    if place.1.is_empty() { &place.2 } else { &place.1 }
}

/// The part of a report that is about this test's tenants.
struct Report(Value);

impl Report {
    /// What becomes of objects or declarations.
    fn changes(&self, of: &str) -> BTreeMap<Place, Value> {
        let all = self.0[of].as_array().expect("a list").iter();
        let all = all.map(|change| (place(&change["kind"], change), change.clone()));
        all.filter(|(place, _)| OURS.contains(&tenant(place))).collect()
    }

    fn places(&self, of: &str, change: &str) -> BTreeSet<Place> {
        self.changes(of).into_iter().filter(|(_, value)| value["change"] == change).map(|(place, _)| place).collect()
    }

    fn conditions(&self) -> Vec<Value> {
        let all = self.0["conditions"].as_array().expect("a list").iter();
        all.filter(|turned| OURS.contains(&tenant(&place(&turned["kind"], turned)))).cloned().collect()
    }

    /// From whom to whom and at which port.
    fn ways(&self, which: &str) -> BTreeSet<(String, String, u64)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let all = self.0["reach"][which].as_array().expect("a list").iter();
        let all = all.map(|way| (text(&way["from"]), text(&way["to"]), way["port"].as_u64().expect("a port")));
        all.filter(|way| OURS.iter().any(|ours| way.1.starts_with(&format!("{ours}/")))).collect()
    }
}

/// Who looks: somebody with the rights of the province's people alone, who writes nothing.
struct Viewer<'a> {
    plane: &'a Plane,
    kubeconfig: PathBuf,
}

impl<'a> Viewer<'a> {
    fn new(plane: &'a Plane) -> Self {
        let mut kubeconfig = Kubeconfig::read_from(plane.kubeconfig()).expect("the administrator's kubeconfig");
        for named in &mut kubeconfig.auth_infos {
            named.auth_info.as_mut().expect("a user").impersonate = Some("diff-viewer".to_owned());
        }
        let file = plane.kubeconfig().with_file_name("diff.kubeconfig");
        std::fs::write(&file, serde_json::to_string(&kubeconfig).expect("a kubeconfig")).expect("a file");
        Self { plane, kubeconfig: file }
    }

    fn diff(&self, declarations: &[Value], more: &[&str]) -> Result<Report, String> {
        let file = self.plane.kubeconfig().with_file_name("diff.json");
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": declarations });
        std::fs::write(&file, list.to_string()).expect("a file");
        let (file, kubeconfig) = (file.display().to_string(), self.kubeconfig.display().to_string());
        let arguments = ["plan", "--diff", "-o", "json", "-f", &file, "--kubeconfig", &kubeconfig];
        let answer = self.plane.yipan(&[&arguments[..], more].concat());
        let report: Value = serde_json::from_str(&answer.out).map_err(|_| answer.err.clone())?;
        let none = |of: &str| report[of].as_array().expect("a list").is_empty();
        let nothing = none("objects") && none("declarations") && none("grants") && report["summary"]["refused"] == 0;
        assert_eq!(answer.success, nothing, "the process says whether there are changes: {}", answer.err);
        Ok(Report(report))
    }

    /// Asks until nothing is left to be done for this test's tenants.
    async fn finds_nothing(&self, declarations: &[Value]) {
        eventually(SOON, "nothing is left to be done", async || {
            let report = self.diff(declarations, &[])?;
            let left = (report.changes("objects"), report.changes("declarations"), report.conditions());
            if left.0.is_empty() && left.1.is_empty() && left.2.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
        })
        .await;
    }
}

/// What people have declared at first.
fn declared() -> Vec<Value> {
    let (shop, old, asks) = (app("hezuo", "shop"), app("hezuo", "old"), app("xiahe", "asks"));
    vec![province(), county("hezuo", "623001"), county("xiahe", "623021"), shop, old, asks]
}

/// What they declare then: a new tenant with an App, another image and port, a connection that both
/// sides want, more quota, and a Shared Blueprint with a seat. One App is left out.
fn changed() -> Vec<Value> {
    let (mut shop, mut asks) = (app("hezuo", "shop"), app("xiahe", "asks"));
    shop["spec"]["workload"]["image"] = json!("registry.example.gov.cn/hezuo/shop:2");
    shop["spec"]["workload"]["port"] = json!(9090);
    shop["spec"]["network"] = json!({ "serves": [{ "port": 7000, "to": [{ "tenant": "xiahe", "app": "asks" }] }] });
    asks["spec"]["network"] = json!({ "uses": [
        { "name": "shop", "app": { "tenant": "hezuo", "app": "shop" }, "ports": [7000], "purpose": "查询" },
    ] });
    let mut richer = county("hezuo", "623001");
    richer["spec"]["quota"] = json!({ "total": { "cpu": "40" }, "own": { "cpu": "20" } });
    let new = county("zhuoni", "623029");
    let (pasture, graze) = (shared("pasture", "xiahe"), seat("hezuo", "graze", "pasture"));
    vec![province(), richer, county("xiahe", "623021"), new, shop, asks, app("zhuoni", "wool"), pasture, graze]
}

/// Applies tenants, and once they have their namespaces what runs in them.
async fn apply_in_turn(plane: &Plane, declarations: &[Value]) {
    let (tenants, apps): (Vec<Value>, Vec<Value>) =
        declarations.iter().cloned().partition(|declaration| declaration["kind"] == "Tenant");
    apply(plane, &tenants);
    for tenant in &tenants {
        ready(plane, &["tenant", named(tenant)]).await;
    }
    apply(plane, &apps);
    for app in &apps {
        match app["metadata"]["namespace"].as_str() {
            Some(namespace) => ready(plane, &["-n", namespace, "app", named(app)]).await,
            None => ready(plane, &["blueprint", named(app)]).await,
        }
    }
}

/// Whether what is stored holds all that was foretold; what only the API server can tell is anything.
fn covers(stored: &Value, foretold: &Value) -> bool {
    match (stored, foretold) {
        (_, Value::String(later)) if later == "(known after apply)" => true,
        (Value::Object(stored), Value::Object(foretold)) => {
            foretold.iter().all(|(key, value)| stored.get(key).is_some_and(|stored| covers(stored, value)))
        }
        (Value::Array(stored), Value::Array(foretold)) => {
            stored.len() == foretold.len() && stored.iter().zip(foretold).all(|(one, other)| covers(one, other))
        }
        _ => stored == foretold,
    }
}

/// Holds what was foretold of objects against what was stored before and is after.
fn must_agree(report: &Report, before: &BTreeMap<Place, Value>, after: &BTreeMap<Place, Value>) {
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (before.keys().cloned().collect(), after.keys().cloned().collect());
    assert_eq!(report.places("objects", "create"), new.difference(&old).cloned().collect());
    assert_eq!(report.places("objects", "delete"), old.difference(&new).cloned().collect());
    let foretold = report.changes("objects");
    let mut fields_before_and_after = BTreeMap::new();
    for (place, object) in after {
        match before.get(place) {
            None => {
                let foretold = &foretold[place]["after"];
                assert!(covers(object, foretold), "{place:?}\nforetold {foretold:#}\nstored {object:#}");
            }
            Some(old) if old != object => {
                let fields = json!(fields::different(old, object));
                fields_before_and_after.insert(place.clone(), fields);
            }
            Some(_) => {}
        }
    }
    let fields = foretold.iter().filter(|(_, change)| change["change"] == "change");
    let fields: BTreeMap<_, _> = fields.map(|(place, change)| (place.clone(), change["fields"].clone())).collect();
    assert_eq!(fields, fields_before_and_after);
}

/// Every condition comes as it was foretold.
async fn conditions_come(plane: &Plane, report: &Report) {
    for turned in report.conditions() {
        let (kind, namespace, name) = place(&turned["kind"], &turned);
        let kind = kind.to_lowercase();
        let object: Vec<&str> = match namespace.as_str() {
            "" => vec![&kind, &name],
            namespace => vec!["-n", namespace, &kind, &name],
        };
        let text = |key: &str| turned["after"][key].as_str().unwrap_or_default().to_owned();
        eventually(SOON, &format!("{turned}"), async || {
            let found = get(plane, &object).and_then(|found| condition(&found, turned["type"].as_str()?));
            let found = found.map_or_else(Default::default, |(status, reason, _)| (status, reason));
            if found == (text("status"), text("reason")) { Ok(()) } else { Err(format!("{found:?}")) }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_foretold_is_what_happens() {
    let turn = turn();
    let plane = turn.plane;
    let viewer = Viewer::new(plane);
    let refused = viewer.diff(&declared(), &[]).err().expect("it has no right yet");
    assert!(refused.contains("verb `list` on resource `platforms` of API group `yipan.dev`"), "{refused}");
    let role = "--clusterrole=yipan-platform-admin";
    kubectl(plane, &["create", "clusterrolebinding", "diff-viewer", role, "--user=diff-viewer"]);
    let operator = Running::leading(plane).await;
    apply_in_turn(plane, &declared()).await;
    operator.settled().await;
    viewer.finds_nothing(&declared()).await;
    operator.stop().await;
    // A hand opens what is closed, while nobody mends it.
    kubectl(plane, &["label", "namespace", "xiahe", "pod-security.kubernetes.io/enforce=privileged", "--overwrite"]);
    let open = r#"[{"op": "add", "path": "/spec/ingress", "value": [{}]}]"#;
    kubectl(plane, &["-n", "hezuo", "patch", "networkpolicy", "yipan--fence", "--type=json", "-p", open]);
    let repairs = viewer.diff(&declared(), &[]).expect("a report");
    let place = |kind: &str, namespace: &str, name: &str| (kind.to_owned(), namespace.to_owned(), name.to_owned());
    let fence = place("NetworkPolicy", "hezuo", "yipan--fence");
    let mended = BTreeSet::from([place("Namespace", "", "xiahe"), fence.clone()]);
    assert_eq!(repairs.places("objects", "change"), mended);
    assert_eq!(repairs.changes("objects")[&fence]["fields"][0]["path"], "spec.ingress");

    let report = viewer.diff(&changed(), &["--delete", "app/hezuo/old"]).expect("a report");
    let before = stored(plane);
    let operator = Running::leading(plane).await;
    kubectl(plane, &["-n", "hezuo", "delete", "app", "old", "--wait=false"]);
    apply_in_turn(plane, &changed()).await;
    conditions_come(plane, &report).await;
    operator.settled().await;
    viewer.finds_nothing(&changed()).await;
    let after = stored(plane);
    must_agree(&report, &before, &after);
    for (kind, name) in [("Deployment", "bp--pasture"), ("HTTPRoute", "graze--hezuo")] {
        assert!(after.contains_key(&place(kind, "xiahe", name)), "{kind} {name} is shared");
    }
    let way = |from: &str, to: &str, port: u64| (from.to_owned(), to.to_owned(), port);
    let gateway = "gateway public";
    let opened = [
        way(gateway, "hezuo/shop", 9090),
        way(gateway, "zhuoni/wool", 8080),
        way("xiahe/asks", "hezuo/shop", 7000),
        way(gateway, "xiahe/blueprint pasture", 8080),
    ];
    assert_eq!(report.ways("opened"), BTreeSet::from(opened));
    let closed = [way(gateway, "hezuo/shop", 8080), way(gateway, "hezuo/old", 8080)];
    assert_eq!(report.ways("closed"), BTreeSet::from(closed));
    for grant in report.0["grants"].as_array().expect("a list") {
        let name = grant["tenant"].as_str().expect("a name");
        let granted = get(plane, &["tenant", name]).expect("the tenant")["status"]["granted"].clone();
        let part = |of: &str| grant["after"][of].clone();
        assert_eq!((part("total"), part("own")), (granted["total"].clone(), granted["own"].clone()), "{name}");
    }
    let raised = report.0["grants"].as_array().is_some_and(|all| all.iter().any(|grant| grant["tenant"] == "hezuo"));
    assert!(raised, "{}", report.0["grants"]);
    operator.stop().await;
}
