//! Which conditions would change, and which of them wait for what nobody can tell beforehand: pods
//! and gateways.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Named, Preview};
use crate::kinds::{App, Blueprint, Condition, Platform, Tenant};
use crate::plan::app::{AppWorld, ValidApp, hold};
use crate::plan::blueprint::{self, BlueprintWorld, ValidBlueprint};
use crate::plan::conditions::find;
use crate::plan::everything::{app_answer, blueprint_answer, tenant_answer};
use crate::plan::quota::QuotaFound;
use crate::plan::{Declared, ListenersFound, NamespaceFound, RouteFound, WorkloadFound, World};

/// A condition that would change.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Whose.
    pub named: Named,
    /// Its type.
    pub type_: String,
    /// Its status and reason now; none: it is not there.
    pub before: Option<(String, String)>,
    /// Its status and reason then; none: it is not there.
    pub after: Option<(String, String)>,
    /// What is to be known or done, where it is not true.
    pub message: String,
    /// Whether it waits for pods and gateways; else it is certain.
    pub waits: Waits,
}

/// Whether a condition waits for pods and gateways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// It follows from what is declared.
    No,
    /// It comes once the pods run and the gateways answer.
    ForPods,
}

impl Preview {
    /// Every condition of a tenant, a Blueprint or an App that would not be what it is.
    pub fn turns(&self) -> Vec<Turn> {
        let mut turns = Vec::new();
        let (best, worst) = (Reacting(&self.after, true), Reacting(&self.after, false));
        for (name, tenant) in self.after.tenants.iter().filter(|(name, _)| !self.waits(name)) {
            let of = |world: &Reacting| tenant_answer(tenant, world, self.now).status.conditions;
            let before = self.before.tenants.get(name).and_then(|tenant| tenant.status.as_ref());
            let before = before.map(|status| status.conditions.as_slice()).unwrap_or_default();
            turns.extend(between(&Named::new("Tenant", None, name), before, &of(&best), &of(&worst)));
        }
        let readable = self.after.blueprints.iter().filter(|(_, found)| !self.is_unreadable(&found.spec.owner));
        for (name, blueprint) in readable {
            let of = |world: &Reacting| blueprint_answer(blueprint, world, self.now).status.conditions;
            let before = self.before.blueprints.get(name).and_then(|blueprint| blueprint.status.as_ref());
            let before = before.map(|status| status.conditions.as_slice()).unwrap_or_default();
            turns.extend(between(&Named::new("Blueprint", None, name), before, &of(&best), &of(&worst)));
        }
        let clear = |app: &App| !self.is_unclear(app, &AppWorld::gather(app, &self.after));
        for (place, app) in self.after.apps.iter().filter(|(_, app)| clear(app)) {
            let of = |world: &Reacting| conditions_of(app, world, self.now);
            let before = self.before.apps.get(place).and_then(|app| app.status.as_ref());
            let before = before.map(|status| status.conditions.as_slice()).unwrap_or_default();
            turns.extend(between(&Named::app(place), before, &of(&best), &of(&worst)));
        }
        turns
    }
}

fn conditions_of(app: &App, world: &Reacting, now: Timestamp) -> Vec<Condition> {
    app_answer(app, world, now).status.conditions
}

fn between(named: &Named, before: &[Condition], best: &[Condition], worst: &[Condition]) -> Vec<Turn> {
    let said = |condition: &Condition| (condition.status.clone(), condition.reason.clone());
    let gone = before.iter().filter(|old| find(best, &old.type_).is_none()).map(|old| (&old.type_, None));
    let there = best.iter().map(|new| (&new.type_, Some(new)));
    let turn = |(type_, new): (&String, Option<&Condition>)| {
        let (before, after) = (find(before, type_).map(said), new.map(said));
        let waits = if find(worst, type_).map(said) == after { Waits::No } else { Waits::ForPods };
        let message = new.filter(|new| new.status != "True").map(|new| new.message.clone()).unwrap_or_default();
        (before != after).then(|| Turn { named: named.clone(), type_: type_.clone(), before, after, message, waits })
    };
    there.chain(gone).filter_map(turn).collect()
}

/// A declaration that would be declined, or given less than it asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Declined {
    /// Which.
    pub named: Named,
    /// Why, in one word.
    pub reason: String,
    /// Why, and what to do.
    pub message: String,
    /// Whether it is declined for that reason already.
    pub already: bool,
}

