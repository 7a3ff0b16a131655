//! A tenant's deletion and the word it waits for.

use serde_json::json;

use super::super::super::plane::{Plane, eventually};
use super::super::run::{Running, SOON, turn};
use super::super::town::{app, apply, county, get, kubectl, province, ready, reason, told};

/// Changes a tenant's spec.
pub fn edit(plane: &Plane, tenant: &str, spec: serde_json::Value) {
    let patch = json!({ "spec": spec }).to_string();
    kubectl(plane, &["patch", "tenant", tenant, "--type", "merge", "-p", &patch]);
}

/// Waits until an object is gone.
pub async fn gone(plane: &Plane, object: &[&str]) {
    eventually(SOON * 2, &format!("{} is gone", object.join(" ")), async || match get(plane, object) {
        None => Ok(()),
        Some(found) => Err(found["status"].to_string()),
    })
    .await;
}

/// Admission refuses this deletion, but not to break-glass, which these tests are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_waits_for_its_word_and_can_still_be_given_it() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("huating", "621201")]);
    ready(turn.plane, &["tenant", "huating"]).await;
    kubectl(turn.plane, &["-n", "huating", "create", "secret", "generic", "app--mine--key", "--from-literal=k=v"]);
    kubectl(turn.plane, &["delete", "tenant", "huating", "--wait=false"]);
    let message = reason(turn.plane, &["tenant", "huating"], "DeletionBlocked", "Protected").await;
    assert!(message.contains("set it to RetainData") && message.contains("spec.confirmName huating"), "{message}");
    told(turn.plane, "huating", "DeletionBlocked").await;
    edit(turn.plane, "huating", json!({ "deletion": "DeleteData" }));
    reason(turn.plane, &["tenant", "huating"], "DeletionBlocked", "NotConfirmed").await;
    edit(turn.plane, "huating", json!({ "confirmName": "huatin" }));
    operator.settled().await;
    reason(turn.plane, &["tenant", "huating"], "DeletionBlocked", "NotConfirmed").await;
    assert!(get(turn.plane, &["-n", "huating", "secret", "app--mine--key"]).is_some(), "nothing is lost meanwhile");
    assert!(get(turn.plane, &["-n", "huating", "rolebinding", "yipan--admins"]).is_some(), "its people may go on");
    edit(turn.plane, "huating", json!({ "confirmName": "huating" }));
    gone(turn.plane, &["tenant", "huating"]).await;
    assert!(get(turn.plane, &["namespace", "huating"]).is_none(), "the tenant went before its namespace");
    operator.stop().await;
}

/// The counters in the status are the operator's, and so late: admission lets this deletion pass.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn apps_that_raced_past_the_counter_are_named_and_run_on() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    let mut tenant = county("chongxin", "621202");
    tenant["spec"]["deletion"] = json!("DeleteData");
    tenant["spec"]["confirmName"] = json!("chongxin");
    apply(turn.plane, &[province(), tenant]);
    ready(turn.plane, &["tenant", "chongxin"]).await;
    operator.stop().await;
    apply(turn.plane, &[app("chongxin", "apples"), app("chongxin", "pears"), junior(), junior_binding()]);
    kubectl(turn.plane, &["--as=junior", "delete", "tenant", "chongxin", "--wait=false"]);
    let operator = Running::leading(turn.plane).await;
    let message = reason(turn.plane, &["tenant", "chongxin"], "DeletionBlocked", "NotEmpty").await;
    assert_eq!(message, "deletion waits for Apps apples, pears; delete these first");
    for name in ["apples", "pears"] {
        ready(turn.plane, &["-n", "chongxin", "app", name]).await;
    }
    kubectl(turn.plane, &["-n", "chongxin", "delete", "app", "apples", "pears"]);
    gone(turn.plane, &["tenant", "chongxin"]).await;
    gone(turn.plane, &["namespace", "chongxin"]).await;
    operator.stop().await;
}

/// Where the counter is right, admission says no, and nothing has begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_that_can_be_refused_is_refused_before_it_begins() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("lingtai", "621203"), junior(), junior_binding()]);
    ready(turn.plane, &["tenant", "lingtai"]).await;
    let refused = turn.plane.kubectl(["--as=junior", "delete", "tenant", "lingtai", "--wait=false"]);
    assert!(!refused.success && refused.err.contains("lingtai is protected"), "{refused:?}");
    edit(turn.plane, "lingtai", json!({ "deletion": "RetainData" }));
    apply(turn.plane, &[app("lingtai", "cattle")]);
    ready(turn.plane, &["-n", "lingtai", "app", "cattle"]).await;
    eventually(SOON, "the App is counted", async || {
        let tenant = get(turn.plane, &["tenant", "lingtai"]).expect("the tenant");
        if tenant["status"]["apps"] == 1 { Ok(()) } else { Err(tenant["status"].to_string()) }
    })
    .await;
    let refused = turn.plane.kubectl(["--as=junior", "delete", "tenant", "lingtai", "--wait=false"]);
    assert!(!refused.success && refused.err.contains("1 Apps run in lingtai"), "{refused:?}");
    let tenant = get(turn.plane, &["tenant", "lingtai"]).expect("the tenant");
    assert!(tenant["metadata"]["deletionTimestamp"].is_null(), "{tenant}");
    operator.stop().await;
}

/// May delete tenants, and is not break-glass.
fn junior() -> serde_json::Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": "test-junior" },
        "rules": [{ "apiGroups": ["yipan.dev"], "resources": ["tenants"], "verbs": ["get", "delete"] }],
    })
}

fn junior_binding() -> serde_json::Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": { "name": "test-junior" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "test-junior" },
        "subjects": [{ "kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "junior" }],
    })
}
