//! The life of a job: its states and the moves between them.
//!
//! The table of moves below is the only one. The database's own trigger is
//! generated from it ([`JobState::may_become`] tells the code, the trigger tells
//! everybody else), so neither can allow what the other refuses.

use std::fmt;

use serde::{Serialize, Serializer};

/// Where a job is. Progress only moves forwards; see the module's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JobState {
    /// Known, not begun (or waiting for its next round).
    Planned,
    /// A worker has it.
    Leased,
    /// The source's headers are known.
    HeadDone,
    /// A verified part file can be continued.
    ResumeOk,
    /// Bytes are being fetched.
    Streaming,
    /// The file stands under its content's name.
    Finalized,
    /// Done: the file is in the hash index.
    Indexed,
    /// Done: the same bytes were stored before.
    Deduped,
    /// Done: the resolved URL was stored before; nothing was fetched.
    SkippedDuplicate,
    /// Done without a file.
    Failed,
}

/// The reason that alone lets a finished job fail: its file is gone.
pub const FILE_MISSING: &str = "file_missing";

impl JobState {
    /// Every state; a state's place here is its number in the database.
    pub const ALL: [Self; 10] = [
        Self::Planned,
        Self::Leased,
        Self::HeadDone,
        Self::ResumeOk,
        Self::Streaming,
        Self::Finalized,
        Self::Indexed,
        Self::Deduped,
        Self::SkippedDuplicate,
        Self::Failed,
    ];

    /// The name in the public tables and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "PLANNED",
            Self::Leased => "LEASED",
            Self::HeadDone => "HEAD_DONE",
            Self::ResumeOk => "RESUME_OK",
            Self::Streaming => "STREAMING",
            Self::Finalized => "FINALIZED",
            Self::Indexed => "INDEXED",
            Self::Deduped => "DEDUPED",
            Self::SkippedDuplicate => "SKIPPED_DUPLICATE",
            Self::Failed => "FAILED",
        }
    }

    /// The state with this name, in any case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str().eq_ignore_ascii_case(name))
    }

    /// Its number in the database.
    #[must_use]
    pub(super) const fn code(self) -> i64 {
        self as i64
    }

    /// The state with this number.
    pub(super) fn from_code(code: i64) -> Option<Self> {
        usize::try_from(code)
            .ok()
            .and_then(|index| Self::ALL.get(index).copied())
    }

    /// Nothing more happens to the job by itself.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Indexed | Self::Deduped | Self::SkippedDuplicate | Self::Failed
        )
    }

    /// The states this one may move to.
    #[must_use]
    pub const fn successors(self) -> &'static [Self] {
        match self {
            Self::Planned => &[Self::Leased, Self::SkippedDuplicate],
            Self::Leased => &[Self::HeadDone, Self::SkippedDuplicate, Self::Failed],
            Self::HeadDone => &[Self::ResumeOk, Self::Streaming, Self::Failed],
            Self::ResumeOk => &[Self::Streaming, Self::Failed],
            Self::Streaming => &[Self::Finalized, Self::Failed],
            Self::Finalized => &[Self::Indexed, Self::Deduped, Self::Failed],
            // Only with the reason FILE_MISSING; then a new round fetches it again.
            Self::Indexed | Self::Deduped | Self::SkippedDuplicate => &[Self::Failed],
            Self::Failed => &[Self::Planned],
        }
    }

    /// Whether a job may move from here to `next`. A finished job may only fail,
    /// and only because its file is gone ([`FILE_MISSING`]).
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        self.successors().contains(&next)
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for JobState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_found_again_by_its_name_and_its_number() {
        for state in JobState::ALL {
            assert_eq!(JobState::parse(state.as_str()), Some(state));
            assert_eq!(JobState::from_code(state.code()), Some(state));
        }
        assert_eq!(JobState::from_code(10), None);
        assert_eq!(JobState::from_code(-1), None);
    }

    #[test]
    fn progress_never_runs_backwards() {
        for from in JobState::ALL {
            for to in from.successors() {
                assert!(
                    *to > from || (from, *to) == (JobState::Failed, JobState::Planned),
                    "{from} to {to}"
                );
            }
        }
    }
}
