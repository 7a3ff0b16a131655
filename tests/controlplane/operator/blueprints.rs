//! Blueprints: what comes of one, what reaches all of it, and what holds one.

use serde_json::{Value, json};

use super::super::plane::{Plane, eventually};
use super::run::{Running, SOON, turn};
use super::town::{apply, condition, county, get, kubectl, province, ready, reason};

/// A Blueprint of the province's, for counties, with this digit all over its image's digest.
fn blueprint(name: &str, digit: u8) -> Value {
    let digest = digit.to_string().repeat(64);
    json!({
        "apiVersion": "yipan.dev/v1alpha1", "kind": "Blueprint", "metadata": { "name": name },
        "spec": {
            "displayName": name, "owner": "gansu", "sharing": "Dedicated", "availableTo": { "levels": ["County"] },
            "workload": { "image": format!("registry.example.gov.cn/gansu/{name}@sha256:{digest}"), "port": 8080 },
            "entry": { "visibility": "Public" },
        },
    })
}

/// An App of a Blueprint.
fn use_of(tenant: &str, name: &str, blueprint: &str) -> Value {
    json!({
        "apiVersion": "yipan.dev/v1alpha1", "kind": "App", "metadata": { "name": name, "namespace": tenant },
        "spec": { "blueprint": blueprint },
    })
}

/// Waits until what runs for an App has an image that ends so.
async fn runs(plane: &Plane, tenant: &str, app: &str, digest: &str) {
    eventually(SOON, &format!("{tenant}/{app} runs …{digest}"), async || {
        let found = get(plane, &["-n", tenant, "deployment", app]);
        let image = found.map(|found| found["spec"]["template"]["spec"]["containers"][0]["image"].clone());
        match image.as_ref().and_then(Value::as_str) {
            Some(image) if image.ends_with(digest) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

async fn uses(plane: &Plane, blueprint: &str, wanted: u64) {
    eventually(SOON, &format!("{blueprint} counts {wanted}"), async || {
        let found = get(plane, &["blueprint", blueprint]).expect("the Blueprint");
        if found["status"]["uses"] == wanted { Ok(()) } else { Err(found["status"].to_string()) }
    })
    .await;
}

/// How many declarations a pass is made over and counted: those that are Ready and that nobody holds.
fn declared(plane: &Plane) -> u64 {
    let kinds = "platforms.yipan.dev,tenants.yipan.dev,blueprints.yipan.dev,apps.yipan.dev";
    let all = get(plane, &[kinds, "-A"]).expect("a list");
    let holds = |object: &Value, type_: &str| condition(object, type_).is_some_and(|(status, ..)| status == "True");
    let ready = |object: &&Value| holds(object, "Ready") && !holds(object, "Paused");
    let counted = |object: &&Value| ready(object) && object["metadata"]["deletionTimestamp"].is_null();
    all["items"].as_array().expect("a list").iter().filter(counted).count() as u64
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_a_blueprint_reaches_all_its_apps_and_a_restart_writes_nothing() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    let (north, south) = (county("heishui", "622401"), county("baishui", "622402"));
    apply(turn.plane, &[province(), north, south, blueprint("granary", 1)]);
    for tenant in ["heishui", "baishui"] {
        ready(turn.plane, &["tenant", tenant]).await;
    }
    apply(turn.plane, &[use_of("heishui", "grain", "granary"), use_of("baishui", "wheat", "granary")]);
    for place in [["-n", "heishui", "app", "grain"], ["-n", "baishui", "app", "wheat"]] {
        ready(turn.plane, &place).await;
        assert_eq!(get(turn.plane, &place).expect("the App")["status"]["source"], "granary (Dedicated)");
    }
    ready(turn.plane, &["blueprint", "granary"]).await;
    uses(turn.plane, "granary", 2).await;
    // What is paused reaches nobody, and all of it once the pause is over.
    let mut paused = blueprint("granary", 2);
    let until = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    paused["spec"]["paused"] = json!({ "reason": "换证书", "until": until.to_string() });
    apply(turn.plane, &[paused]);
    let message = reason(turn.plane, &["-n", "heishui", "app", "grain"], "Paused", "Paused").await;
    assert!(message.starts_with("blueprint granary is paused until"), "{message}");
    runs(turn.plane, "heishui", "grain", "1111").await;
    apply(turn.plane, &[blueprint("granary", 2)]);
    runs(turn.plane, "heishui", "grain", "2222").await;
    runs(turn.plane, "baishui", "wheat", "2222").await;
    for place in [["-n", "heishui", "app", "grain"], ["-n", "baishui", "app", "wheat"]] {
        ready(turn.plane, &place).await;
    }
    operator.settled().await;
    operator.stop().await;
    let declared = declared(turn.plane);
    assert!(declared >= 6, "three tenants, the Blueprint and its two Apps, but {declared} are Ready");
    let second = Running::leading(turn.plane).await;
    eventually(SOON, "every object was looked at", async || match second.metric("yipan_passes_total").await {
        passes if passes >= declared => Ok(()),
        passes => Err(format!("{passes} passes over {declared}")),
    })
    .await;
    assert_eq!(second.settled().await, 0, "{}", second.page("/metrics").await);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retired_blueprint_keeps_its_apps_and_what_is_taken_away_from_them_stays() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("hongshui", "622403"), blueprint("orchard", 1)]);
    ready(turn.plane, &["tenant", "hongshui"]).await;
    apply(turn.plane, &[use_of("hongshui", "apples", "orchard")]);
    let apples = ["-n", "hongshui", "app", "apples"];
    ready(turn.plane, &apples).await;
    let mut retired = blueprint("orchard", 2);
    retired["spec"]["retired"] = json!(true);
    apply(turn.plane, &[retired.clone(), use_of("hongshui", "pears", "orchard")]);
    let pears = ["-n", "hongshui", "app", "pears"];
    let message = reason(turn.plane, &pears, "Ready", "Retired").await;
    assert!(message.contains("`orchard` is retired and takes no new Apps"), "{message}");
    runs(turn.plane, "hongshui", "apples", "2222").await;
    uses(turn.plane, "orchard", 2).await;
    // What it says no longer, or nobody can read, takes nothing from those that there are.
    retired["spec"]["availableTo"] = json!({ "levels": ["City"] });
    apply(turn.plane, &[retired]);
    reason(turn.plane, &apples, "Ready", "NotAvailable").await;
    assert!(get(turn.plane, &["-n", "hongshui", "deployment", "apples"]).is_some(), "it runs on");
    kubectl(turn.plane, &["delete", "blueprint", "orchard"]);
    reason(turn.plane, &apples, "Ready", "BlueprintMissing").await;
    let found = get(turn.plane, &["-n", "hongshui", "deployment", "apples"]).expect("it runs on");
    assert_eq!(found["spec"]["replicas"], 1);
    // It is brought on by one of the name that comes again.
    apply(turn.plane, &[blueprint("orchard", 3)]);
    runs(turn.plane, "hongshui", "apples", "3333").await;
    ready(turn.plane, &apples).await;
    ready(turn.plane, &pears).await;
    operator.stop().await;
}
