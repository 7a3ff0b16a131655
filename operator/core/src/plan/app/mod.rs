//! From an App to its workload, its address and its connections.

mod checks;
mod connections;
mod cron_job;
mod deployment;
mod disruption_budget;
mod egress_policy;
mod entry;
mod entry_policy;
mod hosts;
mod hosts_route;
mod http_route;
mod peers;
mod pod;
mod run_status;
mod running;
mod seat;
mod serves_policies;
mod service;
mod service_account;
mod source;
mod status;
mod taken_back;
mod uses_policies;
mod valid;
mod ways_out;

use std::collections::BTreeMap;
use std::sync::Arc;

use kube::ResourceExt;

use super::blueprint::BlueprintWorld;
use super::object::{Kind, Object};
use super::{RouteFound, WorkloadFound, World, tenant};
use crate::gateway_api::HTTPRoute;
use crate::kinds::{App, Blueprint, Platform, Sharing, Tenant};

pub use checks::fits;
pub use connections::{Connections, End, Pods, Served, Used, connections};
pub use egress_policy::egress_policy_name;
pub use entry::{EntryPlan, gateway};
pub use hosts::AppHosts;
pub use hosts_route::hosts_route_name;
pub use peers::{Peers, blueprints, named_blueprints, parties};
pub use run_status::{network as network_finding, serves, uses, workload as workload_finding};
pub use running::{Rendered, Running, container, render};
pub use seat::Seat;
pub use source::{Declaration, Source, network, resolve};
pub use status::{Above, OWN_PAUSE, held, hold, hold_unread, status, switched_off};
pub use taken_back::{TakenBack, suspension_in, taken_back, taken_back_unread};
pub use valid::ValidApp;
pub use ways_out::{WaysOut, named as named_ways_out, ways_out};

/// All that a pass over one App may know.
#[derive(Debug, Clone, Default)]
pub struct AppWorld {
    /// The Platform.
    pub platform: Option<Arc<Platform>>,
    /// The tenant of the App's namespace.
    pub tenant: Option<Arc<Tenant>>,
    /// The names of the tenant and of all those above it.
    pub above: Vec<String>,
    /// The Blueprint that the App names.
    pub blueprint: Option<Arc<Blueprint>>,
    /// What that Blueprint's own checks ask for.
    pub of_blueprint: BlueprintWorld,
    /// Those on the other side of every connection that it names, or its Blueprint for it.
    pub peers: Peers,
    /// Another App of its tenant that has a seat of the same Blueprint already.
    pub earlier_seat: Option<String>,
    /// The Deployment or CronJob there is; of a seat, that of the Blueprint.
    pub workload: Option<WorkloadFound>,
    /// The HTTPRoute there is.
    pub route: Option<RouteFound>,
    /// The HTTPRoute of its further host names there is.
    pub hosts_route: Option<RouteFound>,
    /// Of each host that its tenant names and an earlier tenant names too: that tenant.
    pub host_holders: BTreeMap<String, String>,
}

impl AppWorld {
    /// Dereferences all that `app` touches.
    pub fn gather(app: &App, world: &dyn World) -> Self {
        let (namespace, name) = (app.namespace().unwrap_or_default(), app.name_any());
        let tenant = world.tenant(&namespace);
        // Few Apps ask for a host, and to look up who holds it takes a while.
        let asks = app.spec.entry.as_ref().is_some_and(|entry| !entry.hosts.is_empty());
        let holders = tenant.as_ref().filter(|_| asks).map(|tenant| tenant::host_holders(tenant, world));
        let blueprint = app.spec.blueprint.as_ref().and_then(|name| world.blueprint(name));
        let network = source::network(app, blueprint.as_deref()).flatten();
        let seat = blueprint.as_deref().filter(|blueprint| blueprint.spec.sharing == Sharing::Shared);
        let (place, unit, address) = match seat {
            Some(shared) => seat::places(shared, &name, &namespace),
            None => (namespace.clone(), name.clone(), name.clone()),
        };
        Self {
            platform: world.platform(),
            peers: Peers::gather(network.filter(|_| seat.is_none()), world),
            of_blueprint: blueprint.as_ref().map(|found| BlueprintWorld::near(found, world)).unwrap_or_default(),
            above: above(app, &namespace, world),
            earlier_seat: seat.and_then(|_| seat::earlier(app, world)),
            blueprint: blueprint.clone(),
            host_holders: holders.unwrap_or_default(),
            hosts_route: world.route(&namespace, &hosts_route::hosts_route_name(app)),
            tenant,
            workload: world.workload(&place, &unit),
            route: world.route(&place, &address),
        }
    }
}

/// A tenant and all those above it; nobody asks for them but an App that has a Blueprint.
fn above(app: &App, namespace: &str, world: &dyn World) -> Vec<String> {
    let mut names = Vec::new();
    let mut next = app.spec.blueprint.as_ref().map(|_| namespace.to_owned());
    while let Some(name) = next.filter(|name| !names.contains(name)) {
        next = world.tenant(&name).and_then(|tenant| tenant.spec.parent.as_ref().map(ToString::to_string));
        names.push(name);
    }
    names
}

/// Everything that should exist for one App.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// What runs and its network; none for a seat, which has nothing of its own that runs.
    pub run: Option<Rendered>,
    /// Its address.
    pub route: Option<HTTPRoute>,
    /// Its further host names.
    pub hosts_route: Option<HTTPRoute>,
}

/// Renders everything that should exist for `app`.
pub fn desired(app: &ValidApp) -> Desired {
    Desired {
        run: app.running().as_ref().map(running::render),
        route: http_route::http_route(app),
        hosts_route: hosts_route::hosts_route(app),
    }
}

impl Desired {
    /// The objects in the order in which they are written: the routes last, so that no visitor comes
    /// before it all.
    pub fn in_order(&self) -> Vec<Object> {
        let routes = self.route.iter().chain(&self.hosts_route).map(|route| Object::of(Kind::HTTPRoute, route));
        self.run.iter().flat_map(Rendered::in_order).chain(routes).collect()
    }
}
