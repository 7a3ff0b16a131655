//! From runs to figures: the least, the median and the greatest of each, and the bar it is held to.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::{CellAlignment, Table, TableStyle, presets};
use serde::Serialize;

use super::bare::Bare;
use super::declarations::Size;
use super::flood::{Flood, Times};
use super::report::{Measured, Part};
use super::run::{Converged, Restart, Steady, total};

/// The figures of one size, or of the floods.
#[derive(Debug, Clone, Serialize)]
pub struct Group {
    /// What they are of.
    pub title: String,
    /// In the order in which people read them.
    pub figures: Vec<Figure>,
}

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
    /// What it may be at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bar: Option<f64>,
}

const MIB: f64 = 1024.0 * 1024.0;

/// The parts of one run over one size, as far as they were measured.
#[derive(Default)]
struct Run<'a> {
    tenants: f64,
    bare: Option<&'a Bare>,
    operator: Option<&'a Converged>,
    steady: Option<&'a Steady>,
    restart: Option<&'a Restart>,
}

impl<'a> Run<'a> {
    fn of(parts: &'a [Part], number: usize, size: Size) -> Self {
        let mut run = Self { tenants: size.tenants as f64, ..Self::default() };
        for part in parts.iter().filter(|part| part.run == number && part.size == Some(size)) {
            match &part.measured {
                Measured::Bare(bare) => run.bare = Some(bare),
                Measured::Operator(operator) => run.operator = Some(operator),
                Measured::Steady(steady) => run.steady = Some(steady),
                Measured::Restart(restart) => run.restart = Some(restart),
                Measured::Flood(_) => {}
            }
        }
        run
    }
}

/// Every figure of what was measured.
pub fn groups(parts: &[Part]) -> Vec<Group> {
    let numbers: BTreeSet<usize> = parts.iter().map(|part| part.run).collect();
    let sizes: BTreeSet<Size> = parts.iter().filter_map(|part| part.size).collect();
    let of_size = |size: Size| {
        let runs: Vec<Run<'_>> = numbers.iter().map(|number| Run::of(parts, *number, size)).collect();
        Group { title: size.to_string(), figures: of_runs(&runs) }
    };
    let flood = |part: &'_ Part| match &part.measured {
        Measured::Flood(flood) => Some(flood.clone()),
        _ => None,
    };
    let floods: Vec<Flood> = parts.iter().filter_map(flood).collect();
    let title = "a single change while another tenant floods".to_owned();
    let flooded = (!floods.is_empty()).then(|| Group { title, figures: of_floods(&floods) });
    sizes.into_iter().map(of_size).chain(flooded).collect()
}

