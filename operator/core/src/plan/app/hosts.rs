//! Which further host names an App has: those that it asks for and its tenant has.

use std::collections::BTreeMap;

use kube::ResourceExt;

use super::source::Declaration;
use crate::kinds::{Platform, Tenant};
use crate::plan::tenant;

/// An App's further host names, and what it asks for that it has not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AppHosts {
    /// Those that it has.
    pub open: Vec<String>,
    /// Which are not there, why, and who can change it; none where nothing is missing.
    pub missing: Option<String>,
}

/// Holds what the App asks for against what its tenant has. `holders` are the earlier tenants that
/// name one of its hosts. What is not there takes nothing from the others.
pub fn hosts(
    declared: &Declaration,
    tenant: &Tenant,
    platform: &Platform,
    holders: &BTreeMap<String, String>,
) -> AppHosts {
    let asked = declared.entry.iter().flat_map(|entry| &entry.hosts);
    let of_tenant = tenant::hosts(tenant, platform, holders);
    let has: Vec<&str> = of_tenant.served.iter().map(|served| served.host.as_str()).collect();
    let (mut hosts, mut missing) = (AppHosts::default(), Vec::new());
    for host in asked {
        let withheld = of_tenant.withheld.iter().find(|withheld| withheld.host == host.as_str());
        match withheld {
            Some(withheld) => missing.push(withheld.message.clone()),
            None if has.contains(&host.as_str()) => hosts.open.push(host.to_string()),
            None => missing.push(format!(
                "host {host} is none of tenant {} (it has: {}); the province adds it to Tenant spec.hosts, or take it out of spec.entry.hosts",
                tenant.name_any(),
                if has.is_empty() { "none".to_owned() } else { has.join(", ") }
            )),
        }
    }
    hosts.missing = (!missing.is_empty()).then(|| missing.join("; "));
    hosts
}

/// The further hosts of a seat: none. A tenant's listeners take routes of its own namespace alone, and a
/// seat's route lies in its Blueprint's owner's.
pub fn seat_hosts(declared: &Declaration) -> AppHosts {
    let asked = declared.entry.iter().flat_map(|entry| &entry.hosts).map(|host| host.to_string()).collect::<Vec<_>>();
    let missing = (!asked.is_empty()).then(|| {
        let asked = asked.join(", ");
        format!(
            "a seat of a Shared Blueprint has no further hosts, so {asked} is not served; take spec.entry.hosts out"
        )
    });
    AppHosts { open: Vec::new(), missing }
}
