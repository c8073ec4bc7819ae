//! The race: tries the plan's sources for one work, tier by tier, until the
//! host itself has seen a PDF.
//!
//! [`Roster`] holds the loaded adapters of a plan; [`Race`] is one work's way
//! through them. A race can be resumed: when the download of its winner
//! fails, the candidate is struck and the race goes on with what is left of
//! its budgets.

mod attempt;
mod component;
mod finish;
mod knowledge;
mod probing;
mod queue;
mod race;
mod record;
mod resume;
mod roster;
mod stored;
mod story;
#[cfg(test)]
mod tests;
mod tier;
mod verdict;

pub(crate) use attempt::{Context, Ended, TimeLimit, ask};
pub(crate) use knowledge::Knowledge;
pub use race::{Race, Win};
pub use record::AttemptRecord;
pub(crate) use record::without_contact;
pub(crate) use roster::equip;
pub use roster::{Ready, Roster, RosterSource, RosterTier};
pub use stored::StoredUrls;
pub use story::{CandidateVerdict, StoryEntry};
pub(crate) use tier::missing_reason;
pub use verdict::{Loss, judge};
