//! Why a declaration is declined.

use crate::kinds::{Level, TenantName};

/// Why a declaration is declined: one variant per next step that some person has to take.
/// A refusal writes nothing and removes nothing, but a way out that the province took back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each variant is its documentation")]
pub enum Refusal {
    #[error("there is no Platform yet; the province creates the one named `platform`")]
    NoPlatform,
    #[error("the Platform has no defaults for level {level}; the province adds them to Platform spec.levels")]
    LevelNotConfigured { level: &'static str },
    #[error(
        "parent tenant `{parent}` does not exist; create it first, or recreate this tenant with another spec.parent"
    )]
    NoParent { parent: TenantName },
    #[error(
        "parent tenant `{parent}` and its parents lead round in a circle; recreate one of them with another spec.parent"
    )]
    ParentCircle { parent: TenantName },
    #[error("parent tenant `{parent}` is itself refused; mend that one first")]
    ParentRefused { parent: TenantName },
    #[error("parent tenant `{parent}` is not accepted yet; this one follows once it is")]
    ParentNotAccepted { parent: TenantName },
    #[error(
        "parent tenant `{parent}` is a {level}, which has no tenants below it; name the unit it serves as spec.parent"
    )]
    ParentLevel { parent: TenantName, level: &'static str },
    #[error(
        "division {division} does not extend {outer} of parent `{parent}`; both are immutable: delete this tenant and create it with the right ones"
    )]
    DivisionOutsideParent { division: String, parent: TenantName, outer: String },
    #[error(
        "division {division} belongs to tenant `{holder}`, which was first; a division has one tenant: delete this one, or that one"
    )]
    DivisionTaken { division: String, holder: String },
    #[error(
        "protection level {asked} is above the platform's {limit}; set spec.protectionLevel to at most that, or host the tenant elsewhere"
    )]
    ProtectionLevel { asked: i32, limit: i32 },
    #[error(
        "predecessor `{predecessor}` has a successor already, tenant `{holder}`, which was first; a ledger continues in one place: delete this tenant and create it without that predecessor"
    )]
    PredecessorTaken { predecessor: TenantName, holder: String },
    #[error(
        "predecessor `{predecessor}` is above this tenant, and so not gone; delete this tenant and create it without that predecessor"
    )]
    PredecessorAbove { predecessor: TenantName },
    #[error(
        "predecessor `{predecessor}` comes after this tenant by its own predecessors; delete this tenant and create it without that predecessor"
    )]
    PredecessorCircle { predecessor: TenantName },
    #[error(
        "{resource}: {own} for the tenant's own namespace is more than {total} for its whole subtree; raise spec.quota.total or lower spec.quota.own (a figure that is absent is the level's)"
    )]
    OwnOverTotal { resource: &'static str, own: String, total: String },
    #[error("parent tenant `{parent}` has no quota itself yet; this one follows once it has")]
    ParentNotGranted { parent: TenantName },
    #[error(
        "parent tenant `{parent}` is being deleted and gives nothing any more; delete this tenant, and create it below another"
    )]
    ParentDeleted { parent: TenantName },
    #[error("parent tenant `{parent}` has not decided yet what it gives; this one follows once it has")]
    QuotaPending { parent: TenantName },
    #[error(
        "asks for {asked} in all, but `{parent}` has {left}: {holders}; lower spec.quota.total, lower or delete one of these, or raise spec.quota.total of `{parent}`"
    )]
    QuotaExceedsParent { asked: String, parent: TenantName, left: String, holders: String },
    #[error(
        "asks for {asked} for its own namespace, but has {left} left beside the tenants below it: {holders}; lower spec.quota.own, lower or delete one of these, or raise spec.quota.total"
    )]
    OwnExceedsRest { asked: String, left: String, holders: String },
    #[error(
        "asks for {asked} for its own namespace, but uses {used}, so nothing is lowered; it follows once that is freed, or set spec.quota.own to at least that"
    )]
    InUse { asked: String, used: String },
    #[error(
        "asks for no more than {asked} in all, but has given away {reserved}: {holders}; lower or delete one of these, or raise spec.quota.total"
    )]
    BelowReserved { asked: String, reserved: String, holders: String },
    #[error("the namespace's quota is being lowered; the rest follows once Kubernetes holds to it")]
    Lowering,
    #[error(
        "namespace `{name}` exists and is not this tenant's; nothing is adopted: remove that namespace or choose another tenant name"
    )]
    NamespaceTaken { name: String },
    #[error(
        "namespace `{name}` holds what an earlier tenant left, kept {until}; set spec.adopt to \"{id}\" to take it over with all it stores, or choose another tenant name"
    )]
    DataRetained { name: String, id: String, until: String },
    #[error(
        "namespace `{name}` is this tenant's, but somebody changed its label yipan.dev/id to {found}; put {id} back by break-glass"
    )]
    IdChanged { name: String, id: String, found: String },
    #[error(
        "id {id} is that of tenant `{holder}`, and no two have one id; set label yipan.dev/id of this tenant to the id it had, by break-glass, or delete this tenant"
    )]
    IdTaken { id: String, holder: String },
    #[error("namespace `{name}` is being deleted; nothing is written until it is gone")]
    NamespaceTerminating { name: String },
    #[error(
        "namespace `{name}` is gone with all it held; restore it from a backup with labels yipan.dev/tenant={name} and yipan.dev/id={id}, or delete this tenant"
    )]
    NamespaceLost { name: String, id: String },
    #[error("namespace `{namespace}` is not a tenant's; Apps live in the namespace of a Tenant of the same name")]
    NotATenant { namespace: String },
    #[error("tenant `{tenant}` is not fenced yet; the App follows once it is")]
    TenantNotFenced { tenant: String },
    #[error(
        "blueprint `{blueprint}` does not exist; the province creates it, or recreate this App with another spec.blueprint"
    )]
    BlueprintMissing { blueprint: String },
    #[error("blueprint `{blueprint}` is itself refused: {why}")]
    BlueprintRefused { blueprint: String, why: Box<Refusal> },
    #[error(
        "blueprint `{blueprint}` is not available to tenant `{tenant}`; the province adds it to Blueprint spec.availableTo, or delete this App"
    )]
    NotAvailable { blueprint: String, tenant: String },
    #[error(
        "blueprint `{blueprint}` is retired and takes no new Apps; ask the province what takes its place, and delete this App"
    )]
    Retired { blueprint: String },
    #[error(
        "App `{app}`, which was first, has the tenant's one seat of blueprint `{blueprint}`; delete this App, or that one"
    )]
    SeatTaken { blueprint: String, app: String },
    #[error("spec.{asked} needs what blueprint `{blueprint}` does not have, spec.{layer}; leave it out")]
    NotInBlueprint { blueprint: String, asked: &'static str, layer: &'static str },
    #[error("blueprint `{blueprint}` asks for parameter {parameter} ({description}); add it to spec.parameters")]
    ParameterMissing { parameter: String, description: String, blueprint: String },
    #[error(
        "blueprint `{blueprint}` has no parameter {parameter} (it has: {known}); take it out of spec.parameters, or correct its name"
    )]
    ParameterUnknown { parameter: String, blueprint: String, known: String },
    #[error(
        "parameter {parameter} is a secret and must not stand in the open; put it into a Secret app--<app>--<part> and name that in spec.parameters"
    )]
    ParameterNotSecret { parameter: String },
    #[error("owner `{owner}` does not exist; create that tenant, or recreate this Blueprint with another spec.owner")]
    OwnerMissing { owner: TenantName },
    #[error("owner `{owner}` is not accepted yet; this one follows once it is")]
    OwnerNotAccepted { owner: TenantName },
    #[error("owner `{owner}` is not fenced yet; what all seats share follows once it is")]
    OwnerNotFenced { owner: TenantName },
    #[error("image `{image}` must begin with one of: {registries}")]
    ImageNotAllowed { image: String, registries: String },
    #[error("container asks {resource} {asked} but the tenant's whole quota is {quota}; {way_out}")]
    OverQuota { resource: &'static str, asked: String, quota: String, way_out: String },
}

