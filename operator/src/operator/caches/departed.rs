//! Apps whose end was seen: what such an one left behind nobody wants any more.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Apps that went while this operator watched, by namespace and name. A restart forgets them.
#[derive(Default)]
pub struct Departed(Mutex<HashSet<(String, String)>>);

impl Departed {
    /// Records that an App is there, or that it has gone.
    pub fn record(&self, namespace: &str, app: &str, gone: bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (namespace.to_owned(), app.to_owned());
        if gone {
            all.insert(place);
        } else {
            all.remove(&place);
        }
    }

    /// Whether an App has gone, and not come back.
    pub fn has(&self, namespace: &str, app: &str) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.contains(&(namespace.to_owned(), app.to_owned()))
    }

    /// Forgets all of a namespace that is gone.
    pub fn forget_namespace(&self, namespace: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(place, _)| place != namespace);
    }
}
