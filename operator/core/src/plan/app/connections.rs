//! Which connections are open: those that both sides declare.

use std::collections::BTreeSet;

use super::peers::{Absent, Peers, called};
use super::source::{Declaration, Source};
use crate::kinds::{
    App, Name, Network, Party, Serves, ServesStatus, Sharing, TenantApp, TenantName, UseState, UseStatus, Uses,
};

/// Something that runs, as one end of its connections.
#[derive(Debug, Clone)]
pub struct End<'a> {
    /// As what others serve it: by its Blueprint where it comes from one, else by its own name.
    pub party: Party,
    /// The App that it is, where it is one.
    pub place: Option<&'a TenantApp>,
    /// The tenant in whose namespace it runs.
    pub tenant: &'a TenantName,
    /// What it declares.
    pub network: Option<&'a Network>,
    /// What was said of its uses before.
    pub used: &'a [UseStatus],
    /// What was said of whom it serves before.
    pub served: &'a [ServesStatus],
}

impl<'a> End<'a> {
    /// An App as an end of its connections.
    pub fn of(app: &'a App, place: &'a TenantApp, declared: &'a Declaration) -> Self {
        let blueprint = declared.source.blueprint();
        let status = app.status.as_ref();
        Self {
            party: blueprint.map_or_else(|| Party::App(place.clone()), |name| Party::Blueprint(name.clone())),
            place: Some(place),
            tenant: &place.tenant,
            network: declared.network.as_ref(),
            used: status.map(|status| status.uses.as_slice()).unwrap_or_default(),
            served: status.map(|status| status.serves.as_slice()).unwrap_or_default(),
        }
    }

    /// How whoever reads of it has its declaration changed.
    fn to(&self, change: &str) -> String {
        match (self.place, &self.party) {
            (Some(_), Party::Blueprint(name)) => Source::Dedicated(name.clone()).to(change),
            _ => Source::Own.to(change),
        }
    }

    /// Its name, for people at the other end.
    fn name(&self) -> String {
        self.place.map_or_else(|| self.party.to_string(), ToString::to_string)
    }
}

/// The connections of one end, each with what it still lacks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Connections {
    /// One for each of its `network.uses`.
    pub uses: Vec<Used>,
    /// One for each that each of its `network.serves` names.
    pub serves: Vec<Served>,
}

/// Something that this end calls.
#[derive(Debug, Clone, PartialEq)]
pub struct Used {
    /// The declaration.
    pub uses: Uses,
    /// The pods that it calls.
    pub to: Pods,
    /// What is missing, and who can give it; none when the connection is open.
    pub missing: Option<String>,
}

/// Something that may call this end on a port.
#[derive(Debug, Clone, PartialEq)]
pub struct Served {
    /// The port.
    pub port: i32,
    /// Who it is.
    pub to: Party,
    /// The pods that call.
    pub from: Pods,
    /// What is missing, and who can give it; none when the connection is open.
    pub missing: Option<String>,
}

/// Pods at the other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pods {
    /// Those of one App.
    App(TenantApp),
    /// Those of a Blueprint in one tenant's namespace, or in every tenant's.
    Blueprint(Name, Option<TenantName>),
}

impl std::fmt::Display for Pods {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::App(app) => app.fmt(formatter),
            Self::Blueprint(name, Some(tenant)) => write!(formatter, "{tenant}/blueprint {name}"),
            Self::Blueprint(name, None) => write!(formatter, "blueprint {name}"),
        }
    }
}

/// Holds each side's declarations against the other's.
pub fn connections(end: &End, peers: &Peers) -> Connections {
    let Some(network) = end.network else { return Connections::default() };
    Connections {
        uses: network.uses.iter().filter_map(|uses| used(end, uses, peers)).collect(),
        serves: named_once(network).into_iter().map(|(port, to)| served(end, port, to, peers)).collect(),
    }
}

/// Every party that is served, by port, in order. A line written twice counts once.
fn named_once(network: &Network) -> BTreeSet<(i32, Party)> {
    let of_port = |serves: &'_ Serves| {
        let parties = serves.to.iter().filter_map(|to| Some((serves.port, to.party()?)));
        parties.collect::<Vec<_>>()
    };
    network.serves.iter().flat_map(of_port).collect()
}

/// A use, as its provider answers it. The schema lets in none that names nobody.
fn used(end: &End, uses: &Uses, peers: &Peers) -> Option<Used> {
    let provider = uses.party()?;
    let to = match &provider {
        Party::App(app) => Pods::App(app.clone()),
        Party::Blueprint(name) => {
            let owner = peers.blueprint(name).filter(|found| found.spec.sharing == Sharing::Shared);
            let tenant = owner.map_or(end.tenant, |found| &found.spec.owner);
            Pods::Blueprint(name.clone(), Some(tenant.clone()))
        }
    };
    let missing = match peers.network_of(&provider) {
        Err(Absent::Unreadable) => {
            let open = |before: &&UseStatus| before.name == uses.name.as_str() && before.state == UseState::Granted;
            frozen(&provider, end.used.iter().any(|before| open(&before)))
        }
        Err(absent) => Some(absent.sentence(&provider)),
        Ok(network) => unserved(&called(&provider), peers.author(&provider), network, (&end.party, uses)),
    };
    Some(Used { uses: uses.clone(), to, missing })
}

