//! The Platform: whether what it names is there.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use kube::Api;
use yipan_core::gateway_api::Gateway;
use yipan_core::kinds::Platform;
use yipan_core::plan::platform::{self, PlatformWorld};

use super::super::caches::Guarded;
use super::super::context::Shared;
use super::super::error::Error;
use super::super::fair_queue::Action;
use super::unreadable::Says;
use super::{outcome, unreadable};

/// How often the gateways are looked at: they are few and not watched.
const RECHECK: Duration = Duration::from_secs(30);

/// Looks at what the Platform names and says so in its status.
pub fn reconcile(shared: Arc<Shared>, object: Arc<Guarded<Platform>>) -> BoxFuture<'static, Result<Action, Error>> {
    async move {
        match &object.0 {
            Ok(platform) => converge(&shared, shared.platforms.of(Arc::clone(platform))).await,
            Err(unread) => unreadable::report(&shared, object.as_ref(), unread, &Says::default()).await,
        }
    }
    .boxed()
}

async fn converge(shared: &Shared, platform: Arc<Platform>) -> Result<Action, Error> {
    let api = Api::<Platform>::all(shared.client.clone());
    let world = PlatformWorld {
        tenants: shared.caches.tenants.len(),
        missing_gateways: missing_gateways(shared, &platform).await?,
    };
    let status = platform::status(&platform, &world, Timestamp::now());
    let pass = outcome::save(shared, &api, platform.as_ref(), status).await;
    outcome::count(shared, platform.as_ref(), &pass);
    pass.map(|()| Action::requeue(RECHECK))
}

/// The gateways or listeners that the Platform names and that are not there.
async fn missing_gateways(shared: &Shared, platform: &Platform) -> Result<Vec<String>, Error> {
    let mut missing = Vec::new();
    for named in &platform.spec.gateways {
        let gateway = &named.gateway;
        let api = Api::<Gateway>::namespaced(shared.client.clone(), &gateway.namespace);
        let found = api.get_opt(&gateway.name).await;
        let what = format!("Gateway {}/{}", gateway.namespace, gateway.name);
        let found = match found {
            Err(kube::Error::Api(status)) if status.code == 403 => {
                missing.push(format!("gateway {}: {what} cannot be read: {}", named.name, status.message));
                continue;
            }
            Err(error) => return Err(Error::Unavailable { step: format!("read {what}"), source: Box::new(error) }),
            Ok(found) => found,
        };
        let listens = |found: &Gateway| found.spec.listeners.iter().any(|listener| listener.name == gateway.listener);
        match found {
            None => missing
                .push(format!("gateway {}: Gateway {}/{} does not exist", named.name, gateway.namespace, gateway.name)),
            Some(found) if !listens(&found) => missing.push(format!(
                "gateway {}: Gateway {}/{} has no listener {}",
                named.name, gateway.namespace, gateway.name, gateway.listener
            )),
            Some(_) => {}
        }
    }
    Ok(missing)
}
