//! Schedules, put to those who read them: what our form takes, Kubernetes takes for a CronJob too.

use serde_json::json;
use yipan_core::kinds::Cron;

use super::{plane, raw};

/// Both take these.
const TAKEN: [&str; 12] = [
    "30 2 * * *",
    "@midnight",
    "*/15 0-6,22 1 JAN-MAR MON-FRI",
    "0 0 ? * ?",
    "59 23 31 12 6",
    "00 007 01 01 00",
    "5/15 * * jan/2 mon/2",
    "0-30/5 */100 1-31/2 1-12 0-6",
    "1,,2 ,3 4, * *",
    "  0\t0  1 1 * ",
    "0 0 * 1-MAR MON-5",
    "1-1 * * * sat",
];

/// Neither takes these.
const REFUSED: [&str; 16] = [
    "99 2 * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * 32 * *",
    "* * * 13 *",
    "* * * * 7",
    "x y z / ,",
    "5-1 * * * *",
    "* * * * FRI-MON",
    "* * * MAR-1 *",
    "*/0 * * * *",
    "1-2-3 * * * *",
    "1/2/3 * * * *",
    "MON * * * *",
    "* * * *",
    "0 * * * * *",
];

/// Kubernetes takes these, and we do not: they cannot be meant, or leave the platform's time.
const OURS_ALONE: [&str; 4] = [", * * * *", "*-5 * * * *", "+5 * * * *", "@every 5m"];

#[tokio::test]
async fn kubernetes_reads_schedules_as_we_do() {
    let client = plane::shared().client().await;
    let uri = "/apis/batch/v1/namespaces/default/cronjobs?dryRun=All";
    let sets = [(&TAKEN[..], true, true), (&REFUSED[..], false, false), (&OURS_ALONE[..], false, true)];
    let mut wrong = Vec::new();
    for (cron, ours, theirs) in
        sets.into_iter().flat_map(|(set, ours, theirs)| set.iter().map(move |c| (*c, ours, theirs)))
    {
        let pod = json!({ "restartPolicy": "Never", "containers": [{ "name": "a", "image": "a" }] });
        let job = json!({ "spec": { "template": { "spec": pod } } });
        let object = json!({ "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": "schedule" },
            "spec": { "schedule": cron, "jobTemplate": job } });
        let found = (Cron::try_from(cron.to_owned()).is_ok(), raw::send(&client, "POST", uri, &object).await.is_ok());
        if found != (ours, theirs) {
            wrong.push(format!("`{cron}` is taken by (us, Kubernetes): {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
