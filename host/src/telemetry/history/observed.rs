//! What was recorded of the past, one thing at a time, whoever recorded it.

use serde::Deserialize;

use crate::outcome::Outcome;

/// One source's attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attempt {
    /// The source's tier.
    pub(super) tier: String,
    /// The source.
    pub(super) source: String,
    /// How it ended.
    pub(super) outcome: Outcome,
    /// Why.
    pub(super) reason: String,
    /// The host that decided it.
    pub(super) host: Option<String>,
    /// From launch to end, in milliseconds.
    pub(super) elapsed_ms: u64,
    /// Requests sent.
    pub(super) requests: u64,
    /// Requests repeated.
    pub(super) retries: u64,
    /// Bytes received.
    pub(super) bytes: u64,
}

/// A work that came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WorkEnd {
    /// When, in milliseconds since the epoch.
    pub(super) at: i64,
    /// With a paper.
    pub(super) success: bool,
    /// Why not, if not.
    pub(super) reason: Option<String>,
    /// How long it took, in milliseconds.
    pub(super) took_ms: u64,
}

/// Takes what is read, in no particular order.
pub(super) trait Observer {
    /// An attempt was made.
    fn attempt(&mut self, attempt: &Attempt);
    /// A work ended.
    fn work(&mut self, end: &WorkEnd);
    /// A paper of so many bytes was stored at this moment.
    fn stored(&mut self, at: i64, bytes: u64);
    /// Something that could not be understood was passed over.
    fn unreadable(&mut self);
}

/// An attempt as results and FALLBACK effects have it.
#[derive(Deserialize)]
pub(super) struct AttemptJson {
    tier: Option<String>,
    source: String,
    outcome: String,
    reason: String,
    host: Option<String>,
    #[serde(default)]
    elapsed_ms: u64,
    #[serde(default)]
    requests: u64,
    #[serde(default)]
    retries: u64,
    #[serde(default)]
    bytes: u64,
}

impl AttemptJson {
    /// The attempt, if its outcome is one.
    pub(super) fn attempt(self) -> Option<Attempt> {
        Some(Attempt {
            outcome: Outcome::parse(&self.outcome)?,
            tier: self.tier.unwrap_or_else(|| "-".to_owned()),
            source: self.source,
            reason: self.reason,
            host: self.host,
            elapsed_ms: self.elapsed_ms,
            requests: self.requests,
            retries: self.retries,
            bytes: self.bytes,
        })
    }
}
