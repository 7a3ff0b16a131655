//! Apps: policies, workload, then the route.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use kube::runtime::controller::Action;
use kube::{Api, ResourceExt as _};
use yipan_core::kinds::{App, AppStatus};
use yipan_core::plan::app::{self, AppWorld, ValidApp};
use yipan_core::plan::{Kind, Outcome, hold};

use super::super::apply::Written;
use super::super::caches::{Guarded, Lookups};
use super::super::context::Shared;
use super::super::error::Error;
use super::super::events::Act;
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
    let timer = shared.metrics.pass_seconds.with_label_values(&["App"]).start_timer();
    let api = Api::<App>::namespaced(shared.client.clone(), &app.namespace().unwrap_or_default());
    let world = AppWorld::gather(&app, &Lookups(&shared.caches)); // the only step that reads
    let now = Timestamp::now();
    if let Some(hold) = hold(app::pauses(&app, &world), now) {
        save(shared, &api, &app, app::held(&app, &hold, now)).await?;
        return Ok(Action::requeue(hold.paused.until.0.duration_since(now).unsigned_abs()));
    }
    if app.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change()); // what it owns goes with it
    }
    if let Some(what) = shared.caches.unreadable(app.namespace().as_deref(), &app::peers(&app)) {
        return wait_for(shared, &api, &app, &world, &what).await;
    }
    let checked = ValidApp::check(&app, &world).map_err(Error::from);
    let (app, pass) = match &checked {
        Ok(_) => {
            let app = outcome::mark(shared, &api, app, None, &shared.apps).await?;
            // Rendered after the mark: every object carries the id.
            let pass = match ValidApp::check(&app, &world) {
                Ok(valid) => apply(shared, &app, &valid).await,
                Err(refusal) => Err(Error::Refused(refusal)),
            };
            (app, pass)
        }
        Err(Error::Refused(refusal)) => (app, Err(Error::Refused(refusal.clone()))),
        Err(_) => (app, Ok(())),
    };
    if outcome::is_brief(shared, app.as_ref(), &pass) {
        return pass.map(|()| Action::await_change());
    }
    // What was just written may have changed what is found.
    let world = AppWorld::gather(&app, &Lookups(&shared.caches));
    let status = app::status(&app, &world, checked.as_ref().ok(), &outcome::of(&pass), Timestamp::now());
    save(shared, &api, &app, status).await?;
    outcome::count(shared, app.as_ref(), &pass);
    timer.observe_duration();
    pass.map(|()| Action::await_change())
}

async fn apply(shared: &Shared, app: &App, valid: &ValidApp) -> Result<(), Error> {
    let desired = app::desired(valid).in_order();
    for object in &desired {
        if shared.apply(object).await? == Written::Restored {
            let text = format!("{object} was changed or removed by somebody else; it is as declared again");
            shared.events.warn(app, Act::Apply, "Restored", &text).await;
        }
    }
    let wanted = |kind: Kind, name: &str| desired.iter().any(|object| object.kind == kind && object.name == name);
    for (key, child) in shared.caches.children.of(&valid.place.tenant, Some(valid.name())) {
        if !wanted(key.0, &key.1) {
            shared.remove(&valid.place.tenant, &key, &child).await?;
        }
    }
    Ok(())
}

/// Changes nothing while what the App depends on cannot be read. What was decided before stays;
/// only an App that has no word yet gets one.
async fn wait_for(shared: &Shared, api: &Api<App>, app: &App, world: &AppWorld, what: &str) -> Result<Action, Error> {
    let error = Error::Unreadable { what: what.to_owned() };
    if app.status.is_none() {
        let status = app::status(app, world, None, &Outcome::Stopped(error.stop()), Timestamp::now());
        save(shared, api, app, status).await?;
    }
    Err(error)
}

async fn save(shared: &Shared, api: &Api<App>, app: &App, status: AppStatus) -> Result<(), Error> {
    let old = app.status.clone().unwrap_or_default();
    if old == status {
        return Ok(());
    }
    outcome::write_status(shared, api, app, &status, &shared.apps).await?;
    outcome::tell(shared, app, &old.conditions, &status.conditions).await;
    Ok(())
}
