//! What becomes of a watch's stream: it is cut, delayed, or begins in the past.

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::Uri;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use kube::Client;
use kube::client::Body;

use super::{Gate, Given};

/// The mark of the last line of a watch's beginning.
const LISTED: &str = "k8s.io/initial-events-end";

/// The beginning of a watch, as the API server once gave it: a list, line by line.
#[derive(Clone)]
pub struct Listing {
    lines: Bytes,
    version: String,
}

impl Listing {
    /// Asks for the beginning of a watch, as the operator would.
    pub async fn ask(client: &Client, path_and_query: &str) -> Self {
        let request = http::Request::get(path_and_query).body(Body::empty()).expect("a request");
        let mut answer = client.send(request).await.expect("a watch");
        assert!(answer.status().is_success(), "{path_and_query}: {}", answer.status());
        let mut all = Vec::new();
        loop {
            let frame = answer.body_mut().frame().await.expect("a watch does not end here").expect("a frame");
            all.extend_from_slice(frame.data_ref().expect("lines"));
            let text = String::from_utf8_lossy(&all);
            let last = text.split_inclusive('\n').find(|line| line.contains(LISTED) && line.ends_with('\n'));
            let Some(last) = last else { continue };
            let mark: serde_json::Value = serde_json::from_str(last).expect("a bookmark");
            let version = mark["object"]["metadata"]["resourceVersion"].as_str().expect("a version").to_owned();
            let end = text.find(last).expect("it was found") + last.len();
            return Self { lines: Bytes::copy_from_slice(&all[..end]), version };
        }
    }

    /// The same watch, from this listing on.
    pub(super) fn since(&self, uri: &Uri) -> Uri {
        let drops = ["sendInitialEvents=", "resourceVersionMatch=", "resourceVersion="];
        let kept = uri.query().unwrap_or_default().split('&').filter(|part| !drops.iter().any(|d| part.starts_with(d)));
        let from = format!("resourceVersion={}", self.version);
        let query: Vec<&str> = kept.filter(|part| !part.is_empty()).chain([from.as_str()]).collect();
        format!("{}?{}", uri.path(), query.join("&")).parse().expect("an address")
    }

    /// This listing, then what the watch brings once the gate opens.
    pub(super) fn before(self, body: Given, gate: Gate) -> Given {
        let listed = stream::once(async move { Ok(Frame::data(self.lines)) });
        boxed(listed.chain(frames(body, gate)))
    }
}

/// A body that gives nothing until the gate opens.
pub(super) fn delayed(body: Given, gate: Gate) -> Given {
    boxed(frames(body, gate))
}

/// A body that ends when the gate opens.
pub(super) fn cut(body: Given, gate: Gate) -> Given {
    boxed(frames(body, open()).take_until(Box::pin(gate.opened())))
}

fn open() -> Gate {
    let gate = Gate::default();
    gate.open();
    gate
}

fn frames(
    body: Given,
    gate: Gate,
) -> impl futures::Stream<Item = Result<Frame<Bytes>, tower::BoxError>> + Send + 'static {
    stream::once(gate.opened()).flat_map(|()| stream::empty()).chain(stream::unfold(body, async |mut body| {
        let frame = body.frame().await?;
        Some((frame, body))
    }))
}

fn boxed(frames: impl futures::Stream<Item = Result<Frame<Bytes>, tower::BoxError>> + Send + 'static) -> Given {
    StreamBody::new(frames).boxed_unsync()
}
