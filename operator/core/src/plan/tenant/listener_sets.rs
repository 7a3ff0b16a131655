//! Listeners for a tenant's own host names.

use super::ValidTenant;
use crate::gateway_api::{
    AllowedRoutes, CertificateRef, ListenerEntry, ListenerSet, ListenerSetSpec, ListenerTls, ParentGateway,
    RouteNamespaces,
};
use crate::kinds::{Gateway, TenantHost};
use crate::plan::{labels, metadata};

/// Where the world reaches `https://`.
const HTTPS: i32 = 443;

/// One ListenerSet for each gateway, with a listener for each of the tenant's hosts; none where it has
/// no hosts.
///
/// They stand beside the gateway's own listeners, so no tenant's change touches another's, and the 64
/// listeners of a Gateway are no bound for a province. They lie in Yipan's own namespace, where the
/// certificates are: no tenant can read the one or write the other. Only the tenant's routes are taken.
pub fn listener_sets(tenant: &ValidTenant) -> Vec<ListenerSet> {
    if tenant.hosts.served.is_empty() {
        return Vec::new();
    }
    tenant.gateways.iter().map(|gateway| listener_set(tenant, gateway)).collect()
}

fn listener_set(tenant: &ValidTenant, gateway: &Gateway) -> ListenerSet {
    let parent = &gateway.gateway;
    ListenerSet {
        metadata: metadata::of_listener_set(&tenant.name, &gateway.name),
        spec: ListenerSetSpec {
            parent_ref: ParentGateway {
                group: "gateway.networking.k8s.io".to_owned(),
                kind: "Gateway".to_owned(),
                namespace: parent.namespace.to_string(),
                name: parent.name.to_string(),
            },
            listeners: tenant.hosts.served.iter().map(|host| listener(tenant, host)).collect(),
        },
    }
}

/// A listener is named like its host: the routes find it by that.
fn listener(tenant: &ValidTenant, host: &TenantHost) -> ListenerEntry {
    let certificate =
        CertificateRef { group: String::new(), kind: "Secret".to_owned(), name: host.certificate_secret.to_string() };
    ListenerEntry {
        name: host.host.to_string(),
        hostname: host.host.to_string(),
        port: HTTPS,
        protocol: "HTTPS".to_owned(),
        tls: ListenerTls { mode: "Terminate".to_owned(), certificate_refs: vec![certificate] },
        allowed_routes: AllowedRoutes {
            namespaces: RouteNamespaces { from: "Selector".to_owned(), selector: labels::namespace(&tenant.name) },
        },
    }
}
