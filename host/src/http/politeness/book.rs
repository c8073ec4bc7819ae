//! The book of grants: who may go when. One for the threads of a process
//! ([`MemoryBook`]), or one that processes share ([`shared`](super::shared)).
//!
//! A book only decides and remembers; nobody waits inside it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::rate::{Grant, HORIZON, Micros, Pace, Rate, micros};

/// What a request asks of the book.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask<'a> {
    /// Requests that are counted together.
    pub(super) bucket: &'a str,
    /// The host, for the door that `Retry-After` closes.
    pub(super) host: &'a str,
    pub(super) rates: &'a [Rate],
}

/// What the book says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// Go at that moment.
    Granted(Grant),
    /// Not before so long, which is longer than the asker would wait.
    TooLong(Micros),
    /// Another process is writing: ask again in a moment.
    Busy,
    /// The book cannot be read or written.
    Broken(String),
}

/// Decides who may go when.
pub(super) trait PaceBook: Send + Sync {
    /// The book's clock, which never runs backwards while it runs.
    fn now(&self) -> Micros;

    /// Reserves the earliest moment, if it comes within `patience`.
    fn reserve(&self, ask: Ask<'_>, patience: Micros) -> Answer;

    /// Takes back a grant that was not used, where that is still possible.
    fn give_back(&self, bucket: &str, grant: &Grant);

    /// Nobody may go to `host` before `until`; never shortens. False when the
    /// book is busy and has to be told again.
    fn close(&self, host: &str, until: Micros) -> bool;
}

/// Buckets kept before those that say nothing any more are forgotten.
const BUCKETS_KEPT: usize = 4096;

/// The book of one process.
pub(super) struct MemoryBook {
    start: Instant,
    pages: Mutex<Pages>,
}

#[derive(Default)]
struct Pages {
    buckets: HashMap<String, Pace>,
    doors: HashMap<String, Micros>,
}

impl MemoryBook {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            pages: Mutex::default(),
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PaceBook for MemoryBook {
    fn now(&self) -> Micros {
        micros(self.start.elapsed())
    }

    fn reserve(&self, ask: Ask<'_>, patience: Micros) -> Answer {
        let now = self.now();
        let latest = now.saturating_add(patience);
        let mut pages = self.pages();
        let hold = pages.doors.get(ask.host).copied().unwrap_or_default();
        if ask.rates.is_empty() {
            // Nothing to remember.
            return answer(Pace::default().reserve(&[], now, hold, latest), now);
        }
        if pages.buckets.len() >= BUCKETS_KEPT && !pages.buckets.contains_key(ask.bucket) {
            pages.buckets.retain(|_, pace| !pace.is_idle(now));
        }
        let pace = pages.buckets.entry(ask.bucket.to_owned()).or_default();
        answer(pace.reserve(ask.rates, now, hold, latest), now)
    }

    fn give_back(&self, bucket: &str, grant: &Grant) {
        if let Some(pace) = self.pages().buckets.get_mut(bucket) {
            pace.give_back(grant);
        }
    }

    fn close(&self, host: &str, until: Micros) -> bool {
        let now = self.now();
        let mut pages = self.pages();
        if pages.doors.len() >= BUCKETS_KEPT {
            pages.doors.retain(|_, until| *until > now);
        }
        let door = pages.doors.entry(host.to_owned()).or_default();
        *door = (*door).max(until.min(now.saturating_add(micros(HORIZON))));
        true
    }
}

pub(super) fn answer(result: Result<Grant, Micros>, now: Micros) -> Answer {
    match result {
        Ok(grant) => Answer::Granted(grant),
        Err(at) => Answer::TooLong(at.saturating_sub(now)),
    }
}
