//! The race: tries the plan's sources for one work, tier by tier, until the
//! host itself has seen a PDF.
//!
//! [`Roster`] holds the loaded adapters of a plan; [`Race`] is one work's way
//! through them. A race can be resumed: when the download of its winner
//! fails, the candidate is struck and the race goes on with what is left of
//! its budgets.

mod attempt;
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
mod verdict;

pub(crate) use attempt::without_contact;
pub use race::{Race, Win};
pub use record::AttemptRecord;
pub use roster::{Roster, RosterSource, RosterTier};
pub use stored::StoredUrls;
pub use story::StoryEntry;
pub use verdict::{Loss, judge};
