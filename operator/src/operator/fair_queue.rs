//! Whose turn it is: objects that want to be looked at, served by turns among tenants.
//!
//! A tenant that changes five hundred Apps at once must not make another wait for its one. So
//! tenants take turns, one pass a turn, and none has more than its share of passes under way at a
//! time: what a tenant keeps busy, or what hangs for it, is never all there is.
//!
//! A Tenant itself is its parent's and its children's affair as well: it gives them their quotas, and the
//! province suspends it. So it has turns of its own, apart from those of its Apps and from their share.
//!
//! # Guarantees
//! - Two passes over one object never run at the same time.
//! - An object that is asked for while it waits is looked at once; asked for while a pass over it
//!   runs, it is looked at again after that pass.
//! - As long as passes end, every object that was asked for has its turn: an App after at most one pass
//!   of each Tenant and Blueprint, of each other tenant's Apps and of the Platform for each App of its own tenant that
//!   came before it, a Tenant after at most one of each of these at all.
//! - A repetition, whatever it is for, takes its place behind what was asked for in its line before it
//!   was due.
//!
//! It knows neither clock nor tasks: it is told the time, and when passes begin and end.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::time::{Duration, Instant};

/// A declared object, as one that can be looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// The Platform.
    Platform,
    /// The tenant of this name.
    Tenant(String),
    /// The Blueprint of this name.
    Blueprint(String),
    /// The App of this namespace and name.
    App(String, String),
}

impl Who {
    /// The tenant that waits for it. The Platform and a Blueprint are everybody's.
    pub fn tenant(&self) -> Option<&str> {
        match self {
            Self::Platform | Self::Blueprint(_) => None,
            Self::Tenant(name) | Self::App(name, _) => Some(name),
        }
    }

    /// In whose turn it is looked at.
    fn turn(&self) -> Turn {
        match self {
            Self::Platform => Turn::Platform,
            Self::Tenant(name) => Turn::Tenant(name.clone()),
            Self::Blueprint(name) => Turn::Blueprint(name.clone()),
            Self::App(namespace, _) => Turn::Apps(namespace.clone()),
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform => write!(formatter, "Platform platform"),
            Self::Tenant(name) => write!(formatter, "Tenant {name}"),
            Self::Blueprint(name) => write!(formatter, "Blueprint {name}"),
            Self::App(namespace, name) => write!(formatter, "App {namespace}/{name}"),
        }
    }
}

/// Those who take turns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Turn {
    /// The Platform.
    Platform,
    /// One tenant, itself.
    Tenant(String),
    /// One Blueprint, itself; its Apps wait in their tenants' lines.
    Blueprint(String),
    /// All Apps of one tenant.
    Apps(String),
}

/// When an object is looked at again although nobody asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action(Option<Duration>);

impl Action {
    /// After this time.
    pub const fn requeue(after: Duration) -> Self {
        Self(Some(after))
    }

    /// Not at all.
    pub const fn await_change() -> Self {
        Self(None)
    }
}

/// How many passes may be under way at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Of all together.
    pub all: usize,
    /// Of one tenant's Apps.
    pub each: usize,
}

/// Objects that want to be looked at, now or later, and those that are.
pub struct FairQueue {
    limits: Limits,
    states: HashMap<Who, State>,
    lines: HashMap<Turn, Line>,
    /// Those that may be served, each once, in the order of their turns.
    turns: VecDeque<Turn>,
    /// What is due at a time.
    later: BTreeSet<(Instant, Who)>,
    passes: usize,
}

/// Where an object stands. `seen` is when what it waits for was first asked.
enum State {
    /// Due at a time; `seen`, where a change was asked for and has no answer yet.
    Later { due: Instant, seen: Option<Instant> },
    /// In line.
    Waiting { seen: Instant },
    /// A pass runs; `again`, since when it is asked for once more.
    Passing { seen: Instant, again: Option<Instant> },
}

/// What waits for one's turns, and how many passes are under way.
#[derive(Default)]
struct Line {
    waiting: VecDeque<Who>,
    passes: usize,
}

