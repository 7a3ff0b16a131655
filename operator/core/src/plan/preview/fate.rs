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
use crate::kinds::App;
use crate::plan::app::{self, AppWorld, TakenBack, ValidApp};
use crate::plan::tenant::{self, Retirement};
use crate::plan::{Kind, Object, Owner, WorkloadFound, metadata};

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
    /// Apps whose workloads are switched off as they are.
    off: HashSet<(String, String)>,
    /// Tenants and Apps whose other objects go; of a tenant, since when it is there.
    brought: HashMap<(String, Option<String>), i64>,
    /// Apps that are declared afterwards.
    declared: HashSet<(String, String)>,
    /// Apps that go by the change itself.
    leaving: HashSet<(String, String)>,
    /// Namespaces of tenants that go, and whether their data stays.
    ends: HashMap<String, bool>,
}

/// What the operator does about one App.
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
        let places = preview.before.apps.keys().filter(|place| !preview.after.apps.contains_key(*place));
        fates.leaving = places.cloned().collect();
        fates.declared = preview.after.apps.keys().chain(&preview.after.unreadable).cloned().collect();
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
                    fates.brought.insert((answer.name.clone(), None), since);
                }
            }
        }
        each_tenants(preview, &mut |object| fates.want(object, true));
        preview.after.apps.values().for_each(|app| fates.app(preview, app));
        fates
    }

    fn want(&mut self, object: &Object, made: bool) {
        self.wanted.insert(key(object), (drift::desired(&object.value), made));
    }

    fn app(&mut self, preview: &Preview, app: &App) {
        let place = (app.namespace().unwrap_or_default(), app.name_any());
        let taken = match step(preview, app) {
            Step::Rests => return,
            Step::Brings(objects) => {
                objects.iter().for_each(|object| self.want(object, true));
                self.brought.insert((place.0, Some(place.1)), 0);
                return;
            }
            Step::Closes(taken) => {
                for name in [place.1.clone(), app::hosts_route_name(app)] {
                    self.taken.insert((Kind::HTTPRoute, place.0.clone(), name));
                }
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
        if self.taken.contains(key) || self.is_stray(key, seen) { Fate::Goes } else { Fate::Stays }
    }

    fn written(&self, key: &Key, seen: &Seen) -> Fate {
        match self.wanted.get(key) {
            Some((desired, _)) if seen.stored.digest != Some(*desired) || seen.stored.foreign => Fate::Written,
            _ => Fate::Stays,
        }
    }

    /// Whether nothing declares it any more.
    fn is_stray(&self, (kind, place, name): &Key, seen: &Seen) -> bool {
        let tenant = self.brought.get(&(place.clone(), None));
        let at = match &seen.owner {
            // A tenant's own objects are known by their names.
            Owner::Tenant => {
                return tenant.is_some() && (name.starts_with(metadata::TENANT_PREFIX) || *kind == Kind::ListenerSet);
            }
            Owner::App(app) => Some((place.clone(), app.clone())),
            Owner::Seat { tenant, app } => Some((tenant.clone(), app.clone())),
            Owner::Blueprint(_) => None,
        };
        if let Some((tenant, app)) = at.as_ref().filter(|at| self.declared.contains(*at)) {
            return self.brought.contains_key(&(tenant.clone(), Some(app.clone())));
        }
        // What is left behind by one that was deleted with its objects orphaned.
        let orphan = !seen.owned && tenant.is_some_and(|since| seen.made >= *since);
        orphan || at.is_some_and(|at| self.leaving.contains(&at))
    }

    /// What is made where it is not there.
    pub fn made(&self) -> impl Iterator<Item = &Key> {
        self.wanted.iter().filter(|(_, (_, made))| *made).map(|(key, _)| key)
    }

    /// Renders every object once more that is brought to a state.
    pub fn each(preview: &Preview, visit: &mut impl FnMut(&Object)) {
        each_tenants(preview, visit);
        for app in preview.after.apps.values() {
            match step(preview, app) {
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
    if preview.unreadable.iter().any(|tenant| Some(tenant) == app.metadata.namespace.as_ref()) {
        return Step::Rests;
    }
    let blueprints = app::blueprints(app, world.blueprint.as_deref());
    if blueprints.iter().any(|name| preview.after.unreadable_blueprints.contains(name.as_str())) {
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
