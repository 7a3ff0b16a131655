//! What a plan comes to, for people and programs alike.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use yipan_core::kinds::{Condition, Quantity, UseState};
use yipan_core::plan::conditions::find;
use yipan_core::plan::{Answer, AppAnswer, Declared, TenantAnswer};

use crate::manifest::Manifest;

/// What a plan comes to.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How much of everything.
    pub summary: Summary,
    /// Tenants, parents before children.
    pub tenants: Vec<TenantLine>,
    /// What is declined, and why.
    pub refusals: Vec<Line>,
    /// What the platform or the province does not provide.
    pub not_provided: Vec<Line>,
    /// Connections that only one side has declared.
    pub consents: Vec<Line>,
    /// Who can reach whom.
    pub reach: Vec<Way>,
    /// Every object, in the order of writing.
    pub objects: Vec<Value>,
}

/// How much of everything.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "each says what it counts")]
pub struct Summary {
    pub tenants: usize,
    pub apps: usize,
    pub objects: usize,
    pub refused: usize,
    pub paused: usize,
    /// Objects of kinds that are not ours, by kind.
    pub passed_over: BTreeMap<String, usize>,
}

/// One tenant.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantLine {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub display_name: String,
    /// What it is.
    pub level: &'static str,
    /// Its division code.
    pub division: String,
    /// What its own namespace may use; empty while nothing is granted.
    pub cpu: String,
    /// What its own namespace may use; empty while nothing is granted.
    pub memory: String,
    /// How many Apps it has.
    pub apps: usize,
    /// How many objects it comes to, with those of its Apps.
    pub objects: usize,
    /// `Accepted`, `Paused`, or why it is refused or granted less than it asks.
    pub state: String,
}

/// Something to know about one declaration.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Kind and name.
    pub object: String,
    /// One word.
    pub reason: String,
    /// All that is to be said.
    pub message: String,
}

/// One way through the fences.
#[derive(Debug, Clone, Serialize)]
pub struct Way {
    /// A gateway or an App.
    pub from: String,
    /// The App that is reached, or the range of addresses outside of the cluster.
    pub to: String,
    /// The port; a TCP port where `to` does not say otherwise.
    pub port: i32,
    /// What for.
    pub purpose: String,
}

impl Report {
    /// Counts and sorts an answer.
    pub fn of(manifest: &Manifest, answer: &Answer) -> Self {
        let objects = answer.tenants.iter().flat_map(|tenant| &tenant.objects);
        let objects = objects.chain(answer.blueprints.iter().flat_map(|blueprint| &blueprint.objects));
        let objects = objects.chain(answer.apps.iter().flat_map(|app| &app.objects));
        let objects: Vec<Value> = objects.map(|object| object.value.clone()).collect();
        let refusals = refusals(answer);
        let paused = answer.tenants.iter().map(|tenant| &tenant.status.conditions);
        let paused = paused.chain(answer.apps.iter().map(|app| &app.status.conditions));
        let summary = Summary {
            tenants: answer.tenants.len(),
            apps: answer.apps.len(),
            objects: objects.len(),
            refused: refusals.len(),
            paused: paused.filter(|conditions| is_paused(conditions)).count(),
            passed_over: manifest.passed_over.clone(),
        };
        let ways = answer.blueprints.iter().flat_map(|blueprint| &blueprint.reach);
        let ways = ways.chain(answer.apps.iter().flat_map(|app| &app.reach)).map(|path| Way {
            from: path.from.clone(),
            to: path.to.clone(),
            port: path.port,
            purpose: path.purpose.clone(),
        });
        Self {
            summary,
            tenants: answer
                .tenants
                .iter()
                .filter_map(|tenant| line(tenant, &manifest.declared, &answer.apps))
                .collect(),
            refusals,
            not_provided: answer.apps.iter().flat_map(not_provided).collect(),
            consents: answer.apps.iter().flat_map(consents).collect(),
            reach: ways.collect(),
            objects,
        }
    }
}

fn is_paused(conditions: &[Condition]) -> bool {
    find(conditions, "Paused").is_some_and(|paused| paused.status == "True")
}

