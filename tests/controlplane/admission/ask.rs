//! One request, and what it ends in.

use std::time::Duration;

use http::Request;
use kube::Client;
use serde_json::Value;

/// How long an answer may take: a connection that is let through may lead nowhere.
const PATIENCE: Duration = Duration::from_secs(20);

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was done, or would have been.
    Done,
    /// No rule of RBAC allows it.
    Rights,
    /// An admission policy stopped it, by these words.
    Policy { name: String, words: String },
    /// Something else ended it.
    Other { code: u16, words: String },
}

/// Sends a request of a content type and says what became of it.
pub async fn ask(client: &Client, verb: &str, uri: &str, format: &str, body: &Value) -> Verdict {
    let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(body).expect("JSON") };
    let request = Request::builder().method(verb).uri(uri).header("Content-Type", format).body(body);
    put(client, request.expect("a request")).await
}

/// Sends a request and says what became of it.
pub async fn put(client: &Client, request: Request<Vec<u8>>) -> Verdict {
    let what = format!("{} {}", request.method(), request.uri());
    let answer = tokio::time::timeout(PATIENCE, client.request_text(request)).await;
    let Ok(answer) = answer else { return Verdict::Other { code: 0, words: format!("no answer within {PATIENCE:?}") } };
    match answer {
        Ok(_) => Verdict::Done,
        Err(kube::Error::Api(status)) => read(status.code, &status.message),
        Err(error) => panic!("{what}: {error}"),
    }
}

/// Sends a request and gives its code, and the headers of this name that came with the answer.
pub async fn headers(client: &Client, request: Request<Vec<u8>>, name: &str) -> (u16, Vec<String>) {
    let answer = client.send(request.map(kube::client::Body::from)).await.expect("an answer");
    let texts = answer.headers().get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    (answer.status().as_u16(), texts.map(str::to_owned).collect())
}

/// The content type of a kind of body, by its name in the tables.
pub fn format(name: &str) -> &'static str {
    match name {
        "merge" => "application/merge-patch+json",
        "json" => "application/json-patch+json",
        "strategic" => "application/strategic-merge-patch+json",
        "apply" => "application/apply-patch+yaml",
        _ => "application/json",
    }
}

fn read(code: u16, message: &str) -> Verdict {
    let policy = message.split_once("ValidatingAdmissionPolicy '").and_then(|(_, rest)| rest.split_once('\''));
    if let Some((name, rest)) = policy {
        let words = rest.split_once("denied request: ").map_or(rest, |(_, words)| words);
        return Verdict::Policy { name: name.to_owned(), words: words.to_owned() };
    }
    let held_back = message.contains(" cannot ")
        || message.contains("is attempting to grant RBAC permissions")
        || message.ends_with(" is forbidden: "); // into a pod by GET without the right to create
    if code == 403 && held_back { Verdict::Rights } else { Verdict::Other { code, words: message.to_owned() } }
}
