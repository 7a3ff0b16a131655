//! The tenant's namespace.

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::ValidTenant;
use crate::plan::labels;

/// The namespace of a tenant, named like it, with Pod Security `restricted`.
///
/// It has no owner: a Namespace that its Tenant owned would be collected with everything in it
/// seconds after the Tenant. The annotations are what admission policies read, since a policy that
/// took the Platform as a parameter would block every deletion while that object is missing.
pub fn namespace(tenant: &ValidTenant) -> Namespace {
    let restricted = "restricted";
    let mut annotations = labels::map([(labels::REGISTRIES, &tenant.registries.join(","))]);
    let hosts: Vec<&str> = tenant.hosts.served.iter().map(|served| served.host.as_str()).collect();
    if !hosts.is_empty() {
        annotations.insert(labels::HOSTS.to_owned(), hosts.join(","));
    }
    Namespace {
        metadata: ObjectMeta {
            name: Some(tenant.name.clone()),
            labels: Some(labels::map([
                (labels::MANAGED_BY, labels::YIPAN),
                (labels::ID, &tenant.id),
                (labels::TENANT, &tenant.name),
                (labels::LEVEL, tenant.level.as_str()),
                (labels::PROTECTION_LEVEL, &tenant.protection_level.to_string()),
                (labels::POD_SECURITY, restricted),
                (labels::POD_SECURITY_WARN, restricted),
                (labels::POD_SECURITY_AUDIT, restricted),
            ])),
            annotations: Some(annotations),
            ..Default::default()
        },
        ..Default::default()
    }
}
