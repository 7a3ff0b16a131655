//! How the operator runs.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};

use super::fair_queue::Limits;
use super::leader::Clock;
use super::requests::Requests;

/// How the operator runs.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Where /livez, /readyz and /metrics are served.
    #[arg(long, env = "YIPAN_ADDRESS", default_value = "0.0.0.0:8080")]
    pub address: SocketAddr,
    /// The namespace of the operator itself, where its Lease lies.
    #[arg(long, env = "YIPAN_NAMESPACE", default_value = "yipan-system")]
    pub namespace: String,
    /// The Lease that the leader holds.
    #[arg(long, default_value = "yipan")]
    pub lease: String,
    /// Under which name this replica asks for the Lease; the pod's name in a cluster.
    #[arg(long, env = "POD_NAME")]
    pub identity: Option<String>,
    /// How many objects are worked on at once.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub concurrency: u16,
    /// How many of them may be Apps of one tenant, so that it cannot hold up the others.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub concurrency_per_tenant: u16,
    /// How log lines are written.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// By what it trusts its leadership.
    #[arg(skip)]
    pub clock: Clock,
    /// What it has asked of the API server.
    #[arg(skip)]
    pub requests: Requests,
}

impl Options {
    /// How many passes may be under way at once.
    pub(super) fn limits(&self) -> Limits {
        Limits { all: self.concurrency.into(), each: self.concurrency_per_tenant.into() }
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}
