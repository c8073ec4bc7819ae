//! What one attempt may still spend: requests and body bytes.
//!
//! A hop costs a request, a byte of body as it came over the wire costs a
//! byte. The meter never goes below zero and is shared by everything an
//! attempt does, the host's probes of its candidates included.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Requests an attempt may send, redirects counted one by one.
pub const REQUESTS_PER_ATTEMPT: u32 = 24;
/// Body bytes an attempt may receive.
pub const BYTES_PER_ATTEMPT: u64 = 32 * 1024 * 1024;

/// A shared, shrinking allowance.
#[derive(Debug)]
pub struct Meter {
    requests: AtomicU32,
    bytes: AtomicU64,
    requests_given: u32,
    bytes_given: u64,
    retries: AtomicU32,
}

impl Default for Meter {
    fn default() -> Self {
        Self::new(REQUESTS_PER_ATTEMPT, BYTES_PER_ATTEMPT)
    }
}

impl Meter {
    /// An allowance of so many requests and so many body bytes.
    #[must_use]
    pub fn new(requests: u32, bytes: u64) -> Self {
        Self {
            requests: AtomicU32::new(requests),
            bytes: AtomicU64::new(bytes),
            requests_given: requests,
            bytes_given: bytes,
            retries: AtomicU32::new(0),
        }
    }

    /// Requests left.
    #[must_use]
    pub fn requests_left(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Body bytes left.
    #[must_use]
    pub fn bytes_left(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Requests sent so far.
    #[must_use]
    pub fn requests_used(&self) -> u32 {
        self.requests_given.saturating_sub(self.requests_left())
    }

    /// Body bytes received so far.
    #[must_use]
    pub fn bytes_used(&self) -> u64 {
        self.bytes_given.saturating_sub(self.bytes_left())
    }

    /// Requests that were sent again.
    #[must_use]
    pub fn retries(&self) -> u32 {
        self.retries.load(Ordering::Relaxed)
    }

    /// Notes that a request is sent again; it is paid for like any other.
    pub(super) fn note_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes one request; false when none is left.
    pub(super) fn take_request(&self) -> bool {
        self.requests
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .is_ok()
    }

    /// Gives back a request that was not sent after all.
    pub(super) fn give_request_back(&self) {
        self.requests
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                (left < self.requests_given).then_some(left.saturating_add(1))
            })
            .ok();
    }

    /// Takes `count` bytes; false, and nothing left, when there were fewer.
    pub(super) fn take_bytes(&self, count: u64) -> bool {
        let taken = self
            .bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(count)
            })
            .is_ok();
        if !taken {
            self.bytes.store(0, Ordering::Relaxed);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_meter_gives_nothing_more_and_never_wraps() {
        let meter = Meter::new(1, 10);
        assert!(meter.take_request());
        assert!(!meter.take_request());
        assert!(meter.take_bytes(9));
        assert!(!meter.take_bytes(2));
        assert!(!meter.take_bytes(1), "an overdrawn meter is empty");
        assert_eq!((meter.requests_used(), meter.bytes_used()), (1, 10));
    }

    #[test]
    fn no_more_is_given_back_than_was_taken() {
        let meter = Meter::new(2, 0);
        assert!(meter.take_request());
        meter.give_request_back();
        meter.give_request_back();
        assert_eq!((meter.requests_left(), meter.requests_used()), (2, 0));
    }
}
