//! One attempt as results and events show it.

use serde::{Deserialize, Serialize};

use crate::outcome::{Outcome, Reason};

/// How one attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// The source's tier.
    pub tier: String,
    /// The source.
    pub source: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
    /// The URL that decided it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The HTTP status that decided it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The host that decided it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Requests repeated by the host.
    pub retries: u32,
    /// Milliseconds from launch to end.
    pub elapsed_ms: u64,
    /// Requests sent, redirects and probes included.
    pub requests: u32,
    /// Bytes received, probes included.
    pub bytes: u64,
}

impl AttemptRecord {
    /// Whether it counts against the budget: what was not asked is free.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.outcome != Outcome::Skipped || self.requests > 0
    }
}
