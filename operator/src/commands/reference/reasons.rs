//! The page of all reasons: the words that users alert on.

use std::fmt::Write as _;

use yipan_core::kinds::TenantName;
use yipan_core::plan::Refusal;

/// One reason of a condition that is no refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// The conditions it stands in.
    pub condition: &'static str,
    /// `True`, `False` or `Unknown`.
    pub status: &'static str,
    /// The word.
    pub reason: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Whom it asks to act, and for what.
    pub asks: &'static str,
}

impl Reason {
    /// Reads a row of a table.
    fn read(row: &'static str) -> Option<Self> {
        let [condition, status, reason, meaning, asks] = cells(row)?;
        Some(Self { condition, status, reason, meaning, asks })
    }
}

/// The cells of a row.
fn cells<const COUNT: usize>(row: &'static str) -> Option<[&'static str; COUNT]> {
    let row = row.strip_prefix('|')?.strip_suffix('|')?;
    let cells: Vec<&str> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
    cells.try_into().ok()
}

/// What a plan can say, by condition.
const DECLARED: &str = include_str!("reasons/declared.md");
/// What only a running operator says.
const RUNNING: &str = include_str!("reasons/running.md");
/// Events whose reason is no condition's.
const EVENTS: &str = include_str!("reasons/events.md");

/// The reasons that only a running operator gives, so that no plan shows them.
pub fn only_running() -> impl Iterator<Item = Reason> {
    RUNNING.lines().filter_map(Reason::read)
}

/// The words of events that are no condition's.
pub fn events() -> impl Iterator<Item = &'static str> {
    EVENTS.lines().filter_map(cells::<3>).map(|[reason, ..]| reason)
}

/// One of each refusal, with names as an example.
fn refusals() -> Vec<Refusal> {
    let text = str::to_owned;
    // The name is one; were it none, the tests would miss the refusals about other tenants.
    let about_others = TenantName::try_from(text("wuwei")).map(|parent| {
        [
            Refusal::NoParent { parent: parent.clone() },
            Refusal::ParentCircle { parent: parent.clone() },
            Refusal::ParentRefused { parent: parent.clone() },
            Refusal::ParentNotAccepted { parent: parent.clone() },
            Refusal::ParentLevel { parent: parent.clone(), level: "Department" },
            Refusal::ParentNotGranted { parent: parent.clone() },
            Refusal::ParentDeleted { parent: parent.clone() },
            Refusal::QuotaPending { parent: parent.clone() },
            Refusal::QuotaExceedsParent {
                asked: text("32 CPU"),
                parent: parent.clone(),
                left: text("12 CPU left of 352 CPU"),
                holders: text(
                    "of the CPU its own namespace has 32, `minqin` has 64, `liangzhou` has 32 and 6 others have 212",
                ),
            },
            Refusal::DivisionOutsideParent { division: text("620702"), parent: parent.clone(), outer: text("620600") },
            Refusal::PredecessorTaken { predecessor: parent.clone(), holder: text("liangzhou") },
            Refusal::PredecessorAbove { predecessor: parent.clone() },
            Refusal::PredecessorCircle { predecessor: parent.clone() },
            Refusal::OwnerMissing { owner: parent },
        ]
    });
    let others = [
        Refusal::NoPlatform,
        Refusal::LevelNotConfigured { level: "Town" },
        Refusal::DivisionTaken { division: text("620602"), holder: text("liangzhou") },
        Refusal::ProtectionLevel { asked: 4, limit: 3 },
        Refusal::OwnOverTotal { resource: "cpu", own: text("32"), total: text("16") },
        Refusal::OwnExceedsRest {
            asked: text("24 CPU"),
            left: text("16 CPU"),
            holders: text("of the CPU `huangyang` has 10 and `wunan` has 6"),
        },
        Refusal::InUse { asked: text("4 CPU"), used: text("6 CPU") },
        Refusal::BelowReserved {
            asked: text("16 CPU"),
            reserved: text("32 CPU"),
            holders: text("of the CPU its own namespace has 16, `huangyang` has 10 and `wunan` has 6"),
        },
        Refusal::Lowering,
        Refusal::NamespaceTaken { name: text("liangzhou") },
        Refusal::DataRetained { name: text("liangzhou"), id: text("3f2a91c04d"), until: text("until 2026-09-29") },
        Refusal::IdChanged { name: text("liangzhou"), id: text("3f2a91c04d"), found: text("ffffffffff") },
        Refusal::IdTaken { id: text("3f2a91c04d"), holder: text("minqin") },
        Refusal::NamespaceTerminating { name: text("liangzhou") },
        Refusal::NamespaceLost { name: text("liangzhou"), id: text("3f2a91c04d") },
    ];
    about_others.into_iter().flatten().chain(others).chain(of_apps()).chain(of_blueprints()).collect()
}

/// One of each refusal of an App for itself.
fn of_apps() -> [Refusal; 4] {
    let text = str::to_owned;
    [
        Refusal::NotATenant { namespace: text("default") },
        Refusal::TenantNotFenced { tenant: text("liangzhou") },
        Refusal::ImageNotAllowed {
            image: text("registry.example.com/parking:1"),
            registries: text("registry.example.gov.cn/liangzhou, registry.example.gov.cn/common"),
        },
        Refusal::OverQuota {
            resource: "memory",
            asked: text("64Gi"),
            quota: text("32Gi"),
            way_out: text("lower spec.workload.resources, or ask the province for more"),
        },
    ]
}

