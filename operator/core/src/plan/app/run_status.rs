//! What is said of what runs and of its connections, be it an App's or a Blueprint's.

use super::Running;
use super::connections::{Connections, Served, Used};
use super::source::Source;
use crate::kinds::{ServesStatus, UseState, UseStatus};
use crate::plan::conditions::Finding;
use crate::plan::{PodTrouble, WorkloadFound};

/// How far what runs has come.
pub fn workload(run: &Running, found: Option<&WorkloadFound>) -> Finding {
    const LAYER: &str = "WorkloadReady";
    let waiting = |message: String| Finding::no(LAYER, "Progressing", message);
    if run.suspended.is_some() {
        return stopping(found);
    }
    let Some(found) = found else { return waiting("the workload is being created".to_owned()) };
    if run.workload.schedule.is_some() {
        return Finding::yes(LAYER, "Scheduled", "");
    }
    let wanted = run.replicas();
    if found.observed && found.available >= wanted && found.updated >= wanted {
        return Finding::yes(LAYER, "Available", "");
    }
    if let Some(failure) = &found.failure {
        return refused_pods(run, found.available, failure);
    }
    if let Some(trouble) = &found.trouble {
        return Finding::no(LAYER, trouble_reason(trouble), trouble_message(&run.source, trouble));
    }
    if !found.observed {
        return waiting("the change is being rolled out".to_owned());
    }
    waiting(format!("{} of {wanted} pods are ready", found.available.min(found.updated)))
}

/// The workload of what is switched off.
pub fn stopping(found: Option<&WorkloadFound>) -> Finding {
    const LAYER: &str = "WorkloadReady";
    match found.map_or(0, |found| found.jobs) {
        0 => Finding::yes(LAYER, "Suspended", ""),
        jobs => Finding::no(LAYER, "Stopping", format!("jobs that had begun still run: {jobs}; no further ones begin")),
    }
}

/// Why the API server lets no further pod be made, and what a person can do about it.
fn refused_pods(run: &Running, available: i32, failure: &str) -> Finding {
    const LAYER: &str = "WorkloadReady";
    if !failure.contains("exceeded quota") {
        return Finding::no(LAYER, "PodsRefused", failure);
    }
    let (wanted, fit) = (run.replicas(), run.source.to_fit("spec.workload.replicas or spec.workload.resources"));
    let message =
        format!("{available} of {wanted} pods are ready and the quota has no room for more; {fit} ({failure})");
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
fn trouble_message(source: &Source, trouble: &PodTrouble) -> String {
    let way_out = match trouble_reason(trouble) {
        "ImageNotPulled" => source.to("check spec.workload.image and that the registry holds it"),
        "Crashing" => "the container ends by itself; read its logs".to_owned(),
        "ImageRunsAsRoot" => match source.blueprint() {
            None => "build the image with a numeric USER other than 0, or set spec.workload.runAsUser".to_owned(),
            Some(_) => source.to("set spec.workload.runAsUser"),
        },
        "SecretMissing" => secret(source),
        "NoRoomOnNodes" => "no node has room for it; tell the platform's administrator".to_owned(),
        _ => "see the pod's events".to_owned(),
    };
    format!("{way_out} ({}: {})", trouble.reason, trouble.message)
}

/// Which Secret to create: of a Blueprint's App it is named by the App, or by the Blueprint for all of them.
fn secret(source: &Source) -> String {
    let names = match source.blueprint() {
        None => "spec.workload.env names".to_owned(),
        Some(blueprint) => format!("spec.parameters or blueprint {blueprint} names"),
    };
    format!("create the Secret app--<app>--<part> with the key that {names}")
}

/// True when every use is granted and every way out given. A served App that does not call yet is no
/// fault of this one.
pub fn network(run: &Running) -> Finding {
    const LAYER: &str = "NetworkReady";
    let (connections, ways_out) = (&run.connections, &run.ways_out);
    if let Some(missing) = connections.uses.iter().find_map(|used| used.missing.as_ref()) {
        return Finding::no(LAYER, "ConsentPending", missing.clone());
    }
    if let Some(missing) = &ways_out.missing {
        let take_out = run.source.to("take it out of spec.network.egress");
        return Finding::no(LAYER, "EgressNotGiven", format!("{missing}, or {take_out}"));
    }
    if connections.uses.is_empty() && connections.serves.is_empty() && ways_out.open.is_empty() {
        return Finding::not_requested(LAYER);
    }
    Finding::yes(LAYER, "Granted", "")
}

fn state(missing: &Option<String>) -> UseState {
    if missing.is_none() { UseState::Granted } else { UseState::Pending }
}

/// Each use and the state of its other half.
pub fn uses(connections: &Connections) -> Vec<UseStatus> {
    let one = |used: &Used| UseStatus {
        name: used.uses.name.to_string(),
        state: state(&used.missing),
        reason: used.missing.clone(),
    };
    connections.uses.iter().map(one).collect()
}

/// Each that is served and the state of its other half.
pub fn serves(connections: &Connections) -> Vec<ServesStatus> {
    let one = |served: &Served| ServesStatus {
        grantee: format!("{}:{}", served.to, served.port),
        state: state(&served.missing),
        missing: served.missing.clone(),
    };
    connections.serves.iter().map(one).collect()
}
