//! Apps: policies, workload, then the route.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use kube::{Api, ResourceExt as _};
use yipan_core::kinds::App;
use yipan_core::plan::app::{self, AppWorld, ValidApp};
use yipan_core::plan::{Kind, Outcome, metadata};

use super::super::caches::{Guarded, Lookups};
use super::super::context::Shared;
use super::super::error::Error;
use super::super::fair_queue::Action;
use super::bring::bring;
use super::{outcome, unreadable};

/// Brings one App from declared to existing.
pub fn reconcile(shared: Arc<Shared>, object: Arc<Guarded<App>>) -> BoxFuture<'static, Result<Action, Error>> {
    async move {
        match &object.0 {
            Ok(app) => converge(&shared, shared.apps.of(Arc::clone(app))).await,
            Err(invalid) => unreadable::report(&shared, object.as_ref(), invalid).await,
        }
    }
    .boxed()
}

async fn converge(shared: &Shared, app: Arc<App>) -> Result<Action, Error> {
    let _timer = shared.metrics.pass_seconds.with_label_values(&["App"]).start_timer();
    let api = Api::<App>::namespaced(shared.client.clone(), &app.namespace().unwrap_or_default());
    let world = AppWorld::gather(&app, &Lookups(&shared.caches)); // the only step that reads
    let now = Timestamp::now();
    if let Some(hold) = app::hold(&app, &world, now) {
        if hold.by == app::OWN_PAUSE {
            take_back(shared, &app, &world).await?;
        }
        outcome::save(shared, &api, app.as_ref(), app::held(&app, &hold, now)).await?;
        return Ok(Action::requeue(hold.rest(now)));
    }
    if app.metadata.deletion_timestamp.is_some() {
        return close(shared, &app).await;
    }
    if let Some(what) = shared.caches.unreadable(app.namespace().as_deref()) {
        return wait_for(shared, &api, &app, &world, &what).await;
    }
    let checked = ValidApp::check(&app, &world);
    let (app, pass) = match &checked {
        Ok(valid) => {
            let id = metadata::id(app.as_ref());
            let app = outcome::mark(shared, &api, app, &id, None).await?; // the id that every object will carry
            let place = (valid.place.tenant.as_str(), Some(valid.name()));
            let pass = bring(shared, app.as_ref(), place, &app::desired(valid).in_order()).await;
            (app, pass)
        }
        Err(refusal) => {
            take_back(shared, &app, &world).await?;
            (app, Err(Error::Refused(refusal.clone())))
        }
    };
    if outcome::is_brief(shared, app.as_ref(), &pass) {
        return pass.map(|()| Action::await_change());
    }
    // What was just written may have changed what is found.
    let world = AppWorld::gather(&app, &Lookups(&shared.caches));
    let status = app::status(&app, &world, checked.as_ref().ok(), &outcome::of(&pass), Timestamp::now());
    outcome::save(shared, &api, app.as_ref(), status).await?;
    outcome::count(shared, app.as_ref(), &pass);
    pass.map(|()| Action::await_change())
}

/// Takes the address of an App away that is being deleted. What it owns goes with it, and needs
/// nobody; but where it goes in the foreground, or another's finalizer holds it, it runs on for a
/// while, and visitors should not.
async fn close(shared: &Shared, app: &App) -> Result<Action, Error> {
    let (namespace, name) = (app.namespace().unwrap_or_default(), app.name_any());
    for (key, child) in shared.caches.children.of(&namespace, Some(&name)) {
        if key.0 == Kind::HTTPRoute {
            shared.remove(&namespace, &key, &child).await?;
        }
    }
    Ok(Action::await_change())
}

/// Ways out of the cluster are the province's to take back: neither its own pause nor a refusal, which
/// both change nothing else, keeps an App one that its tenant no longer has.
async fn take_back(shared: &Shared, app: &App, world: &AppWorld) -> Result<(), Error> {
    let (namespace, name) = (app.namespace().unwrap_or_default(), app::egress_policy_name(app));
    let Some(tenant) = &world.tenant else { return Ok(()) };
    let Some(found) = shared.caches.children.get(&namespace, Kind::NetworkPolicy, &name) else { return Ok(()) };
    match app::egress_policy(app, tenant) {
        Some(policy) => shared.apply(&policy).await.map(drop),
        None => shared.remove(&namespace, &(Kind::NetworkPolicy, name), &found).await,
    }
}

/// Changes nothing while what the App depends on cannot be read. What was decided before stays;
/// only an App that has no word yet gets one.
async fn wait_for(shared: &Shared, api: &Api<App>, app: &App, world: &AppWorld, what: &str) -> Result<Action, Error> {
    let error = Error::Unreadable { what: what.to_owned() };
    if app.status.is_none() {
        let status = app::status(app, world, None, &Outcome::Stopped(error.stop()), Timestamp::now());
        outcome::save(shared, api, app, status).await?;
    }
    Err(error)
}
