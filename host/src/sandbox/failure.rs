//! The named ways an attempt in the sandbox fails.

use crate::outcome::{Outcome, Reason};

/// An attempt without findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How it ended.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
    /// The HTTP status that decided it, where the adapter named one.
    pub status: Option<u16>,
    /// For people; may carry a wasm backtrace.
    pub message: String,
}

impl Failure {
    /// A failure the host itself names; the outcome follows from the registry.
    pub(crate) fn host(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            outcome: reason.outcome().unwrap_or(Outcome::Error),
            reason,
            status: None,
            message: message.into(),
        }
    }
}
