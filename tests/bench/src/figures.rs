//! From runs to figures: the least, the median and the greatest of each.

use comfy_table::{CellAlignment, Table, TableStyle, presets};
use serde::Serialize;

use super::flood::{Flood, Times};
use super::run::{Run, total};

/// One figure over all runs.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What it says.
    pub figure: String,
    /// Seconds, milliseconds, MiB, or nothing where it is a count or a ratio.
    pub unit: &'static str,
    /// The least.
    pub min: f64,
    /// The one in the middle; the mean of two where they are even.
    pub median: f64,
    /// The greatest.
    pub max: f64,
}

const MIB: f64 = 1024.0 * 1024.0;

/// Every figure, in the order in which people read them. Ratios are of one run's parts: a machine
/// that is slow for one part mostly is so for the other.
pub fn figures(runs: &[Run], tenants: usize) -> Vec<Figure> {
    if runs.is_empty() {
        return Vec::new();
    }
    let tenants = tenants as f64;
    let figure = |name: &str, unit, of: &dyn Fn(&Run) -> f64| Figure::over(runs, name, unit, of);
    vec![
        figure("objects, declared and rendered", "", &|run| run.bare_objects as f64),
        figure("bare parallel apply", "s", &|run| run.bare_seconds),
        figure("bare parallel apply, objects a second", "", &|run| run.bare_objects as f64 / run.bare_seconds),
        figure("operator, first create to last Ready", "s", &|run| run.operator_seconds),
        figure("operator, first create to half Ready", "s", &|run| run.half_ready_seconds),
        figure("operator / bare", "", &|run| run.operator_seconds / run.bare_seconds),
        figure("operator's processor time in it", "s", &|run| run.operator_cpu_seconds),
        figure("API server's processor time, bare", "s", &|run| run.bare_server_cpu_seconds),
        figure("API server's processor time, operator", "s", &|run| run.server_cpu_seconds),
        figure("processor time, operator / bare", "", &|run| {
            (run.server_cpu_seconds + run.operator_cpu_seconds) / run.bare_server_cpu_seconds
        }),
        figure("operator's writes a tenant", "", &|run| total(&run.writes) / tenants),
        figure("writes while steady, by the operator's count", "", &|run| run.steady_writes),
        figure("writes while steady, seen by the API server", "", &|run| run.steady_writes_seen),
        figure("operator's resident memory", "MiB", &|run| run.resident_bytes as f64 / MIB),
        figure("bare list of all kinds", "s", &|run| run.list_seconds),
        figure("restart, to leading", "s", &|run| run.restart_leading_seconds),
        figure("restart, to all compared", "s", &|run| run.restart_seconds),
        figure("restart / bare list", "", &|run| run.restart_seconds / run.list_seconds),
        figure("writes after a restart", "", &|run| run.restart_writes),
        figure("resident memory after a restart", "MiB", &|run| run.restart_resident_bytes as f64 / MIB),
    ]
}

/// The figures of a tenant's single change, alone and in another tenant's flood.
pub fn of_floods(floods: &[Flood]) -> Vec<Figure> {
    if floods.is_empty() {
        return Vec::new();
    }
    let figure = |name: &str, unit, of: &dyn Fn(&Flood) -> f64| Figure::over(floods, name, unit, of);
    let millis = |name: &str, of: &dyn Fn(&Flood) -> f64| figure(name, "ms", &|flood| of(flood) * 1000.0);
    let ratio =
        |name: &str, of: &dyn Fn(&Times) -> f64| figure(name, "", &|flood| of(&flood.flooded) / of(&flood.alone));
    vec![
        millis("single change alone, half within", &|flood| flood.alone.p50_seconds),
        millis("single change alone, 99 % within", &|flood| flood.alone.p99_seconds),
        millis("single change in a flood, half within", &|flood| flood.flooded.p50_seconds),
        millis("single change in a flood, 99 % within", &|flood| flood.flooded.p99_seconds),
        ratio("half within, flood / alone", &|times| times.p50_seconds),
        ratio("99 % within, flood / alone", &|times| times.p99_seconds),
        millis("its request to the API server alone, 99 % within", &|flood| flood.request_alone.p99_seconds),
        millis("its request to the API server in a flood, 99 % within", &|flood| flood.request_flooded.p99_seconds),
        figure("changes of the flood answered a second", "", &|flood| flood.changes_per_second),
        figure("longest lag the operator tells of who floods", "s", &|flood| flood.lag_flooding_seconds),
        figure("longest lag the operator tells of the other", "s", &|flood| flood.lag_calm_seconds),
    ]
}

impl Figure {
    fn over<R>(runs: &[R], name: &str, unit: &'static str, of: &dyn Fn(&R) -> f64) -> Self {
        let mut values: Vec<f64> = runs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
        let last = values.len().saturating_sub(1);
        let median = (at(last / 2) + at(last.div_ceil(2))) / 2.0;
        Self { figure: name.to_owned(), unit, min: at(0), median, max: at(last) }
    }

    fn cells(&self) -> [String; 4] {
        let name = if self.unit.is_empty() { self.figure.clone() } else { format!("{} ({})", self.figure, self.unit) };
        [name, number(self.min), number(self.median), number(self.max)]
    }
}

/// As many digits as say something.
fn number(value: f64) -> String {
    match value {
        whole if whole.fract() == 0.0 => format!("{whole}"),
        large if large >= 100.0 => format!("{large:.0}"),
        middle if middle >= 10.0 => format!("{middle:.1}"),
        small => format!("{small:.2}"),
    }
}

/// A table for a terminal.
pub fn table(figures: &[Figure]) -> String {
    drawn(figures, presets::UTF8_FULL_CONDENSED)
}

/// A table for a document.
pub fn markdown(figures: &[Figure]) -> String {
    drawn(figures, presets::ASCII_MARKDOWN)
}

fn drawn(figures: &[Figure], style: TableStyle) -> String {
    let mut table = Table::new();
    table.load_style(style).set_header(["figure", "min", "median", "max"]);
    table.add_rows(figures.iter().map(Figure::cells));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// What breaks a promise that holds on every machine, at any load. Times never do.
pub fn broken_promises(runs: &[Run]) -> Vec<String> {
    let promise = |what: &str, of: fn(&Run) -> f64| {
        let most = runs.iter().map(of).fold(0.0, f64::max);
        (most > 0.0).then(|| format!("{most} {what}, and there must be none"))
    };
    let promises = [
        promise("writes of the operator while nothing changed", |run| run.steady_writes),
        promise("writes seen by the API server while nothing changed", |run| run.steady_writes_seen),
        promise("writes of the operator after a restart", |run| run.restart_writes),
    ];
    promises.into_iter().flatten().collect()
}
