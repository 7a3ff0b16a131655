//! An App's deletion, in the foreground, held by others, or with its objects left behind.

use serde_json::json;

use super::super::super::plane::eventually;
use super::super::run::{Running, SOON, turn};
use super::super::town::{app, apply, county, get, kubectl, province, ready, reason};
use super::tenants::gone;

/// A finalizer of somebody else holds the App: visitors are shut out, what runs runs on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_others_hold_loses_its_address_first() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("zhangjiachuan", "621221")]);
    ready(turn.plane, &["tenant", "zhangjiachuan"]).await;
    apply(turn.plane, &[app("zhangjiachuan", "lamb")]);
    let lamb = ["-n", "zhangjiachuan", "app", "lamb"];
    ready(turn.plane, &lamb).await;
    let hold = json!({ "metadata": { "finalizers": ["example.com/hold"] } }).to_string();
    kubectl(turn.plane, &[&["patch"], &lamb[..], &["--type", "merge", "-p", &hold]].concat());
    kubectl(turn.plane, &[&["delete", "--wait=false"], &lamb[..]].concat());
    gone(turn.plane, &["-n", "zhangjiachuan", "httproute", "lamb"]).await;
    operator.settled().await;
    let deployment = get(turn.plane, &["-n", "zhangjiachuan", "deployment", "lamb"]).expect("it runs on");
    assert_eq!(deployment["spec"]["replicas"], 2);
    assert!(get(turn.plane, &["-n", "zhangjiachuan", "httproute", "lamb"]).is_none(), "it does not come back");
    let release = json!({ "metadata": { "finalizers": null } }).to_string();
    kubectl(turn.plane, &[&["patch"], &lamb[..], &["--type", "merge", "-p", &release]].concat());
    gone(turn.plane, &lamb).await;
    gone(turn.plane, &["-n", "zhangjiachuan", "deployment", "lamb"]).await;
    operator.stop().await;
}

/// Its own pause holds the operator's hand, but not visitors at an App that is going.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_is_paused_and_held_loses_its_address_as_well() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("liqiao", "621224")]);
    ready(turn.plane, &["tenant", "liqiao"]).await;
    let mut paused = app("liqiao", "melons");
    apply(turn.plane, &[paused.clone()]);
    let melons = ["-n", "liqiao", "app", "melons"];
    ready(turn.plane, &melons).await;
    paused["metadata"]["finalizers"] = json!(["example.com/hold"]);
    paused["spec"]["paused"] = json!({ "reason": "查看", "until": "2099-01-01T00:00:00Z" });
    apply(turn.plane, &[paused]);
    reason(turn.plane, &melons, "Paused", "Paused").await;
    kubectl(turn.plane, &[&["delete", "--wait=false"], &melons[..]].concat());
    gone(turn.plane, &["-n", "liqiao", "httproute", "melons"]).await;
    assert!(get(turn.plane, &["-n", "liqiao", "deployment", "melons"]).is_some(), "it runs on");
    let release = json!({ "metadata": { "finalizers": null } }).to_string();
    kubectl(turn.plane, &[&["patch"], &melons[..], &["--type", "merge", "-p", &release]].concat());
    gone(turn.plane, &melons).await;
    operator.stop().await;
}

/// In the foreground Kubernetes waits for the children that ask for it. A child that does not end
/// shows that none of ours does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_ours_holds_up_a_foreground_deletion() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("qingshui", "621222")]);
    ready(turn.plane, &["tenant", "qingshui"]).await;
    apply(turn.plane, &[app("qingshui", "walnuts")]);
    ready(turn.plane, &["-n", "qingshui", "app", "walnuts"]).await;
    let hold = json!({ "metadata": { "finalizers": ["example.com/hold"] } }).to_string();
    kubectl(turn.plane, &["-n", "qingshui", "patch", "service", "walnuts", "--type", "merge", "-p", &hold]);
    kubectl(turn.plane, &["-n", "qingshui", "delete", "app", "walnuts", "--cascade=foreground", "--wait=false"]);
    gone(turn.plane, &["-n", "qingshui", "app", "walnuts"]).await;
    gone(turn.plane, &["-n", "qingshui", "httproute", "walnuts"]).await;
    let release = json!({ "metadata": { "finalizers": null } }).to_string();
    kubectl(turn.plane, &["-n", "qingshui", "patch", "service", "walnuts", "--type", "merge", "-p", &release]);
    gone(turn.plane, &["-n", "qingshui", "service", "walnuts"]).await;
    operator.stop().await;
}

/// A workload without its App would run where no quota counts it and no suspension stops it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_app_left_behind_on_purpose_is_removed() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("qinan", "621223")]);
    ready(turn.plane, &["tenant", "qinan"]).await;
    apply(turn.plane, &[app("qinan", "peaches")]);
    ready(turn.plane, &["-n", "qinan", "app", "peaches"]).await;
    kubectl(turn.plane, &["-n", "qinan", "delete", "app", "peaches", "--cascade=orphan"]);
    eventually(SOON, "nothing of it is left", async || {
        let label = "app.kubernetes.io/name=peaches";
        let kinds = "deployments,services,httproutes,networkpolicies,serviceaccounts,poddisruptionbudgets,pods";
        let left = kubectl(turn.plane, &["-n", "qinan", "get", kinds, "-l", label, "-o", "name"]);
        if left.is_empty() { Ok(()) } else { Err(left) }
    })
    .await;
    ready(turn.plane, &["tenant", "qinan"]).await;
    operator.stop().await;
}

/// A namespace that is taken over, as after an uninstall: what runs there waits for its App, however long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_earlier_tenant_left_running_waits_for_its_apps() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("maiji", "621225")]);
    ready(turn.plane, &["tenant", "maiji"]).await;
    let cherries = ["-n", "maiji", "app", "cherries"];
    apply(turn.plane, &[app("maiji", "cherries")]);
    ready(turn.plane, &cherries).await;
    operator.settled().await;
    operator.stop().await;
    kubectl(turn.plane, &[&["delete", "--cascade=orphan"], &cherries[..]].concat());
    let release = json!({ "metadata": { "finalizers": null } }).to_string();
    kubectl(turn.plane, &["patch", "tenant", "maiji", "--type", "merge", "-p", &release]);
    kubectl(turn.plane, &["delete", "tenant", "maiji"]);
    let left = get(turn.plane, &["namespace", "maiji"]).expect("the namespace");
    let deployment = || get(turn.plane, &["-n", "maiji", "deployment", "cherries"]);
    let uid = deployment().expect("it runs on")["metadata"]["uid"].clone();
    let mut successor = county("maiji", "621225");
    successor["spec"]["adopt"] = left["metadata"]["labels"]["yipan.dev/id"].clone();
    apply(turn.plane, &[successor]);
    let operator = Running::leading(turn.plane).await;
    ready(turn.plane, &["tenant", "maiji"]).await;
    operator.settled().await;
    assert_eq!(deployment().expect("it runs on")["metadata"]["uid"], uid, "the Tenant came before its App");
    apply(turn.plane, &[app("maiji", "cherries")]);
    ready(turn.plane, &cherries).await;
    let kept = deployment().expect("it runs on");
    assert_eq!((&kept["metadata"]["uid"], &kept["metadata"]["ownerReferences"][0]["kind"]), (&uid, &json!("App")));
    // Once its App was seen to go, it goes, old as it is.
    kubectl(turn.plane, &[&["delete", "--cascade=orphan"], &cherries[..]].concat());
    gone(turn.plane, &["-n", "maiji", "deployment", "cherries"]).await;
    operator.stop().await;
}
