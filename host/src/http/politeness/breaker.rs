//! Circuit breakers: a host that keeps failing is left alone for a while.
//!
//! Five failures in a minute open a host's breaker for 30 seconds; then one
//! request, and only one at a time, may try whether the host works again. Each
//! failed try doubles the pause, to 15 minutes at most. A success forgives one
//! failure, so a host that mostly works stays open to everybody.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::http::BreakerVerdict;
use crate::telemetry::{BreakerState, Metrics};

/// Failures within a minute that open a breaker.
pub const BREAKER_FAILURES: usize = 5;
/// How long a failure counts.
pub const BREAKER_WINDOW: Duration = Duration::from_secs(60);
/// How long a breaker stays open the first time.
pub const BREAKER_PAUSE: Duration = Duration::from_secs(30);
/// How long it stays open at most, unless a server asked for more.
pub const BREAKER_PAUSE_MAX: Duration = Duration::from_secs(15 * 60);

/// Hosts remembered before those are forgotten that have nothing against them.
pub(super) const HOSTS_KEPT: usize = 4096;

/// The breakers of one process, by host.
#[derive(Debug, Default)]
pub(super) struct Breakers {
    hosts: Mutex<HashMap<String, Breaker>>,
    metrics: Metrics,
}

/// What a host's breaker knows.
#[derive(Debug, Default)]
struct Breaker {
    /// When it failed lately, oldest first.
    failures: VecDeque<Instant>,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    until: Instant,
    /// The pause that `until` ends.
    pause: Duration,
    /// The one request that tries the host is under way; the number is its
    /// own, so that a late verdict of an earlier one changes nothing.
    trying: Option<u64>,
    tries: u64,
}

/// Leave to send one request. Say how it ended; dropped in silence (a lost
/// race) it says nothing about the host.
#[derive(Debug)]
pub(super) struct Leave {
    breakers: Arc<Breakers>,
    host: String,
    /// The number of the try, for the request of a half-open breaker.
    attempt: Option<u64>,
}

impl Breakers {
    /// Breakers whose moves are counted.
    pub(super) fn counted(metrics: Metrics) -> Self {
        Self {
            hosts: Mutex::default(),
            metrics,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Breaker>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hosts that something is known of.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.lock().len()
    }

    /// Changes something about `host`, and counts what that moves.
    fn change<T>(&self, host: &str, change: impl FnOnce(&mut HashMap<String, Breaker>) -> T) -> T {
        let mut hosts = self.lock();
        let before = hosts.get(host).and_then(Breaker::standing);
        let changed = change(&mut hosts);
        let after = hosts.get(host).and_then(Breaker::standing);
        drop(hosts);
        if before != after {
            self.metrics.breaker_moved(host, before, after);
        }
        changed
    }

    /// How long `host` is still left alone; none when a request would be let
    /// through, the one of a half-open breaker included.
    pub(super) fn refuses(&self, host: &str) -> Option<Duration> {
        let now = Instant::now();
        let hosts = self.lock();
        hosts.get(host)?.refuses(now)
    }

    /// Lets a request through, or says how long it would be refused.
    pub(super) fn admit(self: &Arc<Self>, host: &str) -> Result<Leave, Duration> {
        let now = Instant::now();
        let attempt = self.change(host, |hosts| {
            let Some(breaker) = hosts.get_mut(host) else {
                return Ok(None);
            };
            if let Some(wait) = breaker.refuses(now) {
                return Err(wait);
            }
            Ok(breaker.open.as_mut().and_then(|open| {
                open.tries += 1;
                open.trying = Some(open.tries);
                open.trying
            }))
        })?;
        Ok(Leave {
            breakers: Arc::clone(self),
            host: host.to_owned(),
            attempt,
        })
    }

    /// Leaves `host` alone for `pause`, as it asked.
    pub(super) fn open_for(&self, host: &str, pause: Duration) {
        let until = Instant::now() + pause;
        self.change(host, |hosts| {
            let breaker = hosts.entry(host.to_owned()).or_default();
            match &mut breaker.open {
                Some(open) => open.until = open.until.max(until),
                None => {
                    breaker.open = Some(Open {
                        until,
                        pause: BREAKER_PAUSE,
                        trying: None,
                        tries: 0,
                    });
                }
            }
        });
    }

    fn settle(&self, host: &str, attempt: Option<u64>, verdict: Option<bool>) {
        let now = Instant::now();
        self.change(host, |hosts| {
            self.settled(hosts, host, (attempt, verdict), now)
        });
    }

    fn settled(
        &self,
        hosts: &mut HashMap<String, Breaker>,
        host: &str,
        (attempt, verdict): (Option<u64>, Option<bool>),
        now: Instant,
    ) {
        if hosts.len() >= HOSTS_KEPT && !hosts.contains_key(host) {
            hosts.retain(|host, breaker| {
                let spotless = breaker.is_spotless(now);
                if let (true, Some(standing)) = (spotless, breaker.standing()) {
                    self.metrics.breaker_moved(host, Some(standing), None);
                }
                !spotless
            });
        }
        match verdict {
            Some(false) => hosts
                .entry(host.to_owned())
                .or_default()
                .failed(attempt, now),
            Some(true) => {
                if let Some(breaker) = hosts.get_mut(host) {
                    breaker.worked(attempt);
                    if breaker.is_spotless(now) {
                        hosts.remove(host);
                    }
                }
            }
            None => {
                let open = hosts.get_mut(host).and_then(|b| b.open.as_mut());
                if let Some(open) = open.filter(|open| open.trying == attempt) {
                    open.trying = None;
                }
            }
        }
    }
}

impl Breaker {
    /// Where it stands as metrics tell it: a closed one is not told of.
    fn standing(&self) -> Option<BreakerState> {
        self.open.as_ref().map(|open| match open.trying {
            Some(_) => BreakerState::HalfOpen,
            None => BreakerState::Open,
        })
    }

