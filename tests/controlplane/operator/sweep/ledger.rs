//! Every write of the operators, by the town it concerns, and where each town's writes end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::super::faults::{Asked, Fault, Faults};
use super::places::{Town, town_of};

/// How long nothing is written before all is done. Counts are passed on after 0.7 s.
const CALM: Duration = Duration::from_millis(1300);

/// A place in a town's work at which the operator may die: one write, by its name, and whether it
/// still reaches the API server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Boundary {
    /// The write, such as `PATCH namespaces/east/services/web #1`.
    pub write: String,
    /// Whether it is done, and only its answer is lost.
    pub done: bool,
}

/// What was written, and what is to be.
#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<Pages>>);

#[derive(Default)]
struct Pages {
    towns: BTreeMap<Town, Page>,
    last: Option<Instant>,
    /// Writes of no town and of no kind that is known to be for all.
    strange: BTreeSet<String>,
}

/// What one town's writes are.
#[derive(Default)]
struct Page {
    writes: Vec<String>,
    boundary: Option<Boundary>,
    /// Nothing more is sent.
    frozen: bool,
    /// What was sent last has been answered.
    stopped: bool,
}

impl Ledger {
    /// Has an operator's writes go through this ledger.
    pub fn keep(&self, faults: &Faults) {
        let ledger = self.clone();
        faults.on(move |asked| if asked.writes() { ledger.note(asked) } else { None });
    }

    fn note(&self, asked: &Asked) -> Option<Fault> {
        let what = Written::read(asked)?;
        let mut pages = self.pages();
        pages.last = Some(Instant::now());
        let Some(town) = what.town else {
            if !what.is_for_all() {
                pages.strange.insert(what.name);
            }
            return None;
        };
        let page = pages.towns.entry(town).or_default();
        if page.frozen {
            return Some(Fault::Unsent);
        }
        let before = page.writes.iter().filter(|write| write.rsplit_once(" #").is_some_and(|(w, _)| w == what.name));
        let name = format!("{} #{}", what.name, before.count() + 1);
        page.writes.push(name.clone());
        let met = page.boundary.as_ref().is_some_and(|boundary| boundary.write == name);
        if !met {
            return None;
        }
        page.frozen = true;
        if page.boundary.as_ref().is_some_and(|boundary| !boundary.done) {
            page.stopped = true;
            return Some(Fault::Unsent);
        }
        let ledger = self.clone();
        Some(Fault::Unheard(Box::new(move |_| {
            ledger.pages().towns.entry(town).or_default().stopped = true;
        })))
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a new page for every town: what was written before is forgotten, nothing is frozen.
    pub fn turn_over(&self, towns: impl IntoIterator<Item = Town>) {
        let mut pages = self.pages();
        towns.into_iter().for_each(|town| drop(pages.towns.insert(town, Page::default())));
    }

    /// Says where a town's writes end.
    pub fn end(&self, town: Town, boundary: Boundary) {
        self.pages().towns.insert(town, Page { boundary: Some(boundary), ..Page::default() });
    }

    /// What was written for a town since its page was turned.
    pub fn writes(&self, town: Town) -> Vec<String> {
        self.pages().towns.get(&town).map(|page| page.writes.clone()).unwrap_or_default()
    }

    /// The boundaries that were not met.
    pub fn unmet(&self) -> BTreeMap<Town, Boundary> {
        let pages = self.pages();
        let unmet = pages.towns.iter().filter(|(_, page)| !page.stopped);
        unmet.filter_map(|(town, page)| Some((*town, page.boundary.clone()?))).collect()
    }

    /// Whether nothing has been written for a while.
    pub fn is_calm(&self) -> bool {
        self.pages().last.is_none_or(|last| last.elapsed() >= CALM)
    }

    /// Has the calm begin anew: what is awaited may take a while to begin.
    pub fn stir(&self) {
        self.pages().last = Some(Instant::now());
    }

    /// Writes that are of no town and that nothing explains.
    pub fn strange(&self) -> Vec<String> {
        self.pages().strange.iter().cloned().collect()
    }
}

/// A write, in words that are the same for every town.
struct Written {
    town: Option<Town>,
    name: String,
}

impl Written {
    /// Reads a request. None: it tells or leads and changes nothing.
    fn read(asked: &Asked) -> Option<Self> {
        let path = asked.path.split('/').skip_while(|part| part.is_empty() || part.starts_with("api"));
        let mut parts: Vec<String> = path.map(str::to_owned).collect();
        // The group, if there is one, and the version.
        let version = |part: &String| part.starts_with('v') && part[1..].starts_with(|c: char| c.is_ascii_digit());
        let skipped = parts.iter().position(version).map_or(0, |at| at + 1);
        parts.drain(..skipped);
        if parts.iter().any(|part| part == "events" || part == "leases") {
            return None;
        }
        if asked.method == http::Method::POST {
            let made: serde_json::Value = serde_json::from_slice(asked.body).unwrap_or_default();
            parts.push(made["metadata"]["name"].as_str().unwrap_or("?").to_owned());
        }
        let town = parts.iter().find_map(|part| town_of(part));
        let plain = parts.iter().map(|part| match town_of(part) {
            Some(_) => part.split_once('-').map_or(part.as_str(), |(_, place)| place),
            None => part,
        });
        Some(Self { town, name: format!("{} {}", asked.method, plain.collect::<Vec<_>>().join("/")) })
    }

    /// Whether it belongs to all: the Platform's status, and the quota by which it is seen that the
    /// cluster counts.
    fn is_for_all(&self) -> bool {
        self.name == "PATCH platforms/platform/status"
            || self.name.ends_with(" namespaces/yipan-system/resourcequotas/yipan--quota")
    }
}
