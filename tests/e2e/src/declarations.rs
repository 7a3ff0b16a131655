//! What is declared: a province, two counties, and an App or two in each.

use serde_json::{Value, json};

use super::ground::Ground;

/// The province.
pub const PROVINCE: &str = "e2e-gansu";
/// The county whose App is called.
pub const CALLED: &str = "e2e-liangzhou";
/// The county whose App calls.
pub const CALLING: &str = "e2e-minqin";
/// All tenants.
pub const TENANTS: [&str; 3] = [PROVINCE, CALLED, CALLING];
/// The port that the called App serves to others.
pub const SERVED: u16 = 9090;

/// The platform on this ground.
pub fn platform(ground: &Ground) -> Value {
    let gateway = &ground.found.gateway;
    let (namespace, labels) = &ground.found.proxies;
    let level = |level: &str, total: Value| {
        let own = json!({ "cpu": "1", "memory": "2Gi", "storage": "1Gi", "apps": 10 });
        json!({
            "level": level, "protectionLevel": 2, "quota": { "total": total, "own": own },
            "container": { "cpu": "20m", "memory": "32Mi", "ephemeralStorage": "64Mi" },
        })
    };
    let county = json!({ "cpu": "1", "memory": "2Gi", "storage": "1Gi", "apps": 10 });
    let province = json!({ "cpu": "10", "memory": "20Gi", "storage": "10Gi", "apps": 100 });
    json!({
        "apiVersion": "yipan.dev/v1alpha1", "kind": "Platform", "metadata": { "name": "platform" },
        "spec": {
            "displayName": "端到端测试",
            "domain": gateway.domain,
            "registries": [ground.registry],
            "protectionLevel": 3,
            "gateways": [{
                "name": "public", "visibility": "Public",
                "gateway": { "namespace": gateway.namespace, "name": gateway.name, "listener": gateway.listener },
                "pods": { "namespace": namespace, "labels": labels },
            }],
            "network": { "dns": { "namespace": "kube-system", "labels": { "k8s-app": "kube-dns" } } },
            "levels": [level("Province", province), level("County", county)],
        },
    })
}

/// The three tenants, the province first.
pub fn tenants() -> [Value; 3] {
    let tenant = |name: &str, level: &str, division: &str, parent: Option<&str>| {
        let mut spec = json!({ "displayName": name, "level": level, "division": division });
        if let Some(parent) = parent {
            spec["parent"] = parent.into();
        }
        json!({ "apiVersion": "yipan.dev/v1alpha1", "kind": "Tenant", "metadata": { "name": name }, "spec": spec })
    };
    [
        tenant(PROVINCE, "Province", "620000", None),
        tenant(CALLED, "County", "620602", Some(PROVINCE)),
        tenant(CALLING, "County", "620621", Some(PROVINCE)),
    ]
}

/// An App that serves HTTP on port 8080 and on [`SERVED`], in so many pods.
pub fn app(ground: &Ground, tenant: &str, name: &str, replicas: u8) -> Value {
    json!({
        "apiVersion": "yipan.dev/v1alpha1", "kind": "App", "metadata": { "name": name, "namespace": tenant },
        "spec": {
            "workload": {
                "image": ground.image, "args": ["serve", "8080", SERVED.to_string()], "port": 8080,
                "replicas": replicas, "stopSeconds": 1,
            },
        },
    })
}

/// The same with an address.
pub fn app_with_entry(ground: &Ground, tenant: &str, name: &str, replicas: u8) -> Value {
    let mut app = app(ground, tenant, name, replicas);
    app["spec"]["entry"] = json!({ "visibility": "Public" });
    app
}

/// The called App, open to the calling one or to nobody.
pub fn parking(ground: &Ground, serves: bool) -> Value {
    let mut parking = app_with_entry(ground, CALLED, "parking", 2);
    if serves {
        parking["spec"]["network"] =
            json!({ "serves": [{ "port": SERVED, "to": [{ "tenant": CALLING, "app": "desk" }] }] });
    }
    parking
}

/// The calling App.
pub fn desk(ground: &Ground) -> Value {
    let mut desk = app(ground, CALLING, "desk", 1);
    desk["spec"]["network"] = json!({ "uses": [{
        "name": "parking", "app": { "tenant": CALLED, "app": "parking" }, "ports": [SERVED], "purpose": "端到端测试",
    }] });
    desk
}
