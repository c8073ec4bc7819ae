//! The bounded queue between those who emit and the one thread that writes.
//!
//! Emitting takes a short lock and never waits for a sink: what does not fit is
//! dropped and counted. Numbers and times are given under that lock, so the
//! queue's order, `seq` and the order of emitting are one.

use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::envelope::Recorded;
use super::event::Event;

/// How long the thread lets events gather before it writes them together: waking
/// it for each would cost more than the events. A kill loses no more than these.
const GATHER: Duration = Duration::from_millis(50);

/// How much the queue holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Events waiting.
    pub(super) events: usize,
    /// Bytes they take, about.
    pub(super) bytes: usize,
}

/// The queue.
#[derive(Debug)]
pub(super) struct Queue {
    bounds: Bounds,
    state: Mutex<State>,
    /// The thread waits here for events.
    filled: Condvar,
    /// Those who close wait here for the thread.
    emptied: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Recorded>,
    bytes: usize,
    seq: u64,
    dropped: u64,
    /// The thread sleeps and nobody woke it yet.
    asleep: bool,
    /// No more events are taken.
    closed: bool,
    /// The thread has written everything and is gone.
    gone: bool,
}

impl State {
    /// Half of the room is taken.
    fn is_tight(&self, bounds: Bounds) -> bool {
        self.waiting.len() * 2 >= bounds.events || self.bytes * 2 >= bounds.bytes
    }
}

impl Queue {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            state: Mutex::default(),
            filled: Condvar::new(),
            emptied: Condvar::new(),
        }
    }

    /// Nothing below panics with the lock held; a poisoned lock is a sound one.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an event into the queue, or drops and counts it; whether it is in.
    pub(super) fn push(&self, event: Event) -> bool {
        let weight = event.weight();
        let mut state = self.lock();
        if state.closed {
            state.dropped += 1;
            return false;
        }
        state.seq += 1;
        let full = state.waiting.len() >= self.bounds.events
            || state.bytes.saturating_add(weight) > self.bounds.bytes;
        if full {
            state.dropped += 1;
            return false;
        }
        let seq = state.seq;
        let at = SystemTime::now();
        state.bytes += weight;
        state.waiting.push(Recorded { seq, at, event });
        // Woken when the first event comes, and again when it gets tight.
        let wake = state.asleep && (state.waiting.len() == 1 || state.is_tight(self.bounds));
        if wake {
            state.asleep = false;
            drop(state);
            self.filled.notify_one();
        }
        true
    }

    /// Replaces `batch` by everything that waits, once there is something, or by
    /// nothing at the moment `due`; false when the queue is closed and empty.
    pub(super) fn next_batch(&self, batch: &mut Vec<Recorded>, due: Option<Instant>) -> bool {
        batch.clear();
        let mut state = self.lock();
        while state.waiting.is_empty() {
            if state.closed {
                return false;
            }
            if due.is_some_and(|due| due <= Instant::now()) {
                return true;
            }
            state = self.sleep(state, due);
        }
        let until = Instant::now() + GATHER;
        while !state.closed && !state.is_tight(self.bounds) && Instant::now() < until {
            state = self.sleep(state, Some(until));
        }
        state.bytes = 0;
        mem::swap(&mut state.waiting, batch);
        true
    }

    /// Sleeps until woken, or until that moment.
    fn sleep<'s>(
        &'s self,
        mut state: MutexGuard<'s, State>,
        until: Option<Instant>,
    ) -> MutexGuard<'s, State> {
        state.asleep = true;
        let mut state = match until {
            None => self.filled.wait(state),
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                self.filled
                    .wait_timeout(state, left)
                    .map(|(state, _)| state)
                    .map_err(|poisoned| PoisonError::new(poisoned.into_inner().0))
            }
        }
        .unwrap_or_else(PoisonError::into_inner);
        state.asleep = false;
        state
    }

    /// The thread is gone.
    pub(super) fn leave(&self) {
        self.lock().gone = true;
        self.emptied.notify_all();
    }

    /// Takes no more events.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
    }

    /// Waits until the thread is gone, at most this long; whether it is.
    pub(super) fn wait_until_gone(&self, at_most: Duration) -> bool {
        let until = Instant::now() + at_most;
        let mut state = self.lock();
        while !state.gone {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self
                .emptied
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }

    /// Events that did not fit, or came after the end.
    pub(super) fn dropped(&self) -> u64 {
        self.lock().dropped
    }
}
