//! HAR files: whatever is in them, a recording a replay can rely on or one line
//! that says what is wrong.

use crate::http::har;
use crate::promises;

/// Checks one file.
pub fn check(data: &[u8]) {
    match har::parse(data) {
        Ok(recording) => har::is_sound(&recording),
        Err(error) => promises::is_a_message(&error.to_string()),
    }
}
