//! What runs, whosever it is.

use std::collections::BTreeMap;

use k8s_openapi::api::{
    apps::v1::Deployment,
    batch::v1::CronJob,
    core::v1::{Service, ServiceAccount},
    networking::v1::NetworkPolicy,
    policy::v1::PodDisruptionBudget,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::connections::Connections;
use super::source::Source;
use super::ways_out::WaysOut;
use super::{
    cron_job, deployment, disruption_budget, egress_policy, entry_policy, serves_policies, service, service_account,
    uses_policies,
};
use crate::kinds::{Container, Gateway, Moment, Name, Quantity, Suspended, Workload};
use crate::plan::object::{Kind, Object};
use crate::plan::tenant::Defaults;

/// What runs: an App's own workload, or the one that all seats of a Shared Blueprint use. It is all that the
/// renderers of a workload and of its network ask for.
#[derive(Debug, Clone)]
pub struct Running {
    /// The metadata of its objects, but for what follows the name.
    pub common: ObjectMeta,
    /// How its objects are called, or begin.
    pub name: String,
    /// The Blueprint that it comes from.
    pub blueprint: Option<Name>,
    /// Where its declaration stands, for whoever reads how it fares.
    pub source: Source,
    /// What runs.
    pub workload: Workload,
    /// What its container gets; every figure is there.
    pub container: Container,
    /// What the platform adds to its environment.
    pub given: Vec<(&'static str, String)>,
    /// Whose Secrets its environment names: `app--<this>--<part>`.
    pub secrets: String,
    /// When a restart was asked for last.
    pub restarted_at: Option<Moment>,
    /// The gateway whose pods may reach its port.
    pub gateway: Option<Gateway>,
    /// Its connections and the state of each.
    pub connections: Connections,
    /// Its ways out of the cluster, and what it names that it has not.
    pub ways_out: WaysOut,
    /// Why it is switched off.
    pub suspended: Option<Suspended>,
}

impl Running {
    /// The metadata of the object of its name and what follows it.
    pub fn metadata(&self, suffix: &str) -> ObjectMeta {
        ObjectMeta { name: Some(format!("{}{suffix}", self.name)), ..self.common.clone() }
    }

    /// The labels of its objects and pods.
    pub fn labels(&self) -> BTreeMap<String, String> {
        self.common.labels.clone().unwrap_or_default()
    }

    /// How many pods should run now.
    pub fn replicas(&self) -> i32 {
        if self.suspended.is_some() { 0 } else { self.workload.wanted_replicas() }
    }
}

/// What the container gets: its own figures where it names some, else the level's of the tenant in whose
/// namespace it runs.
pub fn container(workload: &Workload, tenant: &Defaults) -> Container {
    let asked = workload.resources.clone().unwrap_or_default();
    let or = |asked: Option<Quantity>, level: &Quantity| asked.unwrap_or_else(|| level.clone());
    Container {
        cpu: or(asked.cpu, &tenant.container.cpu).figure().in_milli().into(),
        memory: or(asked.memory, &tenant.container.memory),
        ephemeral_storage: or(asked.ephemeral_storage, &tenant.container.ephemeral_storage),
    }
}

/// Everything that should exist for what runs, but for its addresses.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// The account its pods run under.
    pub service_account: ServiceAccount,
    /// Lets the gateway's pods reach its port.
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
}

/// Renders everything that should exist for what runs.
pub fn render(run: &Running) -> Rendered {
    Rendered {
        service_account: service_account::service_account(run),
        entry_policy: entry_policy::entry_policy(run),
        serves_policies: serves_policies::serves_policies(run),
        uses_policies: uses_policies::uses_policies(run),
        egress_policy: egress_policy::policy(run.metadata(egress_policy::SUFFIX), &run.name, &run.ways_out),
        deployment: deployment::deployment(run),
        cron_job: cron_job::cron_job(run),
        disruption_budget: disruption_budget::disruption_budget(run),
        service: service::service(run),
    }
}

impl Rendered {
    /// The objects in the order in which they are written: policies before pods, so that a pod
    /// never runs without its network.
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
        } = self;
        let policies = entry_policy.iter().chain(serves_policies).chain(uses_policies).chain(egress_policy);
        std::iter::once(Object::of(Kind::ServiceAccount, service_account))
            .chain(policies.map(|policy| Object::of(Kind::NetworkPolicy, policy)))
            .chain(deployment.iter().map(|deployment| Object::of(Kind::Deployment, deployment)))
            .chain(cron_job.iter().map(|cron_job| Object::of(Kind::CronJob, cron_job)))
            .chain(disruption_budget.iter().map(|budget| Object::of(Kind::PodDisruptionBudget, budget)))
            .chain(service.iter().map(|service| Object::of(Kind::Service, service)))
            .collect()
    }
}
