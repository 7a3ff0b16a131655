//! An App whose checks passed, with every absent field given its meaning.

use kube::ResourceExt;

use super::connections::{Connections, End, connections};
use super::entry::{EntryPlan, entry};
use super::hosts::{AppHosts, hosts, seat_hosts};
use super::source::{self, Declaration, Source};
use super::ways_out::{self, WaysOut, ways_out};
use super::{AppWorld, Running, Seat, checks, container, taken_back};
use crate::kinds::{App, Container, Suspended, TenantApp, Workload};
use crate::plan::{Refusal, metadata};

/// An App whose checks passed. Renderers take this and never the stored object.
#[derive(Debug, Clone)]
pub struct ValidApp {
    /// The App, for its metadata and what it says for itself alone.
    pub app: App,
    /// What it comes to, with its Blueprint.
    pub declared: Declaration,
    /// Its tenant and name.
    pub place: TenantApp,
    /// Its stable id.
    pub id: String,
    /// The tenant's division code, for the workload's environment.
    pub division: String,
    /// What its container gets; every figure is there.
    pub container: Container,
    /// Its permanent host name, where it asks for an address.
    pub host: Option<String>,
    /// Whether and how visitors come in.
    pub entry: EntryPlan,
    /// Its further host names, and what it asks for that it has not.
    pub hosts: AppHosts,
    /// Its connections and the state of each.
    pub connections: Connections,
    /// Its ways out of the cluster, and what it names that it has not.
    pub ways_out: WaysOut,
    /// Its seat, where it has one instead of a workload.
    pub seat: Option<Seat>,
    /// Why it is switched off: by its own word or its tenant's.
    pub suspended: Option<Suspended>,
}

impl ValidApp {
    /// Runs every check and fills in what tenant and Platform say for absent fields.
    ///
    /// # Errors
    /// The first check that refuses, in the order of the list.
    pub fn check(app: &App, world: &AppWorld) -> Result<Self, Refusal> {
        checks::ALL.iter().try_for_each(|check| check(app, world))?;
        let namespace = app.namespace().unwrap_or_default();
        let stranger = || Refusal::NotATenant { namespace: namespace.clone() };
        let tenant = world.tenant.as_deref().ok_or_else(stranger)?;
        let platform = world.platform.as_deref().ok_or(Refusal::NoPlatform)?;
        let defaults = checks::tenant_defaults(world)?;
        let place = place(app).ok_or_else(stranger)?;
        let declared = source::resolve(app, world.blueprint.as_deref())?;
        let address = || format!("{}--{}.{}", place.app, place.tenant, platform.spec.domain);
        Ok(Self {
            id: metadata::id(app),
            division: tenant.spec.division.to_string(),
            container: container(&declared.workload, &defaults),
            host: declared.entry.as_ref().map(|_| address()),
            entry: entry(&declared.source, declared.entry.as_ref(), declared.identity.as_ref(), platform),
            hosts: match &declared.source {
                Source::Seat(_) => seat_hosts(&declared),
                _ => hosts(&declared, tenant, platform, &world.host_holders),
            },
            connections: connections(&End::of(app, &place, &declared), &world.peers),
            ways_out: ways_out(ways_out::named(declared.network.as_ref()), tenant),
            seat: Seat::of(&declared.source, &tenant.spec.division.to_string(), world),
            suspended: taken_back::suspended(app, Some(tenant)).cloned(),
            app: app.clone(),
            declared,
            place,
        })
    }

    /// The App's name.
    pub fn name(&self) -> &str {
        &self.place.app
    }

    /// What runs for it, here or where its seat is.
    pub fn workload(&self) -> &Workload {
        &self.declared.workload
    }

    /// What runs for it alone; nothing where it is a seat.
    pub fn running(&self) -> Option<Running> {
        if self.seat.is_some() {
            return None;
        }
        let (app, tenant) = (self.place.app.to_string(), self.place.tenant.to_string());
        let given = [("YIPAN_APP", app.clone()), ("YIPAN_TENANT", tenant), ("YIPAN_DIVISION", self.division.clone())];
        let host = self.host.iter().map(|host| ("YIPAN_HOST", host.clone()));
        Some(Running {
            common: metadata::of_app(&self.app, &app),
            name: app.clone(),
            blueprint: self.declared.source.blueprint().cloned(),
            source: self.declared.source.clone(),
            workload: self.workload().clone(),
            container: self.container.clone(),
            given: given.into_iter().chain(host).collect(),
            secrets: app,
            restarted_at: self.app.spec.restarted_at.clone(),
            gateway: self.entry.gateway().cloned(),
            connections: self.connections.clone(),
            ways_out: self.ways_out.clone(),
            suspended: self.suspended.clone(),
        })
    }
}

/// The App's tenant and name, as types that hold their form.
pub(super) fn place(app: &App) -> Option<TenantApp> {
    let tenant = app.namespace()?.try_into().ok()?;
    Some(TenantApp { tenant, app: app.name_any().try_into().ok()? })
}
