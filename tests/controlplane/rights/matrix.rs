//! Every question that can be asked of the authorizer, and what each person's answers should be.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::APIResourceList;
use kube::api::PostParams;
use kube::{Api, Client};
use serde::Deserialize;

/// How many questions are under way at once.
const AT_ONCE: usize = 32;

/// Verbs and names that no discovery lists and that would open everything.
const BEYOND_DISCOVERY: [(&str, &str); 12] = [
    ("bind", "clusterroles.rbac.authorization.k8s.io"),
    ("bind", "clusterroles.rbac.authorization.k8s.io:cluster-admin"),
    ("bind", "clusterroles.rbac.authorization.k8s.io:yipan"),
    ("bind", "clusterroles.rbac.authorization.k8s.io:yipan-tenant-admin"),
    ("bind", "clusterroles.rbac.authorization.k8s.io:yipan-tenant-viewer"),
    ("bind", "roles.rbac.authorization.k8s.io"),
    ("escalate", "clusterroles.rbac.authorization.k8s.io"),
    ("escalate", "roles.rbac.authorization.k8s.io"),
    ("impersonate", "users"),
    ("impersonate", "groups"),
    ("impersonate", "serviceaccounts"),
    ("breakglass", "platforms.yipan.dev"),
];
/// Verbs on the operator's own Lease, by its name.
const LEASE: &str = "leases.coordination.k8s.io:yipan";

/// A verb, and `resource[.group][/subresource][:name]`.
type Question = (String, String);
/// For each resource the verbs that are allowed.
type Allowed = BTreeMap<String, BTreeSet<String>>;

/// Somebody at some place, and all they may do there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    who: String,
    user: String,
    groups: Vec<String>,
    /// Absent: in every namespace and outside of all.
    #[serde(default)]
    namespace: Option<String>,
    may: BTreeMap<String, String>,
}

/// The people of `matrix.yaml`.
pub fn people() -> Vec<Person> {
    serde_saphyr::from_str(include_str!("matrix.yaml")).expect("a matrix")
}

impl Person {
    /// What is allowed and should not be, and the reverse.
    pub fn differences(&self, allowed: &Allowed) -> Vec<String> {
        let pairs = |verbs: &Allowed| -> BTreeSet<(String, String)> {
            verbs.iter().flat_map(|(on, verbs)| verbs.iter().map(|verb| (on.clone(), verb.clone()))).collect()
        };
        let may = |verbs: &String| verbs.split(' ').map(str::to_owned).collect();
        let wanted = pairs(&self.may.iter().map(|(on, verbs)| (on.clone(), may(verbs))).collect());
        let allowed = pairs(allowed);
        let excess = allowed.difference(&wanted).map(|(on, verb)| format!("{} may {verb} {on}", self.who));
        let lack = wanted.difference(&allowed).map(|(on, verb)| format!("{} may not {verb} {on}", self.who));
        excess.chain(lack).collect()
    }
}

/// Every verb on every resource that the API server serves, and the questions of
/// [`BEYOND_DISCOVERY`].
pub async fn questions(client: &Client) -> BTreeSet<Question> {
    let mut questions: BTreeSet<Question> =
        BEYOND_DISCOVERY.iter().map(|(verb, on)| ((*verb).to_owned(), (*on).to_owned())).collect();
    questions.extend(["get", "update", "patch", "delete"].map(|verb| (verb.to_owned(), LEASE.to_owned())));
    let core = client.list_core_api_resources("v1").await.expect("the core resources");
    questions.extend(of_list("", &core));
    for group in client.list_api_groups().await.expect("the API groups").groups {
        for version in &group.versions {
            let list = client.list_api_group_resources(&version.group_version).await;
            questions.extend(of_list(&group.name, &list.expect("a group's resources")));
        }
    }
    questions
}

fn of_list(group: &str, list: &APIResourceList) -> Vec<Question> {
    let mut questions = Vec::new();
    for resource in &list.resources {
        let (name, below) = resource.name.split_once('/').map_or((resource.name.as_str(), None), |(n, b)| (n, Some(b)));
        let dot = if group.is_empty() { "" } else { "." };
        let below = below.map(|below| format!("/{below}")).unwrap_or_default();
        let on = format!("{name}{dot}{group}{below}");
        questions.extend(resource.verbs.iter().map(|verb| (verb.clone(), on.clone())));
    }
    questions
}

/// What a person may do beyond what everybody who is logged in may.
pub async fn allowed(client: &Client, person: &Person, questions: &BTreeSet<Question>) -> Allowed {
    let mut allowed = Allowed::new();
    let mut answers = stream::iter(questions)
        .map(|question| async move { (question, may(client, person, question).await) })
        .buffer_unordered(AT_ONCE);
    while let Some(((verb, on), granted)) = answers.next().await {
        if granted {
            allowed.entry(on.clone()).or_default().insert(verb.clone());
        }
    }
    allowed
}

async fn may(client: &Client, person: &Person, (verb, on): &Question) -> bool {
    let everybody = "system:authenticated".to_owned();
    let groups: Vec<String> = person.groups.iter().cloned().chain([everybody.clone()]).collect();
    review(client, person, groups, verb, on).await && !review(client, person, vec![everybody], verb, on).await
}

async fn review(client: &Client, person: &Person, groups: Vec<String>, verb: &str, on: &str) -> bool {
    let (on, name) = on.split_once(':').map_or((on, None), |(on, name)| (on, Some(name.to_owned())));
    let (resource, subresource) = on.split_once('/').map_or((on, None), |(on, below)| (on, Some(below.to_owned())));
    let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
    // The first of the two reviews asks about the person, the second about nobody in particular.
    let user = if groups.len() > 1 { person.user.clone() } else { "nobody".to_owned() };
    let attributes = ResourceAttributes {
        namespace: person.namespace.clone(),
        verb: Some(verb.to_owned()),
        group: Some(group.to_owned()),
        resource: Some(resource.to_owned()),
        subresource,
        name,
        ..Default::default()
    };
    let spec = SubjectAccessReviewSpec {
        user: Some(user),
        groups: Some(groups),
        resource_attributes: Some(attributes),
        ..Default::default()
    };
    let reviews: Api<SubjectAccessReview> = Api::all(client.clone());
    let review = SubjectAccessReview { spec, ..Default::default() };
    let answer = reviews.create(&PostParams::default(), &review).await.expect("a review is answered");
    answer.status.is_some_and(|status| status.allowed)
}
