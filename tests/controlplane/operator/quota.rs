//! The hierarchy of quotas on a real API server: who gets what of it, and that nothing of it is
//! ever given twice, whatever happens.

mod recorder;

use std::collections::BTreeSet;

use kube::Api;
use kube::api::PostParams;
use serde_json::{Value, json};
use yipan_core::kinds::Tenant;

use super::super::plane::{Plane, eventually};
use super::deletion::tenants::{edit, gone};
use super::faults::Faults;
use super::run::{Running, SOON, turn};
use super::town::{app, apply, condition, get, kubectl, named, province, ready, reason, try_apply};
use recorder::Recorder;

/// A tenant with a quota.
fn tenant(name: &str, (level, division): (&str, &str), parent: &str, total: Value, own: Value) -> Value {
    json!({
        "apiVersion": "yipan.dev/v1alpha1", "kind": "Tenant", "metadata": { "name": name },
        "spec": { "displayName": name, "level": level, "division": division, "parent": parent,
            "quota": { "total": total, "own": own } },
    })
}

fn amounts(cpu: &str, apps: i32) -> Value {
    json!({ "cpu": cpu, "memory": "8Gi", "storage": "8Gi", "apps": apps })
}

fn city(name: &str, division: &str, cpu: &str) -> Value {
    tenant(name, ("City", division), "gansu", json!({ "cpu": cpu }), amounts("1", 1))
}

fn county(name: &str, division: &str, parent: &str, (total, own): (&str, &str)) -> Value {
    tenant(name, ("County", division), parent, amounts(total, 40), amounts(own, 40))
}

/// The tenants below one, as they are stored.
fn below(plane: &Plane, parent: &str) -> Vec<Value> {
    let all = get(plane, &["tenants"]).expect("a list");
    let all = all["items"].as_array().expect("items").clone();
    all.into_iter().filter(|tenant| tenant["spec"]["parent"] == parent).collect()
}

fn says(tenant: &Value, type_: &str) -> String {
    condition(tenant, type_).map(|(_, reason, _)| reason).unwrap_or_default()
}

