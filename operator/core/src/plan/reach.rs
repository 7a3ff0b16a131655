//! Who can reach whom: what `yipan plan` shows before anything is applied.

use super::app::ValidApp;
use crate::kinds::Protocol;

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
        to: app.place.to_string(),
        port,
        purpose: hosts.join(", "),
    });
    let granted = app.connections.uses.iter().filter(|used| used.missing.is_none());
    let uses = granted.flat_map(|used| {
        used.uses.ports.iter().map(|port| Path {
            from: app.place.to_string(),
            to: used.to.to_string(),
            port: *port,
            purpose: used.uses.purpose.to_string(),
        })
    });
    let out = app.ways_out.open.iter().flat_map(|egress| {
        egress.ports.iter().map(|port| Path {
            from: app.place.to_string(),
            to: match port.protocol {
                Protocol::TCP => egress.cidr.to_string(),
                Protocol::UDP => format!("{} (UDP)", egress.cidr),
            },
            port: port.port,
            purpose: format!("way out {}", egress.name),
        })
    });
    entry.into_iter().chain(uses).chain(out).collect()
}
