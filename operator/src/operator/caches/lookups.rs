//! The caches as the world that decisions look things up in.

use std::sync::Arc;

use kube::runtime::reflector::ObjectRef;
use yipan_core::kinds::{App, Blueprint, Platform, Tenant};
use yipan_core::plan::quota::{self, QuotaFound};
use yipan_core::plan::{Kind, ListenersFound, NamespaceFound, RouteFound, WorkloadFound, World, metadata};

use super::declared::{BLUEPRINT, CARRIES, DIVISION, HOST, ID, NAMESPACE, OWNER, PARENT, PREDECESSOR};
use super::{Caches, Found};

/// Answers from the caches.
pub struct Lookups<'a>(pub &'a Caches);

impl World for Lookups<'_> {
    fn platform(&self) -> Option<Arc<Platform>> {
        self.0.platforms.get(&ObjectRef::new("platform"))?.0.clone().ok()
    }

    fn tenant(&self, name: &str) -> Option<Arc<Tenant>> {
        self.0.tenants.get(&ObjectRef::new(name))?.0.clone().ok()
    }

    fn tenants_of_division(&self, significant: &str) -> Vec<Arc<Tenant>> {
        self.0.index.get(DIVISION, significant).iter().filter_map(|name| self.tenant(name)).collect()
    }

    fn successors(&self, predecessor: &str) -> Vec<Arc<Tenant>> {
        self.0.index.get(PREDECESSOR, predecessor).iter().filter_map(|name| self.tenant(name)).collect()
    }

    fn tenants_of_id(&self, id: &str) -> Vec<Arc<Tenant>> {
        let by_themselves = self.0.index.get(ID, id).into_iter().filter_map(|name| self.tenant(&name));
        let by_namespace = self.0.index.get(CARRIES, id).into_iter().filter_map(|name| self.tenant(&name));
        by_themselves.filter(|tenant| metadata::id(tenant.as_ref()) == id).chain(by_namespace).collect()
    }

    fn children(&self, parent: &str) -> Vec<String> {
        self.0.index.get(PARENT, parent)
    }

    fn app(&self, namespace: &str, name: &str) -> Option<Arc<App>> {
        self.0.apps.get(&ObjectRef::new(name).within(namespace))?.0.clone().ok()
    }

    fn is_unreadable(&self, namespace: &str, name: &str) -> bool {
        let found = self.0.apps.get(&ObjectRef::new(name).within(namespace));
        found.is_some_and(|found| found.0.is_err())
    }

    fn blueprint(&self, name: &str) -> Option<Arc<Blueprint>> {
        self.0.blueprints.get(&ObjectRef::new(name))?.0.clone().ok()
    }

    fn is_blueprint_unreadable(&self, name: &str) -> bool {
        self.0.blueprints.get(&ObjectRef::new(name)).is_some_and(|found| found.0.is_err())
    }

    fn apps_of(&self, blueprint: &str) -> Vec<String> {
        self.0.index.get(BLUEPRINT, blueprint)
    }

    fn apps(&self, namespace: &str) -> Vec<String> {
        let places = self.0.index.get(NAMESPACE, namespace);
        places.iter().filter_map(|place| place.split_once('/')).map(|(_, name)| name.to_owned()).collect()
    }

    fn blueprints_of(&self, owner: &str) -> Vec<String> {
        self.0.index.get(OWNER, owner)
    }

    fn namespace(&self, name: &str) -> Option<NamespaceFound> {
        match self.0.children.get(name, Kind::Namespace, name)?.found {
            Found::Namespace(found) => Some(found),
            _ => None,
        }
    }

    fn quota(&self, namespace: &str) -> Option<QuotaFound> {
        match self.0.children.get(namespace, Kind::ResourceQuota, quota::NAME)?.found {
            Found::Quota(found) => Some(*found),
            _ => None,
        }
    }

    fn workload(&self, namespace: &str, name: &str) -> Option<WorkloadFound> {
        let either = [Kind::Deployment, Kind::CronJob].into_iter();
        let child = either.filter_map(|kind| self.0.children.get(namespace, kind, name)).next()?;
        match child.found {
            Found::Workload(found) => Some(WorkloadFound { trouble: self.0.pods.trouble(namespace, name), ..found }),
            _ => None,
        }
    }

    fn tenants_of_host(&self, host: &str) -> Vec<Arc<Tenant>> {
        self.0.index.get(HOST, host).iter().filter_map(|name| self.tenant(name)).collect()
    }

    fn listeners(&self, tenant: &str, gateway: &str) -> Option<ListenersFound> {
        let name = metadata::listener_set_name(tenant, gateway);
        match self.0.children.get(tenant, Kind::ListenerSet, &name)?.found {
            Found::Listeners(found) => Some(found),
            _ => None,
        }
    }

    fn route(&self, namespace: &str, name: &str) -> Option<RouteFound> {
        match self.0.children.get(namespace, Kind::HTTPRoute, name)?.found {
            Found::Route(found) => Some(found),
            _ => None,
        }
    }
}
