//! A comparison for people.

use serde_json::Value;
use yipan_core::kinds::Amounts;

use super::report::{Changed, Counts, Figures, Grant, Report, Says, Turned, Verb, Way};
use super::unified::unified;
use crate::commands::output::{table, yaml_stream};

/// What changes, object by object, then what that means: grants, ways, conditions, refusals.
pub fn text(report: &Report) -> String {
    let mut text = String::new();
    for (title, all) in [("Declarations", &report.declarations), ("Objects", &report.objects)] {
        if !all.is_empty() {
            text.push_str(&format!("{title}\n{}\n", all.iter().map(changed).collect::<String>()));
        }
    }
    if !report.grants.is_empty() {
        let rows = report.grants.iter().map(grant);
        text.push_str(&format!("Grants\n{}\n", table(["TENANT", "", "TOTAL", "OWN"], rows.flatten())));
    }
    text.push_str(&ways("Who could newly reach whom", "+", &report.reach.opened));
    text.push_str(&ways("Who could no longer reach whom", "-", &report.reach.closed));
    text.push_str(&conditions(report));
    text.push_str(&refusals(report));
    if !report.is_empty() {
        let lines = report.not_predicted.iter().map(|line| format!("  {line}\n"));
        text.push_str(&format!("Not predicted\n{}\n", lines.collect::<String>()));
    }
    text + &summary(report)
}

/// `2 to create, 3 to change, 1 to delete`.
fn counted(counts: Counts) -> String {
    let Counts { create, change, delete } = counts;
    format!("{create} to create, {change} to change, {delete} to delete")
}

fn summary(report: &Report) -> String {
    let summary = &report.summary;
    if report.is_empty() {
        return "No changes: the cluster is as declared.\n".to_owned();
    }
    let refused = if summary.refused > 0 { format!("; {} refused", summary.refused) } else { String::new() };
    format!(
        "Declarations: {}.\nObjects: {}.\nReach: {} newly open, {} closed{refused}.\n",
        counted(summary.declarations),
        counted(summary.objects),
        summary.opened,
        summary.closed
    )
}

/// One line for what comes or goes; what changes is shown line by line.
fn changed(changed: &Changed) -> String {
    let place = changed.namespace.as_ref().map_or_else(String::new, |namespace| format!("{namespace}/"));
    let title = format!("{} {place}{}", changed.kind, changed.name);
    match changed.change {
        Verb::Create => format!("+ {title}\n"),
        Verb::Delete => format!("- {title}\n"),
        Verb::Change => {
            let yaml = |value: &Option<Value>| {
                let stream = value.as_ref().map(|value| yaml_stream([value]).unwrap_or_default()).unwrap_or_default();
                stream.trim_start_matches("---\n").to_owned()
            };
            let lines = unified(&yaml(&changed.before), &yaml(&changed.after));
            let lines = lines.lines().map(|line| format!("    {line}\n")).collect::<String>();
            format!("~ {title}\n{lines}")
        }
    }
}

fn grant(grant: &Grant) -> [[String; 4]; 2] {
    let amounts = |amounts: &Amounts| {
        let quantity =
            |quantity: &Option<yipan_core::kinds::Quantity>| quantity.clone().map_or_else(String::new, String::from);
        format!(
            "{} CPU, {} memory, {} storage, {} apps",
            quantity(&amounts.cpu),
            quantity(&amounts.memory),
            quantity(&amounts.storage),
            amounts.apps.unwrap_or_default()
        )
    };
    let row = |sign: &str, figures: &Option<Figures>| match figures {
        Some(figures) => [grant.tenant.clone(), sign.to_owned(), amounts(&figures.total), amounts(&figures.own)],
        None => [grant.tenant.clone(), sign.to_owned(), "nothing".to_owned(), "nothing".to_owned()],
    };
    [row("-", &grant.before), row("+", &grant.after)]
}

fn ways(title: &str, sign: &str, ways: &[Way]) -> String {
    if ways.is_empty() {
        return String::new();
    }
    let from = |way: &Way| match way.visibility {
        Some(visibility) => format!("{} ({visibility:?})", way.from),
        None => way.from.clone(),
    };
    let row = |way: &Way| [sign.to_owned(), from(way), way.to.clone(), way.port.to_string(), way.purpose.clone()];
    format!("{title}\n{}\n", table(["", "FROM", "TO", "PORT", "FOR"], ways.iter().map(row)))
}

fn conditions(report: &Report) -> String {
    if report.conditions.is_empty() {
        return String::new();
    }
    let says = |says: &Option<Says>| match says {
        Some(Says { status, reason }) => format!("{status}/{reason}"),
        None => "absent".to_owned(),
    };
    let line = |turned: &Turned| {
        let once = if turned.waits_for_pods { ", once pods and gateways follow" } else { "" };
        let message = if turned.message.is_empty() { String::new() } else { format!(": {}", turned.message) };
        format!(
            "  {} {}: {} -> {}{once}{message}\n",
            turned.named,
            turned.type_,
            says(&turned.before),
            says(&turned.after)
        )
    };
    format!("Conditions\n{}\n", report.conditions.iter().map(line).collect::<String>())
}

fn refusals(report: &Report) -> String {
    if report.refusals.is_empty() {
        return String::new();
    }
    let lines = report.refusals.iter().map(|refusal| {
        let already = if refusal.already { ", already" } else { "" };
        format!("  {} ({}{already}): {}\n", refusal.object, refusal.reason, refusal.message)
    });
    format!("Refused\n{}\n", lines.collect::<String>())
}
