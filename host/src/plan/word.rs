//! Values that are words: yes or no, and what to do without a network.

use std::fmt;

use serde::{Serialize, Serializer};

use super::error::{PlanError, Problem};
use super::origin::Origin;
use super::spelling::{remedy, shown};

/// What remains allowed when the run is meant to stay off the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfflineBehavior {
    /// Metadata may be asked for; no artifact is fetched.
    MetadataOnly,
    /// No request at all.
    BlockAll,
    /// Only what the cache holds.
    CacheOnly,
}

impl OfflineBehavior {
    const ALL: [Self; 3] = [Self::MetadataOnly, Self::BlockAll, Self::CacheOnly];

    /// The name used in settings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MetadataOnly => "metadata_only",
            Self::BlockAll => "block_all",
            Self::CacheOnly => "cache_only",
        }
    }

    pub(super) fn parse(place: &Origin, given: &str) -> Result<Self, PlanError> {
        let word = given.trim();
        Self::ALL
            .into_iter()
            .find(|behavior| behavior.as_str() == word)
            .ok_or_else(|| unknown_word(place, word, &Self::ALL.map(Self::as_str)))
    }
}

impl fmt::Display for OfflineBehavior {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for OfflineBehavior {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Reads a yes or a no, in any of the spellings of flags and variables.
pub(super) fn parse_switch(place: &Origin, given: &str) -> Result<bool, PlanError> {
    match given.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Ok(true),
        "false" | "0" | "no" => Ok(false),
        other => Err(unknown_word(
            place,
            other,
            &["true", "false", "1", "0", "yes", "no"],
        )),
    }
}

fn unknown_word(place: &Origin, given: &str, valid: &[&'static str]) -> PlanError {
    PlanError::new(
        place,
        Problem::UnknownWord {
            given: shown(given),
            remedy: remedy(given, valid.iter().copied()),
        },
    )
}
