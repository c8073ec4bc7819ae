//! Rates, and the arithmetic that keeps them: the generic cell rate algorithm
//! on plain numbers, without clock, lock or memory of its own.
//!
//! Promise: whatever the order of askers, the grants in no stretch of time
//! exceed the rate (`grants_in_any_window_stay_within_every_rate`).

use std::time::Duration;

/// Microseconds on some clock that never runs backwards.
pub(super) type Micros = u64;

/// The longest anybody waits for a grant, or a server may close its doors by
/// `Retry-After`; more is a broken record, or a breaker's business.
pub(super) const HORIZON: Duration = Duration::from_secs(15 * 60);

/// So many requests in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Rate {
    /// Microseconds between two grants once the burst is used up.
    interval: Micros,
    /// Grants that may come at once after a rest.
    burst: u32,
}

impl Rate {
    /// Evenly spaced: `count` in `window`, never two of them closer together.
    pub(super) fn even(count: u32, window: Duration) -> Self {
        Self {
            interval: micros(window).div_ceil(u64::from(count.max(1))).max(1),
            burst: 1,
        }
    }

    /// At most `count` in any `window`, a tenth of them at once if need be: a
    /// daily allowance spread evenly would slow the first minute down as much
    /// as the last.
    pub(super) fn quota(count: u32, window: Duration) -> Self {
        let burst = count / 10;
        if burst < 2 {
            return Self::even(count, window);
        }
        let steady = u64::from(count.saturating_sub(burst).max(1));
        Self {
            interval: micros(window).div_ceil(steady).max(1),
            burst,
        }
    }

    /// How far a bucket may be ahead of the clock and still grant at once.
    fn tolerance(self) -> Micros {
        self.interval
            .saturating_mul(u64::from(self.burst.saturating_sub(1)))
    }

    /// The pair of numbers that names this rate in a record.
    pub(super) fn numbers(self) -> (u64, u32) {
        (self.interval, self.burst)
    }

    /// The rate of such a pair.
    pub(super) fn of_numbers(interval: u64, burst: u32) -> Option<Self> {
        (interval > 0 && burst > 0).then_some(Self { interval, burst })
    }
}

/// The state of one bucket: for each rate, when it will have drained.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pace(Vec<(Rate, Micros)>);

/// A grant: when, and how to take it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) at: Micros,
    /// Each rate's state before and after.
    steps: Vec<(Rate, Micros, Micros)>,
}

impl Pace {
    /// Grants the earliest moment from `now` on that is neither before `hold`
    /// nor beyond a rate; none, and nothing changed, when that is later than
    /// `latest`: the moment is told then.
    pub(super) fn reserve(
        &mut self,
        rates: &[Rate],
        now: Micros,
        hold: Micros,
        latest: Micros,
    ) -> Result<Grant, Micros> {
        let drained: Vec<(Rate, Micros)> = rates
            .iter()
            .map(|rate| (*rate, self.drains_at(*rate, now)))
            .collect();
        let at = drained
            .iter()
            .map(|(rate, drained)| drained.saturating_sub(rate.tolerance()))
            .fold(now.max(hold), u64::max);
        if at > latest {
            return Err(at);
        }
        let steps: Vec<_> = drained
            .into_iter()
            .map(|(rate, before)| (rate, before, before.max(at).saturating_add(rate.interval)))
            .collect();
        for (rate, _, after) in &steps {
            self.set(*rate, *after);
        }
        Ok(Grant { at, steps })
    }

    /// Takes a grant back that was not used. Where somebody was granted a
    /// later moment meanwhile nothing changes: the gap stays.
    pub(super) fn give_back(&mut self, grant: &Grant) {
        for (rate, before, after) in &grant.steps {
            if self.0.contains(&(*rate, *after)) {
                self.set(*rate, *before);
            }
        }
    }

    /// When the bucket of `rate` will have drained. A moment that no honest
    /// grant can have led to (another boot's clock, a damaged record) counts
    /// as one interval.
    fn drains_at(&self, rate: Rate, now: Micros) -> Micros {
        let known = self
            .0
            .iter()
            .find(|(other, _)| *other == rate)
            .map_or(0, |(_, drained)| *drained);
        let believable = now
            .saturating_add(rate.tolerance())
            .saturating_add(rate.interval.saturating_mul(2))
            .saturating_add(micros(HORIZON));
        if known > believable {
            now.saturating_add(rate.interval)
        } else {
            known
        }
    }

    fn set(&mut self, rate: Rate, drained: Micros) {
        match self.0.iter_mut().find(|(other, _)| *other == rate) {
            Some((_, known)) => *known = drained,
            None => self.0.push((rate, drained)),
        }
    }

    /// Puts a rate's state in, as a record tells it.
    pub(super) fn recall(&mut self, rate: Rate, drained: Micros) {
        self.set(rate, drained);
    }

    /// What is worth a record at `now`: an empty bucket is as good as none.
    pub(super) fn worth_keeping(&self, now: Micros) -> impl Iterator<Item = (Rate, Micros)> {
        self.0
            .iter()
            .copied()
            .filter(move |(_, drained)| *drained > now)
    }

    /// Whether forgetting this bucket changes nothing.
    pub(super) fn is_idle(&self, now: Micros) -> bool {
        self.worth_keeping(now).next().is_none()
    }
}

