//! The book of a whole tree under every order of passes, crashes, old views and late writes.
//!
//! What is simulated is what the API server stores: tenants with their status, and ResourceQuotas
//! with what the quota controller says of them. Two operators act on it, each seeing a beginning of
//! what happened, and of its own writes all. A status and a ResourceQuota are replaced only by who
//! knows their latest version; every write may be the last before a crash.

mod shares;
mod steps;
mod store;

use proptest::prelude::*;
use steps::{Step, steps};
use store::{Log, Namespace, Tenant, View};

use super::*;
use crate::kinds::Figure;

/// Everybody's parent; the first has none.
const PARENT: [usize; 6] = [0, 0, 0, 0, 1, 1];
const TENANTS: usize = PARENT.len();

fn figures([cpu, apps]: [i64; 2]) -> Figures {
    Figures { cpu: Figure::units(cpu), apps: Figure::units(apps), ..Figures::ZERO }
}

struct World {
    tenants: Log<Tenant>,
    quotas: Log<Namespace>,
    operators: [(View<Tenant>, View<Namespace>); 2],
    made: usize,
}

impl World {
    fn new() -> Self {
        let operators = std::array::from_fn(|_| (View::new(), View::new()));
        Self { tenants: Log::new(), quotas: Log::new(), operators, made: 0 }
    }

