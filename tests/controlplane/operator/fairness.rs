//! One tenant's flood is no other's affair.

use std::sync::{Arc, Mutex, PoisonError};

use http::Method;
use serde_json::{Value, json};

use super::super::plane::eventually;
use super::faults::{Fault, Gate};
use super::run::{Running, SHARE, SOON, turn};
use super::town::{app, apply, county, get, kubectl, province, ready, reason};

/// How many Apps one tenant declares at once.
const MANY: usize = 500;
/// Where an App is marked with its id: the first write of the first pass over it, and once for each.
const APPS: &str = "/apis/yipan.dev/v1alpha1/namespaces/";

/// Everything the API server is asked for about one tenant's Apps is held up, so its passes never
/// end while 500 wait. The other's are served all the same, and not one more of the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_that_hangs_holds_its_own_places_and_no_others() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    let mut flooding = county("flooding", "620901");
    flooding["spec"]["quota"] = json!({ "total": { "apps": MANY + 1 }, "own": { "apps": MANY + 1 } });
    apply(turn.plane, &[province(), flooding, county("calm", "620902")]);
    ready(turn.plane, &["tenant", "flooding"]).await;
    ready(turn.plane, &["tenant", "calm"]).await;

    let (gate, begun) = (Gate::default(), Arc::<Mutex<Vec<String>>>::default());
    let order = || begun.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let (held, seen) = (gate.clone(), Arc::clone(&begun));
    operator.faults.set(move |method, path| {
        let (tenant, app) = path.strip_prefix(APPS)?.split_once("/apps/").filter(|_| method == Method::PATCH)?;
        if !app.contains('/') {
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{tenant}/{app}"));
        }
        (tenant == "flooding").then(|| Fault::Held(held.clone()))
    });
    let many: Vec<Value> = (0..MANY).map(|number| asleep("flooding", &format!("app-{number}"))).collect();
    apply(turn.plane, &many);
    eventually(SOON, "the flood has all the places it may have", async || match order().len() {
        SHARE => Ok(()),
        count => Err(format!("{count} of {SHARE}")),
    })
    .await;

    let calm = ["calm-0", "calm-1", "calm-2"];
    apply(turn.plane, &calm.map(|name| app("calm", name)));
    for name in calm {
        ready(turn.plane, &["-n", "calm", "app", name]).await;
    }
    let (first, rest) = order().into_iter().partition::<Vec<_>, _>(|app| app.starts_with("flooding/"));
    assert_eq!(first.len(), SHARE, "with {MANY} waiting: {first:?}");
    assert_eq!(order()[..SHARE], first, "served in the order in which they were asked for");
    assert_eq!(rest.len(), calm.len(), "each once: {rest:?}");
    let page = operator.page("/metrics").await;
    let lag = page.lines().find_map(|line| line.strip_prefix(r#"yipan_tenant_lag_seconds{tenant="flooding"} "#));
    assert!(lag.and_then(|lag| lag.parse().ok()).is_some_and(|lag: f64| lag > 0.0), "it waits, and it is told: {page}");

    // What is gone when its turn comes needs none, and what hung goes on.
    kubectl(turn.plane, &["delete", "--raw", &format!("{APPS}flooding/apps")]);
    apply(turn.plane, &[asleep("flooding", "last")]);
    gate.open();
    ready(turn.plane, &["-n", "flooding", "app", "last"]).await;
    operator.stop().await;
}

/// A city floods itself and all of that hangs. Its counties need the city for their quotas and the province
/// its suspension, and neither waits for its Apps.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_city_that_floods_gives_to_its_counties_and_is_suspended_all_the_same() {
    let turn = turn();
    let operator = Running::leading(turn.plane).await;
    let city = json!({
        "apiVersion": "yipan.dev/v1alpha1", "kind": "Tenant", "metadata": { "name": "deluge" },
        "spec": {
            "displayName": "deluge", "level": "City", "division": "621000", "parent": "gansu",
            "quota": { "total": { "apps": 3 * MANY }, "own": { "apps": MANY } },
        },
    });
    let below = |name: &str, division: &str, apps: usize| {
        let mut county = county(name, division);
        county["spec"]["parent"] = json!("deluge");
        county["spec"]["quota"] = json!({ "total": { "apps": apps }, "own": { "apps": 1 } });
        county
    };
    apply(turn.plane, &[province(), city, below("dry", "621001", 10)]);
    ready(turn.plane, &["tenant", "dry"]).await;

    let (gate, begun) = (Gate::default(), Arc::<Mutex<usize>>::default());
    let (held, seen) = (gate.clone(), Arc::clone(&begun));
    operator.faults.set(move |method, path| {
        let hit = method == Method::PATCH && path.starts_with(&format!("{APPS}deluge/apps/"));
        hit.then(|| {
            *seen.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            Fault::Held(held.clone())
        })
    });
    let many: Vec<Value> = (0..MANY).map(|number| asleep("deluge", &format!("app-{number}"))).collect();
    apply(turn.plane, &many);
    let hanging = || *begun.lock().unwrap_or_else(PoisonError::into_inner);
    eventually(SOON, "the flood has all the places it may have", async || match hanging() {
        SHARE => Ok(()),
        count => Err(format!("{count} of {SHARE}")),
    })
    .await;

    apply(turn.plane, &[below("new", "621002", 10), below("dry", "621001", 20)]);
    ready(turn.plane, &["tenant", "new"]).await;
    eventually(SOON, "what a county asks for in addition is given", async || {
        let dry = get(turn.plane, &["tenant", "dry"]).expect("the county");
        if dry["status"]["granted"]["total"]["apps"] == 20 { Ok(()) } else { Err(dry["status"].to_string()) }
    })
    .await;
    let suspension = json!({ "spec": { "suspended": { "reason": "flood" } } }).to_string();
    kubectl(turn.plane, &["patch", "tenant", "deluge", "--type", "merge", "-p", &suspension]);
    reason(turn.plane, &["tenant", "deluge"], "Suspended", "Suspended").await;
    assert_eq!(hanging(), SHARE, "all of that came about while the flood hung");
    kubectl(turn.plane, &["delete", "--raw", &format!("{APPS}deluge/apps")]);
    gate.open();
    operator.stop().await;
}

/// An App without pods or an address.
fn asleep(tenant: &str, name: &str) -> Value {
    let mut app = app(tenant, name);
    app["spec"]["workload"]["replicas"] = json!(0);
    app["spec"].as_object_mut().expect("a spec").remove("entry");
    app
}
