//! What a schema of long ago let in: it harms itself alone, and what depends on it waits.

use serde_json::{Value, json};

use super::super::plane::{Plane, eventually};
use super::run::{Running, SOON, turn};
use super::town::{app, apply, condition, county, get, kubectl, province, ready, reason};

/// Stores in an object what its schema does not allow, as if a schema of long ago had: one that let
/// anything in.
async fn tear(plane: &Plane, definition: &str, object: &[&str], place: &str, value: Value) {
    let strict = get(plane, &["crd", definition]).expect("our definition");
    let mut loose = strict.clone();
    let schema = &mut loose["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    schema["properties"]["spec"] = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    schema.as_object_mut().expect("a schema").remove("x-kubernetes-validations"); // they name fields of the spec
    loose["spec"]["versions"][0].as_object_mut().expect("a version").remove("selectableFields"); // so do these
    let replace = |mut crd: Value| {
        crd["metadata"] = json!({ "name": definition });
        crd.as_object_mut().expect("an object").remove("status");
        let current = get(plane, &["crd", definition]).expect("our definition");
        crd["metadata"]["resourceVersion"] = current["metadata"]["resourceVersion"].clone();
        let answer = plane.kubectl_with(["replace", "-f", "-"], &crd.to_string());
        assert!(answer.success, "{}", answer.err);
    };
    replace(loose);
    let patch = json!([{ "op": "replace", "path": place, "value": value }]).to_string();
    eventually(SOON, "the loose schema is in force", async || {
        let answer = plane.kubectl([&["patch", "--type", "json", "-p", &patch], object].concat());
        if answer.success { Ok(()) } else { Err(answer.err) }
    })
    .await;
    replace(strict);
}

/// What a tenant was granted holds while nobody can read it: its Apps run on, and a new one waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_that_no_longer_fits_its_schema_keeps_what_it_has() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("lintan", "621937")]);
    ready(turn.plane, &["tenant", "lintan"]).await;
    apply(turn.plane, &[app("lintan", "elder")]);
    ready(turn.plane, &["-n", "lintan", "app", "elder"]).await;
    operator.settled().await;
    let kept = || {
        let tenant = get(turn.plane, &["tenant", "lintan"]).expect("the tenant");
        let status = |key: &str| tenant["status"][key].clone();
        json!({ "id": status("id"), "namespace": status("namespace"), "granted": status("granted") })
    };
    let elder = || {
        let app = get(turn.plane, &["-n", "lintan", "app", "elder"]).expect("the App");
        let deployment = get(turn.plane, &["-n", "lintan", "deployment", "elder"]).expect("what runs");
        json!([app["status"], deployment["metadata"]["uid"], deployment["spec"]])
    };
    let (before, running) = (kept(), elder());
    assert!(before.as_object().is_some_and(|kept| kept.values().all(|value| !value.is_null())), "{before}");
    tear(turn.plane, "tenants.yipan.dev", &["tenant", "lintan"], "/spec/displayName", json!(7)).await;
    let message = reason(turn.plane, &["tenant", "lintan"], "Ready", "Unreadable").await;
    assert!(message.contains("kubectl edit"), "{message}");
    apply(turn.plane, &[app("lintan", "younger")]);
    let younger = ["-n", "lintan", "app", "younger"];
    let message = reason(turn.plane, &younger, "Ready", "DependsOnUnreadable").await;
    assert!(message.starts_with("tenant lintan cannot be read"), "{message}");
    let found = get(turn.plane, &younger).expect("the App");
    assert_eq!(condition(&found, "Ready").map(|(status, ..)| status).as_deref(), Some("Unknown"));
    operator.settled().await;
    assert!(get(turn.plane, &["-n", "lintan", "deployment", "younger"]).is_none(), "nothing new is made");
    assert_eq!(elder(), running, "what runs goes on");
    assert_eq!(kept(), before, "what was granted is still said");
    let mend = json!([{ "op": "replace", "path": "/spec/displayName", "value": "临潭县" }]).to_string();
    kubectl(turn.plane, &["patch", "tenant", "lintan", "--type", "json", "-p", &mend]);
    ready(turn.plane, &["tenant", "lintan"]).await;
    ready(turn.plane, &younger).await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_no_longer_fits_its_schema_harms_only_itself() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("zhangxian", "621934")]);
    ready(turn.plane, &["tenant", "zhangxian"]).await;
    apply(turn.plane, &[app("zhangxian", "sound")]);
    apply(turn.plane, &[app("zhangxian", "torn")]);
    ready(turn.plane, &["-n", "zhangxian", "app", "torn"]).await;
    tear(turn.plane, "apps.yipan.dev", &["-n", "zhangxian", "app", "torn"], "/spec/workload/port", json!("eighty"))
        .await;
    let message = reason(turn.plane, &["-n", "zhangxian", "app", "torn"], "Ready", "Unreadable").await;
    assert!(message.contains("kubectl edit"), "{message}");
    assert!(get(turn.plane, &["-n", "zhangxian", "deployment", "torn"]).is_some(), "what runs goes on");
    // Its neighbour, and a restart in its company, are as they always were.
    let mut scaled = app("zhangxian", "sound");
    scaled["spec"]["workload"]["replicas"] = json!(3);
    apply(turn.plane, &[scaled]);
    ready(turn.plane, &["-n", "zhangxian", "app", "sound"]).await;
    operator.settled().await;
    operator.stop().await;
    let operator = Running::leading(turn.plane).await;
    assert_eq!(operator.settled().await, 0, "{}", operator.page("/metrics").await);
    // Mended as the message says.
    let mend = json!([{ "op": "replace", "path": "/spec/workload/port", "value": 8080 }]).to_string();
    kubectl(turn.plane, &["-n", "zhangxian", "patch", "app", "torn", "--type", "json", "-p", &mend]);
    ready(turn.plane, &["-n", "zhangxian", "app", "torn"]).await;
    operator.stop().await;
}

