//! What an App's status says after a pass.

use std::sync::Arc;

use jiff::Timestamp;
use kube::ResourceExt;

use super::entry::{EntryPlan, wants_login};
use super::seat::is_shared;
use super::taken_back::suspended;
use super::{AppWorld, Seat, ValidApp, run_status};
use crate::kinds::{App, AppStatus, Blueprint, Condition, GatewayRef, ObservedWorkload, Paused, Platform, Tenant};
use crate::plan::conditions::{self, Finding};
use crate::plan::pause::{self, Pauses};
use crate::plan::{Hold, Outcome, Refusal, RouteFound, Stop, WorkloadFound, blueprint, metadata};

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
        uses: run_status::uses(&valid.connections),
        serves: run_status::serves(&valid.connections),
        seat: valid.seat.as_ref().map(seat_status),
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
    let owner = world.of_blueprint.owner.as_deref().filter(|_| is_shared(world.blueprint.as_deref()));
    // A seat's route lies in the owner's namespace.
    let owner = owner.map(|owner| (format!("tenant {}", owner.name_any()), owner.spec.paused.as_ref()));
    [platform, tenant].into_iter().chain(owner).chain(blueprint).chain([(OWN_PAUSE.to_owned(), own)]).collect()
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
    let (running, found) = (app.running(), world.workload.as_ref());
    let (workload, network) = match (&running, &app.seat) {
        (Some(run), _) => (run_status::workload(run, found), run_status::network(run)),
        (None, Some(seat)) => (seat_at_work(app, seat, found), Finding::not_requested("NetworkReady")),
        (None, None) => (Finding::not_requested("WorkloadReady"), Finding::not_requested("NetworkReady")),
    };
    let mut findings = vec![workload, entry(app, world), identity(app), data(app), network];
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
    if wants_login(app.declared.identity.as_ref()) {
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
            let leave_out = app.declared.source.to("leave spec.data out");
            Finding::no(LAYER, "NotConfigured", format!("this version of Yipan has no databases; {leave_out}, or wait"))
        }
    }
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
    vec![run_status::stopping(found), Finding::yes("Suspended", "Suspended", why)]
}

fn stopped(stop: &Stop) -> Vec<Finding> {
    vec![Finding { type_: "Ready", status: stop.status, reason: stop.reason, message: stop.message.clone() }]
}

/// What runs for an App. Of a seat's only where it is: how many pods are ready changes for a thousand seats
/// at once, and the Blueprint's status says it.
fn observed(app: &ValidApp, found: Option<&WorkloadFound>) -> ObservedWorkload {
    if let Some(seat) = &app.seat {
        return ObservedWorkload {
            namespace: seat.owner.to_string(),
            name: metadata::shared_name(&seat.blueprint),
            ..Default::default()
        };
    }
    ObservedWorkload {
        namespace: app.place.tenant.to_string(),
        name: app.name().to_owned(),
        ready: Some(found.map_or(0, |found| found.available)),
        replicas: app.running().map(|run| run.replicas()),
        image: Some(app.workload().image.to_string()),
    }
}

fn seat_status(seat: &Seat) -> crate::kinds::Seat {
    crate::kinds::Seat {
        owner: seat.owner.to_string(),
        division: seat.division.clone(),
        quota_of: seat.owner.to_string(),
        share: Some(seat.share()),
    }
}

/// Whether anybody serves a seat's visitors. One pod is enough to, so a rollout that goes pod by pod is no
/// news for a thousand seats.
fn seat_at_work(app: &ValidApp, seat: &Seat, found: Option<&WorkloadFound>) -> Finding {
    const LAYER: &str = "WorkloadReady";
    let (blueprint, owner) = (&seat.blueprint, &seat.owner);
    if app.suspended.is_some() {
        return Finding::yes(LAYER, "Suspended", "");
    }
    if let Some(suspended) = &seat.owner_suspended {
        let why = &suspended.reason;
        let message = format!("tenant {owner}, which runs blueprint {blueprint} for all, is suspended: {why}");
        return Finding::no(LAYER, "OwnerSuspended", message);
    }
    if app.workload().schedule.is_some() && found.is_some() {
        return Finding::yes(LAYER, "Scheduled", "");
    }
    if found.is_some_and(|found| found.available > 0) {
        return Finding::yes(LAYER, "Available", "");
    }
    let message = format!(
        "blueprint {blueprint}, which tenant {owner} runs for all, serves nobody at present; ask the administrators of tenant {owner}"
    );
    Finding::no(LAYER, "OwnerNotReady", message)
}
