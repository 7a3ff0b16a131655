//! What an App's status says after a pass.

use std::sync::Arc;

use jiff::Timestamp;

use super::entry::{EntryPlan, wants_login};
use super::taken_back::suspended;
use super::{AppWorld, ValidApp};
use crate::kinds::{
    App, AppStatus, Blueprint, Condition, GatewayRef, ObservedWorkload, Paused, Platform, ServesStatus, Tenant,
    UseState, UseStatus,
};
use crate::plan::conditions::{self, Finding};
use crate::plan::pause::{self, Pauses};
use crate::plan::{Hold, Outcome, PodTrouble, Refusal, RouteFound, Stop, WorkloadFound, blueprint, metadata};

/// The status that follows from the outcome of a pass.
///
/// `valid` is there when the checks passed. What a failed pass could not learn keeps what it said;
/// conditions always speak of this generation.
pub fn status(app: &App, world: &AppWorld, valid: Option<&ValidApp>, outcome: &Outcome, now: Timestamp) -> AppStatus {
    let old = app.status.clone().unwrap_or_default();
    let mut findings = match (outcome, valid) {
        (Outcome::Refused(refusal), _) => refused(refusal, app, world),
        (Outcome::Stopped(stop), _) => stopped(stop),
        (Outcome::Done, Some(valid)) => layers(valid, world),
        (Outcome::Done, None) => Vec::new(),
    };
    findings.extend(pause::worn_out(&pauses(app, world), &old.conditions, now));
    let generation = app.metadata.generation;
    let mut conditions = conditions::dated(findings, &old.conditions, generation, now);
    if *outcome != Outcome::Done {
        // What was found of the layers before still stands, and says of which generation it speaks.
        let layer = |condition: &&Condition| LAYERS.contains(&condition.type_.as_str());
        let stands: Vec<_> = old.conditions.iter().filter(layer).cloned().collect();
        let unsaid = |layer: &Condition| conditions::find(&conditions, &layer.type_).is_none();
        let stands: Vec<_> = stands.into_iter().filter(unsaid).collect();
        conditions.extend(stands);
    }
    let Some(valid) = valid else {
        return AppStatus { observed_generation: generation, conditions, id: Some(metadata::id(app)), ..old };
    };
    AppStatus {
        observed_generation: generation,
        id: Some(valid.id.clone()),
        conditions,
        source: Some(valid.declared.source.to_string()),
        host: valid.host.clone(),
        url: valid.entry.gateway().and(valid.host.as_ref()).map(|host| format!("https://{host}")),
        hosts: valid.entry.gateway().map(|_| valid.hosts.open.clone()).unwrap_or_default(),
        workload: Some(observed(valid, world.workload.as_ref())),
        uses: uses(valid),
        serves: serves(valid),
        seat: None,
    }
}

/// Whose an App's own pause is, in [`Hold::by`].
pub const OWN_PAUSE: &str = "this App";

/// Who holds the operator's hand over an App.
pub fn hold(app: &App, world: &AppWorld, now: Timestamp) -> Option<Hold> {
    let old = app.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    pause::hold(&pauses(app, world), old, now)
}

/// Whose pauses hold the operator's hand over an App, the widest first.
fn pauses<'a>(app: &'a App, world: &'a AppWorld) -> Pauses<'a> {
    let tenant = world.tenant.as_deref();
    // An App's own pause keeps neither its address when it is going itself, nor it running when its tenant is
    // switched off, or is going.
    let over = |tenant: &Tenant| tenant.spec.suspended.is_some() || tenant.metadata.deletion_timestamp.is_some();
    let narrow = app.metadata.deletion_timestamp.is_none() && !tenant.is_some_and(over);
    let own = app.spec.paused.as_ref().filter(|_| narrow);
    // Nor does its Blueprint's pause.
    let blueprint = world.blueprint.as_deref().filter(|_| narrow).map(blueprint::pause_over_apps);
    let namespace = app.metadata.namespace.as_deref().unwrap_or_default();
    let [platform, tenant] = pauses_above(namespace, world.platform.as_deref(), tenant);
    [platform, tenant].into_iter().chain(blueprint).chain([(OWN_PAUSE.to_owned(), own)]).collect()
}

