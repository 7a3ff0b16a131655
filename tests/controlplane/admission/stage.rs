//! Two tenants' namespaces and one that is nobody's, with the rights of those who try.

use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use super::super::plane::shared;
use super::{NONE, OTHER, OWN};

/// Sets the stage once for all tests here.
pub async fn set() {
    static SET: OnceCell<()> = OnceCell::const_new();
    SET.get_or_init(|| async {
        apply(include_str!("rights.yaml"));
        for tenant in [OWN, OTHER] {
            let roles = [
                ("yipan--admins", "yipan-tenant-admin", "admins"),
                ("yipan--viewers", "yipan-tenant-viewer", "viewers"),
            ];
            let bindings = roles.map(|(name, role, group)| binding(tenant, name, role, &format!("{tenant}-{group}")));
            let items = [vec![namespace(tenant, true)], bindings.to_vec()].concat();
            apply(&json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string());
        }
        apply(&namespace(NONE, false).to_string());
    })
    .await;
}

/// The stage for one test alone: attacks set figures that others read.
pub async fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    set().await;
    TURN.lock().await
}

/// Applies manifests as who sets the stage.
pub fn apply(manifests: &str) {
    let arguments = ["apply", "--server-side", "--force-conflicts", "--field-manager=stage", "-f", "-"];
    let answer = shared().kubectl_with(arguments, manifests);
    assert!(answer.success, "{}", answer.err);
}

/// A namespace as the operator would make it for a tenant, or one of nobody's.
pub fn namespace(name: &str, of_a_tenant: bool) -> Value {
    let labels = json!({
        "yipan.dev/tenant": name, "yipan.dev/id": "0123456789", "pod-security.kubernetes.io/enforce": "restricted",
    });
    let notes = json!({
        "yipan.dev/registries": format!("registry.example.gov.cn/{name},registry.example.gov.cn/common"),
        "yipan.dev/hosts": format!("www.{name}.example.cn"),
    });
    let metadata = match of_a_tenant {
        true => json!({ "name": name, "labels": labels, "annotations": notes }),
        false => json!({ "name": name }),
    };
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": metadata })
}

fn binding(namespace: &str, name: &str, role: &str, group: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": { "name": name, "namespace": namespace },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group }],
    })
}
