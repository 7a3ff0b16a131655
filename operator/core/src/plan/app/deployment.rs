//! What runs all the time.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{Running, pod};
use crate::plan::labels;

/// Old revisions kept for `kubectl rollout undo`.
const REVISIONS: i32 = 3;

/// The Deployment of an App; none for scheduled work.
///
/// A rollout never needs room beyond the quota, where it would hang for ever: several replicas are
/// replaced one by one without a surge, a single one is stopped first.
pub fn deployment(run: &Running) -> Option<Deployment> {
    let workload = &run.workload;
    if workload.schedule.is_some() {
        return None;
    }
    let one_by_one =
        RollingUpdateDeployment { max_surge: Some(IntOrString::Int(0)), max_unavailable: Some(IntOrString::Int(1)) };
    let strategy = if workload.wanted_replicas() >= 2 {
        DeploymentStrategy { type_: Some("RollingUpdate".to_owned()), rolling_update: Some(one_by_one) }
    } else {
        DeploymentStrategy { type_: Some("Recreate".to_owned()), rolling_update: None }
    };
    Some(Deployment {
        metadata: run.metadata(""),
        spec: DeploymentSpec {
            replicas: Some(run.replicas()),
            revision_history_limit: Some(REVISIONS),
            selector: labels::app(&run.name),
            strategy: Some(strategy),
            template: pod::template(run),
            ..Default::default()
        },
        status: None,
    })
}
