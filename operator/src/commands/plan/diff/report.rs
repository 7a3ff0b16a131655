//! What a comparison comes to, for people and programs alike.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use yipan_core::fields::Field;
use yipan_core::kinds::{Amounts, Granted, Visibility};
use yipan_core::plan::Path;
use yipan_core::plan::preview::{Change, Named, Preview, Turn, Waits, Ways};

use super::differences::{Difference, Differences};
use crate::manifest::Manifest;

/// What a comparison comes to.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How much of everything.
    pub summary: Summary,
    /// What applying the files changes.
    pub declarations: Vec<Changed>,
    /// What the operator makes of that, and what it repairs.
    pub objects: Vec<Changed>,
    /// What would be granted.
    pub grants: Vec<Grant>,
    /// Who could newly reach whom, and who no longer.
    pub reach: Reach,
    /// Conditions that would change.
    pub conditions: Vec<Turned>,
    /// What would be declined, or is.
    pub refusals: Vec<Declined>,
    /// What is not foretold.
    pub not_predicted: Vec<String>,
}

/// How much of everything.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "each says what it counts")]
pub struct Summary {
    pub declarations: Counts,
    pub objects: Counts,
    pub opened: usize,
    pub closed: usize,
    pub refused: usize,
}

/// How many of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "each says what it counts")]
pub struct Counts {
    pub create: usize,
    pub change: usize,
    pub delete: usize,
}

/// What becomes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "each says what it is")]
pub enum Verb {
    Create,
    Change,
    Delete,
}

/// One declaration or object that would not be what it is.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Changed {
    /// What becomes of it.
    pub change: Verb,
    /// Its kind.
    pub kind: String,
    /// Its namespace; none where it lies in none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// The fields that differ, where it is changed.
    pub fields: Vec<Field>,
    /// What is stored of the fields that are ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// What a tenant would be granted.
#[derive(Debug, Clone, Serialize)]
pub struct Grant {
    /// The tenant.
    pub tenant: String,
    /// What it has; none: nothing yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Figures>,
    /// What it would have; none: it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Figures>,
}

/// Figures of a grant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// The ceiling of its subtree.
    pub total: Amounts,
    /// What its own namespace may use.
    pub own: Amounts,
}

/// Ways that open and close.
#[derive(Debug, Clone, Serialize)]
pub struct Reach {
    /// Who could newly reach whom.
    pub opened: Vec<Way>,
    /// Who could no longer.
    pub closed: Vec<Way>,
}

/// One way through the fences.
#[derive(Debug, Clone, Serialize)]
pub struct Way {
    /// A gateway or an App.
    pub from: String,
    /// For whom a gateway is: `Public` or `Internal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// The App that is reached, or the range of addresses outside of the cluster.
    pub to: String,
    /// The port.
    pub port: i32,
    /// What for: host names, a purpose, or a way out.
    pub purpose: String,
}

/// A condition that would change.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Turned {
    /// Whose.
    #[serde(flatten)]
    pub named: Named,
    /// Its type.
    #[serde(rename = "type")]
    pub type_: String,
    /// Status and reason now; none: it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Says>,
    /// Status and reason then; none: it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Says>,
    /// What is to be known or done.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Whether it comes only once pods run and gateways answer.
    pub waits_for_pods: bool,
}

/// What a condition says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "Kubernetes' own words")]
pub struct Says {
    pub status: String,
    pub reason: String,
}

/// A declaration that would be declined, or given less than it asks.
#[derive(Debug, Clone, Serialize)]
pub struct Declined {
    /// Kind and name.
    pub object: String,
    /// Why, in one word.
    pub reason: String,
    /// Why, and what to do.
    pub message: String,
    /// Whether it is so already and not by this change.
    pub already: bool,
}

/// What pods, gateways and the quota controller do nobody can tell beforehand.
const REACTION: &str =
    "whether pods start, gateways answer and certificates are there; and what is admitted by policies";

impl Report {
    /// Sorts what was found.
    pub fn of(manifest: &Manifest, preview: &Preview, changes: Vec<Change>, differences: Differences) -> Self {
        let Differences { all, taken } = differences;
        let touched: BTreeSet<Named> = all.iter().map(|difference| difference.owner.clone()).collect();
        let given: BTreeSet<String> = changes.iter().map(|change| change.named.to_string()).collect();
        let declarations: Vec<Changed> = changes.into_iter().map(declaration).collect();
        let objects: Vec<Changed> = all.into_iter().map(object).collect();
        let reach = reach(preview);
        let of = |turn: &Turn| turn.waits == Waits::No || touched.contains(&turn.named);
        let declined = preview.declined().into_iter().map(|declined| {
            let object = declined.named.to_string();
            let already = declined.already && !given.contains(&object);
            Declined { object, reason: declined.reason, message: declined.message, already }
        });
        let taken = taken.into_iter().map(|object| Declined {
            message: format!(
                "{object} exists and is not Yipan's; nothing is adopted: remove it, or choose another name"
            ),
            object,
            reason: "NameTaken".to_owned(),
            already: false,
        });
        let refusals: Vec<Declined> = declined.chain(taken).collect();
        let summary = Summary {
            declarations: counts(&declarations),
            objects: counts(&objects),
            opened: reach.opened.len(),
            closed: reach.closed.len(),
            refused: refusals.iter().filter(|refusal| !refusal.already).count(),
        };
        Self {
            summary,
            declarations,
            objects,
            grants: grants(preview),
            reach,
            conditions: preview.turns().into_iter().filter(of).map(turned).collect(),
            refusals,
            not_predicted: not_predicted(manifest, preview),
        }
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.declarations.is_empty() && self.objects.is_empty() && self.grants.is_empty()
    }
}

