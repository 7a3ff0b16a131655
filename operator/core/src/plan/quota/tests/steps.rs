//! All that can happen to a tree of tenants.

use proptest::prelude::*;

use super::TENANTS;

/// One of them.
#[derive(Debug, Clone)]
pub enum Step {
    /// An operator hears of so many events more, of tenants and of ResourceQuotas.
    Hears(usize, usize, usize),
    /// An operator's pass over a tenant, which ends after so many writes.
    Pass(usize, usize, usize),
    /// A tenant is made, or asks for something else: CPU and Apps, in all and for itself.
    Asks(usize, [i64; 2], [i64; 2]),
    /// A tenant without tenants below it goes, after its namespace.
    Goes(usize),
    /// The quota controller looks at a ResourceQuota.
    Seen(usize),
    /// Something else is in use, as far as it is admitted.
    Uses(usize, [i64; 2]),
    /// A tenant passes its checks, or no longer does.
    Judged(usize, bool),
    /// A hand takes off a tenant's finalizer: it goes, and its namespace runs on.
    Breaks(usize),
    /// A tenant without tenants below it goes, and its namespace is locked and kept.
    Retains(usize),
    /// A namespace that outlived its tenant goes.
    Clears(usize),
    /// A status is lost by a restore; operators see all there is when they start after it.
    Loses(usize),
}

/// Steps in any order.
pub fn steps(length: usize) -> impl Strategy<Value = Vec<Step>> {
    let tenant = 0..TENANTS;
    let two = |most: i64| [0..=most, 0..=most];
    let step = prop_oneof![
        4 => (0..2_usize, 0..20_usize, 0..20_usize).prop_map(|(who, tenants, quotas)| Step::Hears(who, tenants, quotas)),
        8 => (0..2_usize, tenant.clone(), 0..4_usize).prop_map(|(who, tenant, writes)| Step::Pass(who, tenant, writes)),
        3 => (tenant.clone(), two(20), two(10)).prop_map(|(tenant, total, own)| Step::Asks(tenant, total, own)),
        1 => tenant.clone().prop_map(Step::Goes),
        3 => tenant.clone().prop_map(Step::Seen),
        2 => (tenant.clone(), two(10)).prop_map(|(tenant, used)| Step::Uses(tenant, used)),
        1 => (tenant.clone(), any::<bool>()).prop_map(|(tenant, passes)| Step::Judged(tenant, passes)),
        1 => tenant.clone().prop_map(Step::Breaks),
        1 => tenant.clone().prop_map(Step::Retains),
        1 => tenant.clone().prop_map(Step::Clears),
        1 => tenant.prop_map(Step::Loses),
    ];
    prop::collection::vec(step, 0..length)
}
