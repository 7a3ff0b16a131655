//! One replica leads; the others wait with warm caches.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{Method, Request, Response};
use kube::Client;
use kube::client::Body;
use kube_lease_manager::{LeaseManager, LeaseManagerBuilder};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower::Service;

use super::options::Options;

/// How long a leader that has died holds the Lease, in seconds.
const DURATION_SECONDS: u64 = 15;
/// How long before its end the Lease is renewed, in seconds.
const GRACE_SECONDS: u64 = 5;
/// How long after a renewal this replica trusts it: less than the Lease lasts for others.
const TRUST: Duration = Duration::from_secs(DURATION_SECONDS - 1);
/// How often a leadership whose renewals fail is asked about.
const GLANCE: Duration = Duration::from_millis(100);

/// The Lease, asked for in the background.
pub struct Leadership {
    leading: watch::Receiver<bool>,
    renewals: Renewals,
    task: JoinHandle<kube_lease_manager::Result<LeaseManager>>,
}

impl Leadership {
    /// Begins to ask for the Lease.
    ///
    /// # Errors
    /// The Lease can be neither read nor made.
    pub async fn seek(client: Client, options: &Options) -> kube_lease_manager::Result<Self> {
        let renewals = Renewals::default();
        let builder = LeaseManagerBuilder::new(renewals.observe(client), &options.lease)
            .with_namespace(&options.namespace)
            .with_duration(DURATION_SECONDS)
            .with_grace(GRACE_SECONDS);
        let builder = match &options.identity {
            Some(identity) => builder.with_identity(identity),
            None => builder,
        };
        let (leading, task) = builder.build().await?.watch().await;
        Ok(Self { leading, renewals, task })
    }

    /// Whether this replica leads, by its own last renewal as well as by the Lease.
    pub fn leads(&self) -> bool {
        *self.leading.borrow() && self.renewals.trusted_for().is_some()
    }

    /// Waits until this replica leads. False: the way to the Lease broke.
    pub async fn gained(&self) -> bool {
        loop {
            if !until(self.leading.clone(), true).await {
                return false;
            }
            if self.leads() {
                return true;
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Waits until this replica no longer leads. The Lease's own manager does not notice its end
    /// while renewals fail, and meanwhile another replica may have taken it: so the last renewal
    /// that went through counts too.
    pub async fn lost(&self) {
        let stale = async {
            while let Some(left) = self.renewals.trusted_for() {
                tokio::time::sleep(left).await;
            }
        };
        tokio::select! {
            _ = until(self.leading.clone(), false) => {}
            () = stale => {}
        }
    }

    /// Gives the Lease back, so that the next leader need not wait for its end.
    pub async fn release(self) {
        drop(self.leading); // the last receiver: the task gives the Lease back and ends
        match self.task.await {
            Ok(Ok(_)) => tracing::info!("gave the Lease back"),
            Ok(Err(error)) => tracing::warn!(%error, "the Lease could not be given back; it ends by itself"),
            Err(error) => tracing::warn!(%error, "the Lease's task broke off"),
        }
    }
}

/// Waits until the value is this one. False: its sender has gone before.
pub async fn until(mut watched: watch::Receiver<bool>, wanted: bool) -> bool {
    watched.wait_for(|value| *value == wanted).await.is_ok()
}

/// When the Lease was last written with success.
#[derive(Clone, Default)]
struct Renewals(Arc<Mutex<Option<Instant>>>);

impl Renewals {
    /// A client whose writes are noted here.
    fn observe(&self, client: Client) -> Client {
        let namespace = client.default_namespace().to_owned();
        Client::new(Observed { inner: client, renewals: self.clone() }, namespace)
    }

    /// How much longer the last renewal is to be trusted. None: not at all.
    fn trusted_for(&self) -> Option<Duration> {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        TRUST.checked_sub(last?.elapsed()).filter(|left| !left.is_zero())
    }
}

/// A client that notes when its writes went out, once they have gone through.
struct Observed {
    inner: Client,
    renewals: Renewals,
}

impl Service<Request<Body>> for Observed {
    type Response = Response<Body>;
    type Error = kube::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, kube::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), kube::Error>> {
        Poll::Ready(Ok(())) // the client within waits by itself
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (renewals, sent) = (self.renewals.clone(), Instant::now());
        let writes = request.method() != Method::GET;
        let client = self.inner.clone();
        async move {
            let answer = client.send(request).await?;
            if writes && answer.status().is_success() {
                *renewals.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sent);
            }
            Ok(answer)
        }
        .boxed()
    }
}
