//! Real requests of real people, and what becomes of them.

use kube::Client;
use serde::Deserialize;
use serde_json::Value;

use super::{OTHER, OWN, plane, raw};

/// One request. Deeds come in order: a later one may need what an earlier one made.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deed {
    name: String,
    by: Who,
    /// The verb and the path, `OWN` and `OTHER` standing for the two tenants' namespaces.
    send: String,
    #[serde(default)]
    body: Value,
    /// What the API server must say to decline it. Absent: it must be done.
    #[serde(default)]
    denied: Option<String>,
    /// JSON pointers to what the answer must not hold.
    #[serde(default)]
    without: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Who {
    Administrator,
    Viewer,
    Operator,
}

/// The deeds of `deeds.yaml`.
pub fn all() -> Vec<Deed> {
    serde_saphyr::from_str(include_str!("deeds.yaml")).expect("deeds")
}

impl Deed {
    /// Does it and says in what it ends otherwise than it should.
    pub async fn attempt(&self, people: &People) -> Result<(), String> {
        let client = people.client(self.by);
        let send = self.send.replace("OWN", OWN).replace("OTHER", OTHER);
        let (verb, path) = send.split_once(' ').expect("a verb and a path");
        let answer = raw::send(client, verb, path, &self.body).await;
        let fault = match (&self.denied, answer) {
            (None, Ok(answer)) => {
                let held = self.without.iter().find(|pointer| answer.pointer(pointer).is_some());
                held.map(|pointer| format!("the answer holds {pointer}"))
            }
            (None, Err(status)) => Some(format!("is declined: {}", status.message)),
            (Some(_), Ok(_)) => Some("is done".to_owned()),
            (Some(words), Err(status)) if status.code == 403 && status.message.contains(words) => None,
            (Some(words), Err(status)) => Some(format!("should say `{words}`: {} {}", status.code, status.message)),
        };
        fault.map_or(Ok(()), |fault| Err(format!("{:?}: {}: {fault}", self.by, self.name)))
    }
}

/// A client for each of those who do something.
pub struct People {
    administrator: Client,
    viewer: Client,
    operator: Client,
}

impl People {
    /// The people's clients impersonate, the operator's has a real token.
    pub async fn new() -> People {
        let plane = plane::shared();
        People {
            administrator: plane.client_as("li.wei", &[&format!("{OWN}-admins")]).await,
            viewer: plane.client_as("zhang.min", &[&format!("{OWN}-viewers")]).await,
            operator: plane.client_of_service_account("yipan-system", "yipan").await,
        }
    }

    fn client(&self, who: Who) -> &Client {
        match who {
            Who::Administrator => &self.administrator,
            Who::Viewer => &self.viewer,
            Who::Operator => &self.operator,
        }
    }
}