impl Preview {
    /// Everything that would be declined.
    pub fn declined(&self) -> Vec<Declined> {
        let no = |named: Named, after: &[Condition], types: &[&str], before: &[Condition]| {
            let no = types.iter().filter_map(|type_| find(after, type_)).find(|found| found.status == "False")?;
            let ready = find(before, "Ready").is_some_and(|ready| ready.reason == no.reason);
            Some(Declined { named, reason: no.reason.clone(), message: no.message.clone(), already: ready })
        };
        let mut declined = Vec::new();
        for (name, tenant) in self.after.tenants.iter().filter(|(name, _)| !self.waits(name)) {
            let status = |tenant: &Tenant| tenant.status.clone().unwrap_or_default().conditions;
            let before = self.before.tenants.get(name).map(|tenant| status(tenant)).unwrap_or_default();
            let blocked = find(&status(tenant), "DeletionBlocked")
                .cloned()
                .filter(|_| tenant.metadata.deletion_timestamp.is_some());
            let named = Named::new("Tenant", None, name);
            match blocked {
                Some(blocked) => declined.push(Declined {
                    named,
                    already: find(&before, "DeletionBlocked").is_some(),
                    reason: blocked.reason,
                    message: blocked.message,
                }),
                None => declined.extend(no(named, &status(tenant), &["Accepted", "Granted"], &before)),
            }
        }
        declined.extend(self.declined_blueprints());
        for (place, app) in &self.after.apps {
            let world = AppWorld::gather(app, &self.after);
            let held = hold(app, &world, self.now).is_some() || self.is_unclear(app, &world);
            if held || app.metadata.deletion_timestamp.is_some() {
                continue;
            }
            let Err(refusal) = ValidApp::check(app, &world) else { continue };
            let before = self.before.apps.get(place).and_then(|app| app.status.as_ref());
            let ready = before.and_then(|status| find(&status.conditions, "Ready"));
            declined.push(Declined {
                named: Named::app(place),
                already: ready.is_some_and(|ready| ready.reason == refusal.reason()),
                reason: refusal.reason().to_owned(),
                message: refusal.to_string(),
            });
        }
        declined
    }

    fn declined_blueprints(&self) -> impl Iterator<Item = Declined> {
        self.after.blueprints.iter().filter_map(|(name, found)| {
            let world = BlueprintWorld::near(found, &self.after);
            if blueprint::hold(found, &world, self.now).is_some() || self.is_unreadable(&found.spec.owner) {
                return None;
            }
            let refusal = ValidBlueprint::check(found, &world).err()?;
            let before = self.before.blueprints.get(name).and_then(|found| found.status.as_ref());
            let ready = before.and_then(|status| find(&status.conditions, "Ready"));
            Some(Declined {
                named: Named::new("Blueprint", None, name),
                already: ready.is_some_and(|ready| ready.reason == refusal.reason()),
                reason: refusal.reason().to_owned(),
                message: refusal.to_string(),
            })
        })
    }
}

/// A world in which pods and gateways do all that is asked of them, or nothing.
struct Reacting<'a>(&'a Declared, bool);

impl World for Reacting<'_> {
    fn platform(&self) -> Option<Arc<Platform>> {
        self.0.platform()
    }

    fn tenant(&self, name: &str) -> Option<Arc<Tenant>> {
        self.0.tenant(name)
    }

    fn tenants_of_division(&self, significant: &str) -> Vec<Arc<Tenant>> {
        self.0.tenants_of_division(significant)
    }

    fn successors(&self, predecessor: &str) -> Vec<Arc<Tenant>> {
        self.0.successors(predecessor)
    }

    fn tenants_of_host(&self, host: &str) -> Vec<Arc<Tenant>> {
        self.0.tenants_of_host(host)
    }

    fn tenants_of_id(&self, id: &str) -> Vec<Arc<Tenant>> {
        self.0.tenants_of_id(id)
    }

    fn children(&self, parent: &str) -> Vec<String> {
        self.0.children(parent)
    }

    fn app(&self, namespace: &str, name: &str) -> Option<Arc<App>> {
        self.0.app(namespace, name)
    }

    fn is_unreadable(&self, namespace: &str, name: &str) -> bool {
        self.0.is_unreadable(namespace, name)
    }

    fn blueprint(&self, name: &str) -> Option<Arc<Blueprint>> {
        self.0.blueprint(name)
    }

    fn is_blueprint_unreadable(&self, name: &str) -> bool {
        self.0.is_blueprint_unreadable(name)
    }

    fn blueprints_of(&self, owner: &str) -> Vec<String> {
        self.0.blueprints_of(owner)
    }

    fn apps_of(&self, blueprint: &str) -> Vec<String> {
        self.0.apps_of(blueprint)
    }

    fn apps(&self, namespace: &str) -> Vec<String> {
        self.0.apps(namespace)
    }

    fn namespace(&self, name: &str) -> Option<NamespaceFound> {
        self.0.namespace(name)
    }

    fn quota(&self, namespace: &str) -> Option<QuotaFound> {
        self.0.quota(namespace)
    }

    fn workload(&self, _: &str, _: &str) -> Option<WorkloadFound> {
        let all = i32::MAX;
        self.1.then(|| WorkloadFound { on: true, observed: true, updated: all, available: all, ..Default::default() })
    }

    fn route(&self, _: &str, _: &str) -> Option<RouteFound> {
        self.1.then(|| RouteFound { accepted: Some(true), ..Default::default() })
    }

    fn listeners(&self, _: &str, _: &str) -> Option<ListenersFound> {
        self.1.then(|| ListenersFound { served: Some(true), ..Default::default() })
    }
}