    fn refuses(&self, now: Instant) -> Option<Duration> {
        let open = self.open.as_ref()?;
        if now < open.until {
            return Some(open.until - now);
        }
        // The try under way decides soon; nobody knows when.
        open.trying.map(|_| Duration::ZERO)
    }

    fn failed(&mut self, attempt: Option<u64>, now: Instant) {
        if let Some(open) = &mut self.open {
            // What was sent before it opened says nothing new.
            if attempt.is_some() && open.trying == attempt {
                open.pause = open.pause.saturating_mul(2).min(BREAKER_PAUSE_MAX);
                open.until = open.until.max(now + open.pause);
                open.trying = None;
            }
            return;
        }
        self.failures.push_back(now);
        self.forget(now);
        if self.failures.len() >= BREAKER_FAILURES {
            self.failures.clear();
            self.open = Some(Open {
                until: now + BREAKER_PAUSE,
                pause: BREAKER_PAUSE,
                trying: None,
                tries: 0,
            });
        }
    }

    fn worked(&mut self, attempt: Option<u64>) {
        match &self.open {
            Some(open) if attempt.is_some() && open.trying == attempt => self.open = None,
            Some(_) => {}
            None => {
                self.failures.pop_front();
            }
        }
    }

    fn forget(&mut self, now: Instant) {
        while self
            .failures
            .front()
            .is_some_and(|failed| now.duration_since(*failed) >= BREAKER_WINDOW)
        {
            self.failures.pop_front();
        }
    }

    fn is_spotless(&self, now: Instant) -> bool {
        let open_is_old =
            |open: &Open| open.trying.is_none() && now >= open.until + BREAKER_PAUSE_MAX;
        self.open.as_ref().is_none_or(open_is_old)
            && self
                .failures
                .back()
                .is_none_or(|failed| now.duration_since(*failed) >= BREAKER_WINDOW)
    }
}

impl Leave {
    /// What to tell about it.
    pub(super) fn verdict(&self) -> BreakerVerdict {
        match self.attempt {
            Some(_) => BreakerVerdict::HalfOpen,
            None => BreakerVerdict::Closed,
        }
    }

    /// The host works.
    pub(super) fn worked(mut self) {
        self.settle(Some(true));
    }

    /// The host failed.
    pub(super) fn failed(mut self) {
        self.settle(Some(false));
    }

    fn settle(&mut self, verdict: Option<bool>) {
        let host = std::mem::take(&mut self.host);
        if !host.is_empty() {
            self.breakers.settle(&host, self.attempt, verdict);
        }
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        if self.attempt.is_some() {
            self.settle(None);
        }
    }
}
