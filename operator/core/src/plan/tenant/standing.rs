//! Where a tenant stands with its quota: what it was granted, what it gives, and what it lacks.

use kube::ResourceExt;

use super::{TenantWorld, below};
use crate::kinds::{Allocation, Amounts, Granted, Tenant, TenantName};
use crate::plan::quota::{self, Asked, Figures, Settled, Share, Shares, Source, Trouble};
use crate::plan::{Refusal, metadata};

/// How many holders of a quota are named before the rest is only counted.
const NAMED: usize = 3;

/// What a tenant was granted, what it gives, and what it lacks.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// What is granted to it; every figure is there.
    pub granted: Granted,
    /// What it gives to the tenants below it, by name.
    pub allocations: Vec<Allocation>,
    /// Its own part and all allocations together.
    pub reserved: Amounts,
    /// What its ResourceQuota is to say; every figure is there.
    pub hard: Amounts,
    /// Why it is not as asked. What it had before, it keeps.
    pub lacks: Option<Refusal>,
}

/// Settles what `asked` comes to.
///
/// # Errors
/// Nothing was granted yet, so that nothing may be written for the tenant.
pub fn standing(tenant: &Tenant, world: &TenantWorld, asked: &Granted) -> Result<Standing, Refusal> {
    let book = below::book(tenant);
    let source = match (&tenant.spec.parent, &world.parent) {
        (Some(name), Some(parent)) => match (share_of(tenant, parent), book.held) {
            (Some(share), _) => Source::Parent(share),
            (None, Some(_)) => Source::Lost,
            (None, None) => return Err(no_share(name, parent, asked, None)),
        },
        _ => Source::Itself,
    };
    let asks = Asked { total: Figures::of(&asked.total), own: Figures::of(&asked.own) };
    let settled = quota::settle(&asks, &source, &book, world.quota.as_ref(), &world.below);
    let lacks = lacks(tenant, world, asked, &source, &settled);
    let round = settled.held.round;
    Ok(Standing {
        granted: Granted {
            total: settled.held.total.amounts(),
            own: settled.held.own.amounts(),
            round: (round > 0).then_some(round),
        },
        allocations: settled.shares.iter().map(|(name, share)| allocation(name, share)).collect(),
        reserved: settled.reserved.amounts(),
        hard: settled.hard.amounts(),
        lacks,
    })
}

fn allocation(name: &str, share: &Share) -> Allocation {
    Allocation {
        name: name.to_owned(),
        id: share.id.clone(),
        amounts: share.amounts.amounts(),
        round: (share.round > 0).then_some(share.round),
    }
}

/// What its parent's status records of a tenant.
fn share_of(tenant: &Tenant, parent: &Tenant) -> Option<Share> {
    let (name, id) = (tenant.name_any(), metadata::id(tenant));
    let mut recorded = parent.status.as_ref()?.allocations.iter();
    recorded.find(|allocation| allocation.name == name && allocation.id == id).map(below::share)
}

fn lacks(tenant: &Tenant, world: &TenantWorld, asked: &Granted, source: &Source, settled: &Settled) -> Option<Refusal> {
    let own = Figures::of(&asked.own);
    if let (true, Some(name), Some(parent)) = (settled.refused, &tenant.spec.parent, &world.parent) {
        let share = match source {
            Source::Parent(share) => Some(share),
            _ => None,
        };
        return Some(no_share(name, parent, asked, share));
    }
    match settled.own {
        Some(Trouble::NoRoom) => {
            let room = Figures::of(&asked.total).least(settled.held.total).less(quota::sum(&settled.shares));
            let short = Short::of(own, room);
            Some(Refusal::OwnExceedsRest {
                asked: short.figures(own),
                left: short.figures(room),
                holders: short.holders(None, &settled.shares),
            })
        }
        Some(Trouble::InUse) => {
            let used = world.quota.as_ref().and_then(|quota| quota.used).unwrap_or(Figures::ZERO);
            let short = Short::of(used, own);
            Some(Refusal::InUse { asked: short.figures(own), used: short.figures(used) })
        }
        Some(Trouble::Lowering) => Some(Refusal::Lowering),
        None if settled.over => {
            let total = Figures::of(&asked.total);
            let short = Short::of(settled.reserved, total);
            Some(Refusal::BelowReserved {
                asked: short.figures(total),
                reserved: short.figures(settled.reserved),
                holders: short.holders(Some(settled.held.own), &settled.shares),
            })
        }
        None => None,
    }
}

