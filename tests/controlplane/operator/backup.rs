//! A whole cluster is written down, another one takes it up, and nothing differs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::plane::Plane;
use super::deletion::tenants::{edit, gone};
use super::run::{Running, turn_elsewhere};
use super::town::{app, apply, county, get, kubectl, nightly, province, ready, reason};

/// What is compared: all that people declare and all that follows from it.
const COMPARED: &str = "platforms,tenants,apps.yipan.dev,namespaces,resourcequotas,limitranges,networkpolicies,\
                        rolebindings,serviceaccounts,deployments,cronjobs,services,poddisruptionbudgets,httproutes,secrets";
/// What the cluster itself decides.
const OF_THE_CLUSTER: [&str; 10] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "managedFields",
    "generation",
    "lastTransitionTime",
    "observedGeneration",
    "clusterIP",
    "clusterIPs",
    "deployment.kubernetes.io/revision",
];

/// Every object of a cluster by kind, namespace and name, without what the cluster itself decides.
fn everything(plane: &Plane) -> BTreeMap<String, Value> {
    let listed = kubectl(plane, &["get", COMPARED, "-A", "-o", "json"]);
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let namespaces = kubectl(plane, &["get", "namespaces", "-l", "yipan.dev/tenant", "-o", "name"]);
    let ours = |object: &Value| {
        let of = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let place =
            of("/metadata/namespace").or_else(|| of("/metadata/name").filter(|_| object["kind"] == "Namespace"));
        place.is_none_or(|place| namespaces.lines().any(|line| line == format!("namespace/{place}")))
    };
    let mut all = BTreeMap::new();
    for mut object in listed["items"].as_array().expect("items").iter().filter(|object| ours(object)).cloned() {
        let metadata = &object["metadata"];
        let name = format!("{} {}/{}", object["kind"], metadata["namespace"], metadata["name"]);
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        if !["Platform", "Tenant", "App"].contains(&kind.as_str()) {
            object.as_object_mut().expect("an object").remove("status");
        }
        strip(&mut object);
        all.insert(name, object);
    }
    all
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|key, _| !OF_THE_CLUSTER.contains(&key.as_str()));
            fields.values_mut().for_each(strip);
            fields.retain(|_, value| !value.as_object().is_some_and(serde_json::Map::is_empty));
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// A folder of this test, removed with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("yipan-test-backup-{}", std::process::id())))
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a path in UTF-8")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// A province with figures of its own, a city between, two Apps that talk, one by the clock, a tenant
/// that is switched off, one that came too late for its division, and one that is gone but for its data.
async fn declare(plane: &Plane) {
    let mut city = county("wuwei", "620600");
    city["spec"]["level"] = json!("City");
    let below = |name: &str, division: &str, parent: &str| {
        let mut tenant = county(name, division);
        tenant["spec"]["parent"] = json!(parent);
        tenant
    };
    let mut liangzhou = below("liangzhou", "620602", "wuwei");
    liangzhou["spec"]["quota"] = json!({ "own": { "cpu": "3", "memory": "7Gi", "apps": 9 } });
    let mut closed = below("gulang", "620622", "wuwei");
    closed["spec"]["suspended"] = json!({ "reason": "机构调整" });
    apply(plane, &[province(), city, liangzhou, closed, below("minqin", "620621", "wuwei"), county("gone", "620623")]);
    for tenant in ["gansu", "wuwei", "liangzhou", "minqin", "gone"] {
        ready(plane, &["tenant", tenant]).await;
    }
    // The later claim stands before the earlier one by name.
    apply(plane, &[below("earlier", "620621", "wuwei")]);
    reason(plane, &["tenant", "earlier"], "Ready", "DivisionTaken").await;
    let mut parking = app("liangzhou", "parking");
    parking["spec"]["network"] = json!({ "uses": [{
        "name": "water", "app": { "tenant": "minqin", "app": "water" }, "ports": [9000], "purpose": "水文数据",
    }] });
    let mut water = app("minqin", "water");
    water["spec"]["network"] =
        json!({ "serves": [{ "port": 9000, "to": [{ "tenant": "liangzhou", "app": "parking" }] }] });
    apply(plane, &[parking, water, nightly("liangzhou", "report"), app("gulang", "asleep")]);
    kubectl(
        plane,
        &["-n", "liangzhou", "create", "secret", "generic", "app--parking--key", "--from-literal=k=否 no 010"],
    );
    kubectl(plane, &["-n", "gone", "create", "secret", "generic", "app--old--key", "--from-literal=k=v"]);
    edit(plane, "gone", json!({ "deletion": "RetainData" }));
    kubectl(plane, &["delete", "tenant", "gone", "--wait=false"]);
    gone(plane, &["tenant", "gone"]).await;
    answered(plane).await;
}

