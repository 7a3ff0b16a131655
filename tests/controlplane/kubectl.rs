//! What people see who use kubectl: explanations, short names, tables, refusals in plain words.

use std::time::Duration;

use super::plane::{Answer, eventually, shared};

const SOON: Duration = Duration::from_secs(20);

/// The API server publishes a new kind's explanations a moment after it serves the kind.
async fn explained(field: &str, words: &str) {
    let what = format!("kubectl explains {field}");
    eventually(SOON, &what, async || {
        let answer = shared().kubectl(["explain", field, "--api-version=yipan.dev/v1alpha1"]);
        if answer.success && answer.out.contains(words) { Ok(()) } else { Err(format!("{answer:?}")) }
    })
    .await;
}

#[tokio::test]
async fn every_field_is_explained() {
    explained("app.spec.workload.schedule.cron", "the time zone is Asia/Shanghai").await;
    explained("tenant.spec.division", "Immutable; put it in quotes").await;
    explained("platform.spec.registries", "Where images may come from").await;
}

#[test]
fn short_names_and_the_category_are_known() {
    for name in ["ypl", "yt", "ya", "yipan", "apps.yipan.dev"] {
        let answer = shared().kubectl(["get", name, "--all-namespaces"]);
        assert!(answer.success, "{name}: {answer:?}");
    }
}

#[test]
fn tables_name_what_people_ask_for() {
    let columns = |kind: &str| {
        let Answer { out, .. } =
            shared().kubectl(["get", kind, "-o", "wide", "--all-namespaces", "--ignore-not-found"]);
        let header = out.lines().next().unwrap_or_default().to_owned();
        header.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(columns("platforms"), ["NAME", "DOMAIN", "TENANTS", "READY", "REASON", "AGE"]);
}

#[test]
fn a_refusal_names_the_field_and_the_way_out() {
    let app = "{apiVersion: yipan.dev/v1alpha1, kind: App, metadata: {name: parking, namespace: default}, \
               spec: {workload: {image: 'parking:1.2', port: 8080}}}";
    let answer = shared().kubectl_with(["create", "--dry-run=server", "-f", "-"], app);
    let words = "spec.workload.image: Invalid value: \"parking:1.2\": an image reference with its registry, such as \
                 registry.example.gov.cn/liangzhou/parking:1.2";
    assert!(!answer.success && answer.err.contains(words), "{answer:?}");
}
