//! What the API server stores, and what an operator has heard of it.

use super::super::{Asked, Book, QuotaFound};
use super::TENANTS;

#[derive(Debug, Clone)]
pub struct Tenant {
    pub id: String,
    pub asked: Asked,
    pub book: Book,
    pub refused: bool,
}

/// A namespace with its ResourceQuota.
#[derive(Debug, Clone)]
pub struct Namespace {
    /// Whose it is.
    pub id: String,
    pub found: QuotaFound,
}

impl Namespace {
    /// Whether it is what another tenant left.
    pub fn is_anothers(&self, tenant: &Tenant) -> bool {
        self.id != tenant.id
    }
}

/// Objects of one kind: all there is, and each state there was, in order.
#[derive(Debug, Clone)]
pub struct Log<T> {
    pub now: [Option<T>; TENANTS],
    pub version: [usize; TENANTS],
    pub events: Vec<(usize, Option<T>)>,
}

impl<T: Clone> Log<T> {
    pub fn new() -> Self {
        Self { now: std::array::from_fn(|_| None), version: [0; TENANTS], events: Vec::new() }
    }

    pub fn set(&mut self, place: usize, state: Option<T>) {
        self.now[place] = state.clone();
        self.events.push((place, state));
        self.version[place] = self.events.len();
    }
}

/// What an operator sees of one kind: each state with its version.
#[derive(Debug, Clone)]
pub struct View<T> {
    pub heard: usize,
    pub seen: [(Option<T>, usize); TENANTS],
}

impl<T: Clone> View<T> {
    pub fn new() -> Self {
        Self { heard: 0, seen: std::array::from_fn(|_| (None, 0)) }
    }

    pub fn hear(&mut self, log: &Log<T>, more: usize) {
        let until = (self.heard + more).min(log.events.len());
        for (index, (place, state)) in log.events[self.heard..until].iter().enumerate() {
            // What it wrote itself it knew before.
            if self.heard + index + 1 > self.seen[*place].1 {
                self.seen[*place] = (state.clone(), self.heard + index + 1);
            }
        }
        self.heard = until;
    }

    /// Replaces an object if this is its latest version.
    pub fn write(&mut self, log: &mut Log<T>, place: usize, state: T) -> bool {
        if self.seen[place].1 != log.version[place] {
            return false;
        }
        log.set(place, Some(state.clone()));
        self.seen[place] = (Some(state), log.version[place]);
        true
    }
}