/// Those that were granted something, and those that were told why not, once everybody was told.
async fn granted(plane: &Plane, parent: &str, count: usize) -> (BTreeSet<String>, Vec<Value>) {
    eventually(SOON * 2, "everybody was told", async || {
        let (granted, refused): (Vec<_>, Vec<_>) =
            below(plane, parent).into_iter().partition(|tenant| says(tenant, "Ready") == "Ready");
        let told = refused.iter().filter(|tenant| says(tenant, "Granted") == "QuotaExceedsParent").count();
        if (granted.len(), granted.len() + told) == (count, granted.len() + refused.len()) {
            return Ok((granted.iter().map(|tenant| named(tenant).to_owned()).collect(), refused));
        }
        Err(format!("{} granted, {told} of {} told", granted.len(), refused.len()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_at_once_against_room_for_twenty_give_twenty_and_the_same_ever_after() {
    let turn = turn();
    let first = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), city("crowded", "624100", "21")]);
    ready(turn.plane, &["tenant", "crowded"]).await;
    let recorder = Recorder::start(turn.plane).await;
    let tenants = Api::<Tenant>::all(turn.plane.client().await);
    let counties = (0..50).map(|number| {
        let division = format!("6241{:02}", number + 1);
        let county = county(&format!("crowd-{number}"), &division, "crowded", ("1", "1"));
        serde_json::from_value::<Tenant>(county).expect("a tenant")
    });
    let counties: Vec<Tenant> = counties.collect();
    let params = PostParams::default();
    let made = futures::future::join_all(counties.iter().map(|county| tenants.create(&params, county))).await;
    assert!(made.iter().all(Result::is_ok), "{made:?}");

    let (twenty, mut refused) = granted(turn.plane, "crowded", 20).await;
    let (_, _, message) = condition(&refused[0], "Granted").expect("Granted");
    assert!(message.contains("asks for 1 CPU in all, but `crowded` has 0 CPU left of 21 CPU"), "{message}");
    assert!(message.contains("17 others have 17"), "{message}");
    for tenant in &refused {
        assert!(get(turn.plane, &["namespace", named(tenant)]).is_none(), "nothing is made for {}", named(tenant));
        assert_eq!(condition(tenant, "Accepted").map(|(status, ..)| status).as_deref(), Some("True"));
    }
    // The same after a restart, and when another replica takes over.
    first.settled().await;
    first.stop().await;
    let second = Running::leading(turn.plane).await;
    assert_eq!(second.settled().await, 0, "a restart gives nobody anything");
    let third = Running::start(turn.plane, "second", Faults::default()).await;
    eventually(SOON, "the other is ready to take over", async || {
        let page = third.page("/readyz").await;
        if page.contains("readyz check passed") { Ok(()) } else { Err(page) }
    })
    .await;
    second.stop().await;
    third.leads().await;
    assert_eq!(third.settled().await, 0, "a change of leaders gives nobody anything");
    assert_eq!(granted(turn.plane, "crowded", 20).await.0, twenty);

    // What one gives up goes to the next in order.
    let order = |tenant: &Value| (tenant["metadata"]["creationTimestamp"].to_string(), named(tenant).to_owned());
    refused.sort_by_key(order);
    let leaves = twenty.iter().next().expect("a county").clone();
    edit(turn.plane, &leaves, json!({ "deletion": "DeleteData", "confirmName": leaves }));
    kubectl(turn.plane, &["delete", "tenant", &leaves, "--wait=false"]);
    gone(turn.plane, &["tenant", &leaves]).await;
    ready(turn.plane, &["tenant", named(&refused[0])]).await;
    let (now, _) = granted(turn.plane, "crowded", 20).await;
    assert!(twenty.difference(&now).eq([&leaves]), "nobody else lost anything: {now:?}");
    third.settled().await;
    let seen = recorder.check(&["crowded", "crowd-"]).await;
    assert!(seen > 100, "only {seen} states were seen");
    remove(turn.plane, "crowded").await;
    third.stop().await;
}

/// Removes a city with all below it: what is refused is looked at now and then, and later tests
/// count writes.
async fn remove(plane: &Plane, city: &str) {
    let counties: Vec<String> = below(plane, city).iter().map(|tenant| named(tenant).to_owned()).collect();
    for name in counties.iter().map(String::as_str).chain([city]) {
        edit(plane, name, json!({ "deletion": "DeleteData", "confirmName": name }));
    }
    for name in counties.iter().map(String::as_str) {
        kubectl(plane, &["delete", "tenant", name, "--wait=false"]);
    }
    for name in &counties {
        gone(plane, &["tenant", name]).await;
    }
    kubectl(plane, &["delete", "tenant", city, "--wait=false"]);
    gone(plane, &["tenant", city]).await;
}

/// What a tenant's ResourceQuota allows of processor time.
fn hard(plane: &Plane, tenant: &str) -> String {
    let quota = get(plane, &["-n", tenant, "resourcequota", "yipan--quota"]).expect("a quota");
    quota["spec"]["hard"]["requests.cpu"].as_str().expect("a figure").to_owned()
}

/// Waits until a parent records this much processor time for a tenant.
async fn allocated(plane: &Plane, (parent, child): (&str, &str), wanted: &str) {
    eventually(SOON, &format!("{parent} records {wanted} for {child}"), async || {
        let parent = get(plane, &["tenant", parent]).expect("the parent");
        let all = parent["status"]["allocations"].as_array().cloned().unwrap_or_default();
        let found =
            all.iter().find(|allocation| allocation["name"] == child).map(|found| found["amounts"]["cpu"].clone());
        if found == Some(json!(wanted)) { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_raised_and_lowered_is_never_given_twice() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), city("moving", "624200", "20")]);
    ready(turn.plane, &["tenant", "moving"]).await;
    let recorder = Recorder::start(turn.plane).await;
    let place = ("moving", "mover");
    let mover = |quota| county("mover", "624201", "moving", quota);
    apply(turn.plane, &[mover(("10", "4"))]);
    ready(turn.plane, &["tenant", "mover"]).await;
    // It is raised; then it asks for more than there is, and keeps what it has.
    apply(turn.plane, &[mover(("12", "6"))]);
    ready(turn.plane, &["tenant", "mover"]).await;
    assert_eq!(hard(turn.plane, "mover"), "6");
    apply(turn.plane, &[mover(("30", "8"))]);
    let message = reason(turn.plane, &["tenant", "mover"], "Granted", "QuotaExceedsParent").await;
    assert!(message.contains("asks for 30 CPU instead of 12 CPU in all, but `moving` has 7 CPU left"), "{message}");
    let found = get(turn.plane, &["tenant", "mover"]).expect("the tenant");
    assert_eq!((says(&found, "Fenced"), says(&found, "Ready")), ("Fenced".to_owned(), "QuotaExceedsParent".to_owned()));
    // What is in use is not taken away.
    apply(turn.plane, &[mover(("12", "6"))]);
    ready(turn.plane, &["tenant", "mover"]).await;
    apply(turn.plane, &[app("mover", "barley")]);
    ready(turn.plane, &["-n", "mover", "app", "barley"]).await;
    apply(turn.plane, &[mover(("2", "300m"))]);
    let message = reason(turn.plane, &["tenant", "mover"], "Granted", "InUse").await;
    assert!(message.contains("asks for 300m CPU for its own namespace, but uses 500m CPU"), "{message}");
    allocated(turn.plane, place, "6").await;
    // Once it is free, it follows by itself, and the parent has it back.
    let mut smaller = app("mover", "barley");
    smaller["spec"]["workload"]["replicas"] = json!(1);
    apply(turn.plane, &[smaller]);
    ready(turn.plane, &["tenant", "mover"]).await;
    assert_eq!(hard(turn.plane, "mover"), "300m");
    allocated(turn.plane, place, "2").await;
    // A parent keeps what it has given away.
    let shrunk = try_apply(turn.plane, &[city("moving", "624200", "2")]);
    if shrunk.success {
        let message = reason(turn.plane, &["tenant", "moving"], "Granted", "BelowReserved").await;
        assert!(message.contains("no more than 2 CPU in all, but has given away 3 CPU"), "{message}");
        assert_eq!(get(turn.plane, &["tenant", "moving"]).expect("it")["status"]["granted"]["total"]["cpu"], "3");
    }
    apply(turn.plane, &[city("moving", "624200", "20")]);
    ready(turn.plane, &["tenant", "moving"]).await;
    operator.settled().await;
    let seen = recorder.check(&["moving", "mover"]).await;
    assert!(seen > 10, "only {seen} states were seen");
    kubectl(turn.plane, &["-n", "mover", "delete", "app", "barley"]);
    remove(turn.plane, "moving").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_status_is_made_again_before_anybody_new_gets_anything() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    let stood = county("stood", "624301", "restored", ("8", "4"));
    apply(turn.plane, &[province(), city("restored", "624300", "10"), stood]);
    ready(turn.plane, &["tenant", "stood"]).await;
    operator.settled().await;
    operator.stop().await;
    // One that comes in between is earlier by its name, and stored before the operator looks.
    for name in ["restored", "stood"] {
        let patch = r#"[{"op":"remove","path":"/status"}]"#;
        kubectl(turn.plane, &["patch", "tenant", name, "--subresource=status", "--type=json", "-p", patch]);
    }
    apply(turn.plane, &[county("arrived", "624302", "restored", ("8", "4"))]);
    let operator = Running::leading(turn.plane).await;
    ready(turn.plane, &["tenant", "stood"]).await;
    let message = reason(turn.plane, &["tenant", "arrived"], "Granted", "QuotaExceedsParent").await;
    assert!(message.contains("`stood` has 8"), "{message}");
    allocated(turn.plane, ("restored", "stood"), "8").await;
    remove(turn.plane, "restored").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_31st_app_of_30_is_refused_by_the_api_server() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    let mut counted = super::town::county("counted", "624401");
    counted["spec"]["quota"] = json!({ "own": { "apps": 30 } });
    apply(turn.plane, &[province(), counted]);
    ready(turn.plane, &["tenant", "counted"]).await;
    let idle = |number: usize| {
        let mut app = app("counted", &format!("app-{number}"));
        app["spec"]["workload"]["replicas"] = json!(0);
        app
    };
    eventually(SOON, "the quota controller counts", async || {
        let quota = get(turn.plane, &["-n", "counted", "resourcequota", "yipan--quota"]).expect("a quota");
        if quota["status"]["hard"]["count/apps.yipan.dev"] == "30" { Ok(()) } else { Err(quota["status"].to_string()) }
    })
    .await;
    apply(turn.plane, &(0..30).map(idle).collect::<Vec<_>>());
    let answer = try_apply(turn.plane, &[idle(30)]);
    assert!(!answer.success && answer.err.contains("exceeded quota: yipan--quota"), "{}", answer.err);
    assert!(answer.err.contains("limited: count/apps.yipan.dev=30"), "{}", answer.err);
    kubectl(turn.plane, &["-n", "counted", "delete", "apps", "--all"]);
    operator.stop().await;
}
