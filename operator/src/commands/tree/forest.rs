//! Tenants as trees.

use std::collections::{BTreeMap, BTreeSet};

use kube::ResourceExt;
use serde::Serialize;
use yipan_core::kinds::{Amounts, App, Condition, Tenant};
use yipan_core::plan::conditions::find;

use crate::commands::output::table;

/// Apps by namespace: all, and those that are not ready.
type Counts = BTreeMap<String, (usize, usize)>;
/// Tenants by parent.
type Below = BTreeMap<Option<String>, Vec<Tenant>>;

/// One tenant and those below it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub display_name: String,
    /// What it is.
    pub level: &'static str,
    /// Its division code.
    pub division: String,
    /// The tenants it takes the place of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub supersedes: Vec<String>,
    /// `True`, `False` or `Unknown`.
    pub ready: String,
    /// Why, in one word.
    pub reason: String,
    /// Why, in a sentence.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What it was granted for its whole subtree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub granted: Option<Amounts>,
    /// What of that it uses itself and gave to those below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserved: Option<Amounts>,
    /// How many Apps it has.
    pub apps: usize,
    /// How many of them are not ready.
    pub apps_not_ready: usize,
    /// The tenants below it, by division.
    pub children: Vec<Node>,
}

/// All tenants: one tree for each that has no parent.
#[derive(Debug, Clone, Default)]
pub struct Forest {
    /// The trees.
    pub roots: Vec<Node>,
    /// Tenants that cannot be read.
    pub unreadable: Vec<String>,
}

impl Forest {
    /// Arranges tenants by parent. One whose parent does not exist stands at the top, and so does
    /// the first of a circle: nothing is left out.
    /// `apps` says of each its namespace and whether it is ready.
    pub fn of(tenants: Vec<Tenant>, apps: &[(String, bool)], unreadable: Vec<String>) -> Self {
        let mut counts = Counts::new();
        for (namespace, ready) in apps {
            let (all, not_ready) = counts.entry(namespace.clone()).or_default();
            *all += 1;
            *not_ready += usize::from(!ready);
        }
        let names: BTreeSet<String> = tenants.iter().map(Tenant::name_any).collect();
        let parent = |tenant: &Tenant| tenant.spec.parent.as_ref().map(ToString::to_string);
        let mut below = Below::new();
        for tenant in tenants {
            below.entry(parent(&tenant).filter(|name| names.contains(name))).or_default().push(tenant);
        }
        for children in below.values_mut() {
            children.sort_by_key(|tenant| (tenant.spec.division.to_string(), tenant.name_any()));
        }
        let mut roots = grow(None, &mut below, &counts);
        while let Some(name) = below.keys().flatten().next().cloned() {
            roots.extend(grow(Some(name), &mut below, &counts));
        }
        Self { roots, unreadable }
    }

    /// The tree below one tenant.
    pub fn below(self, name: &str) -> Option<Self> {
        fn search(nodes: Vec<Node>, name: &str) -> Option<Node> {
            nodes.into_iter().find_map(|node| if node.name == name { Some(node) } else { search(node.children, name) })
        }
        search(self.roots, name).map(|root| Self { roots: vec![root], unreadable: Vec::new() })
    }

    /// The trees for people.
    pub fn text(&self) -> String {
        let mut rows = Vec::new();
        self.roots.iter().for_each(|root| draw(root, String::new(), "", &mut rows));
        let mut text = table(["TENANT", "", "LEVEL", "DIVISION", "CPU", "READY", "REASON", "APPS"], rows);
        if !self.unreadable.is_empty() {
            text.push_str(&format!("\nunreadable, see `kubectl get -o yaml`: {}\n", self.unreadable.join(", ")));
        }
        text
    }
}

/// The nodes below one tenant. What has been placed is taken out, so that circles end.
fn grow(parent: Option<String>, below: &mut Below, counts: &Counts) -> Vec<Node> {
    let children = below.remove(&parent).unwrap_or_default();
    children.into_iter().map(|tenant| node(&tenant, below, counts)).collect()
}

fn node(tenant: &Tenant, below: &mut Below, counts: &Counts) -> Node {
    let name = tenant.name_any();
    let (ready, reason, message) = state(tenant.status.as_ref().map(|status| status.conditions.as_slice()));
    let (apps, apps_not_ready) = counts.get(&name).copied().unwrap_or_default();
    Node {
        display_name: tenant.spec.display_name.to_string(),
        level: tenant.spec.level.as_str(),
        division: tenant.spec.division.to_string(),
        supersedes: tenant.spec.supersedes.iter().flatten().map(ToString::to_string).collect(),
        ready,
        reason,
        message,
        granted: tenant.status.as_ref().and_then(|status| Some(status.granted.as_ref()?.total.clone())),
        reserved: tenant.status.as_ref().and_then(|status| status.reserved.clone()),
        apps,
        apps_not_ready,
        children: grow(Some(name.clone()), below, counts),
        name,
    }
}

