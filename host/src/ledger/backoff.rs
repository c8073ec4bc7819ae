//! How long a failed job waits before its next round: exponential backoff with
//! full jitter, so that jobs that failed together do not come back together.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// When a failed job is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Rounds in all; a job that failed in this many stays FAILED.
    pub rounds: u32,
    /// The longest wait after the first failure; it doubles with each further one.
    pub first_wait: Duration,
    /// No wait is longer.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            rounds: 5,
            first_wait: Duration::from_secs(30),
            longest_wait: Duration::from_secs(3600),
        }
    }
}

impl RetryPolicy {
    /// Whether a job that failed `failures` times gets another round.
    #[must_use]
    pub const fn allows_another(&self, failures: u32) -> bool {
        failures < self.rounds
    }

    /// The longest wait after the `failures`-th failure.
    #[must_use]
    pub fn ceiling(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.first_wait
            .saturating_mul(1 << doublings)
            .min(self.longest_wait)
    }

    /// A wait drawn evenly from nothing to the ceiling.
    #[must_use]
    pub(super) fn draw(&self, failures: u32) -> Duration {
        let ceiling = u64::try_from(self.ceiling(failures).as_millis()).unwrap_or(u64::MAX);
        // std seeds every RandomState from the system's entropy.
        let random = RandomState::new().hash_one(failures);
        Duration::from_millis(random % ceiling.saturating_add(1).max(1))
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_an_hour_and_five_rounds_are_all() {
        let policy = RetryPolicy::default();
        let ceilings: Vec<u64> = (1..=9).map(|n| policy.ceiling(n).as_secs()).collect();
        assert_eq!(ceilings, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert!(policy.allows_another(4) && !policy.allows_another(5));
        assert_eq!(policy.ceiling(u32::MAX), policy.longest_wait);
    }

    #[test]
    fn the_drawn_wait_stays_below_the_ceiling_and_varies() {
        let policy = RetryPolicy::default();
        let waits: Vec<Duration> = (0..64).map(|_| policy.draw(3)).collect();
        assert!(waits.iter().all(|wait| *wait <= policy.ceiling(3)));
        assert!(waits.iter().any(|wait| *wait != waits[0]));
    }
}
