//! Apps: policies, workload, then the route.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use kube::{Api, ResourceExt as _};
use yipan_core::kinds::App;
use yipan_core::plan::app::{self, AppWorld, ValidApp};
use yipan_core::plan::{Outcome, metadata};

use super::super::caches::{Guarded, Lookups};
use super::super::context::Shared;
use super::super::error::Error;
use super::super::fair_queue::Action;
use super::bring::bring;
use super::outcome;
use super::take_back::{self, take_back, take_ways_out};

/// Held by an App that has a seat, so that it does not go before its address, which lies with another tenant.
pub(super) const FINALIZER: &str = "yipan.dev/seat";

/// Brings one App from declared to existing.
pub fn reconcile(shared: Arc<Shared>, object: Arc<Guarded<App>>) -> BoxFuture<'static, Result<Action, Error>> {
    async move {
        match &object.0 {
            Ok(app) => converge(&shared, shared.apps.of(Arc::clone(app))).await,
            Err(unread) => take_back::from_unread(&shared, object.as_ref(), unread).await,
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
            take_ways_out(shared, app.as_ref(), &take_back::of(shared, &app, &world)).await?;
        }
        outcome::save(shared, &api, app.as_ref(), app::held(&app, &hold, now)).await?;
        return Ok(Action::requeue(hold.rest(now)));
    }
    if app.metadata.deletion_timestamp.is_some() {
        return close(shared, &app, &world).await;
    }
    let blueprints = app::blueprints(&app, world.blueprint.as_deref());
    let unreadable = shared.caches.unreadable(app.namespace().as_deref(), &blueprints);
    let owner = world.blueprint.as_ref().map(|blueprint| blueprint.spec.owner.as_str());
    if let Some(what) = unreadable.or_else(|| shared.caches.unreadable(owner, &[])) {
        return wait_for(shared, &api, &app, &world, &what).await;
    }
    let checked = ValidApp::check(&app, &world);
    let (app, pass) = match &checked {
        Ok(valid) => {
            let desired = app::desired(valid).in_order();
            // What lies in another namespace does not go with the App by itself.
            let away = valid.seat.is_some() && !desired.is_empty();
            let finalizer = away.then_some(FINALIZER);
            let id = metadata::id(app.as_ref());
            let app = outcome::mark(shared, &api, app, &id, finalizer).await?; // the id that every object will carry
            let held = || shared.caches.children.of_app(&valid.place.tenant, valid.name());
            let pass = match bring(shared, app.as_ref(), &desired, held).await {
                Ok(()) if !away => outcome::release(shared, app.as_ref(), FINALIZER).await,
                pass => pass,
            };
            (app, pass)
        }
        Err(refusal) => (app, Err(Error::Refused(refusal.clone()))),
    };
    // Whatever keeps it from what it declares does not keep it what was taken from it.
    let pass = match pass {
        Ok(()) => Ok(()),
        failed => take_back(shared, app.as_ref(), &take_back::of(shared, &app, &world)).await.and(failed),
    };
    if outcome::is_brief(shared, app.as_ref(), &pass) {
        return pass.map(|()| Action::await_change());
    }
    // What was just written may have changed what is found.
    let world = AppWorld::gather(&app, &Lookups(&shared.caches));
    let status = app::status(&app, &world, checked.as_ref().ok(), &outcome::of(&pass), Timestamp::now());
    let pass = outcome::save(shared, &api, app.as_ref(), status).await.and(pass);
    outcome::count(shared, app.as_ref(), &pass);
    pass.map(|()| Action::await_change())
}

/// Takes the address of an App away that is being deleted. What it owns goes with it, and needs
/// nobody; but where it goes in the foreground, or another's finalizer holds it, it runs on for a
/// while, and visitors should not; nor does it run on where it is suspended. A seat's address lies
/// elsewhere, and goes before the seat does.
async fn close(shared: &Shared, app: &App, world: &AppWorld) -> Result<Action, Error> {
    take_back::remove_routes(shared, app).await?;
    take_back(shared, app, &take_back::of(shared, app, world)).await?;
    outcome::release(shared, app, FINALIZER).await?;
    Ok(Action::await_change())
}

/// Changes nothing while what the App depends on cannot be read, but takes back what is taken back. What
/// was decided before stays; only an App that has no word yet gets one.
async fn wait_for(shared: &Shared, api: &Api<App>, app: &App, world: &AppWorld, what: &str) -> Result<Action, Error> {
    let error = Error::Unreadable { what: what.to_owned() };
    if app.status.is_none() {
        let status = app::status(app, world, None, &Outcome::Stopped(error.stop()), Timestamp::now());
        outcome::save(shared, api, app, status).await?;
    }
    take_back(shared, app, &take_back::of(shared, app, world)).await.and(Err(error))
}
