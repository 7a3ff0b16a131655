//! What a stored ResourceQuota says.

use serde_json::Value;

use super::Figures;
use crate::kinds::{Amounts, Quantity};
use crate::plan::labels;

/// The name of the ResourceQuota in every tenant's namespace.
pub const NAME: &str = "yipan--quota";

/// What matters of a tenant's ResourceQuota.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QuotaFound {
    /// What it allows; none where a hand took a figure out.
    pub hard: Option<Figures>,
    /// What the quota controller has seen of that: from then on nothing beyond it is admitted.
    pub seen: Option<Figures>,
    /// What is in use, as of the same moment.
    pub used: Option<Figures>,
    /// The ceiling of the tenant's subtree, noted there for a parent whose status was lost.
    pub total: Option<Figures>,
}

impl QuotaFound {
    /// Reads a stored ResourceQuota.
    pub fn read(object: &Value) -> Self {
        let annotation = format!("/metadata/annotations/{}", labels::GRANTED_TOTAL.replace('/', "~1"));
        Self {
            hard: requests(object, "/spec/hard"),
            seen: requests(object, "/status/hard"),
            used: both(object, "/status/used"),
            total: object.pointer(&annotation).and_then(Value::as_str).and_then(parse),
        }
    }

    /// Whether nothing beyond these figures is in use, or will be: the quota controller has seen
    /// that no more is allowed.
    pub fn keeps_to(&self, figures: Figures) -> bool {
        let within = |what: Option<Figures>| what.is_some_and(|what| !what.exceeds(figures));
        within(self.hard) && within(self.seen) && within(self.used)
    }

    /// What a tenant was granted whose status is lost, as far as this tells.
    pub fn known(&self) -> Option<Figures> {
        let seen = self.seen.unwrap_or(Figures::ZERO).most(self.used.unwrap_or(Figures::ZERO));
        Some(self.hard?.most(seen))
    }

    /// All that is in use, or may be before anybody can tell; none where nobody can tell.
    pub fn in_force(&self) -> Option<Figures> {
        Some(self.hard?.most(self.seen?).most(self.used?))
    }
}

fn requests(object: &Value, pointer: &str) -> Option<Figures> {
    read(object.pointer(pointer)?, ["requests.cpu", "requests.memory", "requests.storage", "count/apps.yipan.dev"])
}

/// Requests and limits have one figure; of what is in use the greater counts.
fn both(object: &Value, pointer: &str) -> Option<Figures> {
    let limits = ["limits.cpu", "limits.memory", "requests.storage", "count/apps.yipan.dev"];
    Some(requests(object, pointer)?.most(read(object.pointer(pointer)?, limits)?))
}

fn read(list: &Value, [cpu, memory, storage, apps]: [&str; 4]) -> Option<Figures> {
    let figure = |key: &str| Quantity::try_from(list.get(key)?.clone()).ok().map(|quantity| quantity.figure());
    Some(Figures { cpu: figure(cpu)?, memory: figure(memory)?, storage: figure(storage)?, apps: figure(apps)? })
}

/// Figures as an annotation holds them.
pub fn noted(figures: Figures) -> String {
    let Figures { cpu, memory, storage, apps } = figures;
    format!("cpu={cpu},memory={memory},storage={storage},apps={}", apps.whole_units())
}

fn parse(note: &str) -> Option<Figures> {
    let mut amounts = Amounts::default();
    for pair in note.split(',') {
        let (name, value) = pair.split_once('=')?;
        let quantity = || Quantity::try_from(Value::from(value)).ok();
        match name {
            "cpu" => amounts.cpu = Some(quantity()?),
            "memory" => amounts.memory = Some(quantity()?),
            "storage" => amounts.storage = Some(quantity()?),
            "apps" => amounts.apps = Some(value.parse().ok()?),
            _ => return None,
        }
    }
    Some(Figures::of(&amounts))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_note_reads_as_it_was_written() {
        let note = "cpu=32,memory=64Gi,storage=320Gi,apps=100000";
        assert_eq!(parse(note).map(noted).as_deref(), Some(note));
        assert!(parse("cpu=32,gpu=1").is_none());
    }

    #[test]
    fn the_greater_of_requests_and_limits_is_in_use() {
        let list = |cpu: &str, limit: &str| {
            json!({ "requests.cpu": cpu, "limits.cpu": limit, "requests.memory": "1Gi", "limits.memory": "1Gi",
                "requests.storage": "0", "count/apps.yipan.dev": "3" })
        };
        let found = QuotaFound::read(
            &json!({ "spec": { "hard": list("16", "16") }, "status": { "used": list("250m", "500m") } }),
        );
        assert_eq!(found.used.map(|used| used.cpu.to_string()).as_deref(), Some("500m"));
        assert_eq!((found.seen, found.total), (None, None));
    }
}
