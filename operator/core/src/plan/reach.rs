//! Who can reach whom: what `yipan plan` shows before anything is applied.

use super::app::{Pods, Running, ValidApp};
use crate::kinds::{Protocol, TenantName};

/// One way through the fences.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// A gateway or an App, as `<tenant>/<app>`.
    pub from: String,
    /// The App that is reached, or the range of addresses outside of the cluster.
    pub to: String,
    /// The port; a TCP port where `to` does not say otherwise.
    pub port: i32,
    /// What for: the purpose the consumer gave, or the addresses.
    pub purpose: String,
}

/// Every way that is open towards `app` by its entry, and from it by its uses and out of the cluster.
pub fn reach(app: &ValidApp) -> Vec<Path> {
    let hosts: Vec<&str> = app.host.iter().chain(&app.hosts.open).map(String::as_str).collect();
    let entry = app.entry.gateway().zip(app.workload().port).map(|(gateway, port)| Path {
        from: format!("gateway {}", gateway.name),
        to: match &app.seat {
            Some(seat) => Pods::Blueprint(seat.blueprint.clone(), Some(seat.owner.clone())).to_string(),
            None => app.place.to_string(),
        },
        port,
        purpose: hosts.join(", "),
    });
    let onwards = app.running().map(|run| onwards(&app.place.to_string(), &run)).unwrap_or_default();
    entry.into_iter().chain(onwards).collect()
}

/// Every way that is open from what a Shared Blueprint runs. The ways to it are its seats' entries, and the
/// uses of those that it serves.
pub fn reach_of_shared(owner: &TenantName, run: &Running) -> Vec<Path> {
    let from = run.blueprint.clone().map(|name| Pods::Blueprint(name, Some(owner.clone())).to_string());
    onwards(&from.unwrap_or_default(), run)
}

/// Every way that is open from what runs, by its uses and out of the cluster.
fn onwards(from: &str, run: &Running) -> Vec<Path> {
    let granted = run.connections.uses.iter().filter(|used| used.missing.is_none());
    let uses = granted.flat_map(|used| {
        used.uses.ports.iter().map(|port| Path {
            from: from.to_owned(),
            to: used.to.to_string(),
            port: *port,
            purpose: used.uses.purpose.to_string(),
        })
    });
    let out = run.ways_out.open.iter().flat_map(|egress| {
        egress.ports.iter().map(|port| Path {
            from: from.to_owned(),
            to: match port.protocol {
                Protocol::TCP => egress.cidr.to_string(),
                Protocol::UDP => format!("{} (UDP)", egress.cidr),
            },
            port: port.port,
            purpose: format!("way out {}", egress.name),
        })
    });
    uses.chain(out).collect()
}