impl FairQueue {
    /// An empty one.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            states: HashMap::new(),
            lines: HashMap::new(),
            turns: VecDeque::new(),
            later: BTreeSet::new(),
            passes: 0,
        }
    }

    /// Asks for an object to be looked at.
    pub fn ask(&mut self, who: Who, now: Instant) {
        match self.states.get_mut(&who) {
            None => self.line_up(who, now),
            Some(State::Waiting { .. }) => {}
            Some(State::Passing { again, .. }) => {
                again.get_or_insert(now);
            }
            Some(State::Later { due, seen }) => {
                let (due, seen) = (*due, seen.unwrap_or(now));
                self.later.remove(&(due, who.clone()));
                self.line_up(who, seen);
            }
        }
    }

    /// The object whose turn it is, if a pass may begin. The pass has begun with the answer.
    pub fn take(&mut self, now: Instant) -> Option<Who> {
        while self.later.first().is_some_and(|(due, _)| *due <= now) {
            let Some((due, who)) = self.later.pop_first() else { break };
            let seen = match self.states.get(&who) {
                Some(State::Later { seen: Some(seen), .. }) => *seen,
                _ => due,
            };
            self.line_up(who, seen);
        }
        if self.passes >= self.limits.all {
            return None;
        }
        let turn = self.turns.pop_front()?;
        let line = self.lines.get_mut(&turn)?;
        let who = line.waiting.pop_front()?;
        line.passes += 1;
        self.passes += 1;
        if line.may_be_served(self.limits) {
            self.turns.push_back(turn);
        }
        let seen = match self.states.get(&who) {
            Some(State::Waiting { seen }) => *seen,
            _ => now,
        };
        self.states.insert(who.clone(), State::Passing { seen, again: None });
        Some(who)
    }

    /// A pass has ended. `answered` says whether it came to a word on what was asked, be it a
    /// refusal. If so, returns for how long that had been waited for.
    pub fn done(&mut self, who: Who, answered: bool, then: Action, now: Instant) -> Option<Duration> {
        let Some(State::Passing { seen, again }) = self.states.remove(&who) else { return None };
        let turn = who.turn();
        if let Some(line) = self.lines.get_mut(&turn) {
            let could = line.may_be_served(self.limits);
            line.passes -= 1;
            self.passes -= 1;
            match (could, line.may_be_served(self.limits)) {
                (false, true) => self.turns.push_back(turn),
                (_, false) if line.passes == 0 => drop(self.lines.remove(&turn)),
                _ => {}
            }
        }
        let unanswered = (!answered).then_some(seen);
        match (again, then.0.and_then(|after| now.checked_add(after))) {
            (Some(again), _) => self.line_up(who, unanswered.unwrap_or(again)),
            (None, Some(due)) => {
                self.later.insert((due, who.clone()));
                self.states.insert(who, State::Later { due, seen: unanswered });
            }
            (None, None) => {}
        }
        answered.then(|| now.saturating_duration_since(seen))
    }

    /// When the next object is due that nobody has to ask for.
    pub fn next_due(&self) -> Option<Instant> {
        self.later.first().map(|(due, _)| *due)
    }

    /// For how long each tenant has waited for its longest unanswered request.
    pub fn unanswered(&self, now: Instant) -> BTreeMap<String, Duration> {
        let mut oldest = BTreeMap::new();
        for (who, state) in &self.states {
            let seen = match state {
                State::Waiting { seen } | State::Passing { seen, .. } | State::Later { seen: Some(seen), .. } => *seen,
                State::Later { seen: None, .. } => continue,
            };
            let Some(tenant) = who.tenant() else { continue };
            let waited = now.saturating_duration_since(seen);
            let longest = oldest.entry(tenant.to_owned()).or_insert(waited);
            *longest = waited.max(*longest);
        }
        oldest
    }

    fn line_up(&mut self, who: Who, seen: Instant) {
        let turn = who.turn();
        let line = self.lines.entry(turn.clone()).or_default();
        let could = line.may_be_served(self.limits);
        line.waiting.push_back(who.clone());
        if !could && line.may_be_served(self.limits) {
            self.turns.push_back(turn);
        }
        self.states.insert(who, State::Waiting { seen });
    }
}

impl Line {
    /// Whether it has a place in `turns`.
    fn may_be_served(&self, limits: Limits) -> bool {
        !self.waiting.is_empty() && self.passes < limits.each
    }
}

#[cfg(test)]
mod tests;
