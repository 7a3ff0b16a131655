//! One reconcile a kind: dereference, validate, plan, apply, status.

mod app;
mod blueprint;
mod bring;
mod now;
mod outcome;
mod platform;
mod quota;
mod retain;
mod retire;
mod take_back;
mod tenant;
mod unreadable;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use kube::Resource;
use kube::runtime::reflector::{ObjectRef, Store};
use tokio::task::{JoinError, JoinHandle};

use super::caches::Guarded;
use super::context::Shared;
use super::error::Error;
use super::events::Act;
use super::fair_queue::{Action, Limits, Who};

/// A reconcile of one kind.
type Reconcile<K> = fn(Arc<Shared>, Arc<Guarded<K>>) -> BoxFuture<'static, Result<Action, Error>>;

/// Works off the queue until `end`, which says how long passes that have begun may go on; after
/// that they are broken off.
pub async fn run(shared: &Arc<Shared>, limits: Limits, end: impl Future<Output = Duration>) {
    let triggers = &shared.caches.triggers;
    triggers.open(limits);
    shared.look_at_everything();
    let mut passes = FuturesUnordered::new();
    let mut end = std::pin::pin!(end);
    let mut retentions = std::pin::pin!(retain::end_retentions(Arc::clone(shared)));
    let grace = loop {
        while let Some(who) = triggers.take() {
            passes.push(pass(shared, who));
        }
        tokio::select! {
            Some((who, result)) = passes.next() => conclude(shared, who, result),
            () = triggers.news() => {}
            never = &mut retentions => match never {},
            grace = &mut end => break grace,
        }
    };
    triggers.close();
    let rest = passes.for_each(async |(who, result)| conclude(shared, who, result));
    if tokio::time::timeout(grace, rest).await.is_err() && !grace.is_zero() {
        tracing::warn!(?grace, "passes that had begun did not end in time");
    }
}

/// One pass over one object.
async fn pass(shared: &Arc<Shared>, who: Who) -> (Who, Result<Action, Error>) {
    let caches = &shared.caches;
    let task = match &who {
        Who::Platform => begin(shared, &caches.platforms, ObjectRef::new("platform"), platform::reconcile),
        Who::Tenant(name) => begin(shared, &caches.tenants, ObjectRef::new(name), tenant::reconcile),
        Who::Blueprint(name) => begin(shared, &caches.blueprints, ObjectRef::new(name), blueprint::reconcile),
        Who::App(namespace, name) => {
            begin(shared, &caches.apps, ObjectRef::new(name).within(namespace), app::reconcile)
        }
    };
    let result = match task {
        Some(task) => task.await.unwrap_or_else(|broken| Err(Error::Broken(broken.to_string()))),
        None => Ok(Action::await_change()), // gone, and nothing is left to be said of it
    };
    (who, result)
}

/// Begins a pass as a task of its own, so that both cores decide and a panic ends one pass alone.
fn begin<K: Resource<DynamicType = ()> + Clone + 'static>(
    shared: &Arc<Shared>,
    store: &Store<Guarded<K>>,
    object: ObjectRef<Guarded<K>>,
    reconcile: Reconcile<K>,
) -> Option<Task<Result<Action, Error>>> {
    store.get(&object).map(|object| Task(tokio::spawn(reconcile(Arc::clone(shared), object))))
}

/// Says in the log how a pass ended, and when its object's next turn is.
fn conclude(shared: &Shared, who: Who, result: Result<Action, Error>) {
    match &result {
        Ok(_) => {}
        Err(Error::Refused(refusal)) if refusal.waits_its_turn() => {
            tracing::debug!(object = %who, reason = refusal.reason(), %refusal, "waiting");
        }
        Err(Error::Refused(refusal)) => tracing::info!(object = %who, reason = refusal.reason(), %refusal, "refused"),
        Err(error @ Error::Conflict { .. }) => tracing::debug!(object = %who, %error, "looking again"),
        Err(error) => {
            tracing::warn!(object = %who, reason = error.reason(), cause = cause(error), %error, "a pass failed");
        }
    }
    let answered = result.as_ref().err().is_none_or(Error::is_answer);
    let then = result.unwrap_or_else(|error| error.again(shared.failures.count(&who.to_string())));
    if let Some(waited) = shared.caches.triggers.done(who.clone(), answered, then) {
        shared.metrics.answered(&who, waited);
    }
}

/// A task that ends when nobody waits for it any more.
struct Task<T>(JoinHandle<T>);

impl<T> Future for Task<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What lies behind an error, for the log alone.
fn cause(error: &Error) -> Option<String> {
    std::error::Error::source(error).map(super::error::short)
}

/// How often it is asked which kinds cannot be watched.
const RHYTHM: Duration = Duration::from_secs(2);

/// Says on the Platform, once for each, which kinds the operator has no right to watch: for those
/// who look there first. Runs as long as the operator.
pub async fn tell_of_watches(shared: Arc<Shared>) {
    let mut told: Vec<(String, String)> = Vec::new();
    let mut rhythm = tokio::time::interval(RHYTHM);
    loop {
        rhythm.tick().await;
        let mut broken = shared.health.broken_watches();
        broken.retain(|(_, why)| why.contains("forbidden"));
        let Some(platform) = shared.caches.platforms.get(&ObjectRef::new("platform")) else { continue };
        for (watch, why) in broken.iter().filter(|watch| !told.contains(watch)) {
            let text = format!("{watch}: {why}; give the operator its ClusterRole back");
            shared.events.warn(platform.as_ref(), Act::Watch, "WatchForbidden", &text).await;
        }
        told = broken;
    }
}
