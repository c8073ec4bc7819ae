//! The name a work goes by in results, jobs and events.

use std::fmt;

use paperfall_identifiers::printable;
use serde::{Serialize, Serializer};

use super::WorkError;

/// The longest work id, in bytes. With `:pdf` after it, an artifact id stays
/// within the 4 KiB a string may have at the adapter boundary.
pub const MAX_WORK_ID_BYTES: usize = 4096 - ":pdf".len();

/// A work's id: given with the work or derived from its first identifier. One
/// line of text, never empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkId(String);

impl WorkId {
    /// Takes a given id, without surrounding blanks.
    ///
    /// # Errors
    /// When it is empty, longer than [`MAX_WORK_ID_BYTES`] or holds control
    /// characters.
    pub fn parse(text: &str) -> Result<Self, WorkError> {
        let id = text.trim();
        let fault = if id.is_empty() {
            "is empty"
        } else if id.len() > MAX_WORK_ID_BYTES {
            "is longer than 4092 bytes"
        } else if id.chars().any(char::is_control) {
            "contains control characters"
        } else {
            return Ok(Self(id.to_owned()));
        };
        Err(WorkError::new(
            format!("the id \"{}\" {fault}", printable(id)),
            "give a short line of text, or leave it out",
        ))
    }

    /// An id made from parsed identifiers, which obey the rules by themselves.
    pub(super) fn derived(id: String) -> Self {
        Self(id)
    }

    /// The id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WorkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for WorkId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_given_id_is_one_short_line() {
        assert_eq!(WorkId::parse(" my 17 ").unwrap().as_str(), "my 17");
        for bad in [
            "",
            " ",
            "a\nb",
            "a\u{0}b",
            &"x".repeat(MAX_WORK_ID_BYTES + 1),
        ] {
            assert!(WorkId::parse(bad).is_err(), "{bad:?}");
        }
        assert!(WorkId::parse(&"x".repeat(MAX_WORK_ID_BYTES)).is_ok());
    }
}
