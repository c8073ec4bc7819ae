//! One line of `results.jsonl`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fallback::AttemptRecord;
use crate::outcome::{Outcome, Reason};

/// What became of one work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkResult {
    /// The work.
    pub work_id: String,
    /// Its artifact.
    pub artifact_id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
    /// The winner's tier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// The winner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Where the paper came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// SHA-256 of the file, hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Size of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// `publishedVersion`, `acceptedVersion`, `submittedVersion`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// As the source names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Relative to the output folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Milliseconds spent on the work, download included.
    pub elapsed_ms: u64,
    /// Every attempt and every skip.
    pub attempts: Vec<AttemptRecord>,
    /// Everything known of the work at the end.
    pub identifiers: BTreeMap<String, String>,
    /// Short words: `retracted`, `encrypted`.
    pub notes: Vec<String>,
    /// RFC 3339, UTC.
    pub finished_at: String,
}
