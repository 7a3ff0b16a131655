//! Quiet, pauses, suspension, deletion, and two operators at once.

use std::time::Duration;

use serde_json::json;

use super::super::plane::eventually;
use super::faults::Faults;
use super::run::{Running, SOON, turn};
use super::town::{app, apply, condition, county, get, kubectl, province, ready, reason, try_apply};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_with_nothing_changed_writes_nothing() {
    let turn = turn();
    let first = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("guazhou", "621903")]);
    ready(turn.plane, &["tenant", "guazhou"]).await;
    apply(turn.plane, &[app("guazhou", "melons")]);
    ready(turn.plane, &["-n", "guazhou", "app", "melons"]).await;
    first.settled().await;
    first.stop().await;
    let second = Running::leading(turn.plane).await;
    eventually(SOON, "every object was looked at", async || match second.metric("yipan_unchanged_total").await {
        0 => Err("none yet".to_owned()),
        _ => Ok(()),
    })
    .await;
    assert_eq!(second.settled().await, 0, "{}", second.page("/metrics").await);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_operator_waits_and_takes_over() {
    let turn = turn();
    let first = Running::leading(turn.plane).await;
    let second = Running::start(turn.plane, "second", Faults::default()).await;
    eventually(SOON, "the second is ready to take over", async || {
        let page = second.page("/readyz").await;
        if page.contains("readyz check passed") { Ok(()) } else { Err(page) }
    })
    .await;
    apply(turn.plane, &[province(), county("yumen", "621904")]);
    ready(turn.plane, &["tenant", "yumen"]).await;
    assert_eq!((second.metric("yipan_leading").await, second.writes().await), (0, 0));
    first.stop().await;
    second.leads().await;
    apply(turn.plane, &[county("subei", "621905")]);
    ready(turn.plane, &["tenant", "subei"]).await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_holds_the_hand_until_it_ends() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("akesai", "621906")]);
    ready(turn.plane, &["tenant", "akesai"]).await;
    apply(turn.plane, &[app("akesai", "camels")]);
    ready(turn.plane, &["-n", "akesai", "app", "camels"]).await;
    let until = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(6);
    let mut paused = app("akesai", "camels");
    paused["spec"]["paused"] = json!({ "reason": "break-glass", "until": until.to_string() });
    apply(turn.plane, &[paused]);
    let message = reason(turn.plane, &["-n", "akesai", "app", "camels"], "Paused", "Paused").await;
    assert!(message.contains("break-glass"), "{message}");
    let deployment = ["-n", "akesai", "deployment", "camels"];
    kubectl(turn.plane, &["-n", "akesai", "scale", "deployment", "camels", "--replicas=5"]);
    let replicas = || get(turn.plane, &deployment).map(|found| found["spec"]["replicas"].clone());
    while jiff::Timestamp::now() < until - jiff::SignedDuration::from_millis(500) {
        assert_eq!(replicas(), Some(json!(5)), "a pause holds");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    eventually(SOON, "the pause ends by itself", async || match replicas() {
        Some(two) if two == json!(2) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    let app = ["-n", "akesai", "app", "camels"];
    eventually(SOON, "nothing says Paused any more", async || {
        let found = get(turn.plane, &app).expect("the App");
        condition(&found, "Paused").map_or(Ok(()), |paused| Err(format!("{paused:?}")))
    })
    .await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suspension_stops_what_runs_and_keeps_the_address() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    let mut tenant = county("sunan", "621907");
    apply(turn.plane, &[province(), tenant.clone()]);
    ready(turn.plane, &["tenant", "sunan"]).await;
    apply(turn.plane, &[app("sunan", "horses")]);
    ready(turn.plane, &["-n", "sunan", "app", "horses"]).await;
    tenant["spec"]["suspended"] = json!({ "reason": "机构调整" });
    apply(turn.plane, &[tenant]);
    let message = reason(turn.plane, &["-n", "sunan", "app", "horses"], "Ready", "Suspended").await;
    assert_eq!(message, "机构调整");
    let deployment = get(turn.plane, &["-n", "sunan", "deployment", "horses"]).expect("it is kept");
    assert_eq!(deployment["spec"]["replicas"], 0);
    assert!(get(turn.plane, &["-n", "sunan", "httproute", "horses"]).is_some(), "the name stays taken");
    apply(turn.plane, &[county("sunan", "621907")]);
    ready(turn.plane, &["-n", "sunan", "app", "horses"]).await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_goes_after_what_is_below_it() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    let mut tenant = county("minle", "621908");
    tenant["spec"]["deletion"] = json!("DeleteData");
    tenant["spec"]["confirmName"] = json!("minle");
    apply(turn.plane, &[province(), tenant]);
    ready(turn.plane, &["tenant", "minle"]).await;
    apply(turn.plane, &[app("minle", "garlic")]);
    ready(turn.plane, &["-n", "minle", "app", "garlic"]).await;
    kubectl(turn.plane, &["delete", "tenant", "minle", "--wait=false"]);
    let message = reason(turn.plane, &["tenant", "minle"], "DeletionBlocked", "NotEmpty").await;
    assert!(message.contains("Apps garlic"), "{message}");
    kubectl(turn.plane, &["-n", "minle", "delete", "app", "garlic"]);
    eventually(SOON, "the tenant is gone, after its namespace", async || {
        let tenant = get(turn.plane, &["tenant", "minle"]);
        let namespace = get(turn.plane, &["namespace", "minle"]);
        match (tenant, namespace) {
            (None, None) => Ok(()),
            (None, Some(_)) => panic!("the tenant went before its namespace"),
            _ => Err("still there".to_owned()),
        }
    })
    .await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_else_made_is_not_adopted() {
    let turn = turn();
    kubectl(turn.plane, &["create", "namespace", "shandan"]);
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("shandan", "621909"), county("linze", "621910")]);
    let message = reason(turn.plane, &["tenant", "shandan"], "Ready", "NamespaceTaken").await;
    assert!(message.contains("nothing is adopted"), "{message}");
    let namespace = get(turn.plane, &["namespace", "shandan"]).expect("it is left alone");
    assert!(namespace["metadata"]["labels"]["yipan.dev/tenant"].is_null(), "{namespace}");
    ready(turn.plane, &["tenant", "linze"]).await;
    kubectl(turn.plane, &["-n", "linze", "create", "deployment", "dates", "--image=theirs"]);
    apply(turn.plane, &[app("linze", "dates")]);
    let message = reason(turn.plane, &["-n", "linze", "app", "dates"], "Ready", "NameTaken").await;
    assert!(message.contains("Deployment linze/dates exists and is not Yipan's"), "{message}");
    let theirs = get(turn.plane, &["-n", "linze", "deployment", "dates"]).expect("it is left alone");
    assert_eq!(theirs["spec"]["template"]["spec"]["containers"][0]["image"], "theirs");
    // An App that asks for what it cannot have asks on, now and then; later tests count writes.
    kubectl(turn.plane, &["-n", "linze", "delete", "app", "dates"]);
    // Once it goes, the tenant follows: its parent, at rest since, gives it the quota it refused before.
    operator.settled().await;
    kubectl(turn.plane, &["delete", "namespace", "shandan", "--wait=false"]);
    ready(turn.plane, &["tenant", "shandan"]).await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_opens_when_both_sides_declare_it() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("gaotai", "621911"), county("yongchang", "621912")]);
    ready(turn.plane, &["tenant", "gaotai"]).await;
    ready(turn.plane, &["tenant", "yongchang"]).await;
    let mut consumer = app("gaotai", "reader");
    consumer["spec"]["network"] = json!({ "uses": [{
        "name": "feed", "app": { "tenant": "yongchang", "app": "feed" }, "ports": [9000], "purpose": "气象数据",
    }] });
    apply(turn.plane, &[consumer]);
    let message = reason(turn.plane, &["-n", "gaotai", "app", "reader"], "NetworkReady", "ConsentPending").await;
    assert!(message.contains("App yongchang/feed does not exist"), "{message}");
    // The other App comes, and does not name this one: that is news all the same.
    apply(turn.plane, &[app("yongchang", "feed")]);
    eventually(SOON, "the consumer hears of it", async || {
        let found = get(turn.plane, &["-n", "gaotai", "app", "reader"]).expect("the App");
        let (_, _, message) = condition(&found, "NetworkReady").unwrap_or_default();
        if message.contains("does not serve port 9000 to gaotai/reader") { Ok(()) } else { Err(message) }
    })
    .await;
    assert!(get(turn.plane, &["-n", "gaotai", "networkpolicy", "reader--uses-feed"]).is_none());
    let mut provider = app("yongchang", "feed");
    provider["spec"]["network"] =
        json!({ "serves": [{ "port": 9000, "to": [{ "tenant": "gaotai", "app": "reader" }] }] });
    apply(turn.plane, &[provider]);
    ready(turn.plane, &["-n", "gaotai", "app", "reader"]).await;
    assert!(get(turn.plane, &["-n", "gaotai", "networkpolicy", "reader--uses-feed"]).is_some());
    assert!(get(turn.plane, &["-n", "yongchang", "networkpolicy", "feed--serves-9000"]).is_some());
    // One side's word is enough to close it, on both.
    apply(turn.plane, &[app("yongchang", "feed")]);
    eventually(SOON, "both ends are closed", async || {
        let egress = get(turn.plane, &["-n", "gaotai", "networkpolicy", "reader--uses-feed"]);
        let ingress = get(turn.plane, &["-n", "yongchang", "networkpolicy", "feed--serves-9000"]);
        if egress.is_none() && ingress.is_none() { Ok(()) } else { Err("still open".to_owned()) }
    })
    .await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_a_pod_from_running_is_said_in_words() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("jingtai", "621913")]);
    ready(turn.plane, &["tenant", "jingtai"]).await;
    for (name, wanted) in [("broken", "ImageNotPulled"), ("root", "ImageRunsAsRoot")] {
        let mut troubled = app("jingtai", name);
        troubled["spec"]["workload"]["image"] = json!(format!("registry.example.gov.cn/jingtai/{name}:1"));
        assert!(try_apply(turn.plane, &[troubled]).success);
        let message = reason(turn.plane, &["-n", "jingtai", "app", name], "Ready", wanted).await;
        assert!(message.contains("spec.workload"), "{message}");
    }
    operator.stop().await;
}
