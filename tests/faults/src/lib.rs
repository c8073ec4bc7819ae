//! The binary on a ledger, under faults: killed at any of its calls to the
//! system, on a disk that is full or broken, under a clock that jumps.
//!
//! The faults come from a shared library below the program ([`Faults`]), so that
//! what dies is what is shipped. What is left is judged from outside
//! ([`Judge`]): by the files, by a plain SQLite connection, by `results.jsonl`
//! and by what the origin was asked.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod cast;
mod judge;
mod layer;
mod ledger;
mod origin;
mod places;
mod runs;
mod sweep;

pub use cast::Cast;
pub use judge::Judge;
pub use layer::{Action, Faults, calls, counts};
pub use ledger::{Job, LedgerCopy, Op};
pub use origin::{Asked, asked};
pub use places::{Mishap, all, places, some};
pub use runs::{ON_LEDGER, ended, helped_when_pausing, run, started};
pub use sweep::sweep;
