//! What happens to a town while the operator dies.

use std::time::Duration;

use http::Method;
use kube::Client;
use serde_json::{Value, json};

use super::ledger::Ledger;
use super::places::{Face, Town, declarations};

/// What happens to a town.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scenario {
    /// It is declared.
    Create,
    /// Images, replicas, entries, connections, people and figures change.
    Change,
    /// Hands edit, delete and add objects of the operator's.
    Drift,
    /// A county is suspended.
    Suspend,
    /// The county resumes.
    Resume,
    /// A county gives of its quota to another one.
    Move,
    /// Nothing: the operator is started anew.
    Restart,
    /// All of it is deleted.
    Delete,
}

impl Scenario {
    /// All of them, in the order in which a town lives through them.
    pub const ALL: [Self; 8] =
        [Self::Create, Self::Change, Self::Drift, Self::Suspend, Self::Resume, Self::Move, Self::Restart, Self::Delete];

    /// Does to a town what people would do.
    pub async fn befall(self, hands: &Hands, town: Town) {
        match self {
            Self::Restart => {}
            Self::Drift => hands.drift(town).await,
            Self::Delete => hands.delete(town).await,
            _ => self.declare(hands, town).await,
        }
    }

    /// Declares what a town is after this, and whatever came before.
    pub async fn declare(self, hands: &Hands, town: Town) {
        let face = Face { changed: self >= Self::Change, suspended: self == Self::Suspend, moved: self >= Self::Move };
        for declaration in declarations(town, face) {
            hands.apply(&declaration).await;
        }
    }
}

/// People, who ask for a change until it is made.
#[derive(Clone)]
pub struct Hands {
    /// Their way to the API server; no fault befalls it.
    pub client: Client,
    /// What is done is followed by writes of the operator's.
    pub ledger: Ledger,
}

impl Hands {
    /// Asks for a change until it is made: an App waits for its namespace, for one.
    async fn insist(&self, method: &Method, path: &str, kind: &str, body: &Value) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(90);
        loop {
            let request = http::Request::builder().method(method).uri(path).header("content-type", kind);
            let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(body).expect("JSON") };
            let answer = self.client.request::<Value>(request.body(body).expect("a request")).await;
            match answer {
                Ok(_) => return self.ledger.stir(),
                Err(kube::Error::Api(status)) if status.is_not_found() && method == Method::DELETE => return,
                Err(error) if tokio::time::Instant::now() >= deadline => panic!("{method} {path}: {error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    async fn apply(&self, declaration: &Value) {
        let path = format!("{}?fieldManager=hand&force=true", path(declaration));
        self.insist(&Method::PATCH, &path, "application/apply-patch+yaml", declaration).await;
    }

    /// The word for the data, then Apps first, as people are told to.
    async fn delete(&self, town: Town) {
        let all = declarations(town, Face::default());
        for tenant in all.iter().filter(|declaration| declaration["kind"] == "Tenant") {
            let word = json!({ "spec": { "deletion": "DeleteData", "confirmName": tenant["metadata"]["name"] } });
            self.insist(&Method::PATCH, &path(tenant), "application/merge-patch+json", &word).await;
        }
        for declaration in all.iter().rev() {
            self.insist(&Method::DELETE, &path(declaration), "application/json", &Value::Null).await;
        }
    }

    /// Edits, deletions and additions by hand. What lets people in is not touched where the fence is:
    /// so whatever lets somebody in without a fence was the operator.
    async fn drift(&self, town: Town) {
        let core = |place: &str, rest: &str| format!("/api/v1/namespaces/t{town}-{place}{rest}");
        let of = |group: &str, place: &str, rest: &str| format!("/apis/{group}/v1/namespaces/t{town}-{place}/{rest}");
        let edit = async |path: String, patch: Value| {
            self.insist(&Method::PATCH, &path, "application/merge-patch+json", &patch).await;
        };
        let remove = async |path: String| self.insist(&Method::DELETE, &path, "application/json", &Value::Null).await;
        let privileged = json!({ "pod-security.kubernetes.io/enforce": "privileged" });
        edit(core("prov", ""), json!({ "metadata": { "labels": privileged } })).await;
        edit(core("prov", "/resourcequotas/yipan--quota"), json!({ "spec": { "hard": { "pods": "9999" } } })).await;
        remove(of("networking.k8s.io", "prov", "networkpolicies/yipan--fence")).await;
        remove(of("rbac.authorization.k8s.io", "east", "rolebindings/yipan--admins")).await;
        remove(core("east", "/services/web")).await;
        edit(of("apps", "east", "deployments/web"), json!({ "spec": { "replicas": 9 } })).await;
        edit(
            of("apps", "west", "deployments/feed"),
            json!({ "spec": { "template": { "spec": { "hostNetwork": true } } } }),
        )
        .await;
        let evil = json!({ "spec": { "hostnames": ["evil.example.com"] } });
        edit(of("gateway.networking.k8s.io", "east", "httproutes/web"), evil).await;
        // Somebody made it look like ours.
        let extra = json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": { "name": "yipan--open", "labels": { "app.kubernetes.io/managed-by": "yipan" } },
            "spec": { "podSelector": {}, "ingress": [{}] },
        });
        let path = of("networking.k8s.io", "west", "networkpolicies/yipan--open?fieldManager=hand&force=true");
        self.insist(&Method::PATCH, &path, "application/apply-patch+yaml", &extra).await;
    }
}

fn path(declaration: &Value) -> String {
    let name = declaration["metadata"]["name"].as_str().expect("a name");
    match declaration["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("/apis/yipan.dev/v1alpha1/namespaces/{namespace}/apps/{name}"),
        None => format!("/apis/yipan.dev/v1alpha1/tenants/{name}"),
    }
}
