//! Service levels from real columns and counted events: how many jobs complete,
//! how fast, how often crashes were recovered from and results replayed.
//!
//! Every goal is one-sided: being faster than asked is a pass.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

use super::event::{Event, EventSink};

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

/// Counts events as they pass to the next sink.
pub struct Tally<S> {
    next: S,
    completed_ops: AtomicU64,
    replays: AtomicU64,
    leases: AtomicU64,
    recovered_leases: AtomicU64,
    abandoned_ops: AtomicU64,
}

/// What was counted so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Effects that ended.
    pub completed_ops: u64,
    /// Results used again.
    pub replays: u64,
    /// Leases granted.
    pub leases: u64,
    /// Leases found behind by holders that were gone.
    pub recovered_leases: u64,
    /// Effects whose worker vanished.
    pub abandoned_ops: u64,
}

impl Counts {
    /// Replays among all effects asked for; none if there were none.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn replay_rate(&self) -> Option<f64> {
        let asked = self.completed_ops + self.replays;
        // Counts stay far below 2^53.
        (asked > 0).then(|| self.replays as f64 / asked as f64)
    }
}

impl<S: EventSink> Tally<S> {
    /// Counts what passes to `next`.
    pub const fn new(next: S) -> Self {
        Self {
            next,
            completed_ops: AtomicU64::new(0),
            replays: AtomicU64::new(0),
            leases: AtomicU64::new(0),
            recovered_leases: AtomicU64::new(0),
            abandoned_ops: AtomicU64::new(0),
        }
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            completed_ops: read(&self.completed_ops),
            replays: read(&self.replays),
            leases: read(&self.leases),
            recovered_leases: read(&self.recovered_leases),
            abandoned_ops: read(&self.abandoned_ops),
        }
    }
}

impl<S: EventSink> EventSink for Tally<S> {
    fn emit(&self, event: &Event) {
        let add = |counter: &AtomicU64, n: u64| {
            counter.fetch_add(n, Ordering::Relaxed);
        };
        match event {
            Event::OperationCompleted { .. } => add(&self.completed_ops, 1),
            Event::IdempotencyReplay { .. } => add(&self.replays, 1),
            Event::JobLeased { .. } => add(&self.leases, 1),
            Event::CrashRecoveryEvent {
                recovered_leases,
                abandoned_ops,
                ..
            } => {
                add(&self.recovered_leases, *recovered_leases);
                add(&self.abandoned_ops, *abandoned_ops);
            }
            _ => {}
        }
        self.next.emit(event);
    }
}