fn counts(all: &[Changed]) -> Counts {
    let count = |verb: Verb| all.iter().filter(|changed| changed.change == verb).count();
    Counts { create: count(Verb::Create), change: count(Verb::Change), delete: count(Verb::Delete) }
}

fn verb(before: Option<&Value>, after: Option<&Value>) -> Verb {
    match (before, after) {
        (None, _) => Verb::Create,
        (_, None) => Verb::Delete,
        _ => Verb::Change,
    }
}

fn declaration(change: Change) -> Changed {
    let Change { named: Named { kind, namespace, name }, before, after, fields } = change;
    let change = verb(before.as_ref(), after.as_ref());
    Changed { change, kind: kind.to_owned(), namespace, name, fields, before, after }
}

fn object(difference: Difference) -> Changed {
    let Difference { kind, namespace, name, owner: _, before, after, fields } = difference;
    let change = verb(before.as_ref(), after.as_ref());
    Changed { change, kind: kind.as_str().to_owned(), namespace, name, fields, before, after }
}

fn grants(preview: &Preview) -> Vec<Grant> {
    let figures = |granted: &Granted| Figures { total: granted.total.clone(), own: granted.own.clone() };
    let of = |tenants: &BTreeMap<String, _>, name: &String| {
        let tenant: &std::sync::Arc<yipan_core::kinds::Tenant> = tenants.get(name)?;
        tenant.status.as_ref()?.granted.as_ref().map(figures)
    };
    let (old, new) = (&preview.before.tenants, &preview.after.tenants);
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let grant = |name: &String| {
        let (before, after) = (of(old, name), of(new, name));
        (before != after).then(|| Grant { tenant: name.clone(), before, after })
    };
    names.into_iter().filter_map(grant).collect()
}

fn reach(preview: &Preview) -> Reach {
    let Ways { opened, closed } = Ways::of(preview);
    let platforms = [&preview.after.platform, &preview.before.platform];
    let visibility = |from: &str| {
        let name = from.strip_prefix("gateway ")?;
        let gateways = platforms.iter().filter_map(|platform| platform.as_ref()).flat_map(|p| &p.spec.gateways);
        gateways.into_iter().find(|gateway| gateway.name.as_str() == name).map(|gateway| gateway.visibility)
    };
    let way = |path: Path| Way {
        visibility: visibility(&path.from),
        from: path.from,
        to: path.to,
        port: path.port,
        purpose: path.purpose,
    };
    Reach { opened: opened.into_iter().map(way).collect(), closed: closed.into_iter().map(way).collect() }
}

fn turned(turn: Turn) -> Turned {
    let says = |said: Option<(String, String)>| said.map(|(status, reason)| Says { status, reason });
    Turned {
        named: turn.named,
        type_: turn.type_,
        before: says(turn.before),
        after: says(turn.after),
        message: turn.message,
        waits_for_pods: turn.waits == Waits::ForPods,
    }
}

fn not_predicted(manifest: &Manifest, preview: &Preview) -> Vec<String> {
    let tenants = preview.unreadable.iter().map(|name| format!("Tenant {name}, which is stored and cannot be read"));
    let blueprints = preview.after.unreadable_blueprints.iter();
    let blueprints = blueprints.map(|name| format!("Blueprint {name}, which is stored and cannot be read"));
    let apps = preview.after.unreadable.iter();
    let apps = apps.map(|place| format!("{}, which is stored and cannot be read", Named::app(place)));
    let found = &manifest.declared;
    let others = [
        ("Namespace", found.namespaces.len()),
        ("ResourceQuota", found.quotas.len()),
        ("Deployment or CronJob", found.workloads.len()),
        ("HTTPRoute", found.routes.len()),
        ("ListenerSet", found.listeners.len()),
    ];
    let others = others.into_iter().filter(|(_, count)| *count > 0).map(|(kind, count)| (kind.to_owned(), count));
    let passed_over = manifest.passed_over.iter().map(|(kind, count)| (kind.clone(), *count)).chain(others);
    let passed_over =
        passed_over.map(|(kind, count)| format!("{count} {kind} of the files, which are not Yipan's to apply"));
    std::iter::once(REACTION.to_owned()).chain(tenants).chain(blueprints).chain(apps).chain(passed_over).collect()
}
