//! Looking back: statistics (`paperfall stats`) and a page with plots
//! (`paperfall report`) from what a ledger or a results file recorded.

mod observed;
mod page;
mod plots;
mod reading;
mod stats;
mod svg;
mod tally;

pub use page::{PageFacts, page};
pub use reading::{HistoryError, Recorded};
pub use stats::{GroupBy, StatRow, Stats};
pub use tally::Tally;
