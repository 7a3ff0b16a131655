//! Who stands at the other end of a declaration's connections.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::source;
use crate::kinds::{App, Blueprint, Name, Network, Party, Sharing, TenantApp};
use crate::plan::World;

/// Whoever a declaration names in its connections, as far as they are there.
#[derive(Debug, Clone, Default)]
pub struct Peers {
    /// Apps, each with its Blueprint.
    apps: BTreeMap<TenantApp, (Arc<App>, Option<Arc<Blueprint>>)>,
    /// Blueprints.
    blueprints: BTreeMap<Name, Arc<Blueprint>>,
    /// Those that are stored and cannot be read, they or their Blueprints: what was open to them stays as it is.
    unreadable: BTreeSet<Party>,
}

/// Why nobody can tell what the other end declares.
#[derive(Debug, Clone, PartialEq)]
pub enum Absent {
    /// It does not exist.
    Missing,
    /// It is stored and cannot be read.
    Unreadable,
    /// It is of a Blueprint that does not exist.
    WithoutBlueprint(Name),
    /// It is a seat, and what runs is the Blueprint's.
    Seat(Name),
}

impl Absent {
    /// What is the matter, and who can mend it.
    pub fn sentence(&self, party: &Party) -> String {
        let (called, author) = (called(party), author(party));
        match self {
            Self::Missing => format!("{called} does not exist; {author} creates it"),
            Self::Unreadable => format!("{called} cannot be read; {author} mends it"),
            Self::WithoutBlueprint(name) => {
                format!("{called} is of blueprint {name}, which does not exist; the province creates it")
            }
            Self::Seat(name) => format!("{called} is a seat and runs nothing itself; name blueprint {name} instead"),
        }
    }
}

/// A party, as messages call it.
pub fn called(party: &Party) -> String {
    match party {
        Party::App(app) => format!("App {app}"),
        Party::Blueprint(name) => format!("blueprint {name}"),
    }
}

/// Who creates and mends a party.
fn author(party: &Party) -> &'static str {
    match party {
        Party::App(_) => "its tenant",
        Party::Blueprint(_) => "the province",
    }
}

/// Everybody whom a declaration names in its connections.
pub fn parties(network: Option<&Network>) -> Vec<Party> {
    let Some(network) = network else { return Vec::new() };
    let used = network.uses.iter().filter_map(|uses| uses.party());
    let served = network.serves.iter().flat_map(|serves| serves.to.iter().filter_map(|to| to.party()));
    used.chain(served).collect()
}

/// Every Blueprint that an App depends on: its own, and those that its connections name. Of one that
/// cannot be read nobody can tell where its pods run.
pub fn blueprints(app: &App, blueprint: Option<&Blueprint>) -> Vec<Name> {
    let named = named_blueprints(source::network(app, blueprint).flatten());
    app.spec.blueprint.iter().cloned().chain(named).collect()
}

/// Every Blueprint that a declaration names in its connections.
pub fn named_blueprints(network: Option<&Network>) -> impl Iterator<Item = Name> {
    parties(network).into_iter().filter_map(|party| match party {
        Party::Blueprint(name) => Some(name),
        Party::App(_) => None,
    })
}

impl Peers {
    /// Looks up everybody whom a declaration names.
    pub fn gather(network: Option<&Network>, world: &dyn World) -> Self {
        let mut peers = Self::default();
        for party in parties(network) {
            match &party {
                Party::App(place) => peers.look_up(place, world),
                Party::Blueprint(name) => {
                    let found = world.blueprint(name);
                    peers.blueprints.extend(found.map(|found| (name.clone(), found)));
                }
            }
        }
        peers
    }

    fn look_up(&mut self, place: &TenantApp, world: &dyn World) {
        let app = world.app(&place.tenant, &place.app);
        let name = app.as_ref().and_then(|app| app.spec.blueprint.as_ref());
        let blueprint = name.and_then(|name| world.blueprint(name));
        let unreadable = |name| blueprint.is_none() && world.is_blueprint_unreadable(name);
        if world.is_unreadable(&place.tenant, &place.app) || name.is_some_and(|name| unreadable(name)) {
            self.unreadable.insert(Party::App(place.clone()));
        }
        self.apps.extend(app.map(|app| (place.clone(), (app, blueprint))));
    }

    /// A Blueprint that is named.
    pub fn blueprint(&self, name: &Name) -> Option<&Blueprint> {
        self.blueprints.get(name).map(Arc::as_ref)
    }

    /// The Blueprint of an App that is named.
    pub fn blueprint_of(&self, party: &Party) -> Option<&Name> {
        let Party::App(place) = party else { return None };
        self.apps.get(place)?.0.spec.blueprint.as_ref()
    }

    /// Who writes what the other end declares.
    pub fn author(&self, party: &Party) -> &'static str {
        if self.blueprint_of(party).is_some() { "the province" } else { author(party) }
    }

    /// What the other end declares of its network.
    ///
    /// # Errors
    /// Nobody can tell.
    pub fn network_of(&self, party: &Party) -> Result<Option<&Network>, Absent> {
        if self.unreadable.contains(party) {
            return Err(Absent::Unreadable);
        }
        let place = match party {
            Party::Blueprint(name) => {
                return self.blueprint(name).map(|found| found.spec.network.as_ref()).ok_or(Absent::Missing);
            }
            Party::App(place) => place,
        };
        let (app, blueprint) = self.apps.get(place).ok_or(Absent::Missing)?;
        match (&app.spec.blueprint, blueprint.as_deref()) {
            (Some(name), None) => Err(Absent::WithoutBlueprint(name.clone())),
            (Some(name), Some(found)) if found.spec.sharing == Sharing::Shared => Err(Absent::Seat(name.clone())),
            (_, blueprint) => Ok(source::network(app, blueprint).flatten()),
        }
    }
}
