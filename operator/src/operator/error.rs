//! Why a pass stopped, and the condition that becomes of it.

use std::error::Error as StdError;
use std::time::Duration;

use yipan_core::plan::{Refusal, Stop};

use super::fair_queue::Action;

/// An event's text may have a kilobyte; a condition's is kept as short.
pub const ERROR_LIMIT_BYTES: usize = 1000;
/// How soon a refused declaration is looked at again, should a watch have missed what mends it.
const RECHECK: Duration = Duration::from_secs(300);
/// How soon one that waits for another's turn is looked at again: until then it was told nothing.
const IN_LINE: Duration = Duration::from_secs(30);
/// How soon a declaration is looked at again that waits for another one.
const YOUNG: Duration = Duration::from_secs(1);
/// The longest wait between attempts that time may mend.
const RETRY_LIMIT: Duration = Duration::from_secs(30);

/// Why a pass stopped. The variants differ in whose turn it is.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The author's.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Another author's: what this object depends on no longer fits its schema.
    #[error("{what} cannot be read, and nothing is changed until it is mended; see its status")]
    Unreadable {
        /// What cannot be read.
        what: String,
    },
    /// The author's: what was declared passes our schema and not the API server's own checks.
    #[error("the API server refuses {object}: {why}; correct what the spec says of it")]
    Invalid {
        /// What was to be written.
        object: String,
        /// What the API server says.
        why: String,
    },
    /// The platform administrator's: 401, 403 and 404. Asking again changes nothing.
    #[error("the API server rejects {object}: {why}; tell the platform's administrator")]
    Rejected {
        /// What was to be written.
        object: String,
        /// What the API server says.
        why: String,
    },
    /// The platform administrator's: an object of that name is somebody else's.
    #[error("{object} exists and is not Yipan's; nothing is adopted: remove it, or choose another name")]
    NameTaken {
        /// What was to be written.
        object: String,
    },
    /// Nobody's: somebody wrote in between.
    #[error("{object} changed in between; the operator looks again")]
    Conflict {
        /// What was to be written.
        object: String,
    },
    /// Time's; the cause is for the log only.
    #[error("cannot {step} at the moment; the operator keeps trying")]
    Unavailable {
        /// What was to be done.
        step: String,
        /// Why not.
        source: Box<kube::Error>,
    },
    /// A fault of the operator.
    #[error("a pass broke off: {0}; tell the platform's administrator")]
    Broken(String),
}

impl Error {
    /// Sorts what the API server answered to a write of `object`.
    pub fn of_write(object: &str, error: kube::Error) -> Self {
        let object = object.to_owned();
        match error {
            kube::Error::Api(status) if status.is_conflict() => Self::Conflict { object },
            kube::Error::Api(status) if matches!(status.code, 400 | 422) => {
                Self::Invalid { object, why: cut(&status.message, ERROR_LIMIT_BYTES / 2).to_owned() }
            }
            kube::Error::Api(status) if status.code == 404 && status.message.contains("page not found") => {
                Self::Rejected { object, why: "its kind is not served; its definition has to be installed".to_owned() }
            }
            kube::Error::Api(status) if matches!(status.code, 401 | 403 | 404 | 405) => {
                Self::Rejected { object, why: cut(&status.message, ERROR_LIMIT_BYTES / 2).to_owned() }
            }
            error => Self::Unavailable { step: format!("write {object}"), source: Box::new(error) },
        }
    }

    /// The word that conditions, events and metrics carry.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.reason(),
            Self::Unreadable { .. } => "DependsOnUnreadable",
            Self::Invalid { .. } => "Invalid",
            Self::Rejected { .. } => "Rejected",
            Self::NameTaken { .. } => "NameTaken",
            Self::Conflict { .. } => "Conflict",
            Self::Unavailable { .. } => "Unavailable",
            Self::Broken(_) => "Broken",
        }
    }

    /// What the conditions say of it.
    pub fn stop(&self) -> Stop {
        let status = match self {
            Self::Refused(_) | Self::Invalid { .. } | Self::Rejected { .. } | Self::NameTaken { .. } => "False",
            Self::Unreadable { .. } | Self::Conflict { .. } | Self::Unavailable { .. } | Self::Broken(_) => "Unknown",
        };
        Stop { status, reason: self.reason(), message: cut(&self.to_string(), ERROR_LIMIT_BYTES).to_owned() }
    }

    /// Whether its reader has a word on what was asked: not after a lost race, nor as long as nobody
    /// hears the operator.
    pub fn is_answer(&self) -> bool {
        !matches!(self, Self::Conflict { .. } | Self::Unavailable { .. } | Self::Broken(_))
    }

    /// When to look again after this many failures in a row.
    pub fn again(&self, failures: u32) -> Action {
        let doubling = Duration::from_millis(250) * 2_u32.saturating_pow(failures.min(10));
        match self {
            // What it waits for asks for it when it comes; this is for when it does not.
            Self::Refused(refusal) if refusal.waits_for_another() && failures <= 4 => Action::requeue(YOUNG),
            Self::Refused(refusal) if refusal.waits_its_turn() => Action::requeue(IN_LINE),
            Self::Refused(_) | Self::Unreadable { .. } => Action::requeue(RECHECK),
            Self::Conflict { .. } => Action::requeue(Duration::from_millis(200).min(doubling)),
            Self::Invalid { .. }
            | Self::Rejected { .. }
            | Self::NameTaken { .. }
            | Self::Unavailable { .. }
            | Self::Broken(_) => Action::requeue(doubling.min(RETRY_LIMIT)),
        }
    }
}

/// An error with its causes in one line, without kube's debug dump of an API answer.
pub fn short(error: &(dyn StdError + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = match error.downcast_ref::<kube::Error>() {
            Some(kube::Error::Api(status)) => {
                parts.push(format!("{} ({} {})", status.message, status.code, status.reason));
                break;
            }
            _ => error.to_string(),
        };
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        next = error.source();
    }
    // The outer texts of kube repeat the inner ones with a dump; the last is the cause.
    cut(parts.last().map(String::as_str).unwrap_or_default(), ERROR_LIMIT_BYTES).to_owned()
}

/// The longest beginning of a text that fits, on a character's boundary: ours are often Chinese.
pub fn cut(text: &str, limit_bytes: usize) -> &str {
    let mut end = text.len().min(limit_bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut("凉州区", 4), "凉");
        assert_eq!(cut("凉州区", 9), "凉州区");
        assert_eq!(cut("abc", 2), "ab");
    }
}