/// The pauses of whoever stands above an App.
fn pauses_above<'a>(
    namespace: &str,
    platform: Option<&'a Platform>,
    tenant: Option<&'a Tenant>,
) -> [(String, Option<&'a Paused>); 2] {
    let platform = platform.and_then(|platform| platform.spec.paused.as_ref());
    let tenant = tenant.and_then(|tenant| tenant.spec.paused.as_ref());
    [("the platform".to_owned(), platform), (format!("tenant {namespace}"), tenant)]
}

/// Whoever stands above an App.
#[derive(Debug, Clone, Default)]
pub struct Above {
    /// The Platform.
    pub platform: Option<Arc<Platform>>,
    /// Its tenant.
    pub tenant: Option<Arc<Tenant>>,
    /// Its Blueprint.
    pub blueprint: Option<Arc<Blueprint>>,
}

/// Who holds the operator's hand over an App that cannot be read.
pub fn hold_unread(namespace: &str, Above { platform, tenant, blueprint }: &Above, now: Timestamp) -> Option<Hold> {
    let above = pauses_above(namespace, platform.as_deref(), tenant.as_deref()).into_iter();
    pause::hold(&above.chain(blueprint.as_deref().map(blueprint::pause_over_apps)).collect(), &[], now)
}

/// The status while somebody holds the operator's hand: what it was, and that it is paused.
pub fn held(app: &App, hold: &Hold, now: Timestamp) -> AppStatus {
    let old = app.status.clone().unwrap_or_default();
    let conditions = pause::held(hold, &old.conditions, app.metadata.generation, now);
    AppStatus { conditions, ..old }
}

/// The condition of each layer.
const LAYERS: [&str; 5] = ["WorkloadReady", "EntryReady", "IdentityReady", "DataReady", "NetworkReady"];

/// The layers of an App, in the order in which a request passes through what it depends on.
fn layers(app: &ValidApp, world: &AppWorld) -> Vec<Finding> {
    let mut findings =
        vec![workload(app, world.workload.as_ref()), entry(app, world), identity(app), data(app), network(app)];
    let ready = match &app.suspended {
        Some(suspended) => Finding::no("Ready", "Suspended", suspended.reason.to_string()),
        None => conditions::ready(&findings),
    };
    findings.push(ready);
    if let Some(suspended) = &app.suspended {
        findings.push(Finding::yes("Suspended", "Suspended", suspended.reason.to_string()));
    }
    findings
}

fn workload(app: &ValidApp, found: Option<&WorkloadFound>) -> Finding {
    const LAYER: &str = "WorkloadReady";
    let waiting = |message: String| Finding::no(LAYER, "Progressing", message);
    if app.suspended.is_some() {
        return stopping(found);
    }
    let Some(found) = found else { return waiting("the workload is being created".to_owned()) };
    if app.workload().schedule.is_some() {
        return Finding::yes(LAYER, "Scheduled", "");
    }
    let wanted = app.replicas();
    if found.observed && found.available >= wanted && found.updated >= wanted {
        return Finding::yes(LAYER, "Available", "");
    }
    if let Some(failure) = &found.failure {
        return refused_pods(found.available, wanted, failure);
    }
    if let Some(trouble) = &found.trouble {
        return Finding::no(LAYER, trouble_reason(trouble), trouble_message(trouble));
    }
    if !found.observed {
        return waiting("the change is being rolled out".to_owned());
    }
    waiting(format!("{} of {wanted} pods are ready", found.available.min(found.updated)))
}

/// The workload of an App that is switched off.
fn stopping(found: Option<&WorkloadFound>) -> Finding {
    const LAYER: &str = "WorkloadReady";
    match found.map_or(0, |found| found.jobs) {
        0 => Finding::yes(LAYER, "Suspended", ""),
        jobs => Finding::no(LAYER, "Stopping", format!("jobs that had begun still run: {jobs}; no further ones begin")),
    }
}

/// Why the API server lets no further pod be made, and what a person can do about it.
fn refused_pods(available: i32, wanted: i32, failure: &str) -> Finding {
    const LAYER: &str = "WorkloadReady";
    if !failure.contains("exceeded quota") {
        return Finding::no(LAYER, "PodsRefused", failure);
    }
    let message = format!(
        "{available} of {wanted} pods are ready and the quota has no room for more; lower spec.workload.replicas or spec.workload.resources, or ask the province for more ({failure})"
    );
    Finding::no(LAYER, "QuotaExceeded", message)
}

/// Kubernetes' words for a pod's trouble in ours, which are fewer and stay.
fn trouble_reason(trouble: &PodTrouble) -> &'static str {
    match trouble.reason.as_str() {
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" => "ImageNotPulled",
        "CrashLoopBackOff" => "Crashing",
        "CreateContainerConfigError" if trouble.message.contains("run as root") => "ImageRunsAsRoot",
        "CreateContainerConfigError" if trouble.message.contains("non-numeric user") => "ImageRunsAsRoot",
        "CreateContainerConfigError" if trouble.message.to_ascii_lowercase().contains("secret") => "SecretMissing",
        "Unschedulable" => "NoRoomOnNodes",
        _ => "PodNotStarting",
    }
}

/// What a person can do about a pod's trouble, and Kubernetes' own sentence.
fn trouble_message(trouble: &PodTrouble) -> String {
    let way_out = match trouble_reason(trouble) {
        "ImageNotPulled" => "check spec.workload.image and that the registry holds it",
        "Crashing" => "the container ends by itself; read its logs",
        "ImageRunsAsRoot" => "build the image with a numeric USER other than 0, or set spec.workload.runAsUser",
        "SecretMissing" => "create the Secret app--<app>--<part> with the key that spec.workload.env names",
        "NoRoomOnNodes" => "no node has room for it; tell the platform's administrator",
        _ => "see the pod's events",
    };
    format!("{way_out} ({}: {})", trouble.reason, trouble.message)
}

