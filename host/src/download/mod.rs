//! From a validated candidate to a stored paper: stream, judge, store once,
//! write the result down.
//!
//! Objects are named by their content (`objects/ab/<sha256>.pdf`), so the
//! same bytes are never stored twice and a stored file is never overwritten.

mod error;
mod examine;
mod fetch;
mod folder;
mod halt;
mod journal;
mod marks;
mod paper_name;
mod part;
mod presence;
mod rest;
mod result;
mod store;
mod store_error;
mod stream;
mod tail;

pub use error::DownloadError;
pub(crate) use examine::examine;
pub(crate) use fetch::wants_md5;
pub use fetch::{Fetched, fetch_pdf};
pub(crate) use folder::{OutFolder, RESTORED, hash_of_file};
pub(crate) use halt::Halt;
pub(crate) use journal::End;
pub use journal::Journal;
pub(crate) use marks::{Earlier, Validators};
pub use presence::Sharing;
pub use result::WorkResult;
pub use store::{Store, Stored};
pub use store_error::StoreError;
pub(crate) use stream::{head, stream};