async fn answered(plane: &Plane) {
    for (tenant, name) in [("liangzhou", "parking"), ("minqin", "water"), ("liangzhou", "report")] {
        ready(plane, &["-n", tenant, "app", name]).await;
    }
    reason(plane, &["-n", "gulang", "app", "asleep"], "Ready", "Suspended").await;
    reason(plane, &["tenant", "earlier"], "Ready", "DivisionTaken").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_cluster_takes_up_what_was_written_down_and_nothing_differs() {
    let (_turn, folder) = (turn_elsewhere(), Folder::new());
    let before = {
        let plane = Plane::start(&format!("yipan-test-backup-{}", std::process::id())).expect("a control plane");
        let operator = Running::leading(&plane).await;
        declare(&plane).await;
        operator.settled().await;
        let done = plane.yipan(&["backup", folder.path(), "--secrets"]);
        assert!(done.success && done.out.contains("6-tenants.yaml: 6"), "{done:?}");
        let again = plane.yipan(&["backup", folder.path()]);
        assert!(!again.success && again.err.contains("is not empty"), "{again:?}");
        operator.stop().await;
        everything(&plane)
    };
    let plane = Plane::start(&format!("yipan-test-restore-{}", std::process::id())).expect("a control plane");
    kubectl(&plane, &["delete", "platform", "platform"]);
    // What is somebody else's is left, and so is what would lie in it.
    let labels = json!({ "yipan.dev/id": "ffffffffff", "yipan.dev/tenant": "minqin" });
    let theirs = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "minqin", "labels": labels } });
    apply(&plane, &[theirs]);
    let partly = plane.yipan(&["restore", folder.path()]);
    assert!(!partly.success, "{partly:?}");
    for words in [
        "Namespace minqin: it exists with id ffffffffff",
        "Tenant minqin: the namespace is another's",
        "Tenant earlier: an earlier tenant of its division",
    ] {
        assert!(partly.out.contains(words), "{partly:?}");
    }
    kubectl(&plane, &["delete", "namespace", "minqin"]);
    let whole = plane.yipan(&["restore", folder.path()]);
    assert!(whole.success && whole.out.contains("8-apps.yaml: 1 made of 4"), "{whole:?}");
    let again = plane.yipan(&["restore", folder.path()]);
    assert!(again.success && !again.out.contains(": 1 made"), "{again:?}");
    let operator = Running::leading(&plane).await;
    for tenant in ["gansu", "wuwei", "liangzhou", "minqin"] {
        ready(&plane, &["tenant", tenant]).await;
    }
    answered(&plane).await;
    operator.settled().await;
    let after = everything(&plane);
    let names: Vec<&String> = before.keys().chain(after.keys()).collect();
    let different: BTreeSet<&String> = names.into_iter().filter(|name| before.get(*name) != after.get(*name)).collect();
    println!("{} objects, {} differences", before.len(), different.len());
    let show = |name: &&String| format!("{name}\n- {:?}\n+ {:?}", before.get(*name), after.get(*name));
    let shown: Vec<String> = different.iter().map(show).collect();
    assert!(before.len() > 60 && shown.is_empty(), "{} objects: {}", before.len(), shown.join("\n"));
    assert!(get(&plane, &["-n", "gone", "secret", "app--old--key"]).is_some(), "what was retained as well");
    let late = plane.yipan(&["restore", folder.path()]);
    assert!(!late.success && late.err.contains("`first` leads"), "{late:?}");
    operator.stop().await;
}
