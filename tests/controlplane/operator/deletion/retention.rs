//! What a tenant leaves behind that was deleted with `RetainData`: locked, kept for its time, given
//! back on a word, and gone after its last day.

use serde_json::{Value, json};
use yipan_core::plan::tenant::last_day;

use super::super::super::plane::{Plane, eventually};
use super::super::run::{Running, SOON, turn};
use super::super::town::{app, apply, county, get, kubectl, province, ready, reason, told};
use super::tenants::{edit, gone};

/// The names of all objects of a kind in a namespace.
fn names(plane: &Plane, namespace: &str, kind: &str) -> Vec<String> {
    let listed = kubectl(plane, &["-n", namespace, "get", kind, "-o", "name"]);
    listed.lines().map(str::to_owned).collect()
}

/// What a namespace stores, and what somebody put into it by break-glass.
fn stored(namespace: &str) -> Vec<Value> {
    vec![
        json!({ "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": { "name": "records", "namespace": namespace },
            "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } } }),
        json!({ "apiVersion": "v1", "kind": "Secret",
            "metadata": { "name": "app--wheat--key", "namespace": namespace }, "stringData": { "k": "v" } }),
        json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": { "name": "theirs", "namespace": namespace },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view" },
            "subjects": [{ "kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "somebody" }] }),
    ]
}

fn is_locked(plane: &Plane, namespace: &str) {
    for kind in ["rolebindings", "httproutes", "deployments", "cronjobs", "pods", "services"] {
        assert_eq!(names(plane, namespace, kind), Vec::<String>::new(), "{kind}");
    }
    let quota = get(plane, &["-n", namespace, "resourcequota", "yipan--quota"]).expect("a quota");
    for zero in ["pods", "count/apps.yipan.dev", "secrets", "requests.cpu"] {
        assert_eq!(quota["spec"]["hard"][zero], "0", "{quota}");
    }
    assert_eq!(quota["spec"]["hard"]["requests.storage"], "1Gi", "what is stored stays charged, and no more");
    assert!(get(plane, &["-n", namespace, "networkpolicy", "yipan--fence"]).is_some(), "the fence stays");
    let account = get(plane, &["-n", namespace, "serviceaccount", "default"]).expect("its account");
    assert_eq!(account["automountServiceAccountToken"], false);
}

fn holds_what_it_stored(plane: &Plane, namespace: &str) {
    assert!(get(plane, &["-n", namespace, "secret", "app--wheat--key"]).is_some(), "the Secret");
    assert!(get(plane, &["-n", namespace, "persistentvolumeclaim", "records"]).is_some(), "the claim");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_retained_is_locked_and_given_back_on_its_word_alone() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("jingchuan", "621211")]);
    ready(turn.plane, &["tenant", "jingchuan"]).await;
    apply(turn.plane, &[app("jingchuan", "wheat")]);
    ready(turn.plane, &["-n", "jingchuan", "app", "wheat"]).await;
    apply(turn.plane, &stored("jingchuan"));
    let id = get(turn.plane, &["tenant", "jingchuan"]).expect("it")["metadata"]["labels"]["yipan.dev/id"].clone();
    let id = id.as_str().expect("an id");
    edit(turn.plane, "jingchuan", json!({ "deletion": "RetainData" }));
    kubectl(turn.plane, &["-n", "jingchuan", "delete", "app", "wheat"]);
    kubectl(turn.plane, &["delete", "tenant", "jingchuan", "--wait=false"]);
    gone(turn.plane, &["tenant", "jingchuan"]).await;
    told(turn.plane, "jingchuan", "Retained").await;
    is_locked(turn.plane, "jingchuan");
    holds_what_it_stored(turn.plane, "jingchuan");
    let namespace = get(turn.plane, &["namespace", "jingchuan"]).expect("it is kept");
    let day = last_day(jiff::Timestamp::now()).to_string();
    assert_eq!(namespace["metadata"]["labels"]["yipan.dev/retained-until"], day.as_str());
    // A namesake gets nothing without asking, nor with another's id.
    apply(turn.plane, &[county("jingchuan", "621211")]);
    let message = reason(turn.plane, &["tenant", "jingchuan"], "Ready", "DataRetained").await;
    assert!(message.contains(&format!("spec.adopt to \"{id}\"")) && message.contains(&day), "{message}");
    edit(turn.plane, "jingchuan", json!({ "adopt": "0123456789" }));
    operator.settled().await;
    reason(turn.plane, &["tenant", "jingchuan"], "Ready", "DataRetained").await;
    is_locked(turn.plane, "jingchuan");
    edit(turn.plane, "jingchuan", json!({ "adopt": id }));
    ready(turn.plane, &["tenant", "jingchuan"]).await;
    let tenant = get(turn.plane, &["tenant", "jingchuan"]).expect("the tenant");
    assert_eq!((&tenant["metadata"]["labels"]["yipan.dev/id"], &tenant["status"]["id"]), (&json!(id), &json!(id)));
    let namespace = get(turn.plane, &["namespace", "jingchuan"]).expect("the namespace");
    assert!(namespace["metadata"]["labels"]["yipan.dev/retained-until"].is_null(), "{namespace}");
    assert_eq!(names(turn.plane, "jingchuan", "rolebindings").len(), 2, "its people are let in again");
    holds_what_it_stored(turn.plane, "jingchuan");
    apply(turn.plane, &[app("jingchuan", "wheat")]);
    ready(turn.plane, &["-n", "jingchuan", "app", "wheat"]).await;
    operator.stop().await;
}

/// A pod that nobody of ours started: it is waited for by name, and nothing is promised before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_still_runs_is_waited_for_by_name() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("zhuanglang", "621212")]);
    ready(turn.plane, &["tenant", "zhuanglang"]).await;
    let pod = json!({ "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "stray", "namespace": "zhuanglang", "finalizers": ["example.com/hold"] },
        "spec": { "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{ "name": "stray", "image": "registry.example.gov.cn/zhuanglang/stray:1",
                "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } } }] } });
    apply(turn.plane, &[pod]);
    edit(turn.plane, "zhuanglang", json!({ "deletion": "RetainData" }));
    kubectl(turn.plane, &["delete", "tenant", "zhuanglang", "--wait=false"]);
    let message = reason(turn.plane, &["tenant", "zhuanglang"], "DeletionBlocked", "StillRunning").await;
    assert!(message.ends_with(": stray"), "{message}");
    let namespace = get(turn.plane, &["namespace", "zhuanglang"]).expect("the namespace");
    assert!(namespace["metadata"]["labels"]["yipan.dev/retained-until"].is_null(), "{namespace}");
    assert_eq!(names(turn.plane, "zhuanglang", "rolebindings"), Vec::<String>::new(), "rights go first");
    let release = json!([{ "op": "remove", "path": "/metadata/finalizers" }]).to_string();
    kubectl(turn.plane, &["-n", "zhuanglang", "patch", "pod", "stray", "--type", "json", "-p", &release]);
    kubectl(turn.plane, &["-n", "zhuanglang", "delete", "pod", "stray", "--force", "--grace-period=0"]);
    gone(turn.plane, &["tenant", "zhuanglang"]).await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_retained_goes_after_its_last_day_and_nothing_else_does() {
    let turn = turn();
    let left = |name: &str, until: &str, id: Option<&str>| {
        let labels = json!({ "yipan.dev/id": id, "yipan.dev/tenant": name, "yipan.dev/retained-until": until });
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } })
    };
    let id = Some("3f2a91c04d");
    let mut nobodys = left("nobodys", "2020-01-01", id);
    nobodys["metadata"]["labels"].as_object_mut().expect("labels").remove("yipan.dev/id");
    let kept =
        [left("later", "2999-12-31", id), left("unclear", "soon", id), left("asked-for", "2020-01-01", id), nobodys];
    let all = json!({ "apiVersion": "v1", "kind": "List",
        "items": kept.iter().cloned().chain([left("yesterday", "2020-01-01", id)]).collect::<Vec<_>>() });
    let made = turn.plane.kubectl_with(["create", "--field-manager=yipan", "-f", "-"], &all.to_string());
    assert!(made.success, "{made:?}");
    // Asked for, though its parent does not exist yet: it waits, and so does what it asked for.
    let mut heir = county("asked-for", "621213");
    heir["spec"]["adopt"] = json!("3f2a91c04d");
    heir["spec"]["parent"] = json!("nobody");
    apply(turn.plane, &[province(), heir]);
    let operator = Running::leading(turn.plane).await;
    gone(turn.plane, &["namespace", "yesterday"]).await;
    told(turn.plane, "yesterday", "RetentionEnded").await;
    operator.settled().await;
    for namespace in &kept {
        let name = namespace["metadata"]["name"].as_str().expect("a name");
        let found = get(turn.plane, &["namespace", name]).expect(name);
        assert!(found["metadata"]["deletionTimestamp"].is_null(), "{found}");
        kubectl(turn.plane, &["delete", "namespace", name, "--wait=false"]);
    }
    kubectl(turn.plane, &["delete", "tenant", "asked-for", "--wait=false"]);
    eventually(SOON, "the heir is gone", async || match get(turn.plane, &["tenant", "asked-for"]) {
        None => Ok(()),
        Some(found) => Err(found["status"].to_string()),
    })
    .await;
    operator.stop().await;
}
