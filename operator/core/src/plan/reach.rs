//! Who can reach whom: what `yipan plan` shows before anything is applied.

use super::app::ValidApp;

/// One way through the fences.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// A gateway or an App, as `<tenant>/<app>`.
    pub from: String,
    /// The App that is reached.
    pub to: String,
    /// The TCP port.
    pub port: i32,
    /// What for: the purpose the consumer gave, or the address.
    pub purpose: String,
}

/// Every way that is open towards `app` by its entry, and from it by its uses.
pub fn reach(app: &ValidApp) -> Vec<Path> {
    let entry = app.entry.gateway().zip(app.workload().port).map(|(gateway, port)| Path {
        from: format!("gateway {}", gateway.name),
        to: app.place.to_string(),
        port,
        purpose: app.host.clone().unwrap_or_default(),
    });
    let granted = app.connections.uses.iter().filter(|used| used.missing.is_none());
    let uses = granted.flat_map(|used| {
        used.uses.ports.iter().map(|port| Path {
            from: app.place.to_string(),
            to: used.uses.app.to_string(),
            port: *port,
            purpose: used.uses.purpose.to_string(),
        })
    });
    entry.into_iter().chain(uses).collect()
}
