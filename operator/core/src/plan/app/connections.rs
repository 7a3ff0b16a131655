//! Which connections are open: those that both sides declare.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::AppWorld;
use crate::kinds::{App, Network, TenantApp, UseState, Uses};

/// An App's connections, each with what it still lacks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Connections {
    /// One for each of its `network.uses`.
    pub uses: Vec<Used>,
    /// One for each App that each of its `network.serves` names.
    pub serves: Vec<Served>,
}

/// An App that this one calls.
#[derive(Debug, Clone, PartialEq)]
pub struct Used {
    /// The declaration.
    pub uses: Uses,
    /// What is missing, and who can give it; none when the connection is open.
    pub missing: Option<String>,
}

/// An App that may call this one on a port.
#[derive(Debug, Clone, PartialEq)]
pub struct Served {
    /// The port.
    pub port: i32,
    /// The App.
    pub to: TenantApp,
    /// What is missing, and who can give it; none when the connection is open.
    pub missing: Option<String>,
}

/// Holds each side's declarations against the other's.
pub fn connections(place: &TenantApp, app: &App, world: &AppWorld) -> Connections {
    let Some(network) = &app.spec.network else { return Connections::default() };
    let used = |uses: &Uses| {
        let missing = match world.unreadable.contains(&uses.app) {
            true => frozen(&uses.app, was_used(app, uses)),
            false => missing_of_provider(place, uses, world.peers.get(&uses.app).map(Arc::as_ref)),
        };
        Used { uses: uses.clone(), missing }
    };
    let served = |port: i32, to: &TenantApp| {
        let missing = match world.unreadable.contains(to) {
            true => frozen(to, was_served(app, to, port)),
            false => missing_of_consumer((place, app), port, to, world.peers.get(to).map(Arc::as_ref)),
        };
        Served { port, to: to.clone(), missing }
    };
    Connections {
        uses: network.uses.iter().map(used).collect(),
        serves: named_once(network).into_iter().map(|(port, to)| served(port, to)).collect(),
    }
}

/// A connection to an App that cannot be read stays as it was: open if it was, and closed if not.
fn frozen(peer: &TenantApp, was_open: bool) -> Option<String> {
    (!was_open).then(|| format!("App {peer} cannot be read; its tenant mends it"))
}

fn was_used(app: &App, uses: &Uses) -> bool {
    let before = app.status.iter().flat_map(|status| &status.uses);
    before.into_iter().any(|before| before.name == uses.name.as_str() && before.state == UseState::Granted)
}

fn was_served(app: &App, to: &TenantApp, port: i32) -> bool {
    let before = app.status.iter().flat_map(|status| &status.serves);
    let grantee = format!("{to}:{port}");
    before.into_iter().any(|before| before.grantee == grantee && before.state == UseState::Granted)
}

/// Every App that is served, by port, in order. A line written twice counts once.
fn named_once(network: &Network) -> BTreeSet<(i32, &TenantApp)> {
    network.serves.iter().flat_map(|serves| serves.to.iter().map(|to| (serves.port, to))).collect()
}

/// What the provider has not declared of a use. It is all or nothing: a use with a port that is
/// not served stays closed as a whole, so that nobody relies on half of it.
fn missing_of_provider(consumer: &TenantApp, uses: &Uses, provider: Option<&App>) -> Option<String> {
    let Some(provider) = provider else {
        return Some(format!("App {} does not exist; its tenant creates it", uses.app));
    };
    let serves = provider.spec.network.iter().flat_map(|network| &network.serves);
    let open: Vec<i32> = serves.filter(|serves| serves.to.contains(consumer)).map(|serves| serves.port).collect();
    let closed = uses.ports.iter().find(|port| !open.contains(port))?;
    Some(format!(
        "App {} does not serve port {closed} to {consumer}; its tenant adds that to spec.network.serves",
        uses.app
    ))
}

/// What the consumer has not declared of a served port. Both ends are judged by the same rule, so
/// no half of a connection ever stands open.
fn missing_of_consumer(
    (place, provider): (&TenantApp, &App),
    port: i32,
    to: &TenantApp,
    consumer: Option<&App>,
) -> Option<String> {
    let Some(consumer) = consumer else {
        return Some(format!("App {to} does not exist; its tenant creates it"));
    };
    let uses = consumer.spec.network.iter().flat_map(|network| &network.uses);
    let mut asking = uses.filter(|uses| uses.app == *place && uses.ports.contains(&port)).peekable();
    if asking.peek().is_none() {
        return Some(format!(
            "App {to} does not use port {port} of {place}; its tenant adds that to spec.network.uses"
        ));
    }
    let mut missing = asking.map(|uses| missing_of_provider(to, uses, Some(provider)));
    missing.find(Option::is_none).unwrap_or_else(|| {
        Some(format!("App {to} asks for further ports that are not served to it; add them to spec.network.serves"))
    })
}