/// An App that nobody can read is no way to keep what is taken from it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_back_is_taken_from_an_app_that_cannot_be_read() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    let mut tenant = county("dangchang", "621935");
    tenant["spec"]["egress"] =
        json!([{ "name": "bank", "cidr": "203.0.113.0/24", "ports": [{ "protocol": "TCP", "port": 443 }] }]);
    apply(turn.plane, &[province(), tenant.clone()]);
    ready(turn.plane, &["tenant", "dangchang"]).await;
    let mut torn = app("dangchang", "torn");
    torn["spec"]["network"] = json!({ "egress": ["bank"] });
    apply(turn.plane, &[torn]);
    let app = ["-n", "dangchang", "app", "torn"];
    ready(turn.plane, &app).await;
    let way_out = || get(turn.plane, &["-n", "dangchang", "networkpolicy", "torn--egress"]);
    let replicas =
        || get(turn.plane, &["-n", "dangchang", "deployment", "torn"]).expect("it is kept")["spec"]["replicas"].clone();
    tear(turn.plane, "apps.yipan.dev", &app, "/spec/workload/port", json!(3_000_000_000_i64)).await;
    reason(turn.plane, &app, "Ready", "Unreadable").await;
    operator.settled().await;
    assert!(way_out().is_some() && replicas() == 2, "nothing is taken from it yet");
    tenant["spec"]["egress"] = json!([]);
    apply(turn.plane, &[tenant.clone()]);
    eventually(SOON, "its way out is gone", async || way_out().map_or(Ok(()), |policy| Err(policy.to_string()))).await;
    let mut suspended = tenant.clone();
    suspended["spec"]["suspended"] = json!({ "reason": "整改" });
    apply(turn.plane, &[suspended]);
    assert_eq!(reason(turn.plane, &app, "Suspended", "Suspended").await, "整改");
    reason(turn.plane, &app, "WorkloadReady", "Suspended").await;
    reason(turn.plane, &app, "Ready", "Unreadable").await;
    assert_eq!(replicas(), 0);
    apply(turn.plane, &[tenant]);
    eventually(SOON, "it is suspended no more", async || {
        let found = get(turn.plane, &app).expect("the App");
        condition(&found, "Suspended").map_or(Ok(()), |suspended| Err(format!("{suspended:?}")))
    })
    .await;
    assert_eq!(replicas(), 0, "nobody can tell what should run");
    let mend = json!([
        { "op": "replace", "path": "/spec/workload/port", "value": 8080 },
        { "op": "remove", "path": "/spec/network" },
    ])
    .to_string();
    kubectl(turn.plane, &["-n", "dangchang", "patch", "app", "torn", "--type", "json", "-p", &mend]);
    ready(turn.plane, &app).await;
    assert_eq!(replicas(), 2);
    operator.stop().await;
}

/// A suspension counts on a tenant too that cannot be read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_that_cannot_be_read_is_suspended_all_the_same() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    let tenant = county("liangdang-zone", "621936");
    apply(turn.plane, &[province(), tenant.clone()]);
    ready(turn.plane, &["tenant", "liangdang-zone"]).await;
    apply(turn.plane, &[app("liangdang-zone", "sound")]);
    ready(turn.plane, &["-n", "liangdang-zone", "app", "sound"]).await;
    let mut torn = tenant["spec"].clone();
    (torn["displayName"], torn["suspended"]) = (json!(7), json!({ "reason": "整改" }));
    tear(turn.plane, "tenants.yipan.dev", &["tenant", "liangdang-zone"], "/spec", torn).await;
    reason(turn.plane, &["tenant", "liangdang-zone"], "Ready", "Unreadable").await;
    eventually(SOON, "its App is off", async || {
        let found = get(turn.plane, &["-n", "liangdang-zone", "deployment", "sound"]).expect("it is kept");
        if found["spec"]["replicas"] == 0 { Ok(()) } else { Err(found["spec"]["replicas"].to_string()) }
    })
    .await;
    let mend = json!([{ "op": "replace", "path": "/spec", "value": tenant["spec"] }]).to_string();
    kubectl(turn.plane, &["patch", "tenant", "liangdang-zone", "--type", "json", "-p", &mend]);
    ready(turn.plane, &["tenant", "liangdang-zone"]).await;
    ready(turn.plane, &["-n", "liangdang-zone", "app", "sound"]).await;
    operator.stop().await;
}
