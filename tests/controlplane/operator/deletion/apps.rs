//! An App's deletion, in the foreground, held by others, or with its objects left behind.

use serde_json::json;

use super::super::super::plane::eventually;
use super::super::run::{Running, SOON, turn};
use super::super::town::{app, apply, county, get, kubectl, province, ready};
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
