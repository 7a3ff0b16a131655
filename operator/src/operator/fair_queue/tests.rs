//! The order of service, and what holds in any order of events.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Action, FairQueue, Limits, Turn, Who};

const MILLI: Duration = Duration::from_millis(1);

fn app(tenant: &str, number: usize) -> Who {
    Who::App(tenant.to_owned(), format!("app-{number}"))
}

fn queue(all: usize, each: usize) -> FairQueue {
    FairQueue::new(Limits { all, each })
}

/// All that may begin now, in order.
fn all_taken(queue: &mut FairQueue, now: Instant) -> Vec<String> {
    std::iter::from_fn(|| queue.take(now)).map(|who| who.to_string()).collect()
}

#[test]
fn tenants_take_turns_and_each_keeps_its_own_order() {
    let (mut queue, now) = (queue(8, 8), Instant::now());
    (0..3).for_each(|number| queue.ask(app("lanzhou", number), now));
    queue.ask(Who::Tenant("wuwei".to_owned()), now);
    queue.ask(app("wuwei", 0), now);
    queue.ask(Who::Platform, now);
    assert_eq!(
        all_taken(&mut queue, now),
        [
            "App lanzhou/app-0",
            "Tenant wuwei",
            "App wuwei/app-0",
            "Platform platform",
            "App lanzhou/app-1",
            "App lanzhou/app-2",
        ]
    );
}

#[test]
fn a_tenant_has_its_share_and_no_more() {
    let (mut queue, now) = (queue(5, 2), Instant::now());
    (0..500).for_each(|number| queue.ask(app("lanzhou", number), now));
    assert_eq!(all_taken(&mut queue, now), ["App lanzhou/app-0", "App lanzhou/app-1"]);
    queue.ask(app("wuwei", 0), now);
    assert_eq!(all_taken(&mut queue, now), ["App wuwei/app-0"], "none of lanzhou's has ended");
    queue.done(app("lanzhou", 1), true, Action::await_change(), now);
    assert_eq!(all_taken(&mut queue, now), ["App lanzhou/app-2"]);
}

#[test]
fn a_tenant_itself_waits_for_none_of_its_apps() {
    let (mut queue, now) = (queue(5, 2), Instant::now());
    (0..500).for_each(|number| queue.ask(app("wuwei", number), now));
    assert_eq!(all_taken(&mut queue, now), ["App wuwei/app-0", "App wuwei/app-1"]);
    // They hang; what its children and the province wait for goes on.
    let wuwei = Who::Tenant("wuwei".to_owned());
    for _ in 0..3 {
        queue.ask(wuwei.clone(), now);
        assert_eq!(all_taken(&mut queue, now), ["Tenant wuwei"]);
        queue.done(wuwei.clone(), true, Action::await_change(), now);
    }
    queue.ask(wuwei, now);
    queue.done(app("wuwei", 0), true, Action::await_change(), now);
    assert_eq!(all_taken(&mut queue, now), ["Tenant wuwei", "App wuwei/app-2"], "nor does it take their places");
}

#[test]
fn all_tenants_together_have_theirs() {
    let (mut queue, now) = (queue(2, 2), Instant::now());
    ["gansu", "wuwei", "lanzhou"].iter().for_each(|name| queue.ask(app(name, 0), now));
    assert_eq!(all_taken(&mut queue, now), ["App gansu/app-0", "App wuwei/app-0"]);
    queue.done(app("wuwei", 0), true, Action::await_change(), now);
    assert_eq!(all_taken(&mut queue, now), ["App lanzhou/app-0"]);
}

#[test]
fn what_changes_during_its_pass_is_looked_at_again_and_what_waits_once() {
    let (mut queue, now) = (queue(2, 2), Instant::now());
    (0..3).for_each(|_| queue.ask(app("wuwei", 0), now));
    assert_eq!(all_taken(&mut queue, now), ["App wuwei/app-0"]);
    (0..3).for_each(|_| queue.ask(app("wuwei", 0), now));
    assert_eq!(all_taken(&mut queue, now), Vec::<String>::new(), "never twice at a time");
    queue.done(app("wuwei", 0), true, Action::requeue(MILLI), now);
    assert_eq!(all_taken(&mut queue, now), ["App wuwei/app-0"]);
    queue.done(app("wuwei", 0), true, Action::await_change(), now);
    assert_eq!(all_taken(&mut queue, now + MILLI), Vec::<String>::new());
    assert!(queue.states.is_empty() && queue.lines.is_empty(), "nothing is kept of what is done");
}

#[test]
fn a_repetition_is_due_in_its_time_and_behind_what_its_tenant_asked_before() {
    let (mut queue, now) = (queue(1, 1), Instant::now());
    queue.ask(app("wuwei", 0), now);
    assert_eq!(all_taken(&mut queue, now), ["App wuwei/app-0"]);
    queue.ask(app("wuwei", 1), now);
    queue.done(app("wuwei", 0), false, Action::requeue(MILLI), now);
    assert_eq!(queue.next_due(), Some(now + MILLI));
    assert_eq!(all_taken(&mut queue, now + MILLI), ["App wuwei/app-1"]);
    queue.done(app("wuwei", 1), true, Action::requeue(MILLI), now + MILLI);
    assert_eq!(all_taken(&mut queue, now + MILLI), ["App wuwei/app-0"]);
    // Whoever is asked for need not wait for the time.
    queue.ask(app("wuwei", 1), now + MILLI);
    queue.done(app("wuwei", 0), true, Action::await_change(), now + MILLI);
    assert_eq!(all_taken(&mut queue, now + MILLI), ["App wuwei/app-1"]);
    assert_eq!(queue.next_due(), None);
}

