//! What becomes of every stored object of ours, and which are new.
//!
//! A province has a hundred thousand objects. Of those that are wanted only digests are kept; what
//! differs is rendered once more.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use kube::ResourceExt as _;
use serde_json::Value;

use super::Preview;
use crate::drift::{self, Digest, Stored};
use crate::kinds::{App, Blueprint};
use crate::plan::app::{self, AppWorld, TakenBack, ValidApp};
use crate::plan::blueprint::{self, BlueprintWorld, ValidBlueprint};
use crate::plan::tenant::{self, Retirement};
use crate::plan::{Declared, Kind, Object, Owner, WorkloadFound, metadata};

/// An object by kind, place and name. The place of a Namespace is itself, that of a ListenerSet its
/// tenant, that of everything else its namespace.
pub type Key = (Kind, String, String);

/// What of a stored object its fate depends on.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Whose it is.
    pub owner: Owner,
    /// Whether it goes with its App by itself.
    pub owned: bool,
    /// When it was made, in seconds since 1970.
    pub made: i64,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// Whether it is a workload that asks for pods.
    pub on: bool,
    /// Whether it still is as it was applied.
    pub stored: Stored,
}

impl Seen {
    /// Reads a stored object of ours, with its `managedFields` still in place.
    pub fn read(kind: Kind, object: &Value) -> Self {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let made = text("/metadata/creationTimestamp").and_then(|made| made.parse::<Timestamp>().ok());
        let (owner, owned) = Owner::of(kind, object);
        Self {
            owner,
            owned,
            made: made.map_or(0, Timestamp::as_second),
            deleting: text("/metadata/deletionTimestamp").is_some(),
            on: matches!(kind, Kind::Deployment | Kind::CronJob) && WorkloadFound::read(object).on,
            stored: match kind {
                Kind::Namespace => drift::stored_namespace(object),
                _ => drift::stored(object),
            },
        }
    }
}

/// What becomes of a stored object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing.
    Stays,
    /// It is written.
    Written,
    /// It is deleted, or goes with its owner.
    Goes,
    /// It is a workload that is switched off and else left.
    Off,
}

/// The fate of everything.
#[derive(Debug, Default)]
pub struct Fates {
    /// What is brought to a state, and whether it is made where it is not there.
    wanted: HashMap<Key, (Digest, bool)>,
    /// What is taken back from an App that comes no further.
    taken: HashSet<Key>,
    /// Workloads, by place and name, that are switched off as they are.
    off: HashSet<(String, String)>,
    /// Apps whose routes go, wherever they lie; of a seat that is switched off that is all there is.
    closed: HashSet<Owner>,
    /// Tenants whose other objects go, and since when each is there.
    tenants: HashMap<String, i64>,
    /// Apps, as [`whose`] calls them, and Blueprints whose other objects go.
    brought: HashSet<Owner>,
    /// Those that are declared afterwards.
    declared: HashSet<Owner>,
    /// Those that go by the change itself.
    leaving: HashSet<Owner>,
    /// Namespaces of tenants that go, and whether their data stays.
    ends: HashMap<String, bool>,
}

/// What the operator does about one App or Blueprint.
enum Step {
    Brings(Vec<Object>),
    TakesBack(TakenBack),
    Closes(TakenBack),
    Rests,
}

impl Fates {
    /// Decides on all that is declared.
    pub fn of(preview: &Preview) -> Self {
        let mut fates = Self::default();
        fates.declared = owners(&preview.after);
        fates.leaving = owners(&preview.before).into_iter().filter(|owner| !fates.declared.contains(owner)).collect();
        for answer in preview.tenants.values() {
            match &answer.retirement {
                Some(Retirement::Deletes) => drop(fates.ends.insert(answer.name.clone(), false)),
                Some(Retirement::Retains) => drop(fates.ends.insert(answer.name.clone(), true)),
                Some(Retirement::Waits(_) | Retirement::Released) => {}
                None if answer.objects.is_empty() || preview.waits(&answer.name) => {}
                None => {
                    let made = preview.after.tenants.get(&answer.name);
                    let made = made.and_then(|tenant| tenant.metadata.creation_timestamp.as_ref());
                    let since = made.map_or(i64::MAX, |made| made.0.as_second());
                    fates.tenants.insert(answer.name.clone(), since);
                }
            }
        }
        each_tenants(preview, &mut |object| fates.want(object, true));
        preview.after.blueprints.values().for_each(|blueprint| fates.blueprint(preview, blueprint));
        preview.after.apps.values().for_each(|app| fates.app(preview, app));
        fates
    }

