//! Why a candidate was not stored.

use super::store_error::StoreError;
use crate::http::HttpError;
use crate::outcome::{Outcome, Reason};

/// Why a candidate was not stored.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The candidate's fault: strike it and go on.
    #[error("{message}")]
    Candidate {
        /// How it counts.
        outcome: Outcome,
        /// Why.
        reason: Reason,
        /// For people.
        message: String,
    },
    /// The machine's fault: nothing will be stored until it is mended.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DownloadError {
    pub(super) fn candidate(reason: Reason, message: impl Into<String>) -> Self {
        Self::Candidate {
            outcome: reason.outcome().unwrap_or(Outcome::NoPdf),
            reason,
            message: message.into(),
        }
    }
}

impl From<HttpError> for DownloadError {
    fn from(error: HttpError) -> Self {
        // A body shorter than announced is a truncated file, whoever cut it.
        let reason = if error.ended_early {
            Reason::Truncated
        } else {
            error.reason()
        };
        Self::candidate(reason, error.message)
    }
}
