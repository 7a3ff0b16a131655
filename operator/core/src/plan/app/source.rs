//! What an App comes to: its own declaration, or its Blueprint's with what the App adds to it.

use crate::kinds::{
    App, Blueprint, BlueprintParameter, Data, Database, Entry, EnvVar, Identity, Name, Network, Parameter, Sharing,
    Workload,
};
use crate::plan::Refusal;

/// What should run for an App and the layers around it, wherever that was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// Where it was written.
    pub source: Source,
    /// What runs.
    pub workload: Workload,
    /// Its address.
    pub entry: Option<Entry>,
    /// Who may come in.
    pub identity: Option<Identity>,
    /// What it stores.
    pub data: Option<Data>,
    /// Whom it calls and who may call it.
    pub network: Option<Network>,
}

/// Where an App's code comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Its tenant.
    Own,
    /// A Blueprint, of which it has a workload of its own.
    Dedicated(Name),
    /// A Blueprint, whose one workload serves all its Apps.
    Seat(Name),
}

impl Source {
    /// The Blueprint, where it comes from one.
    pub fn blueprint(&self) -> Option<&Name> {
        match self {
            Self::Own => None,
            Self::Dedicated(blueprint) | Self::Seat(blueprint) => Some(blueprint),
        }
    }

    /// How a tenant has a field of the declaration changed: by its own hand, or, where it is the Blueprint
    /// that says so, by the province's.
    pub fn to(&self, change: &str) -> String {
        match self.blueprint() {
            None => change.to_owned(),
            Some(blueprint) => format!("ask the province to {change} in blueprint {blueprint}"),
        }
    }

    /// What a tenant can do whose quota is too small for such figures of the declaration.
    pub fn to_fit(&self, figures: &str) -> String {
        match self.blueprint() {
            None => format!("lower {figures}, or ask the province for more"),
            Some(blueprint) => {
                format!("blueprint {blueprint} asks for it; ask the province for more, or to lower {figures} there")
            }
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Own => formatter.write_str("own"),
            Self::Dedicated(blueprint) => write!(formatter, "{blueprint} ({})", Sharing::Dedicated.as_str()),
            Self::Seat(blueprint) => write!(formatter, "{blueprint} ({})", Sharing::Shared.as_str()),
        }
    }
}

/// What `app` comes to. `blueprint` is the one that it names.
///
/// # Errors
/// The Blueprint does not exist, or the App asks it for what it does not have.
pub fn resolve(app: &App, blueprint: Option<&Blueprint>) -> Result<Declaration, Refusal> {
    let spec = &app.spec;
    let Some(name) = &spec.blueprint else {
        // The schema lets in no App that has neither.
        let workload = spec.workload.clone();
        let workload = workload.ok_or_else(|| Refusal::BlueprintMissing { blueprint: String::new() })?;
        let (entry, identity) = (spec.entry.clone(), spec.identity.clone());
        let (data, network) = (spec.data.clone(), spec.network.clone());
        return Ok(Declaration { source: Source::Own, workload, entry, identity, data, network });
    };
    let blueprint = blueprint.ok_or_else(|| Refusal::BlueprintMissing { blueprint: name.to_string() })?;
    let written = &blueprint.spec;
    let source = match written.sharing {
        Sharing::Dedicated => Source::Dedicated(name.clone()),
        Sharing::Shared => Source::Seat(name.clone()),
    };
    parameters_fit(app, blueprint)?;
    Ok(Declaration {
        source,
        workload: Workload { env: environment(app, blueprint), ..written.workload.clone() },
        entry: entry(app, name, written.entry.as_ref())?,
        identity: written.identity.clone(),
        data: data(app, name, written.data.as_ref())?,
        // What runs is the Blueprint's, and so are its connections.
        network: written.network.clone().filter(|_| written.sharing == Sharing::Dedicated),
    })
}

/// The network that an App declares, itself or by its Blueprint. None: nobody can tell, since the Blueprint
/// is not there.
pub fn network<'a>(app: &'a App, blueprint: Option<&'a Blueprint>) -> Option<Option<&'a Network>> {
    match (&app.spec.blueprint, blueprint) {
        (None, _) => Some(app.spec.network.as_ref()),
        (Some(_), Some(blueprint)) => Some(blueprint.spec.network.as_ref()),
        (Some(_), None) => None,
    }
}

