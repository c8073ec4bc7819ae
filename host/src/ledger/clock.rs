//! The ledger's one source of time.
//!
//! Leases and backoff are judged by a clock that never runs backwards and never
//! jumps: it reads the wall once and then counts, as the machine counts for all
//! its processes. Processes that work at the same time agree on when that wall
//! was read (`owner`), so that stepping the wall clock by an hour neither steals
//! a live lease nor stalls one, whoever began before the step and whoever after.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment: milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Later than every moment anything happened at, by whatever clock.
    pub const MAX: Self = Self(i64::MAX);

    /// The moment this many milliseconds after the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The moment `span` later; it saturates.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// The span since `earlier`; zero if that is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let span = self.0.saturating_sub(earlier.0);
        Duration::from_millis(u64::try_from(span).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{:03}",
            self.0.div_euclid(1000),
            self.0.rem_euclid(1000)
        )
    }
}

/// Whole milliseconds of a span, saturating.
pub(super) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// Where the ledger takes its time from.
pub trait Clock: Send + Sync {
    /// The moment; never earlier than one given before.
    fn now(&self) -> Timestamp;

    /// How far the clock leads the machine's own counting, in milliseconds: two
    /// processes with the same lead have the same time. None for a clock that
    /// does not follow the machine.
    fn lead(&self) -> Option<i64> {
        None
    }
}

/// The wall clock as it was when somebody began to count, plus the time counted
/// since.
#[derive(Debug, Clone, Copy)]
pub struct SteadyClock {
    lead: i64,
}

impl SteadyClock {
    /// Reads the system's wall clock once.
    #[must_use]
    pub fn new() -> Self {
        Self::anchored(system_wall)
    }

    /// Reads this wall clock once.
    pub fn anchored(wall: impl FnOnce() -> Timestamp) -> Self {
        Self::leading_by(wall().0.saturating_sub(counted()))
    }

    /// The clock of another process, by its [`Clock::lead`].
    pub(super) const fn leading_by(lead: i64) -> Self {
        Self { lead }
    }
}

impl Default for SteadyClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        Timestamp(counted().saturating_add(self.lead))
    }

    fn lead(&self) -> Option<i64> {
        cfg!(unix).then_some(self.lead)
    }
}

/// Milliseconds that the machine has counted since a moment that is the same for
/// all its processes.
#[cfg(unix)]
fn counted() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec
        .saturating_mul(1000)
        .saturating_add(now.tv_nsec / 1_000_000)
}

/// Milliseconds since this process began to count.
#[cfg(not(unix))]
fn counted() -> i64 {
    static BEGAN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    millis(BEGAN.get_or_init(std::time::Instant::now).elapsed())
}

/// A clock that stands until it is moved, for tests and models.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at this moment.
    #[must_use]
    pub const fn at(moment: Timestamp) -> Self {
        Self(AtomicI64::new(moment.0))
    }

    /// Moves it forwards.
    pub fn advance(&self, span: Duration) {
        self.0.fetch_add(millis(span), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

fn system_wall() -> Timestamp {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(0).after(since_epoch)
}
