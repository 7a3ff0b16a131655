//! From a Tenant to its namespace and the fence around it.

mod below;
mod checks;
mod fence;
mod hosts;
mod ids;
mod limits;
mod listener_sets;
mod namespace;
mod quota;
mod retention;
mod retirement;
mod role_bindings;
mod service_account;
mod standing;
mod status;
mod succession;
mod valid;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::{
    core::v1::{LimitRange, Namespace, ResourceQuota, ServiceAccount},
    networking::v1::NetworkPolicy,
    rbac::v1::RoleBinding,
};
use kube::ResourceExt;

use super::object::{Kind, Object};
use super::quota::{Below, QuotaFound};
use super::{ListenersFound, NamespaceFound, Stop, World, labels, metadata};
use crate::gateway_api::ListenerSet;
use crate::kinds::{Gateway, Platform, Tenant};

pub use hosts::{Hosts, Withheld, holders as host_holders, hosts};
pub use retention::{GOES, is_over, last_day, locked_quota, mark};
pub use retirement::{Retirement, Wait, blocked, going, retirement};
pub use role_bindings::{ADMIN_ROLE, VIEWER_ROLE};
pub use standing::Standing;
pub use status::{held, hold, is_accepted, is_fenced, is_refused, recorded_first, status};
pub use succession::Succession;
pub use valid::{Defaults, ValidTenant};

/// All that a pass over one tenant may know.
#[derive(Debug, Clone, Default)]
pub struct TenantWorld {
    /// The Platform.
    pub platform: Option<Arc<Platform>>,
    /// The tenant that `spec.parent` names.
    pub parent: Option<Arc<Tenant>>,
    /// Whether its parents lead round in a circle instead of to a Province.
    pub circle: bool,
    /// An earlier tenant with the same division.
    pub rival: Option<String>,
    /// What stands against the predecessors it names.
    pub succession: Succession,
    /// Of each host that it names and another tenant has: that tenant.
    pub host_holders: BTreeMap<String, String>,
    /// The listeners there are for its hosts, by gateway.
    pub listeners: BTreeMap<String, ListenersFound>,
    /// What stopped the pass when those were written; the tenant stands without them.
    pub listening: Option<Stop>,
    /// Another tenant that keeps the id which this one has.
    pub id_holder: Option<String>,
    /// Another tenant that has the id which the namespace carries.
    pub left_holder: Option<String>,
    /// What lies under the name of the tenant's namespace.
    pub namespace: Option<NamespaceFound>,
    /// What its ResourceQuota says.
    pub quota: Option<QuotaFound>,
    /// The tenants below this one.
    pub children: Vec<String>,
    /// Those below this one, as claims on its quota.
    pub below: Below,
    /// The Apps of this one.
    pub apps: Vec<String>,
    /// The Blueprints of this one.
    pub blueprints: Vec<String>,
}

impl TenantWorld {
    /// Dereferences all that `tenant` touches.
    pub fn gather(tenant: &Tenant, world: &dyn World) -> Self {
        Self { below: below::gather(tenant, world), ..Self::near(tenant, world) }
    }

    /// Dereferences what `tenant` touches without looking at what those below it claim: for its
    /// parent, which asks no further down.
    fn near(tenant: &Tenant, world: &dyn World) -> Self {
        let name = tenant.name_any();
        let rivals = world.tenants_of_division(tenant.spec.division.significant()).into_iter();
        let earlier = |other: &Arc<Tenant>| {
            other.spec.level.owns_its_division() && other.name_any() != name && order(other) < order(tenant)
        };
        let platform = world.platform();
        Self {
            host_holders: hosts::holders(tenant, world),
            listeners: listeners(&name, platform.as_deref(), world),
            listening: None,
            platform,
            parent: tenant.spec.parent.as_ref().and_then(|parent| world.tenant(parent)),
            circle: circle(tenant, world),
            rival: rivals.filter(earlier).min_by_key(|other| order(other)).map(|other| other.name_any()),
            succession: Succession::gather(tenant, world),
            id_holder: ids::holder(tenant, world),
            left_holder: ids::holder_of_left(tenant, world),
            namespace: world.namespace(&name),
            quota: world.quota(&name),
            below: Below::default(),
            children: world.children(&name),
            apps: world.apps(&name),
            blueprints: world.blueprints_of(&name),
        }
    }
}