fn line(answer: &TenantAnswer, declared: &Declared, apps: &[AppAnswer]) -> Option<TenantLine> {
    let spec = &declared.tenants.get(&answer.name)?.spec;
    let own = answer.status.granted.as_ref().map(|granted| granted.own.clone()).unwrap_or_default();
    let amount = |quantity: Option<Quantity>| quantity.map(String::from).unwrap_or_default();
    let its_apps: Vec<&AppAnswer> = apps.iter().filter(|app| app.namespace == answer.name).collect();
    let accepted = find(&answer.status.conditions, "Accepted").map(|accepted| accepted.reason.clone());
    let lacks = lacks(&answer.status.conditions).then(|| find(&answer.status.conditions, "Granted"));
    let lacks = lacks.flatten().map(|granted| granted.reason.clone());
    let paused = is_paused(&answer.status.conditions).then(|| "Paused".to_owned());
    Some(TenantLine {
        name: answer.name.clone(),
        display_name: spec.display_name.to_string(),
        level: spec.level.as_str(),
        division: spec.division.to_string(),
        cpu: amount(own.cpu),
        memory: amount(own.memory),
        apps: its_apps.len(),
        objects: answer.objects.len() + its_apps.iter().map(|app| app.objects.len()).sum::<usize>(),
        state: paused.or(lacks).or(accepted).unwrap_or_default(),
    })
}

/// Whether a tenant was granted less than it asks.
fn lacks(conditions: &[Condition]) -> bool {
    find(conditions, "Granted").is_some_and(|granted| granted.status != "True")
}

/// What is accepted has objects, an account at the least; what is paused was not looked at. A tenant
/// that lacks quota keeps the objects it had.
fn refusals(answer: &Answer) -> Vec<Line> {
    let tenants = answer.tenants.iter();
    let tenants = tenants.filter(|tenant| tenant.objects.is_empty() || lacks(&tenant.status.conditions));
    let tenants = tenants.map(|tenant| (format!("Tenant {}", tenant.name), &tenant.status.conditions));
    // A seat has nothing but its address, and that only where it may be open.
    let apps = answer.apps.iter().filter(|app| app.objects.is_empty() && app.status.seat.is_none());
    let apps = apps.map(|app| (title(app), &app.status.conditions));
    let declined = |conditions: &[Condition]| find(conditions, "Accepted").is_some_and(|found| found.status == "False");
    let blueprints = answer.blueprints.iter().filter(|found| declined(&found.status.conditions));
    let blueprints = blueprints.map(|found| (format!("Blueprint {}", found.name), &found.status.conditions));
    let refused = tenants.chain(blueprints).chain(apps).filter(|(_, conditions)| !is_paused(conditions));
    refused
        .map(|(object, conditions)| {
            let ready = find(conditions, "Ready");
            let text = |field: fn(&Condition) -> &String| ready.map(field).cloned().unwrap_or_default();
            Line { object, reason: text(|ready| &ready.reason), message: text(|ready| &ready.message) }
        })
        .collect()
}

/// What others than the App's tenant would have to give, and have not.
const NOT_PROVIDED: [&str; 3] = ["NotConfigured", "EgressNotGiven", "HostNotGiven"];

fn not_provided(app: &AppAnswer) -> Vec<Line> {
    let missing = app.status.conditions.iter().filter(|condition| condition.type_ != "Ready");
    let missing = missing.filter(|condition| NOT_PROVIDED.contains(&condition.reason.as_str()));
    missing
        .map(|condition| Line {
            object: title(app),
            reason: condition.type_.clone(),
            message: condition.message.clone(),
        })
        .collect()
}

fn consents(app: &AppAnswer) -> Vec<Line> {
    let line = |reason: String, message: &Option<String>| {
        let message = message.clone().unwrap_or_default();
        Line { object: title(app), reason, message }
    };
    let uses = app.status.uses.iter().filter(|uses| uses.state == UseState::Pending);
    let uses = uses.map(|uses| line(format!("uses {}", uses.name), &uses.reason));
    let serves = app.status.serves.iter().filter(|serves| serves.state == UseState::Pending);
    let serves = serves.map(|serves| line(format!("serves {}", serves.grantee), &serves.missing));
    uses.chain(serves).collect()
}

fn title(app: &AppAnswer) -> String {
    format!("App {}/{}", app.namespace, app.name)
}
