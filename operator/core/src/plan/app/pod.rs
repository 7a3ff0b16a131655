//! The pod that a Deployment or CronJob starts.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, EmptyDirVolumeSource, EnvVar, EnvVarSource, HTTPGetAction,
    PodSecurityContext, PodSpec, PodTemplateSpec, Probe, ResourceRequirements, SeccompProfile, SecretKeySelector,
    SecurityContext, TCPSocketAction, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Running;
use crate::kinds;
use crate::plan::labels;

/// How long a workload may take to start where it says nothing.
const STARTUP_SECONDS: i32 = 120;
/// How often a starting workload is asked.
const STARTUP_PERIOD_SECONDS: i32 = 2;
/// How long a workload may take to stop where it says nothing.
const STOP_SECONDS: i64 = 30;

/// The labels of an App's pods. That of the Blueprint is what connections to all its Apps select by; no
/// tenant can set it, since none writes pods.
fn pod_labels(run: &Running) -> BTreeMap<String, String> {
    let blueprint = run.blueprint.iter().map(|name| (labels::BLUEPRINT.to_owned(), name.to_string()));
    run.labels().into_iter().chain(blueprint).collect()
}

/// The pod of an App: Pod Security `restricted`, no token, no links to other Services, one figure
/// that is request and limit.
pub fn template(run: &Running) -> PodTemplateSpec {
    let restarted = run.restarted_at.as_ref().map(ToString::to_string);
    PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(pod_labels(run)),
            annotations: restarted.map(|at| labels::map([(labels::RESTARTED_AT, &at)])),
            ..Default::default()
        }),
        spec: Some(pod(run)),
    }
}

fn pod(run: &Running) -> PodSpec {
    let workload = &run.workload;
    let volume = |(index, scratch): (usize, &kinds::Scratch)| Volume {
        name: scratch_name(index),
        empty_dir: Some(EmptyDirVolumeSource { size_limit: Some((&scratch.size).into()), ..Default::default() }),
        ..Default::default()
    };
    let volumes: Vec<Volume> = workload.scratch.iter().enumerate().map(volume).collect();
    PodSpec {
        service_account_name: Some(run.name.clone()),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        termination_grace_period_seconds: Some(workload.stop_seconds.unwrap_or(STOP_SECONDS)),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: workload.run_as_user,
            seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), ..Default::default() }),
            ..Default::default()
        }),
        containers: vec![container(run)],
        volumes: (!volumes.is_empty()).then_some(volumes),
        ..Default::default()
    }
}

fn container(run: &Running) -> Container {
    let workload = &run.workload;
    let mount = |(index, scratch): (usize, &kinds::Scratch)| VolumeMount {
        name: scratch_name(index),
        mount_path: scratch.path.to_string(),
        ..Default::default()
    };
    let mounts: Vec<VolumeMount> = workload.scratch.iter().enumerate().map(mount).collect();
    let some = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    Container {
        name: "app".to_owned(),
        image: Some(workload.image.to_string()),
        // An image cached on a node would start without its registry being asked for rights.
        image_pull_policy: Some("Always".to_owned()),
        command: some(&workload.command),
        args: some(&workload.args),
        ports: workload.port.map(|port| vec![http_port(port)]),
        env: Some(environment(run)),
        resources: Some(resources(run)),
        startup_probe: probe(workload, true),
        readiness_probe: probe(workload, false),
        volume_mounts: (!mounts.is_empty()).then_some(mounts),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
            read_only_root_filesystem: Some(workload.read_only_root.unwrap_or(false)),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn scratch_name(index: usize) -> String {
    format!("scratch-{index}")
}

fn http_port(port: i32) -> ContainerPort {
    ContainerPort {
        name: Some("http".to_owned()),
        container_port: port,
        protocol: Some("TCP".to_owned()),
        ..Default::default()
    }
}

fn resources(run: &Running) -> ResourceRequirements {
    let amounts: BTreeMap<_, _> = [
        ("cpu", &run.container.cpu),
        ("memory", &run.container.memory),
        ("ephemeral-storage", &run.container.ephemeral_storage),
    ]
    .into_iter()
    .map(|(name, quantity)| (name.to_owned(), quantity.into()))
    .collect();
    ResourceRequirements { requests: Some(amounts.clone()), limits: Some(amounts), ..Default::default() }
}

/// What the App asked for, and after it what the platform says; those names cannot be asked for.
fn environment(run: &Running) -> Vec<EnvVar> {
    let literal =
        |name: &str, value: &str| EnvVar { name: name.to_owned(), value: Some(value.to_owned()), ..Default::default() };
    let asked = run.workload.env.iter().map(|variable| match &variable.secret {
        None => literal(&variable.name, variable.value.as_deref().unwrap_or_default()),
        Some(secret) => EnvVar {
            name: variable.name.to_string(),
            value_from: Some(EnvVarSource {
                secret_key_ref: Some(SecretKeySelector {
                    name: format!("app--{}--{}", run.secrets, secret.name),
                    key: secret.key.to_string(),
                    optional: None,
                }),
                ..Default::default()
            }),
            ..Default::default()
        },
    });
    asked.chain(run.given.iter().map(|(name, value)| literal(name, value))).collect()
}

/// How readiness is asked. There is no liveness probe: restarting what is slow makes an outage of
/// a delay, and a process that has died is restarted anyway.
fn probe(workload: &kinds::Workload, starting: bool) -> Option<Probe> {
    let asked = workload.probe.as_ref();
    let port = IntOrString::Int(asked.and_then(|probe| probe.port).or(workload.port)?);
    let http = asked.and_then(|probe| probe.path.as_ref()).map(|path| HTTPGetAction {
        path: Some(path.to_string()),
        port: port.clone(),
        ..Default::default()
    });
    let tcp = http.is_none().then_some(TCPSocketAction { port, host: None });
    let patience_seconds = asked.and_then(|probe| probe.startup_seconds).unwrap_or(STARTUP_SECONDS);
    let (period, failures) =
        if starting { (STARTUP_PERIOD_SECONDS, (patience_seconds / STARTUP_PERIOD_SECONDS).max(1)) } else { (10, 3) };
    Some(Probe {
        http_get: http,
        tcp_socket: tcp,
        period_seconds: Some(period),
        failure_threshold: Some(failures),
        timeout_seconds: Some(if starting { 1 } else { 5 }),
        ..Default::default()
    })
}
