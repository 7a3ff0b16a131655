//! What the API server serves and somebody could write, by its own account of itself.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::APIResourceList;
use kube::Client;

/// One resource, or a subresource of one.
#[derive(Clone, Debug)]
pub struct Served {
    /// Its group; empty for the core.
    pub group: String,
    /// Its version.
    pub version: String,
    /// The resource without its subresource.
    pub resource: String,
    /// The subresource; empty for none.
    pub below: String,
    /// The kind that is written there.
    pub kind: String,
    /// What can be done with it.
    pub verbs: Vec<String>,
    /// Whether it lies in namespaces.
    pub namespaced: bool,
}

impl Served {
    /// `resource[.group]`, by which samples are named.
    pub fn name(&self) -> String {
        let dot = if self.group.is_empty() { "" } else { "." };
        format!("{}{dot}{}", self.resource, self.group)
    }

    /// Whether a request to it is a connection and no writing.
    pub fn connects(&self) -> bool {
        matches!(self.below.as_str(), "exec" | "attach" | "portforward" | "proxy")
    }

    /// Whether it can be done.
    pub fn can(&self, verb: &str) -> bool {
        self.verbs.iter().any(|known| known == verb)
    }

    /// `group/version`, as objects write it.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The path of its collection.
    pub fn collection(&self, namespace: &str) -> String {
        let root = if self.group.is_empty() { "/api" } else { "/apis" };
        let place = if self.namespaced { format!("/namespaces/{namespace}") } else { String::new() };
        format!("{root}/{}{place}/{}", self.api_version(), self.resource)
    }
}

/// Everything in its preferred version.
pub async fn all(client: &Client) -> Vec<Served> {
    let core = client.list_core_api_resources("v1").await.expect("the core resources");
    let mut all = of_list("", "v1", core);
    for group in client.list_api_groups().await.expect("the API groups").groups {
        let preferred = group.preferred_version.as_ref().or(group.versions.first()).expect("a version").clone();
        let rest = group.versions.iter().filter(|version| **version != preferred);
        for version in std::iter::once(&preferred).chain(rest) {
            let list = client.list_api_group_resources(&version.group_version).await.expect("a group's resources");
            for served in of_list(&group.name, &version.version, list) {
                let known = |other: &Served| other.name() == served.name() && other.below == served.below;
                if !all.iter().any(known) {
                    all.push(served);
                }
            }
        }
    }
    all
}

fn of_list(group: &str, version: &str, list: APIResourceList) -> Vec<Served> {
    let one = |resource: k8s_openapi::apimachinery::pkg::apis::meta::v1::APIResource| {
        let (name, below) = resource.name.split_once('/').unwrap_or((&resource.name, ""));
        Served {
            group: group.to_owned(),
            version: version.to_owned(),
            resource: name.to_owned(),
            below: below.to_owned(),
            kind: resource.kind,
            verbs: resource.verbs,
            namespaced: resource.namespaced,
        }
    };
    list.resources.into_iter().map(one).collect()
}
