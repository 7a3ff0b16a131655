//! One replica leads; the others wait with warm caches.

use kube::Client;
use kube_lease_manager::{LeaseManager, LeaseManagerBuilder};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::options::Options;

/// How long a leader that has died holds the Lease, in seconds.
const DURATION_SECONDS: u64 = 15;
/// How long before its end the Lease is renewed, in seconds.
const GRACE_SECONDS: u64 = 5;

/// The Lease, asked for in the background.
pub struct Leadership {
    /// Whether this replica leads.
    pub leading: watch::Receiver<bool>,
    task: JoinHandle<kube_lease_manager::Result<LeaseManager>>,
}

impl Leadership {
    /// Begins to ask for the Lease.
    ///
    /// # Errors
    /// The Lease can be neither read nor made.
    pub async fn seek(client: Client, options: &Options) -> kube_lease_manager::Result<Self> {
        let builder = LeaseManagerBuilder::new(client, &options.lease)
            .with_namespace(&options.namespace)
            .with_duration(DURATION_SECONDS)
            .with_grace(GRACE_SECONDS);
        let builder = match &options.identity {
            Some(identity) => builder.with_identity(identity),
            None => builder,
        };
        let (leading, task) = builder.build().await?.watch().await;
        Ok(Self { leading, task })
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
