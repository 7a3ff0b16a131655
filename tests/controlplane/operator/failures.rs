//! How it fails: nothing dies silently, nothing is Ready that is not, and everything heals.

use std::process::{Command, Stdio};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::super::plane::{eventually, yipan};
use super::faults::{Fault, Faults};
use super::run::{Running, SOON, turn};
use super::town::{app, apply, condition, county, get, kubectl, province, ready, reason};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_time_mends_are_waited_out() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    for (index, code) in [409_u16, 429, 500, 503].into_iter().enumerate() {
        let name = format!("weather-{code}");
        let mut left = 4;
        operator.faults.set(move |method, path| {
            let write = method == Method::PATCH || method == Method::POST;
            if !write || path.contains("/leases/") || left == 0 {
                return None;
            }
            left -= 1;
            Some(Fault::Answer(code))
        });
        apply(turn.plane, &[province(), county(&name, &format!("62192{index}"))]);
        ready(turn.plane, &["tenant", &name]).await;
        operator.faults.clear();
    }
    operator.settled().await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_time_does_not_mend_is_said_and_harms_nobody_else() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    operator.faults.set(|method, path| {
        let hit = method == Method::PATCH && path.contains("/namespaces/huining/limitranges/");
        hit.then_some(Fault::Answer(422))
    });
    apply(turn.plane, &[province(), county("huining", "621930"), county("jingyuan", "621931")]);
    ready(turn.plane, &["tenant", "jingyuan"]).await;
    let message = reason(turn.plane, &["tenant", "huining"], "Ready", "Invalid").await;
    assert!(message.contains("LimitRange huining/yipan--limits"), "{message}");
    let events = kubectl(turn.plane, &["get", "events", "-A", "-o", "custom-columns=R:.reason,O:.regarding.name"]);
    assert!(events.contains("Invalid"), "{events}");
    // No rights before the fence: a pass that stopped at the limits bound nobody.
    assert!(get(turn.plane, &["-n", "huining", "rolebinding", "yipan--admins"]).is_none());
    operator.faults.clear();
    ready(turn.plane, &["tenant", "huining"]).await;
    operator.stop().await;
}

