//! The generated table: everybody, everything that is served, every way in, in a tenant's namespace and
//! in one that is nobody's.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use kube::Client;
use serde_json::{Value, json};

use super::super::plane::{eventually, shared};
use super::super::rights::rules::Rules;
use super::ask::{Verdict, ask, format};
use super::people::Who;
use super::served::{self, Served};
use super::{NONE, OWN, SOON, oracle, stage};

/// How many requests are under way at once.
const AT_ONCE: usize = 24;
/// What no sample is made of, and why.
const UNTRIED: [(&str, &str); 3] = [
    ("bindings", "the same as pods/binding"),
    ("podcertificaterequests.certificates.k8s.io", "no policy speaks of it; a valid one takes a node's signature"),
    ("nodes", "outside of namespaces"),
];

/// A way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// POST.
    Create,
    /// A server-side apply of what is not there.
    ApplyNew,
    /// PUT.
    Update,
    /// A merge patch.
    Merge,
    /// A JSON patch.
    Json,
    /// A strategic merge patch.
    Strategic,
    /// A server-side apply of what is there.
    Apply,
    /// DELETE, as kubectl sends it.
    Delete,
    /// DELETE that waits for what is owned.
    Foreground,
    /// DELETE that leaves what is owned.
    Orphan,
    /// DELETE of the collection.
    DeleteAll,
    /// Any request to a subresource that connects.
    Connect,
}

impl Deed {
    /// Whether it is a deletion.
    pub fn deletes(self) -> bool {
        matches!(self, Self::Delete | Self::Foreground | Self::Orphan | Self::DeleteAll)
    }
}

/// Somebody, a way in, and what it is to.
#[derive(Clone, Debug)]
pub struct Question {
    /// Who asks.
    pub who: Who,
    /// What it is to.
    pub on: Served,
    /// The way in.
    pub deed: Deed,
    /// Whether it is in a tenant's namespace, or that namespace itself.
    pub of_a_tenant: bool,
    /// The verb of HTTP.
    method: &'static str,
}

impl Question {
    /// Whether it is to this resource and subresource.
    pub fn is(&self, name: &str, below: &str) -> bool {
        self.on.name() == name && self.on.below == below
    }

    fn namespace(&self) -> &'static str {
        if self.of_a_tenant { OWN } else { NONE }
    }

    /// The sample it is to.
    fn name(&self) -> String {
        name_of(&self.on, self.namespace())
    }

    /// The verb that RBAC asks for.
    fn verb(&self) -> &'static str {
        match (self.deed, self.method) {
            (Deed::DeleteAll, _) => "deletecollection",
            (_, "POST") => "create",
            (_, "PUT") => "update",
            (_, "PATCH") => "patch",
            (_, "DELETE") => "delete",
            _ => "get",
        }
    }
}

fn name_of(on: &Served, namespace: &str) -> String {
    match on.name().as_str() {
        "namespaces" => namespace.to_owned(),
        "secrets" => "app--sample--one".to_owned(),
        "events.events.k8s.io" => "sample-anew".to_owned(), // the same store as the core's
        _ => "sample".to_owned(),
    }
}

/// Every question, and what there is to write.
pub struct Table {
    questions: Vec<Question>,
    samples: BTreeMap<String, Value>,
}

impl Table {
    /// Asks the API server what it serves.
    pub async fn generate(client: &Client) -> Self {
        let samples: BTreeMap<String, Value> = serde_saphyr::from_str(include_str!("samples.yaml")).expect("samples");
        let served: Vec<Served> = served::all(client).await;
        let writes = |on: &Served| on.connects() || ["create", "update", "patch", "delete"].iter().any(|v| on.can(v));
        let untried = |on: &Served| UNTRIED.iter().any(|(name, _)| *name == on.name());
        let unknown: Vec<String> = served
            .iter()
            .filter(|on| on.namespaced && writes(on) && !untried(on) && !samples.contains_key(&on.name()))
            .map(Served::name)
            .collect();
        assert!(unknown.is_empty(), "served, and no sample says how to write it: {unknown:?}");
        let tried = served.into_iter().filter(|on| writes(on) && samples.contains_key(&on.name()));
        let mut questions = Vec::new();
        for on in tried {
            for who in Who::ASKED {
                let places: &[bool] =
                    if on.namespaced || on.resource == "namespaces" { &[true, false] } else { &[true] };
                for of_a_tenant in places {
                    questions.extend(ways(&on).into_iter().map(|(deed, method)| Question {
                        who,
                        on: on.clone(),
                        deed,
                        of_a_tenant: *of_a_tenant,
                        method,
                    }));
                }
            }
        }
        Self { questions, samples }
    }