#[test]
fn a_wait_ends_with_the_pass_that_answers() {
    let (mut queue, now) = (queue(1, 1), Instant::now());
    queue.ask(app("wuwei", 0), now);
    queue.take(now);
    assert_eq!(queue.done(app("wuwei", 0), false, Action::requeue(MILLI), now + MILLI), None);
    assert_eq!(queue.unanswered(now + 2 * MILLI), BTreeMap::from([("wuwei".to_owned(), 2 * MILLI)]));
    queue.take(now + 2 * MILLI);
    queue.ask(app("wuwei", 0), now + 3 * MILLI); // a second change, during the pass that answers the first
    assert_eq!(queue.done(app("wuwei", 0), true, Action::await_change(), now + 4 * MILLI), Some(4 * MILLI));
    queue.take(now + 4 * MILLI);
    assert_eq!(queue.done(app("wuwei", 0), true, Action::requeue(MILLI), now + 5 * MILLI), Some(2 * MILLI));
    assert_eq!(queue.unanswered(now + 9 * MILLI), BTreeMap::new(), "what is merely due waits for nobody");
}

/// What may befall a queue.
#[derive(Debug, Clone)]
enum Event {
    Ask(Who),
    Take,
    /// The pass of this place among those under way ends.
    Done(prop::sample::Index, bool, Option<u64>),
    Pass(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let who = (0..4_usize, 0..6_usize).prop_map(|(tenant, number)| match (tenant, number) {
        (0, _) => Who::Platform,
        (_, 0) => Who::Tenant(format!("tenant-{tenant}")),
        _ => app(&format!("tenant-{tenant}"), number),
    });
    prop_oneof![
        4 => who.prop_map(Event::Ask),
        4 => Just(Event::Take),
        3 => (any::<prop::sample::Index>(), any::<bool>(), proptest::option::of(0..20_u64))
            .prop_map(|(place, answered, then)| Event::Done(place, answered, then)),
        1 => (0..20_u64).prop_map(Event::Pass),
    ]
}

/// A queue and what has to be true of it.
struct Model {
    queue: FairQueue,
    limits: Limits,
    now: Instant,
    passing: Vec<Who>,
    /// Who was asked for since its last pass began.
    asked: BTreeSet<Who>,
    /// Whose turns were taken since somebody has been waiting with room in its share, by that one.
    others_since: BTreeMap<Turn, Vec<Turn>>,
}

impl Model {
    fn new(limits: Limits) -> Self {
        let queue = FairQueue::new(limits);
        let (passing, asked, others_since) = Default::default();
        Self { queue, limits, now: Instant::now(), passing, asked, others_since }
    }

    fn befall(&mut self, event: Event) {
        match event {
            Event::Ask(who) => {
                self.queue.ask(who.clone(), self.now);
                self.asked.insert(who);
            }
            Event::Take => drop(self.take()),
            Event::Done(..) if self.passing.is_empty() => {}
            Event::Done(place, answered, then) => {
                let who = self.passing.swap_remove(place.index(self.passing.len()));
                let then = then.map_or(Action::await_change(), |millis| Action::requeue(MILLI * millis as u32));
                self.queue.done(who, answered, then, self.now);
            }
            Event::Pass(millis) => self.now += MILLI * millis as u32,
        }
        let waiting = self.waiting();
        self.others_since.retain(|turn, _| waiting.contains(turn));
        for turn in waiting {
            self.others_since.entry(turn).or_default();
        }
    }

    /// Those that wait and have room in their share, by what was asked and not by the queue.
    fn waiting(&self) -> BTreeSet<Turn> {
        let waiting = self.asked.iter().filter(|who| !self.passing.contains(who));
        waiting.map(Who::turn).filter(|turn| self.under_way(turn) < self.limits.each).collect()
    }

    fn under_way(&self, turn: &Turn) -> usize {
        self.passing.iter().filter(|who| who.turn() == *turn).count()
    }

    fn take(&mut self) -> Option<Who> {
        let room = self.passing.len() < self.limits.all;
        let taken = self.queue.take(self.now);
        let Some(who) = taken.clone() else {
            assert!(!room || self.waiting().is_empty(), "somebody waits, and there is room");
            return None;
        };
        assert!(!self.passing.contains(&who), "a second pass over {who}");
        let turn = who.turn();
        self.others_since.remove(&turn);
        for (waiting, others) in &mut self.others_since {
            assert!(!others.contains(&turn), "{turn:?} was served twice while {waiting:?} waited");
            others.push(turn.clone());
        }
        self.asked.remove(&who);
        self.passing.push(who);
        assert!(self.passing.len() <= self.limits.all && self.under_way(&turn) <= self.limits.each);
        taken
    }
}

proptest! {
    /// Whatever happens, nobody is served twice while another waits that could be served,
    /// no limit is passed, no two passes overlap, and in the end all that was asked for was seen.
    #[test]
    fn whatever_happens_turns_are_kept_and_nothing_is_lost(
        all in 1..5_usize,
        each in 1..4_usize,
        events in prop::collection::vec(event(), 0..200),
    ) {
        let mut model = Model::new(Limits { all, each });
        events.into_iter().for_each(|event| model.befall(event));
        while model.take().is_some() || !model.passing.is_empty() {
            if let Some(who) = model.passing.pop() {
                model.queue.done(who, true, Action::await_change(), model.now);
            }
        }
        prop_assert!(model.asked.is_empty(), "never looked at: {:?}", model.asked);
        prop_assert!(model.queue.lines.is_empty() && model.queue.passes == 0 && model.queue.turns.is_empty());
        prop_assert_eq!(model.queue.states.len(), model.queue.later.len(), "nothing stays but what is due later");
    }
}
