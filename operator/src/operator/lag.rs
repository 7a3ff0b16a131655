//! How long tenants wait: from the moment a change was seen to the end of the pass that answered it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// For how long a wait that is over is told of.
const MEMORY: Duration = Duration::from_secs(60);
/// Of how many tenants a page tells at most: of those that wait longest.
const MOST_TENANTS: usize = 500;

/// The waits of the last minute, by tenant.
#[derive(Default)]
pub struct Lags {
    /// By when they ended. One that is followed by a longer one is dropped: it will never again be
    /// the longest.
    over: Mutex<HashMap<String, VecDeque<(Instant, Duration)>>>,
}

impl Lags {
    /// Records a wait that is over.
    pub fn record(&self, tenant: &str, waited: Duration, now: Instant) {
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = over.entry(tenant.to_owned()).or_default();
        while waits.back().is_some_and(|(_, earlier)| *earlier <= waited) {
            waits.pop_back();
        }
        waits.push_back((now, waited));
        forget_old(waits, now);
    }

    /// The longest wait of each tenant, of those over within the last minute and those that are
    /// not over. Who has waited for nothing in that time is left out, and of more than
    /// [`MOST_TENANTS`] those that waited least.
    pub fn longest(&self, unanswered: BTreeMap<String, Duration>, now: Instant) -> BTreeMap<String, Duration> {
        let mut longest = unanswered;
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        over.retain(|tenant, waits| {
            forget_old(waits, now);
            let Some((_, waited)) = waits.front() else { return false };
            let known = longest.entry(tenant.clone()).or_default();
            *known = (*known).max(*waited);
            true
        });
        if longest.len() > MOST_TENANTS {
            let mut ranked: Vec<_> = longest.into_iter().collect();
            ranked.sort_by_key(|(_, waited)| Reverse(*waited));
            ranked.truncate(MOST_TENANTS);
            longest = ranked.into_iter().collect();
        }
        longest
    }
}

fn forget_old(waits: &mut VecDeque<(Instant, Duration)>, now: Instant) {
    while waits.front().is_some_and(|(ended, _)| now.saturating_duration_since(*ended) > MEMORY) {
        waits.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn longest(lags: &Lags, unanswered: &[(&str, Duration)], now: Instant) -> Vec<(String, Duration)> {
        let unanswered = unanswered.iter().map(|(tenant, waited)| ((*tenant).to_owned(), *waited)).collect();
        lags.longest(unanswered, now).into_iter().collect()
    }

    #[test]
    fn the_longest_of_a_minute_counts_and_then_the_next() {
        let (lags, now) = (Lags::default(), Instant::now());
        lags.record("wuwei", 5 * SECOND, now);
        lags.record("wuwei", SECOND, now + 10 * SECOND);
        lags.record("wuwei", 2 * SECOND, now + 20 * SECOND);
        let told = |after: u32| longest(&lags, &[], now + after * SECOND);
        assert_eq!(told(60), [("wuwei".to_owned(), 5 * SECOND)]);
        assert_eq!(told(61), [("wuwei".to_owned(), 2 * SECOND)]);
        assert_eq!(told(81), []);
    }

    #[test]
    fn what_is_not_over_counts_too() {
        let (lags, now) = (Lags::default(), Instant::now());
        lags.record("wuwei", 5 * SECOND, now);
        let told = longest(&lags, &[("gansu", SECOND), ("wuwei", 9 * SECOND)], now);
        assert_eq!(told, [("gansu".to_owned(), SECOND), ("wuwei".to_owned(), 9 * SECOND)]);
    }

    #[test]
    fn of_too_many_those_that_wait_longest_are_told() {
        let (lags, now) = (Lags::default(), Instant::now());
        (0..=MOST_TENANTS as u32).for_each(|number| lags.record(&format!("town-{number}"), number * SECOND, now));
        let told = longest(&lags, &[], now);
        assert_eq!(told.len(), MOST_TENANTS);
        assert!(!told.iter().any(|(tenant, _)| tenant == "town-0"));
    }
}
