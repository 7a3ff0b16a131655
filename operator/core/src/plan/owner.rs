//! Whose an object is, as the object itself tells.

use serde_json::Value;

use super::object::Kind;
use super::{labels, metadata};

/// Whose an object is, seen from the namespace it lies in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The tenant of the namespace.
    Tenant,
    /// An App of the namespace.
    App(String),
    /// An App of this tenant or another that has a seat of a Shared Blueprint: its address lies with the
    /// workload, in the namespace of the Blueprint's owner.
    Seat {
        /// The tenant, and so the App's namespace.
        tenant: String,
        /// The App.
        app: String,
    },
    /// A Shared Blueprint.
    Blueprint(String),
}

impl Owner {
    /// A seat.
    pub fn seat(tenant: &str, app: &str) -> Self {
        Self::Seat { tenant: tenant.to_owned(), app: app.to_owned() }
    }

    /// Whether it is kept with whose it is, and not with the namespace.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Seat { .. } | Self::Blueprint(_))
    }

    /// Reads a stored object; also whether it goes with its App by itself.
    ///
    /// What a seat or a Blueprint has is known by its name, which no label taken off changes. Of what an App
    /// has, its label or its owner reference is enough: a hand may have taken off the other.
    pub fn of(kind: Kind, object: &Value) -> (Self, bool) {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let label = |key: &str| text(&format!("/metadata/labels/{}", key.replace('/', "~1")));
        let name = text("/metadata/name").unwrap_or_default();
        if let Some(owner) = Self::by_name(kind, name) {
            return (owner, false);
        }
        let owner = text("/metadata/ownerReferences/0/name")
            .filter(|_| text("/metadata/ownerReferences/0/kind") == Some("App"));
        let app = owner.or_else(|| label(labels::APP_ID).and_then(|_| label(labels::NAME)));
        (app.map_or(Self::Tenant, |app| Self::App(app.to_owned())), owner.is_some())
    }

    fn by_name(kind: Kind, name: &str) -> Option<Self> {
        match kind {
            Kind::HTTPRoute => metadata::seat_of_route(name).map(|(tenant, app)| Self::seat(tenant, app)),
            Kind::ServiceAccount
            | Kind::NetworkPolicy
            | Kind::Deployment
            | Kind::CronJob
            | Kind::Service
            | Kind::PodDisruptionBudget => {
                metadata::blueprint_of(name).map(|blueprint| Self::Blueprint(blueprint.to_owned()))
            }
            _ => None,
        }
    }
}
