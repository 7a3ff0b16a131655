//! A client whose answers a test decides: any request may be answered by a status, by silence,
//! or late.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Method, Request, Response};
use http_body_util::{Either, Full};
use kube::client::{Body, ClientBuilder};
use kube::{Client, Config};
use tokio::sync::watch;
use tower::{BoxError, Layer, Service};

/// What a test does to a request, by its method and path. None lets it through.
type Rule = Box<dyn FnMut(&Method, &str) -> Option<Fault> + Send>;

/// What becomes of a request instead of its answer.
#[derive(Clone)]
pub enum Fault {
    /// The API server answers with this code.
    Answer(u16),
    /// There is no API server.
    NoConnection,
    /// It is sent once the gate opens.
    Held(Gate),
}

/// Something that waits until it is opened.
#[derive(Clone)]
pub struct Gate(watch::Sender<bool>);

impl Default for Gate {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Gate {
    /// Opens it for good.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    /// Waits until it is open.
    pub async fn opened(self) {
        // The sender lives in `self` as long as this waits.
        drop(self.0.subscribe().wait_for(|open| *open).await);
    }
}

/// The faults in force, shared by a client and the test that drives it.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Option<Rule>>>);

impl Faults {
    /// Puts a rule in force in place of the last one.
    pub fn set(&self, rule: impl FnMut(&Method, &str) -> Option<Fault> + Send + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(rule));
    }

    /// Lets everything through again.
    pub fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// A client that these faults befall. It does not try again by itself: the operator's does not
    /// either.
    pub fn client(&self, mut config: Config) -> Client {
        config.default_retry = false;
        ClientBuilder::try_from(config).expect("a client").with_layer(self).build()
    }

    fn of(&self, method: &Method, path: &str) -> Option<Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut().and_then(|rule| rule(method, path))
    }
}

impl<S> Layer<S> for Faults {
    type Service = Faulty<S>;

    fn layer(&self, inner: S) -> Faulty<S> {
        Faulty { inner, faults: self.clone() }
    }
}

/// A service that faults befall.
pub struct Faulty<S> {
    inner: S,
    faults: Faults,
}

impl<S, B> Service<Request<Body>> for Faulty<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Either<B, Full<Bytes>>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.faults.of(request.method(), request.uri().path()) {
            None => {
                let answer = self.inner.call(request);
                Box::pin(async move { Ok(answer.await?.map(Either::Left)) })
            }
            Some(Fault::Held(gate)) => {
                let answer = self.inner.call(request); // sends nothing before it is waited for
                Box::pin(async move {
                    gate.opened().await;
                    Ok(answer.await?.map(Either::Left))
                })
            }
            Some(Fault::Answer(code)) => Box::pin(async move { Ok(status(code).map(Either::Right)) }),
            Some(Fault::NoConnection) => Box::pin(async { Err("connection refused".into()) }),
        }
    }
}

fn status(code: u16) -> Response<Full<Bytes>> {
    let body = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
        "reason": reason(code), "message": format!("answered {code} by the test"),
    });
    let body = serde_json::to_vec(&body).expect("a status");
    Response::builder().status(code).body(Full::from(body)).expect("a response")
}

fn reason(code: u16) -> &'static str {
    match code {
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        422 => "Invalid",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        _ => "InternalError",
    }
}
