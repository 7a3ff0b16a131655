//! What runs by the clock.

use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, JobSpec, JobTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Running, pod};
use crate::kinds::Concurrency;

/// How often a failed run is tried again where the App says nothing.
const RETRIES: i32 = 3;

/// The CronJob of an App; none for work that runs all the time.
pub fn cron_job(run: &Running) -> Option<CronJob> {
    let schedule = run.workload.schedule.as_ref()?;
    let concurrency = match schedule.concurrency {
        Some(Concurrency::Replace) => "Replace",
        Some(Concurrency::Forbid) | None => "Forbid",
    };
    let mut template = pod::template(run);
    if let Some(pod) = &mut template.spec {
        // Whether to try again is the Job's affair, where tries are counted.
        pod.restart_policy = Some("Never".to_owned());
    }
    let job = JobSpec {
        active_deadline_seconds: schedule.deadline_seconds,
        backoff_limit: Some(schedule.retries.unwrap_or(RETRIES)),
        template,
        ..Default::default()
    };
    Some(CronJob {
        metadata: run.metadata(""),
        spec: CronJobSpec {
            schedule: schedule.cron.to_string(),
            time_zone: Some("Asia/Shanghai".to_owned()),
            concurrency_policy: Some(concurrency.to_owned()),
            suspend: Some(run.suspended.is_some()),
            job_template: JobTemplateSpec {
                metadata: Some(ObjectMeta { labels: Some(run.labels()), ..Default::default() }),
                spec: Some(job),
            },
            ..Default::default()
        },
        status: None,
    })
}
