//! The handle that rooms count with.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::absent::Absences;
use super::families::Families;
use super::host_class::HostClass;
use super::labels::{Answer, Failure, Service, State};
use crate::ledger::{JobState, LedgerReader, Timestamp};
use crate::outcome::Reason;

/// How old the counts of jobs may be when they are shown: counting a large
/// ledger takes a while.
const RECOUNT_AFTER: Duration = Duration::from_secs(10);

/// A lease that ran out is somebody's to take for this long.
const LEFT_BEHIND_AFTER: Duration = Duration::from_secs(600);

/// What the cache had to say to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CacheVerdict {
    /// It was not asked: not a cacheable request.
    Bypass,
    /// It had nothing.
    Miss,
    /// It had the answer.
    Hit,
    /// It had an answer, and the origin said it still holds (304).
    Revalidated,
    /// It had an answer, and the origin replaced it.
    Replaced,
    /// It had an answer, too old, and used it because nobody could be asked.
    Stale,
}

impl CacheVerdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Miss => "miss",
            Self::Hit => "hit",
            Self::Revalidated => "revalidated",
            Self::Replaced => "replaced",
            Self::Stale => "stale",
        }
    }
}

/// Where a host's circuit breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// Requests pass.
    Closed,
    /// Requests are refused.
    Open,
    /// One request probes whether the host is back.
    HalfOpen,
}

impl BreakerState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// Counts, for Prometheus. Clones are one; the default counts nothing.
#[derive(Clone, Default)]
pub struct Metrics {
    inner: Option<Arc<Inner>>,
}

pub(super) struct Inner {
    pub(super) families: Families,
    registry: Registry,
    pub(super) absences: Mutex<Absences>,
    ledger: Mutex<Option<Watched>>,
    trouble: Mutex<Option<String>>,
}

/// A ledger whose jobs are counted.
struct Watched {
    path: PathBuf,
    counted: Option<Instant>,
}

impl Metrics {
    /// Counts nothing.
    #[must_use]
    pub const fn off() -> Self {
        Self { inner: None }
    }

    /// Counts.
    #[must_use]
    pub fn new() -> Self {
        let (families, registry) = Families::register();
        Self {
            inner: Some(Arc::new(Inner {
                families,
                registry,
                absences: Mutex::default(),
                ledger: Mutex::default(),
                trouble: Mutex::default(),
            })),
        }
    }

    /// Whether anything is counted.
    #[must_use]
    pub const fn counts(&self) -> bool {
        self.inner.is_some()
    }

    pub(super) fn inner(&self) -> Option<&Inner> {
        self.inner.as_deref()
    }

    fn families(&self) -> Option<&Families> {
        self.inner.as_ref().map(|inner| &inner.families)
    }

    /// A request was answered with this status, by the origin or the cache, or
    /// not at all; `took` is the time to the headers.
    pub fn http_request(
        &self,
        host: &str,
        status: Option<u16>,
        cache: CacheVerdict,
        took: Duration,
    ) {
        if let Some(families) = self.families() {
            let host_class = HostClass::of(host).as_str();
            let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
            let answer = Answer {
                host_class,
                status,
                cache: cache.as_str(),
            };
            families.http_requests.get_or_create(&answer).inc();
            families
                .http_time
                .get_or_create(&Service { host_class })
                .observe(took.as_secs_f64());
        }
    }

    /// A request waited this long for its turn at a host; zero counts too.
    pub fn limiter_wait(&self, host: &str, waited: Duration) {
        if let Some(families) = self.families() {
            let host_class = HostClass::of(host).as_str();
            families
                .limiter_wait
                .get_or_create(&Service { host_class })
                .observe(waited.as_secs_f64());
        }
    }

    /// A host's breaker moved; none is a host that nothing is held against.
    pub fn breaker_moved(&self, host: &str, from: Option<BreakerState>, to: Option<BreakerState>) {
        if let Some(families) = self.families() {
            let gauge = |state: BreakerState| {
                let state = state.as_str();
                families.breakers.get_or_create_owned(&State { state })
            };
            if let Some(from) = from {
                gauge(from).dec();
            }
            if let Some(to) = to {
                gauge(to).inc();
            }
            let was_closed = matches!(from, None | Some(BreakerState::Closed));
            if was_closed && to == Some(BreakerState::Open) {
                let host_class = HostClass::of(host).as_str();
                families
                    .breaker_openings
                    .get_or_create(&Service { host_class })
                    .inc();
            }
        }
    }

