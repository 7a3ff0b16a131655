//! The book of a whole tree under every order of passes, crashes, old views and late writes.
//!
//! What is simulated is what the API server stores: tenants with their status, and ResourceQuotas
//! with what the quota controller says of them. Two operators act on it, each seeing a beginning of
//! what happened, and of its own writes all. A status and a ResourceQuota are replaced only by who
//! knows their latest version; every write may be the last before a crash.

use proptest::prelude::*;

use super::*;
use crate::kinds::Figure;

/// Everybody's parent; the first has none.
const PARENT: [usize; 6] = [0, 0, 0, 0, 1, 1];
const TENANTS: usize = PARENT.len();

#[derive(Debug, Clone)]
enum Step {
    /// An operator hears of so many events more, of tenants and of ResourceQuotas.
    Hears(usize, usize, usize),
    /// An operator's pass over a tenant, which ends after so many writes.
    Pass(usize, usize, usize),
    /// A tenant is made, or asks for something else: CPU and Apps, in all and for itself.
    Asks(usize, [i64; 2], [i64; 2]),
    /// A tenant without tenants below it goes, after its namespace.
    Goes(usize),
    /// The quota controller looks at a ResourceQuota.
    Seen(usize),
    /// Something else is in use, as far as it is admitted.
    Uses(usize, [i64; 2]),
}

fn steps(length: usize) -> impl Strategy<Value = Vec<Step>> {
    let tenant = 0..TENANTS;
    let two = |most: i64| [0..=most, 0..=most];
    let step = prop_oneof![
        4 => (0..2_usize, 0..20_usize, 0..20_usize).prop_map(|(who, tenants, quotas)| Step::Hears(who, tenants, quotas)),
        8 => (0..2_usize, tenant.clone(), 0..4_usize).prop_map(|(who, tenant, writes)| Step::Pass(who, tenant, writes)),
        3 => (tenant.clone(), two(20), two(10)).prop_map(|(tenant, total, own)| Step::Asks(tenant, total, own)),
        1 => tenant.clone().prop_map(Step::Goes),
        3 => tenant.clone().prop_map(Step::Seen),
        2 => (tenant, two(10)).prop_map(|(tenant, used)| Step::Uses(tenant, used)),
    ];
    prop::collection::vec(step, 0..length)
}

fn figures([cpu, apps]: [i64; 2]) -> Figures {
    Figures { cpu: Figure::units(cpu), apps: Figure::units(apps), ..Figures::ZERO }
}

#[derive(Debug, Clone)]
struct Tenant {
    id: String,
    asked: Asked,
    book: Book,
}

/// Objects of one kind: all there is, and each state there was, in order.
#[derive(Debug, Clone)]
struct Log<T> {
    now: [Option<T>; TENANTS],
    version: [usize; TENANTS],
    events: Vec<(usize, Option<T>)>,
}

impl<T: Clone> Log<T> {
    fn new() -> Self {
        Self { now: std::array::from_fn(|_| None), version: [0; TENANTS], events: Vec::new() }
    }

    fn set(&mut self, place: usize, state: Option<T>) {
        self.now[place] = state.clone();
        self.events.push((place, state));
        self.version[place] = self.events.len();
    }
}

/// What an operator sees of one kind: each state with its version.
#[derive(Debug, Clone)]
struct View<T> {
    heard: usize,
    seen: [(Option<T>, usize); TENANTS],
}

impl<T: Clone> View<T> {
    fn new() -> Self {
        Self { heard: 0, seen: std::array::from_fn(|_| (None, 0)) }
    }

