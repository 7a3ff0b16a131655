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
}

impl Reason {
    const fn of((condition, status, reason, meaning): Row) -> Self {
        Self { condition, status, reason, meaning }
    }
}

/// Every reason that is no refusal. The tests hold this list against the statuses of all cases.
fn conditions() -> impl Iterator<Item = Reason> {
    PLATFORM_AND_TENANT.iter().chain(APP).chain(OPERATOR).copied().map(Reason::of)
}

/// The reasons that only a running operator gives, so that no plan shows them.
pub fn only_running() -> impl Iterator<Item = Reason> {
    OPERATOR.iter().copied().map(Reason::of)
}

type Row = (&'static str, &'static str, &'static str, &'static str);

const PLATFORM_AND_TENANT: &[Row] = &[
    ("GatewaysReady", "True", "NotRequested", "the Platform lists no gateway"),
    ("GatewaysReady", "True", "Found", "every gateway and listener exists"),
    ("Accepted", "True", "Accepted", "every check passed"),
    ("Granted", "True", "Granted", "the figures in the message are granted"),
    ("Fenced", "True", "Fenced", "namespace, quota and default-deny stand"),
    ("HostsReady", "True", "Served", "the gateways listen for every host of `spec.hosts`"),
    ("HostsReady", "False", "HostTaken", "a host of `spec.hosts` belongs to another tenant, which has it already"),
    ("HostsReady", "False", "HostInsideDomain", "a host of `spec.hosts` lies in the platform's own domain"),
    ("HostsReady", "False", "ListenerPending", "a gateway has not answered for the hosts' listeners yet"),
    ("HostsReady", "False", "ListenerRefused", "a gateway refuses a listener, for the reason in the message"),
    ("Ready", "True", "Ready", "every other condition is true"),
    ("Suspended", "True", "Suspended", "switched off by `spec.suspended`; the message is its reason"),
    ("DeletionBlocked", "True", "NotEmpty", "the deletion waits until what the message names is gone"),
    (
        "DeletionBlocked",
        "True",
        "Protected",
        "the deletion waits for a word in `spec.deletion`; it can still be edited",
    ),
    (
        "DeletionBlocked",
        "True",
        "NotConfirmed",
        "`DeleteData` waits for `spec.confirmName` to repeat the tenant's name",
    ),
    (
        "DeletionBlocked",
        "True",
        "NamespaceTerminating",
        "the namespace is on its way out; its own status names what holds it",
    ),
    ("Ready", "False", "DeletionBlocked", "the tenant is being deleted and waits for somebody; see that condition"),
    ("Paused", "True", "Paused", "the operator writes nothing until the time in the message, and for 90 days at most"),
    ("Paused", "False", "PauseTooLong", "the pause in the message has lasted 90 days and holds nothing any more"),
];

const APP: &[Row] = &[
    ("WorkloadReady", "True", "Available", "every pod of the latest revision serves"),
    ("WorkloadReady", "True", "Scheduled", "it runs by the clock"),
    ("WorkloadReady", "True", "Suspended", "switched off, as asked"),
    ("WorkloadReady", "False", "Stopping", "switched off, and jobs that had begun still run"),
    ("WorkloadReady", "False", "Progressing", "pods are starting"),
    ("WorkloadReady", "False", "QuotaExceeded", "the tenant's quota has no room for the pods"),
    ("WorkloadReady", "False", "PodsRefused", "the API server makes no pods, for the reason in the message"),
    ("WorkloadReady", "False", "ImageNotPulled", "the registry does not hold the image, or does not hand it out"),
    ("WorkloadReady", "False", "ImageRunsAsRoot", "the image runs as root, or as a user by name"),
    ("WorkloadReady", "False", "SecretMissing", "a Secret or a key that `spec.workload.env` names does not exist"),
    ("WorkloadReady", "False", "Crashing", "the container ends by itself"),
    ("WorkloadReady", "False", "NoRoomOnNodes", "no node has room for a pod"),
    ("WorkloadReady", "False", "PodNotStarting", "a pod does not start, for the reason in the message"),
    ("EntryReady", "True", "Routed", "the gateway serves the address"),
    ("EntryReady", "False", "RoutePending", "the gateway has not answered for the route yet"),
    ("EntryReady", "False", "RouteRefused", "the gateway refuses the route"),
    ("EntryReady", "False", "HostNotGiven", "`entry.hosts` names a host that its tenant has not"),
    (
        "HostsReady, EntryReady, IdentityReady, DataReady",
        "False",
        "NotConfigured",
        "the platform does not provide what was asked for",
    ),
    ("EntryReady, IdentityReady, DataReady, NetworkReady", "True", "NotRequested", "nobody asked for this layer"),
    ("NetworkReady", "True", "Granted", "every connection and way out it asked for is open"),
    ("NetworkReady", "False", "EgressNotGiven", "`network.egress` names a way out that its tenant was not given"),
    ("NetworkReady", "False", "ConsentPending", "the other side of a connection has not declared it"),
    ("Ready", "False", "Suspended", "switched off by `spec.suspended` of the App or its tenant"),
];

