//! A tenant whose checks passed, with every absent field given its meaning.

use std::collections::BTreeMap;

use kube::ResourceExt;

use super::hosts::{self, Hosts};
use super::standing::{Standing, standing};
use super::{TenantWorld, checks};
use crate::kinds::{
    Amounts, Container, Egress, Gateway, Granted, Level, LevelDefaults, Member, NetworkDefaults, Platform, Tenant,
};
use crate::plan::{Refusal, labels, metadata};

/// A tenant whose checks passed. Renderers take this and never the stored object.
#[derive(Debug, Clone)]
pub struct ValidTenant {
    /// Its name, also its namespace's.
    pub name: String,
    /// The stable id.
    pub id: String,
    /// What it is.
    pub level: Level,
    /// Its protection level: its own or, where it names none, its level's.
    pub protection_level: i32,
    /// What it asks for; every figure is there.
    pub asked: Granted,
    /// What it was granted of that, and what it gives.
    pub standing: Standing,
    /// What a container gets that asks for nothing.
    pub container: Container,
    /// Where its images may come from.
    pub registries: Vec<String>,
    /// The cluster's name service.
    pub dns: NameService,
    /// What every pod of every tenant may reach outside of the cluster.
    pub egress_for_all: Vec<Egress>,
    /// Who may write.
    pub administrators: Vec<Member>,
    /// Who may read.
    pub viewers: Vec<Member>,
    /// Its own host names.
    pub hosts: Hosts,
    /// The gateways where these are served.
    pub gateways: Vec<Gateway>,
}

/// Where the cluster's names are resolved.
#[derive(Debug, Clone)]
pub struct NameService {
    /// The namespace of its pods.
    pub namespace: String,
    /// The labels of its pods.
    pub labels: BTreeMap<String, String>,
    /// Node-local caches.
    pub cidrs: Vec<String>,
}

impl ValidTenant {
    /// Runs every check, fills in what the Platform says for absent fields, and settles the quota.
    ///
    /// # Errors
    /// The first check that refuses, in the order of the list; or its parent gives it nothing yet.
    pub fn check(tenant: &Tenant, world: &TenantWorld) -> Result<Self, Refusal> {
        checks::all(tenant, world)?;
        let platform = world.platform.as_deref().ok_or(Refusal::NoPlatform)?;
        let Defaults { asked, protection_level, container, registries } = Defaults::of(tenant, platform)?;
        let spec = &tenant.spec;
        Ok(Self {
            name: tenant.name_any(),
            id: metadata::id(tenant),
            level: spec.level,
            protection_level,
            standing: standing(tenant, world, &asked)?,
            asked,
            container,
            registries,
            dns: dns(platform.spec.network.as_ref()),
            egress_for_all: platform.spec.network.iter().flat_map(|network| network.egress.clone()).collect(),
            administrators: spec.administrators.clone(),
            viewers: spec.viewers.clone(),
            hosts: hosts::hosts(tenant, platform, &world.host_holders),
            gateways: hosts::gateways(platform),
        })
    }
}

/// What a tenant means by what it leaves open: all that an App has to know of its tenant, which
/// waits for the tenant's fence by itself.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// What it asks for; every figure is there.
    pub asked: Granted,
    /// Its protection level: its own or, where it names none, its level's.
    pub protection_level: i32,
    /// What a container gets that asks for nothing.
    pub container: Container,
    /// Where its images may come from.
    pub registries: Vec<String>,
}

impl Defaults {
    /// Fills in what the Platform says for absent fields, without checking the rest.
    ///
    /// # Errors
    /// The Platform has no defaults for the level.
    pub fn of(tenant: &Tenant, platform: &Platform) -> Result<Self, Refusal> {
        let level = level_defaults(platform, tenant.spec.level)?;
        Ok(Self {
            asked: asked(tenant, level),
            protection_level: tenant.spec.protection_level.unwrap_or(level.protection_level),
            container: level.container.clone(),
            registries: registries(tenant, platform),
        })
    }
}

/// What the Platform says for a level.
pub(super) fn level_defaults(platform: &Platform, level: Level) -> Result<&LevelDefaults, Refusal> {
    let found = platform.spec.levels.iter().find(|defaults| defaults.level == level);
    found.ok_or(Refusal::LevelNotConfigured { level: level.as_str() })
}

/// What the tenant asks for: its own figures where it names some, else the level's.
pub(super) fn asked(tenant: &Tenant, level: &LevelDefaults) -> Granted {
    let asked = tenant.spec.quota.clone().unwrap_or_default();
    Granted {
        total: overlay(asked.total.unwrap_or_default(), &level.quota.total),
        own: overlay(asked.own.unwrap_or_default(), &level.quota.own),
        round: None,
    }
}

fn overlay(asked: Amounts, level: &Amounts) -> Amounts {
    Amounts {
        cpu: asked.cpu.or_else(|| level.cpu.clone()),
        memory: asked.memory.or_else(|| level.memory.clone()),
        storage: asked.storage.or_else(|| level.storage.clone()),
        apps: asked.apps.or(level.apps),
    }
}

/// Where a tenant's images may come from: its own list, or its folder and the common one of each
/// registry of the Platform.
fn registries(tenant: &Tenant, platform: &Platform) -> Vec<String> {
    let name = tenant.name_any();
    match &tenant.spec.registries {
        Some(own) => own.iter().map(|registry| registry.to_string()).collect(),
        None => {
            let folders = |registry| [format!("{registry}/{name}"), format!("{registry}/common")];
            platform.spec.registries.iter().flat_map(folders).collect()
        }
    }
}

/// The Platform's name service, or the place where every cluster installer puts it.
fn dns(network: Option<&NetworkDefaults>) -> NameService {
    match network.map(|network| &network.dns) {
        Some(dns) => NameService {
            namespace: dns.namespace.to_string(),
            labels: labels::written(&dns.labels),
            cidrs: dns.cidrs.iter().map(|cidr| cidr.to_string()).collect(),
        },
        None => NameService {
            namespace: "kube-system".to_owned(),
            labels: labels::map([("k8s-app", "kube-dns")]),
            cidrs: Vec::new(),
        },
    }
}
