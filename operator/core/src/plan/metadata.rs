//! The only maker of `ObjectMeta`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::{Resource, ResourceExt};

use super::{Kind, labels};
use crate::kinds::{App, Blueprint, Id};

/// How many digits of the uid make an id.
const ID_DIGITS: usize = 10;

/// The stable id of an object: the label where it holds an id, else what the label will be. The
/// label comes first because a restored object has another uid.
pub fn id<K: Resource>(object: &K) -> String {
    match object.labels().get(labels::ID).and_then(|label| Id::try_from(label.clone()).ok()) {
        Some(id) => id.to_string(),
        None => {
            let uid = object.meta().uid.as_deref().unwrap_or_default();
            uid.chars().filter(char::is_ascii_hexdigit).take(ID_DIGITS).collect()
        }
    }
}

/// How the names of a tenant's own objects begin. No App's object can: names hold no `--` at
/// their beginning, and no App is called `yipan`'s.
pub const TENANT_PREFIX: &str = "yipan--";

/// Metadata of an object that belongs to a tenant's namespace itself.
pub fn of_tenant(namespace: &str, name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(namespace.to_owned()),
        labels: Some(labels::map([(labels::MANAGED_BY, labels::YIPAN)])),
        ..Default::default()
    }
}

/// The namespace of Yipan itself, where what concerns several tenants lies.
pub const SYSTEM_NAMESPACE: &str = "yipan-system";

/// The name of a tenant's listeners at one of the Platform's gateways. Neither name holds a `--`.
pub fn listener_set_name(tenant: &str, gateway: &str) -> String {
    format!("{tenant}--{gateway}")
}

/// The tenant of listeners, by their name: it stays when labels are taken off.
pub fn tenant_of_listener_set(name: &str) -> &str {
    name.split_once("--").map_or(name, |(tenant, _)| tenant)
}

/// Metadata of a tenant's listeners, which lie in Yipan's own namespace beside their certificates.
pub fn of_listener_set(tenant: &str, gateway: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(listener_set_name(tenant, gateway)),
        namespace: Some(SYSTEM_NAMESPACE.to_owned()),
        labels: Some(labels::map([(labels::MANAGED_BY, labels::YIPAN), (labels::TENANT, tenant)])),
        ..Default::default()
    }
}

/// Where an object is kept: a Namespace within itself, a ListenerSet with its tenant.
pub fn place_of<'a>(kind: Kind, namespace: Option<&'a str>, name: &'a str) -> &'a str {
    match kind {
        Kind::Namespace => name,
        Kind::ListenerSet => tenant_of_listener_set(name),
        _ => namespace.unwrap_or_default(),
    }
}

/// Metadata of an object that belongs to an App and goes with it. `app` is one, or what is left of one
/// that cannot be read.
pub fn of_app<K: Resource>(app: &K, name: &str) -> ObjectMeta {
    let owner = OwnerReference {
        api_version: App::api_version(&()).into_owned(),
        kind: App::kind(&()).into_owned(),
        name: app.name_any(),
        uid: app.uid().unwrap_or_default(),
        controller: Some(true),
        // Nothing of ours holds up a foreground deletion of the App.
        block_owner_deletion: None,
    };
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: app.namespace(),
        labels: Some(app_labels(app)),
        owner_references: Some(vec![owner]),
        ..Default::default()
    }
}

/// The labels of an App's objects and pods.
pub fn app_labels<K: Resource>(app: &K) -> std::collections::BTreeMap<String, String> {
    labels::map([(labels::MANAGED_BY, labels::YIPAN), (labels::NAME, &app.name_any()), (labels::APP_ID, &id(app))])
}

/// How the names of a Shared Blueprint's objects begin. No App's do: its name has three characters at least,
/// and holds no `--`.
const BLUEPRINT_PREFIX: &str = "bp--";

/// The name of a Shared Blueprint's workload, in its owner's namespace.
pub fn shared_name(blueprint: &str) -> String {
    format!("{BLUEPRINT_PREFIX}{blueprint}")
}

/// The Blueprint of an object, by the object's name: `bp--realestate`, `bp--realestate--entry`.
pub fn blueprint_of(name: &str) -> Option<&str> {
    name.strip_prefix(BLUEPRINT_PREFIX)?.split("--").next()
}

/// The name of a seat's route, in the namespace of the Blueprint's owner.
pub fn seat_route_name(app: &str, tenant: &str) -> String {
    format!("{app}--{tenant}")
}

/// How the names end of the routes of an App's own further hosts. No tenant is called so.
pub const HOSTS: &str = "hosts";

/// The tenant and the App of a seat's route, by its name; none for the routes of an App with a workload of
/// its own.
pub fn seat_of_route(name: &str) -> Option<(&str, &str)> {
    let (app, tenant) = name.split_once("--")?;
    (tenant != HOSTS).then_some((tenant, app))
}

/// Metadata of a seat's route. It lies in another namespace than its App, so no owner reference may name
/// that: Kubernetes would delete the route at once.
pub fn of_seat(app: &App, owner: &str) -> ObjectMeta {
    let tenant = app.namespace().unwrap_or_default();
    let whose = (labels::TENANT.to_owned(), tenant.clone());
    ObjectMeta {
        name: Some(seat_route_name(&app.name_any(), &tenant)),
        namespace: Some(owner.to_owned()),
        labels: Some(app_labels(app).into_iter().chain([whose]).collect()),
        ..Default::default()
    }
}

/// Metadata, but for what follows the name, of what a Shared Blueprint runs in its owner's namespace. No
/// owner reference: a deletion in the foreground would take the workload away while seats still hold the
/// Blueprint, and one that is restored under another uid would lose it.
pub fn of_blueprint(blueprint: &Blueprint) -> ObjectMeta {
    let name = shared_name(&blueprint.name_any());
    let marks = [(labels::MANAGED_BY, labels::YIPAN), (labels::NAME, &name), (labels::BLUEPRINT_ID, &id(blueprint))];
    ObjectMeta {
        labels: Some(labels::map(marks)),
        name: Some(name),
        namespace: Some(blueprint.spec.owner.to_string()),
        ..Default::default()
    }
}
