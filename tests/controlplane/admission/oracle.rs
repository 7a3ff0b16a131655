//! What should stop whom, in a few rules of its own. It has not read the policies.

use super::people::Who;
use super::table::{Deed, Question};

/// What Kubernetes itself can run, open, bind or bound in a namespace.
const FENCED: [&str; 12] = [
    "",
    "apps",
    "autoscaling",
    "batch",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "gateway.envoyproxy.io",
    "gateway.networking.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
];
/// Groups whose statuses are reports of parts that nobody can name.
const REPORTS: [&str; 2] = ["gateway.networking.k8s.io", "resource.k8s.io"];

/// The policies one of which should stop it; none: it should be done, or its rights are wanting.
pub fn stoppers(question: &Question) -> Vec<&'static str> {
    let rules: [fn(&Question) -> Option<&'static str>; 9] =
        [app, fence, metadata, namespaces, operator, rights, secrets, tenants, unread];
    rules.iter().filter_map(|rule| rule(question)).collect()
}

/// Neither the operator nor a part of the cluster, and not come to repair.
fn people(who: Who) -> bool {
    outsiders(who) && who != Who::Kubelet
}

/// The same, and nodes: what runs in a tenant's pods is theirs to write, and nothing else is.
fn outsiders(who: Who) -> bool {
    who != Who::Operator && !repairs(who) && !controls(who)
}

/// The cluster's controllers.
fn controls(who: Who) -> bool {
    who.is_cluster() && who != Who::Kubelet
}

/// Whoever holds the verb.
fn repairs(who: Who) -> bool {
    matches!(who, Who::Rescuer | Who::BreakGlass)
}

fn app(question: &Question) -> Option<&'static str> {
    let creates = matches!(question.deed, Deed::Create | Deed::ApplyNew);
    (question.is("apps.yipan.dev", "") && creates && !question.of_a_tenant).then_some("yipan-app")
}

fn fence(question: &Question) -> Option<&'static str> {
    let on = &question.on;
    let told = ["events", "secrets"].contains(&on.resource.as_str()) && on.group.is_empty();
    let life = question.is("pods", "eviction")
        || question.is("pods", "status")
        || question.is("persistentvolumeclaims", "status")
        || (REPORTS.contains(&on.group.as_str()) && on.below == "status");
    let fenced = on.namespaced && FENCED.contains(&on.group.as_str()) && !told && !life;
    (fenced && question.of_a_tenant && people(question.who)).then_some("yipan-fence")
}

fn metadata(question: &Question) -> Option<&'static str> {
    let ours = question.on.group == "yipan.dev";
    let wrong = question.on.below == "status" || question.deed == Deed::Orphan;
    (ours && wrong && outsiders(question.who)).then_some("yipan-metadata")
}

fn namespaces(question: &Question) -> Option<&'static str> {
    let deletes = question.is("namespaces", "") && question.deed.deletes();
    let exempt = question.who == Who::Operator || repairs(question.who);
    (deletes && question.of_a_tenant && !exempt).then_some("yipan-namespaces")
}

fn operator(question: &Question) -> Option<&'static str> {
    let strays = question.on.resource == "namespaces"
        || (question.on.namespaced && question.on.group != "yipan.dev" && question.on.resource != "events");
    // The sample of a namespace has no label.
    let anew = question.on.resource == "namespaces" && matches!(question.deed, Deed::Create | Deed::ApplyNew);
    (strays && (anew || !question.of_a_tenant) && question.who == Who::Operator).then_some("yipan-operator")
}

fn rights(question: &Question) -> Option<&'static str> {
    let everywhere = question.is("clusterrolebindings.rbac.authorization.k8s.io", "");
    let here = question.is("rolebindings.rbac.authorization.k8s.io", "") && !question.of_a_tenant;
    let binds = (everywhere || here) && !question.deed.deletes();
    (binds && !repairs(question.who)).then_some("yipan-rights")
}

fn secrets(question: &Question) -> Option<&'static str> {
    let plain = matches!(question.deed, Deed::Create | Deed::ApplyNew) || question.deed.deletes();
    (question.is("secrets", "") && !plain && question.of_a_tenant && outsiders(question.who)).then_some("yipan-secrets")
}

/// The sample is protected, as every tenant is of which nothing else is said.
fn tenants(question: &Question) -> Option<&'static str> {
    let deletes = question.is("tenants.yipan.dev", "") && question.deed.deletes();
    (deletes && question.who != Who::Operator && !repairs(question.who)).then_some("yipan-tenants")
}

/// Whoever repairs is not exempt: it would be reading.
fn unread(question: &Question) -> Option<&'static str> {
    let answers = matches!(question.deed, Deed::Foreground | Deed::Orphan | Deed::DeleteAll);
    (question.is("secrets", "") && answers && question.of_a_tenant && !controls(question.who)).then_some("yipan-unread")
}