    fn below(place: usize) -> impl Iterator<Item = usize> {
        (1..TENANTS).filter(move |child| PARENT[*child] == place)
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Hears(who, tenants, quotas) => {
                self.operators[who].0.hear(&self.tenants, tenants);
                self.operators[who].1.hear(&self.quotas, quotas);
            }
            Step::Pass(who, place, writes) => {
                self.pass(who, place, writes);
            }
            Step::Asks(place, total, own) => self.asks(place, figures(total), figures(own)),
            Step::Goes(place) => {
                if place > 0 && Self::below(place).all(|child| self.tenants.now[child].is_none()) {
                    self.quotas.set(place, None);
                    self.tenants.set(place, None);
                }
            }
            Step::Seen(place) => self.change(place, |found| {
                let used = found.used.or(Some(Figures::ZERO));
                Some(QuotaFound { seen: found.hard, used, ..found })
            }),
            // What is in use already stays so; what comes is held to what was seen.
            Step::Uses(place, used) => self.change(place, |found| {
                let before = found.used.unwrap_or(Figures::ZERO);
                figures(used)
                    .rises_within(before, found.seen?)
                    .then_some(QuotaFound { used: Some(figures(used)), ..found })
            }),
            Step::Judged(place, passes) => {
                if let Some(tenant) = self.tenants.now[place].clone().filter(|tenant| tenant.refused == passes) {
                    self.tenants.set(place, Some(Tenant { refused: !passes, ..tenant }));
                }
            }
            Step::Breaks(place) => {
                if self.is_known(place) {
                    self.tenants.set(place, None);
                }
            }
            Step::Retains(place) => self.retains(place),
            Step::Clears(place) => {
                if self.outlived(place).is_some() {
                    self.quotas.set(place, None);
                }
            }
            Step::Loses(place) => self.loses(place),
        }
    }

    fn change(&mut self, place: usize, of: impl FnOnce(QuotaFound) -> Option<QuotaFound>) {
        let Some(namespace) = self.quotas.now[place].clone() else { return };
        if let Some(found) = of(namespace.found) {
            self.quotas.set(place, Some(Namespace { found, ..namespace }));
        }
    }

    /// A namespace without its tenant.
    fn outlived(&self, place: usize) -> Option<&Namespace> {
        let tenant = self.tenants.now[place].as_ref();
        self.quotas.now[place].as_ref().filter(|namespace| tenant.is_none_or(|tenant| namespace.is_anothers(tenant)))
    }

    /// Whether its parent has a record of a tenant. One that goes after a restore and before that is made
    /// again is known to nobody.
    fn is_known(&self, place: usize) -> bool {
        let parent = self.tenants.now[PARENT[place]].as_ref().filter(|_| place > 0);
        let share = parent.and_then(|parent| parent.book.shares.get(&place.to_string()));
        share.is_some_and(|share| self.tenants.now[place].as_ref().is_some_and(|tenant| tenant.id == share.id))
    }

    /// Apps stand for what is stored here.
    fn retains(&mut self, place: usize) {
        if !self.is_known(place) || Self::below(place).any(|child| self.tenants.now[child].is_some()) {
            return;
        }
        if self.tenants.now[place].is_some() && self.outlived(place).is_none() {
            self.change(place, |found| {
                let used = Figures { cpu: Figure::ZERO, ..found.used.unwrap_or(Figures::ZERO) };
                let hard = used.least(found.hard.unwrap_or(Figures::ZERO));
                Some(QuotaFound { hard: Some(hard), used: found.used.map(|_| used), ..found })
            });
            self.tenants.set(place, None);
        }
    }

    /// Of a namespace without a tenant only that status knew, so that a restore brings none.
    fn loses(&mut self, place: usize) {
        if Self::below(place).any(|child| self.tenants.now[child].is_none() || self.outlived(child).is_some()) {
            return;
        }
        let Some(tenant) = self.tenants.now[place].clone() else { return };
        self.tenants.set(place, Some(Tenant { book: Book::default(), ..tenant }));
        for who in 0..2 {
            self.take(&Step::Hears(who, usize::MAX / 2, usize::MAX / 2));
        }
    }

    fn asks(&mut self, place: usize, total: Figures, own: Figures) {
        if place > 0 && self.tenants.now[PARENT[place]].is_none() {
            return;
        }
        let orphans =
            Self::below(place).any(|child| self.tenants.now[child].is_some() || self.outlived(child).is_some());
        if orphans && self.tenants.now[place].is_none() {
            return; // a namesake comes when they are gone
        }
        let asked = Asked { total, own: own.least(total) };
        let before = self.tenants.now[place].clone();
        let tenant = before.map_or_else(
            || {
                self.made += 1;
                Tenant { id: format!("id-{}", self.made), asked, book: Book::default(), refused: false }
            },
            |tenant| Tenant { asked, ..tenant },
        );
        self.tenants.set(place, Some(tenant));
    }

    /// One pass as `controllers/tenant.rs` makes it. Returns whether it wrote anything.
    fn pass(&mut self, who: usize, place: usize, writes: usize) -> bool {
        let (tenants, quotas) = (&self.operators[who].0.seen, &self.operators[who].1.seen);
        let Some(tenant) = tenants[place].0.clone() else { return false };
        let blocked = |place: usize, tenant: &Tenant| {
            tenant.refused || quotas[place].0.as_ref().is_some_and(|namespace| namespace.is_anothers(tenant))
        };
        let parent = tenants[PARENT[place]].0.as_ref();
        let share = parent.and_then(|parent| parent.book.shares.get(&place.to_string()));
        let source = match (share.filter(|share| share.id == tenant.id), tenant.book.held) {
            _ if blocked(place, &tenant) || parent.is_none() => return false,
            _ if place == 0 => Source::Itself,
            (Some(share), _) => Source::Parent(share.clone()),
            (None, Some(_)) => Source::Lost,
            (None, None) => return false,
        };
        let known = |child: usize| tenant.book.shares.get(&child.to_string());
        let claims = Self::below(place).filter_map(|child| {
            let claim = tenants[child].0.as_ref()?;
            let known = known(child).is_some_and(|share| share.id == claim.id);
            let namespace = quotas[child].0.as_ref().filter(|namespace| !namespace.is_anothers(claim));
            let noted = namespace.filter(|_| claim.book.held.is_none() && !known);
            Some(Claim {
                name: child.to_string(),
                id: Some(claim.id.clone()),
                created: None,
                asked: (!blocked(child, claim)).then_some(claim.asked.total),
                held: claim.book.held,
                noted: noted.and_then(|namespace| namespace.found.total),
            })
        });
        let remains = Self::below(place).filter_map(|child| {
            let (share, namespace) = (known(child)?, quotas[child].0.as_ref());
            if tenants[child].0.as_ref().is_some_and(|tenant| tenant.id == share.id) {
                return None;
            }
            let force = match namespace.filter(|namespace| namespace.id == share.id) {
                _ if Self::below(child).any(|child| tenants[child].0.is_some()) => None,
                Some(namespace) => namespace.found.in_force(),
                None => return None,
            };
            let amounts = force.map_or(share.amounts, |force| force.least(share.amounts));
            Some((child.to_string(), Remains { id: share.id.clone(), amounts }))
        });
        let below = Below { claims: claims.collect(), remains: remains.collect() };
        let found = quotas[place].0.as_ref().map(|namespace| &namespace.found);
        let settled = settle(&tenant.asked, &source, &tenant.book, found, &below);
        if !tenant.book.shares.iter().all(|(name, share)| self.is_free(name, share, settled.shares.get(name))) {
            return false;
        }
        let own = tenant.book.held.map_or(Figures::ZERO, |held| held.own);
        let there = self.quotas.now[place].as_ref();
        if own.exceeds(settled.held.own) && !there.is_some_and(|there| there.found.keeps_to(settled.held.own)) {
            return false;
        }
        self.write((who, place), &tenant, &settled, writes)
    }

    /// What is taken back without its holder's word is looked at once more, as it is stored.
    fn is_free(&self, name: &str, before: &Share, after: Option<&Share>) -> bool {
        let child: usize = name.parse().unwrap_or(usize::MAX);
        let after = after.filter(|after| after.id == before.id);
        if after.is_some_and(|after| after.round != before.round || !before.amounts.exceeds(after.amounts)) {
            return true;
        }
        let namespace = self.quotas.now[child].as_ref().filter(|namespace| namespace.id == before.id);
        let force = namespace.map(|namespace| namespace.found.in_force());
        let left = match (force, after) {
            (None, _) => true,
            (Some(force), Some(after)) => {
                force.is_some_and(|force| !force.least(before.amounts).exceeds(after.amounts))
            }
            (Some(_), None) => false,
        };
        left && self.tenants.now[child].as_ref().is_none_or(|there| there.id != before.id)
    }

    fn write(&mut self, (who, place): (usize, usize), before: &Tenant, settled: &Settled, mut writes: usize) -> bool {
        let operator = &mut self.operators[who];
        let book = Book { held: Some(settled.held), shares: settled.shares.clone() };
        let after = Tenant { book, ..before.clone() };
        let mut wrote = false;
        let mut may = |wanted: bool| {
            let go = writes > 0;
            writes = writes.saturating_sub(usize::from(wanted));
            go
        };
        let found = operator.1.seen[place].0.clone().map(|namespace| namespace.found);
        let recorded = before.book.held.map(|held| held.own);
        let recorded = recorded.or(found.as_ref().map(|found| found.hard.unwrap_or(Figures::ZERO)));
        let first = recorded.is_some_and(|recorded| settled.held.own.exceeds(recorded));
        if first && before.book != after.book {
            if !may(true) || !operator.0.write(&mut self.tenants, place, after.clone()) {
                return wrote;
            }
            wrote = true;
        }
        let raised = found.as_ref().and_then(|found| found.hard).is_none_or(|hard| settled.hard.exceeds(hard));
        if !first && raised && before.book.held.is_some() && operator.0.seen[place].1 != self.tenants.version[place] {
            return wrote; // looked at once more, as it is stored
        }
        let (hard, total) = (Some(settled.hard), Some(settled.held.total));
        if found.as_ref().is_none_or(|found| found.hard != hard || found.total != total) {
            let quota = QuotaFound { hard, total, ..found.unwrap_or_default() };
            // The namespace it lies in carries the tenant's id, and is nobody else's.
            let there = self.tenants.now[place].as_ref().is_some_and(|there| there.id == before.id);
            let namespace = Namespace { id: before.id.clone(), found: quota };
            if !there || !may(true) || !operator.1.write(&mut self.quotas, place, namespace) {
                return wrote;
            }
            wrote = true;
        }
        let known = operator.0.seen[place].0.as_ref();
        if known.is_some_and(|known| known.book != after.book) && may(true) {
            wrote |= operator.0.write(&mut self.tenants, place, after);
        }
        wrote
    }

    /// What may be in use below a tenant and in its own namespace.
    fn in_use(&self, place: usize) -> Figures {
        let found = self.quotas.now[place].as_ref().map(|namespace| &namespace.found);
        let own = found.map_or(Figures::ZERO, |found| {
            found.hard.unwrap_or(Figures::ZERO).most(found.used.unwrap_or(Figures::ZERO))
        });
        Self::below(place).map(|child| self.in_use(child)).sum::<Figures>().plus(own)
    }

    /// What must hold at every instant.
    fn check(&self) {
        for (place, parent) in PARENT.into_iter().enumerate() {
            let Some(tenant) = &self.tenants.now[place] else { continue };
            let namespace = self.quotas.now[place].as_ref().filter(|namespace| !namespace.is_anothers(tenant));
            let hard = namespace.and_then(|namespace| namespace.found.hard);
            let given = sum(&tenant.book.shares);
            // What a parent's lost status said is not known before it is made again.
            let parent = self.tenants.now[parent].as_ref().filter(|parent| parent.book.held.is_some() && place > 0);
            let share = parent.and_then(|parent| parent.book.shares.get(&place.to_string()));
            let share = share.filter(|share| share.id == tenant.id).map(|share| share.amounts);
            if let Some(held) = tenant.book.held {
                assert!(!held.own.plus(given).exceeds(held.total), "{place}: more is given than granted");
                assert!(!hard.unwrap_or(Figures::ZERO).exceeds(held.own), "{place}: the ResourceQuota runs ahead");
                assert!(!self.in_use(place).exceeds(held.total), "{place}: more is in use than granted");
                if parent.is_some() {
                    assert!(share.is_some_and(|share| !held.total.exceeds(share)), "{place}: more than its share");
                }
            } else if let (Some(_), Some(hard)) = (parent, hard) {
                assert!(share.is_some_and(|share| !hard.plus(given).exceeds(share)), "{place}: no share for this");
            }
        }
    }

    /// Lets everybody hear of everything and act until nothing is written any more.
    fn settle_down(&mut self) {
        for round in 0.. {
            assert!(round < 40, "it does not come to rest");
            let mut wrote = false;
            for place in 0..TENANTS {
                self.take(&Step::Hears(0, usize::MAX / 2, usize::MAX / 2));
                wrote |= self.pass(0, place, 9);
                self.check();
                self.take(&Step::Seen(place));
            }
            if !wrote {
                return;
            }
        }
    }

    /// Who lacks something lacks it for a reason.
    fn check_at_rest(&self) {
        for place in 0..TENANTS {
            let Some(tenant) = &self.tenants.now[place] else { continue };
            let Some(held) = tenant.book.held.filter(|_| !tenant.refused) else { continue };
            let given = sum(&tenant.book.shares);
            for child in Self::below(place) {
                let Some(claim) = &self.tenants.now[child] else { continue };
                if claim.refused || self.outlived(child).is_some() {
                    continue;
                }
                let has = tenant.book.shares.get(&child.to_string()).map_or(Figures::ZERO, |share| share.amounts);
                let wants = has.most(claim.asked.total);
                if wants.exceeds(has) {
                    let limit = held.total.least(tenant.asked.total);
                    let after = held.own.plus(given).less(has).plus(wants);
                    let before = held.own.plus(given);
                    assert!(!after.rises_within(before, limit), "{child} would fit below {place} and got nothing");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_crash_and_no_old_view_gives_anything_twice(steps in steps(160)) {
        let mut world = World::new();
        world.take(&Step::Asks(0, [30, 30], [5, 5]));
        for step in &steps {
            world.take(step);
            world.check();
        }
        world.settle_down();
        world.check_at_rest();
    }
}
