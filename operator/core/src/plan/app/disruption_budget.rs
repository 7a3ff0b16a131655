//! Keeps replicas alive while nodes are drained.

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Running;
use crate::plan::labels;

/// At most one replica away at a time. None below two replicas: a budget for a single pod would
/// only stop the node from being drained.
pub fn disruption_budget(run: &Running) -> Option<PodDisruptionBudget> {
    (run.workload.wanted_replicas() >= 2).then(|| PodDisruptionBudget {
        metadata: run.metadata(""),
        spec: Some(PodDisruptionBudgetSpec {
            // A pod that is not ready protects nobody and must not keep its node from being drained.
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(labels::app(&run.name)),
            ..Default::default()
        }),
        status: None,
    })
}