/// Why a parent gives no more than it does: for want of room, or because it has not looked yet.
fn no_share(name: &TenantName, parent: &Tenant, asked: &Granted, share: Option<&Share>) -> Refusal {
    let status = parent.status.as_ref();
    let Some((granted, reserved)) =
        status.and_then(|status| Some((status.granted.as_ref()?, status.reserved.as_ref()?)))
    else {
        return Refusal::ParentNotGranted { parent: name.clone() };
    };
    let (total, asked) = (Figures::of(&granted.total), Figures::of(&asked.total));
    let has = share.map_or(Figures::ZERO, |share| share.amounts);
    let left = total.less(Figures::of(reserved));
    let short = Short::of(asked, left.plus(has).most(has));
    if short.0.is_empty() {
        return match parent.metadata.deletion_timestamp {
            Some(_) => Refusal::ParentDeleted { parent: name.clone() },
            None => Refusal::QuotaPending { parent: name.clone() },
        };
    }
    let held = share.map_or_else(String::new, |_| format!(" instead of {}", short.figures(has)));
    Refusal::QuotaExceedsParent {
        asked: format!("{}{held}", short.figures(asked)),
        parent: name.clone(),
        left: format!("{} left of {}", short.figures(left), short.figures(total)),
        holders: short.holders(Some(Figures::of(&granted.own)), &below::book(parent).shares),
    }
}

/// The resources that do not suffice, by their place in a list of all.
struct Short(Vec<usize>);

impl Short {
    fn of(wanted: Figures, there: Figures) -> Self {
        let pairs = wanted.named().into_iter().zip(there.named()).enumerate();
        Self(pairs.filter(|(_, ((_, wanted), (_, there)))| wanted > there).map(|(place, _)| place).collect())
    }

    /// Their amounts, such as `32 CPU and 64Gi memory`.
    fn figures(&self, of: Figures) -> String {
        let all = of.named();
        let each = self.0.iter().map(|place| format!("{} {}", all[*place].1, all[*place].0));
        listed(&each.collect::<Vec<_>>())
    }

    /// Who has the first of them: the largest holders by name, the rest together.
    fn holders(&self, own: Option<Figures>, shares: &Shares) -> String {
        let Some(place) = self.0.first() else { return String::new() };
        let amount = |figures: Figures| figures.named()[*place].1;
        let mut holders: Vec<(&String, Figures)> = shares.iter().map(|(name, share)| (name, share.amounts)).collect();
        holders.retain(|(_, amounts)| !amount(*amounts).is_zero());
        holders.sort_by(|(one, much), (other, more)| {
            amount(*more).partial_cmp(&amount(*much)).unwrap_or(std::cmp::Ordering::Equal).then(one.cmp(other))
        });
        let rest: Figures = holders.iter().skip(NAMED).map(|(_, amounts)| *amounts).sum();
        let own = own.map(|own| format!("its own namespace has {}", amount(own)));
        let named = holders.iter().take(NAMED).map(|(name, amounts)| format!("`{name}` has {}", amount(*amounts)));
        let others = holders.len().saturating_sub(NAMED);
        let others = (others > 0).then(|| format!("{others} others have {}", amount(rest)));
        let all: Vec<String> = own.into_iter().chain(named).chain(others).collect();
        format!("of the {} {}", Figures::ZERO.named()[*place].0, listed(&all))
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(all: &[String]) -> String {
    match all {
        [] => "nobody has any".to_owned(),
        [one] => one.clone(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}
