//! The attacks of `attacks.yaml`, each with what the same person may do instead.

use std::collections::{BTreeMap, BTreeSet};

use http::Request;
use kube::Client;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ask::{Verdict, ask, format, headers, put};
use super::people::Who;
use super::{NONE, OTHER, OWN, policies, stage};

/// What connections that are let through end in: the pod runs nowhere.
const NOBODY_THERE: [u16; 3] = [400, 500, 503];

/// One attack.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attack {
    /// What it is, in words.
    pub name: String,
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
        let Sent { verb, path, how, body } = deed.written();
        ask(&self.0[&deed.by.unwrap_or(who)], &verb, &path, format(&how), &body).await
    }
}

/// A request as it goes out.
struct Sent {
    verb: String,
    path: String,
    how: String,
    body: Value,
}

impl Sent {
    /// The same without any effect.
    fn dry(mut self) -> Self {
        if !self.path.contains("dryRun=") {
            self.path += if self.path.contains('?') { "&dryRun=All" } else { "?dryRun=All" };
        }
        if self.verb == "DELETE" && self.body.is_object() {
            self.body["dryRun"] = json!(["All"]); // where there is a body the query is not read
        }
        self
    }
}

impl Deed {
    fn written(&self) -> Sent {
        let named = |text: &str| text.replace("OWN", OWN).replace("OTHER", OTHER).replace("NONE", NONE);
        let words: Vec<&str> = self.send.split(' ').collect();
        let (how, verb, path) = match words[..] {
            [how, verb, path] => (how, verb, path),
            [verb, path] => ("", verb, path),
            _ => panic!("`{}` is no request", self.send),
        };
        let space = stage::namespace(OWN, true);
        let body = named(&self.body.to_string());
        let body = body.replace("\"LABELS\"", &space["metadata"]["labels"].to_string());
        let body = body.replace("\"NOTES\"", &space["metadata"]["annotations"].to_string());
        let body = serde_json::from_str(&body).expect("JSON");
        Sent { verb: verb.to_owned(), path: named(path), how: how.to_owned(), body }
    }
}

/// The attacks of `attacks.yaml`.
pub fn all() -> Vec<Attack> {
    serde_saphyr::from_str(include_str!("attacks.yaml")).expect("attacks")
}

impl Attack {
    /// Tries it, and says by which policy it was stopped and in which words, or what ended otherwise than it
    /// should.
    pub async fn attempt(&self, cast: &Cast) -> Result<(String, String), String> {
        self.prepare(cast).await?;
        let stopped = self.stopped(cast).await?;
        for step in &self.before_control {
            self.must(cast, step, "a step").await?;
        }
        self.must(cast, &self.control, "the control").await?;
        Ok(stopped)
    }

    /// Takes the steps before it.
    pub async fn prepare(&self, cast: &Cast) -> Result<(), String> {
        for step in &self.steps {
            self.must(cast, step, "a step").await?;
        }
        Ok(())
    }

    /// What would become of it if this rule were not there; none: as it is.
    pub async fn rehearse(&self, client: &Client, without: Option<&str>) -> Verdict {
        let mut request = self.dry();
        if let Some(rule) = without {
            request.headers_mut().insert(policies::WITHOUT, rule.parse().expect("a header"));
        }
        put(client, request).await
    }

    /// Whether it connects to something, which no dry run does: it ends in whoever is not there.
    pub fn connects(&self) -> bool {
        ["/exec?", "/portforward?", "/proxy/"].iter().any(|part| self.attack.send.contains(part))
    }

    /// Who tries it.
    pub fn by(&self) -> Who {
        self.by
    }

    fn dry(&self) -> Request<Vec<u8>> {
        let Sent { verb, path, how, body } = self.attack.written().dry();
        let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(&body).expect("JSON") };
        let request = Request::builder().method(verb.as_str()).uri(path).header("Content-Type", format(&how));
        request.body(body).expect("a request")
    }

    /// Has somebody who may break the glass do it, without effect: it must be done, and seen.
    pub async fn by_break_glass(&self, rescuer: &Client) -> Result<(), String> {
        let (code, warnings) = headers(rescuer, self.dry(), "warning").await;
        let policy = format!("'{}-break-glass'", self.stopped_by);
        // An answer to a connection carries no warning; the audit log has it.
        let seen = self.connects() || warnings.iter().any(|warning| warning.contains(&policy));
        let done = (200..300).contains(&code) || (self.connects() && NOBODY_THERE.contains(&code));
        if done && seen { Ok(()) } else { Err(format!("{}: by break-glass: {code}, {warnings:?}", self.name)) }
    }

    /// Whether a policy stops it that break-glass passes.
    pub fn is_for_break_glass(&self) -> bool {
        let never = ["rights", "kubernetes", "yipan-app", "yipan-operator", "yipan-unread"];
        self.by != Who::Operator && !never.contains(&self.stopped_by.as_str())
    }

    /// Whether it is stopped by whom it should be, in the right words; both.
    async fn stopped(&self, cast: &Cast) -> Result<(String, String), String> {
        let verdict = cast.act(self.by, &self.attack).await;
        let as_said = match (&verdict, self.stopped_by.as_str()) {
            (Verdict::Rights, by @ "rights") => Some((by.to_owned(), String::new())),
            (Verdict::Other { code: 400 | 422, words }, by @ "kubernetes") => Some((by.to_owned(), words.clone())),
            (Verdict::Policy { name, words }, any) if any.split(" or ").any(|p| p == name) => {
                Some((name.clone(), words.clone()))
            }
            _ => None,
        };
        let wanted = (&self.stopped_by, &self.says);
        let fault = || format!("{} ({}): should be stopped by {wanted:?}; is: {verdict:?}", self.name, self.from);
        as_said.filter(|(_, words)| words.contains(&self.says)).ok_or_else(fault)
    }

    async fn must(&self, cast: &Cast, deed: &Deed, what: &str) -> Result<(), String> {
        match cast.act(self.by, deed).await {
            Verdict::Done => Ok(()),
            verdict => Err(format!("{}: {what}, {}: {verdict:?}", self.name, deed.send)),
        }
    }
}
