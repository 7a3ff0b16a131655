//! What the province gives to tenants and takes back: ways out, host names, predecessors; and when a
//! pause ends.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::super::plane::{Plane, eventually};
use super::faults::{Fault, Faults};
use super::run::{Running, SOON, turn};
use super::town::{app, apply, condition, county, get, kubectl, nightly, province, ready, reason};

/// A county with one way out.
fn let_out(name: &str, division: &str, cidr: &str) -> Value {
    let mut tenant = county(name, division);
    tenant["spec"]["egress"] = json!([{ "name": "bank", "cidr": cidr, "ports": [{ "protocol": "TCP", "port": 443 }] }]);
    tenant
}

/// The range of addresses that an App's pods are let out to.
fn range(plane: &Plane, tenant: &str, app: &str) -> Option<Value> {
    let policy = get(plane, &["-n", tenant, "networkpolicy", &format!("{app}--egress")])?;
    Some(policy["spec"]["egress"][0]["to"][0]["ipBlock"]["cidr"].clone())
}

async fn range_becomes(plane: &Plane, (tenant, app): (&str, &str), wanted: Option<&str>) {
    let wanted = wanted.map(|cidr| json!(cidr));
    eventually(SOON, &format!("{tenant}/{app} is let out to {wanted:?}"), async || match range(plane, tenant, app) {
        found if found == wanted => Ok(()),
        found => Err(format!("{found:?}")),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_way_out_is_given_and_taken_back_whatever_the_app_says() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), let_out("jinta", "622301", "203.0.113.0/24")]);
    ready(turn.plane, &["tenant", "jinta"]).await;
    let mut bank = app("jinta", "payments");
    bank["spec"]["network"] = json!({ "egress": ["bank", "pharmacy"] });
    apply(turn.plane, &[bank.clone()]);
    let place = ("jinta", "payments");
    let message = reason(turn.plane, &["-n", "jinta", "app", "payments"], "NetworkReady", "EgressNotGiven").await;
    assert!(message.contains("no way out named pharmacy (it has: bank)"), "{message}");
    range_becomes(turn.plane, place, Some("203.0.113.0/24")).await;
    // Its own pause holds the operator's hand, but not the province's.
    bank["spec"]["paused"] = json!({ "reason": "查看", "until": "2099-01-01T00:00:00Z" });
    apply(turn.plane, &[bank.clone()]);
    reason(turn.plane, &["-n", "jinta", "app", "payments"], "Paused", "Paused").await;
    apply(turn.plane, &[let_out("jinta", "622301", "198.51.100.0/24")]);
    range_becomes(turn.plane, place, Some("198.51.100.0/24")).await;
    apply(turn.plane, &[county("jinta", "622301")]);
    range_becomes(turn.plane, place, None).await;
    // Nor does a refusal.
    apply(turn.plane, &[let_out("jinta", "622301", "203.0.113.0/24")]);
    let object = bank["spec"].as_object_mut().expect("a spec");
    object.remove("paused");
    apply(turn.plane, &[bank.clone()]);
    range_becomes(turn.plane, place, Some("203.0.113.0/24")).await;
    bank["spec"]["workload"]["resources"] = json!({ "cpu": "1000" });
    apply(turn.plane, &[bank]);
    reason(turn.plane, &["-n", "jinta", "app", "payments"], "Ready", "OverQuota").await;
    apply(turn.plane, &[county("jinta", "622301")]);
    range_becomes(turn.plane, place, None).await;
    operator.stop().await;
}

/// A county with these hosts.
fn hosting(name: &str, division: &str, hosts: &[&str]) -> Value {
    let mut tenant = county(name, division);
    let host = |host: &&str| json!({ "host": host, "certificateSecret": "certificate" });
    tenant["spec"]["hosts"] = hosts.iter().map(host).collect();
    tenant
}

/// The hosts that a tenant's listeners at the public gateway listen for.
fn listened(plane: &Plane, tenant: &str) -> Option<Vec<String>> {
    let set = get(plane, &["-n", "yipan-system", "listenerset", &format!("{tenant}--public")])?;
    let listeners = set["spec"]["listeners"].as_array()?.clone();
    Some(listeners.iter().filter_map(|listener| listener["hostname"].as_str().map(str::to_owned)).collect())
}