/// Ratios are of one run's parts: a machine that is slow for one part mostly is so for the other.
fn of_runs(runs: &[Run<'_>]) -> Vec<Figure> {
    type Of<'f> = &'f dyn Fn(&Run<'_>) -> Option<f64>;
    let figure = |name: &str, unit, of: Of<'_>| Figure::over(runs, name, unit, of);
    let both = |of: fn(&Bare, &Converged) -> f64| move |run: &Run<'_>| Some(of(run.bare?, run.operator?));
    let figures = [
        figure("objects, declared and rendered", "", &|run| {
            Some(run.operator.map(|operator| operator.objects).or(run.bare.map(|bare| bare.objects))? as f64)
        }),
        figure("bare parallel apply", "s", &|run| Some(run.bare?.seconds)),
        figure("bare parallel apply, objects a second", "", &|run| Some(run.bare?.objects as f64 / run.bare?.seconds)),
        figure("operator, first create to last Ready", "s", &|run| Some(run.operator?.seconds)),
        figure("operator, first create to half Ready", "s", &|run| Some(run.operator?.half_seconds)),
        figure("operator / bare", "", &both(|bare, operator| operator.seconds / bare.seconds)).at_most(1.3),
        figure("operator's processor time in it", "s", &|run| Some(run.operator?.cpu_seconds)),
        figure("API server's processor time, bare", "s", &|run| Some(run.bare?.server_cpu_seconds)),
        figure("API server's processor time, operator", "s", &|run| Some(run.operator?.server_cpu_seconds)),
        figure(
            "processor time, operator / bare",
            "",
            &both(|bare, operator| (operator.server_cpu_seconds + operator.cpu_seconds) / bare.server_cpu_seconds),
        ),
        figure("API requests an object", "", &|run| Some(run.operator?.requests_made / run.operator?.objects as f64)),
        figure("operator's writes a tenant", "", &|run| Some(total(&run.operator?.writes) / run.tenants)),
        figure("operator's resident memory, peak", "MiB", &|run| Some(run.operator?.peak_bytes as f64 / MIB))
            .at_most(300.0),
        figure("writes while steady, by the operator's count", "", &|run| Some(run.steady?.writes)).at_most(0.0),
        figure("writes while steady, seen by the API server", "", &|run| Some(run.steady?.writes_seen)).at_most(0.0),
        figure("operator's processor time while steady", "s", &|run| Some(run.steady?.cpu_seconds)),
        figure("operator's resident memory, steady", "MiB", &|run| Some(run.steady?.resident_bytes as f64 / MIB))
            .at_most(300.0),
        figure("bare list of all kinds", "s", &|run| Some(run.restart?.list_seconds)),
        figure("restart, to leading", "s", &|run| Some(run.restart?.leading_seconds)),
        figure("restart, to all compared", "s", &|run| Some(run.restart?.seconds)),
        figure("restart / bare list", "", &|run| Some(run.restart?.seconds / run.restart?.list_seconds)).at_most(2.0),
        figure("writes after a restart", "", &|run| Some(run.restart?.writes)).at_most(0.0),
        figure("resident memory after a restart, peak", "MiB", &|run| Some(run.restart?.peak_bytes as f64 / MIB))
            .at_most(300.0),
        figure("resident memory after a restart, steady", "MiB", &|run| Some(run.restart?.resident_bytes as f64 / MIB)),
    ];
    figures.into_iter().filter(|figure| !figure.median.is_nan()).collect()
}

/// The figures of a tenant's single change, alone and in another tenant's flood.
fn of_floods(floods: &[Flood]) -> Vec<Figure> {
    let figure =
        |name: &str, unit, of: &dyn Fn(&Flood) -> f64| Figure::over(floods, name, unit, &|flood| Some(of(flood)));
    let millis = |name: &str, of: &dyn Fn(&Flood) -> f64| figure(name, "ms", &|flood| of(flood) * 1000.0);
    let ratio =
        |name: &str, of: &dyn Fn(&Times) -> f64| figure(name, "", &|flood| of(&flood.flooded) / of(&flood.alone));
    vec![
        millis("single change alone, half within", &|flood| flood.alone.p50_seconds),
        millis("single change alone, 99 % within", &|flood| flood.alone.p99_seconds),
        millis("single change in a flood, half within", &|flood| flood.flooded.p50_seconds),
        millis("single change in a flood, 99 % within", &|flood| flood.flooded.p99_seconds),
        ratio("half within, flood / alone", &|times| times.p50_seconds),
        ratio("99 % within, flood / alone", &|times| times.p99_seconds).at_most(2.0),
        millis("its request to the API server alone, 99 % within", &|flood| flood.request_alone.p99_seconds),
        millis("its request to the API server in a flood, 99 % within", &|flood| flood.request_flooded.p99_seconds),
        figure("changes of the flood answered a second", "", &|flood| flood.changes_per_second),
        figure("longest lag the operator tells of who floods", "s", &|flood| flood.lag_flooding_seconds),
        figure("longest lag the operator tells of the other", "s", &|flood| flood.lag_calm_seconds),
    ]
}

impl Figure {
    fn over<R>(runs: &[R], name: &str, unit: &'static str, of: &dyn Fn(&R) -> Option<f64>) -> Self {
        let mut values: Vec<f64> = runs.iter().filter_map(of).collect();
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
        let last = values.len().saturating_sub(1);
        let median = (at(last / 2) + at(last.div_ceil(2))) / 2.0;
        Self { figure: name.to_owned(), unit, min: at(0), median, max: at(last), bar: None }
    }

    fn at_most(self, bar: f64) -> Self {
        Self { bar: Some(bar), ..self }
    }

    fn cells(&self) -> [String; 5] {
        let name = if self.unit.is_empty() { self.figure.clone() } else { format!("{} ({})", self.figure, self.unit) };
        let bar = self.bar.map_or_else(String::new, |bar| match self.median <= bar {
            true => format!("≤ {} held", number(bar)),
            false => format!("≤ {} MISSED", number(bar)),
        });
        [name, number(self.min), number(self.median), number(self.max), bar]
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
pub fn table(group: &Group) -> String {
    drawn(&group.figures, presets::UTF8_FULL_CONDENSED)
}

/// A table for a document.
pub fn markdown(group: &Group) -> String {
    drawn(&group.figures, presets::ASCII_MARKDOWN)
}

fn drawn(figures: &[Figure], style: TableStyle) -> String {
    let mut table = Table::new();
    table.load_style(style).set_header(["figure", "min", "median", "max", "bar, by the median"]);
    table.add_rows(figures.iter().map(Figure::cells));
    for column in table.column_iter_mut().skip(1).take(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// What breaks a promise that holds on every machine, at any load. Times never do.
pub fn broken_promises(parts: &[Part]) -> Vec<String> {
    let mut most: BTreeMap<&str, f64> = BTreeMap::new();
    let mut must_be_none = |what, count: f64| {
        let so_far = most.entry(what).or_default();
        *so_far = so_far.max(count);
    };
    for part in parts {
        match &part.measured {
            Measured::Steady(steady) => {
                must_be_none("writes of the operator while nothing changed", steady.writes);
                must_be_none("writes seen by the API server while nothing changed", steady.writes_seen);
            }
            Measured::Restart(restart) => must_be_none("writes of the operator after a restart", restart.writes),
            _ => {}
        }
    }
    let broken = most.into_iter().filter(|(_, count)| *count > 0.0);
    broken.map(|(what, count)| format!("{count} {what}, and there must be none")).collect()
}