/// What only a running operator says.
const OPERATOR: &[Row] = &[
    ("GatewaysReady", "False", "GatewayMissing", "a Gateway or one of its listeners does not exist"),
    ("DeletionBlocked", "True", "StillRunning", "a namespace to be retained still has pods; they are on their way out"),
    ("Ready", "False", "Unreadable", "the stored object does not fit its definition; `kubectl edit` it"),
    ("Ready", "False", "Invalid", "the API server refuses what the declaration comes to; correct the declaration"),
    ("Ready", "False", "Rejected", "the API server refuses a write; asking again changes nothing"),
    ("Ready", "False", "NameTaken", "an object of that name exists and is not the App's"),
    ("Ready", "Unknown", "DependsOnUnreadable", "an object this one depends on does not fit its definition"),
    ("Ready", "Unknown", "Conflict", "somebody else wrote at the same moment; the operator looks again"),
    ("Ready", "Unknown", "Unavailable", "the API server does not answer; the operator keeps trying"),
    ("Ready", "Unknown", "Broken", "a fault of the operator"),
];

/// Events whose reason is no condition's.
const EVENTS: &[(&str, &str)] = &[
    ("DeletionBlocked", "the deletion waits; the condition of that name says for what"),
    ("Retained", "a tenant was deleted with `RetainData`; its namespace is locked and kept until the day in the text"),
    ("RetentionEnded", "a retained namespace was deleted after its last day"),
    ("Paused", "`spec.paused` of this object begins to hold the operator's hand"),
    ("Resumed", "the pause that this object declared is over"),
    ("Restored", "an object was changed or removed by somebody else and is as declared again"),
    ("WatchForbidden", "the operator may not watch a kind; its ClusterRole is incomplete"),
];

/// The words of [`EVENTS`].
pub fn events() -> impl Iterator<Item = &'static str> {
    EVENTS.iter().map(|(reason, _)| *reason)
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
            Refusal::PredecessorCircle { predecessor: parent },
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
        Refusal::NamespaceTerminating { name: text("liangzhou") },
        Refusal::NamespaceLost { name: text("liangzhou"), id: text("3f2a91c04d") },
        Refusal::NotATenant { namespace: text("default") },
        Refusal::TenantNotFenced { tenant: text("liangzhou") },
        Refusal::ImageNotAllowed {
            image: text("registry.example.com/parking:1"),
            registries: text("registry.example.gov.cn/liangzhou, registry.example.gov.cn/common"),
        },
        Refusal::OverQuota { resource: "memory", asked: text("64Gi"), quota: text("32Gi") },
    ];
    about_others.into_iter().flatten().chain(others).collect()
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
        | Refusal::DataRetained { .. } => "the province",
        Refusal::NamespaceTaken { .. } | Refusal::NamespaceLost { .. } => "the cluster's administrator",
        Refusal::NamespaceTerminating { .. }
        | Refusal::TenantNotFenced { .. }
        | Refusal::QuotaPending { .. }
        | Refusal::Lowering => "nobody: it passes",
        Refusal::InUse { .. }
        | Refusal::NotATenant { .. }
        | Refusal::ImageNotAllowed { .. }
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
    text.push_str("\n## Other reasons\n\n| condition | status | reason | meaning |\n|---|---|---|---|\n");
    for Reason { condition, status, reason, meaning } in conditions() {
        let _ = writeln!(text, "| {condition} | {status} | `{reason}` | {meaning} |");
    }
    text.push_str("\n`Ready` repeats status, reason and message of the first condition that is not true.\n");
    text.push_str("\n## Further events\n\n| reason | meaning |\n|---|---|\n");
    for (reason, meaning) in EVENTS {
        let _ = writeln!(text, "| `{reason}` | {meaning} |");
    }
    text
}