    /// Puts the samples there, as who sets the stage.
    pub async fn furnish(&self) {
        let mut items = Vec::new();
        let mains = self.questions.iter().filter(|q| q.who == Who::ASKED[0] && q.on.below.is_empty());
        for question in mains.filter(|q| matches!(q.deed, Deed::Create) && q.on.resource != "namespaces") {
            // Nobody can put an App there.
            let stray = question.on.group == "yipan.dev" && !question.of_a_tenant;
            if !stray && question.on.resource != "localsubjectaccessreviews" {
                items.push(self.sample(&question.on, question.namespace(), &question.name()));
            }
        }
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string();
        eventually(SOON, "the accounts that pods want", async || {
            let answer = shared().kubectl(["get", "serviceaccount", "default", "-n", NONE]);
            if answer.success { Ok(()) } else { Err(answer.err) }
        })
        .await;
        stage::apply(&list);
    }

    fn sample(&self, on: &Served, namespace: &str, name: &str) -> Value {
        let text = self.samples[&on.name()].to_string().replace("NAMESPACE", namespace);
        let mut sample: Value = serde_json::from_str(&text).expect("JSON");
        sample["apiVersion"] = json!(on.api_version());
        sample["kind"] = json!(on.kind);
        sample["metadata"] = json!({ "name": name });
        if on.resource == "localsubjectaccessreviews" {
            sample["metadata"] = json!({}); // it is an answer and no object
        }
        if on.namespaced {
            sample["metadata"]["namespace"] = json!(namespace);
        }
        sample
    }

    /// Asks all of it and says what ended otherwise than it should, and how much was asked.
    pub async fn wrong(&self) -> (usize, BTreeMap<String, usize>, Vec<String>) {
        let (mut clients, mut rules) = (BTreeMap::new(), BTreeMap::new());
        for who in Who::ASKED {
            let client = who.client().await;
            for of_a_tenant in [true, false] {
                let namespace = if of_a_tenant { OWN } else { NONE };
                rules.insert((who, of_a_tenant), Rules::of(&client, namespace).await);
            }
            clients.insert(who, client);
        }
        let (clients, rules, stage) = (&clients, &rules, &Who::Stage.client().await);
        let answers = futures::stream::iter(&self.questions).map(|question| async move {
            let verdict = self.put(question, &clients[&question.who], stage).await;
            let on = &question.on;
            let rules = &rules[&(question.who, question.of_a_tenant)];
            let may = |verb| rules.allow(verb, &on.group, [&on.resource, &on.below], &question.name());
            // An apply of what is not there is a creation as well; so is getting into a pod, however asked.
            let enters = ["exec", "attach", "portforward"].contains(&on.below.as_str());
            let creates = question.deed == Deed::ApplyNew || enters;
            let listed = may(question.verb()) && (!creates || may("create"));
            let allowed = listed || (!rules.complete && verdict != Verdict::Rights);
            (question, allowed, verdict)
        });
        let answers: Vec<_> = answers.buffer_unordered(AT_ONCE).collect().await;
        let mut counts = BTreeMap::new();
        let mut wrong = Vec::new();
        for (question, allowed, verdict) in &answers {
            let end = match verdict {
                Verdict::Policy { name, .. } => name.clone(),
                Verdict::Done | Verdict::Other { .. } => "let through".to_owned(),
                Verdict::Rights => "no right".to_owned(),
            };
            *counts.entry(end).or_default() += 1;
            wrong.extend(fault(question, *allowed, verdict));
        }
        (answers.len(), counts, wrong)
    }

    async fn put(&self, question: &Question, client: &Client, stage: &Client) -> Verdict {
        let on = &question.on;
        let (name, namespace) = (question.name(), question.namespace());
        let collection = on.collection(namespace);
        let below = if on.below.is_empty() { String::new() } else { format!("/{}", on.below) };
        // Whoever is let through to a proxy meets nobody at this port, at once.
        let port = if on.below == "proxy" { ":nobody" } else { "" };
        let object = format!("{collection}/{name}{port}{below}");
        let (uri, kind, body) = match question.deed {
            Deed::Create if on.below.is_empty() => (collection, "", self.sample(on, namespace, &fresh(on, &name))),
            Deed::Create => (object, "", subject(on, &name)),
            Deed::ApplyNew => {
                let new = fresh(on, &name);
                (format!("{collection}/{new}"), "apply", self.sample(on, namespace, &new))
            }
            Deed::Update => return self.update(question, client, stage, &object).await,
            Deed::Merge => (object, "merge", noted()),
            Deed::Strategic => (object, "strategic", noted()),
            Deed::Json => (object, "json", json!([{ "op": "test", "path": "/metadata/name", "value": name }])),
            Deed::Apply => (object, "apply", applied(on, &name, namespace)),
            Deed::Delete => (object, "", Value::Null),
            Deed::Foreground => (object, "", deletion("Foreground")),
            Deed::Orphan => (object, "", deletion("Orphan")),
            Deed::DeleteAll => (collection, "", Value::Null),
            Deed::Connect => return ask(client, question.method, &object, format(""), &Value::Null).await,
        };
        let manager = if kind == "apply" { "&fieldManager=table&force=true" } else { "" };
        ask(client, question.method, &format!("{uri}?dryRun=All{manager}"), format(kind), &body).await
    }

