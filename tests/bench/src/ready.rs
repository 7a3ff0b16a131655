//! Watches declarations until each is ready.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use futures::StreamExt as _;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, ResourceExt as _};
use tokio::sync::oneshot;
use yipan_core::kinds::{App, Tenant};

use super::bare::Declaration;

/// A kind that becomes ready.
pub trait Converges: Declaration {
    /// The generation that the status speaks of, and its conditions.
    fn status(&self) -> (Option<i64>, &[Condition]);
}

impl Converges for Tenant {
    fn status(&self) -> (Option<i64>, &[Condition]) {
        let status = self.status.as_ref();
        (status.and_then(|s| s.observed_generation), status.map(|s| s.conditions.as_slice()).unwrap_or_default())
    }
}

impl Converges for App {
    fn status(&self) -> (Option<i64>, &[Condition]) {
        let status = self.status.as_ref();
        (status.and_then(|s| s.observed_generation), status.map(|s| s.conditions.as_slice()).unwrap_or_default())
    }
}

/// Why an object is not ready as it is declared now.
fn obstacle<K: Converges>(object: &K) -> Option<String> {
    let (observed, conditions) = object.status();
    let Some(ready) = conditions.iter().find(|condition| condition.type_ == "Ready") else {
        return Some("no status yet".to_owned());
    };
    let current = observed.is_some() && observed == object.meta().generation;
    let is_ready = ready.status == "True" && current;
    (!is_ready).then(|| format!("{}: {}", ready.reason, ready.message))
}

/// Watches a kind until so many objects of it are ready, and tells when each became so first. Says
/// on `watching` when it sees, so that nothing is created before, and on `tell` who became ready.
///
/// # Errors
/// They are not in time; the error names one that is not, and why.
pub async fn all<K: Converges>(
    client: &Client,
    wanted: usize,
    patience: Duration,
    watching: oneshot::Sender<()>,
    mut tell: impl FnMut(&K),
) -> anyhow::Result<Vec<Instant>> {
    let stream = watcher(Api::<K>::all(client.clone()), watcher::Config::default().streaming_lists()).default_backoff();
    let mut stream = std::pin::pin!(stream);
    let (mut ready, mut waiting) = (HashMap::new(), BTreeMap::new());
    let (mut watching, deadline) = (Some(watching), tokio::time::Instant::now() + patience);
    loop {
        let event = match tokio::time::timeout_at(deadline, stream.next()).await {
            Ok(event) => event.context("the watch ended")?,
            Err(_) => {
                let (name, why) = waiting.first_key_value().context("nothing was created in time")?;
                bail!("{} of {wanted} are ready after {patience:?}; {name} is not: {why}", ready.len());
            }
        };
        match event {
            Ok(watcher::Event::InitDone) => {
                // Nobody listens any more where the creation has failed; that error is the one to tell.
                watching.take().map(|watching| watching.send(()));
            }
            Ok(watcher::Event::Apply(object) | watcher::Event::InitApply(object)) => {
                let name = format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any());
                match obstacle(&object) {
                    Some(why) => {
                        ready.remove(&name);
                        waiting.insert(name, why);
                    }
                    None => {
                        waiting.remove(&name);
                        ready.entry(name).or_insert_with(|| {
                            tell(&object);
                            Instant::now()
                        });
                    }
                }
            }
            Ok(watcher::Event::Init | watcher::Event::Delete(_)) => {}
            Err(error) => eprintln!("yipan-bench: the watch broke and goes on: {error}"),
        }
        if ready.len() >= wanted && watching.is_none() {
            return Ok(ready.into_values().collect());
        }
    }
}
