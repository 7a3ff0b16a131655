//! What a Blueprint's status says after a pass.

use jiff::Timestamp;

use super::{BlueprintWorld, ValidBlueprint};
use crate::kinds::{Blueprint, BlueprintConnections, BlueprintStatus, BlueprintWorkload, Condition, Paused, Sharing};
use crate::plan::app::{self, Running};
use crate::plan::conditions::{self, Finding};
use crate::plan::pause::{self, Pauses};
use crate::plan::{Hold, Outcome, WorkloadFound, metadata};

const ACCEPTED: &str = "Accepted";

/// The status that follows from the outcome of a pass. `valid` is there when the checks passed.
pub fn status(
    blueprint: &Blueprint,
    world: &BlueprintWorld,
    valid: Option<&ValidBlueprint>,
    outcome: &Outcome,
    now: Timestamp,
) -> BlueprintStatus {
    let old = blueprint.status.clone().unwrap_or_default();
    let run = valid.and_then(|valid| valid.running.as_ref());
    let mut findings = findings(valid.is_some(), run, world.workload.as_ref(), outcome);
    if blueprint.metadata.deletion_timestamp.is_some() {
        let blocked = blocked(world);
        findings.retain(|finding| finding.type_ != "Ready");
        findings.push(Finding::no("Ready", "DeletionBlocked", blocked.message.clone()));
        findings.push(blocked);
    }
    findings.extend(pause::worn_out(&all_pauses(blueprint, world), &old.conditions, now));
    let generation = blueprint.metadata.generation;
    let conditions = conditions::dated(findings, &old.conditions, generation, now);
    // What was accepted last is what its Apps run, whatever has been declared since.
    let current = valid.map(|valid| valid.blueprint.spec.workload.image.to_string()).or(old.current.clone());
    BlueprintStatus {
        observed_generation: generation,
        id: Some(metadata::id(blueprint)),
        conditions,
        uses: i64::try_from(world.uses).ok(),
        current,
        workload: run.map(|run| observed(run, world.workload.as_ref())).or(old.workload),
        connections: run.map_or(old.connections, connections),
    }
}

/// A Blueprint's findings. Whatever stops a pass over one whose checks passed, it is accepted.
fn findings(valid: bool, run: Option<&Running>, found: Option<&WorkloadFound>, outcome: &Outcome) -> Vec<Finding> {
    let layers: Vec<Finding> =
        run.map(|run| vec![app::workload_finding(run, found), app::network_finding(run)]).unwrap_or_default();
    let ready = match outcome {
        Outcome::Refused(refusal) => Finding::no("Ready", refusal.reason(), refusal.to_string()),
        Outcome::Stopped(stop) => {
            Finding { type_: "Ready", status: stop.status, reason: stop.reason, message: stop.message.clone() }
        }
        Outcome::Done => match run.and_then(|run| run.suspended.as_ref()) {
            Some(suspended) => Finding::no("Ready", "OwnerSuspended", suspended.reason.to_string()),
            None => conditions::ready(&layers),
        },
    };
    let accepted = match valid {
        true => Finding::yes(ACCEPTED, "Accepted", ""),
        false => Finding { type_: ACCEPTED, ..ready.clone() },
    };
    [vec![accepted], layers, vec![ready]].concat()
}

/// What the deletion waits for. What is shared runs on until then.
fn blocked(world: &BlueprintWorld) -> Finding {
    if world.uses == 0 {
        // The next pass removes what it runs, and lets it go.
        return Finding::yes("DeletionBlocked", "NotEmpty", "deletion waits until what it runs is removed");
    }
    let (named, more) = (world.users.join(", "), world.uses.saturating_sub(world.users.len()));
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Finding::yes("DeletionBlocked", "NotEmpty", format!("deletion waits for Apps {named}{more}; delete these first"))
}

/// Where it runs, and how much of it.
fn observed(run: &Running, found: Option<&WorkloadFound>) -> BlueprintWorkload {
    BlueprintWorkload {
        namespace: run.common.namespace.clone().unwrap_or_default(),
        name: run.name.clone(),
        ready: Some(found.map_or(0, |found| found.available)),
        replicas: Some(run.replicas()),
    }
}

fn connections(run: &Running) -> Option<BlueprintConnections> {
    let (uses, serves) = (app::uses(&run.connections), app::serves(&run.connections));
    (!uses.is_empty() || !serves.is_empty()).then_some(BlueprintConnections { uses, serves })
}

/// Who holds the operator's hand over a Blueprint.
pub fn hold(blueprint: &Blueprint, world: &BlueprintWorld, now: Timestamp) -> Option<Hold> {
    pause::hold(&all_pauses(blueprint, world), conditions(blueprint), now)
}

/// The status while somebody holds the operator's hand: what it was, and that it is paused. How many Apps
/// name it is counted all the same, for whoever would delete it.
pub fn held(blueprint: &Blueprint, world: &BlueprintWorld, hold: &Hold, now: Timestamp) -> BlueprintStatus {
    let old = blueprint.status.clone().unwrap_or_default();
    let conditions = pause::held(hold, &old.conditions, blueprint.metadata.generation, now);
    BlueprintStatus { conditions, uses: i64::try_from(world.uses).ok(), ..old }
}

/// A Blueprint's pause, as it concerns its Apps.
pub fn pause_over_apps(blueprint: &Blueprint) -> (String, Option<&Paused>) {
    let name = blueprint.metadata.name.as_deref().unwrap_or_default();
    (format!("blueprint {name}"), blueprint.spec.paused.as_ref())
}

/// Whose pauses hold the operator's hand over a Blueprint, the widest first.
fn all_pauses<'a>(blueprint: &'a Blueprint, world: &'a BlueprintWorld) -> Pauses<'a> {
    let platform = world.platform.as_ref().and_then(|platform| platform.spec.paused.as_ref());
    // What is shared runs in the owner's namespace.
    let owner = world.owner.as_ref().filter(|_| blueprint.spec.sharing == Sharing::Shared);
    let owner = owner.and_then(|owner| owner.spec.paused.as_ref());
    vec![
        ("the platform".to_owned(), platform),
        (format!("tenant {}", blueprint.spec.owner), owner),
        ("this Blueprint".to_owned(), blueprint.spec.paused.as_ref()),
    ]
}

fn conditions(blueprint: &Blueprint) -> &[Condition] {
    blueprint.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default()
}