    /// Puts back what is there, with a note; anew when somebody else wrote meanwhile.
    async fn update(&self, question: &Question, client: &Client, stage: &Client, object: &str) -> Verdict {
        let there = object.trim_end_matches("/finalize"); // which cannot be read
        for _ in 0..5 {
            let mut body =
                match stage.request_text(http::Request::get(there).body(Vec::new()).expect("a request")).await {
                    Ok(text) => serde_json::from_str::<Value>(&text).expect("JSON"),
                    Err(_) => subject(&question.on, &question.name()),
                };
            body["metadata"]["annotations"]["example.cn/note"] = json!("by the table");
            let verdict = ask(client, "PUT", &format!("{object}?dryRun=All"), format(""), &body).await;
            if !matches!(&verdict, Verdict::Other { code: 409, .. }) {
                return verdict;
            }
        }
        panic!("{object}: somebody writes it all the time");
    }
}

/// The ways in to a resource.
fn ways(on: &Served) -> Vec<(Deed, &'static str)> {
    if on.connects() {
        let methods = [("create", "POST"), ("get", "GET"), ("update", "PUT"), ("patch", "PATCH"), ("delete", "DELETE")];
        return methods.into_iter().filter(|(verb, _)| on.can(verb)).map(|(_, m)| (Deed::Connect, m)).collect();
    }
    let mut ways = Vec::new();
    if on.can("create") {
        ways.push((Deed::Create, "POST"));
    }
    if on.can("update") {
        ways.push((Deed::Update, "PUT"));
    }
    if on.can("patch") {
        ways.extend([(Deed::Merge, "PATCH"), (Deed::Json, "PATCH"), (Deed::Apply, "PATCH")]);
        let defined = on.group.ends_with("yipan.dev") || on.group.starts_with("gateway.");
        if !defined {
            ways.push((Deed::Strategic, "PATCH"));
        }
        if on.below.is_empty() {
            ways.push((Deed::ApplyNew, "PATCH"));
        }
    }
    if on.can("delete") && on.below.is_empty() {
        ways.extend([(Deed::Delete, "DELETE"), (Deed::Foreground, "DELETE"), (Deed::Orphan, "DELETE")]);
    }
    if on.can("deletecollection") && on.namespaced {
        ways.push((Deed::DeleteAll, "DELETE"));
    }
    ways
}

fn fresh(on: &Served, name: &str) -> String {
    if on.name() == "secrets" { "app--sample--two".to_owned() } else { format!("{name}-two") }
}

/// A deletion's body. Where there is one the query is not read, and it would be no dry run.
fn deletion(policy: &str) -> Value {
    json!({ "propagationPolicy": policy, "dryRun": ["All"] })
}

fn noted() -> Value {
    json!({ "metadata": { "annotations": { "example.cn/note": "by the table" } } })
}

fn applied(on: &Served, name: &str, namespace: &str) -> Value {
    let mut object = subject(on, name);
    object["metadata"] = json!({ "name": name, "annotations": { "example.cn/note": "by the table" } });
    if on.namespaced {
        object["metadata"]["namespace"] = json!(namespace);
    }
    object
}

/// What a subresource takes.
fn subject(on: &Served, name: &str) -> Value {
    let version = match on.kind.as_str() {
        "Scale" => "autoscaling/v1".to_owned(),
        "Eviction" => "policy/v1".to_owned(),
        "TokenRequest" => "authentication.k8s.io/v1".to_owned(),
        _ => on.api_version(),
    };
    let mut subject = json!({ "apiVersion": version, "kind": on.kind, "metadata": { "name": name } });
    match on.kind.as_str() {
        "TokenRequest" => subject["spec"] = json!({ "expirationSeconds": 600 }),
        "Binding" => subject["target"] = json!({ "kind": "Node", "name": "node-1" }),
        _ => {}
    }
    subject
}

/// What is wrong with a verdict.
fn fault(question: &Question, allowed: bool, verdict: &Verdict) -> Option<String> {
    let stoppers = oracle::stoppers(question);
    let missing = question.on.name() == "apps.yipan.dev" && !question.of_a_tenant;
    let right = match verdict {
        _ if !allowed => *verdict == Verdict::Rights,
        Verdict::Policy { name, .. } => stoppers.contains(&name.as_str()),
        Verdict::Done => stoppers.is_empty(),
        // Rights that RBAC looks for in what is bound, not in the verb.
        Verdict::Rights => question.on.group == "rbac.authorization.k8s.io",
        Verdict::Other { code: 404 | 422, .. } if missing => true,
        Verdict::Other { code: 409, .. } if question.on.below == "binding" => stoppers.is_empty(), // gated
        Verdict::Other { code: 403, .. } => false,
        // Past admission, and nobody is there to talk to.
        Verdict::Other { .. } if question.deed == Deed::Connect => stoppers.is_empty(),
        Verdict::Other { .. } => false,
    };
    let should = if allowed { format!("{stoppers:?}") } else { "no right".to_owned() };
    let Question { who, on, deed, of_a_tenant, method } = question;
    let place = if *of_a_tenant { "a tenant's" } else { "nobody's" };
    (!right).then(|| {
        format!("{who:?} {deed:?} ({method}) {}/{} in {place}: should: {should}; is: {verdict:?}", on.name(), on.below)
    })
}
