//! Who has to be looked at when a Blueprint changes: all that comes of it, one tenant's turn after
//! another, and whoever is connected to that.

use kube::ResourceExt as _;
use yipan_core::kinds::{App, Blueprint, Party, Sharing};
use yipan_core::plan::app;

use super::super::context::Shared;
use super::Guarded;
use super::declared::{BLUEPRINT, Declaration, News, OWNER, PEER};

impl Declaration for Blueprint {
    const WATCH: &'static str = "Blueprint";

    fn keys(object: &Guarded<Self>) -> Vec<(&'static str, String)> {
        let Ok(blueprint) = &object.0 else { return Vec::new() };
        let peers = app::parties(blueprint.spec.network.as_ref());
        let peers = peers.iter().map(|peer| (PEER, peer.to_string()));
        peers.chain([(OWNER, blueprint.spec.owner.to_string())]).collect()
    }

    /// Its Apps are what it says; those at the other ends of their connections ask it too.
    fn changed(old: Option<&Guarded<Self>>, new: Option<&Guarded<Self>>, shared: &Shared) {
        let Some(either) = old.or(new) else { return };
        let (triggers, index, name) = (&shared.caches.triggers, &shared.caches.index, either.name_any());
        let news = News::of(old, new, shared);
        if news != News::Nothing {
            triggers.blueprint(&name);
        }
        if serves(old) != serves(new) && news != News::Declared {
            look_at_seats(shared, &name);
        }
        if uses(old) != uses(new) {
            triggers.shares_later(&name);
        }
        if news != News::Declared {
            return;
        }
        let apps = index.get(BLUEPRINT, &name);
        apps.iter().for_each(|app| triggers.app_at(app));
        let network = |object: Option<&Guarded<Self>>| {
            object.map(|object| object.0.as_ref().ok().map(|blueprint| blueprint.spec.network.clone()))
        };
        if network(old) == network(new) {
            return; // its peers ask for nothing else
        }
        let read = [old, new].into_iter().flatten().filter_map(|object| object.0.as_ref().ok());
        let named = read.flat_map(|blueprint| app::parties(blueprint.spec.network.as_ref()));
        named.for_each(|peer| look_at(shared, &peer));
        look_at_those_that_name(shared, &format!("blueprint {name}"));
        apps.iter().for_each(|app| look_at_those_that_name(shared, app));
    }
}

/// Whether anybody stands behind the seats of a Shared Blueprint, by its status.
fn serves(blueprint: Option<&Guarded<Blueprint>>) -> bool {
    let status = blueprint.and_then(|blueprint| blueprint.0.as_ref().ok()?.status.clone());
    status.and_then(|status| status.workload?.ready).is_some_and(|ready| ready > 0)
}

/// How many share the workload of a Shared Blueprint, by its status.
fn uses(blueprint: Option<&Guarded<Blueprint>>) -> Option<i64> {
    let blueprint = blueprint?.0.as_ref().ok().filter(|blueprint| blueprint.spec.sharing == Sharing::Shared)?;
    blueprint.status.as_ref()?.uses
}

/// Asks for all Apps of a Blueprint.
pub fn look_at_seats(shared: &Shared, name: &str) {
    shared.caches.index.get(BLUEPRINT, name).iter().for_each(|app| shared.caches.triggers.app_at(app));
}

/// Asks for the other Apps of a tenant that wait for the seat which one of them has.
pub fn seat_changed(shared: &Shared, app: &App) {
    let (Some(blueprint), namespace) = (&app.spec.blueprint, app.namespace().unwrap_or_default()) else { return };
    let others = shared.caches.index.get(BLUEPRINT, blueprint).into_iter();
    let others = others.filter(|other| other.split_once('/').is_some_and(|(place, _)| place == namespace));
    others.for_each(|other| shared.caches.triggers.app_at(&other));
}

/// Asks for the Blueprints that a tenant owns, and for what comes of them.
pub fn owner_changed(shared: &Shared, tenant: &str) {
    shared.caches.index.get(OWNER, tenant).iter().for_each(|blueprint| look_at_all_of(shared, blueprint));
}

/// Asks for one end of a connection.
pub fn look_at(shared: &Shared, party: &Party) {
    match party {
        Party::App(place) => shared.caches.triggers.app(&place.tenant, &place.app),
        Party::Blueprint(name) => look_at_all_of(shared, name),
    }
}

/// Asks for everybody who names a party in connections, which is given as the index has it.
pub fn look_at_those_that_name(shared: &Shared, party: &str) {
    for name in shared.caches.index.get(PEER, party) {
        // Apps stand there with their namespaces, Blueprints by their bare names.
        match name.contains('/') {
            true => shared.caches.triggers.app_at(&name),
            false => look_at_all_of(shared, &name),
        }
    }
}

/// Asks for a Blueprint and all its Apps.
fn look_at_all_of(shared: &Shared, name: &str) {
    shared.caches.triggers.blueprint(name);
    look_at_seats(shared, name);
}
