//! Which ways out of the cluster an App has: those that it names and its tenant was given.

use kube::ResourceExt;

use crate::kinds::{Egress, Network, Tenant};

/// An App's ways out, and what it names that it has not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WaysOut {
    /// Those that are open.
    pub open: Vec<Egress>,
    /// Which are not there, which there are, and who can add one; none where nothing is missing.
    pub missing: Option<String>,
}

/// The ways out that a declaration names.
pub fn named(network: Option<&Network>) -> impl Iterator<Item = &str> {
    network.into_iter().flat_map(|network| &network.egress).map(|name| name.as_str())
}

/// Holds what an App names against what the province gave to its tenant. What is not there opens
/// nothing and takes nothing from the others.
pub fn ways_out<'a>(named: impl Iterator<Item = &'a str>, tenant: &Tenant) -> WaysOut {
    let given = |name: &str| tenant.spec.egress.iter().find(|egress| egress.name.as_str() == name);
    let (mut ways, mut unknown) = (WaysOut::default(), Vec::new());
    for name in named {
        match given(name) {
            Some(egress) => ways.open.push(egress.clone()),
            None => unknown.push(name),
        }
    }
    if !unknown.is_empty() {
        let has: Vec<&str> = tenant.spec.egress.iter().map(|egress| egress.name.as_str()).collect();
        let has = if has.is_empty() { "none".to_owned() } else { has.join(", ") };
        let (tenant, unknown) = (tenant.name_any(), unknown.join(", "));
        ways.missing = Some(format!(
            "tenant {tenant} has no way out named {unknown} (it has: {has}); the province adds it to Tenant spec.egress"
        ));
    }
    ways
}
