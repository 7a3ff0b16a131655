//! What `spec.adopt` does not take over, and whose an id is. Whoever writes here is break-glass, so that
//! no policy stands before the operator.

use serde_json::{Value, json};

use super::super::super::plane::Plane;
use super::super::run::{Running, turn};
use super::super::town::{apply, county, get, kubectl, province, ready, reason};
use super::tenants::gone;

/// A namespace with all the labels of what a tenant of its name left.
fn left(name: &str, id: &str) -> Value {
    let labels = json!({ "yipan.dev/id": id, "yipan.dev/tenant": name, "yipan.dev/retained-until": "2999-12-31" });
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } })
}

/// A county that asks for an id, and for the end of all that it takes over.
fn heir(name: &str, division: &str, id: &str) -> Value {
    let mut heir = county(name, division);
    for (field, value) in [("adopt", id), ("deletion", "DeleteData"), ("confirmName", name)] {
        heir["spec"][field] = json!(value);
    }
    heir
}

fn id(plane: &Plane, tenant: &str) -> String {
    let tenant = get(plane, &["tenant", tenant]).expect("a tenant");
    tenant["metadata"]["labels"]["yipan.dev/id"].as_str().expect("an id").to_owned()
}

/// Ends a tenant that was refused, which must leave the namespace of its name as it is.
async fn ends_alone(plane: &Plane, name: &str) {
    let before = get(plane, &["namespace", name]).expect("a namespace")["metadata"]["resourceVersion"].clone();
    kubectl(plane, &["delete", "tenant", name, "--wait=false"]);
    gone(plane, &["tenant", name]).await;
    let after = get(plane, &["namespace", name]).expect("it is still there");
    assert_eq!(after["metadata"]["resourceVersion"], before, "nobody wrote to it: {after}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_that_others_labelled_is_not_taken_over() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    let theirs = json!({ "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "theirs", "namespace": "monitoring" }, "data": { "k": "v" } });
    let expired = left("expired", "bbbbbbbbbb").to_string().replace("2999-12-31", "2020-01-01");
    let expired: Value = serde_json::from_str(&expired).expect("JSON");
    apply(turn.plane, &[left("monitoring", "aaaaaaaaaa"), theirs, expired, province()]);
    apply(turn.plane, &[heir("monitoring", "621251", "aaaaaaaaaa")]);
    let message = reason(turn.plane, &["tenant", "monitoring"], "Ready", "NamespaceTaken").await;
    assert!(message.contains("nothing is adopted"), "{message}");
    assert_ne!(id(turn.plane, "monitoring"), "aaaaaaaaaa");
    ends_alone(turn.plane, "monitoring").await;
    assert!(get(turn.plane, &["-n", "monitoring", "configmap", "theirs"]).is_some(), "what it holds stays");
    // A new leader looks for what is past its last day at once.
    operator.stop().await;
    let operator = Running::leading(turn.plane).await;
    operator.settled().await;
    let expired = get(turn.plane, &["namespace", "expired"]).expect("it is not ours to end");
    assert!(expired["metadata"]["deletionTimestamp"].is_null(), "{expired}");
    kubectl(turn.plane, &["delete", "namespace", "monitoring", "expired", "--wait=false"]);
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_has_one_tenant() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("gulang", "621252"), county("minxian", "621253")]);
    ready(turn.plane, &["tenant", "gulang"]).await;
    ready(turn.plane, &["tenant", "minxian"]).await;
    let (own, others) = (id(turn.plane, "gulang"), id(turn.plane, "minxian"));
    // By its name it would be the first of the two; but the other's namespace carries the id.
    let label =
        |id: &str| kubectl(turn.plane, &["label", "tenant", "gulang", &format!("yipan.dev/id={id}"), "--overwrite"]);
    label(&others);
    let message = reason(turn.plane, &["tenant", "gulang"], "Ready", "IdTaken").await;
    assert!(message.contains(&others) && message.contains("tenant `minxian`"), "{message}");
    operator.settled().await;
    ready(turn.plane, &["tenant", "minxian"]).await;
    let carried =
        |name: &str| get(turn.plane, &["namespace", name]).expect("it")["metadata"]["labels"]["yipan.dev/id"].clone();
    assert_eq!((carried("gulang"), carried("minxian")), (json!(own), json!(others)));
    label(&own);
    reason(turn.plane, &["tenant", "gulang"], "Ready", "Ready").await;
    // Nor does anybody adopt an id that somebody has, were the namespace ever so convincing.
    let copy = left("maqu", &others).to_string();
    let made = turn.plane.kubectl_with(["create", "--field-manager=yipan", "-f", "-"], &copy);
    assert!(made.success, "{made:?}");
    apply(turn.plane, &[heir("maqu", "621254", &others)]);
    let message = reason(turn.plane, &["tenant", "maqu"], "Ready", "IdTaken").await;
    assert!(message.contains("tenant `minxian`"), "{message}");
    assert_ne!(id(turn.plane, "maqu"), others);
    ends_alone(turn.plane, "maqu").await;
    kubectl(turn.plane, &["delete", "namespace", "maqu", "--wait=false"]);
    operator.stop().await;
}
