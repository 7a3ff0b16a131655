//! Tells people what happened, on the object it happened to. Best effort: an event that cannot be
//! written is logged and holds nothing up.

use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource};

use super::error::{ERROR_LIMIT_BYTES, cut};

/// What the operator was doing when it had something to say.
#[derive(Debug, Clone, Copy)]
pub enum Act {
    /// Checking a declaration.
    Check,
    /// Writing what should exist.
    Apply,
    /// Watching a kind.
    Watch,
    /// Holding its hand.
    Hold,
    /// Taking an object down.
    Retire,
}

impl Act {
    fn as_str(self) -> &'static str {
        match self {
            Self::Check => "Check",
            Self::Apply => "Apply",
            Self::Watch => "Watch",
            Self::Hold => "Hold",
            Self::Retire => "Retire",
        }
    }
}

/// Publishes events.
pub struct Events {
    recorder: Recorder,
}

impl Events {
    /// Events under the operator's name.
    pub fn new(client: Client, identity: Option<String>) -> Self {
        Self { recorder: Recorder::new(client, Reporter { controller: "yipan".to_owned(), instance: identity }) }
    }

    /// Something went as it should.
    pub async fn note<K: Resource<DynamicType = ()>>(&self, object: &K, act: Act, reason: &str, text: &str) {
        self.publish(object, event(EventType::Normal, act, reason, text)).await;
    }

    /// Somebody has to act.
    pub async fn warn<K: Resource<DynamicType = ()>>(&self, object: &K, act: Act, reason: &str, text: &str) {
        self.publish(object, event(EventType::Warning, act, reason, text)).await;
    }

    async fn publish<K: Resource<DynamicType = ()>>(&self, object: &K, event: Event) {
        if let Err(error) = self.recorder.publish(&event, &object.object_ref(&())).await {
            tracing::warn!(error = %super::error::short(&error), event.reason, "an event could not be published");
        }
    }
}

fn event(type_: EventType, act: Act, reason: &str, text: &str) -> Event {
    Event {
        type_,
        reason: reason.to_owned(),
        note: Some(cut(text, ERROR_LIMIT_BYTES).to_owned()),
        action: act.as_str().to_owned(),
        secondary: None,
    }
}
