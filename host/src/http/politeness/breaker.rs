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

/// Failures within [`WINDOW`] that open a breaker.
pub const BREAKER_FAILURES: usize = 5;
/// How long a failure counts.
pub const BREAKER_WINDOW: Duration = Duration::from_secs(60);
/// How long a breaker stays open the first time.
pub const BREAKER_PAUSE: Duration = Duration::from_secs(30);
/// How long it stays open at most, unless a server asked for more.
pub const BREAKER_PAUSE_MAX: Duration = Duration::from_secs(15 * 60);

/// Hosts remembered before those are forgotten that have nothing against them.
const HOSTS_KEPT: usize = 4096;

/// The breakers of one process, by host.
#[derive(Debug, Default)]
pub(super) struct Breakers(Mutex<HashMap<String, Breaker>>);

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
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Breaker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut hosts = self.lock();
        let mut attempt = None;
        if let Some(breaker) = hosts.get_mut(host) {
            if let Some(wait) = breaker.refuses(now) {
                return Err(wait);
            }
            if let Some(open) = &mut breaker.open {
                open.tries += 1;
                open.trying = Some(open.tries);
                attempt = open.trying;
            }
        }
        Ok(Leave {
            breakers: Arc::clone(self),
            host: host.to_owned(),
            attempt,
        })
    }

    /// Leaves `host` alone for `pause`, as it asked.
    pub(super) fn open_for(&self, host: &str, pause: Duration) {
        let until = Instant::now() + pause;
        let mut hosts = self.lock();
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
    }

    fn settle(&self, host: &str, attempt: Option<u64>, verdict: Option<bool>) {
        let now = Instant::now();
        let mut hosts = self.lock();
        if hosts.len() >= HOSTS_KEPT && !hosts.contains_key(host) {
            hosts.retain(|_, breaker| !breaker.is_spotless(now));
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::time::advance;

    use super::*;

    const HOST: &str = "a.org";

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn fail(breakers: &Arc<Breakers>, times: usize) {
        for _ in 0..times {
            breakers.admit(HOST).unwrap().failed();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn five_failures_in_a_minute_open_it_for_half_a_minute() {
        let breakers = Arc::new(Breakers::default());
        fail(&breakers, 4);
        assert_eq!(breakers.refuses(HOST), None);
        fail(&breakers, 1);
        assert_eq!(breakers.admit(HOST).unwrap_err(), seconds(30));
        assert_eq!(breakers.refuses("b.org"), None, "each host by itself");
        advance(seconds(29)).await;
        assert_eq!(breakers.refuses(HOST), Some(seconds(1)));
        advance(seconds(1)).await;
        assert_eq!(breakers.refuses(HOST), None);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_a_minute_apart_do_not_add_up() {
        let breakers = Arc::new(Breakers::default());
        for _ in 0..20 {
            fail(&breakers, 1);
            advance(seconds(15)).await;
        }
        assert_eq!(breakers.refuses(HOST), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_success_forgives_one_failure() {
        let breakers = Arc::new(Breakers::default());
        for _ in 0..20 {
            fail(&breakers, 1);
            breakers.admit(HOST).unwrap().worked();
        }
        assert_eq!(breakers.refuses(HOST), None);
        fail(&breakers, 4);
        breakers.admit(HOST).unwrap().worked();
        fail(&breakers, 1);
        assert_eq!(breakers.refuses(HOST), None);
        fail(&breakers, 1);
        assert!(breakers.refuses(HOST).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_half_open_breaker_lets_one_request_through_at_a_time() {
        let breakers = Arc::new(Breakers::default());
        fail(&breakers, 5);
        advance(seconds(30)).await;
        let probe = breakers.admit(HOST).unwrap();
        assert_eq!(probe.verdict(), BreakerVerdict::HalfOpen);
        assert!(breakers.admit(HOST).is_err());
        probe.worked();
        assert_eq!(
            breakers.admit(HOST).unwrap().verdict(),
            BreakerVerdict::Closed
        );
        assert!(breakers.admit(HOST).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_lost_with_its_race_leaves_the_place_to_the_next() {
        let breakers = Arc::new(Breakers::default());
        fail(&breakers, 5);
        advance(seconds(30)).await;
        for _ in 0..3 {
            drop(breakers.admit(HOST).unwrap());
        }
        let probe = breakers.admit(HOST).unwrap();
        assert!(breakers.admit(HOST).is_err());
        probe.worked();
        assert_eq!(
            breakers.admit(HOST).unwrap().verdict(),
            BreakerVerdict::Closed
        );
    }

    #[tokio::test(start_paused = true)]
    async fn every_failed_try_doubles_the_pause_up_to_a_quarter_of_an_hour() {
        let breakers = Arc::new(Breakers::default());
        fail(&breakers, 5);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            let pause = breakers.refuses(HOST).unwrap();
            pauses.push(pause.as_secs());
            advance(pause).await;
            fail(&breakers, 1);
        }
        assert_eq!(pauses, [30, 60, 120, 240, 480, 900, 900]);
        advance(seconds(900)).await;
        breakers.admit(HOST).unwrap().worked();
        fail(&breakers, 5);
        assert_eq!(breakers.refuses(HOST), Some(seconds(30)), "a fresh start");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_sent_before_it_opened_neither_closes_nor_prolongs_it() {
        let breakers = Arc::new(Breakers::default());
        let early: Vec<Leave> = (0..3).map(|_| breakers.admit(HOST).unwrap()).collect();
        fail(&breakers, 5);
        let mut early = early.into_iter();
        early.next().unwrap().worked();
        early.next().unwrap().failed();
        assert_eq!(breakers.refuses(HOST), Some(seconds(30)));
        advance(seconds(30)).await;
        let probe = breakers.admit(HOST).unwrap();
        drop(early);
        assert!(
            breakers.admit(HOST).is_err(),
            "the probe is still under way"
        );
        probe.failed();
        assert_eq!(breakers.refuses(HOST), Some(seconds(60)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_can_ask_for_a_longer_pause_than_any_breaker_takes() {
        let breakers = Arc::new(Breakers::default());
        breakers.open_for(HOST, seconds(3600));
        advance(seconds(3599)).await;
        assert!(breakers.admit(HOST).is_err());
        advance(seconds(1)).await;
        breakers.admit(HOST).unwrap().worked();
        assert_eq!(breakers.refuses(HOST), None);
    }

    #[tokio::test(start_paused = true)]
    async fn hosts_without_blemish_are_forgotten() {
        let breakers = Arc::new(Breakers::default());
        for n in 0..HOSTS_KEPT {
            breakers.admit(&format!("h{n}.org")).unwrap().failed();
        }
        advance(BREAKER_WINDOW).await;
        fail(&breakers, 1);
        assert_eq!(breakers.lock().len(), 1);
    }
}
