//! Who may do what, in a tenant's namespace, over the platform, and as the operator.
//!
//! `matrix.yaml` says all that each may do; everything else that the API server knows is asked for
//! as well and must be denied, so that a right given too much fails as surely as one too little.
//! `deeds.yaml` holds real requests, in order, with what becomes of them.

mod deeds;
mod matrix;
pub(super) mod rules;

use kube::Client;
use serde_json::{Value, json};

use super::{plane, raw};

/// A tenant's namespace, and another's.
const OWN: &str = "rights-own";
const OTHER: &str = "rights-other";

#[tokio::test]
async fn each_may_do_what_the_matrix_says_and_nothing_else() {
    two_tenants().await;
    let client = plane::shared().client().await;
    let questions = matrix::questions(&client).await;
    let mut wrong = Vec::new();
    let people = matrix::people();
    for person in &people {
        let allowed = matrix::allowed(person, &questions).await;
        wrong.extend(person.differences(&allowed));
    }
    println!("{} questions about each of {} people held", questions.len(), people.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn deeds_end_as_their_rights_say() {
    two_tenants().await;
    let (mut wrong, deeds, people) = (Vec::new(), deeds::all(), deeds::People::new().await);
    for deed in &deeds {
        wrong.extend(deed.attempt(&people).await.err());
    }
    println!("{} deeds held", deeds.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Two tenants' namespaces with their people's rights, given with the operator's own token, as the
/// operator gives them; and the platform's people.
async fn two_tenants() {
    let operator = plane::shared().client_of_service_account("yipan-system", "yipan").await;
    for namespace in [OWN, OTHER] {
        let path = format!("/api/v1/namespaces/{namespace}");
        apply(&operator, &path, tenants_namespace(namespace)).await;
        for (name, role, group) in
            [("yipan--admins", "yipan-tenant-admin", "admins"), ("yipan--viewers", "yipan-tenant-viewer", "viewers")]
        {
            let path = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings/{name}");
            let group = format!("{namespace}-{group}");
            apply(&operator, &path, binding(namespace, name, role, &group)).await;
        }
    }
    // The platform's own people get theirs from whoever installs it.
    let installer = plane::shared().client().await;
    for role in ["yipan-platform-admin", "yipan-break-glass", "yipan-catalogue"] {
        let (name, mut object) = (format!("rights-{role}"), binding("", role, role, &format!("rights-{role}")));
        object["kind"] = json!("ClusterRoleBinding");
        object["metadata"] = json!({ "name": name });
        apply(&installer, &format!("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{name}"), object).await;
    }
    let mut here = binding("yipan-system", "rights-certificates", "yipan-certificates", "rights-certificates");
    here["roleRef"]["kind"] = json!("Role");
    let path = "/apis/rbac.authorization.k8s.io/v1/namespaces/yipan-system/rolebindings/rights-certificates";
    apply(&installer, path, here).await;
}

fn tenants_namespace(name: &str) -> Value {
    let metadata = json!({
        "name": name,
        "labels": { "yipan.dev/tenant": name },
        "annotations": { "yipan.dev/registries": format!("registry.example.gov.cn/{name}") },
    });
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": metadata })
}

fn binding(namespace: &str, name: &str, role: &str, group: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": { "name": name, "namespace": namespace },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group }],
    })
}

async fn apply(client: &Client, path: &str, object: Value) {
    let uri = format!("{path}?fieldManager=yipan&force=true");
    raw::send(client, "PATCH", &uri, &object).await.unwrap_or_else(|status| panic!("{path}: {}", status.message));
}