fn entry(app: &ValidApp, world: &AppWorld) -> Finding {
    const LAYER: &str = "EntryReady";
    let gateway = match &app.entry {
        EntryPlan::NotRequested => return Finding::not_requested(LAYER),
        EntryPlan::Closed { message } => return Finding::no(LAYER, "NotConfigured", message.clone()),
        EntryPlan::Open(gateway) => &gateway.gateway,
    };
    let answered = route(gateway, "the route", world.route.as_ref());
    if answered.reason == "RouteRefused" {
        return answered;
    }
    // Before what only takes time: here somebody has to act.
    if let Some(missing) = &app.hosts.missing {
        return Finding::no(LAYER, "HostNotGiven", missing.clone());
    }
    match app.hosts.open.is_empty() || answered.status != "True" {
        true => answered,
        false => route(gateway, "the route of spec.entry.hosts", world.hosts_route.as_ref()),
    }
}

/// What the gateway says of a route.
fn route(gateway: &GatewayRef, what: &str, found: Option<&RouteFound>) -> Finding {
    const LAYER: &str = "EntryReady";
    match found.and_then(|route| route.accepted) {
        Some(true) => Finding::yes(LAYER, "Routed", ""),
        Some(false) => {
            let says = found.map(|route| route.message.clone()).unwrap_or_default();
            Finding::no(
                LAYER,
                "RouteRefused",
                format!("gateway {}/{} refuses {what}: {says}", gateway.namespace, gateway.name),
            )
        }
        None => {
            let message = format!("gateway {}/{} has not answered for {what} yet", gateway.namespace, gateway.name);
            Finding::no(LAYER, "RoutePending", message)
        }
    }
}

fn identity(app: &ValidApp) -> Finding {
    const LAYER: &str = "IdentityReady";
    if wants_login(&app.declared) {
        return Finding::no(
            LAYER,
            "NotConfigured",
            "this version of Yipan has no identity provider; nobody is let in without login meanwhile",
        );
    }
    Finding::not_requested(LAYER)
}

fn data(app: &ValidApp) -> Finding {
    const LAYER: &str = "DataReady";
    match app.declared.data.as_ref().and_then(|data| data.database.as_ref()) {
        None => Finding::not_requested(LAYER),
        Some(_) => {
            Finding::no(LAYER, "NotConfigured", "this version of Yipan has no databases; leave spec.data out, or wait")
        }
    }
}

/// True when every use is granted and every way out given. A served App that does not call yet is no
/// fault of this one.
fn network(app: &ValidApp) -> Finding {
    const LAYER: &str = "NetworkReady";
    let (connections, ways_out) = (&app.connections, &app.ways_out);
    if let Some(missing) = connections.uses.iter().find_map(|used| used.missing.as_ref()) {
        return Finding::no(LAYER, "ConsentPending", missing.clone());
    }
    if let Some(missing) = &ways_out.missing {
        return Finding::no(LAYER, "EgressNotGiven", missing.clone());
    }
    if connections.uses.is_empty() && connections.serves.is_empty() && ways_out.open.is_empty() {
        return Finding::not_requested(LAYER);
    }
    Finding::yes(LAYER, "Granted", "")
}

/// A refusal changes nothing of what runs, and a suspension is done all the same.
fn refused(refusal: &Refusal, app: &App, world: &AppWorld) -> Vec<Finding> {
    let ready = Finding::no("Ready", refusal.reason(), refusal.to_string());
    let suspended = suspended(app, world.tenant.as_deref());
    let off = suspended.map(|suspended| switched_off(&suspended.reason, world.workload.as_ref()));
    off.into_iter().flatten().chain([ready]).collect()
}

/// What is said of an App that was switched off and comes no further.
pub fn switched_off(why: &str, found: Option<&WorkloadFound>) -> Vec<Finding> {
    vec![stopping(found), Finding::yes("Suspended", "Suspended", why)]
}

fn stopped(stop: &Stop) -> Vec<Finding> {
    vec![Finding { type_: "Ready", status: stop.status, reason: stop.reason, message: stop.message.clone() }]
}

fn observed(app: &ValidApp, found: Option<&WorkloadFound>) -> ObservedWorkload {
    ObservedWorkload {
        namespace: app.place.tenant.to_string(),
        name: app.name().to_owned(),
        ready: found.map_or(0, |found| found.available),
        replicas: app.replicas(),
        image: app.workload().image.to_string(),
    }
}

fn state(missing: &Option<String>) -> UseState {
    if missing.is_none() { UseState::Granted } else { UseState::Pending }
}

fn uses(app: &ValidApp) -> Vec<UseStatus> {
    let one = |used: &super::Used| UseStatus {
        name: used.uses.name.to_string(),
        state: state(&used.missing),
        reason: used.missing.clone(),
    };
    app.connections.uses.iter().map(one).collect()
}

fn serves(app: &ValidApp) -> Vec<ServesStatus> {
    let one = |served: &super::Served| ServesStatus {
        grantee: format!("{}:{}", served.to, served.port),
        state: state(&served.missing),
        missing: served.missing.clone(),
    };
    app.connections.serves.iter().map(one).collect()
}
