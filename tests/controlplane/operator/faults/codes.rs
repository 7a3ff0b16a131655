//! Every kind of answer to every kind of write: whatever the API server says once, all is well in the
//! end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use http::Method;
use serde_json::Value;

use super::super::super::plane::eventually;
use super::super::run::{Running, SOON, turn};
use super::super::town::{app, apply, county, get, kubectl, named, province, ready};
use super::{Asked, Fault};

/// What an API server may say to a write, for a moment.
const CODES: [u16; 9] = [401, 403, 404, 409, 410, 422, 429, 500, 503];

/// In how many towns a code is met, each time by other writes: a pass that failed is tried again after a
/// wait that doubles.
const TOWNS: usize = 3;

/// A town, by its code and its number.
fn town(code: u16, number: usize) -> String {
    format!("c{code}-{number}")
}

/// The town that a write is for, and the write in words that are the same for every town.
fn write(asked: &Asked) -> Option<(u16, usize, String)> {
    let made = || serde_json::from_slice::<Value>(asked.body).unwrap_or_default();
    let path = match asked.method {
        &Method::POST => format!("{}/{}", asked.path, made()["metadata"]["name"].as_str().unwrap_or_default()),
        _ => asked.path.to_owned(),
    };
    if !asked.writes() || path.contains("/events/") {
        return None;
    }
    let all = CODES.into_iter().flat_map(|code| (0..TOWNS).map(move |number| (code, number)));
    let (code, number) =
        all.into_iter().find(|(code, number)| path.split('/').any(|part| part == town(*code, *number)))?;
    Some((code, number, format!("{} {}", asked.method, path.replace(&town(code, number), "town"))))
}

/// Which of a code's towns meets it at this write.
fn share(write: &str) -> usize {
    write.bytes().map(usize::from).sum::<usize>() % TOWNS
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_to_every_write_is_got_over() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    let met = Arc::<Mutex<BTreeMap<u16, BTreeSet<String>>>>::default();
    let meets = Arc::clone(&met);
    operator.faults.on(move |asked| {
        let (code, number, write) = write(asked)?;
        let mut met = meets.lock().unwrap_or_else(PoisonError::into_inner);
        let first = share(&write) == number && met.entry(code).or_default().insert(write);
        first.then_some(Fault::Answer(code))
    });
    let towns: Vec<String> =
        CODES.into_iter().flat_map(|code| (0..TOWNS).map(move |number| town(code, number))).collect();
    let counties = (621_501..).zip(&towns).map(|(division, town)| county(town, &division.to_string()));
    let counties: Vec<Value> = [province()].into_iter().chain(counties).collect();
    apply(turn.plane, &counties);
    for county in &counties {
        ready(turn.plane, &["tenant", named(county)]).await;
    }
    let apps: Vec<Value> = towns.iter().map(|town| app(town, "mill")).collect();
    apply(turn.plane, &apps);
    for town in &towns {
        ready(turn.plane, &["-n", town, "app", "mill"]).await;
    }
    operator.faults.clear();
    let met = met.lock().unwrap_or_else(PoisonError::into_inner).clone();
    // One write that happens to some and not to others would be no class of writes.
    let classes = &met[&CODES[0]];
    assert!(met.len() == CODES.len() && met.values().all(|met| met == classes), "{met:#?}");
    for kind in
        ["namespaces", "resourcequotas", "rolebindings", "tenants", "deployments", "httproutes", "apps", "status"]
    {
        assert!(classes.iter().any(|write| write.contains(kind)), "{kind} is not among {classes:#?}");
    }
    println!("{} answers to each of {} writes", CODES.len(), classes.len());
    for town in &towns {
        kubectl(turn.plane, &["-n", town, "delete", "app", "mill", "--wait=false"]);
    }
    operator.settled().await;
    operator.stop().await;
}

/// What an App leaves behind on purpose goes all the same: nobody would count it or suspend it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_app_orphans_is_removed() {
    const KINDS: [&str; 5] = ["deployment", "service", "httproute", "poddisruptionbudget", "serviceaccount"];
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    apply(turn.plane, &[province(), county("kangle", "621528")]);
    ready(turn.plane, &["tenant", "kangle"]).await;
    apply(turn.plane, &[app("kangle", "herbs")]);
    ready(turn.plane, &["-n", "kangle", "app", "herbs"]).await;
    operator.settled().await;
    let left = || KINDS.into_iter().filter(|kind| get(turn.plane, &["-n", "kangle", kind, "herbs"]).is_some());
    assert_eq!(left().count(), KINDS.len());
    kubectl(turn.plane, &["-n", "kangle", "delete", "app", "herbs", "--cascade=orphan"]);
    eventually(SOON, "all of it is gone", async || match left().next() {
        None => Ok(()),
        Some(kind) => Err(format!("{kind} is there")),
    })
    .await;
    operator.settled().await;
    operator.stop().await;
}
