//! An App's further host names.

use kube::ResourceExt;

use super::ValidApp;
use super::http_route::rule;
use crate::gateway_api::{HTTPRoute, HttpRouteSpec, ParentReference};
use crate::kinds::App;
use crate::plan::metadata;

/// Binds the App's further host names to its Service, each at the listener of its name; nothing where
/// it has none.
///
/// It is a route of its own, so that the permanent address is never touched by what becomes of these:
/// a certificate that has run out, a name that the province takes back.
pub fn hosts_route(app: &ValidApp) -> Option<HTTPRoute> {
    let gateway = app.entry.gateway()?;
    let (hosts, rule) = (&app.hosts.open, rule(app)?);
    let listener = |host: &String| ParentReference {
        group: "gateway.networking.k8s.io".to_owned(),
        kind: "ListenerSet".to_owned(),
        namespace: metadata::SYSTEM_NAMESPACE.to_owned(),
        name: metadata::listener_set_name(&app.place.tenant, &gateway.name),
        section_name: host.clone(),
    };
    (!hosts.is_empty()).then(|| HTTPRoute {
        metadata: metadata::of_app(&app.app, &hosts_route_name(&app.app)),
        spec: HttpRouteSpec {
            parent_refs: hosts.iter().map(listener).collect(),
            hostnames: hosts.clone(),
            rules: vec![rule],
        },
        status: None,
    })
}

/// The route's name.
pub fn hosts_route_name(app: &App) -> String {
    format!("{}--{}", app.name_any(), metadata::HOSTS)
}
