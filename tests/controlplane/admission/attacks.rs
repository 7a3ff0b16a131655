//! The attacks of `attacks.yaml`, each with what the same person may do instead.

use std::collections::{BTreeMap, BTreeSet};

use kube::Client;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ask::{Verdict, ask, format};
use super::people::Who;
use super::{NONE, OTHER, OWN};

/// One attack.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attack {
    /// What it is, in words.
    name: String,
    /// Where it was seen.
    from: String,
    by: Who,
    #[serde(default)]
    steps: Vec<Deed>,
    attack: Deed,
    /// A policy (or one `or` another, where both do), or `rights`, or `kubernetes`.
    pub stopped_by: String,
    /// Part of the words by which it is stopped.
    pub says: String,
    #[serde(default)]
    before_control: Vec<Deed>,
    control: Deed,
}

/// One request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deed {
    #[serde(default)]
    by: Option<Who>,
    send: String,
    #[serde(default)]
    body: Value,
}

/// The clients of those who take part.
pub struct Cast(BTreeMap<Who, Client>);

impl Cast {
    /// A client for everybody who occurs.
    pub async fn of(attacks: &[Attack]) -> Self {
        let others = |attack: &Attack| -> Vec<Who> {
            attack.steps.iter().chain(&attack.before_control).filter_map(|step| step.by).collect()
        };
        let all: BTreeSet<Who> = attacks.iter().flat_map(|attack| [vec![attack.by], others(attack)].concat()).collect();
        let mut clients = BTreeMap::new();
        for who in all {
            clients.insert(who, who.client().await);
        }
        Self(clients)
    }

    async fn act(&self, who: Who, deed: &Deed) -> Verdict {
        let named = |text: &str| text.replace("OWN", OWN).replace("OTHER", OTHER).replace("NONE", NONE);
        let words: Vec<&str> = deed.send.split(' ').collect();
        let (how, verb, path) = match words[..] {
            [how, verb, path] => (how, verb, path),
            [verb, path] => ("", verb, path),
            _ => panic!("`{}` is no request", deed.send),
        };
        let labels = json!({
            "yipan.dev/tenant": OWN, "yipan.dev/id": "0123456789", "pod-security.kubernetes.io/enforce": "restricted",
        });
        let notes = json!({
            "yipan.dev/registries": format!("registry.example.gov.cn/{OWN},registry.example.gov.cn/common"),
            "yipan.dev/hosts": format!("www.{OWN}.example.cn"),
        });
        let body = named(&deed.body.to_string());
        let body = body.replace("\"LABELS\"", &labels.to_string()).replace("\"NOTES\"", &notes.to_string());
        let body: Value = serde_json::from_str(&body).expect("JSON");
        ask(&self.0[&deed.by.unwrap_or(who)], verb, &named(path), format(how), &body).await
    }
}

/// The attacks of `attacks.yaml`.
pub fn all() -> Vec<Attack> {
    serde_saphyr::from_str(include_str!("attacks.yaml")).expect("attacks")
}

impl Attack {
    /// Tries it, and says what ended otherwise than it should.
    pub async fn attempt(&self, cast: &Cast) -> Result<(), String> {
        for step in &self.steps {
            self.must(cast, step, "a step").await?;
        }
        self.stopped(cast).await?;
        for step in &self.before_control {
            self.must(cast, step, "a step").await?;
        }
        self.must(cast, &self.control, "the control").await
    }

    /// Whether it is stopped by whom it should be, in the right words.
    async fn stopped(&self, cast: &Cast) -> Result<(), String> {
        let verdict = cast.act(self.by, &self.attack).await;
        let as_said = match (&verdict, self.stopped_by.as_str()) {
            (Verdict::Rights, "rights") => true,
            (Verdict::Other { code: 400 | 422, words }, "kubernetes") => words.contains(&self.says),
            (Verdict::Policy { name, words }, any) => {
                any.split(" or ").any(|p| p == name) && words.contains(&self.says)
            }
            _ => false,
        };
        let wanted = (&self.stopped_by, &self.says);
        let fault = || format!("{} ({}): should be stopped by {wanted:?}; is: {verdict:?}", self.name, self.from);
        if as_said { Ok(()) } else { Err(fault()) }
    }

    async fn must(&self, cast: &Cast, deed: &Deed, what: &str) -> Result<(), String> {
        match cast.act(self.by, deed).await {
            Verdict::Done => Ok(()),
            verdict => Err(format!("{}: {what}, {}: {verdict:?}", self.name, deed.send)),
        }
    }
}
