//! What is made from the code equals what is committed, and what the code can say has a case.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use yipan::commands::generated::Generated;
use yipan::commands::{crds, reference};
use yipan_core::kinds;

use crate::cases;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Both ways: nothing is stale, and nothing lies there that is not made.
fn must_equal(directory: &str, made: &[Generated]) {
    let folder = repository().join(directory);
    for file in made {
        let committed = fs::read_to_string(folder.join(&file.name)).ok();
        assert!(committed.as_ref() == Some(&file.text), "{directory}/{} is stale; run `make generate`", file.name);
    }
    for path in cases::entries(&folder) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(
            made.iter().any(|file| file.name == name),
            "{directory}/{name} is not made by `make generate`; remove it"
        );
    }
}

#[test]
fn definitions_are_fresh() {
    must_equal("charts/yipan/definitions", &crds::files().unwrap());
}

#[test]
fn reference_is_fresh() {
    must_equal("docs/reference", &reference::files().unwrap());
}

/// Every file of that name in any case.
fn compared(name: &str) -> Vec<String> {
    let kinds = ["platform", "tenant", "blueprint", "app"].map(|kind| cases::entries(&cases::root().join(kind)));
    kinds.iter().flatten().filter_map(|folder| fs::read_to_string(folder.join(name)).ok()).collect()
}

/// The server reads a pattern by Go's rules and the operator by Rust's. They agree on what is written
/// out; classes and folding of letters reach further than ASCII in one of them.
#[test]
fn patterns_mean_the_same_to_both_readers() {
    for crd in kinds::crds() {
        let text = serde_json::to_string(&crd.spec.versions[0].schema).unwrap();
        let found =
            ["(?i", r"\\w", r"\\s", r"\\d", r"\\b", r"\\p{", "[["].into_iter().find(|class| text.contains(class));
        assert_eq!(found, None, "{}: write out what is meant", crd.spec.names.kind);
    }
}

/// Every rule of the schemas refuses something in some case. Rules about a change need what was
/// before; the tests of the control plane have those.
#[test]
fn every_rule_has_a_case_that_it_refuses() {
    let mut messages = BTreeSet::new();
    for crd in kinds::crds() {
        rules(&serde_json::to_value(&crd.spec.versions[0].schema).unwrap(), &mut messages);
    }
    let errors = compared("errors.txt").concat();
    let untried: Vec<_> = messages.iter().filter(|message| !errors.contains(message.as_str())).collect();
    assert!(untried.is_empty(), "no case is refused with: {untried:#?}");
}

fn rules(schema: &Value, messages: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            for rule in map.get("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten() {
                if !rule["rule"].as_str().unwrap().contains("oldSelf") {
                    messages.insert(rule["message"].as_str().expect("every rule has a message").to_owned());
                }
            }
            map.values().for_each(|below| rules(below, messages));
        }
        Value::Array(items) => items.iter().for_each(|below| rules(below, messages)),
        _ => {}
    }
}

/// Reasons are what users alert on: each stands in the reference, and each in some case.
#[test]
fn every_reason_is_documented_and_has_a_case() {
    let page = reference::files().unwrap().pop().unwrap().text;
    let documented: BTreeSet<String> = page
        .lines()
        .filter(|line| line.starts_with("| "))
        .flat_map(|line| line.split('`').nth(1))
        .map(str::to_owned)
        .collect();
    let statuses = compared("status.yaml").concat();
    let seen = statuses.lines().filter_map(|line| line.trim().strip_prefix("reason: "));
    // `status.uses[].reason` is a sentence, not a word.
    let seen: BTreeSet<String> =
        seen.filter(|reason| reason.chars().all(char::is_alphanumeric)).map(str::to_owned).collect();
    let undocumented: Vec<_> = seen.difference(&documented).collect();
    assert!(undocumented.is_empty(), "commands/reference/reasons.rs does not explain {undocumented:?}");
    let running = reference::only_running().map(|reason| reason.reason).chain(reference::events());
    let running: BTreeSet<&str> = running.collect();
    let unseen: Vec<_> =
        documented.iter().filter(|reason| !seen.contains(*reason) && !running.contains(reason.as_str())).collect();
    assert!(unseen.is_empty(), "no case has {unseen:?}");
    let asked = tests_of_the_operator();
    let unheard: Vec<_> =
        running.iter().filter(|word| !UNTOLD.contains(word) && !asked.contains(&format!("\"{word}\""))).collect();
    assert!(unheard.is_empty(), "no test in tests/controlplane/operator waits for {unheard:?}");
    let undocumented: Vec<_> = spoken_by_the_operator().into_iter().filter(|word| !documented.contains(word)).collect();
    assert!(undocumented.is_empty(), "commands/reference/reasons.rs does not explain {undocumented:?}");
}

/// Words that no test can bring about: a conflict is over before it is told, and nothing from outside
/// makes a pass break off.
const UNTOLD: [&str; 2] = ["Conflict", "Broken"];

/// The tests that run an operator, as they are written.
fn tests_of_the_operator() -> String {
    fn within(folder: &Path) -> String {
        let read = |path: PathBuf| if path.is_dir() { within(&path) } else { fs::read_to_string(path).unwrap() };
        cases::entries(folder).into_iter().map(read).collect()
    }
    within(&repository().join("tests/controlplane/operator"))
}

/// The reasons that the running operator's sources spell out: where an error is given its word, and
/// where an event is published.
fn spoken_by_the_operator() -> BTreeSet<String> {
    let folder = repository().join("operator/src/operator");
    let errors = fs::read_to_string(folder.join("error.rs")).unwrap();
    let mut words: Vec<String> = errors.lines().filter_map(|line| word_after(line, "=> \"")).collect();
    assert!(words.len() > 3, "error.rs no longer spells its reasons as expected");
    for path in cases::entries(&folder.join("controllers")) {
        let text = fs::read_to_string(path).unwrap();
        words.extend(text.lines().filter(|line| line.contains("events.")).filter_map(|line| word_after(line, ", \"")));
    }
    // The states of a condition are words too.
    words.into_iter().filter(|word| !["True", "False", "Unknown"].contains(&word.as_str())).collect()
}

fn word_after(line: &str, mark: &str) -> Option<String> {
    let word = line.split_once(mark)?.1.split('"').next()?;
    (!word.is_empty() && word.chars().all(char::is_alphabetic)).then(|| word.to_owned())
}
