//! `yipan uninstall` on a control plane of its own: it hangs on nothing, can be broken off anywhere,
//! and leaves what runs and what is stored.

use serde_json::{Value, json};

use super::super::super::plane::{Answer, Plane};
use super::super::run::{Running, turn_elsewhere};
use super::super::town::{app, apply, county, get, kubectl, province, ready};

/// What must outlive Yipan, with the uids: nothing was made anew either.
fn standing(plane: &Plane) -> String {
    let kinds = "namespaces,secrets,persistentvolumeclaims,resourcequotas,limitranges,networkpolicies,rolebindings,\
                 deployments,replicasets,pods,services,httproutes";
    let columns = "custom-columns=K:.kind,N:.metadata.namespace,O:.metadata.name,U:.metadata.uid";
    let listed = kubectl(plane, &["get", kinds, "-A", "-o", columns]);
    let ours = |line: &&str| !line.contains("kube-") && !line.contains("yipan-system");
    listed.lines().filter(ours).map(|line| format!("{line}\n")).collect()
}

fn refused(answer: &Answer, words: &str) {
    assert!(!answer.success && answer.err.contains(words), "{answer:?}");
}

fn policies(plane: &Plane) -> usize {
    kubectl(plane, &["get", "validatingadmissionpolicies,validatingadmissionpolicybindings", "-o", "name"])
        .lines()
        .filter(|line| line.contains("/yipan-") && !line.contains(OTHERS))
        .count()
}

/// A policy of somebody else's, by a name such as ours have.
const OTHERS: &str = "yipan-of-the-city";

fn others() -> Value {
    json!({ "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": { "name": OTHERS },
        "spec": { "validations": [{ "expression": "true" }], "matchConstraints": { "resourceRules": [
            { "apiGroups": ["city.example.cn"], "apiVersions": ["*"], "resources": ["*"], "operations": ["*"] } ] } } })
}

/// A Deployment as the chart has it; on this control plane its pod only pretends.
fn deployment() -> Value {
    json!({ "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": "yipan", "namespace": "yipan-system" },
        "spec": { "replicas": 1, "selector": { "matchLabels": { "app": "yipan" } }, "template": {
            "metadata": { "labels": { "app": "yipan" } },
            "spec": { "containers": [{ "name": "yipan", "image": "registry.example.gov.cn/yipan:1" }] } } } })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uninstall_leaves_what_runs_and_what_is_stored() {
    let _turn = turn_elsewhere();
    let plane = Plane::start(&format!("yipan-test-uninstall-{}", std::process::id())).expect("a control plane");
    let operator = Running::leading(&plane).await;
    apply(&plane, &[province(), county("liangzhou", "620602"), deployment(), others()]);
    ready(&plane, &["tenant", "liangzhou"]).await;
    apply(&plane, &[app("liangzhou", "parking"), app("liangzhou", "permits")]);
    kubectl(&plane, &["-n", "liangzhou", "create", "secret", "generic", "app--parking--key", "--from-literal=k=v"]);
    for name in ["parking", "permits"] {
        ready(&plane, &["-n", "liangzhou", "app", name]).await;
    }
    operator.settled().await;
    let before = standing(&plane);
    assert!(before.contains("app--parking--key") && before.contains("ReplicaSet"), "{before}");
    // It says what it would do, and does nothing.
    let asked = plane.yipan(&["uninstall"]);
    refused(&asked, "nothing was done; say --yes");
    assert!(asked.out.contains("2 Apps") && asked.out.contains("`first` leads"), "{asked:?}");
    // Nor does it while an operator leads that it cannot end.
    let all = policies(&plane);
    assert!(all > 10, "{all} policies and bindings");
    refused(&plane.yipan(&["uninstall", "--yes", "--timeout=2"]), "`first` still holds the Lease");
    assert_eq!(policies(&plane), all);
    let scaled = get(&plane, &["-n", "yipan-system", "deployment", "yipan"]).expect("the Deployment");
    assert_eq!(scaled["spec"]["replicas"], 0);
    operator.stop().await;
    // What others hold is named, and nothing waits for it for ever.
    let hold = json!({ "metadata": { "finalizers": ["example.com/hold"] } }).to_string();
    kubectl(&plane, &["-n", "liangzhou", "patch", "app", "permits", "--type", "merge", "-p", &hold]);
    let held = plane.yipan(&["uninstall", "--yes", "--timeout=3"]);
    refused(&held, "App liangzhou/permits is held by ");
    refused(&held, "example.com/hold");
    assert_eq!((policies(&plane), standing(&plane)), (0, before.clone()));
    let tenant = get(&plane, &["tenant", "liangzhou"]).expect("it is there until the definitions go");
    assert!(tenant["metadata"]["finalizers"].is_null(), "{tenant}");
    let release = json!({ "metadata": { "finalizers": null } }).to_string();
    kubectl(&plane, &["-n", "liangzhou", "patch", "app", "permits", "--type", "merge", "-p", &release]);
    // The way back begins where it was broken off.
    let done = plane.yipan(&["uninstall", "--yes"]);
    assert!(done.success && done.out.ends_with("done\n"), "{done:?}");
    let definitions = kubectl(&plane, &["get", "crds", "-o", "name"]);
    assert!(!definitions.contains("yipan.dev"), "{definitions}");
    let again = plane.yipan(&["uninstall", "--yes"]);
    assert!(again.success, "{again:?}");
    assert_eq!(standing(&plane), before, "all of it is as it was");
    assert!(get(&plane, &["validatingadmissionpolicy", OTHERS]).is_some(), "others' policies are not ours to delete");
    let deployment = get(&plane, &["-n", "liangzhou", "deployment", "parking"]).expect("it runs on");
    assert!(deployment["metadata"]["ownerReferences"].is_null(), "{deployment}");
}
