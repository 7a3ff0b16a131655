//! What the operator sees is cut off, late or old. It decides nothing by it that it would not decide
//! otherwise, and catches up.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::super::super::plane::{Plane, eventually};
use super::super::run::{Running, SOON, turn};
use super::super::town::{app, apply, county, get, kubectl, province, ready};
use super::{Fault, Faults, Gate, Listing};

/// The watch of a kind, by what its path ends in.
fn is_watch_of(path: &str, query: &str, plural: &str) -> bool {
    query.contains("watch=true") && path.ends_with(&format!("/{plural}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_that_is_cut_lists_again_and_readyz_turns_green() {
    let turn = turn();
    let (gate, faults) = (Gate::default(), Faults::default());
    let (cut, away) = (gate.clone(), Arc::new(AtomicBool::new(false)));
    let gone = Arc::clone(&away);
    faults.on(move |asked| {
        let hit = is_watch_of(asked.path, asked.query, "networkpolicies");
        hit.then(|| if gone.load(Ordering::SeqCst) { Fault::Answer(503) } else { Fault::Cut(cut.clone()) })
    });
    let operator = Running::start(turn.plane, "first", faults).await;
    operator.leads().await;
    apply(turn.plane, &[province(), county("jingning", "621915")]);
    ready(turn.plane, &["tenant", "jingning"]).await;
    operator.settled().await;
    away.store(true, Ordering::SeqCst);
    gate.open();
    eventually(SOON, "/readyz names the watch", async || {
        let page = operator.page("/readyz").await;
        let named = page.lines().any(|line| line.starts_with("[-]watch/NetworkPolicy"));
        if named && page.contains("503") { Ok(()) } else { Err(page) }
    })
    .await;
    // Nobody sees this before the watch is back; the list that it begins with shows it.
    kubectl(turn.plane, &["-n", "jingning", "delete", "networkpolicy", "yipan--fence"]);
    assert_eq!(operator.metric("yipan_leading").await, 1, "a leader goes on with what it last saw");
    operator.faults.clear();
    eventually(SOON, "the fence is back", async || {
        let fence = get(turn.plane, &["-n", "jingning", "networkpolicy", "yipan--fence"]);
        fence.map(drop).ok_or_else(|| "not there".to_owned())
    })
    .await;
    eventually(SOON, "/readyz is green again", async || {
        let page = operator.page("/readyz").await;
        if page.contains("readyz check passed") { Ok(()) } else { Err(page) }
    })
    .await;
    operator.stop().await;
}

/// The versions of all that a town consists of.
fn versions(plane: &Plane, town: &str) -> BTreeMap<String, Value> {
    let kinds = "resourcequotas,limitranges,networkpolicies,serviceaccounts,rolebindings,deployments,services,\
                 poddisruptionbudgets,httproutes,apps.yipan.dev";
    let list: Value = serde_json::from_str(&kubectl(plane, &["-n", town, "get", kinds, "-o", "json"])).expect("JSON");
    let tenant = get(plane, &["tenant", town]).expect("the tenant");
    let all = list["items"].as_array().expect("items").iter().chain([&tenant]);
    all.map(|object| {
        let name = format!("{} {}", object["kind"], object["metadata"]["name"]);
        (name, object["metadata"]["resourceVersion"].clone())
    })
    .collect()
}

/// All watches but one end, and the next ones bring nothing for a while: what the operator does
/// meanwhile it does not see, nor what others do. The one has it act on what is no longer so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_that_sees_late_does_nothing_twice_and_takes_nothing_back() {
    let turn = turn();
    let (end, late, faults) = (Gate::default(), Gate::default(), Faults::default());
    let (cut, delay, ended) = (end.clone(), late.clone(), Arc::new(AtomicBool::new(false)));
    let is_late = Arc::clone(&ended);
    faults.on(move |asked| {
        let late = is_late.load(Ordering::SeqCst);
        let hit = asked.watches() && !asked.path.ends_with("/networkpolicies");
        hit.then(|| if late { Fault::Delayed(delay.clone()) } else { Fault::Cut(cut.clone()) })
    });
    let operator = Running::start(turn.plane, "first", faults).await;
    operator.leads().await;
    apply(turn.plane, &[province(), county("zhangye", "621916")]);
    ready(turn.plane, &["tenant", "zhangye"]).await;
    apply(turn.plane, &[app("zhangye", "corn")]);
    ready(turn.plane, &["-n", "zhangye", "app", "corn"]).await;
    operator.settled().await;
    ended.store(true, Ordering::SeqCst);
    end.open();
    let mut changed = county("zhangye", "621916");
    changed["spec"]["viewers"] = json!([{ "group": "auditors" }]);
    apply(turn.plane, &[changed]);
    // Its Deployment as well is not what the operator knows of it.
    kubectl(turn.plane, &["-n", "zhangye", "label", "deployment", "corn", "by=hand"]);
    let fence = "\"NetworkPolicy\" \"yipan--fence\"";
    let before = versions(turn.plane, "zhangye");
    kubectl(turn.plane, &["-n", "zhangye", "delete", "networkpolicy", "yipan--fence"]);
    let after = eventually(SOON, "the fence is back", async || {
        let now = versions(turn.plane, "zhangye");
        if now.contains_key(fence) { Ok(now) } else { Err(format!("{now:?}")) }
    })
    .await;
    operator.settled().await;
    let rest = |mut all: BTreeMap<String, Value>| all.remove(fence).map(|_| all).expect("the fence");
    assert_eq!(rest(after), rest(before.clone()), "written by an old view");
    assert_eq!(rest(versions(turn.plane, "zhangye")), rest(before), "written by an old view");
    late.open();
    ready(turn.plane, &["tenant", "zhangye"]).await;
    let viewers = get(turn.plane, &["-n", "zhangye", "rolebinding", "yipan--viewers"]).expect("a binding");
    assert_eq!(viewers["subjects"][0]["name"], "auditors");
    operator.settled().await;
    operator.stop().await;
}

/// A new leader may be shown a list of an earlier time by an API server that lags behind. By this one
/// nothing was made yet, so it sets about making everything; every write is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_begins_with_an_old_list_overwrites_nothing() {
    let turn = turn();
    let paths = Arc::<Mutex<Vec<String>>>::default();
    let (faults, noted) = (Faults::default(), Arc::clone(&paths));
    faults.on(move |asked| {
        if asked.watches() && asked.query.contains("sendInitialEvents=true") {
            noted.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{}?{}", asked.path, asked.query));
        }
        None
    });
    let first = Running::start(turn.plane, "first", faults).await;
    first.leads().await;
    apply(turn.plane, &[province()]);
    ready(turn.plane, &["tenant", "gansu"]).await;
    first.settled().await;
    first.stop().await;
    // What is declared and not made is what the old list shows.
    apply(turn.plane, &[county("yongjing", "621917")]);
    let (client, mut listings) = (turn.plane.client().await, BTreeMap::new());
    let paths = paths.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for path in paths {
        let listing = Listing::ask(&client, &path).await;
        listings.insert(path.split('?').next().expect("a path").to_owned(), listing);
    }
    let second = Running::leading(turn.plane).await;
    ready(turn.plane, &["tenant", "yongjing"]).await;
    let mut changed = county("yongjing", "621917");
    changed["spec"]["viewers"] = json!([{ "group": "auditors" }]);
    apply(turn.plane, &[changed]);
    ready(turn.plane, &["tenant", "yongjing"]).await;
    second.settled().await;
    second.stop().await;

    let before = versions(turn.plane, "yongjing");
    let (gate, faults, refused) = (Gate::default(), Faults::default(), Arc::new(Mutex::new(Vec::new())));
    let (late, codes) = (gate.clone(), Arc::clone(&refused));
    faults.on(move |asked| {
        if let Some(listing) = listings.get(asked.path).filter(|_| asked.watches()) {
            return Some(Fault::Stale(listing.clone(), late.clone()));
        }
        let codes = Arc::clone(&codes);
        let hit = asked.writes() && asked.path.contains("/yongjing");
        hit.then(|| Fault::Noted(Box::new(move |code| codes.lock().unwrap_or_else(PoisonError::into_inner).push(code))))
    });
    let third = Running::start(turn.plane, "third", faults).await;
    third.leads().await;
    eventually(SOON, "the third tries by its old list", async || {
        let tried = refused.lock().unwrap_or_else(PoisonError::into_inner).len();
        if tried >= 3 { Ok(()) } else { Err(format!("{tried} writes")) }
    })
    .await;
    assert_eq!(versions(turn.plane, "yongjing"), before, "nothing was overwritten");
    let codes = refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert!(codes.iter().all(|code| *code == 409), "{codes:?}");
    third.faults.clear();
    gate.open();
    // What it has missed comes kind by kind: it may meet a newer binding before the declaration that the
    // binding is of, but not stay with that.
    third.settled().await;
    ready(turn.plane, &["tenant", "yongjing"]).await;
    let viewers = get(turn.plane, &["-n", "yongjing", "rolebinding", "yipan--viewers"]).expect("a binding");
    assert_eq!(viewers["subjects"][0]["name"], "auditors");
    third.stop().await;
}
