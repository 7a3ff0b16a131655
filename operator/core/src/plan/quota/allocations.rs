//! What a tenant gives to those below it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Figures, Held};

/// What one tenant below was given.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// Whose it is: a namesake that comes later inherits nothing.
    pub id: String,
    /// The ceiling of its subtree.
    pub amounts: Figures,
    /// Up to which round of what it gave back this takes it into account.
    pub round: i64,
}

/// Shares by name.
pub type Shares = BTreeMap<String, Share>;

/// A tenant below, as the one above sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Its name.
    pub name: String,
    /// Its stable id; none: it cannot be read, and keeps what it has.
    pub id: Option<String>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// What it asks for its subtree; none: it is refused or on its way out, and only keeps.
    pub asked: Option<Figures>,
    /// What it says was granted to it.
    pub held: Option<Held>,
    /// What its ResourceQuota says was granted, should its status be lost.
    pub noted: Option<Figures>,
}

/// A namespace that outlived its tenant, with what it still stores.
#[derive(Debug, Clone, PartialEq)]
pub struct Remains {
    /// The tenant's id.
    pub id: String,
    /// What it is charged with.
    pub amounts: Figures,
}

/// Those below one tenant, as far as quota goes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Below {
    /// Tenants that name it as their parent.
    pub claims: Vec<Claim>,
    /// What is left of such, by name.
    pub remains: BTreeMap<String, Remains>,
}

/// All shares together.
pub fn sum(shares: &Shares) -> Figures {
    shares.values().map(|share| share.amounts).sum()
}

/// The shares after all that can be taken back was taken back, and all that a lost status no longer
/// knows was found again. Nobody gets anything here.
///
/// A share falls only on its holder's word: when the holder has lowered what it was granted it says
/// so under a new round, and from then on uses nothing beyond until the share carries that round.
/// So neither has to see the other's latest state: whoever sees an old one only keeps more back.
pub fn release(shares: &Shares, below: &Below) -> Shares {
    let claims: BTreeMap<&str, &Claim> = below.claims.iter().map(|claim| (claim.name.as_str(), claim)).collect();
    let mut kept = Shares::new();
    for (name, share) in shares {
        let claim = claims.get(name.as_str()).filter(|claim| claim.id.as_ref().is_none_or(|id| *id == share.id));
        let remains = below.remains.get(name).filter(|remains| remains.id == share.id);
        match (claim, remains) {
            (Some(claim), _) => drop(kept.insert(name.clone(), held_by(share, claim))),
            (None, Some(remains)) => {
                drop(kept.insert(name.clone(), Share { amounts: remains.amounts, ..share.clone() }));
            }
            (None, None) => {}
        }
    }
    for claim in &below.claims {
        let known = claim.held.map(|held| (held.total, held.round)).or(claim.noted.map(|total| (total, 0)));
        if let (Some(id), Some((amounts, round))) = (&claim.id, known) {
            kept.entry(claim.name.clone()).or_insert(Share { id: id.clone(), amounts, round });
        }
    }
    kept
}

fn held_by(share: &Share, claim: &Claim) -> Share {
    match claim.held {
        Some(held) if held.round > share.round => {
            // What it asks again meanwhile is not taken first and given back then.
            let asked = share.amounts.least(claim.asked.unwrap_or(Figures::ZERO));
            Share { amounts: held.total.most(asked), round: held.round, ..share.clone() }
        }
        // It holds more only where this record is older than the tenant: restored from a backup.
        Some(held) if held.round == share.round => Share { amounts: share.amounts.most(held.total), ..share.clone() },
        _ => share.clone(),
    }
}

/// Gives to those who ask for more than they have, the earlier first, each of them all or nothing
/// over the four resources. One that does not fit holds up nobody after it.
///
/// `own` and all shares stay within `limit`, where they were within it before.
pub fn rise(shares: &mut Shares, own: Figures, limit: Figures, claims: &[Claim]) {
    let mut order: Vec<&Claim> = claims.iter().filter(|claim| claim.asked.is_some() && claim.id.is_some()).collect();
    order.sort_by_key(|claim| (claim.created, &claim.name));
    let mut taken = own.plus(sum(shares));
    let mut seen = BTreeSet::new();
    for claim in order {
        let (Some(asked), Some(id)) = (claim.asked, &claim.id) else { continue };
        let round = claim.held.map_or(0, |held| held.round);
        let before = shares.get(&claim.name);
        let its_own = before.filter(|share| share.id == *id);
        // Of one that gave back after what is seen here, more is known than this claim says.
        let old = its_own.is_some_and(|share| claim.held.is_some() && share.round > round);
        let has = before.map_or(Figures::ZERO, |share| share.amounts);
        let wants = has.most(asked);
        if old || !seen.insert(&claim.name) || (its_own.is_some() && !wants.exceeds(has)) {
            continue;
        }
        let after = taken.less(has).plus(wants);
        if after.rises_within(taken, limit) {
            taken = after;
            let round = its_own.map_or(round, |share| share.round);
            shares.insert(claim.name.clone(), Share { id: id.clone(), amounts: wants, round });
        }
    }
}