/// Longer than the Lease lasts, so that the leadership is lost and found again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_server_that_was_away_is_caught_up_with() {
    const AWAY: Duration = Duration::from_secs(20);
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("tongwei", "621932")]);
    ready(turn.plane, &["tenant", "tongwei"]).await;
    operator.settled().await;
    let (begun, leading) = (std::time::Instant::now(), operator.metric("yipan_leading").await);
    assert_eq!(leading, 1);
    operator.faults.set(move |_, _| (begun.elapsed() < AWAY).then_some(Fault::NoConnection));
    // Watches that are open stay silent from here on only if their connection ends: these do not,
    // so drift is seen, and the repair fails until the API server is back.
    kubectl(turn.plane, &["-n", "tongwei", "delete", "networkpolicy", "yipan--fence"]);
    eventually(SOON, "the leadership is lost", async || match operator.metric("yipan_leading").await {
        0 => Ok(()),
        _ => Err("leading".to_owned()),
    })
    .await;
    operator.leads().await;
    assert!(begun.elapsed() >= AWAY, "it led while the API server was away");
    eventually(SOON, "the fence is back", async || {
        get(turn.plane, &["-n", "tongwei", "networkpolicy", "yipan--fence"]).map(drop).ok_or_else(|| "gone".to_owned())
    })
    .await;
    ready(turn.plane, &["tenant", "tongwei"]).await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_definitions_are_waited_for_and_named() {
    let turn = turn();
    let faults = Faults::default();
    faults.set(|_, path| path.ends_with("/customresourcedefinitions/tenants.yipan.dev").then_some(Fault::Answer(404)));
    let operator = Running::start(turn.plane, "first", faults).await;
    eventually(SOON, "/readyz names the definition", async || {
        let page = operator.page("/readyz").await;
        let named = page.contains("503") && page.contains("tenants.yipan.dev is not installed");
        if named { Ok(()) } else { Err(page) }
    })
    .await;
    assert!(operator.page("/livez").await.contains("200 OK"), "it lives");
    operator.faults.clear();
    operator.leads().await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_right_is_named_and_nothing_is_decided_without_it() {
    let turn = turn();
    let role = get(turn.plane, &["clusterrole", "yipan"]).expect("the operator's role");
    let mut lesser = role.clone();
    for rule in lesser["rules"].as_array_mut().expect("rules") {
        if let Some(resources) = rule["resources"].as_array_mut() {
            resources.retain(|resource| resource != "networkpolicies");
        }
    }
    lesser["rules"].as_array_mut().expect("rules").retain(|rule| rule["resources"] != json!([]));
    strip(&mut lesser);
    apply(turn.plane, &[lesser]);
    let operator = Running::start(turn.plane, "first", Faults::default()).await;
    eventually(SOON, "/readyz names the kind", async || {
        let page = operator.page("/readyz").await;
        let named = page.lines().any(|line| line.starts_with("[-]watch/NetworkPolicy") && line.contains("forbidden"));
        if named { Ok(()) } else { Err(page) }
    })
    .await;
    eventually(SOON, "an event on the Platform names it too", async || {
        let events = kubectl(turn.plane, &["get", "events", "-A", "-o", "custom-columns=R:.reason,M:.message"]);
        let named = |line: &str| line.starts_with("WatchForbidden") && line.contains("NetworkPolicy");
        if events.lines().any(named) { Ok(()) } else { Err(events) }
    })
    .await;
    assert_eq!((operator.metric("yipan_leading").await, operator.writes().await), (0, 0));
    let mut whole = role;
    strip(&mut whole);
    apply(turn.plane, &[whole]);
    operator.leads().await;
    operator.stop().await;
}

/// Takes off what the API server itself wrote, so that an object can be applied again.
fn strip(object: &mut Value) {
    let metadata = object["metadata"].as_object_mut().expect("metadata");
    metadata.retain(|key, _| key == "name" || key == "labels");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_that_does_not_end_is_waited_for_without_haste() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("weiyuan", "621933")]);
    ready(turn.plane, &["tenant", "weiyuan"]).await;
    let hold = json!([{ "op": "add", "path": "/metadata/finalizers", "value": ["example.com/hold"] }]).to_string();
    kubectl(turn.plane, &["patch", "namespace", "weiyuan", "--type", "json", "-p", &hold]);
    kubectl(turn.plane, &["delete", "namespace", "weiyuan", "--wait=false"]);
    reason(turn.plane, &["tenant", "weiyuan"], "Ready", "NamespaceTerminating").await;
    let before = operator.settled().await;
    let passes = operator.metric("yipan_passes_total").await;
    tokio::time::sleep(Duration::from_secs(3)).await; // the time over which haste would show
    assert_eq!(operator.writes().await, before, "no write into a namespace that ends");
    assert!(operator.metric("yipan_passes_total").await <= passes + 3, "no hot loop");
    let release = json!([{ "op": "remove", "path": "/metadata/finalizers" }]).to_string();
    kubectl(turn.plane, &["patch", "namespace", "weiyuan", "--type", "json", "-p", &release]);
    reason(turn.plane, &["tenant", "weiyuan"], "Ready", "NamespaceLost").await;
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
    // A schema of long ago: it let anything in.
    let strict = get(turn.plane, &["crd", "apps.yipan.dev"]).expect("our definition");
    let mut loose = strict.clone();
    loose["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"] =
        json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    let replace = |mut crd: Value| {
        crd["metadata"] = json!({ "name": "apps.yipan.dev" });
        crd.as_object_mut().expect("an object").remove("status");
        let current = get(turn.plane, &["crd", "apps.yipan.dev"]).expect("our definition");
        crd["metadata"]["resourceVersion"] = current["metadata"]["resourceVersion"].clone();
        let answer = turn.plane.kubectl_with(["replace", "-f", "-"], &crd.to_string());
        assert!(answer.success, "{}", answer.err);
    };
    replace(loose);
    let tear = json!([{ "op": "replace", "path": "/spec/workload/port", "value": "eighty" }]).to_string();
    eventually(SOON, "the loose schema is in force", async || {
        let answer = turn.plane.kubectl(["-n", "zhangxian", "patch", "app", "torn", "--type", "json", "-p", &tear]);
        if answer.success { Ok(()) } else { Err(answer.err) }
    })
    .await;
    replace(strict);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_the_middle_of_a_pass_heals() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    let mut seen = 0;
    // The fifth write of this tenant's pass is the last that this operator will do.
    operator.faults.set(move |method, path| {
        let ours = path.contains("/namespaces/minxian") && (method == Method::PATCH || method == Method::POST);
        seen += i32::from(ours);
        (ours && seen >= 4).then_some(Fault::NoConnection)
    });
    apply(turn.plane, &[province(), county("minxian", "621935")]);
    eventually(SOON, "half of it is there", async || {
        let quota = get(turn.plane, &["-n", "minxian", "resourcequota", "yipan--quota"]);
        quota.map(drop).ok_or_else(|| "no quota".to_owned())
    })
    .await;
    let tenant = get(turn.plane, &["tenant", "minxian"]).expect("the tenant");
    assert_ne!(condition(&tenant, "Ready").map(|(status, ..)| status).as_deref(), Some("True"));
    operator.kill();
    let next = Running::leading(turn.plane).await;
    ready(turn.plane, &["tenant", "minxian"]).await;
    next.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_in_the_middle_of_passes_ends_well() {
    let turn = turn();
    let kubeconfig = turn.plane.kubeconfig_of_service_account("yipan-system", "yipan").await;
    let file = turn.plane.kubeconfig().with_file_name("operator.kubeconfig");
    std::fs::write(&file, serde_json::to_string(&kubeconfig).expect("a kubeconfig")).expect("a file");
    let mut process = Command::new(yipan())
        .args(["operator", "--address", "127.0.0.1:0"])
        .env("KUBECONFIG", &file)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the operator's process");
    let towns: Vec<Value> =
        (0..40).map(|index| county(&format!("county-{index}"), &format!("6218{index:02}"))).collect();
    apply(turn.plane, &[province()]);
    apply(turn.plane, &towns);
    eventually(SOON, "some passes are under way", async || {
        get(turn.plane, &["namespace", "county-0"]).map(drop).ok_or_else(|| "not yet".to_owned())
    })
    .await;
    terminate(&process);
    let status = process.wait().expect("its end");
    assert!(status.success(), "{status}");
    let operator = Running::leading(turn.plane).await;
    for town in &towns {
        ready(turn.plane, &["tenant", town["metadata"]["name"].as_str().expect("a name")]).await;
    }
    operator.stop().await;
}

/// Sends SIGTERM to a process that this test started.
fn terminate(process: &std::process::Child) {
    let sent = Command::new("kill").args(["-TERM", &process.id().to_string()]).status().expect("kill");
    assert!(sent.success());
}
