//! One way to watch, for every cache.

use std::fmt::Debug;
use std::time::Duration;

use futures::StreamExt as _;
use kube::runtime::watcher::{self, Event};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;

use yipan_core::plan::Kind;

use super::super::context::Shared;

/// The first wait after a failure; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest wait between attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Kinds that a cluster may lack: whoever needs one is told when it is written.
const OPTIONAL: [&str; 1] = [Kind::ListenerSet.as_str()];

/// Watches for as long as the operator runs, and keeps /readyz true about it.
///
/// After a failure everything is listed again. The library would resume by itself and say nothing
/// once it has, so that nobody could tell a watch that works again from one that does not.
pub async fn watching<K>(
    shared: &Shared,
    name: &str,
    api: Api<K>,
    config: watcher::Config,
    mut take: impl FnMut(Event<K>),
) where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let mut wait = FIRST_WAIT;
    loop {
        let mut events = std::pin::pin!(watcher::watcher(api.clone(), config.clone()));
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    let listed = matches!(event, Event::InitDone);
                    take(event);
                    if listed {
                        wait = FIRST_WAIT;
                        shared.health.watch_works(name);
                    }
                }
                Err(error) => {
                    if OPTIONAL.contains(&name) && is_not_served(&error) {
                        shared.health.watch_is_idle(name);
                        // Nor is there any object of it left, if there were some.
                        take(Event::Init);
                        take(Event::InitDone);
                    } else {
                        shared.health.watch_failed(name, &error);
                    }
                    break;
                }
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Whether the API server knows no such kind.
fn is_not_served(error: &watcher::Error) -> bool {
    use watcher::Error::{InitialListFailed, WatchError, WatchFailed, WatchStartFailed};
    match error {
        InitialListFailed(kube::Error::Api(status))
        | WatchStartFailed(kube::Error::Api(status))
        | WatchFailed(kube::Error::Api(status))
        | WatchError(status) => status.code == 404,
        _ => false,
    }
}
