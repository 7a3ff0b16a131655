//! What would change in a cluster if declarations were applied: the decisions of the operator, taken
//! beforehand.
//!
//! The world is that of the cluster with the given declarations laid over it. Nothing here decides
//! anything by itself: it asks the same checks and renderers as a pass does, and the rules of what a
//! pass removes are those of the operator's `bring`, `take_back` and `retire`.

mod conditions;
mod fate;
mod overlay;
mod ways;

use std::collections::BTreeMap;

use jiff::Timestamp;

pub use conditions::{Declined, Turn, Waits};
pub use fate::{Fate, Fates, Key, Seen, key};
pub use overlay::{Change, Kinds, Named, laid_over};
pub use ways::Ways;

use super::Declared;
use super::app::{self, AppWorld};
use super::everything::TenantAnswer;
use super::settle::{ends, settle};
use crate::kinds::App;
use crate::plan::World as _;

/// A world before and after.
#[derive(Debug)]
pub struct Preview {
    /// What is declared in the cluster, and what is found there.
    pub before: Declared,
    /// The same with the declarations laid over it, once the operator has come to rest.
    pub after: Declared,
    /// What follows for each tenant; those that went among them.
    pub tenants: BTreeMap<String, TenantAnswer>,
    /// Tenants that are stored and cannot be read: nothing is done below them.
    pub unreadable: Vec<String>,
    /// When it is decided.
    pub now: Timestamp,
}

impl Preview {
    /// Lets everything come to rest. `ending` are tenants whose deletion is part of the change.
    pub fn of(
        before: Declared,
        mut after: Declared,
        ending: &[String],
        unreadable: Vec<String>,
        now: Timestamp,
    ) -> Self {
        ending.iter().for_each(|tenant| ends(&mut after, tenant, now));
        let tenants = settle(&mut after, now).into_iter().map(|answer| (answer.name.clone(), answer)).collect();
        Self { before, after, tenants, unreadable, now }
    }

    /// Whether the operator waits with a tenant, since the one above it cannot be read.
    fn waits(&self, tenant: &str) -> bool {
        let parent = self.after.tenants.get(tenant).and_then(|tenant| tenant.spec.parent.as_ref());
        parent.is_some_and(|parent| self.is_unreadable(parent))
    }

    /// Whether a tenant is stored and cannot be read.
    fn is_unreadable(&self, tenant: &str) -> bool {
        self.unreadable.iter().any(|name| name == tenant)
    }

    /// Whether the operator waits with an App, since its tenant, a Blueprint that it depends on or the owner of
    /// its own cannot be read. What is taken back is taken back all the same.
    fn is_unclear(&self, app: &App, world: &AppWorld) -> bool {
        let blueprint = world.blueprint.as_deref();
        let owner = blueprint.map(|blueprint| blueprint.spec.owner.as_str());
        let tenants = app.metadata.namespace.as_deref().into_iter().chain(owner);
        tenants.into_iter().any(|tenant| self.is_unreadable(tenant))
            || app::blueprints(app, blueprint).iter().any(|name| self.after.is_blueprint_unreadable(name))
    }
}
