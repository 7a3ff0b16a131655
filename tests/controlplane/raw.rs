//! Requests by verb and path, for what no typed client would send.

use http::Request;
use kube::Client;
use kube::core::Status;
use serde_json::Value;

/// Sends one request and gives the answer's body, or the status that the API server declines with.
///
/// # Panics
/// There is no answer, or one that is nobody's intention (a server's fault, a wrong path's 405).
pub async fn send(client: &Client, verb: &str, uri: &str, body: &Value) -> Result<Value, Box<Status>> {
    let format = match verb {
        "PATCH" if uri.contains("fieldManager=") => "application/apply-patch+yaml",
        "PATCH" => "application/merge-patch+json",
        _ => "application/json",
    };
    let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(body).expect("JSON") };
    let request = Request::builder().method(verb).uri(uri).header("Content-Type", format).body(body);
    match client.request::<Value>(request.expect("a request")).await {
        Ok(answer) => Ok(answer),
        Err(kube::Error::Api(status)) if matches!(status.code, 400 | 403 | 404 | 409 | 422) => Err(status),
        Err(error) => panic!("{verb} {uri}: {error}"),
    }
}
