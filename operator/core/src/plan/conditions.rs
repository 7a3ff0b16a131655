//! Conditions after the Kubernetes API conventions.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

/// One condition before it is dated.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Its type, such as `Ready`.
    pub type_: &'static str,
    /// `True`, `False` or `Unknown`.
    pub status: &'static str,
    /// One word from a closed list.
    pub reason: &'static str,
    /// What a person should know and do.
    pub message: String,
}

impl Finding {
    /// A finding that something is as it should be.
    pub fn yes(type_: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self { type_, status: "True", reason, message: message.into() }
    }

    /// A finding that somebody has to act, or time to pass.
    pub fn no(type_: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self { type_, status: "False", reason, message: message.into() }
    }

    /// A layer that nobody asked for.
    pub fn not_requested(type_: &'static str) -> Self {
        Self::yes(type_, "NotRequested", "")
    }
}

/// `Ready`: true when every finding is, else what the first one that is not says.
pub fn ready(findings: &[Finding]) -> Finding {
    let rank = |status: &str| findings.iter().find(|finding| finding.status == status);
    match rank("False").or_else(|| rank("Unknown")) {
        None => Finding::yes("Ready", "Ready", ""),
        Some(first) => Finding { type_: "Ready", ..first.clone() },
    }
}

/// The findings as conditions of this generation. A condition keeps the time of its last
/// transition while its status stays.
pub fn dated(findings: Vec<Finding>, old: &[Condition], generation: Option<i64>, now: Timestamp) -> Vec<Condition> {
    let since = |finding: &Finding| {
        let before =
            old.iter().find(|condition| condition.type_ == finding.type_ && condition.status == finding.status);
        before.map_or(Time(whole_second(now)), |condition| condition.last_transition_time.clone())
    };
    findings
        .into_iter()
        .map(|finding| Condition {
            last_transition_time: since(&finding),
            type_: finding.type_.to_owned(),
            status: finding.status.to_owned(),
            reason: finding.reason.to_owned(),
            message: finding.message,
            observed_generation: generation,
        })
        .collect()
}

/// The condition of that type.
pub fn find<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == type_)
}

/// The API writes times in whole seconds; a finer one would differ from itself once stored.
fn whole_second(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}