    fn hear(&mut self, log: &Log<T>, more: usize) {
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
    fn write(&mut self, log: &mut Log<T>, place: usize, state: T) -> bool {
        if self.seen[place].1 != log.version[place] {
            return false;
        }
        log.set(place, Some(state.clone()));
        self.seen[place] = (Some(state), log.version[place]);
        true
    }
}

struct World {
    tenants: Log<Tenant>,
    quotas: Log<QuotaFound>,
    operators: [(View<Tenant>, View<QuotaFound>); 2],
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
            Step::Seen(place) => {
                if let Some(found) = self.quotas.now[place].clone() {
                    let used = found.used.or(Some(Figures::ZERO));
                    self.quotas.set(place, Some(QuotaFound { seen: found.hard, used, ..found }));
                }
            }
            Step::Uses(place, used) => {
                let Some(found) = self.quotas.now[place].clone() else { return };
                let Some(seen) = found.seen else { return };
                // What is in use already stays so; what comes is held to what was seen.
                let before = found.used.unwrap_or(Figures::ZERO);
                let used = figures(used);
                if used.rises_within(before, seen) {
                    self.quotas.set(place, Some(QuotaFound { used: Some(used), ..found }));
                }
            }
        }
    }

    fn asks(&mut self, place: usize, total: Figures, own: Figures) {
        if place > 0 && self.tenants.now[PARENT[place]].is_none() {
            return;
        }
        let asked = Asked { total, own: own.least(total) };
        let before = self.tenants.now[place].clone();
        let tenant = before.map_or_else(
            || {
                self.made += 1;
                Tenant { id: format!("id-{}", self.made), asked, book: Book::default() }
            },
            |tenant| Tenant { asked, ..tenant },
        );
        self.tenants.set(place, Some(tenant));
    }

    /// One pass as `controllers/tenant.rs` makes it. Returns whether it wrote anything.
    fn pass(&mut self, who: usize, place: usize, writes: usize) -> bool {
        let (tenants, quotas) = (&self.operators[who].0.seen, &self.operators[who].1.seen);
        let Some(tenant) = tenants[place].0.clone() else { return false };
        let parent = tenants[PARENT[place]].0.as_ref();
        let share = parent.and_then(|parent| parent.book.shares.get(&place.to_string()));
        let source = match (share.filter(|share| share.id == tenant.id), tenant.book.held) {
            _ if place == 0 => Source::Itself,
            (Some(share), _) => Source::Parent(share.clone()),
            (None, Some(_)) => Source::Lost,
            (None, None) => return false,
        };
        let claims = Self::below(place).filter_map(|child| {
            let claim = tenants[child].0.as_ref()?;
            Some(Claim {
                name: child.to_string(),
                id: Some(claim.id.clone()),
                created: None,
                asked: Some(claim.asked.total),
                held: claim.book.held,
                noted: None,
            })
        });
        let below = Below { claims: claims.collect(), remains: Default::default() };
        let settled = settle(&tenant.asked, &source, &tenant.book, quotas[place].0.as_ref(), &below);
        // What is taken back is looked at once more, as it is stored.
        let lost = tenant.book.shares.iter().filter(|(name, _)| !settled.shares.contains_key(*name));
        for (name, share) in lost {
            let child = name.parse().unwrap_or(TENANTS);
            if self.tenants.now.get(child).is_some_and(|there| there.as_ref().is_some_and(|it| it.id == share.id)) {
                return false;
            }
        }
        let own = tenant.book.held.map_or(Figures::ZERO, |held| held.own);
        let there = self.quotas.now[place].as_ref();
        if own.exceeds(settled.held.own) && !there.is_some_and(|there| there.keeps_to(settled.held.own)) {
            return false;
        }
        self.write((who, place), &tenant, &settled, writes)
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
        let found = operator.1.seen[place].0.clone();
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
            if !there || !may(true) || !operator.1.write(&mut self.quotas, place, quota) {
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

    /// What must hold at every instant.
    fn check(&self) {
        for (place, parent) in PARENT.into_iter().enumerate() {
            let Some(tenant) = &self.tenants.now[place] else { continue };
            let hard = self.quotas.now[place].as_ref().and_then(|found| found.hard);
            let given = sum(&tenant.book.shares);
            let share = self.tenants.now[parent].as_ref();
            let share = share.and_then(|parent| parent.book.shares.get(&place.to_string()));
            let share = share.filter(|share| share.id == tenant.id).map(|share| share.amounts);
            if let Some(held) = tenant.book.held {
                assert!(!held.own.plus(given).exceeds(held.total), "{place}: more is given than granted");
                assert!(!hard.unwrap_or(Figures::ZERO).exceeds(held.own), "{place}: the ResourceQuota runs ahead");
                if place > 0 {
                    assert!(share.is_some_and(|share| !held.total.exceeds(share)), "{place}: more than its share");
                }
            } else if let (true, Some(hard)) = (place > 0, hard) {
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
            let Some(held) = tenant.book.held else { continue };
            let given = sum(&tenant.book.shares);
            for child in Self::below(place) {
                let Some(claim) = &self.tenants.now[child] else { continue };
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

fn claim(name: &str, second: i64, cpu: i64) -> Claim {
    Claim {
        name: name.to_owned(),
        id: Some(format!("id-{name}")),
        created: jiff::Timestamp::from_second(second).ok(),
        asked: Some(figures([cpu, 0])),
        held: None,
        noted: None,
    }
}

fn given(shares: &Shares) -> Vec<(&str, String)> {
    shares.iter().map(|(name, share)| (name.as_str(), share.amounts.cpu.to_string())).collect()
}

#[test]
fn the_earlier_comes_first_and_a_large_one_holds_up_nobody() {
    let claims = [claim("b", 1, 4), claim("a", 1, 4), claim("large", 0, 20), claim("late", 2, 4), claim("last", 3, 2)];
    let mut shares = Shares::new();
    rise(&mut shares, figures([0, 0]), figures([10, 0]), &claims);
    assert_eq!(given(&shares), [("a", "4".to_owned()), ("b", "4".to_owned()), ("last", "2".to_owned())]);
}

#[test]
fn what_was_given_stays_when_an_older_one_asks_for_more() {
    let mut shares = Shares::new();
    rise(&mut shares, figures([2, 0]), figures([10, 0]), &[claim("old", 1, 4), claim("young", 2, 4)]);
    rise(&mut shares, figures([2, 0]), figures([10, 0]), &[claim("old", 1, 8), claim("young", 2, 4)]);
    assert_eq!(given(&shares), [("old", "4".to_owned()), ("young", "4".to_owned())]);
}

#[test]
fn a_lost_record_is_made_again_before_anybody_new_gets_anything() {
    let total = figures([8, 0]);
    let held = Some(Held { total, own: total, round: 3 });
    let stood = Claim { held, ..claim("stood", 9, 8) };
    let noted = Claim { noted: Some(figures([1, 0])), ..claim("noted", 9, 1) };
    let below = Below { claims: vec![claim("new", 1, 8), stood, noted], ..Default::default() };
    let asked = Asked { total: figures([10, 0]), own: Figures::ZERO };
    let settled = settle(&asked, &Source::Itself, &Book::default(), None, &below);
    assert_eq!(given(&settled.shares), [("noted", "1".to_owned()), ("stood", "8".to_owned())]);
    assert_eq!(settled.shares["stood"].round, 3);
}

#[test]
fn a_namesake_inherits_nothing_and_remains_are_charged() {
    let share = Share { id: "gone".to_owned(), amounts: figures([4, 4]), round: 0 };
    let shares = Shares::from([("same".to_owned(), share)]);
    let remains = Remains { id: "gone".to_owned(), amounts: figures([1, 0]) };
    let charged = Below { remains: [("same".to_owned(), remains)].into(), ..Default::default() };
    assert_eq!(given(&release(&shares, &charged)), [("same", "1".to_owned())]);
    let namesake = Below { claims: vec![Claim { asked: None, ..claim("same", 1, 4) }], ..Default::default() };
    assert!(release(&shares, &namesake).is_empty());
    let unreadable = Below { claims: vec![Claim { id: None, ..claim("same", 1, 4) }], ..Default::default() };
    assert_eq!(given(&release(&shares, &unreadable)), [("same", "4".to_owned())]);
}
