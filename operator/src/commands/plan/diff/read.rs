//! What a cluster holds of ours, read in pages and reduced to what decisions need.

use std::sync::Arc;

use kube::api::{DynamicObject, ListParams};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde_json::Value;
use yipan_core::kinds::{App, Blueprint, Platform, Tenant};
use yipan_core::plan::quota::{self, QuotaFound};
use yipan_core::plan::{Declared, Kind, NamespaceFound, labels, metadata};

use crate::commands::listing;

/// What a cluster holds.
pub struct Cluster {
    /// What is declared there, and of the rest what decisions need.
    pub declared: Declared,
    /// Tenants that are stored and cannot be read.
    pub unreadable_tenants: Vec<String>,
    /// Objects that decisions need and that are compared too, whole: one or two a tenant.
    pub held: Vec<(Kind, Value)>,
}

/// Reads all that a decision may depend on.
///
/// # Errors
/// A right is missing, the API server does not answer, or the Platform cannot be read.
pub async fn cluster(client: &Client) -> anyhow::Result<Cluster> {
    let (mut declared, mut held) = (Declared::default(), Vec::new());
    let (platforms, broken) = listing::readable::<Platform>(client).await?;
    anyhow::ensure!(
        broken.is_empty(),
        "the stored Platform cannot be read, and the operator waits; correct it with `kubectl edit`"
    );
    declared.platform = platforms.into_iter().next().map(without_fields);
    let (tenants, broken) = listing::readable::<Tenant>(client).await?;
    let unreadable_tenants = broken.into_iter().map(|(_, name)| name).collect();
    declared.tenants = tenants.into_iter().map(|tenant| (tenant.name_any(), without_fields(tenant))).collect();
    let (blueprints, broken) = listing::readable::<Blueprint>(client).await?;
    declared.unreadable_blueprints = broken.into_iter().map(|(_, name)| name).collect();
    declared.blueprints = blueprints.into_iter().map(|found| (found.name_any(), without_fields(found))).collect();
    let (apps, broken) = listing::readable::<App>(client).await?;
    declared.unreadable = broken.into_iter().collect();
    let place = |app: &App| (app.namespace().unwrap_or_default(), app.name_any());
    declared.apps = apps.into_iter().map(|app| (place(&app), without_fields(app))).collect();
    each(client, Kind::Namespace, |object| {
        if let Some(name) = object.pointer("/metadata/name").and_then(Value::as_str) {
            declared.namespaces.insert(name.to_owned(), NamespaceFound::read(&object));
        }
        // Those of others are compared with nothing.
        if object.pointer(&format!("/metadata/labels/{}", labels::TENANT.replace('/', "~1"))).is_some() {
            held.push((Kind::Namespace, object));
        }
    })
    .await?;
    each(client, Kind::ResourceQuota, |object| {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        if text("/metadata/name") == quota::NAME {
            declared.quotas.insert(text("/metadata/namespace").to_owned(), QuotaFound::read(&object));
        }
        held.push((Kind::ResourceQuota, object));
    })
    .await?;
    Ok(Cluster { declared, unreadable_tenants, held })
}

/// A declaration without what says who wrote which field: it is half of it, and nobody asks.
fn without_fields<K: Resource>(mut object: K) -> Arc<K> {
    object.meta_mut().managed_fields = None;
    Arc::new(object)
}

/// Hands over every stored object of a kind that carries our label; every namespace, whoever made it.
///
/// # Errors
/// A right is missing, or the API server does not answer.
pub async fn each(client: &Client, kind: Kind, mut visit: impl FnMut(Value)) -> anyhow::Result<()> {
    let ours = format!("{}={}", labels::MANAGED_BY, labels::YIPAN);
    let params = match kind {
        Kind::Namespace => ListParams::default(),
        _ => ListParams::default().labels(&ours),
    };
    let resource = kind.resource();
    let api = match kind {
        Kind::ListenerSet => Api::namespaced_with(client.clone(), metadata::SYSTEM_NAMESPACE, &resource),
        _ => Api::<DynamicObject>::all_with(client.clone(), &resource),
    };
    let whole = |object: DynamicObject| visit(serde_json::to_value(object).unwrap_or(Value::Null));
    listing::each(&api, &resource, params, whole).await
}

/// One stored object, whoever made it.
///
/// # Errors
/// A right is missing, or the API server does not answer.
pub async fn one(client: &Client, kind: Kind, place: &str, name: &str) -> anyhow::Result<Option<Value>> {
    let resource = kind.resource();
    let api: Api<DynamicObject> = match kind {
        Kind::Namespace => Api::all_with(client.clone(), &resource),
        Kind::ListenerSet => Api::namespaced_with(client.clone(), metadata::SYSTEM_NAMESPACE, &resource),
        _ => Api::namespaced_with(client.clone(), place, &resource),
    };
    match api.get_opt(name).await {
        Ok(found) => Ok(found.map(serde_json::to_value).transpose()?),
        Err(error) => Err(listing::explained(error, "get", &resource)),
    }
}
