//! Who has to be looked at because of what was seen. Nothing is queued while another replica
//! leads; a new leader looks at everything once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use kube::runtime::reflector::ObjectRef;
use yipan_core::kinds::{App, Platform, Tenant};

use super::Guarded;

/// How long counts may lag: a city with ten new counties writes its status once, not ten times.
const LATER: Duration = Duration::from_millis(700);

/// A queue of objects of one kind, open while this replica leads.
pub struct Queue<K: kube::Resource<DynamicType = ()>> {
    sender: Mutex<Option<UnboundedSender<ObjectRef<K>>>>,
}

impl<K: kube::Resource<DynamicType = ()>> Default for Queue<K> {
    fn default() -> Self {
        Self { sender: Mutex::new(None) }
    }
}

impl<K: kube::Resource<DynamicType = ()>> Queue<K> {
    /// Opens the queue; what an earlier leadership left in it is dropped.
    pub fn open(&self) -> UnboundedReceiver<ObjectRef<K>> {
        let (sender, receiver) = unbounded();
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        receiver
    }

    /// Closes the queue; its reader ends once it has drained it.
    pub fn close(&self) {
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Asks for one object to be looked at.
    pub fn push(&self, object: ObjectRef<K>) {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = sender.as_ref() {
            // A reader that has gone is a leadership that has ended.
            drop(sender.unbounded_send(object));
        }
    }
}

/// The queues of all three controllers.
#[derive(Default)]
pub struct Triggers {
    /// Of the Platform's.
    pub platforms: Queue<Guarded<Platform>>,
    /// Of the tenants'.
    pub tenants: Queue<Guarded<Tenant>>,
    /// Of the Apps'.
    pub apps: Queue<Guarded<App>>,
    later: Arc<Mutex<HashSet<String>>>,
}

impl Triggers {
    /// Asks for a tenant to be looked at.
    pub fn tenant(&self, name: &str) {
        self.tenants.push(ObjectRef::new(name));
    }

    /// Asks for an App to be looked at.
    pub fn app(&self, namespace: &str, name: &str) {
        self.apps.push(ObjectRef::new(name).within(namespace));
    }

    /// Asks for an App to be looked at that is given as `<namespace>/<name>`.
    pub fn app_at(&self, place: &str) {
        if let Some((namespace, name)) = place.split_once('/') {
            self.app(namespace, name);
        }
    }

    /// Asks for the Platform to be looked at.
    pub fn platform(&self) {
        self.platforms.push(ObjectRef::new("platform"));
    }

    /// Takes what [`tenant_later`] gathered.
    ///
    /// [`tenant_later`]: Self::tenant_later
    pub fn take_later(&self) -> HashSet<String> {
        std::mem::take(&mut *self.later.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks for a tenant's counts to be brought up to date, soon and once.
    pub fn tenant_later(&self, name: &str) {
        self.later.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
    }
}

/// Passes on what was asked for later, for as long as the operator runs.
pub async fn pass_on(shared: Arc<super::Shared>) {
    let mut rhythm = tokio::time::interval(LATER);
    loop {
        rhythm.tick().await;
        let names = shared.caches.triggers.take_later();
        let any = !names.is_empty();
        names.iter().for_each(|name| shared.caches.triggers.tenant(name));
        if any {
            shared.caches.triggers.platform(); // it counts the tenants
        }
    }
}
