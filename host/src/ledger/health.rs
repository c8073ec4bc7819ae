//! How long finished jobs took, and whether that meets a goal.
//!
//! Every goal is one-sided: being faster than asked is a pass.

use std::time::Duration;

use serde::Serialize;

/// Whether a goal was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was.
    Met,
    /// It was not.
    Missed,
    /// Nothing happened that could be judged.
    NoData,
}

/// How long finished jobs took, from planning to the end of their last round.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Durations(Vec<Duration>);

impl Durations {
    /// Of these jobs.
    #[must_use]
    pub fn new(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        Self(durations)
    }

    /// How many jobs there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The shortest duration that this share of the jobs (0 to 100) did not exceed.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Option<Duration> {
        let rank = (self.0.len() * percent.min(100)).div_ceil(100).max(1);
        self.0.get(rank - 1).copied()
    }

    /// Whether this share of the jobs took at most this long.
    #[must_use]
    pub fn judge(&self, percent: usize, at_most: Duration) -> Verdict {
        match self.percentile(percent) {
            None => Verdict::NoData,
            Some(duration) if duration <= at_most => Verdict::Met,
            Some(_) => Verdict::Missed,
        }
    }
}
