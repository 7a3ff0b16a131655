//! The end of a tenant: what it waits for, and what becomes of its namespace.

use jiff::Timestamp;
use kube::ResourceExt;

use super::{TenantWorld, checks, id};
use crate::kinds::{Condition, Deletion, Tenant, TenantStatus};
use crate::plan::conditions::{self, Finding};

/// The next step of a tenant's end. A deletion that was accepted cannot be taken back; so what is
/// in its way is waited for, and what its namespace stores goes only on the word of `spec.deletion`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retirement {
    /// Nothing is done until what is named has changed.
    Waits(Wait),
    /// The namespace is emptied of rights and of what runs, locked, and kept.
    Retains,
    /// The namespace goes with all it holds.
    Deletes,
    /// Nothing of the tenant is left, and it may go.
    Released,
}

/// What a deletion waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// The reason of condition `DeletionBlocked`.
    pub reason: &'static str,
    /// For whom or what, by name, and the way out.
    pub message: String,
}

impl Wait {
    fn of(reason: &'static str, message: String) -> Self {
        Self { reason, message }
    }

    /// Pods that have not ended yet, in a namespace that is to be retained.
    pub fn for_pods(pods: &[String]) -> Self {
        let message = format!("deletion waits until these pods have ended: {}", pods.join(", "));
        Self::of("StillRunning", message)
    }

    /// Whether it ends without a watch that would tell.
    pub fn ends_untold(&self) -> bool {
        self.reason == "StillRunning"
    }

    /// Whether somebody has to act; the rest passes by itself.
    pub fn is_for_somebody(&self) -> bool {
        !matches!(self.reason, "StillRunning" | "NamespaceTerminating")
    }
}

/// Decides the next step. `unreadable` are tenants whose parent nobody can tell.
pub fn retirement(tenant: &Tenant, world: &TenantWorld, unreadable: &[String]) -> Retirement {
    if let Some(message) = below(world, unreadable) {
        return Retirement::Waits(Wait::of("NotEmpty", message));
    }
    let name = tenant.name_any();
    let Some(namespace) = world.namespace.as_ref().filter(|found| checks::is_ours(tenant, &id(tenant, world), found))
    else {
        return Retirement::Released;
    };
    if namespace.terminating {
        let message = format!("deletion waits until namespace `{name}` is gone; its own status names what holds it");
        return Retirement::Waits(Wait::of("NamespaceTerminating", message));
    }
    match tenant.spec.deletion.unwrap_or_default() {
        Deletion::Protect => Retirement::Waits(Wait::of(
            "Protected",
            format!(
                "deletion waits, for spec.deletion is Protect, as it is where it is absent; set it to RetainData, which keeps what namespace `{name}` stores for {DAYS} days, or to DeleteData with spec.confirmName {name}"
            ),
        )),
        Deletion::RetainData => Retirement::Retains,
        Deletion::DeleteData if tenant.spec.confirm_name.as_ref().is_some_and(|word| name == *word) => {
            Retirement::Deletes
        }
        Deletion::DeleteData => Retirement::Waits(Wait::of(
            "NotConfirmed",
            format!(
                "deletion waits, for spec.confirmName does not repeat the tenant's name; set it to {name}, and all that namespace `{name}` stores is deleted, or set spec.deletion to RetainData"
            ),
        )),
    }
}

/// How long what a tenant leaves behind is kept.
pub const DAYS: i64 = 90;

fn below(world: &TenantWorld, unreadable: &[String]) -> Option<String> {
    let named = |what: &str, names: &[String]| (!names.is_empty()).then(|| format!("{what} {}", names.join(", ")));
    let below = [("tenants", &world.children), ("Apps", &world.apps), ("Blueprints", &world.blueprints)];
    let below: Vec<String> = below.into_iter().filter_map(|(what, names)| named(what, names)).collect();
    match (below.is_empty(), named("tenants", unreadable)) {
        (false, _) => Some(format!("deletion waits for {}; delete these first", below.join(" and "))),
        (true, Some(unreadable)) => {
            Some(format!("deletion waits for {unreadable}, which cannot be read and may be below it; mend these first"))
        }
        (true, None) => None,
    }
}

/// The status while a deletion waits: what it was, and for what it waits.
pub fn blocked(tenant: &Tenant, wait: &Wait, now: Timestamp) -> TenantStatus {
    let ready = if wait.is_for_somebody() { "DeletionBlocked" } else { wait.reason };
    let blocked = Finding::yes("DeletionBlocked", wait.reason, wait.message.clone());
    ending(tenant, blocked, ready, now)
}

/// The status before what cannot be undone is done: what it was, and what is about to be. None where
/// nothing is lost by it, or where it was said: pods that are waited for are part of it.
pub fn going(tenant: &Tenant, retirement: &Retirement, now: Timestamp) -> Option<TenantStatus> {
    let name = tenant.name_any();
    let message = match retirement {
        Retirement::Waits(_) | Retirement::Released => return None,
        Retirement::Retains if is_emptied(tenant) => return None,
        Retirement::Retains => {
            format!("namespace `{name}` loses its rights and what runs there; what it stores is kept for {DAYS} days")
        }
        Retirement::Deletes => format!("namespace `{name}` is deleted with all it stores"),
    };
    Some(ending(tenant, Finding::no("DeletionBlocked", GOING, message), GOING, now))
}

const GOING: &str = "Retiring";

/// Whether it was said of this generation that its namespace is emptied.
fn is_emptied(tenant: &Tenant) -> bool {
    let conditions = tenant.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    conditions::find(conditions, "DeletionBlocked")
        .is_some_and(|found| found.observed_generation == tenant.metadata.generation && found.reason == "StillRunning")
}

fn ending(tenant: &Tenant, blocked: Finding, ready: &'static str, now: Timestamp) -> TenantStatus {
    let old = tenant.status.clone().unwrap_or_default();
    let generation = tenant.metadata.generation;
    let findings = vec![blocked.clone(), Finding::no("Ready", ready, blocked.message)];
    let blocked = conditions::dated(findings, &old.conditions, generation, now);
    // A pause that went on would have held the deletion.
    let stays = |condition: &&Condition| {
        condition.type_ != "Paused" && blocked.iter().all(|newer| newer.type_ != condition.type_)
    };
    let others: Vec<Condition> = old.conditions.iter().filter(stays).cloned().collect();
    let conditions = others.into_iter().chain(blocked).collect();
    TenantStatus { conditions, observed_generation: generation, ..old }
}
