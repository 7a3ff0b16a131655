//! Whether and how visitors come in.

use super::Source;
use crate::kinds::{Entry, Gateway, Identity, Login, Platform, Visibility};

/// Whether and how visitors come in.
#[derive(Debug, Clone, PartialEq)]
pub enum EntryPlan {
    /// No address was asked for.
    NotRequested,
    /// An address was asked for that cannot be given safely: there is no route.
    Closed {
        /// What is missing, and who can give it.
        message: String,
    },
    /// Through this gateway.
    Open(Gateway),
}

/// Decides on the entry. It is closed rather than open where anything is missing.
pub fn entry(source: &Source, entry: Option<&Entry>, identity: Option<&Identity>, platform: &Platform) -> EntryPlan {
    let Some(entry) = entry else { return EntryPlan::NotRequested };
    if wants_login(identity) {
        let message = format!(
            "login is required and this version of Yipan has no identity provider to enforce it; there is no route, rather than one without login: {}, or wait",
            source.to("set spec.identity.login to None")
        );
        return EntryPlan::Closed { message };
    }
    let fits = |gateway: &&Gateway| Some(gateway.visibility) == entry.visibility;
    match platform.spec.gateways.iter().find(fits) {
        Some(gateway) => EntryPlan::Open(gateway.clone()),
        None => {
            let visibility = match entry.visibility {
                Some(Visibility::Public) => "Public",
                Some(Visibility::Internal) => "Internal",
                None => "nameless", // the schema lets in no entry without a visibility
            };
            let message =
                format!("the platform has no {visibility} gateway; the province adds one to Platform spec.gateways");
            EntryPlan::Closed { message }
        }
    }
}

/// Whether the App asks for a login.
pub fn wants_login(identity: Option<&Identity>) -> bool {
    identity.and_then(|identity| identity.login) == Some(Login::Required)
}

/// The gateway of an entry, where it is open.
pub fn gateway(asked: Option<&Entry>, identity: Option<&Identity>, platform: &Platform) -> Option<Gateway> {
    entry(&Source::Own, asked, identity, platform).gateway().cloned()
}

impl EntryPlan {
    /// The gateway, where the entry is open.
    pub fn gateway(&self) -> Option<&Gateway> {
        match self {
            Self::Open(gateway) => Some(gateway),
            Self::NotRequested | Self::Closed { .. } => None,
        }
    }
}
