//! A seat: an App of a Shared Blueprint. It has an address of its own and nothing that runs.

use kube::ResourceExt;

use super::{AppWorld, Source};
use crate::gateway_api::{Header, HeaderModifier, HttpRouteFilter};
use crate::kinds::{App, Blueprint, Name, Sharing, Suspended, TenantName};
use crate::plan::{World, metadata};

/// A seat at the workload of a Shared Blueprint.
#[derive(Debug, Clone)]
pub struct Seat {
    /// The Blueprint.
    pub blueprint: Name,
    /// The tenant in whose namespace it runs, and whose quota that takes.
    pub owner: TenantName,
    /// The division that the workload is told.
    pub division: String,
    /// How many Apps name the Blueprint, by its status; at least this one.
    pub of: i64,
    /// Why nothing runs for anybody: the owner is switched off.
    pub owner_suspended: Option<Suspended>,
}

impl Seat {
    /// The seat of an App whose checks passed; none where it runs a workload of its own.
    pub fn of(source: &Source, division: &str, world: &AppWorld) -> Option<Self> {
        let Source::Seat(name) = source else { return None };
        let blueprint = world.blueprint.as_deref()?;
        let owner = world.of_blueprint.owner.as_deref();
        let uses = blueprint.status.as_ref().and_then(|status| status.uses);
        Some(Self {
            blueprint: name.clone(),
            owner: blueprint.spec.owner.clone(),
            division: division.to_owned(),
            of: uses.unwrap_or_default().max(1),
            owner_suspended: owner.and_then(|owner| owner.spec.suspended.clone()),
        })
    }

    /// What it bears of what the workload costs: as much as each other one.
    pub fn share(&self) -> String {
        format!("1/{}", self.of)
    }

    /// The Service behind its address: the workload's, or one that nobody stands behind while the seat is
    /// switched off, for the workload runs on for all others.
    pub fn service(&self, suspended: bool) -> String {
        let shared = metadata::shared_name(&self.blueprint);
        if suspended { format!("{shared}{}", super::super::blueprint::CLOSED) } else { shared }
    }

    /// Tells the workload whose visitor it is, and takes away what the visitor says of that.
    pub fn filter(&self) -> HttpRouteFilter {
        let division = Header { name: DIVISION.to_owned(), value: self.division.clone() };
        HttpRouteFilter {
            type_: "RequestHeaderModifier".to_owned(),
            request_header_modifier: HeaderModifier {
                set: vec![division],
                remove: OTHER_SPELLINGS.map(str::to_owned).to_vec(),
            },
        }
    }
}

/// The header that says which division a seat is of.
const DIVISION: &str = "X-Yipan-Division";

/// Other names that servers of the CGI kind (WSGI, FastCGI, PHP) hand on as the same variable,
/// `HTTP_X_YIPAN_DIVISION`. Case does not matter in any.
const OTHER_SPELLINGS: [&str; 8] = [
    "X-Yipan_Division",
    "X-Yipan.Division",
    "X_Yipan-Division",
    "X_Yipan_Division",
    "X_Yipan.Division",
    "X.Yipan-Division",
    "X.Yipan_Division",
    "X.Yipan.Division",
];

/// Where a seat's things lie: the namespace, the workload's name there, and its own route's.
pub fn places(shared: &Blueprint, app: &str, tenant: &str) -> (String, String, String) {
    let workload = metadata::shared_name(&shared.name_any());
    (shared.spec.owner.to_string(), workload, metadata::seat_route_name(app, tenant))
}

/// Another App of the tenant that has a seat of the same Blueprint: the one that was created first.
pub fn earlier(app: &App, world: &dyn World) -> Option<String> {
    let namespace = app.namespace()?;
    let age = |app: &App| (app.metadata.creation_timestamp.as_ref().map(|made| made.0), app.name_any());
    let others = world.apps(&namespace).into_iter().filter_map(|name| world.app(&namespace, &name));
    let rivals = others.filter(|other| other.spec.blueprint == app.spec.blueprint && age(other) < age(app));
    rivals.min_by_key(|other| age(other)).map(|other| other.name_any())
}

/// Whether an App of this Blueprint is a seat.
pub fn is_shared(blueprint: Option<&Blueprint>) -> bool {
    blueprint.is_some_and(|blueprint| blueprint.spec.sharing == Sharing::Shared)
}
