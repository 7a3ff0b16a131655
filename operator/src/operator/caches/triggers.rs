//! Who has to be looked at because of what was seen. Nothing is queued while another replica
//! leads; a new leader looks at everything once.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::super::fair_queue::{Action, FairQueue, Limits, Who};

/// How long counts may lag: a city with ten new counties writes its status once, not ten times.
const LATER: Duration = Duration::from_millis(700);

/// How long seats may show an old share: each that comes or goes changes the share of every other, and they
/// are told once for all that came and went.
const SHARES: Duration = Duration::from_secs(300);

/// The queue of whoever has to be looked at, open while this replica leads.
#[derive(Default)]
pub struct Triggers {
    queue: Mutex<Option<FairQueue>>,
    asked: Notify,
    later: Arc<Mutex<HashSet<Who>>>,
    shares: Arc<Mutex<HashSet<String>>>,
}

impl Triggers {
    /// Opens the queue; what an earlier leadership left in it is dropped.
    pub fn open(&self, limits: Limits) {
        *self.queue() = Some(FairQueue::new(limits));
    }

    /// Closes the queue; what waits in it is dropped.
    pub fn close(&self) {
        *self.queue() = None;
    }

    /// Whose turn it is, if a pass may begin. The pass has begun with the answer.
    pub fn take(&self) -> Option<Who> {
        self.queue().as_mut()?.take(Instant::now())
    }

    /// A pass has ended; see [`FairQueue::done`].
    pub fn done(&self, who: Who, answered: bool, then: Action) -> Option<Duration> {
        self.queue().as_mut()?.done(who, answered, then, Instant::now())
    }

    /// Waits until somebody was asked for since the last wait, or is due.
    pub async fn news(&self) {
        let due = self.queue().as_ref().and_then(FairQueue::next_due);
        let due = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.asked.notified() => {}
            () = due => {}
        }
    }

    /// For how long each tenant has waited for its longest unanswered request.
    pub fn unanswered(&self) -> BTreeMap<String, Duration> {
        self.queue().as_ref().map(|queue| queue.unanswered(Instant::now())).unwrap_or_default()
    }

    /// Asks for a tenant to be looked at.
    pub fn tenant(&self, name: &str) {
        self.ask(Who::Tenant(name.to_owned()));
    }

    /// Asks for a Blueprint to be looked at.
    pub fn blueprint(&self, name: &str) {
        self.ask(Who::Blueprint(name.to_owned()));
    }

    /// Asks for an App to be looked at.
    pub fn app(&self, namespace: &str, name: &str) {
        self.ask(Who::App(namespace.to_owned(), name.to_owned()));
    }

    /// Asks for an App to be looked at that is given as `<namespace>/<name>`.
    pub fn app_at(&self, place: &str) {
        if let Some((namespace, name)) = place.split_once('/') {
            self.app(namespace, name);
        }
    }

    /// Asks for the Platform to be looked at.
    pub fn platform(&self) {
        self.ask(Who::Platform);
    }

    /// Takes what was to be asked for later.
    pub fn take_later(&self) -> HashSet<Who> {
        std::mem::take(&mut *self.later.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks for a tenant's counts to be brought up to date, soon and once.
    pub fn tenant_later(&self, name: &str) {
        self.later(Who::Tenant(name.to_owned()));
    }

    /// Asks for a Blueprint's count of its Apps to be brought up to date, soon and once.
    pub fn blueprint_later(&self, name: &str) {
        self.later(Who::Blueprint(name.to_owned()));
    }

    /// Asks for every seat of a Blueprint to be looked at, in a while: they are told what share they bear.
    pub fn shares_later(&self, blueprint: &str) {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner).insert(blueprint.to_owned());
    }

    fn take_shares(&self) -> HashSet<String> {
        std::mem::take(&mut *self.shares.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn later(&self, who: Who) {
        self.later.lock().unwrap_or_else(PoisonError::into_inner).insert(who);
    }

    /// Asks for an object to be looked at.
    pub fn ask(&self, who: Who) {
        if let Some(queue) = self.queue().as_mut() {
            queue.ask(who, Instant::now());
            self.asked.notify_one(); // kept for whoever waits next, should nobody wait now
        }
    }

    fn queue(&self) -> MutexGuard<'_, Option<FairQueue>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes on what was asked for later, for as long as the operator runs.
pub async fn pass_on(shared: Arc<super::Shared>) {
    let (mut rhythm, mut shares) = (tokio::time::interval(LATER), tokio::time::interval(SHARES));
    loop {
        tokio::select! {
            _ = rhythm.tick() => {}
            _ = shares.tick() => {
                for blueprint in shared.caches.triggers.take_shares() {
                    super::blueprints::look_at_seats(&shared, &blueprint);
                }
            }
        }
        let all = shared.caches.triggers.take_later();
        if all.iter().any(|who| matches!(who, Who::Tenant(_))) {
            shared.caches.triggers.platform(); // it counts the tenants
        }
        all.into_iter().for_each(|who| shared.caches.triggers.ask(who));
    }
}
