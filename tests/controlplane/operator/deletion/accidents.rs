//! What only break-glass can do, and a race: a namespace or the Platform that goes under the tenants.

use std::time::Duration;

use serde_json::json;

use super::super::super::plane::repository;
use super::super::run::{Running, turn};
use super::super::town::{app, apply, county, get, kubectl, province, ready, reason};
use super::tenants::gone;

/// The end of a namespace is final: what is declared in it is answered while it ends, nothing is
/// tried again in haste, nothing is made anew, and the tenant can be given up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_deleted_by_hand_is_final() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("gangu", "621231")]);
    ready(turn.plane, &["tenant", "gangu"]).await;
    apply(turn.plane, &[app("gangu", "peppers")]);
    let peppers = ["-n", "gangu", "app", "peppers"];
    ready(turn.plane, &peppers).await;
    let hold = json!({ "metadata": { "finalizers": ["example.com/hold"] } }).to_string();
    kubectl(turn.plane, &[&["patch"], &peppers[..], &["--type", "merge", "-p", &hold]].concat());
    kubectl(turn.plane, &["delete", "namespace", "gangu", "--wait=false"]);
    reason(turn.plane, &["tenant", "gangu"], "Ready", "NamespaceTerminating").await;
    gone(turn.plane, &["-n", "gangu", "deployment", "peppers"]).await;
    let (writes, passes) = (operator.settled().await, operator.metric("yipan_passes_total").await);
    tokio::time::sleep(Duration::from_secs(3)).await; // the time over which haste would show
    assert_eq!(operator.writes().await, writes, "no write into a namespace that ends");
    assert!(operator.metric("yipan_passes_total").await <= passes + 3, "no haste");
    // Finalizers and statuses can be written while it ends: that is how it comes to its end.
    let release = json!({ "metadata": { "finalizers": null } }).to_string();
    kubectl(turn.plane, &[&["patch"], &peppers[..], &["--type", "merge", "-p", &release]].concat());
    let message = reason(turn.plane, &["tenant", "gangu"], "Ready", "NamespaceLost").await;
    assert!(message.contains("or delete this tenant"), "{message}");
    operator.settled().await;
    assert!(get(turn.plane, &["namespace", "gangu"]).is_none(), "it is not made anew");
    // Nothing is left that a word could protect.
    kubectl(turn.plane, &["delete", "tenant", "gangu", "--wait=false"]);
    gone(turn.plane, &["tenant", "gangu"]).await;
    operator.stop().await;
}

/// Without the Platform nothing is decided, and so nothing is removed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_that_is_gone_takes_nothing_along() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("wushan", "621232")]);
    ready(turn.plane, &["tenant", "wushan"]).await;
    apply(turn.plane, &[app("wushan", "leeks")]);
    ready(turn.plane, &["-n", "wushan", "app", "leeks"]).await;
    operator.settled().await;
    let objects = || {
        let kinds = "namespaces,resourcequotas,networkpolicies,rolebindings,deployments,services,httproutes";
        kubectl(turn.plane, &["get", kinds, "-A", "-o", "custom-columns=K:.kind,N:.metadata.name,U:.metadata.uid"])
    };
    let before = objects();
    kubectl(turn.plane, &["delete", "platform", "platform"]);
    for tenant in ["gansu", "wushan"] {
        let message = reason(turn.plane, &["tenant", tenant], "Ready", "NoPlatform").await;
        assert!(message.contains("creates the one named `platform`"), "{message}");
    }
    reason(turn.plane, &["-n", "wushan", "app", "leeks"], "Ready", "NoPlatform").await;
    operator.settled().await;
    assert_eq!(objects(), before, "nothing is removed and nothing made anew");
    let platform = repository().join("tests/controlplane/platform.yaml");
    kubectl(turn.plane, &["apply", "--server-side", "-f", platform.to_str().expect("a path")]);
    ready(turn.plane, &["tenant", "wushan"]).await;
    ready(turn.plane, &["-n", "wushan", "app", "leeks"]).await;
    assert_eq!(objects(), before, "all is as it was");
    operator.stop().await;
}