/// The id of a tenant: the one it has, or that of a namespace which an earlier tenant left behind
/// under its name, where it asks for that by `spec.adopt`, has had no namespace of its own, and nobody
/// else has that id.
pub fn id(tenant: &Tenant, world: &TenantWorld) -> String {
    let free = !had_namespace(tenant) && world.left_holder.is_none();
    let left = ids::left(world).filter(|_| free);
    let adopted = tenant.spec.adopt.as_ref().filter(|asked| left.is_some_and(|left| *left == **asked));
    adopted.map_or_else(|| metadata::id(tenant), ToString::to_string)
}

/// Whether a tenant has had its namespace at some time.
fn had_namespace(tenant: &Tenant) -> bool {
    tenant.status.as_ref().is_some_and(|status| status.namespace.is_some())
}

/// The tenant as it is once it carries its id.
pub fn marked<'a>(tenant: &'a Tenant, world: &TenantWorld) -> Cow<'a, Tenant> {
    let id = id(tenant, world);
    if metadata::id(tenant) == id {
        return Cow::Borrowed(tenant);
    }
    let mut marked = tenant.clone();
    marked.labels_mut().insert(labels::ID.to_owned(), id);
    Cow::Owned(marked)
}

/// The listeners there are for a tenant's hosts, by gateway.
pub fn listeners(tenant: &str, platform: Option<&Platform>, world: &dyn World) -> BTreeMap<String, ListenersFound> {
    let gateways = platform.into_iter().flat_map(|platform| &platform.spec.gateways);
    let found = |gateway: &Gateway| Some((gateway.name.to_string(), world.listeners(tenant, &gateway.name)?));
    gateways.filter_map(found).collect()
}

/// Who of several tenants was first: by creation, then by name.
fn order(tenant: &Tenant) -> (Option<Timestamp>, String) {
    (tenant.metadata.creation_timestamp.clone().map(|at| at.0), tenant.name_any())
}

/// Whether the parents of a tenant lead round in a circle. Each is set for good when its tenant is
/// made, but a parent may be made after its child, and zones may share one division.
fn circle(tenant: &Tenant, world: &dyn World) -> bool {
    let mut passed = vec![tenant.name_any()];
    let mut parent = tenant.spec.parent.clone();
    while let Some(name) = parent {
        if passed.iter().any(|before| **before == *name) {
            return true;
        }
        parent = world.tenant(&name).and_then(|tenant| tenant.spec.parent.clone());
        passed.push(name.to_string());
    }
    false
}

/// Everything that should exist for one tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// The namespace itself.
    pub namespace: Namespace,
    /// What it may use.
    pub quota: ResourceQuota,
    /// What a container gets that asks for nothing.
    pub limits: LimitRange,
    /// Denies everything in both directions but the name service.
    pub fence: NetworkPolicy,
    /// The namespace's default account, without a token.
    pub service_account: ServiceAccount,
    /// The administrators' rights.
    pub admins: Option<RoleBinding>,
    /// The viewers' rights.
    pub viewers: Option<RoleBinding>,
    /// Listeners for its own host names, one set a gateway.
    pub listener_sets: Vec<ListenerSet>,
}

/// Renders everything that should exist for `tenant`.
pub fn desired(tenant: &ValidTenant) -> Desired {
    Desired {
        namespace: namespace::namespace(tenant),
        quota: quota::quota(tenant),
        limits: limits::limits(tenant),
        fence: fence::fence(tenant),
        service_account: service_account::service_account(tenant),
        admins: role_bindings::admins(tenant),
        viewers: role_bindings::viewers(tenant),
        listener_sets: listener_sets::listener_sets(tenant),
    }
}

impl Desired {
    /// The objects in the order in which they are written: the fence first, rights last, so that
    /// at no instant anybody is let in to a namespace that is not closed and bounded.
    pub fn in_order(&self) -> Vec<Object> {
        let Self { namespace, quota, limits, fence, service_account, admins, viewers, listener_sets: _ } = self;
        let binding = |binding: &Option<RoleBinding>| binding.as_ref().map(|b| Object::of(Kind::RoleBinding, b));
        [
            Some(Object::of(Kind::Namespace, namespace)),
            Some(Object::of(Kind::ResourceQuota, quota)),
            Some(Object::of(Kind::LimitRange, limits)),
            Some(Object::of(Kind::NetworkPolicy, fence)),
            Some(Object::of(Kind::ServiceAccount, service_account)),
            binding(admins),
            binding(viewers),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
    /// The listeners for its host names. They are written after all others, and the tenant stands
    /// without them: they concern visitors and not the fence.
    pub fn listeners(&self) -> Vec<Object> {
        self.listener_sets.iter().map(|set| Object::of(Kind::ListenerSet, set)).collect()
    }
}
