//! Whose request it is: the work behind a session, and how far its race has
//! come.
//!
//! A race is decided by what has arrived when it looks. So a recording notes,
//! for each answer, how often its race had looked by then; a replay gives the
//! answer no sooner. And it notes who had ended at each look: those end
//! together again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The work of one session.
#[derive(Debug, Default)]
pub(super) struct Scope {
    label: String,
    steps: AtomicU64,
    strayed: AtomicBool,
    /// How often each host's breaker was asked about.
    questions: Mutex<HashMap<String, u64>>,
}

impl Scope {
    pub(super) fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            steps: AtomicU64::new(0),
            strayed: AtomicBool::new(false),
            questions: Mutex::default(),
        }
    }

    /// The work's name; empty for requests of no work.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// How often its race has looked at what ended.
    pub(super) fn steps(&self) -> u64 {
        self.steps.load(Ordering::Acquire)
    }

    /// Whether its race went another way than the recorded one.
    pub(super) fn strayed(&self) -> bool {
        self.strayed.load(Ordering::Acquire)
    }

    /// Its race goes another way than the recorded one.
    pub(super) fn stray(&self) {
        self.strayed.store(true, Ordering::Release);
    }

    /// The number of this question about the breaker of `host`, from 0.
    pub(super) fn question(&self, host: &str) -> u64 {
        let mut questions = self
            .questions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let next = questions.entry(host.to_owned()).or_default();
        let number = *next;
        *next = next.saturating_add(1);
        number
    }

    /// Its race looks again; returns how often it has by now.
    pub(super) fn step(&self) -> u64 {
        self.steps.fetch_add(1, Ordering::AcqRel).saturating_add(1)
    }
}
