//! What a tenant's status says after a pass.

use jiff::Timestamp;

use super::{TenantWorld, ValidTenant, hosts};
use crate::kinds::{Condition, Granted, Tenant, TenantStatus};
use crate::plan::conditions::{self, Finding};
use crate::plan::pause::{self, Pauses};
use crate::plan::quota::Figures;
use crate::plan::{Hold, Outcome, Refusal, Stop, metadata};

/// The status that follows from the outcome of a pass.
///
/// `valid` is there when the checks passed. Fields that a failed pass could not learn keep what
/// they said; conditions always speak of this generation.
pub fn status(
    tenant: &Tenant,
    world: &TenantWorld,
    valid: Option<&ValidTenant>,
    outcome: &Outcome,
    now: Timestamp,
) -> TenantStatus {
    let old = tenant.status.clone().unwrap_or_default();
    let generation = tenant.metadata.generation;
    let standing = valid.map(|valid| valid.standing.clone());
    let fenced = match outcome {
        Outcome::Done => true,
        Outcome::Refused(refusal) => refusal.concerns_quota(),
        Outcome::Stopped(_) => false,
    };
    let (granted, allocations, reserved) = match standing {
        Some(standing) => (Some(standing.granted), standing.allocations, Some(standing.reserved)),
        None => (old.granted, old.allocations, old.reserved),
    };
    let worn_out = pause::worn_out(&pauses(tenant, world), &old.conditions, now);
    // Its Apps are switched off by its word alone, whatever else becomes of it.
    let suspended = tenant.spec.suspended.as_ref();
    let suspended = suspended.map(|suspended| Finding::yes("Suspended", "Suspended", suspended.reason.to_string()));
    let findings = findings(world, valid, outcome, &old.conditions);
    let findings = findings.into_iter().chain(suspended).chain(worn_out).collect();
    TenantStatus {
        observed_generation: generation,
        id: Some(metadata::id(tenant)),
        conditions: conditions::dated(findings, &old.conditions, generation, now),
        namespace: valid.filter(|_| fenced).map(|valid| valid.name.clone()).or(old.namespace),
        granted,
        allocations,
        reserved,
        children: count(&world.children),
        apps: count(&world.apps),
    }
}

/// The status with what was granted and given brought up to date, and nothing else: what has to be
/// recorded before the ResourceQuota may say more than before. None: nothing has to.
///
/// A ResourceQuota that is made anew needs no such record: whoever else decides on the tenant
/// writes it before its own record too.
pub fn recorded_first(tenant: &Tenant, world: &TenantWorld, valid: &ValidTenant) -> Option<TenantStatus> {
    let old = tenant.status.clone().unwrap_or_default();
    let standing = &valid.standing;
    let recorded = old.granted.as_ref().map(|granted| Figures::of(&granted.own));
    let before = recorded.or(world.quota.as_ref().map(|quota| quota.hard.unwrap_or(Figures::ZERO)));
    let rises = before.is_some_and(|before| Figures::of(&standing.granted.own).exceeds(before));
    rises.then(|| TenantStatus {
        granted: Some(standing.granted.clone()),
        allocations: standing.allocations.clone(),
        reserved: Some(standing.reserved.clone()),
        ..old
    })
}

fn count(names: &[String]) -> Option<i64> {
    i64::try_from(names.len()).ok()
}

fn findings(world: &TenantWorld, valid: Option<&ValidTenant>, outcome: &Outcome, old: &[Condition]) -> Vec<Finding> {
    let accepted = Finding::yes("Accepted", "Accepted", "");
    let mut findings = match (outcome, valid) {
        // What it lacks stands under Granted; all else was done.
        (Outcome::Refused(refusal), Some(valid)) if refusal.concerns_quota() => {
            vec![accepted, granted(valid), Finding::yes("Fenced", "Fenced", "")]
        }
        (Outcome::Refused(refusal), _) => return refused(refusal, old),
        (Outcome::Done, Some(valid)) => vec![accepted, granted(valid), Finding::yes("Fenced", "Fenced", "")],
        (Outcome::Stopped(stop), Some(valid)) => vec![accepted, granted(valid), stopped("Fenced", stop)],
        (Outcome::Stopped(stop), None) => vec![stopped("Accepted", stop)],
        (Outcome::Done, None) => Vec::new(),
    };
    findings.extend(valid.and_then(|valid| hosts::finding(valid, world)).filter(|_| *outcome == Outcome::Done));
    findings.push(conditions::ready(&findings));
    findings
}

/// What was granted, or why it is not what was asked.
fn granted(valid: &ValidTenant) -> Finding {
    match &valid.standing.lacks {
        None => Finding::yes("Granted", "Granted", figures(&valid.standing.granted)),
        Some(lacks) => Finding::no("Granted", lacks.reason(), lacks.to_string()),
    }
}

