//! A status is the operator's word, and what others go by: wiped or written over by a hand, it is said
//! again.

use serde_json::json;

use super::super::plane::{Plane, eventually};
use super::run::{Running, SOON, turn};
use super::town::{app, apply, county, get, kubectl, province, ready};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_that_a_hand_wiped_is_said_again() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    // A province of its own: what other tests left in theirs may still be going.
    let (mut province, mut county) = (province(), county("binyang", "450126"));
    (province["metadata"]["name"], province["spec"]["division"]) = (json!("guangxi"), json!("450000"));
    county["spec"]["parent"] = json!("guangxi");
    apply(turn.plane, &[province, county]);
    ready(turn.plane, &["tenant", "binyang"]).await;
    apply(turn.plane, &[app("binyang", "library")]);
    let declared: [&[&str]; 3] = [&["app", "library", "-n", "binyang"], &["tenant", "binyang"], &["tenant", "guangxi"]];
    for object in declared {
        ready(turn.plane, object).await;
    }
    operator.settled().await;
    for object in declared {
        let before = get(turn.plane, object).expect("it is there")["status"].clone();
        wipe(turn.plane, object, r#"[{"op": "remove", "path": "/status"}]"#);
        ready(turn.plane, object).await;
        eventually(SOON, "the status says what it said", async || {
            let now = get(turn.plane, object).map(|found| undated(&found["status"]));
            if now == Some(undated(&before)) { Ok(()) } else { Err(format!("{object:?}: {now:?} and was {before}")) }
        })
        .await;
    }
    let given = get(turn.plane, &["tenant", "guangxi"]).expect("it is there")["status"]["allocations"].clone();
    wipe(turn.plane, &["tenant", "guangxi"], r#"[{"op": "replace", "path": "/status/allocations", "value": []}]"#);
    eventually(SOON, "what was given is known again", async || {
        let now = get(turn.plane, &["tenant", "guangxi"]).map(|found| found["status"]["allocations"].clone());
        if now.as_ref() == Some(&given) { Ok(()) } else { Err(format!("{now:?} and was {given}")) }
    })
    .await;
    operator.stop().await;
}

fn wipe(plane: &Plane, object: &[&str], patch: &str) {
    kubectl(plane, &[&["patch", "--subresource", "status", "--type", "json", "-p", patch], object].concat());
}

/// A status without its times.
fn undated(status: &serde_json::Value) -> serde_json::Value {
    let mut status = status.clone();
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        condition["lastTransitionTime"].take();
    }
    status
}
