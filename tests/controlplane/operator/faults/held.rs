//! A write that is held back while the world goes on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::super::super::plane::eventually;
use super::super::run::SOON;
use super::{Fault, Gate};

/// A write that is held back, and how it was answered in the end.
#[derive(Clone, Default)]
pub struct HeldWrite {
    gate: Gate,
    begun: Arc<AtomicBool>,
    answer: Arc<Mutex<Option<u16>>>,
}

impl HeldWrite {
    /// The fault that holds it; none for what comes after it, which goes its way.
    pub fn hold(&self) -> Option<Fault> {
        if self.begun.swap(true, Ordering::SeqCst) {
            return None;
        }
        let answer = Arc::clone(&self.answer);
        let told = move |code| *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(code);
        Some(Fault::Late(self.gate.clone(), Box::new(told)))
    }

    /// Waits until it is sent.
    pub async fn begins(&self, what: &str) {
        eventually(SOON, &format!("the operator writes {what}"), async || {
            self.begun.load(Ordering::SeqCst).then_some(()).ok_or_else(|| "not yet".to_owned())
        })
        .await;
    }

    /// Lets it go and gives the code of its answer.
    pub async fn let_go(&self) -> u16 {
        self.gate.open();
        eventually(SOON, "the late write is answered", async || {
            self.answer.lock().unwrap_or_else(PoisonError::into_inner).ok_or_else(|| "no answer".to_owned())
        })
        .await
    }
}
