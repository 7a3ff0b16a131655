//! What the API server itself counts, as a check on what the operator says of itself.

use std::collections::BTreeMap;

use kube::Client;
use yipan_core::kinds::GROUP;
use yipan_core::plan::Kind;

use super::exposition::Exposition;

/// Requests that the API server has answered, by verb and resource.
pub struct Requests(BTreeMap<String, f64>);

const WRITES: [&str; 6] = ["POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"];

impl Requests {
    /// Those of the kinds that Yipan reads and writes. The status of other kinds is their
    /// controllers' affair, and so is every other subresource.
    ///
    /// # Errors
    /// The API server does not say.
    pub async fn read(client: &Client) -> anyhow::Result<Self> {
        let page = page(client).await?;
        let kinds = Kind::ALL.map(|kind| kind.resource().plural);
        let counted = page.by("apiserver_request_total", |label| {
            let (resource, part) = (label("resource"), label("subresource"));
            let ours = label("group") == GROUP;
            let theirs = part.is_empty() && kinds.contains(&resource);
            (ours || theirs).then(|| format!("{} {resource}/{part}", label("verb")).trim_end_matches('/').to_owned())
        });
        Ok(Self(counted))
    }

    /// What was counted since an earlier reading.
    pub fn since(&self, earlier: &Self) -> BTreeMap<String, f64> {
        let more = |(key, count): (&String, &f64)| (key.clone(), count - earlier.0.get(key).unwrap_or(&0.0));
        self.0.iter().map(more).filter(|(_, count)| *count > 0.0).collect()
    }
}

/// How long processors have worked for the API server, in seconds.
///
/// # Errors
/// The API server does not say.
pub async fn cpu_seconds(client: &Client) -> anyhow::Result<f64> {
    Ok(page(client).await?.sum("process_cpu_seconds_total", &[]))
}

async fn page(client: &Client) -> anyhow::Result<Exposition> {
    let page = client.request_text(http::Request::get("/metrics").body(Vec::new())?).await?;
    Ok(Exposition::read(&page))
}

/// How many of these requests were writes.
pub fn writes(requests: &BTreeMap<String, f64>) -> f64 {
    let is_write = |key: &str| WRITES.iter().any(|verb| key.split(' ').next() == Some(verb));
    requests.iter().filter(|(key, _)| is_write(key)).fold(0.0, |sum, (_, count)| sum + count)
}
