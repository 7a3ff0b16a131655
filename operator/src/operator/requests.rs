//! Counts what is asked of the API server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::Request;
use kube::client::{Body, ClientBuilder};
use kube::{Client, Config};
use tower::util::MapRequestLayer;

/// How many requests were sent so far, whatever they were for.
#[derive(Debug, Clone, Default)]
pub struct Requests(Arc<AtomicU64>);

impl Requests {
    /// A client whose requests are counted here.
    ///
    /// # Errors
    /// The configuration cannot be used.
    pub fn client(&self, config: Config) -> kube::Result<Client> {
        let sent = self.clone();
        let count = MapRequestLayer::new(move |request: Request<Body>| {
            sent.0.fetch_add(1, Ordering::Relaxed);
            request
        });
        Ok(ClientBuilder::try_from(config)?.with_layer(&count).build())
    }

    /// How many there were.
    pub fn so_far(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
