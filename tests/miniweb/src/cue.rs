//! What an answer may wait for instead of a time: something the origin has seen,
//! or a test that says so.
//!
//! A state that comes about by a delay comes about on some machines only; one that
//! waits for its cue comes about on all of them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::log::LoggedRequest;

/// What the log has to be like.
type Condition = dyn Fn(&[LoggedRequest]) -> bool + Send + Sync;

/// Something to wait for. An answer whose cue never comes is never given.
#[derive(Clone)]
pub struct Cue(Arc<Condition>);

impl Cue {
    /// The log so far, the waiting request included, satisfies this.
    #[must_use]
    pub fn when(condition: impl Fn(&[LoggedRequest]) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(condition))
    }

    /// The host has been asked.
    #[must_use]
    pub fn asked(host: &str) -> Self {
        let host = host.to_owned();
        Self::when(move |log| log.iter().any(|request| request.host == host))
    }

    /// The host has been asked, and nobody waits for an answer of it: each was given,
    /// or its client has gone.
    #[must_use]
    pub fn left(host: &str) -> Self {
        let host = host.to_owned();
        Self::when(move |log| {
            let mut of_host = log.iter().filter(|request| request.host == host).peekable();
            of_host.peek().is_some() && of_host.all(|request| request.ended.is_some())
        })
    }

    pub(crate) fn has_come(&self, log: &[LoggedRequest]) -> bool {
        (self.0)(log)
    }
}

impl fmt::Debug for Cue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cue")
    }
}

/// A door that a test opens when it is ready for what comes next.
#[derive(Debug, Clone, Default)]
pub struct Door(Arc<AtomicBool>);

impl Door {
    /// A closed one.
    #[must_use]
    pub fn closed() -> Self {
        Self::default()
    }

    /// Opens it for good.
    pub fn open(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it was opened.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// The cue of those who wait behind it.
    #[must_use]
    pub fn cue(&self) -> Cue {
        let door = self.clone();
        Cue::when(move |_| door.is_open())
    }
}
