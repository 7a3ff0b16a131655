//! Blueprints: whether each may be used, by how many it is, and what one runs for all.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use kube::{Api, ResourceExt as _};
use yipan_core::kinds::Blueprint;
use yipan_core::plan::blueprint::{self, BlueprintWorld, ValidBlueprint};
use yipan_core::plan::{Owner, metadata};

use super::super::caches::{Child, Guarded, Key, Lookups};
use super::super::context::Shared;
use super::super::error::Error;
use super::super::fair_queue::Action;
use super::bring::bring;
use super::unreadable::Says;
use super::{outcome, take_back, unreadable};

/// Held by a Shared Blueprint, so that it does not go before its seats, and what it runs before it does.
const FINALIZER: &str = "yipan.dev/blueprint";

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
    if blueprint.metadata.deletion_timestamp.is_some() && world.uses == 0 {
        return close(shared, &blueprint).await;
    }
    let checked = match shared.caches.unreadable(Some(&blueprint.spec.owner), &blueprint::depends_on(&blueprint)) {
        Some(what) => Err(Error::Unreadable { what }),
        None => ValidBlueprint::check(&blueprint, &world).map_err(Error::from),
    };
    let (blueprint, valid, pass) = match checked {
        Ok(valid) => {
            let (blueprint, pass) = run(shared, &api, blueprint, &valid).await?;
            (blueprint, Some(valid), pass)
        }
        Err(error) => {
            switch_off_with_owner(shared, &blueprint, &world).await?;
            (blueprint, None, Err(error))
        }
    };
    if outcome::is_brief(shared, blueprint.as_ref(), &pass) {
        return pass.map(|()| Action::await_change());
    }
    // What was just written may have changed what is found.
    let world = BlueprintWorld::gather(&blueprint, &Lookups(&shared.caches));
    let status = blueprint::status(&blueprint, &world, valid.as_ref(), &outcome::of(&pass), now);
    let pass = outcome::save(shared, &api, blueprint.as_ref(), status).await.and(pass);
    outcome::count(shared, blueprint.as_ref(), &pass);
    pass.map(|()| Action::await_change())
}

/// Brings what a Shared Blueprint runs in its owner's namespace, for as long as anybody has a seat. It is
/// nobody's by owner reference, so the Blueprint is held until it is removed.
async fn run(
    shared: &Shared,
    api: &Api<Blueprint>,
    blueprint: Arc<Blueprint>,
    valid: &ValidBlueprint,
) -> Result<(Arc<Blueprint>, Result<(), Error>), Error> {
    let finalizer = valid.running.as_ref().map(|_| FINALIZER);
    let blueprint = match blueprint.metadata.deletion_timestamp {
        None => outcome::mark(shared, api, blueprint, &valid.id, finalizer).await?,
        Some(_) => blueprint, // what is on its way out gets no id any more
    };
    let pass = bring(shared, blueprint.as_ref(), &blueprint::desired(valid), || held(shared, &blueprint)).await;
    Ok((blueprint, pass))
}

fn held(shared: &Shared, blueprint: &Blueprint) -> Vec<(String, Key, Child)> {
    shared.caches.children.away(&Owner::Blueprint(blueprint.name_any()))
}

/// A Blueprint that is being deleted, once nobody has a seat any more.
async fn close(shared: &Shared, blueprint: &Blueprint) -> Result<Action, Error> {
    for (namespace, key, child) in held(shared, blueprint) {
        shared.remove(&namespace, &key, &child).await?;
    }
    outcome::release(shared, blueprint, FINALIZER).await?;
    Ok(Action::await_change())
}

/// A fault of the Blueprint is no way around its owner's suspension.
async fn switch_off_with_owner(shared: &Shared, blueprint: &Blueprint, world: &BlueprintWorld) -> Result<(), Error> {
    match &world.owner {
        Some(owner) if owner.spec.suspended.is_some() => {
            let workload = metadata::shared_name(&blueprint.name_any());
            take_back::switch_off(shared, &owner.name_any(), &workload).await
        }
        _ => Ok(()),
    }
}
