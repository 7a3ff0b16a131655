//! One reconcile a kind: dereference, validate, plan, apply, status.

mod app;
mod bring;
mod outcome;
mod platform;
mod retire;
mod tenant;
mod unreadable;

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, TryFutureExt as _};
use kube::Resource;
use kube::runtime::controller::{Action, Config, applier};
use kube::runtime::reflector::{ObjectRef, Store};
use tokio::task::{JoinError, JoinHandle};

use super::caches::Guarded;
use super::context::Shared;
use super::error::Error;
use super::events::Act;

/// A reconcile of one kind.
type Reconcile<K> = fn(Arc<Shared>, Arc<Guarded<K>>) -> BoxFuture<'static, Result<Action, Error>>;

/// Works off all queues until `end`, which says how long passes that have begun may go on; after
/// that they are broken off.
pub async fn run(shared: &Arc<Shared>, concurrency: u16, end: impl Future<Output = Duration>) {
    let (caches, triggers) = (&shared.caches, &shared.caches.triggers);
    let config = Config::default().concurrency(concurrency);
    let work = futures::future::join3(
        work(shared, caches.platforms.clone(), triggers.platforms.open(), platform::reconcile, config.clone()),
        work(shared, caches.tenants.clone(), triggers.tenants.open(), tenant::reconcile, config.clone()),
        work(shared, caches.apps.clone(), triggers.apps.open(), app::reconcile, config),
    );
    shared.look_at_everything();
    let mut work = std::pin::pin!(work);
    let grace = tokio::select! {
        _ = &mut work => return,
        grace = end => grace,
    };
    triggers.platforms.close();
    triggers.tenants.close();
    triggers.apps.close();
    if tokio::time::timeout(grace, work).await.is_err() && !grace.is_zero() {
        tracing::warn!(?grace, "passes that had begun did not end in time");
    }
}

async fn work<K>(
    shared: &Arc<Shared>,
    store: Store<Guarded<K>>,
    queue: impl futures::Stream<Item = ObjectRef<Guarded<K>>> + Send,
    reconcile: Reconcile<K>,
    config: Config,
) where
    K: Resource<DynamicType = ()> + Clone + Debug + Send + Sync + 'static,
{
    // Every pass is a task, so that both cores decide and a panic ends one pass alone.
    let pass = move |object: Arc<Guarded<K>>, shared: Arc<Shared>| {
        let task = Task(tokio::spawn(reconcile(shared, object)));
        task.map_err(|broken| Error::Broken(broken.to_string())).and_then(futures::future::ready).boxed()
    };
    let passes = applier(pass, policy, Arc::clone(shared), store, queue.map(Ok::<_, std::convert::Infallible>), config);
    passes
        .for_each(async |result| match result {
            Ok(_) | Err(kube::runtime::controller::Error::ObjectNotFound(_)) => {}
            Err(kube::runtime::controller::Error::ReconcilerFailed(error, object)) => match &error {
                Error::Refused(refusal) => tracing::info!(%object, reason = refusal.reason(), %refusal, "refused"),
                Error::Conflict { .. } => tracing::debug!(%object, %error, "looking again"),
                error => {
                    tracing::warn!(%object, reason = error.reason(), cause = cause(error), %error, "a pass failed");
                }
            },
            Err(error) => tracing::error!(%error, "the queue failed"),
        })
        .await;
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

fn policy<K: Resource<DynamicType = ()> + Clone>(
    object: Arc<Guarded<K>>,
    error: &Error,
    shared: Arc<Shared>,
) -> Action {
    error.again(shared.failures.count(&outcome::name(object.as_ref())))
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
