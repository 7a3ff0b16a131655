//! What a town consists of: a province with two counties and two Apps, which are connected. Nothing
//! of it is shared with any other town.

use serde_json::{Value, json};

/// A town, by the first four digits of its divisions.
pub type Town = u32;

/// The town that a name belongs to: `t1141-east` is of town 1141.
pub fn town_of(name: &str) -> Option<Town> {
    let (number, _) = name.strip_prefix('t')?.split_once('-')?;
    number.parse().ok()
}

/// What is declared of a town, beyond its being there.
#[derive(Debug, Clone, Copy, Default)]
pub struct Face {
    /// Images, figures, people and connections are others than at first.
    pub changed: bool,
    /// One county is suspended.
    pub suspended: bool,
    /// One county has given of its quota to the other.
    pub moved: bool,
}

/// The tenants and Apps of a town.
pub fn declarations(town: Town, face: Face) -> Vec<Value> {
    vec![province(town), east(town, face), west(town, face), web(town, face), feed(town, face)]
}

fn tenant(town: Town, place: &str, spec: Value) -> Value {
    let metadata = json!({ "name": format!("t{town}-{place}") });
    json!({ "apiVersion": "yipan.dev/v1alpha1", "kind": "Tenant", "metadata": metadata, "spec": spec })
}

fn app(town: Town, place: &str, name: &str, spec: Value) -> Value {
    let metadata = json!({ "name": name, "namespace": format!("t{town}-{place}") });
    json!({ "apiVersion": "yipan.dev/v1alpha1", "kind": "App", "metadata": metadata, "spec": spec })
}

/// It has just what its counties have at first, and what it needs itself.
fn province(town: Town) -> Value {
    let quota = json!({ "total": { "cpu": "100" }, "own": { "cpu": "36" } });
    tenant(
        town,
        "prov",
        json!({ "displayName": "省", "level": "Province", "division": format!("{town}00"), "quota": quota }),
    )
}

fn east(town: Town, face: Face) -> Value {
    let mut spec = json!({
        "displayName": "东县", "level": "County", "division": format!("{town}01"), "parent": format!("t{town}-prov"),
        "administrators": [{ "group": "east-admins" }],
        "quota": { "total": { "cpu": if face.moved { "24" } else { "32" } }, "own": { "cpu": "16" } },
    });
    if face.changed {
        spec["administrators"] = json!([{ "group": "east-admins" }, { "group": "east-deputies" }]);
        spec["viewers"] = json!([{ "group": "auditors" }]);
        spec["quota"]["own"]["cpu"] = json!("12");
    }
    if face.suspended {
        spec["suspended"] = json!({ "reason": "机构调整" });
    }
    tenant(town, "east", spec)
}

fn west(town: Town, face: Face) -> Value {
    let quota = json!({ "total": { "cpu": if face.moved { "40" } else { "32" } } });
    tenant(
        town,
        "west",
        json!({
            "displayName": "西县", "level": "County", "division": format!("{town}02"), "parent": format!("t{town}-prov"),
            "quota": quota,
        }),
    )
}

fn web(town: Town, face: Face) -> Value {
    let image = |version: u32| format!("registry.example.gov.cn/t{town}-east/web:{version}");
    let mut spec = json!({
        "workload": { "image": image(1), "port": 8080, "replicas": 1 }, "entry": { "visibility": "Public" },
    });
    if face.changed {
        spec["workload"]["image"] = json!(image(2));
        spec["workload"]["replicas"] = json!(2);
        spec["entry"]["visibility"] = json!("Internal");
        let feed = json!({ "tenant": format!("t{town}-west"), "app": "feed" });
        spec["network"] = json!({ "uses": [{ "name": "feed", "app": feed, "ports": [9000], "purpose": "气象数据" }] });
    }
    app(town, "east", "web", spec)
}

fn feed(town: Town, face: Face) -> Value {
    let image = format!("registry.example.gov.cn/t{town}-west/feed:1");
    let mut spec = json!({ "workload": { "image": image, "replicas": 0 } });
    if face.changed {
        let web = json!({ "tenant": format!("t{town}-east"), "app": "web" });
        spec["network"] = json!({ "serves": [{ "port": 9000, "to": [web] }] });
    }
    app(town, "west", "feed", spec)
}
