//! Intake: from what people have (a list of ids, a CSV export, JSON lines, an
//! OpenAlex download) to [`Work`]s.
//!
//! Promises: every input line ends as a work, a named error or a named
//! duplicate; a bad line never costs a good one; memory grows with the number
//! of distinct works, not with the size of the file or of a line.

mod batch;
mod begin;
mod draft;
mod error;
mod format;
mod identifiers;
mod identity;
mod json;
mod lines;
mod openalex;
mod source;
mod table;
mod work;
mod work_id;

pub use batch::{Counts, Item, Works};
pub use begin::read_works;
pub use error::{InputError, LineError, Place, WorkError};
pub use format::Format;
pub use identifiers::Identifiers;
pub use source::{Input, open_input};
pub use work::{ReadWork, Work};
pub use work_id::{MAX_WORK_ID_BYTES, WorkId};

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
mod tests;
