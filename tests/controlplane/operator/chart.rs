//! The chart in a cluster: helm installs, upgrades, rolls back and uninstalls it, while an operator works
//! under the account that it brings. No pod of the Deployment does: nodes are fake here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::super::plane::{Answer, Plane, chart, eventually};
use super::run::{Process, Running, SOON, turn_elsewhere};
use super::town::{app, apply, county, get, kubectl, province, ready};

const IMAGE: &str = "image.repository=registry.example.gov.cn/platform/yipan";

/// Runs helm on the release.
fn try_helm(plane: &Plane, verb: &str, arguments: &[&str]) -> Answer {
    plane.helm(&[&[verb, "yipan", "-n", "yipan-system", "--timeout", "120s"], arguments].concat())
}

fn helm(plane: &Plane, verb: &str, arguments: &[&str]) {
    let answer = try_helm(plane, verb, arguments);
    assert!(answer.success, "helm {verb}: {}", answer.err);
}

/// The chart as a later release has it. It goes with the test.
struct Later(PathBuf);

impl Later {
    fn new() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("later-{}", std::process::id()));
        let copied = Command::new("cp").arg("-r").arg(chart()).arg(&folder).status().expect("cp");
        assert!(copied.success());
        Self(folder)
    }

    /// Changes a file of it, in one place.
    fn change(&self, file: &str, from: &str, to: &str) {
        let file = self.0.join(file);
        let text = fs::read_to_string(&file).expect("a file of the chart");
        assert!(text.contains(from), "{} no longer has {from}", file.display());
        fs::write(&file, text.replacen(from, to, 1)).expect("a file of ours");
    }

    /// Upgrades to it, with another image; what is refused is taken back.
    fn upgrade(&self, plane: &Plane) -> Answer {
        let folder = self.0.display().to_string();
        let values = ["--set", IMAGE, "--set", "image.tag=later,replicas=3"];
        try_helm(plane, "upgrade", &[&[&folder[..], "--rollback-on-failure"], &values[..]].concat())
    }
}

