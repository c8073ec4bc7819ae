//! From a validated candidate to a stored paper: stream, judge, store once,
//! write the result down.
//!
//! Objects are named by their content (`objects/ab/<sha256>.pdf`), so the
//! same bytes are never stored twice and a stored file is never overwritten.

mod fetch;
mod journal;
mod paper_name;
mod part;
mod result;
mod store;
mod store_error;

pub use fetch::{DownloadError, Fetched, fetch_pdf};
pub use journal::Journal;
pub use result::WorkResult;
pub use store::{Store, Stored};
pub use store_error::StoreError;
