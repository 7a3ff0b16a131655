//! The tenants' rights.

use k8s_openapi::api::rbac::v1::{RoleBinding, RoleRef, Subject};

use super::ValidTenant;
use crate::kinds::Member;
use crate::plan::metadata;

/// May write Apps and create the Apps' Secrets, and read what runs.
pub const ADMIN_ROLE: &str = "yipan-tenant-admin";
/// May read what runs.
pub const VIEWER_ROLE: &str = "yipan-tenant-viewer";

/// Binds the administrators' groups to their role; nothing where there are none.
pub fn admins(tenant: &ValidTenant) -> Option<RoleBinding> {
    binding(tenant, "yipan--admins", ADMIN_ROLE, &tenant.administrators)
}

/// Binds the viewers' groups to their role; nothing where there are none.
pub fn viewers(tenant: &ValidTenant) -> Option<RoleBinding> {
    binding(tenant, "yipan--viewers", VIEWER_ROLE, &tenant.viewers)
}

fn binding(tenant: &ValidTenant, name: &str, role: &str, members: &[Member]) -> Option<RoleBinding> {
    let api_group = "rbac.authorization.k8s.io".to_owned();
    let subject = |member: &Member| Subject {
        kind: "Group".to_owned(),
        api_group: Some(api_group.clone()),
        name: member.group.to_string(),
        namespace: None,
    };
    let role_ref =
        RoleRef { api_group: Some(api_group.clone()), kind: "ClusterRole".to_owned(), name: role.to_owned() };
    let subjects: Vec<Subject> = members.iter().map(subject).collect();
    (!subjects.is_empty()).then(|| RoleBinding {
        metadata: metadata::of_tenant(&tenant.name, name),
        role_ref,
        subjects: Some(subjects),
    })
}
