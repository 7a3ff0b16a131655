//! A leader whose clock stands still goes on believing that it leads. What it sends late is refused.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http::Method;
use serde_json::{Value, json};
use yipan::operator::{Clock, Options};

use super::super::plane::{Plane, eventually};
use super::faults::{Fault, Faults, HeldWrite};
use super::run::{Running, SOON, options, turn};
use super::town::{app, apply, county, get, kubectl, province, ready};

/// A clock that a test can stop.
#[derive(Clone, Default)]
struct Stoppable(Arc<Mutex<Option<Instant>>>);

impl Stoppable {
    fn stop(&self, at: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    fn clock(&self) -> Clock {
        let stopped = self.clone();
        Clock::new(move || stopped.0.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or_else(Instant::now))
    }
}

const TENANT: [&str; 2] = ["tenant", "weiyuancounty"];
const APP: [&str; 4] = ["-n", "weiyuancounty", "app", "oats"];
const DEPLOYMENT: [&str; 4] = ["-n", "weiyuancounty", "deployment", "oats"];

fn oats(version: u32) -> Value {
    let mut oats = app("weiyuancounty", "oats");
    oats["spec"]["workload"]["image"] = json!(format!("registry.example.gov.cn/weiyuancounty/oats:{version}"));
    oats
}

fn weiyuancounty(viewers: &str) -> Value {
    let mut weiyuancounty = county("weiyuancounty", "621991");
    weiyuancounty["spec"]["viewers"] = json!([{ "group": viewers }]);
    weiyuancounty
}

fn image(plane: &Plane) -> Value {
    let found = get(plane, &DEPLOYMENT).expect("the Deployment");
    found["spec"]["template"]["spec"]["containers"][0]["image"].clone()
}

/// What people said and the operator answered, and when: the resourceVersion.
fn stored(plane: &Plane) -> [Value; 2] {
    [&TENANT[..], &APP[..]].map(|object| {
        let found = get(plane, object).expect("it is there");
        json!([found["metadata"]["resourceVersion"], found["status"]])
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_leader_with_a_stopped_clock_sends_late_is_refused() {
    let turn = turn();
    let watch = Stoppable::default();
    let first = Options { clock: watch.clock(), ..options("first") };
    let first = Running::start_with(turn.plane, Faults::default(), first).await;
    first.leads().await;
    apply(turn.plane, &[province(), weiyuancounty("first")]);
    ready(turn.plane, &TENANT).await;
    apply(turn.plane, &[oats(1)]);
    ready(turn.plane, &APP).await;
    first.settled().await;
    let second = Running::start(turn.plane, "second", Faults::default()).await;

    // From here on no time passes for the first, and it hears nothing of the Lease.
    watch.stop(Some(Instant::now()));
    let (status, child) = (HeldWrite::default(), HeldWrite::default());
    let (held_status, held_child) = (status.clone(), child.clone());
    first.faults.set(move |method, path| match (method, path) {
        (_, path) if path.contains("/leases/") => Some(Fault::Unsent),
        (&Method::PATCH, path) if path.ends_with("/tenants/weiyuancounty/status") => held_status.hold(),
        (&Method::PATCH, path) if path.ends_with("/weiyuancounty/deployments/oats") => held_child.hold(),
        _ => None,
    });
    apply(turn.plane, &[weiyuancounty("second"), oats(2)]);
    status.begins("the tenant's status").await;
    child.begins("the App's Deployment").await;

    second.leads().await;
    assert_eq!(first.metric("yipan_leading").await, 1, "the first does not know better");
    apply(turn.plane, &[weiyuancounty("third"), oats(3)]);
    ready(turn.plane, &TENANT).await;
    ready(turn.plane, &APP).await;
    second.settled().await;
    let (before, third) = (stored(turn.plane), json!("registry.example.gov.cn/weiyuancounty/oats:3"));
    assert_eq!(image(turn.plane), third);

    assert_eq!(status.let_go().await, 409, "the late status");
    assert_eq!(child.let_go().await, 409, "the late Deployment");
    first.settled().await;
    second.settled().await;
    assert_eq!(first.metric("yipan_leading").await, 1, "it still does not know better");
    assert_eq!(stored(turn.plane), before, "nothing was written over the second's");
    assert_eq!(image(turn.plane), third);

    // Its clock runs again: it sees that it leads no more, and waits its turn.
    watch.stop(None);
    first.faults.clear();
    eventually(SOON, "the first gives up", async || match first.metric("yipan_leading").await {
        0 => Ok(()),
        _ => Err("leading".to_owned()),
    })
    .await;
    kubectl(turn.plane, &["-n", "weiyuancounty", "delete", "app", "oats"]);
    second.stop().await;
    first.stop().await;
}

const QUOTA: [&str; 4] = ["-n", "lintao", "resourcequota", "yipan--quota"];

fn lintao(cpu: &str) -> Value {
    let mut lintao = county("lintao", "621993");
    lintao["spec"]["quota"] = json!({ "total": { "cpu": "4" }, "own": { "cpu": cpu } });
    lintao
}

/// What the namespace may use of processor time, and as of which version.
fn allowed(plane: &Plane) -> [Value; 2] {
    let found = get(plane, &QUOTA).expect("the quota");
    [found["spec"]["hard"]["requests.cpu"].clone(), found["metadata"]["resourceVersion"].clone()]
}

/// The first write of an object carries no version that was seen, and both leaders go by one name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_quota_that_comes_late_does_not_raise_what_a_successor_lowered() {
    let turn = turn();
    let watch = Stoppable::default();
    let first = Options { clock: watch.clock(), ..options("first") };
    let first = Running::start_with(turn.plane, Faults::default(), first).await;
    first.leads().await;
    apply(turn.plane, &[province()]);
    ready(turn.plane, &["tenant", "gansu"]).await;
    let second = Running::start(turn.plane, "second", Faults::default()).await;

    watch.stop(Some(Instant::now()));
    let quota = HeldWrite::default();
    let held = quota.clone();
    first.faults.set(move |method, path| match (method, path) {
        (_, path) if path.contains("/leases/") => Some(Fault::Unsent),
        (&Method::PATCH, path) if path.ends_with("/lintao/resourcequotas/yipan--quota") => held.hold(),
        _ => None,
    });
    apply(turn.plane, &[lintao("2")]);
    quota.begins("the tenant's first quota").await;
    second.leads().await;
    ready(turn.plane, &["tenant", "lintao"]).await;
    assert_eq!(allowed(turn.plane)[0], "2");
    apply(turn.plane, &[lintao("1")]);
    ready(turn.plane, &["tenant", "lintao"]).await;
    second.settled().await;
    let before = allowed(turn.plane);
    assert_eq!(before[0], "1");

    assert_eq!(quota.let_go().await, 409, "the late quota");
    first.settled().await;
    second.settled().await;
    assert_eq!(first.metric("yipan_leading").await, 1, "it does not know better");
    assert_eq!(allowed(turn.plane), before, "nothing was written over the second's");
    watch.stop(None);
    first.faults.clear();
    second.stop().await;
    first.stop().await;
}
