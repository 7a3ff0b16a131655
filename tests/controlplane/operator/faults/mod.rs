//! A client whose answers a test decides: any request may be answered by a status, by silence, late,
//! or out of an earlier time.

mod codes;
mod held;
mod stream;
mod watches;

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{Method, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use kube::client::{Body, ClientBuilder};
use kube::{Client, Config};
use tokio::sync::watch;
use tower::{BoxError, Layer, Service};

pub use held::HeldWrite;
pub use stream::Listing;

/// What a test does to a request. None lets it through.
type Rule = Box<dyn FnMut(&Asked) -> Option<Fault> + Send>;

/// Is told the code of an answer; 0 where there is none.
pub type Told = Box<dyn FnOnce(u16) + Send>;

/// What is asked of the API server.
pub struct Asked<'a> {
    /// How.
    pub method: &'a Method,
    /// Of what.
    pub path: &'a str,
    /// In which way.
    pub query: &'a str,
    /// What is sent along; empty where only something is read.
    pub body: &'a [u8],
}

impl Asked<'_> {
    /// Whether it changes anything.
    pub fn writes(&self) -> bool {
        self.method != Method::GET
    }

    /// Whether it is a watch.
    pub fn watches(&self) -> bool {
        self.query.contains("watch=true")
    }
}

/// What becomes of a request instead of its answer.
pub enum Fault {
    /// The API server answers with this code.
    Answer(u16),
    /// There is no API server.
    NoConnection,
    /// It is never sent, and so never answered.
    Unsent,
    /// It is sent and done, even if nobody waits for the answer any more, which is lost on the way.
    Unheard(Told),
    /// It is sent and answered as ever, and the test is told how.
    Noted(Told),
    /// It is sent once the gate opens.
    Held(Gate),
    /// It is sent once the gate opens, even if nobody waits for the answer any more; the test is
    /// told how it was answered.
    Late(Gate, Told),
    /// The answer's stream brings nothing until the gate opens, and then all of it.
    Delayed(Gate),
    /// The answer's stream ends when the gate opens.
    Cut(Gate),
    /// A watch begins with this earlier listing. What has happened since comes once the gate opens.
    Stale(Listing, Gate),
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
    /// Puts a rule over methods and paths in force in place of the last one.
    pub fn set(&self, mut rule: impl FnMut(&Method, &str) -> Option<Fault> + Send + 'static) {
        self.on(move |asked| rule(asked.method, asked.path));
    }

    /// Puts a rule in force in place of the last one.
    pub fn on(&self, rule: impl FnMut(&Asked) -> Option<Fault> + Send + 'static) {
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

    fn of(&self, asked: &Asked) -> Option<Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut().and_then(|rule| rule(asked))
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

/// What an answer consists of, whoever gives it.
type Given = UnsyncBoxBody<Bytes, BoxError>;

/// An answer on its way.
type Answering = BoxFuture<'static, Result<Response<Given>, BoxError>>;

impl<S, B> Service<Request<Body>> for Faulty<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Given>;
    type Error = BoxError;
    type Future = Answering;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (parts, body) = request.into_parts();
        // Whatever is sent lies ready in one piece.
        let body = body.collect().now_or_never().and_then(Result::ok).map(|all| all.to_bytes()).unwrap_or_default();
        let asked = Asked {
            method: &parts.method,
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            body: &body,
        };
        let fault = self.faults.of(&asked);
        let mut request = Request::from_parts(parts, Body::from(body));
        if let Some(Fault::Stale(listing, _)) = &fault {
            *request.uri_mut() = listing.since(request.uri());
        }
        // Nothing is sent before this is asked for its outcome.
        let answer = self.inner.call(request);
        let answer = async move { Ok(answer.await?.map(|body| body.map_err(Into::into).boxed_unsync())) };
        befall(fault, answer.boxed())
    }
}

/// What a fault makes of a request.
fn befall(fault: Option<Fault>, answer: Answering) -> Answering {
    match fault {
        None => answer,
        Some(Fault::Answer(code)) => async move { Ok(status(code)) }.boxed(),
        Some(Fault::NoConnection) => async { Err("connection refused".into()) }.boxed(),
        Some(Fault::Unsent) => futures::future::pending().boxed(),
        Some(Fault::Noted(told)) => noted(answer, told).boxed(),
        Some(Fault::Unheard(told)) => {
            drop(tokio::spawn(noted(answer, told))); // it goes on by itself
            futures::future::pending().boxed()
        }
        Some(Fault::Held(gate)) => gate.opened().then(|()| answer).boxed(),
        Some(Fault::Late(gate, told)) => {
            let sent = tokio::spawn(gate.opened().then(|()| noted(answer, told)));
            async move { sent.await? }.boxed()
        }
        Some(Fault::Delayed(gate)) => async move { Ok(answer.await?.map(|body| stream::delayed(body, gate))) }.boxed(),
        Some(Fault::Cut(gate)) => async move { Ok(answer.await?.map(|body| stream::cut(body, gate))) }.boxed(),
        Some(Fault::Stale(listing, gate)) => {
            async move { Ok(answer.await?.map(|body| listing.before(body, gate))) }.boxed()
        }
    }
}

async fn noted(answer: Answering, told: Told) -> Result<Response<Given>, BoxError> {
    let answer = answer.await;
    told(answer.as_ref().map_or(0, |answer| answer.status().as_u16()));
    answer
}

fn status(code: u16) -> Response<Given> {
    let body = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
        "reason": reason(code), "message": format!("answered {code} by the test"),
    });
    let body = Full::from(serde_json::to_vec(&body).expect("a status"));
    let body = body.map_err(|never| match never {}).boxed_unsync();
    Response::builder().status(code).body(body).expect("a response")
}

fn reason(code: u16) -> &'static str {
    match code {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        410 => "Expired",
        422 => "Invalid",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        _ => "InternalError",
    }
}
