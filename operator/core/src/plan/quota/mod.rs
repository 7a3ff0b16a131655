//! Who may use how much: the arithmetic of a hierarchy of quotas, without any object.
//!
//! A tenant's book is what its status records: what was granted to it, of which some is its own,
//! and the shares it gave to those below. All of it is one object and replaced by one conditional
//! write, so that at every instant, for each resource,
//!
//! ```text
//! own + the shares of those below <= granted total <= the share that its parent recorded
//! ```
//!
//! The first holds because one write sets all three. The second holds because a share falls only
//! after its holder gave it back, under a round that the holder counts ([`release`]). What the
//! ResourceQuota says is never more than `own`: it is raised after the book and lowered before it.

mod allocations;
mod figures;
mod found;
mod own;
#[cfg(test)]
mod tests;

pub use allocations::{Below, Claim, Remains, Share, Shares, release, rise, sum};
pub use figures::Figures;
pub use found::{NAME, QuotaFound, noted};
pub use own::{Own, Trouble, own};

/// What was granted to a tenant, as its status records it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Held {
    /// The ceiling of its subtree.
    pub total: Figures,
    /// What its own namespace may use.
    pub own: Figures,
    /// How often it has given something back.
    pub round: i64,
}

/// What a tenant's status records.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Book {
    /// What was granted to it; none before the first time, or when its status was lost.
    pub held: Option<Held>,
    /// What it gave to those below.
    pub shares: Shares,
}

/// What a tenant asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Asked {
    /// The ceiling of its subtree.
    pub total: Figures,
    /// What its own namespace may use.
    pub own: Figures,
}

/// Where a tenant's total comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// It has no parent: it gets what it asks.
    Itself,
    /// Its parent's record of it.
    Parent(Share),
    /// Its parent's status was lost, or is older than this tenant: it keeps what it has.
    Lost,
}

/// What follows for a tenant from one pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// What was granted, to be recorded.
    pub held: Held,
    /// The shares of those below, to be recorded with it.
    pub shares: Shares,
    /// What its ResourceQuota is to say.
    pub hard: Figures,
    /// Its own part and all shares together.
    pub reserved: Figures,
    /// Why its own part is not as asked.
    pub own: Option<Trouble>,
    /// Whether its parent gives it less than it asks.
    pub refused: bool,
    /// Whether more is given away than it asks for.
    pub over: bool,
}

/// Settles a tenant's book: what can be taken back is, then its own part, then those below.
///
/// Whatever is old of what it is given (`source`, `below`, `quota`) keeps more back than it need;
/// only `book` must be the tenant's latest, and the write that follows proves it.
pub fn settle(asked: &Asked, source: &Source, book: &Book, quota: Option<&QuotaFound>, below: &Below) -> Settled {
    let mut shares = release(&book.shares, below);
    let usable = usable(asked, source, book);
    let limit = usable.least(asked.total);
    let own = own(book.held.map(|held| held.own), asked.own, limit.less(sum(&shares)), quota);
    rise(&mut shares, own.granted, limit, &below.claims);
    let reserved = own.granted.plus(sum(&shares));
    let total = limit.most(reserved);
    let held = Held { total, own: own.granted, round: round(source, book, total) };
    Settled {
        held,
        shares,
        hard: own.hard,
        reserved,
        own: own.trouble,
        refused: asked.total.exceeds(usable),
        over: reserved.exceeds(asked.total),
    }
}

/// How far its total may go.
fn usable(asked: &Asked, source: &Source, book: &Book) -> Figures {
    match (source, book.held) {
        (Source::Itself, _) => asked.total,
        // It gave back what its parent has not taken yet: the rest of the share is no longer its.
        (Source::Parent(share), Some(held)) if held.round > share.round => held.total.least(share.amounts),
        (Source::Parent(share), _) => share.amounts,
        (Source::Lost, held) => held.map_or(Figures::ZERO, |held| held.total),
    }
}

/// The round of what it now holds: the next one where it gives back of a share that it could use.
fn round(source: &Source, book: &Book, total: Figures) -> i64 {
    let before = book.held.map_or(0, |held| held.round);
    match source {
        Source::Parent(share) if before <= share.round => share.round + i64::from(share.amounts.exceeds(total)),
        _ => before,
    }
}
