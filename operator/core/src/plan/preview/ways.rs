//! Who could newly reach whom, and who no longer.

use std::collections::BTreeSet;

use kube::ResourceExt as _;

use super::Preview;
use crate::kinds::App;
use crate::plan::app::{AppWorld, OWN_PAUSE, hold, taken_back};
use crate::plan::everything::{app_answer, blueprint_answer};
use crate::plan::{Declared, Path};

/// The ways that the change opens and closes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ways {
    /// Those that are new.
    pub opened: Vec<Path>,
    /// Those that are no more.
    pub closed: Vec<Path>,
}

impl Ways {
    /// Compares the ways of every Blueprint and App before and after.
    pub fn of(preview: &Preview) -> Self {
        let mut ways = Self::default();
        let (before, after) = (&preview.before, &preview.after);
        let names: BTreeSet<_> = before.blueprints.keys().chain(after.blueprints.keys()).collect();
        for name in names {
            let answer = |world: &Declared| Some(blueprint_answer(world.blueprints.get(name)?, world, preview.now));
            let old: BTreeSet<Path> = answer(before).map(|old| old.reach).into_iter().flatten().collect();
            // One that comes no further keeps those it had.
            let new = match answer(after) {
                Some(answer) if answer.objects.is_empty() => old.clone(),
                answer => answer.map(|new| new.reach).into_iter().flatten().collect(),
            };
            ways.differ(&old, &new);
        }
        let places: BTreeSet<_> = before.apps.keys().chain(after.apps.keys()).collect();
        for place in places {
            let old = before.apps.get(place).map(|app| app_answer(app, before, preview.now).reach).unwrap_or_default();
            let old: BTreeSet<Path> = old.into_iter().collect();
            let new = after.apps.get(place).map_or_else(BTreeSet::new, |app| open(preview, app, &old));
            ways.differ(&old, &new);
        }
        ways
    }

    fn differ(&mut self, old: &BTreeSet<Path>, new: &BTreeSet<Path>) {
        self.opened.extend(new.difference(old).cloned());
        self.closed.extend(old.difference(new).cloned());
    }
}

/// The ways of an App afterwards. One that comes no further keeps those it had, but for ways out that
/// are taken back.
fn open(preview: &Preview, app: &App, before: &BTreeSet<Path>) -> BTreeSet<Path> {
    let answer = app_answer(app, &preview.after, preview.now);
    if !answer.objects.is_empty() {
        return answer.reach.into_iter().collect();
    }
    let world = AppWorld::gather(app, &preview.after);
    let held = hold(app, &world, preview.now).is_some_and(|hold| hold.by != OWN_PAUSE);
    let taken = taken_back(app, world.blueprint.as_deref(), world.tenant.as_deref()).ways_out.filter(|_| !held);
    let Some(policy) = taken else { return before.clone() };
    let open: Vec<&str> = policy.iter().flat_map(ranges).collect();
    let place = format!("{}/{}", app.namespace().unwrap_or_default(), app.name_any());
    let is_out = |path: &Path| path.from == place && path.purpose.starts_with("way out ");
    let stays = |path: &&Path| !is_out(path) || open.iter().any(|range| path.to.starts_with(range));
    before.iter().filter(stays).cloned().collect()
}

/// The ranges of addresses that a policy lets out to.
fn ranges(policy: &crate::plan::Object) -> impl Iterator<Item = &str> {
    let rules = policy.value.pointer("/spec/egress").and_then(serde_json::Value::as_array).into_iter().flatten();
    rules.filter_map(|rule| rule.pointer("/to/0/ipBlock/cidr")?.as_str())
}
