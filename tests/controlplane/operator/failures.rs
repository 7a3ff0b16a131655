//! How it fails: nothing dies silently, nothing is Ready that is not, and everything heals.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::super::plane::eventually;
use super::faults::{Fault, Faults};
use super::run::{Running, SOON, turn};
use super::town::{apply, condition, counties, county, get, kubectl, named, province, ready, reason, told};

/// Codes that time mends.
const WEATHER: [u16; 4] = [409, 429, 500, 503];

/// Which writes of a pass over a town are hit, by method and path.
type Class = fn(&Method, &str, &str) -> bool;

/// The first write of a pass, one in its middle and the last one.
const CLASSES: [(&str, Class); 3] = [
    ("namespace", |method, path, _| method == Method::POST && path == "/api/v1/namespaces"),
    ("quota", |method, path, town| {
        method == Method::PATCH && path.starts_with(&format!("/api/v1/namespaces/{town}/resourcequotas/"))
    }),
    ("status", |method, path, town| method == Method::PATCH && path.ends_with(&format!("/tenants/{town}/status"))),
];

/// Each code hits each class of writes twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_time_mends_are_waited_out() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province()]);
    for (index, (class, hits)) in (0..).zip(CLASSES) {
        let name = format!("weather-{class}");
        let towns = counties(&name, 621_951 + 4 * index, 4);
        let left = Arc::new(Mutex::new(WEATHER.map(|code| (code, 2))));
        let falls = Arc::clone(&left);
        operator.faults.set(move |method, path| {
            let mut falls = falls.lock().unwrap_or_else(PoisonError::into_inner);
            let hit = |(town, (_, left)): &(usize, &mut (u16, i32))| {
                *left > 0 && hits(method, path, &format!("{name}-{town}"))
            };
            falls.iter_mut().enumerate().find(hit).map(|(_, (code, left))| {
                *left -= 1;
                Fault::Answer(*code)
            })
        });
        apply(turn.plane, &towns);
        for town in &towns {
            ready(turn.plane, &["tenant", named(town)]).await;
        }
        operator.faults.clear();
        let left = *left.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(left, WEATHER.map(|code| (code, 0)), "writes of class {class} that were not hit");
    }
    // A moment's weather is nobody's fault, and nobody is told that it is.
    let events = kubectl(turn.plane, &["get", "events", "-A", "-o", "custom-columns=O:.involvedObject.name,R:.reason"]);
    let told: Vec<&str> = events.lines().filter(|line| line.starts_with("weather-")).collect();
    assert!(told.iter().all(|line| line.ends_with(" Ready")), "{told:#?}");
    operator.settled().await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_server_that_keeps_failing_is_said_and_harms_nobody_else() {
    let (message, status) = only_one_suffers(503, "Unavailable", ["tanchang", "chengxian"], 621_938).await;
    assert_eq!(status, "Unknown");
    assert!(message.contains("the operator keeps trying"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_time_does_not_mend_is_said_and_harms_nobody_else() {
    let (message, status) = only_one_suffers(422, "Invalid", ["huining", "jingyuan"], 621_940).await;
    assert_eq!(status, "False");
    assert!(message.contains("answered 422 by the test"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_is_missing_for_a_write_is_said_and_harms_nobody_else() {
    let (message, status) = only_one_suffers(403, "Rejected", ["wenxian", "kangxian"], 621_942).await;
    assert_eq!(status, "False");
    assert!(message.contains("answered 403 by the test; tell the platform's administrator"), "{message}");
}

/// One town's limits are answered by a code until its condition has the word; another town does not
/// notice. Returns what the condition says, once all is well again.
async fn only_one_suffers(code: u16, word: &str, [hit, spared]: [&str; 2], division: u32) -> (String, String) {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    let limits = format!("/namespaces/{hit}/limitranges/");
    operator
        .faults
        .set(move |method, path| (method == Method::PATCH && path.contains(&limits)).then_some(Fault::Answer(code)));
    apply(turn.plane, &[province(), county(hit, &division.to_string()), county(spared, &(division + 1).to_string())]);
    ready(turn.plane, &["tenant", spared]).await;
    let message = reason(turn.plane, &["tenant", hit], "Ready", word).await;
    assert!(message.contains(&format!("LimitRange {hit}/yipan--limits")), "{message}");
    let found = get(turn.plane, &["tenant", hit]).expect("the tenant");
    let (status, ..) = condition(&found, "Ready").expect("a condition");
    // What time may mend wakes nobody.
    if word != "Unavailable" {
        told(turn.plane, hit, word).await;
    }
    // No rights before the fence: a pass that stopped at the limits bound nobody.
    assert!(get(turn.plane, &["-n", hit, "rolebinding", "yipan--admins"]).is_none());
    operator.faults.clear();
    ready(turn.plane, &["tenant", hit]).await;
    operator.stop().await;
    (message, status)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_is_not_there_is_named_until_it_is() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    let point = |gateway: &str| {
        let patch = json!([{ "op": "replace", "path": "/spec/gateways/0/gateway/name", "value": gateway }]).to_string();
        kubectl(turn.plane, &["patch", "platform", "platform", "--type", "json", "-p", &patch]);
    };
    let listens = |name: &str| {
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
            "metadata": { "name": name, "namespace": "yipan-gateways" },
            "spec": { "gatewayClassName": "nobody", "listeners": [{ "name": "web", "port": 80, "protocol": "HTTP" }] },
        })
    };
    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "yipan-gateways" } });
    apply(turn.plane, &[namespace, listens("internal")]);
    point("absent");
    let absent = "gateway public: Gateway yipan-gateways/absent does not exist";
    eventually(SOON, "the gateway that is not there is named", async || {
        let platform = get(turn.plane, &["platform", "platform"]).expect("the Platform");
        let conditions = ["GatewaysReady", "Ready"].map(|type_| condition(&platform, type_).unwrap_or_default());
        let named = |(status, reason, message): &(String, String, String)| {
            status == "False" && reason == "GatewayMissing" && message == absent
        };
        if conditions.iter().all(named) { Ok(()) } else { Err(format!("{conditions:?}")) }
    })
    .await;
    told(turn.plane, "platform", "GatewayMissing").await;
    apply(turn.plane, &[listens("absent")]);
    // Gateways are not watched: they are looked at every half minute.
    eventually(SOON * 2, "the gateway is found", async || {
        let platform = get(turn.plane, &["platform", "platform"]).expect("the Platform");
        match condition(&platform, "GatewaysReady") {
            Some((status, reason, _)) if status == "True" && reason == "Found" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    point("public");
    operator.stop().await;
}

/// Longer than the Lease lasts, so that the leadership is lost and found again. A minute would go the
/// same ways, and make all who run the tests wait for the rest of it, since operators take turns here.
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
