//! What runs: one container image and what it needs.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cron::Cron;
use super::quantity::Quantity;
use super::scalar::{EnvName, HttpPath, Image, MountPath, SecretKey, SecretPart};

/// What runs: one container image and what it needs. It runs as a user other than root, without
/// privileges, without the cluster's token.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("!has(self.schedule) || (!has(self.port) && !has(self.replicas))").message("scheduled work has neither port nor replicas"))]
#[x_kube(validation = Rule::new("!has(self.probe) || has(self.port) || has(self.probe.port)").message("probe needs a port: give workload.port or probe.port"))]
#[x_kube(validation = Rule::new("!has(self.env) || self.env.map(e, has(e.value) ? e.value.size() : 0).sum() <= 16384").message("env: at most 16384 characters in all values together"))]
#[x_kube(validation = Rule::new("(has(self.command) ? self.command.map(c, c.size()).sum() : 0) + (has(self.args) ? self.args.map(a, a.size()).sum() : 0) <= 8192").message("command and args: at most 8192 characters together"))]
#[serde(rename_all = "camelCase")]
pub struct Workload {
    /// The container image, from one of the tenant's registries.
    pub image: Image,
    /// Replaces the image's entry point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(max = 1024)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub command: Vec<String>,
    /// Arguments to the entry point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(max = 1024)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub args: Vec<String>,
    /// The HTTP port the entry talks to. Absent: a background worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i32>,
    /// How many run side by side. Absent: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub replicas: Option<i32>,
    /// Runs by the clock instead of all the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// What the container reserves and may use. Absent, as each absent figure: the level's
    /// `container`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Environment variables. Yipan adds YIPAN_APP, YIPAN_TENANT, YIPAN_DIVISION and, where there
    /// is an address, YIPAN_HOST.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub env: Vec<EnvVar>,
    /// How the platform asks whether it is ready. Absent: by opening a TCP connection to `port`;
    /// no port, no question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<Probe>,
    /// The numeric user. Absent: the image's own, which must be a number other than 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub run_as_user: Option<i64>,
    /// Empty directories that live as long as the pod.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["path".into()]))]
    pub scratch: Vec<Scratch>,
    /// Makes the root file system read-only. Absent: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only_root: Option<bool>,
    /// How long it may take to stop, in seconds. Absent: 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 600))]
    pub stop_seconds: Option<i64>,
}

/// Work by the clock, in Asia/Shanghai.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// When, in cron's five fields; the time zone is Asia/Shanghai.
    pub cron: Cron,
    /// How long one run may take, in seconds. Absent: without a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 604_800))]
    pub deadline_seconds: Option<i64>,
    /// How often a failed run is tried again. Absent: 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10))]
    pub retries: Option<i32>,
    /// What happens when a run is due while the last one goes on. Absent: Forbid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
}

/// What happens when a run is due while the last one goes on.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concurrency {
    /// The new one is left out.
    Forbid,
    /// The old one is ended.
    Replace,
}

/// What a container reserves and may use: one figure is request and limit.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// Processor time, in cores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("!isQuantity(string(self)) || !quantity(string(self)).isLessThan(quantity('1m'))").message("at least 1m; nothing at all would mean without a limit"))]
    pub cpu: Option<Quantity>,
    /// Memory, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("!isQuantity(string(self)) || !quantity(string(self)).isLessThan(quantity('1Mi'))").message("at least 1Mi; nothing at all would mean without a limit"))]
    pub memory: Option<Quantity>,
    /// Disk of the container's own file system, logs and scratch, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("!isQuantity(string(self)) || !quantity(string(self)).isLessThan(quantity('1Mi'))").message("at least 1Mi; nothing at all would mean without a limit"))]
    pub ephemeral_storage: Option<Quantity>,
}

/// One environment variable: a value, or a key of a Secret.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("has(self.value) != has(self.secret)").message("give exactly one of value and secret"))]
#[serde(rename_all = "camelCase")]
pub struct EnvVar {
    /// Its name. Names that begin with YIPAN_ are the platform's.
    #[x_kube(validation = Rule::new("!self.startsWith('YIPAN_')").message("names that begin with YIPAN_ are the platform's"))]
    pub name: EnvName,
    /// Its value, for everybody to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub value: Option<String>,
    /// Where its value lies, if it is a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretRef>,
}

/// A key of one of the App's own Secrets.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct SecretRef {
    /// The last part of the Secret's name, which is `app--<app>--<this>`.
    pub name: SecretPart,
    /// The key in it.
    pub key: SecretKey,
}

/// How the platform asks whether the workload is ready.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Probe {
    /// An HTTP path that answers 200 to 399. Absent: a TCP connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<HttpPath>,
    /// The port. Absent: the workload's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i32>,
    /// How long it may take to start, in seconds. Absent: 120.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3600))]
    pub startup_seconds: Option<i32>,
}

/// An empty directory that lives as long as the pod.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Scratch {
    /// Where it is mounted.
    pub path: MountPath,
    /// How much it may hold, in bytes; counted against the container's ephemeral storage.
    #[x_kube(validation = Rule::new("!isQuantity(string(self)) || !quantity(string(self)).isLessThan(quantity('1Ki'))").message("at least 1Ki; nothing at all would mean without a limit"))]
    pub size: Quantity,
}

impl Workload {
    /// How many pods it asks for while it is not suspended. Scheduled work has none of its own.
    pub fn wanted_replicas(&self) -> i32 {
        if self.schedule.is_some() { 0 } else { self.replicas.unwrap_or(1) }
    }
}
