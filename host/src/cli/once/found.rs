//! What a resolution found, as the ledger keeps it: enough for another process
//! to download it without asking anybody again.

use paperfall_identifiers::WebUrl;
use serde::{Deserialize, Serialize};

use crate::download::WorkResult;
use crate::sandbox::{Candidate, Checksum};

/// The stored result of a RESOLUTION that found something.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Found {
    /// The work's result as far as it is known: the file is still to come
    /// (unless its bytes are stored already).
    pub(super) result: WorkResult,
    /// `md5:…` or `sha256:…`, as the source announced it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) checksum: Option<String>,
    /// Milliseconds of the work's time that finding took.
    #[serde(default)]
    pub(super) spent_ms: u64,
}

impl Found {
    pub(super) fn new(result: WorkResult, candidate: &Candidate, spent_ms: u64) -> Self {
        Self {
            result,
            checksum: candidate.checksum.as_ref().map(Checksum::to_string),
            spent_ms,
        }
    }

    /// The candidate again; none when somebody changed the record.
    pub(super) fn candidate(&self) -> Option<Candidate> {
        let url = WebUrl::parse(self.result.url.as_deref()?).ok()?;
        Some(Candidate {
            url,
            reason: self.result.reason.clone(),
            version: self.result.version.clone(),
            license: self.result.license.clone(),
            checksum: self.checksum.as_deref().and_then(Checksum::parse),
            notes: self.result.notes.clone(),
        })
    }
}
