//! What must be there before anything can be watched: the definitions.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, Client};

use super::error::short;
use super::health::Health;

const CHECK: &str = "definitions";
const NEEDED: [&str; 4] =
    ["platforms.yipan.dev", "tenants.yipan.dev", "apps.yipan.dev", "httproutes.gateway.networking.k8s.io"];
const RETRY: Duration = Duration::from_secs(1);

/// Waits until every definition is established, and says what it waits for.
pub async fn wait(client: &Client, health: &Health) {
    let api = Api::<CustomResourceDefinition>::all(client.clone());
    loop {
        let missing = missing(&api).await;
        let state = if missing.is_empty() { Ok(()) } else { Err(missing.join("; ")) };
        if health.set(CHECK, state.clone()) {
            match &state {
                Ok(()) => tracing::info!("all custom resource definitions are there"),
                Err(why) => tracing::warn!(why, "waiting for custom resource definitions; `yipan crds` prints ours"),
            }
        }
        if state.is_ok() {
            return;
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn missing(api: &Api<CustomResourceDefinition>) -> Vec<String> {
    let mut missing = Vec::new();
    for name in NEEDED {
        match api.get_opt(name).await {
            Ok(Some(crd)) if is_established(&crd) => {}
            Ok(Some(_)) => missing.push(format!("{name} is not established yet")),
            Ok(None) => missing.push(format!("{name} is not installed")),
            Err(error) => missing.push(format!("{name}: {}", short(&error))),
        }
    }
    missing
}

fn is_established(crd: &CustomResourceDefinition) -> bool {
    let conditions = crd.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == "Established" && condition.status == "True")
}