/// The Blueprint's entry with the App's further host names.
fn entry(app: &App, name: &Name, written: Option<&Entry>) -> Result<Option<Entry>, Refusal> {
    let hosts = app.spec.entry.iter().flat_map(|entry| entry.hosts.clone()).collect::<Vec<_>>();
    match written {
        None if !hosts.is_empty() => Err(lacks(name, "entry.hosts", "entry")),
        None => Ok(None),
        Some(entry) => Ok(Some(Entry { hosts, ..entry.clone() })),
    }
}

/// The Blueprint's data, where the App may ask for another amount of storage.
fn data(app: &App, name: &Name, written: Option<&Data>) -> Result<Option<Data>, Refusal> {
    let asked = app.spec.data.as_ref().and_then(|data| data.database.as_ref());
    let database = written.and_then(|data| data.database.as_ref());
    match (asked, database) {
        (Some(_), None) => Err(lacks(name, "data.database", "data.database")),
        (None, _) => Ok(written.cloned()),
        (Some(asked), Some(database)) => {
            let storage = asked.storage.clone().or_else(|| database.storage.clone());
            Ok(Some(Data { database: Some(Database { storage }) }))
        }
    }
}

fn lacks(blueprint: &Name, asked: &'static str, layer: &'static str) -> Refusal {
    Refusal::NotInBlueprint { blueprint: blueprint.to_string(), asked, layer }
}

/// The variables of a Blueprint's App. Of one name, the first of these counts:
///
/// 1. what the platform says (`YIPAN_…`, added where the pod is rendered; nobody else may use such a name),
/// 2. the App's parameter,
/// 3. the parameter's `value` in the Blueprint,
/// 4. the Blueprint's `workload.env`.
fn environment(app: &App, blueprint: &Blueprint) -> Vec<EnvVar> {
    let spec = &blueprint.spec;
    let given: Vec<EnvVar> = spec.parameters.iter().filter_map(|parameter| variable(app, parameter)).collect();
    let replaced = |variable: &&EnvVar| given.iter().any(|parameter| parameter.name == variable.name);
    let written = spec.workload.env.iter().filter(|variable| !replaced(variable)).cloned();
    written.chain(given.iter().cloned()).collect()
}

/// The variable that a parameter becomes; none where neither side says anything.
fn variable(app: &App, parameter: &BlueprintParameter) -> Option<EnvVar> {
    let given = app.spec.parameters.iter().find(|given| given.name == parameter.name);
    let (value, secret) = match given {
        Some(Parameter { value, secret, .. }) => (value.clone(), secret.clone()),
        None => (Some(parameter.value.clone()?), None),
    };
    Some(EnvVar { name: parameter.name.clone(), value, secret })
}

/// Whether an App gives what its Blueprint asks for, in the way it asks, and nothing else.
fn parameters_fit(app: &App, blueprint: &Blueprint) -> Result<(), Refusal> {
    let (given, asked) = (&app.spec.parameters, &blueprint.spec.parameters);
    let name = || blueprint.metadata.name.clone().unwrap_or_default();
    let known = || asked.iter().map(|asked| asked.name.as_str()).collect::<Vec<_>>().join(", ");
    for given in given {
        let Some(asked) = asked.iter().find(|asked| asked.name == given.name) else {
            let known = if asked.is_empty() { "none".to_owned() } else { known() };
            return Err(Refusal::ParameterUnknown { parameter: given.name.to_string(), blueprint: name(), known });
        };
        if asked.secret == Some(true) && given.secret.is_none() {
            return Err(Refusal::ParameterNotSecret { parameter: given.name.to_string() });
        }
    }
    let absent = |asked: &&BlueprintParameter| {
        asked.required == Some(true) && !given.iter().any(|given| given.name == asked.name)
    };
    match asked.iter().find(absent) {
        None => Ok(()),
        Some(absent) => Err(Refusal::ParameterMissing {
            parameter: absent.name.to_string(),
            description: absent.description.to_string(),
            blueprint: name(),
        }),
    }
}