/// One of each refusal about Blueprints.
fn of_blueprints() -> Vec<Refusal> {
    let text = str::to_owned;
    // The name is one, as above.
    let owner = TenantName::try_from(text("land-resources")).ok();
    let of_owner =
        owner.map(|owner| [Refusal::OwnerNotAccepted { owner: owner.clone() }, Refusal::OwnerNotFenced { owner }]);
    let (blueprint, parameter) = (text("heating-fees"), text("ACCOUNT"));
    let others = vec![
        Refusal::BlueprintMissing { blueprint: blueprint.clone() },
        Refusal::BlueprintRefused { blueprint: blueprint.clone(), why: Box::new(Refusal::NoPlatform) },
        Refusal::NotAvailable { blueprint: blueprint.clone(), tenant: text("liangzhou") },
        Refusal::Retired { blueprint: blueprint.clone() },
        Refusal::SeatTaken { blueprint: blueprint.clone(), app: text("deeds") },
        Refusal::NotInBlueprint { blueprint: blueprint.clone(), asked: "entry.hosts", layer: "entry" },
        Refusal::ParameterMissing {
            parameter: parameter.clone(),
            description: text("收款账号"),
            blueprint: blueprint.clone(),
        },
        Refusal::ParameterUnknown { parameter: parameter.clone(), blueprint, known: text("BANK, RATE") },
        Refusal::ParameterNotSecret { parameter },
    ];
    of_owner.into_iter().flatten().chain(others).collect()
}

/// Whose turn it is. A refusal that this match does not name does not compile: add it here and to
/// the list above.
fn whose_turn(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NoPlatform
        | Refusal::LevelNotConfigured { .. }
        | Refusal::NoParent { .. }
        | Refusal::ParentCircle { .. }
        | Refusal::ParentRefused { .. }
        | Refusal::ParentNotAccepted { .. }
        | Refusal::ParentLevel { .. }
        | Refusal::DivisionOutsideParent { .. }
        | Refusal::DivisionTaken { .. }
        | Refusal::ProtectionLevel { .. }
        | Refusal::PredecessorTaken { .. }
        | Refusal::PredecessorAbove { .. }
        | Refusal::PredecessorCircle { .. }
        | Refusal::OwnOverTotal { .. }
        | Refusal::ParentNotGranted { .. }
        | Refusal::QuotaExceedsParent { .. }
        | Refusal::OwnExceedsRest { .. }
        | Refusal::BelowReserved { .. }
        | Refusal::ParentDeleted { .. }
        | Refusal::BlueprintMissing { .. }
        | Refusal::BlueprintRefused { .. }
        | Refusal::NotAvailable { .. }
        | Refusal::OwnerMissing { .. }
        | Refusal::OwnerNotAccepted { .. }
        | Refusal::OwnerNotFenced { .. }
        | Refusal::DataRetained { .. } => "the province",
        Refusal::NamespaceTaken { .. }
        | Refusal::IdTaken { .. }
        | Refusal::IdChanged { .. }
        | Refusal::NamespaceLost { .. } => "the cluster's administrator",
        Refusal::NamespaceTerminating { .. }
        | Refusal::TenantNotFenced { .. }
        | Refusal::QuotaPending { .. }
        | Refusal::Lowering => "nobody: it passes",
        Refusal::InUse { .. }
        | Refusal::NotATenant { .. }
        | Refusal::ImageNotAllowed { .. }
        | Refusal::Retired { .. }
        | Refusal::SeatTaken { .. }
        | Refusal::NotInBlueprint { .. }
        | Refusal::ParameterMissing { .. }
        | Refusal::ParameterUnknown { .. }
        | Refusal::ParameterNotSecret { .. }
        | Refusal::OverQuota { .. } => "the tenant",
    }
}

/// The whole page.
pub fn page() -> String {
    let mut text = "# Reasons\n\nThe words in `status.conditions[].reason`, in events and in metric labels. They stay when messages are \
                    rewritten: alert on them. Made by `make generate`.\n\n## Refusals\n\nA refused declaration has `Ready` False with \
                    one of these. Nothing is written for it and nothing is removed, but ways out that the province took back; a tenant \
                    that only lacks quota keeps what it was granted before, and whatever else it declares is written. Names in the \
                    messages are examples.\n\n\
                    | reason | whose turn | message |\n|---|---|---|\n"
        .to_owned();
    // Writing to a String cannot fail.
    for refusal in refusals() {
        let _ = writeln!(text, "| `{}` | {} | {refusal} |", refusal.reason(), whose_turn(&refusal));
    }
    text.push_str("\n## Other reasons\n\n| condition | status | reason | meaning | asks |\n|---|---|---|---|---|\n");
    text.extend([DECLARED, RUNNING]);
    text.push_str("\n`Ready` repeats status, reason and message of the first condition that is not true.\n");
    text.push_str("\n## Further events\n\n| reason | meaning | asks |\n|---|---|---|\n");
    text.push_str(EVENTS);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read_whole() {
        let rows: Vec<&str> = DECLARED.lines().chain(RUNNING.lines()).collect();
        let read: Vec<Reason> = rows.iter().copied().filter_map(Reason::read).collect();
        assert_eq!(read.len(), rows.len());
        assert!(read.iter().all(|reason| !reason.meaning.is_empty() && !reason.asks.is_empty()));
        assert_eq!(events().count(), EVENTS.lines().count());
    }
}