    fn want(&mut self, object: &Object, made: bool) {
        self.wanted.insert(key(object), (drift::desired(&object.value), made));
    }

    fn bring(&mut self, owner: Owner, objects: &[Object]) {
        objects.iter().for_each(|object| self.want(object, true));
        self.brought.insert(owner);
    }

    fn blueprint(&mut self, preview: &Preview, blueprint: &Blueprint) {
        let name = blueprint.name_any();
        match step_of_blueprint(preview, blueprint) {
            Step::Rests => {}
            Step::Brings(objects) => self.bring(Owner::Blueprint(name), &objects),
            Step::Closes(_) => self.bring(Owner::Blueprint(name), &[]), // all that there is goes
            Step::TakesBack(taken) => {
                let workload = (blueprint.spec.owner.to_string(), metadata::shared_name(&name));
                self.off.extend(taken.suspended.map(|_| workload));
            }
        }
    }

    fn app(&mut self, preview: &Preview, app: &App) {
        let place = (app.namespace().unwrap_or_default(), app.name_any());
        let owner = Owner::seat(&place.0, &place.1);
        let taken = match step(preview, app) {
            Step::Rests => return,
            Step::Brings(objects) => return self.bring(owner, &objects),
            Step::Closes(taken) => {
                self.closed.insert(owner);
                taken
            }
            Step::TakesBack(taken) => taken,
        };
        match taken.ways_out {
            Some(Some(policy)) => self.want(&policy, false),
            Some(None) => drop(self.taken.insert((Kind::NetworkPolicy, place.0.clone(), app::egress_policy_name(app)))),
            None => {}
        }
        if taken.suspended.is_some() {
            self.off.insert(place);
        }
    }

    /// What becomes of an object that is stored.
    pub fn fate(&self, key: &Key, seen: &Seen) -> Fate {
        let (kind, place, name) = key;
        if seen.deleting {
            return Fate::Stays; // it goes already, whatever is declared
        }
        if let Some(data_stays) = self.ends.get(place) {
            return match data_stays {
                true if tenant::GOES.contains(kind) || *kind == Kind::ListenerSet => Fate::Goes,
                true => self.written(key, seen),
                false => Fate::Goes,
            };
        }
        if self.wanted.contains_key(key) {
            return self.written(key, seen);
        }
        let workload = matches!(kind, Kind::Deployment | Kind::CronJob);
        if workload && seen.on && self.off.contains(&(place.clone(), name.clone())) {
            return Fate::Off;
        }
        if self.taken.contains(key) || self.is_closed(key, seen) || self.is_stray(key, seen) {
            return Fate::Goes;
        }
        Fate::Stays
    }

    fn written(&self, key: &Key, seen: &Seen) -> Fate {
        match self.wanted.get(key) {
            Some((desired, _)) if seen.stored.digest != Some(*desired) || seen.stored.foreign => Fate::Written,
            _ => Fate::Stays,
        }
    }

    /// Whether it is a route of an App that is closed, or of a seat that comes no further and is switched off.
    fn is_closed(&self, (kind, place, _): &Key, seen: &Seen) -> bool {
        let off = match &seen.owner {
            Owner::Seat { tenant, app } => self.off.contains(&(tenant.clone(), app.clone())),
            _ => false,
        };
        *kind == Kind::HTTPRoute && (off || self.closed.contains(&whose(place, &seen.owner)))
    }

