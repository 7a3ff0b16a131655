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

use k8s_openapi::api::{
    apps::v1::Deployment,
    batch::v1::CronJob,
    core::v1::{Service, ServiceAccount},
    networking::v1::NetworkPolicy,
    policy::v1::PodDisruptionBudget,
};
use kube::ResourceExt;

use super::blueprint::BlueprintWorld;
use super::object::{Kind, Object};
use super::{RouteFound, WorkloadFound, World, tenant};
use crate::gateway_api::HTTPRoute;
use crate::kinds::{App, Blueprint, Platform, Tenant};

pub use connections::{Connections, End, Pods, Served, Used, connections};
pub use egress_policy::egress_policy_name;
pub use entry::EntryPlan;
pub use hosts::AppHosts;
pub use hosts_route::hosts_route_name;
pub use peers::{Peers, blueprints, parties};
pub use source::{Declaration, Source, network, resolve};
pub use status::{Above, OWN_PAUSE, held, hold, hold_unread, status, switched_off};
pub use taken_back::{TakenBack, suspension_in, taken_back, taken_back_unread};
pub use valid::ValidApp;
pub use ways_out::WaysOut;

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
    /// The Deployment or CronJob there is.
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
        Self {
            platform: world.platform(),
            peers: Peers::gather(network, world),
            of_blueprint: blueprint.as_ref().map(|found| BlueprintWorld::near(found, world)).unwrap_or_default(),
            above: above(app, &namespace, world),
            blueprint: blueprint.clone(),
            host_holders: holders.unwrap_or_default(),
            hosts_route: world.route(&namespace, &hosts_route::hosts_route_name(app)),
            tenant,
            workload: world.workload(&namespace, &name),
            route: world.route(&namespace, &name),
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
    /// The account its pods run under.
    pub service_account: ServiceAccount,
    /// Lets the gateway's pods reach the App's port.
    pub entry_policy: Option<NetworkPolicy>,
    /// Lets granted Apps reach the ports it serves, one policy a port.
    pub serves_policies: Vec<NetworkPolicy>,
    /// Lets its pods reach the Apps it was granted, one policy a use.
    pub uses_policies: Vec<NetworkPolicy>,
    /// Lets its pods out of the cluster by the ways it was given.
    pub egress_policy: Option<NetworkPolicy>,
    /// What runs all the time.
    pub deployment: Option<Deployment>,
    /// What runs by the clock.
    pub cron_job: Option<CronJob>,
    /// Keeps replicas alive while nodes are drained.
    pub disruption_budget: Option<PodDisruptionBudget>,
    /// The ports it listens on.
    pub service: Option<Service>,
    /// Its address.
    pub route: Option<HTTPRoute>,
    /// Its further host names.
    pub hosts_route: Option<HTTPRoute>,
}

/// Renders everything that should exist for `app`.
pub fn desired(app: &ValidApp) -> Desired {
    Desired {
        service_account: service_account::service_account(app),
        entry_policy: entry_policy::entry_policy(app),
        serves_policies: serves_policies::serves_policies(app),
        uses_policies: uses_policies::uses_policies(app),
        egress_policy: egress_policy::policy(&app.app, &app.ways_out),
        deployment: deployment::deployment(app),
        cron_job: cron_job::cron_job(app),
        disruption_budget: disruption_budget::disruption_budget(app),
        service: service::service(app),
        route: http_route::http_route(app),
        hosts_route: hosts_route::hosts_route(app),
    }
}

impl Desired {
    /// The objects in the order in which they are written: policies before pods, so that a pod
    /// never runs without its network; the route last, so that no visitor comes before it all.
    pub fn in_order(&self) -> Vec<Object> {
        let Self {
            service_account,
            entry_policy,
            serves_policies,
            uses_policies,
            egress_policy,
            deployment,
            cron_job,
            disruption_budget,
            service,
            route,
            hosts_route,
        } = self;
        let policies = entry_policy.iter().chain(serves_policies).chain(uses_policies).chain(egress_policy);
        std::iter::once(Object::of(Kind::ServiceAccount, service_account))
            .chain(policies.map(|policy| Object::of(Kind::NetworkPolicy, policy)))
            .chain(deployment.iter().map(|deployment| Object::of(Kind::Deployment, deployment)))
            .chain(cron_job.iter().map(|cron_job| Object::of(Kind::CronJob, cron_job)))
            .chain(disruption_budget.iter().map(|budget| Object::of(Kind::PodDisruptionBudget, budget)))
            .chain(service.iter().map(|service| Object::of(Kind::Service, service)))
            .chain(route.iter().chain(hosts_route).map(|route| Object::of(Kind::HTTPRoute, route)))
            .collect()
    }
}
