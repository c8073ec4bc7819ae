//! The ledger in one SQLite file: the public face.
//!
//! `store` is the handle; the other files are its statements, one subject each.

mod effect;
mod ending;
mod lease;
mod operations;
mod plan;
mod reconciler;
pub(super) mod rows;
mod standing;
mod store;

/// For the benchmarks, which hold it against bare statements.
#[doc(hidden)]
pub use lease::NEXT as LEASE_STATEMENT;
pub use store::{Merge, Options, SqliteLedger};
