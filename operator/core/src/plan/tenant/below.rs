//! The tenants below one, as claims on its quota.

use std::borrow::Cow;

use kube::ResourceExt;

use super::valid::{asked, level_defaults};
use super::{TenantWorld, checks};
use crate::kinds::{Allocation, Granted, Tenant};
use crate::plan::quota::{Below, Book, Claim, Figures, Held, Remains, Share};
use crate::plan::{World, metadata};

/// Everybody who has or may have a share of what `tenant` gives.
pub fn gather(tenant: &Tenant, world: &dyn World) -> Below {
    let stored = tenant.status.as_ref().map(|status| status.allocations.as_slice()).unwrap_or_default();
    let name = tenant.name_any();
    let claims: Vec<Claim> = world
        .children(&name)
        .into_iter()
        .map(|child| match world.tenant(&child) {
            Some(child) => claim(&child, stored, world),
            None => Claim { name: child, id: None, created: None, asked: None, held: None, noted: None },
        })
        .collect();
    let gone = stored.iter().filter(|allocation| claims.iter().all(|claim| !is_of(claim, allocation)));
    let remains = gone.filter_map(|allocation| Some((allocation.name.clone(), remains(allocation, world)?)));
    let remains = remains.collect();
    Below { claims, remains }
}

fn is_of(claim: &Claim, allocation: &Allocation) -> bool {
    claim.name == allocation.name && claim.id.as_ref().is_none_or(|id| *id == allocation.id)
}

fn claim(child: &Tenant, stored: &[Allocation], world: &dyn World) -> Claim {
    let name = child.name_any();
    // One that takes over what an earlier tenant left has that one's id, once it is looked at.
    let child = match &child.spec.adopt {
        Some(_) => super::marked(child, &TenantWorld::near(child, world)),
        None => Cow::Borrowed(child),
    };
    let (child, id) = (child.as_ref(), metadata::id(child.as_ref()));
    let platform = world.platform();
    let level = platform.as_deref().and_then(|platform| level_defaults(platform, child.spec.level).ok());
    let asked = level.map(|level| Figures::of(&asked(child, level).total));
    let has = stored.iter().find(|allocation| allocation.name == name && allocation.id == id);
    let has = has.map(|allocation| Figures::of(&allocation.amounts));
    // Most ask for nothing new, and then nobody has to know whether they may.
    let content = has.is_some_and(|has| asked.is_none_or(|asked| !asked.exceeds(has)));
    let may =
        || child.metadata.deletion_timestamp.is_none() && checks::may_claim(child, &TenantWorld::near(child, world));
    let asked = asked.filter(|_| content || may());
    let ours = || world.namespace(&name).is_some_and(|found| found.id.as_ref() == Some(&id));
    let held = child.status.as_ref().and_then(|status| status.granted.as_ref()).map(held);
    let noted = if held.is_none() && has.is_none() && ours() { world.quota(&name) } else { None };
    Claim {
        created: child.metadata.creation_timestamp.as_ref().map(|at| at.0),
        asked,
        held,
        noted: noted.and_then(|quota| quota.total),
        id: Some(id),
        name,
    }
}

/// What outlived its tenant is charged with all that its ResourceQuota still allows, as far as it was
/// given: where no RetainData locked it, a hand took the finalizer off, and what ran runs on. Nobody
/// can tell what tenants below it use of their own, so that they keep all of it.
fn remains(allocation: &Allocation, world: &dyn World) -> Option<Remains> {
    let (name, whole) = (&allocation.name, Figures::of(&allocation.amounts));
    let namespace = world.namespace(name).filter(|found| found.id.as_ref() == Some(&allocation.id));
    let amounts = match namespace {
        _ if !world.children(name).is_empty() => whole,
        Some(_) => world.quota(name).and_then(|quota| quota.in_force()).map_or(whole, |force| force.least(whole)),
        None => return None,
    };
    Some(Remains { id: allocation.id.clone(), amounts })
}

/// What a status records.
pub fn book(tenant: &Tenant) -> Book {
    let Some(status) = &tenant.status else { return Book::default() };
    let shares = status.allocations.iter().map(|allocation| (allocation.name.clone(), share(allocation)));
    Book { held: status.granted.as_ref().map(held), shares: shares.collect() }
}

/// An allocation as figures.
pub fn share(allocation: &Allocation) -> Share {
    Share {
        id: allocation.id.clone(),
        amounts: Figures::of(&allocation.amounts),
        round: allocation.round.unwrap_or_default(),
    }
}

fn held(granted: &Granted) -> Held {
    Held {
        total: Figures::of(&granted.total),
        own: Figures::of(&granted.own),
        round: granted.round.unwrap_or_default(),
    }
}
