//! Which host names of its own a tenant has.

use std::collections::BTreeMap;

use kube::ResourceExt;

use super::{TenantWorld, ValidTenant, order};
use crate::kinds::{Gateway, Platform, Tenant, TenantHost};
use crate::plan::conditions::Finding;
use crate::plan::{Stop, World, metadata};

/// The host names that a tenant has, and those that it names and has not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hosts {
    /// Those that it has.
    pub served: Vec<TenantHost>,
    /// Those that it has not. Each is left out by itself: the others are served.
    pub withheld: Vec<Withheld>,
}

/// A host name that a tenant names and has not.
#[derive(Debug, Clone, PartialEq)]
pub struct Withheld {
    /// The name.
    pub host: String,
    /// One word from a closed list.
    pub reason: &'static str,
    /// Why, and who can change it.
    pub message: String,
}

/// Of each host that `tenant` names and another tenant has: that tenant. A host stays with whoever
/// was given it, whoever names it later; between two that were not, the one created first gets it.
pub fn holders(tenant: &Tenant, world: &dyn World) -> BTreeMap<String, String> {
    let holder = |named: &TenantHost| {
        let turn = |other: &Tenant| {
            let found = world.namespace(&other.name_any()).filter(|found| found.id == Some(metadata::id(other)));
            let has = found.is_some_and(|found| found.hosts.iter().any(|host| *host == named.host.as_str()));
            (!has, order(other))
        };
        let others = world.tenants_of_host(&named.host).into_iter();
        let before = others.filter(|other| other.name_any() != tenant.name_any() && turn(other) < turn(tenant));
        before.min_by_key(|other| turn(other)).map(|holder| (named.host.to_string(), holder.name_any()))
    };
    tenant.spec.hosts.iter().filter_map(holder).collect()
}

/// Decides on each host by itself, so that one that cannot be served disturbs nobody.
pub fn hosts(tenant: &Tenant, platform: &Platform, holders: &BTreeMap<String, String>) -> Hosts {
    let domain = platform.spec.domain.as_str();
    let mut hosts = Hosts::default();
    for named in &tenant.spec.hosts {
        let host = named.host.as_str();
        let withheld = |reason, message| Withheld { host: host.to_owned(), reason, message };
        if host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')) {
            let message = format!(
                "host {host} lies in the platform's domain {domain}, where addresses are given by name alone; the province takes it out of Tenant spec.hosts"
            );
            hosts.withheld.push(withheld("HostInsideDomain", message));
        } else if let Some(holder) = holders.get(host) {
            let message = format!(
                "host {host} belongs to tenant {holder}, which has it already; the province takes it out of the one or the other's spec.hosts"
            );
            hosts.withheld.push(withheld("HostTaken", message));
        } else {
            hosts.served.push(named.clone());
        }
    }
    hosts
}

/// The gateways that a tenant's hosts are served at: those that an App's entry may choose.
pub fn gateways(platform: &Platform) -> Vec<Gateway> {
    let all = &platform.spec.gateways;
    let first = |gateway: &&Gateway| all.iter().find(|other| other.visibility == gateway.visibility) == Some(*gateway);
    all.iter().filter(first).cloned().collect()
}

/// Whether the tenant's own host names are served; none where it names none.
pub fn finding(tenant: &ValidTenant, world: &TenantWorld) -> Option<Finding> {
    const LAYER: &str = "HostsReady";
    let Hosts { served, withheld } = &tenant.hosts;
    if let Some(Stop { status, reason, message }) = &world.listening {
        return Some(Finding { type_: LAYER, status, reason, message: message.clone() });
    }
    if let Some(first) = withheld.first() {
        let all: Vec<&str> = withheld.iter().map(|host| host.message.as_str()).collect();
        return Some(Finding::no(LAYER, first.reason, all.join("; ")));
    }
    if served.is_empty() {
        return None;
    }
    if tenant.gateways.is_empty() {
        let message = "the platform has no gateway; the province adds one to Platform spec.gateways";
        return Some(Finding::no(LAYER, "NotConfigured", message));
    }
    let found = |gateway: &Gateway| world.listeners.get(gateway.name.as_str());
    let says = |gateway: &Gateway, what: &str| {
        let at = &gateway.gateway;
        format!("gateway {}/{} {what}", at.namespace, at.name)
    };
    for gateway in &tenant.gateways {
        match found(gateway) {
            Some(found) if found.served == Some(false) => {
                let message = says(gateway, &format!("refuses the listeners: {}", found.message));
                return Some(Finding::no(LAYER, "ListenerRefused", message));
            }
            Some(found) if found.served == Some(true) => {}
            _ => {
                let message = says(gateway, "has not answered for the listeners yet");
                return Some(Finding::no(LAYER, "ListenerPending", message));
            }
        }
    }
    Some(Finding::yes(LAYER, "Served", ""))
}
