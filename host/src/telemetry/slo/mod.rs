//! Service levels: five goals, judged from the ledger's columns and counted
//! events over a window of time.
//!
//! Every goal is one-sided (better than asked is a pass), says what it was made
//! of, and says "no data" where there is none.

mod level;
mod report;

pub use level::{ErrorBudget, Level, Target, Unit};
pub use report::{ServiceLevels, judge};
