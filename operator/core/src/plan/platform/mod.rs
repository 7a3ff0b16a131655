//! What the Platform's status says. It has no objects of its own.

use jiff::Timestamp;

use super::conditions::{self, Finding};
use super::pause;
use crate::kinds::{Platform, PlatformStatus};

/// What a look at the gateways found: for each that is not as the Platform says, why.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlatformWorld {
    /// How many tenants there are.
    pub tenants: usize,
    /// Gateways or listeners that do not exist.
    pub missing_gateways: Vec<String>,
}

/// The Platform's status.
pub fn status(platform: &Platform, world: &PlatformWorld, now: Timestamp) -> PlatformStatus {
    let old = platform.status.clone().unwrap_or_default();
    let gateways = if platform.spec.gateways.is_empty() {
        Finding::not_requested("GatewaysReady")
    } else if world.missing_gateways.is_empty() {
        Finding::yes("GatewaysReady", "Found", "")
    } else {
        Finding::no("GatewaysReady", "GatewayMissing", world.missing_gateways.join("; "))
    };
    let mut findings = vec![gateways];
    findings.push(conditions::ready(&findings));
    let pauses = vec![("the platform".to_owned(), platform.spec.paused.as_ref())];
    findings.extend(pause::worn_out(&pauses, &old.conditions, now));
    let generation = platform.metadata.generation;
    let mut conditions = conditions::dated(findings, &old.conditions, generation, now);
    if let Some(hold) = pause::hold(&pauses, &old.conditions, now) {
        let before: Vec<_> = old.conditions.iter().filter(|condition| condition.type_ == "Paused").cloned().collect();
        conditions.extend(pause::held(&hold, &before, generation, now));
    }
    PlatformStatus { observed_generation: generation, conditions, tenants: i64::try_from(world.tenants).ok() }
}