impl Refusal {
    /// The word that conditions, events and metrics carry. Users alert on it: it is spelt out here
    /// so that renaming a variant does not rename it.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoPlatform => "NoPlatform",
            Self::LevelNotConfigured { .. } => "LevelNotConfigured",
            Self::NoParent { .. } => "NoParent",
            Self::ParentCircle { .. } => "ParentCircle",
            Self::ParentRefused { .. } => "ParentRefused",
            Self::ParentNotAccepted { .. } => "ParentNotAccepted",
            Self::ParentLevel { .. } => "ParentLevel",
            Self::DivisionOutsideParent { .. } => "DivisionOutsideParent",
            Self::DivisionTaken { .. } => "DivisionTaken",
            Self::ProtectionLevel { .. } => "ProtectionLevel",
            Self::PredecessorTaken { .. } => "PredecessorTaken",
            Self::PredecessorAbove { .. } => "PredecessorAbove",
            Self::PredecessorCircle { .. } => "PredecessorCircle",
            Self::OwnOverTotal { .. } => "OwnOverTotal",
            Self::ParentNotGranted { .. } => "ParentNotGranted",
            Self::ParentDeleted { .. } => "ParentDeleted",
            Self::QuotaPending { .. } => "QuotaPending",
            Self::QuotaExceedsParent { .. } => "QuotaExceedsParent",
            Self::OwnExceedsRest { .. } => "OwnExceedsRest",
            Self::InUse { .. } => "InUse",
            Self::BelowReserved { .. } => "BelowReserved",
            Self::Lowering => "Lowering",
            Self::NamespaceTaken { .. } => "NamespaceTaken",
            Self::DataRetained { .. } => "DataRetained",
            Self::IdChanged { .. } => "IdChanged",
            Self::IdTaken { .. } => "IdTaken",
            Self::NamespaceTerminating { .. } => "NamespaceTerminating",
            Self::NamespaceLost { .. } => "NamespaceLost",
            Self::NotATenant { .. } => "NotATenant",
            Self::TenantNotFenced { .. } => "TenantNotFenced",
            Self::BlueprintMissing { .. } => "BlueprintMissing",
            Self::BlueprintRefused { .. } => "BlueprintRefused",
            Self::NotAvailable { .. } => "NotAvailable",
            Self::Retired { .. } => "Retired",
            Self::SeatTaken { .. } => "SeatTaken",
            Self::NotInBlueprint { .. } => "NotInBlueprint",
            Self::ParameterMissing { .. } => "ParameterMissing",
            Self::ParameterUnknown { .. } => "ParameterUnknown",
            Self::ParameterNotSecret { .. } => "ParameterNotSecret",
            Self::OwnerMissing { .. } => "OwnerMissing",
            Self::OwnerNotAccepted { .. } => "OwnerNotAccepted",
            Self::OwnerNotFenced { .. } => "OwnerNotFenced",
            Self::ImageNotAllowed { .. } => "ImageNotAllowed",
            Self::OverQuota { .. } => "OverQuota",
        }
    }

    /// Whether the tenant's namespace itself is the matter.
    pub fn concerns_namespace(&self) -> bool {
        matches!(
            self,
            Self::NamespaceTaken { .. }
                | Self::DataRetained { .. }
                | Self::IdChanged { .. }
                | Self::NamespaceTerminating { .. }
                | Self::NamespaceLost { .. }
        )
    }

    /// Whether the declaration is accepted and only the quota is the matter. What was granted
    /// before stays so.
    pub fn concerns_quota(&self) -> bool {
        matches!(
            self,
            Self::ParentNotGranted { .. }
                | Self::ParentDeleted { .. }
                | Self::QuotaPending { .. }
                | Self::QuotaExceedsParent { .. }
                | Self::OwnExceedsRest { .. }
                | Self::InUse { .. }
                | Self::BelowReserved { .. }
                | Self::Lowering
        )
    }

    /// Whether another declaration is waited for, which may be on its way.
    pub fn waits_for_another(&self) -> bool {
        matches!(
            self,
            Self::NoPlatform
                | Self::NoParent { .. }
                | Self::ParentRefused { .. }
                | Self::ParentNotAccepted { .. }
                | Self::ParentNotGranted { .. }
                | Self::QuotaPending { .. }
                | Self::NotATenant { .. }
                | Self::BlueprintMissing { .. }
                | Self::BlueprintRefused { .. }
                | Self::OwnerMissing { .. }
                | Self::OwnerNotAccepted { .. }
                | Self::OwnerNotFenced { .. }
                | Self::TenantNotFenced { .. }
        )
    }

    /// Whether what it waits for is there, and merely has not been looked at yet.
    pub fn waits_its_turn(&self) -> bool {
        match self {
            Self::ParentNotAccepted { .. }
            | Self::ParentNotGranted { .. }
            | Self::QuotaPending { .. }
            | Self::TenantNotFenced { .. }
            | Self::OwnerNotAccepted { .. }
            | Self::OwnerNotFenced { .. } => true,
            Self::BlueprintRefused { why, .. } => why.waits_its_turn(),
            _ => false,
        }
    }
}

impl Level {
    /// Whether tenants may name one of this level as their parent.
    pub(crate) fn has_tenants_below(self) -> bool {
        self != Self::Department
    }
}
