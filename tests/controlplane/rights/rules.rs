//! The rules of RBAC that hold for somebody somewhere, as the authorizer lists them.

use k8s_openapi::api::authorization::v1::{ResourceRule, SelfSubjectRulesReview, SelfSubjectRulesReviewSpec};
use kube::api::PostParams;
use kube::{Api, Client};

/// All rules of somebody in one namespace.
pub struct Rules {
    listed: Vec<ResourceRule>,
    /// Whether there are no others: what the authorizer of nodes allows is listed nowhere.
    pub complete: bool,
}

impl Rules {
    /// The rules that hold for whom the client speaks.
    pub async fn of(client: &Client, namespace: &str) -> Self {
        let reviews: Api<SelfSubjectRulesReview> = Api::all(client.clone());
        let spec = SelfSubjectRulesReviewSpec { namespace: Some(namespace.to_owned()) };
        let review = SelfSubjectRulesReview { spec, ..Default::default() };
        let answer = reviews.create(&PostParams::default(), &review).await.expect("a review is answered");
        let status = answer.status.expect("a review is answered");
        let unlisted = status.evaluation_error.as_deref().is_some_and(|error| error.starts_with("node authorizer"));
        assert!(unlisted || !status.incomplete, "{namespace}: {:?}", status.evaluation_error);
        Self { listed: status.resource_rules, complete: !status.incomplete }
    }

    /// Whether one of them allows a verb on a resource and its subresource (or none: empty) and a name
    /// (or none: empty).
    pub fn allow(&self, verb: &str, group: &str, resource: [&str; 2], name: &str) -> bool {
        self.listed.iter().any(|rule| allows(rule, verb, group, resource, name))
    }
}

fn allows(rule: &ResourceRule, verb: &str, group: &str, [resource, subresource]: [&str; 2], name: &str) -> bool {
    let holds = |list: Option<&Vec<String>>, wanted: &str| {
        list.into_iter().flatten().any(|entry| entry == "*" || entry == wanted)
    };
    let resource = if subresource.is_empty() { resource.to_owned() } else { format!("{resource}/{subresource}") };
    let below = if subresource.is_empty() { String::new() } else { format!("*/{subresource}") };
    let names = rule.resource_names.as_deref().unwrap_or_default();
    holds(Some(&rule.verbs), verb)
        && holds(rule.api_groups.as_ref(), group)
        && (holds(rule.resources.as_ref(), &resource) || holds(rule.resources.as_ref(), &below))
        && (names.is_empty() || names.iter().any(|known| known == name))
}
