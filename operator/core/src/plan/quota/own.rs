//! What a tenant's own namespace may use.

use super::{Figures, QuotaFound};

/// What becomes of a tenant's own part in one pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Own {
    /// What is granted; it is recorded before the ResourceQuota may say more, and after it says less.
    pub granted: Figures,
    /// What the ResourceQuota is to say; never more than is granted.
    pub hard: Figures,
    /// Why it is not as asked.
    pub trouble: Option<Trouble>,
}

/// Why a tenant's own part is not as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The rest of the total does not hold it.
    NoRoom,
    /// More than is asked is in use.
    InUse,
    /// The ResourceQuota is lowered, and it is not seen yet that nothing beyond it is in use.
    Lowering,
}

/// Brings a tenant's own part from what was granted (none: nothing yet) to what is asked.
///
/// What rises, rises whole and within `room`. What falls waits for the quota controller: only its
/// word that it holds to the lower figure, and that no more is in use, sets the difference free.
/// While more is in use nothing is lowered at all, or every restart of a pod would be refused.
pub fn own(granted: Option<Figures>, asked: Figures, room: Figures, quota: Option<&QuotaFound>) -> Own {
    let now = granted.or(quota.and_then(QuotaFound::known)).unwrap_or(Figures::ZERO);
    let up = now.most(asked);
    let fits = up.rises_within(now, room);
    let high = if fits { up } else { now };
    let low = high.least(asked);
    let refused = (!fits).then_some(Trouble::NoRoom);
    if !high.exceeds(low) {
        return Own { granted: high, hard: high, trouble: refused };
    }
    match quota {
        None if granted.is_none() => Own { granted: low, hard: low, trouble: refused },
        Some(found) if found.used.is_some_and(|used| lowered_in_use(used, low, high)) => {
            Own { granted: high, hard: high, trouble: Some(Trouble::InUse) }
        }
        Some(found) if found.keeps_to(low) => Own { granted: low, hard: low, trouble: refused },
        // Where there is no ResourceQuota although there should be, it was not heard of yet, or is
        // made anew.
        _ => Own { granted: high, hard: low, trouble: Some(Trouble::Lowering) },
    }
}

/// Whether more is in use of what is to fall than it is to fall to.
fn lowered_in_use(used: Figures, low: Figures, high: Figures) -> bool {
    let pairs = used.named().into_iter().zip(low.named()).zip(high.named());
    pairs.into_iter().any(|(((_, used), (_, low)), (_, high))| low < high && used > low)
}
