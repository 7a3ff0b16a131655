//! What the API server refuses by our schemas alone, and in which words.
//!
//! Each `*.yaml` beside this file holds a base object that must be accepted, changes to it that
//! must be refused with words that show the way out, and changes at the edge that must be
//! accepted. A last check holds that every CEL rule of every definition has been broken at least
//! once, at its own path, so that a new rule without an entry fails.

mod rules;
mod table;

use kube::Client;
use kube::core::Status;
use serde_json::Value;

use super::{plane, raw};
use table::{Entry, Table};

/// Everything is tried with the strictness that kubectl asks for, and nothing of it is stored.
const STRICT: &str = "fieldValidation=Strict&dryRun=All";

/// What the API server answers to what it refuses.
#[derive(Debug)]
struct Refused {
    message: String,
    causes: Vec<Cause>,
}

/// One of the things it names as wrong.
#[derive(Debug)]
struct Cause {
    path: String,
    message: String,
}

#[tokio::test]
async fn the_api_server_refuses_with_words_that_help() {
    let client = plane::shared().client().await;
    let (mut refused, mut accepted, mut said, mut wrong) = (0, 0, Vec::new(), Vec::new());
    for table in table::all() {
        store(&client, &table).await;
        for entry in &table.accepted {
            accepted += 1;
            if let Err(refusal) = attempt(&client, &table, entry).await {
                wrong.push(format!("{}: {}: is refused: {}", table.about, entry.name, refusal.message));
            }
            if let Err(error) = table.read(&entry.patch) {
                wrong.push(format!(
                    "{}: {}: is accepted, but the operator cannot read it: {error}",
                    table.about, entry.name
                ));
            }
        }
        for entry in &table.refused {
            refused += 1;
            match attempt(&client, &table, entry).await {
                Ok(()) => wrong.push(format!("{}: {}: is accepted", table.about, entry.name)),
                Err(refusal) => {
                    wrong.extend(missing(&table, entry, &refusal.message));
                    said.extend(refusal.causes.into_iter().map(|cause| (table.kind(), cause)));
                }
            }
        }
    }
    for table in table::all().filter(|table| table.kind() != "Platform") {
        send(&client, "DELETE", &table.object(), &Value::Null).await.expect("a base object is deleted");
    }
    let rules = rules::all();
    let unbroken = rules.iter().filter(|rule| !said.iter().any(|(kind, cause)| rule.is_named_by(kind, cause)));
    wrong.extend(unbroken.map(|rule| format!("no entry breaks {rule}")));
    println!("{refused} refusals and {accepted} acceptances held, over {} CEL rules", rules.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What a message lacks.
fn missing(table: &Table, entry: &Entry, message: &str) -> Option<String> {
    let lacking: Vec<&str> = entry.expect.iter().map(String::as_str).filter(|part| !message.contains(part)).collect();
    (!lacking.is_empty()).then(|| format!("{}: {}: lacks {lacking:?}: {message}", table.about, entry.name))
}

/// Stores the base object, so that updates of it can be tried; it must be accepted, of course.
async fn store(client: &Client, table: &Table) {
    let uri = format!("{}?fieldManager=refusals&force=true&fieldValidation=Strict", table.object());
    send(client, "PATCH", &uri, &table.base).await.expect("the base object is accepted");
}

/// Whether the API server accepts the base object with a change.
async fn attempt(client: &Client, table: &Table, entry: &Entry) -> Result<(), Refused> {
    if entry.update {
        let uri = format!("{}?{STRICT}", table.object());
        return send(client, "PATCH", &uri, &entry.patch).await;
    }
    let uri = format!("{}?{STRICT}", table.collection());
    send(client, "POST", &uri, &table.with(&entry.patch)).await
}

async fn send(client: &Client, verb: &str, uri: &str, body: &Value) -> Result<(), Refused> {
    match raw::send(client, verb, uri, body).await {
        Ok(_) => Ok(()),
        // Validation comes before the look-up, so this one has passed it.
        Err(status) if status.reason == "AlreadyExists" => Ok(()),
        // So has one that an admission policy refuses.
        Err(status) if status.message.contains("ValidatingAdmissionPolicy") => Ok(()),
        Err(status) => Err(Refused::from(*status)),
    }
}

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        let causes = status.details.map(|details| details.causes).unwrap_or_default();
        let causes = causes.into_iter().map(|cause| Cause { path: cause.field, message: cause.message });
        Refused { message: status.message, causes: causes.collect() }
    }
}