/// Whether an App says that it is ready.
pub fn is_ready(app: &App) -> bool {
    state(app.status.as_ref().map(|status| status.conditions.as_slice())).0 == "True"
}

/// `Ready`'s status, reason and message.
fn state(conditions: Option<&[Condition]>) -> (String, String, String) {
    match find(conditions.unwrap_or_default(), "Ready") {
        Some(ready) => (ready.status.clone(), ready.reason.clone(), ready.message.clone()),
        None => ("Unknown".to_owned(), "NotSeenYet".to_owned(), String::new()),
    }
}

/// How much of the processor time it was granted a tenant uses itself and gave away.
fn spent(node: &Node) -> String {
    let cpu = |amounts: &Option<Amounts>| Some(amounts.as_ref()?.cpu.as_ref()?.figure().to_string());
    match (cpu(&node.reserved), cpu(&node.granted)) {
        (Some(reserved), Some(granted)) => format!("{reserved} of {granted}"),
        _ => String::new(),
    }
}

fn draw(node: &Node, before: String, branch: &str, rows: &mut Vec<[String; 8]>) {
    let apps = match node.apps_not_ready {
        0 => node.apps.to_string(),
        not_ready => format!("{}, {not_ready} not ready", node.apps),
    };
    let title = match node.supersedes.is_empty() {
        true => node.display_name.clone(),
        false => format!("{} (was {})", node.display_name, node.supersedes.join(", ")),
    };
    rows.push([
        format!("{before}{branch}{}", node.name),
        title,
        node.level.to_owned(),
        node.division.clone(),
        spent(node),
        node.ready.clone(),
        node.reason.clone(),
        apps,
    ]);
    // What stands under a branch goes on as a line, or as a gap where it was the last.
    let before = match branch {
        "" => before,
        "└─ " => format!("{before}   "),
        _ => format!("{before}│  "),
    };
    let last = node.children.len().saturating_sub(1);
    for (index, child) in node.children.iter().enumerate() {
        draw(child, before.clone(), if index == last { "└─ " } else { "├─ " }, rows);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tenant(name: &str, division: &str, parent: Option<&str>) -> Tenant {
        let mut spec = json!({ "displayName": name, "level": "FunctionalZone", "division": division });
        spec["parent"] = parent.into();
        serde_json::from_value(json!({ "metadata": { "name": name }, "spec": spec })).unwrap()
    }

    #[test]
    fn children_stand_below_their_parents_by_division() {
        let tenants = vec![
            tenant("wuwei", "620600", Some("gansu")),
            tenant("gansu", "620000", None),
            tenant("lanzhou", "620100", Some("gansu")),
            tenant("liangzhou", "620602", Some("wuwei")),
        ];
        let apps = [("liangzhou".to_owned(), false), ("liangzhou".to_owned(), true)];
        let forest = Forest::of(tenants, &apps, Vec::new());
        let text = forest.text();
        let drawn = ["gansu ", "├─ lanzhou ", "└─ wuwei ", "   └─ liangzhou "];
        assert!(text.lines().skip(1).zip(drawn).all(|(line, start)| line.starts_with(start)), "{text}");
        assert!(text.contains("2, 1 not ready"), "{text}");
        assert_eq!(forest.below("wuwei").unwrap().roots[0].children[0].name, "liangzhou");
    }

    #[test]
    fn a_successor_says_whose_place_it_takes() {
        let mut successor = tenant("dunhuang", "620982", None);
        successor.spec.supersedes = Some(vec!["dunhuang-xian".to_owned().try_into().unwrap()]);
        let forest = Forest::of(vec![successor], &[], Vec::new());
        assert!(forest.text().contains("dunhuang (was dunhuang-xian)"), "{}", forest.text());
    }

    #[test]
    fn orphans_and_circles_are_not_left_out() {
        let tenants = vec![
            tenant("orphan", "620100", Some("nobody")),
            tenant("east", "620171", Some("west")),
            tenant("west", "620171", Some("east")),
        ];
        let forest = Forest::of(tenants, &[], Vec::new());
        assert_eq!(forest.text().lines().count(), 4, "{}", forest.text());
    }
}
