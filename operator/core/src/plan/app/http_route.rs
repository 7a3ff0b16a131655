//! An App's address.

use super::{Seat, ValidApp};
use crate::gateway_api::{
    BackendRef, HTTPRoute, HttpRouteMatch, HttpRouteRule, HttpRouteSpec, ParentReference, PathMatch, Timeouts,
};
use crate::plan::metadata;

/// Binds the App's permanent host name to its Service, where the entry is open.
///
/// A suspended App keeps its route: its name stays taken, and the gateway answers that nobody is
/// there instead of that there is no such place.
pub fn http_route(app: &ValidApp) -> Option<HTTPRoute> {
    let (gateway, host, rule) = (&app.entry.gateway()?.gateway, app.host.clone()?, rule(app)?);
    let metadata = match &app.seat {
        // The Service lies there, and a route leads to none elsewhere unasked.
        Some(seat) => metadata::of_seat(&app.app, &seat.owner),
        None => metadata::of_app(&app.app, app.name()),
    };
    Some(HTTPRoute {
        metadata,
        spec: HttpRouteSpec {
            parent_refs: vec![ParentReference {
                group: "gateway.networking.k8s.io".to_owned(),
                kind: "Gateway".to_owned(),
                namespace: gateway.namespace.to_string(),
                name: gateway.name.to_string(),
                section_name: gateway.listener.to_string(),
            }],
            hostnames: vec![host],
            rules: vec![rule],
        },
        status: None,
    })
}

/// Every request goes to the App's Service, or to the one that its seat is at.
pub(super) fn rule(app: &ValidApp) -> Option<HttpRouteRule> {
    let timeout = app.declared.entry.as_ref().and_then(|entry| entry.timeout_seconds);
    let backend = BackendRef {
        group: String::new(),
        kind: "Service".to_owned(),
        name: app.seat.as_ref().map_or_else(|| app.name().to_owned(), |seat| seat.service(app.suspended.is_some())),
        port: app.workload().port?,
        weight: 1,
    };
    Some(HttpRouteRule {
        matches: vec![HttpRouteMatch { path: PathMatch { type_: "PathPrefix".to_owned(), value: "/".to_owned() } }],
        filters: app.seat.iter().map(Seat::filter).collect(),
        backend_refs: vec![backend],
        timeouts: timeout.map(|seconds| Timeouts { request: format!("{seconds}s") }),
    })
}