async fn listens(plane: &Plane, tenant: &str, wanted: Option<&[&str]>) {
    let wanted = wanted.map(|hosts| hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>());
    eventually(SOON, &format!("the gateway listens for {tenant}'s {wanted:?}"), async || {
        match listened(plane, tenant) {
            found if found == wanted => Ok(()),
            found => Err(format!("{found:?}")),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_has_one_tenant_and_listeners_come_and_go_with_it() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), hosting("kang", "622302", &["kang.example.cn", "shared.example.cn"])]);
    ready(turn.plane, &["tenant", "kang"]).await;
    listens(turn.plane, "kang", Some(&["kang.example.cn", "shared.example.cn"])).await;
    let mut shop = app("kang", "shop");
    shop["spec"]["entry"]["hosts"] = json!(["shared.example.cn"]);
    apply(turn.plane, &[shop]);
    ready(turn.plane, &["-n", "kang", "app", "shop"]).await;
    let found = get(turn.plane, &["-n", "kang", "app", "shop"]).expect("the App");
    assert_eq!(found["status"]["hosts"], json!(["shared.example.cn"]));
    let route = get(turn.plane, &["-n", "kang", "httproute", "shop--hosts"]).expect("a route of its own");
    assert_eq!(route["spec"]["parentRefs"][0]["name"], "kang--public");
    // Who comes later gets what is free, and disturbs nobody.
    apply(turn.plane, &[hosting("hui", "622303", &["hui.example.cn", "shared.example.cn"])]);
    let message = reason(turn.plane, &["tenant", "hui"], "HostsReady", "HostTaken").await;
    assert!(message.contains("shared.example.cn belongs to tenant kang"), "{message}");
    listens(turn.plane, "hui", Some(&["hui.example.cn"])).await;
    let fenced = get(turn.plane, &["tenant", "hui"]).and_then(|tenant| condition(&tenant, "Fenced"));
    assert_eq!(fenced.expect("a fence").0, "True");
    let namespace = get(turn.plane, &["namespace", "hui"]).expect("its namespace");
    assert_eq!(namespace["metadata"]["annotations"]["yipan.dev/hosts"], "hui.example.cn");
    ready(turn.plane, &["tenant", "kang"]).await;
    // What somebody else does to the listeners is undone.
    kubectl(turn.plane, &["-n", "yipan-system", "delete", "listenerset", "kang--public"]);
    listens(turn.plane, "kang", Some(&["kang.example.cn", "shared.example.cn"])).await;
    // Once the first lets go, the second has it.
    apply(turn.plane, &[hosting("kang", "622302", &["kang.example.cn"])]);
    ready(turn.plane, &["tenant", "hui"]).await;
    listens(turn.plane, "hui", Some(&["hui.example.cn", "shared.example.cn"])).await;
    listens(turn.plane, "kang", Some(&["kang.example.cn"])).await;
    let message = reason(turn.plane, &["-n", "kang", "app", "shop"], "EntryReady", "HostNotGiven").await;
    assert!(message.contains("none of tenant kang (it has: kang.example.cn)"), "{message}");
    assert!(get(turn.plane, &["-n", "kang", "httproute", "shop"]).is_some(), "its own address stays");
    // Listeners go with their tenant.
    kubectl(
        turn.plane,
        &["patch", "tenant", "hui", "--type=merge", "-p", r#"{"spec":{"deletion":"DeleteData","confirmName":"hui"}}"#],
    );
    kubectl(turn.plane, &["delete", "tenant", "hui", "--wait=false"]);
    listens(turn.plane, "hui", None).await;
    eventually(SOON, "the tenant goes", async || match get(turn.plane, &["tenant", "hui"]) {
        None => Ok(()),
        Some(tenant) => Err(tenant["status"].to_string()),
    })
    .await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_without_listener_sets_has_tenants_all_the_same() {
    let turn = turn();
    let faults = Faults::default();
    faults.set(|_, path| path.contains("/listenersets").then_some(Fault::Answer(404)));
    let operator = Running::start(turn.plane, "without", faults).await;
    operator.leads().await;
    apply(turn.plane, &[province(), county("cheng", "622304"), hosting("liangdang", "622305", &["ld.example.cn"])]);
    ready(turn.plane, &["tenant", "cheng"]).await;
    reason(turn.plane, &["tenant", "liangdang"], "HostsReady", "Rejected").await;
    let found = get(turn.plane, &["tenant", "liangdang"]).expect("the tenant");
    assert_eq!(condition(&found, "Fenced").expect("a fence").0, "True", "{found}");
    apply(turn.plane, &[app("liangdang", "walnuts")]);
    ready(turn.plane, &["-n", "liangdang", "app", "walnuts"]).await;
    // Once they are there, the listeners follow.
    operator.faults.clear();
    ready(turn.plane, &["tenant", "liangdang"]).await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_predecessor_has_one_successor() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    let successor = |name: &str, division: &str| {
        let mut tenant = county(name, division);
        tenant["spec"]["supersedes"] = json!(["old-county"]);
        tenant
    };
    apply(turn.plane, &[province(), successor("first-heir", "622306")]);
    ready(turn.plane, &["tenant", "first-heir"]).await;
    apply(turn.plane, &[successor("second-heir", "622307")]);
    let message = reason(turn.plane, &["tenant", "second-heir"], "Ready", "PredecessorTaken").await;
    assert!(message.contains("`old-county` has a successor already, tenant `first-heir`"), "{message}");
    assert!(get(turn.plane, &["namespace", "second-heir"]).is_none(), "nothing is made for it");
    ready(turn.plane, &["tenant", "first-heir"]).await;
    kubectl(turn.plane, &["delete", "tenant", "second-heir", "--wait=false"]);
    operator.stop().await;
}

/// The reasons of the events about an object.
fn told(plane: &Plane, name: &str) -> Vec<String> {
    let selector = format!("--field-selector=involvedObject.name={name}");
    let events = get(plane, &["events", "-A", &selector]).expect("a list of events");
    let events = events["items"].as_array().cloned().unwrap_or_default();
    events.iter().filter_map(|event| event["reason"].as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_is_told_at_its_beginning_and_its_end() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("huixian", "622308")]);
    ready(turn.plane, &["tenant", "huixian"]).await;
    let mut paused = county("huixian", "622308");
    let until = Timestamp::now() + SignedDuration::from_secs(4);
    paused["spec"]["paused"] = json!({ "reason": "迁移", "until": until.to_string() });
    apply(turn.plane, &[paused]);
    let message = reason(turn.plane, &["tenant", "huixian"], "Paused", "Paused").await;
    assert!(message.contains(&until.to_string()) && message.contains("迁移"), "{message}");
    for word in ["Paused", "Resumed"] {
        eventually(SOON, &format!("it is told: {word}"), async || match told(turn.plane, "huixian") {
            told if told.iter().any(|reason| reason == word) => Ok(()),
            told => Err(format!("{told:?}")),
        })
        .await;
    }
    assert!(Timestamp::now() >= until, "it was over before its end");
    ready(turn.plane, &["tenant", "huixian"]).await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_apps_own_pause_ends_with_its_tenants_suspension() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    let mut tenant = county("xihe", "622309");
    apply(turn.plane, &[province(), tenant.clone()]);
    ready(turn.plane, &["tenant", "xihe"]).await;
    let mut paused = app("xihe", "pears");
    apply(turn.plane, &[paused.clone()]);
    ready(turn.plane, &["-n", "xihe", "app", "pears"]).await;
    paused["spec"]["paused"] = json!({ "reason": "不想停", "until": "2099-01-01T00:00:00Z" });
    apply(turn.plane, &[paused]);
    reason(turn.plane, &["-n", "xihe", "app", "pears"], "Paused", "Paused").await;
    tenant["spec"]["suspended"] = json!({ "reason": "整改" });
    apply(turn.plane, &[tenant]);
    reason(turn.plane, &["-n", "xihe", "app", "pears"], "Ready", "Suspended").await;
    let deployment = get(turn.plane, &["-n", "xihe", "deployment", "pears"]).expect("it is kept");
    assert_eq!(deployment["spec"]["replicas"], 0);
    operator.stop().await;
}

/// A fault is no way around a suspension: neither one of the App's own nor one that comes with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_app_is_switched_off_with_its_tenant() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    let tenant = county("lixian", "622310");
    apply(turn.plane, &[province(), tenant.clone()]);
    ready(turn.plane, &["tenant", "lixian"]).await;
    let (mut salt, mut wells) = (app("lixian", "salt"), nightly("lixian", "wells"));
    apply(turn.plane, &[salt.clone(), wells.clone()]);
    ready(turn.plane, &["-n", "lixian", "app", "salt"]).await;
    ready(turn.plane, &["-n", "lixian", "app", "wells"]).await;
    for app in [&mut salt, &mut wells] {
        app["spec"]["workload"]["resources"] = json!({ "cpu": "1Ei" });
    }
    apply(turn.plane, &[salt, wells]);
    let (salt, wells) = (["-n", "lixian", "app", "salt"], ["-n", "lixian", "app", "wells"]);
    reason(turn.plane, &salt, "Ready", "OverQuota").await;
    reason(turn.plane, &wells, "Ready", "OverQuota").await;
    let replicas =
        || get(turn.plane, &["-n", "lixian", "deployment", "salt"]).expect("it is kept")["spec"]["replicas"].clone();
    assert_eq!(replicas(), 2, "a refusal alone changes nothing");
    let mut suspended = tenant.clone();
    suspended["spec"]["suspended"] = json!({ "reason": "整改" });
    apply(turn.plane, &[suspended]);
    assert_eq!(reason(turn.plane, &salt, "Suspended", "Suspended").await, "整改");
    assert_eq!(reason(turn.plane, &wells, "Suspended", "Suspended").await, "整改");
    reason(turn.plane, &salt, "WorkloadReady", "Suspended").await;
    reason(turn.plane, &salt, "Ready", "OverQuota").await;
    assert_eq!(replicas(), 0);
    let job = get(turn.plane, &["-n", "lixian", "cronjob", "wells"]).expect("it is kept");
    assert_eq!(job["spec"]["suspend"], true);
    assert!(get(turn.plane, &["-n", "lixian", "httproute", "salt"]).is_some(), "the name stays taken");
    // A hand that switches it on again is no way around it either.
    kubectl(turn.plane, &["-n", "lixian", "scale", "deployment", "salt", "--replicas=3"]);
    eventually(SOON, "it is off again", async || match replicas() {
        none if none == json!(0) => Ok(()),
        some => Err(some.to_string()),
    })
    .await;
    operator.settled().await;
    // Mended and no longer suspended, both are as they were declared.
    apply(turn.plane, &[tenant, app("lixian", "salt"), nightly("lixian", "wells")]);
    ready(turn.plane, &salt).await;
    ready(turn.plane, &wells).await;
    assert_eq!(replicas(), 2);
    operator.stop().await;
}