/// What a provider does not serve of a use. It is all or nothing: a use with a port that is not
/// served stays closed as a whole, so that nobody relies on half of it.
fn unserved(
    provider: &str,
    author: &str,
    network: Option<&Network>,
    (consumer, uses): (&Party, &Uses),
) -> Option<String> {
    let serves = network.into_iter().flat_map(|network| &network.serves);
    let served = |serves: &&Serves| serves.to.iter().any(|to| to.party().as_ref() == Some(consumer));
    let open: Vec<i32> = serves.filter(served).map(|serves| serves.port).collect();
    let closed = uses.ports.iter().find(|port| !open.contains(port))?;
    Some(format!("{provider} does not serve port {closed} to {consumer}; {author} adds that to spec.network.serves"))
}

/// What the consumer of a served port has not declared. Both ends are judged by the same rule, so no half
/// of a connection ever stands open.
fn served(end: &End, port: i32, to: Party, peers: &Peers) -> Served {
    let from = |tenant: Option<TenantName>| match &to {
        Party::App(app) => Pods::App(app.clone()),
        Party::Blueprint(name) => Pods::Blueprint(name.clone(), tenant),
    };
    let closed = |missing: String| Served { port, to: to.clone(), from: from(None), missing: Some(missing) };
    if let (Party::App(app), Some(blueprint)) = (&to, peers.blueprint_of(&to)) {
        return closed(format!("App {app} is of blueprint {blueprint}; serve that blueprint instead"));
    }
    let network = match peers.network_of(&to) {
        Err(Absent::Unreadable) => {
            let grantee = format!("{to}:{port}");
            let open = |before: &ServesStatus| before.grantee == grantee && before.state == UseState::Granted;
            let missing = frozen(&to, end.served.iter().any(open));
            return Served { port, from: from(None), missing, to };
        }
        Err(absent) => return closed(absent.sentence(&to)),
        Ok(network) => network,
    };
    let uses = network.into_iter().flat_map(|network| &network.uses);
    let asking =
        uses.filter(|uses| uses.ports.contains(&port)).filter_map(|uses| Some((uses, asks(end, uses, &to, peers)?)));
    let asking: Vec<_> = asking.collect();
    let whole = |(uses, _): &&(&Uses, Where)| unserved("", "", end.network, (&to, uses)).is_none();
    match asking.iter().filter(whole).map(|(_, place)| place).max() {
        Some(place) => Served { port, from: from(place.tenant()), missing: None, to },
        None if asking.is_empty() => closed(format!(
            "{} does not use port {port} of {}; {} adds that to spec.network.uses",
            called(&to),
            end.name(),
            peers.author(&to)
        )),
        None => closed(format!(
            "{} asks for further ports that are not served to it; {}",
            called(&to),
            end.to("add them to spec.network.serves")
        )),
    }
}

/// Where the pods run that a use speaks for; the wider the greater.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Where {
    /// In this tenant's namespace.
    In(TenantName),
    /// In every tenant's.
    Everywhere,
}

impl Where {
    fn tenant(&self) -> Option<TenantName> {
        match self {
            Self::In(tenant) => Some(tenant.clone()),
            Self::Everywhere => None,
        }
    }
}

/// From where a use of `consumer` asks for this end; none: it asks for another.
fn asks(end: &End, uses: &Uses, consumer: &Party, peers: &Peers) -> Option<Where> {
    // The one workload of a Shared Blueprint runs in its owner's namespace; a Dedicated one's Apps, anywhere.
    let runs = match consumer {
        Party::App(app) => Where::In(app.tenant.clone()),
        Party::Blueprint(name) => match peers.blueprint(name).map(|found| (found.spec.sharing, &found.spec.owner)) {
            Some((Sharing::Shared, owner)) => Where::In(owner.clone()),
            Some((Sharing::Dedicated, _)) | None => Where::Everywhere,
        },
    };
    match uses.party()? {
        Party::App(app) => (Some(&app) == end.place).then_some(runs),
        Party::Blueprint(name) if Party::Blueprint(name.clone()) == end.party => match (end.place, runs) {
            (None, runs) => Some(runs), // one workload for all
            (Some(_), Where::Everywhere) => Some(Where::In(end.tenant.clone())),
            (Some(_), Where::In(tenant)) => (tenant == *end.tenant).then_some(Where::In(tenant)),
        },
        Party::Blueprint(_) => None,
    }
}

/// A connection to what cannot be read stays as it was: open if it was, and closed if not.
fn frozen(peer: &Party, was_open: bool) -> Option<String> {
    (!was_open).then(|| Absent::Unreadable.sentence(peer))
}
