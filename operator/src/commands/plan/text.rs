//! A plan for people.

use super::report::{Line, Report, Summary};
use crate::commands::output::table;

/// Totals first, then the tenants, then whatever needs somebody to act, then who reaches whom.
pub fn summary(report: &Report) -> String {
    let tenants = report.tenants.iter().map(|line| {
        [
            line.name.clone(),
            line.display_name.clone(),
            line.level.to_owned(),
            line.division.clone(),
            line.cpu.clone(),
            line.memory.clone(),
            line.apps.to_string(),
            line.objects.to_string(),
            line.state.clone(),
        ]
    });
    let header = ["TENANT", "", "LEVEL", "DIVISION", "CPU", "MEMORY", "APPS", "OBJECTS", "STATE"];
    let ways = report.reach.iter();
    let ways = ways.map(|way| [way.from.clone(), way.to.clone(), way.port.to_string(), way.purpose.clone()]);
    let mut text = totals(&report.summary);
    if !report.tenants.is_empty() {
        text.push_str(&format!("\n{}", table(header, tenants)));
    }
    text.push_str(&lines("Refused", &report.refusals));
    text.push_str(&lines("Not provided by the platform", &report.not_provided));
    text.push_str(&lines("Waiting for the other side", &report.consents));
    if !report.reach.is_empty() {
        text.push_str(&format!("\nWho can reach whom\n{}", table(["FROM", "TO", "PORT", "FOR"], ways)));
    }
    text
}

fn totals(summary: &Summary) -> String {
    let Summary { tenants, apps, objects, refused, paused, passed_over } = summary;
    let mut parts = vec![
        counted(*tenants, "tenant"),
        counted(*apps, "App"),
        counted(*objects, "object"),
        format!("{refused} refused"),
    ];
    if *paused > 0 {
        parts.push(format!("{paused} paused"));
    }
    let others: Vec<String> = passed_over.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let note = if others.is_empty() { String::new() } else { format!("passed over: {}\n", others.join(", ")) };
    format!("{}\n{note}", parts.join(", "))
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Messages are whole sentences that must not be cut: one below the other, not in a table.
fn lines(title: &str, lines: &[Line]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let line = |line: &Line| format!("  {} ({}): {}\n", line.object, line.reason, line.message);
    format!("\n{title}\n{}", lines.iter().map(line).collect::<String>())
}
