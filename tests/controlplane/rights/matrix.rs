//! Every question that can be asked of the authorizer, and what each person's answers should be.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::APIResourceList;
use kube::api::PostParams;
use kube::{Api, Client};
use serde::Deserialize;

use super::plane;
use super::rules::Rules;

/// The group of everybody who is logged in.
const EVERYBODY: &str = "system:authenticated";

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
///
/// The authorizer's own list of the rules that hold for the person is laid over the questions. What
/// it allows is then asked for one by one as well, so that no reading of ours can allow too much.
pub async fn allowed(person: &Person, questions: &BTreeSet<Question>) -> Allowed {
    let client = plane::shared().client_as(&person.user, &groups(person)).await;
    let nobody = plane::shared().client_as("nobody", &[EVERYBODY]).await;
    // Rules that hold everywhere hold in a namespace where nobody has any of his own.
    let namespace = person.namespace.as_deref().unwrap_or("kube-node-lease");
    let (theirs, everybodys) = (Rules::of(&client, namespace).await, Rules::of(&nobody, namespace).await);
    let holds = |rules: &Rules, (verb, on): &Question| {
        let on = On::read(on);
        rules.allow(verb, on.group, [on.resource, on.subresource.unwrap_or_default()], on.name.unwrap_or_default())
    };
    let beyond = |question: &&Question| holds(&theirs, question) && !holds(&everybodys, question);
    let mut allowed = Allowed::new();
    for (verb, on) in questions.iter().filter(beyond) {
        assert!(confirmed(&client, person, verb, on).await, "{}: no word on whether {verb} {on}", person.who);
        allowed.entry(on.clone()).or_default().insert(verb.clone());
    }
    allowed
}

fn groups(person: &Person) -> Vec<&str> {
    person.groups.iter().map(String::as_str).chain([EVERYBODY]).collect()
}

/// Whether the authorizer, asked this one question, says yes.
async fn confirmed(client: &Client, person: &Person, verb: &str, on: &str) -> bool {
    let on = On::read(on);
    let attributes = ResourceAttributes {
        namespace: person.namespace.clone(),
        verb: Some(verb.to_owned()),
        group: Some(on.group.to_owned()),
        resource: Some(on.resource.to_owned()),
        subresource: on.subresource.map(str::to_owned),
        name: on.name.map(str::to_owned),
        ..Default::default()
    };
    let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() };
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let review = SelfSubjectAccessReview { spec, ..Default::default() };
    let answer = reviews.create(&PostParams::default(), &review).await.expect("a review is answered");
    answer.status.is_some_and(|status| status.allowed)
}

/// What a question is about.
struct On<'a> {
    resource: &'a str,
    group: &'a str,
    subresource: Option<&'a str>,
    name: Option<&'a str>,
}

impl<'a> On<'a> {
    /// Takes `resource[.group][/subresource][:name]` apart.
    fn read(on: &'a str) -> Self {
        let (on, name) = on.split_once(':').map_or((on, None), |(on, name)| (on, Some(name)));
        let (on, subresource) = on.split_once('/').map_or((on, None), |(on, below)| (on, Some(below)));
        let (resource, group) = on.split_once('.').unwrap_or((on, ""));
        On { resource, group, subresource, name }
    }
}
