//! One replica leads; the others wait with warm caches.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
/// How long the Lease may be silent before it is sought anew. A waiting replica asks for it when
/// the leader's renewal should have come.
const SILENCE: Duration = Duration::from_secs(DURATION_SECONDS + 10);
/// How often a leadership whose renewals fail is asked about.
const GLANCE: Duration = Duration::from_millis(100);

/// By what a leader measures how old its last renewal is. A test may stop it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Instant + Send + Sync>);

impl Clock {
    /// A clock that says this.
    pub fn new(now: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    fn since(&self, moment: Instant) -> Duration {
        (self.0)().saturating_duration_since(moment)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(Instant::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Clock")
    }
}

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
        let renewals = Renewals::new(options.clock.clone());
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

    /// Waits until this replica leads. False: the way to the Lease broke, or the Lease itself is
    /// gone, which its manager asks for in vain for ever; it has to be sought anew.
    pub async fn gained(&self) -> bool {
        let mut leading = self.leading.clone();
        while !self.leads() {
            let answers = self.renewals.answered_within(SILENCE);
            // A sender that has gone is the end of the Lease's task.
            if !answers || leading.has_changed().is_err() {
                return false;
            }
            // Woken by a change, or after a glance; either way it is asked again.
            drop(tokio::time::timeout(GLANCE, leading.changed()).await);
        }
        true
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

/// When the Lease last answered, and when it was last written.
#[derive(Clone)]
struct Renewals {
    times: Arc<Mutex<Times>>,
    clock: Clock,
}

struct Times {
    answered: Instant,
    written: Option<Instant>,
}

impl Renewals {
    fn new(clock: Clock) -> Self {
        let times = Times { answered: (clock.0)(), written: None };
        Self { times: Arc::new(Mutex::new(times)), clock }
    }

    /// A client whose writes are noted here.
    fn observe(&self, client: Client) -> Client {
        let namespace = client.default_namespace().to_owned();
        Client::new(Observed { inner: client, renewals: self.clone() }, namespace)
    }

    /// Whether the Lease answered not longer ago than this.
    fn answered_within(&self, span: Duration) -> bool {
        self.clock.since(self.times().answered) < span
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much longer the last renewal is to be trusted. None: not at all.
    fn trusted_for(&self) -> Option<Duration> {
        let last = self.times().written;
        TRUST.checked_sub(self.clock.since(last?)).filter(|left| !left.is_zero())
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
        let (renewals, sent) = (self.renewals.clone(), (self.renewals.clock.0)());
        let writes = request.method() != Method::GET;
        let client = self.inner.clone();
        async move {
            let answer = client.send(request).await?;
            if answer.status().is_success() {
                let mut times = renewals.times();
                times.answered = sent;
                times.written = if writes { Some(sent) } else { times.written };
            }
            Ok(answer)
        }
        .boxed()
    }
}
