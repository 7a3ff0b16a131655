//! The policies as they are installed, rule by rule.

use kube::Client;
use serde_json::{Value, json};

use super::super::raw;

const POLICIES: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
const BINDINGS: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";

/// One rule of a policy that denies.
pub struct Rule {
    /// Its policy.
    pub policy: String,
    /// Its place there.
    pub index: usize,
    /// What its words always hold.
    parts: Vec<String>,
}

impl Rule {
    fn says(&self, words: &str) -> bool {
        self.parts.iter().all(|part| words.contains(part.as_str()))
    }

    /// By what a request names it that asks to be judged without it.
    pub fn name(&self) -> String {
        format!("{}:{}", self.policy, self.index)
    }
}

/// Whose words these are: of the rules of a policy that could have said them, the one that leaves least open.
pub fn speaker<'a>(rules: &'a [Rule], policy: &str, words: &str) -> Option<&'a Rule> {
    let could = rules.iter().filter(|rule| rule.policy == policy && rule.says(words));
    could.max_by_key(|rule| rule.parts.iter().map(String::len).sum::<usize>())
}

/// The header by which somebody who may impersonate says which rule is not to hold for this request.
pub const WITHOUT: &str = "Impersonate-Extra-Without";

/// Lets requests leave a rule out by [`WITHOUT`], or not any more. For all others each rule holds on.
pub async fn loosen(client: &Client, loose: bool) {
    for policy in denying(client).await {
        let mut rules = policy["spec"]["validations"].clone();
        for (index, rule) in rules.as_array_mut().expect("rules").iter_mut().enumerate() {
            let text = rule["expression"].as_str().expect("an expression").to_owned();
            let head = format!("request.userInfo.?extra[?'without'].orValue([]) == ['{}:{index}'] || (", name(&policy));
            let bare = text.strip_prefix(&head).and_then(|rest| rest.strip_suffix(')')).unwrap_or(&text);
            rule["expression"] = if loose { json!(format!("{head}{bare})")) } else { json!(bare) };
        }
        let patch = json!({ "spec": { "validations": rules } });
        let path = format!("{POLICIES}/{}", name(&policy));
        raw::send(client, "PATCH", &path, &patch).await.expect("the policy is patched");
    }
}

async fn denying(client: &Client) -> Vec<Value> {
    let ours = ours(client, POLICIES).await;
    ours.into_iter().filter(|policy| !name(policy).ends_with("-break-glass")).collect()
}

/// Every rule of every policy of ours that denies.
pub async fn rules(client: &Client) -> Vec<Rule> {
    let of_one = |policy: &Value| -> Vec<Rule> {
        let rules = policy["spec"]["validations"].as_array().expect("rules").iter().enumerate();
        rules.map(|(index, rule)| Rule { policy: name(policy), index, parts: parts(rule) }).collect()
    };
    denying(client).await.iter().flat_map(of_one).collect()
}

/// What is wrong with how policies are written: one that fails open, hangs on a parameter, or lets
/// break-glass pass unseen.
pub async fn faults(client: &Client) -> Vec<String> {
    let (policies, bindings) = (ours(client, POLICIES).await, ours(client, BINDINGS).await);
    let mut faults = Vec::new();
    for policy in &policies {
        let (name, spec) = (name(policy), &policy["spec"]);
        let mut holds = |right: bool, what: &str| {
            if !right {
                faults.push(format!("{name} {what}"));
            }
        };
        holds(spec["failurePolicy"] == "Fail", "fails open");
        holds(spec["paramKind"].is_null(), "has a parameter, whose absence would block every write");
        holds(policy["status"]["typeChecking"]["expressionWarnings"].is_null(), "does not fit the kinds");
        let actions: Vec<&Value> = bindings
            .iter()
            .filter(|binding| binding["spec"]["policyName"] == name.as_str())
            .map(|binding| &binding["spec"]["validationActions"])
            .collect();
        let seen = name.ends_with("-break-glass");
        let wanted = if seen { json!(["Audit", "Warn"]) } else { json!(["Deny"]) };
        holds(!actions.is_empty() && actions.iter().all(|found| **found == wanted), "is not bound as it should be");
        let exempts = spec["matchConditions"].to_string().contains("not-break-glass");
        let twin = policies.iter().find(|other| self::name(other) == format!("{name}-break-glass"));
        let same = twin.is_some_and(|twin| {
            ["validations", "variables", "matchConstraints"].iter().all(|key| twin["spec"][*key] == spec[*key])
        });
        holds(seen || !exempts || same, "lets break-glass pass unseen");
    }
    faults
}

async fn ours(client: &Client, path: &str) -> Vec<Value> {
    let list = raw::send(client, "GET", path, &Value::Null).await.expect("a list");
    let items = list["items"].as_array().expect("items").iter();
    items.filter(|item| name(item).starts_with("yipan-")).cloned().collect()
}

fn name(object: &Value) -> String {
    object["metadata"]["name"].as_str().expect("a name").to_owned()
}

/// The fixed parts of a rule's words: its message, or what stands in quotes in its expression.
fn parts(rule: &Value) -> Vec<String> {
    if let Some(message) = rule["message"].as_str() {
        return vec![message.to_owned()];
    }
    let expression = rule["messageExpression"].as_str().expect("words").replace("\\'", "\u{2019}");
    let quoted = expression.split('\'').skip(1).step_by(2).map(|part| part.replace('\u{2019}', "'"));
    quoted.filter(|part| part.len() > 6).collect()
}