    /// Whether nothing declares it any more.
    fn is_stray(&self, (kind, place, name): &Key, seen: &Seen) -> bool {
        let tenant = self.tenants.get(place);
        if seen.owner == Owner::Tenant {
            // A tenant's own objects are known by their names.
            return tenant.is_some() && (name.starts_with(metadata::TENANT_PREFIX) || *kind == Kind::ListenerSet);
        }
        let owner = whose(place, &seen.owner);
        if self.declared.contains(&owner) {
            return self.brought.contains(&owner);
        }
        // What is left behind by one that was deleted with its objects orphaned.
        let orphan = !seen.owned && tenant.is_some_and(|since| seen.made >= *since);
        orphan || self.leaving.contains(&owner)
    }

    /// What is made where it is not there.
    pub fn made(&self) -> impl Iterator<Item = &Key> {
        self.wanted.iter().filter(|(_, (_, made))| *made).map(|(key, _)| key)
    }

    /// Renders every object once more that is brought to a state.
    pub fn each(preview: &Preview, visit: &mut impl FnMut(&Object)) {
        each_tenants(preview, visit);
        let blueprints = preview.after.blueprints.values().map(|blueprint| step_of_blueprint(preview, blueprint));
        for step in blueprints.chain(preview.after.apps.values().map(|app| step(preview, app))) {
            match step {
                Step::Brings(objects) => objects.iter().for_each(&mut *visit),
                Step::TakesBack(taken) | Step::Closes(taken) => {
                    taken.ways_out.iter().flatten().for_each(&mut *visit);
                }
                Step::Rests => {}
            }
        }
    }
}

fn each_tenants(preview: &Preview, visit: &mut impl FnMut(&Object)) {
    let answers = preview.tenants.values().filter(|answer| !preview.waits(&answer.name));
    answers.flat_map(|answer| &answer.objects).for_each(visit);
}

/// Apps and Blueprints that are declared.
fn owners(declared: &Declared) -> HashSet<Owner> {
    let apps = declared.apps.keys().chain(&declared.unreadable).map(|(tenant, app)| Owner::seat(tenant, app));
    let blueprints = declared.blueprints.keys().chain(&declared.unreadable_blueprints).cloned();
    apps.chain(blueprints.map(Owner::Blueprint)).collect()
}

/// Whose an object is, seen from anywhere: an App has objects in its namespace, and where its seat is.
fn whose(place: &str, owner: &Owner) -> Owner {
    match owner {
        Owner::App(app) => Owner::seat(place, app),
        other => other.clone(),
    }
}

fn step_of_blueprint(preview: &Preview, blueprint: &Blueprint) -> Step {
    let world = BlueprintWorld::gather(blueprint, &preview.after);
    if blueprint::hold(blueprint, &world, preview.now).is_some() || preview.is_unreadable(&blueprint.spec.owner) {
        return Step::Rests;
    }
    let taken = || {
        let suspended = world.owner.as_ref().and_then(|owner| owner.spec.suspended.as_ref());
        TakenBack { suspended: suspended.map(|suspended| suspended.reason.to_string()), ways_out: None }
    };
    if blueprint.metadata.deletion_timestamp.is_some() && world.uses == 0 {
        return Step::Closes(taken());
    }
    match ValidBlueprint::check(blueprint, &world) {
        Ok(valid) => Step::Brings(blueprint::desired(&valid)),
        Err(_) => Step::TakesBack(taken()),
    }
}

fn step(preview: &Preview, app: &App) -> Step {
    let world = AppWorld::gather(app, &preview.after);
    let taken = || app::taken_back(app, world.blueprint.as_deref(), world.tenant.as_deref());
    match app::hold(app, &world, preview.now) {
        Some(hold) if hold.by == app::OWN_PAUSE => return Step::TakesBack(TakenBack { suspended: None, ..taken() }),
        Some(_) => return Step::Rests,
        None => {}
    }
    if app.metadata.deletion_timestamp.is_some() {
        return Step::Closes(taken());
    }
    if preview.is_unclear(app, &world) {
        return Step::TakesBack(taken());
    }
    match ValidApp::check(app, &world) {
        Ok(valid) => Step::Brings(app::desired(&valid).in_order()),
        Err(_) => Step::TakesBack(taken()),
    }
}

/// The key of a rendered object.
pub fn key(object: &Object) -> Key {
    let place = metadata::place_of(object.kind, object.namespace.as_deref(), &object.name);
    (object.kind, place.to_owned(), object.name.clone())
}
