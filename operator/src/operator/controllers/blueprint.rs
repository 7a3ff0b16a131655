//! Blueprints: whether each may be used, and by how many it is.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use kube::Api;
use yipan_core::kinds::Blueprint;
use yipan_core::plan::blueprint::{self, BlueprintWorld, ValidBlueprint};

use super::super::caches::{Guarded, Lookups};
use super::super::context::Shared;
use super::super::error::Error;
use super::super::fair_queue::Action;
use super::unreadable::Says;
use super::{outcome, unreadable};

/// Looks at one Blueprint and says in its status what it comes to. Its Apps ask it themselves.
pub fn reconcile(shared: Arc<Shared>, object: Arc<Guarded<Blueprint>>) -> BoxFuture<'static, Result<Action, Error>> {
    async move {
        match &object.0 {
            Ok(blueprint) => converge(&shared, shared.blueprints.of(Arc::clone(blueprint))).await,
            Err(unread) => unreadable::report(&shared, object.as_ref(), unread, &Says::default()).await,
        }
    }
    .boxed()
}

async fn converge(shared: &Shared, blueprint: Arc<Blueprint>) -> Result<Action, Error> {
    let _timer = shared.metrics.pass_seconds.with_label_values(&["Blueprint"]).start_timer();
    let api = Api::<Blueprint>::all(shared.client.clone());
    let world = BlueprintWorld::gather(&blueprint, &Lookups(&shared.caches)); // the only step that reads
    let now = Timestamp::now();
    if let Some(hold) = blueprint::hold(&blueprint, &world, now) {
        let status = blueprint::held(&blueprint, &world, &hold, now);
        outcome::save(shared, &api, blueprint.as_ref(), status).await?;
        return Ok(Action::requeue(hold.rest(now)));
    }
    let checked = match shared.caches.unreadable(Some(&blueprint.spec.owner), &[]) {
        Some(what) => Err(Error::Unreadable { what }),
        None => ValidBlueprint::check(&blueprint, &world).map_err(Error::from),
    };
    let (valid, pass) = match checked {
        Ok(valid) => (Some(valid), Ok(())),
        Err(error) => (None, Err(error)),
    };
    let blueprint = match &valid {
        // What is on its way out gets no id any more.
        Some(valid) if blueprint.metadata.deletion_timestamp.is_none() => {
            outcome::mark(shared, &api, blueprint, &valid.id, None).await?
        }
        _ => blueprint,
    };
    if outcome::is_brief(shared, blueprint.as_ref(), &pass) {
        return pass.map(|()| Action::await_change());
    }
    let status = blueprint::status(&blueprint, &world, valid.as_ref(), &outcome::of(&pass), now);
    let pass = outcome::save(shared, &api, blueprint.as_ref(), status).await.and(pass);
    outcome::count(shared, blueprint.as_ref(), &pass);
    pass.map(|()| Action::await_change())
}
