//! What the operator sees of a tenant is late, or what it sends: nothing is lost against the word.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Method;
use serde_json::json;

use super::super::faults::{Fault, Faults, Gate, HeldWrite};
use super::super::run::{Running, turn};
use super::super::town::{app, apply, county, get, kubectl, province, ready, reason};
use super::tenants::{edit, gone};

/// The word is changed while the operator hears nothing of tenants; that the last App is gone it does hear.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_app_goes_before_the_changed_word_is_heard() {
    let turn = turn();
    let (end, late, faults) = (Gate::default(), Gate::default(), Faults::default());
    let (cut, delay, ended) = (end.clone(), late.clone(), Arc::new(AtomicBool::new(false)));
    let is_late = Arc::clone(&ended);
    faults.on(move |asked| {
        let hit = asked.watches() && asked.path.ends_with("/tenants");
        let late = is_late.load(Ordering::SeqCst);
        hit.then(|| if late { Fault::Delayed(delay.clone()) } else { Fault::Cut(cut.clone()) })
    });
    let operator = Running::start(turn.plane, "first", faults).await;
    operator.leads().await;
    let mut tenant = county("yongdeng", "621994");
    tenant["spec"]["deletion"] = json!("DeleteData");
    tenant["spec"]["confirmName"] = json!("yongdeng");
    apply(turn.plane, &[province(), tenant]);
    ready(turn.plane, &["tenant", "yongdeng"]).await;
    apply(turn.plane, &[app("yongdeng", "roses")]);
    ready(turn.plane, &["-n", "yongdeng", "app", "roses"]).await;
    kubectl(turn.plane, &["-n", "yongdeng", "create", "secret", "generic", "app--roses--key", "--from-literal=k=v"]);
    kubectl(turn.plane, &["delete", "tenant", "yongdeng", "--wait=false"]);
    reason(turn.plane, &["tenant", "yongdeng"], "DeletionBlocked", "NotEmpty").await;
    operator.settled().await;
    ended.store(true, Ordering::SeqCst);
    end.open();
    edit(turn.plane, "yongdeng", json!({ "deletion": "RetainData" }));
    kubectl(turn.plane, &["-n", "yongdeng", "delete", "app", "roses"]);
    gone(turn.plane, &["tenant", "yongdeng"]).await;
    let kept = get(turn.plane, &["namespace", "yongdeng"]).expect("the namespace is kept");
    assert!(kept["metadata"]["deletionTimestamp"].is_null(), "{kept}");
    assert!(kept["metadata"]["labels"]["yipan.dev/retained-until"].is_string(), "{kept}");
    assert!(get(turn.plane, &["-n", "yongdeng", "secret", "app--roses--key"]).is_some(), "what it stores");
    late.open();
    operator.settled().await;
    operator.stop().await;
    kubectl(turn.plane, &["delete", "namespace", "yongdeng", "--wait=false"]);
}

/// A write of the step is held up, and the word changes meanwhile: the step is not taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_is_said_too_late_is_not_taken() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("gaolan", "621995")]);
    ready(turn.plane, &["tenant", "gaolan"]).await;
    kubectl(turn.plane, &["delete", "tenant", "gaolan", "--wait=false"]);
    reason(turn.plane, &["tenant", "gaolan"], "DeletionBlocked", "Protected").await;
    operator.settled().await;
    let step = hold(&operator, Method::PATCH, "/tenants/gaolan/status");
    edit(turn.plane, "gaolan", json!({ "deletion": "RetainData" }));
    step.begins("what it is about to do").await;
    edit(turn.plane, "gaolan", json!({ "deletion": "Protect" }));
    assert_eq!(step.let_go().await, 409, "the step is said over another word");
    reason(turn.plane, &["tenant", "gaolan"], "DeletionBlocked", "Protected").await;
    operator.settled().await;
    assert!(
        get(turn.plane, &["-n", "gaolan", "rolebinding", "yipan--admins"]).is_some(),
        "its people keep their rights"
    );

    // The deletion itself is late: it meets only the namespace that was judged.
    let late = hold(&operator, Method::DELETE, "/namespaces/gaolan");
    edit(turn.plane, "gaolan", json!({ "deletion": "DeleteData", "confirmName": "gaolan" }));
    late.begins("the deletion").await;
    reason(turn.plane, &["tenant", "gaolan"], "DeletionBlocked", "Retiring").await;
    edit(turn.plane, "gaolan", json!({ "deletion": "Protect" }));
    kubectl(turn.plane, &["annotate", "namespace", "gaolan", "example.com/kept=yes"]);
    assert_eq!(late.let_go().await, 409, "the late deletion");
    reason(turn.plane, &["tenant", "gaolan"], "DeletionBlocked", "Protected").await;
    operator.settled().await;
    let kept = get(turn.plane, &["namespace", "gaolan"]).expect("the namespace is kept");
    assert!(kept["metadata"]["deletionTimestamp"].is_null(), "{kept}");
    operator.faults.clear();
    edit(turn.plane, "gaolan", json!({ "deletion": "DeleteData" }));
    gone(turn.plane, &["tenant", "gaolan"]).await;
    operator.stop().await;
}

/// Holds back the next write of this sort.
fn hold(operator: &Running, method: Method, path: &'static str) -> HeldWrite {
    let held = HeldWrite::default();
    let write = held.clone();
    operator.faults.set(move |asked, at| if *asked == method && at.ends_with(path) { write.hold() } else { None });
    held
}
