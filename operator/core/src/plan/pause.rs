//! Who holds the operator's hand, and for how long at the most.

use jiff::{SignedDuration, Timestamp};

use super::conditions::{self, Finding};
use crate::kinds::{Condition, Paused};

/// No pause lasts longer, whatever end it names: a schema knows no time, so it cannot refuse one that
/// ends in the year 2999. What is needed for longer is asked for again.
const LONGEST: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The pauses that concern an object: whose each is, and the pause, the widest first.
pub type Pauses<'a> = Vec<(String, Option<&'a Paused>)>;

/// Who holds the operator's hand, why, and until when.
#[derive(Debug, Clone, PartialEq)]
pub struct Hold {
    /// `this App`, `tenant liangzhou` or `the platform`.
    pub by: String,
    /// The pause itself.
    pub paused: Paused,
    /// When it holds no longer: at its end, or when it has lasted too long.
    pub ends: Timestamp,
}

impl Hold {
    /// How long it goes on.
    pub fn rest(&self, now: Timestamp) -> std::time::Duration {
        self.ends.duration_since(now).unsigned_abs()
    }
}

/// The first of the pauses that holds. `old` are the object's conditions: they say how long this very
/// pause has held already.
pub fn hold(pauses: &Pauses, old: &[Condition], now: Timestamp) -> Option<Hold> {
    lasting(pauses, old, now).find(|hold| hold.ends > now)
}

/// Says of the first pause that has not come to its end and holds nothing any more.
pub fn worn_out(pauses: &Pauses, old: &[Condition], now: Timestamp) -> Option<Finding> {
    let worn_out = lasting(pauses, old, now).find(|hold| hold.ends <= now)?;
    Some(Finding::no(PAUSED, "PauseTooLong", sentence(&worn_out)))
}

/// The conditions there were, with `Paused` set. Nothing else is touched, for nothing was looked at.
pub fn held(hold: &Hold, old: &[Condition], generation: Option<i64>, now: Timestamp) -> Vec<Condition> {
    let sentence = sentence(hold);
    // Another pause, or a changed one, begins now: whoever changes it has not forgotten it.
    let same: Vec<Condition> = this_very_one(old, &sentence).cloned().into_iter().collect();
    let paused = conditions::dated(vec![Finding::yes(PAUSED, "Paused", sentence)], &same, generation, now);
    old.iter().filter(|condition| condition.type_ != PAUSED).cloned().chain(paused).collect()
}

/// Who paused, until when and why, for people.
pub fn sentence(hold: &Hold) -> String {
    format!("{} is paused until {}: {}", hold.by, hold.paused.until, hold.paused.reason)
}

const PAUSED: &str = "Paused";

/// The pauses that have not come to their ends.
fn lasting(pauses: &Pauses, old: &[Condition], now: Timestamp) -> impl Iterator<Item = Hold> {
    pauses.iter().filter_map(move |(by, paused)| {
        let paused = (*paused)?.clone();
        let until = paused.until.timestamp();
        let hold = Hold { by: by.clone(), paused, ends: until };
        let since = this_very_one(old, &sentence(&hold)).map_or(now, |before| match before.status.as_str() {
            "True" => before.last_transition_time.0,
            _ => Timestamp::MIN, // it had lasted too long before
        });
        let ends = since.checked_add(LONGEST).map_or(until, |longest| until.min(longest));
        (until > now).then_some(Hold { ends, ..hold })
    })
}

/// What is said of this very pause. Its sentence names all that makes it this one.
fn this_very_one<'a>(old: &'a [Condition], sentence: &str) -> Option<&'a Condition> {
    conditions::find(old, PAUSED).filter(|condition| condition.message == sentence)
}