/// A refusal removes nothing, so a fence that stood before still stands, unless it is the
/// namespace itself that is the matter.
fn refused(refusal: &Refusal, old: &[Condition]) -> Vec<Finding> {
    let (reason, message) = (refusal.reason(), refusal.to_string());
    let stood = conditions::find(old, "Fenced").is_some_and(|fenced| fenced.status == "True");
    let fence = (stood && !refusal.concerns_namespace()).then(|| Finding::yes("Fenced", "Fenced", ""));
    let ready = Finding::no("Ready", reason, message.clone());
    let verdict = if refusal.concerns_quota() {
        vec![Finding::yes("Accepted", "Accepted", ""), Finding::no("Granted", reason, message), ready]
    } else {
        vec![Finding::no("Accepted", reason, message), ready]
    };
    verdict.into_iter().chain(fence).collect()
}

fn stopped(type_: &'static str, stop: &Stop) -> Finding {
    Finding { type_, status: stop.status, reason: stop.reason, message: stop.message.clone() }
}

/// What was granted to the namespace itself, for people.
fn figures(granted: &Granted) -> String {
    let own = &granted.own;
    let amount = |quantity: &Option<crate::kinds::Quantity>| quantity.clone().map_or_else(String::new, String::from);
    format!(
        "{} CPU, {} memory, {} storage, {} apps for itself",
        amount(&own.cpu),
        amount(&own.memory),
        amount(&own.storage),
        own.apps.unwrap_or(0)
    )
}

/// Who holds the operator's hand over a tenant.
pub fn hold(tenant: &Tenant, world: &TenantWorld, now: Timestamp) -> Option<Hold> {
    let old = tenant.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    pause::hold(&pauses(tenant, world), old, now)
}

/// Whose pauses hold the operator's hand over a tenant, the widest first.
fn pauses<'a>(tenant: &'a Tenant, world: &'a TenantWorld) -> Pauses<'a> {
    let platform = world.platform.as_ref().and_then(|platform| platform.spec.paused.as_ref());
    vec![("the platform".to_owned(), platform), ("this tenant".to_owned(), tenant.spec.paused.as_ref())]
}

/// The status while somebody holds the operator's hand: what it was, and that it is paused.
pub fn held(tenant: &Tenant, hold: &Hold, now: Timestamp) -> TenantStatus {
    let old = tenant.status.clone().unwrap_or_default();
    let conditions = pause::held(hold, &old.conditions, tenant.metadata.generation, now);
    TenantStatus { conditions, ..old }
}

/// Whether the last pass declined this very generation of the tenant.
pub fn is_refused(tenant: &Tenant) -> bool {
    let accepted = condition(tenant, "Accepted");
    accepted.is_some_and(|accepted| {
        accepted.status == "False" && accepted.observed_generation == tenant.metadata.generation
    })
}

/// Whether the fence stands, as far as is known. While nobody can tell, what stood once still
/// stands: a namespace is named in the status only after the whole of its fence was written.
pub fn is_fenced(tenant: &Tenant) -> bool {
    let stood = tenant.status.as_ref().is_some_and(|status| status.namespace.is_some());
    condition(tenant, "Fenced").is_some_and(|fenced| fenced.status == "True" || (fenced.status == "Unknown" && stood))
}

/// Whether the tenant's checks passed when it was last looked at.
pub fn is_accepted(tenant: &Tenant) -> bool {
    condition(tenant, "Accepted").is_some_and(|accepted| accepted.status == "True")
}

fn condition<'a>(tenant: &'a Tenant, type_: &str) -> Option<&'a Condition> {
    conditions::find(&tenant.status.as_ref()?.conditions, type_)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::TenantSpec;

    /// A tenant whose status says this of its fence, and that it has a namespace or not.
    fn tenant(fenced: &str, namespace: Option<&str>) -> Tenant {
        let spec: TenantSpec = serde_json::from_value(serde_json::json!({
            "displayName": "凉州区", "level": "County", "division": "620602", "parent": "wuwei",
        }))
        .unwrap();
        let finding = Finding { type_: "Fenced", status: "True", reason: "Fenced", message: String::new() };
        let mut conditions = conditions::dated(vec![finding], &[], None, Timestamp::UNIX_EPOCH);
        conditions[0].status = fenced.to_owned();
        let namespace = namespace.map(str::to_owned);
        let status = TenantStatus { conditions, namespace, ..Default::default() };
        Tenant { status: Some(status), ..Tenant::new("liangzhou", spec) }
    }

    #[test]
    fn a_fence_that_never_stood_holds_its_apps_back() {
        assert!(is_fenced(&tenant("True", Some("liangzhou"))));
        assert!(is_fenced(&tenant("Unknown", Some("liangzhou"))), "it stood, and nobody can tell now");
        assert!(!is_fenced(&tenant("Unknown", None)), "the first pass broke off before the fence");
        assert!(!is_fenced(&tenant("False", Some("liangzhou"))));
    }
}