/// Whole microseconds, saturating.
pub(super) fn micros(span: Duration) -> Micros {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use proptest::prelude::*;

    use super::*;

    const SECOND: Micros = 1_000_000;
    const NEVER: Micros = u64::MAX / 4;

    #[test]
    fn a_rate_spaces_its_grants_evenly() {
        let rates = [Rate::even(24, Duration::from_secs(60))];
        let mut pace = Pace::default();
        let grants: Vec<Micros> = (0..4)
            .map(|_| pace.reserve(&rates, 7, 0, NEVER).unwrap().at)
            .collect();
        assert_eq!(grants, [7, 2_500_007, 5_000_007, 7_500_007]);
    }

    #[test]
    fn a_quota_lets_a_tenth_through_at_once_and_the_rest_in_its_time() {
        let rates = [Rate::quota(100, Duration::from_secs(90))];
        let mut pace = Pace::default();
        let grants: Vec<Micros> = (0..12)
            .map(|_| pace.reserve(&rates, 0, 0, NEVER).unwrap().at / SECOND)
            .collect();
        assert_eq!(grants[..10], [0; 10]);
        assert_eq!(grants[10..], [1, 2]);
    }

    #[test]
    fn an_asker_who_will_not_wait_takes_nothing() {
        let rates = [Rate::even(1, Duration::from_secs(3))];
        let mut pace = Pace::default();
        pace.reserve(&rates, 0, 0, 0).unwrap();
        let before = pace.clone();
        assert_eq!(pace.reserve(&rates, 0, 0, SECOND), Err(3 * SECOND));
        assert_eq!(pace, before);
    }

    #[test]
    fn only_the_last_grant_can_be_given_back() {
        let rates = [Rate::even(1, Duration::from_secs(1))];
        let mut pace = Pace::default();
        let first = pace.reserve(&rates, 0, 0, NEVER).unwrap();
        let second = pace.reserve(&rates, 0, 0, NEVER).unwrap();
        pace.give_back(&first);
        assert_eq!(
            pace.clone().reserve(&rates, 0, 0, NEVER).unwrap().at,
            2 * SECOND
        );
        pace.give_back(&second);
        assert_eq!(pace.reserve(&rates, 0, 0, NEVER).unwrap().at, SECOND);
    }

    #[test]
    fn a_closed_door_is_waited_for_and_then_passed_one_by_one() {
        let rates = [Rate::even(1, Duration::from_secs(1))];
        let mut pace = Pace::default();
        let mut at = || pace.reserve(&rates, 0, 5 * SECOND, NEVER).unwrap().at / SECOND;
        assert_eq!([at(), at(), at()], [5, 6, 7]);
    }

    #[test]
    fn a_record_of_another_boot_holds_nobody_up_for_longer_than_one_interval() {
        let rates = [Rate::even(1, Duration::from_secs(1))];
        let mut pace = Pace::default();
        pace.recall(rates[0], NEVER);
        assert_eq!(
            pace.reserve(&rates, 100, 0, NEVER).unwrap().at,
            100 + SECOND
        );
    }

    /// What one asker does.
    #[derive(Debug, Clone)]
    struct Asker {
        /// Time passed since the one before.
        after: Micros,
        /// How long it would wait.
        patience: Micros,
        /// Whether it is dropped before its moment.
        dropped: bool,
        /// A door closed until so long from then.
        hold: Micros,
    }

    fn asker() -> impl Strategy<Value = Asker> {
        let span = prop_oneof![3 => Just(0), 3 => 0..200_000_u64, 1 => 0..5_000_000_u64];
        (span.clone(), 0..3_000_000_u64, any::<bool>(), span).prop_map(
            |(after, patience, dropped, hold)| Asker {
                after,
                patience,
                dropped,
                hold,
            },
        )
    }

    proptest! {
        #[test]
        fn grants_in_any_window_stay_within_every_rate(
            askers in proptest::collection::vec(asker(), 1..120),
            even in 1..20_u32,
            quota in 1..60_u32,
        ) {
            let (second, minute) = (Duration::from_secs(1), Duration::from_secs(5));
            let rates = [Rate::even(even, second), Rate::quota(quota, minute)];
            let mut pace = Pace::default();
            let mut now = SECOND;
            let mut hold = 0;
            let mut used: Vec<Micros> = Vec::new();
            // Those who wait: granted, not yet there.
            let mut waiting: Vec<(Grant, bool)> = Vec::new();
            for asker in askers {
                now += asker.after;
                waiting.retain(|(grant, dropped)| {
                    if grant.at > now && !dropped {
                        return true;
                    }
                    if *dropped { pace.give_back(grant) } else { used.push(grant.at) }
                    false
                });
                if asker.hold > 1_000_000 {
                    hold = hold.max(now + asker.hold);
                }
                if let Ok(grant) = pace.reserve(&rates, now, hold, now + asker.patience) {
                    prop_assert!(grant.at >= now && grant.at >= hold.min(grant.at));
                    waiting.push((grant, asker.dropped));
                }
            }
            used.extend(waiting.iter().filter(|(_, dropped)| !dropped).map(|(grant, _)| grant.at));
            used.sort_unstable();
            for (count, window) in [(even, second), (quota, minute)] {
                for (index, start) in used.iter().enumerate() {
                    let inside = used[index..]
                        .iter()
                        .take_while(|at| **at < start + micros(window))
                        .count();
                    prop_assert!(inside <= usize::try_from(count).unwrap(), "{inside} > {count} in {window:?}: {used:?}");
                }
            }
        }
    }
}