impl Drop for Later {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// What an upgrade changes: where it is listed, its name, and words that the later release has there.
const CHANGED: [[&str; 3]; 3] = [
    ["/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "tenants.yipan.dev", "Later: "],
    ["/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies", "yipan-app", "later: "],
    ["/apis/apps/v1/namespaces/yipan-system/deployments", "yipan", "yipan:later"],
];

/// Which of these are as in the later release.
fn changed(plane: &Plane) -> [bool; 3] {
    CHANGED.map(|[path, name, words]| kubectl(plane, &["get", "--raw", &format!("{path}/{name}")]).contains(words))
}

/// By which revision of the store each was changed, of those since another one.
fn revisions(plane: &Plane, since: &str) -> [u64; 3] {
    CHANGED.map(|[path, name, words]| {
        let uri = format!("{path}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name={name}&resourceVersion={since}");
        let events = kubectl(plane, &["get", "--raw", &uri]);
        let first = events.lines().find(|event| event.contains(words)).unwrap_or_else(|| panic!("{name}: {events}"));
        let event: Value = serde_json::from_str(first).expect("an event");
        event["object"]["metadata"]["resourceVersion"].as_str().expect("a revision").parse().expect("a number")
    })
}

/// What must outlive everything here, as it is: kind, place, uid, and how often it was written.
fn standing(plane: &Plane) -> String {
    let kinds = "tenants.yipan.dev,apps.yipan.dev,blueprints.yipan.dev,platforms.yipan.dev,namespaces,secrets,\
                 resourcequotas,limitranges,\
                 networkpolicies,rolebindings,deployments,replicasets,pods,services,serviceaccounts,httproutes";
    let columns =
        "custom-columns=K:.kind,N:.metadata.namespace,O:.metadata.name,U:.metadata.uid,V:.metadata.resourceVersion";
    let listed = kubectl(plane, &["get", kinds, "-A", "-o", columns]);
    let ours = |line: &&str| !["kube-", "yipan-system"].iter().any(|other| line.contains(other));
    listed.lines().filter(ours).map(|line| format!("{line}\n")).collect()
}

/// What the release has brought.
fn brought(plane: &Plane) -> usize {
    let kinds = "crds,clusterroles,clusterrolebindings,roles,rolebindings,serviceaccounts,services,deployments,\
                 poddisruptionbudgets,validatingadmissionpolicies,validatingadmissionpolicybindings,flowschemas,\
                 prioritylevelconfigurations";
    kubectl(plane, &["get", kinds, "-A", "-l", "app.kubernetes.io/instance=yipan", "-o", "name"]).lines().count()
}

fn definitions(plane: &Plane) -> usize {
    kubectl(plane, &["get", "crds", "-o", "name"]).matches(".yipan.dev").count()
}

/// Installs the chart as install.md says.
fn install(plane: &Plane) {
    helm(plane, "install", &[&chart().display().to_string(), "--set", IMAGE]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn helm_brings_changes_and_takes_away_the_operator_and_nothing_of_the_tenants() {
    let _turn = turn_elsewhere();
    let plane = Plane::bare(&format!("yipan-test-chart-{}", std::process::id())).expect("a control plane");
    kubectl(&plane, &["create", "-f", &chart().join("namespace.yaml").display().to_string()]);
    install(&plane);
    let (all, kinds) = (brought(&plane), definitions(&plane));
    assert!(all > 50 && kinds == 4, "{all} objects, {kinds} definitions");
    // The namespace admits them: they are as restricted as Pod Security can ask.
    eventually(SOON, "both replicas have a pod", async || {
        match get(&plane, &["-n", "yipan-system", "deployment", "yipan"]).expect("the Deployment")["status"].clone() {
            status if status["readyReplicas"] == 2 => Ok(()),
            status => Err(status.to_string()),
        }
    })
    .await;
    let operator = Process::start(&plane).await;
    let platform = chart().join("../../tests/controlplane/platform.yaml").display().to_string();
    kubectl(&plane, &["apply", "-f", &platform]);
    apply(&plane, &[province(), county("jone", "623022")]);
    // On a new cluster the quota controller makes the operator wait half a minute.
    eventually(SOON * 3, "the operator leads", async || match get(&plane, &["namespace", "jone"]) {
        Some(_) => Ok(()),
        None => Err(format!("{:?}", get(&plane, &["tenant", "jone"]))),
    })
    .await;
    ready(&plane, &["tenant", "jone"]).await;
    apply(&plane, &[app("jone", "timber")]);
    ready(&plane, &["-n", "jone", "app", "timber"]).await;
    upgrades(&plane);
    ready(&plane, &["tenant", "jone"]).await;
    assert!(operator.end("-TERM").success());
    leaves(&plane, (all, kinds)).await;
}

/// Definitions change before policies and these before the operator; all of it goes back, too.
fn upgrades(plane: &Plane) {
    let later = Later::new();
    later.change("definitions/tenant.yaml", "A unit of government (", "Later: a unit of government (");
    later.change("definitions/tenant.yaml", "type: date", "type: nothing");
    later.change("policies/yipan-app.yaml", "an image of this tenant", "later: an image of this tenant");
    let refused = later.upgrade(plane);
    assert!(!refused.success && refused.err.contains("tenants.yipan.dev"), "{refused:?}");
    assert_eq!(changed(plane), [false; 3], "nothing is left of an upgrade that was refused in part");
    later.change("definitions/tenant.yaml", "type: nothing", "type: date");
    let all: Value = serde_json::from_str(&kubectl(plane, &["get", "--raw", CHANGED[2][0]])).expect("a list");
    let before = all["metadata"]["resourceVersion"].as_str().expect("the store's revision");
    let done = later.upgrade(plane);
    assert!(done.success, "{done:?}");
    let [definition, policy, deployment] = revisions(plane, before);
    assert!(definition < policy && policy < deployment, "{definition}, {policy}, {deployment}");
    let deployment = get(plane, &["-n", "yipan-system", "deployment", "yipan"]).expect("the Deployment");
    assert_eq!(deployment["spec"]["replicas"], 3);
    helm(plane, "rollback", &["1"]);
    assert_eq!(changed(plane), [false; 3]);
}

/// By helm alone the operator goes, and comes again to what it left; for good it goes by its own command.
async fn leaves(plane: &Plane, (all, kinds): (usize, usize)) {
    let before = standing(plane);
    assert!(before.contains("timber") && before.contains("ReplicaSet"), "{before}");
    helm(plane, "uninstall", &[]);
    assert_eq!((brought(plane), definitions(plane)), (kinds, kinds), "the definitions stay and nothing else");
    assert_eq!(standing(plane), before, "nothing of the tenants is touched");
    install(plane);
    assert_eq!((brought(plane), definitions(plane)), (all, kinds));
    let operator = Running::leading(plane).await;
    ready(plane, &["-n", "jone", "app", "timber"]).await;
    assert_eq!(operator.settled().await, 0, "it finds everything as it was");
    assert_eq!(standing(plane), before);
    operator.stop().await;
    let workload = get(plane, &["-n", "jone", "deployment", "timber"]).expect("it runs")["metadata"]["uid"].clone();
    let done = plane.yipan(&["uninstall", "--yes"]);
    assert!(done.success, "{done:?}");
    helm(plane, "uninstall", &[]);
    assert_eq!((brought(plane), definitions(plane)), (0, 0));
    let after = get(plane, &["-n", "jone", "deployment", "timber"]).expect("it runs on");
    assert_eq!(after["metadata"]["uid"], workload);
}
