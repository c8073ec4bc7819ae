//! What happened in a race, in order: the raw material of
//! `resolve --explain` and of telemetry.

use crate::outcome::Reason;
use crate::sandbox::AttemptTrace;

use super::record::AttemptRecord;

/// One entry of a race's story.
#[derive(Debug, Clone)]
pub enum StoryEntry {
    /// A gate skipped the source without an attempt.
    Skipped(AttemptRecord),
    /// An attempt ended.
    Attempt {
        /// How.
        record: AttemptRecord,
        /// Its requests and log.
        trace: AttemptTrace,
        /// What was said of failures, for people.
        message: Option<String>,
        /// Each candidate and its verdict, in the order they were probed.
        candidates: Vec<CandidateVerdict>,
    },
    /// An attempt was dropped because another one won; it may be launched
    /// again if the winner is struck.
    Dropped {
        /// Its tier.
        tier: String,
        /// Its source.
        source: String,
        /// What it had done by then.
        trace: AttemptTrace,
    },
    /// The winner's download failed; the race went on.
    Struck {
        /// The candidate's URL.
        url: String,
        /// Why.
        reason: Reason,
        /// For people.
        message: String,
    },
    /// A source skipped earlier gets its turn: an identifier arrived.
    Rearmed {
        /// Its tier.
        tier: String,
        /// Its source.
        source: String,
    },
}

/// What the host's probe said of one candidate.
#[derive(Debug, Clone)]
pub struct CandidateVerdict {
    /// The candidate.
    pub url: String,
    /// Why the adapter proposed it.
    pub proposed_as: Reason,
    /// None: a PDF. Otherwise why not.
    pub refused: Option<Reason>,
    /// For people.
    pub message: String,
}