    /// A component was instantiated.
    pub fn sandbox_started(&self, took: Duration) {
        if let Some(families) = self.families() {
            families.instantiation.observe(took.as_secs_f64());
        }
    }

    /// An attempt's sandbox is gone: the most memory it held, in bytes, and why
    /// the sandbox ended it, if it did.
    pub fn sandbox_ended(&self, memory_peak_bytes: u64, failure: Option<&Reason>) {
        if let Some(families) = self.families() {
            // Far below 2^53.
            #[allow(clippy::cast_precision_loss)]
            families.memory_peak.observe(memory_peak_bytes as f64);
            if let Some(reason) = failure {
                let reason = registered(reason);
                families
                    .sandbox_failures
                    .get_or_create(&Failure { reason })
                    .inc();
            }
        }
    }

    /// Bytes of a paper arrived.
    pub fn downloaded(&self, bytes: u64) {
        if let Some(families) = self.families() {
            families.download_bytes.inc_by(bytes);
        }
    }

    /// A job was leased whose last holder vanished.
    pub fn taken_over(&self) {
        if let Some(families) = self.families() {
            families.takeovers.inc();
        }
    }

    /// A job that was taken over came to its end, with a paper or without.
    pub fn taken_over_ended(&self) {
        if let Some(families) = self.families() {
            families.takeovers_ended.inc();
        }
    }

    /// An event was dropped.
    pub(crate) fn event_dropped(&self) {
        if let Some(families) = self.families() {
            families.dropped.inc();
        }
    }

    /// Events could not be written.
    pub(crate) fn events_lost(&self, events: u64) {
        if let Some(families) = self.families() {
            families.lost.inc_by(events);
        }
    }

    /// From now on the jobs of this ledger are counted for `paperfall_jobs`.
    pub fn watch_ledger(&self, path: impl Into<PathBuf>) {
        if let Some(inner) = &self.inner {
            let watched = Watched {
                path: path.into(),
                counted: None,
            };
            *unpoisoned(&inner.ledger) = Some(watched);
        }
    }

    /// What `/healthz` says: none is health, a text is what is wrong.
    pub fn set_trouble(&self, trouble: Option<String>) {
        if let Some(inner) = &self.inner {
            *unpoisoned(&inner.trouble) = trouble;
        }
    }

    /// What is wrong, if anything is.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let inner = self.inner.as_ref()?;
        unpoisoned(&inner.trouble).clone()
    }

    /// Everything in the OpenMetrics text format. It reads the ledger that is
    /// watched and may block on that.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        if let Some(inner) = &self.inner {
            inner.count_jobs();
            // Writing to a String does not fail.
            let _ = encode(&mut text, &inner.registry);
        }
        text
    }
}

impl Inner {
    /// Counts the ledger's jobs again if the counts are old.
    fn count_jobs(&self) {
        let mut ledger = unpoisoned(&self.ledger);
        let Some(watched) = ledger.as_mut() else {
            return;
        };
        let fresh = watched
            .counted
            .is_some_and(|counted| counted.elapsed() < RECOUNT_AFTER);
        if fresh {
            return;
        }
        // A ledger that cannot be read now is read next time.
        let read = LedgerReader::open(&watched.path).and_then(|reader| {
            let behind = reader.left_behind(before_now(LEFT_BEHIND_AFTER))?;
            Ok((reader.counts()?, behind))
        });
        let Ok((counts, behind)) = read else {
            return;
        };
        self.families
            .leases_left_behind
            .set(i64::try_from(behind.leases).unwrap_or(i64::MAX));
        watched.counted = Some(Instant::now());
        for state in JobState::ALL {
            let jobs = counts
                .iter()
                .find(|count| count.state == state.as_str())
                .map_or(0, |count| count.jobs);
            let state = state.as_str();
            self.families
                .jobs
                .get_or_create(&State { state })
                .set(i64::try_from(jobs).unwrap_or(i64::MAX));
        }
    }
}

fn before_now(span: Duration) -> Timestamp {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(0).after(since_epoch.saturating_sub(span))
}

/// A reason as a label: an adapter's own words would have no end.
pub(super) fn registered(reason: &Reason) -> &'static str {
    Reason::REGISTRY
        .iter()
        .find(|known| *known == reason)
        .map_or("other", Reason::as_str)
}

/// Nothing panics while one of these locks is held.
pub(super) fn unpoisoned<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics")
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}
