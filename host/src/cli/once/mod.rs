//! A run on a ledger: every work is a job that is leased, taken through its
//! effects once, and finished once, however often and wherever processes die.
//!
//! `planning` makes jobs of the list, `workers` lease them, `program` takes one
//! job through its effects ([`resolution`], [`download`], [`storing`]), `book`
//! is the ledger with what happens when it fails.

mod account;
mod accounts;
mod book;
mod download;
mod ending;
mod folder;
mod found;
mod leasing;
mod planning;
mod program;
mod recorded;
mod resolution;
mod run;
mod storing;
mod untold;
mod workers;

pub(crate) use book::OnLedgerError;
pub(crate) use folder::{belongs, wrong_folder};
pub(crate) use resolution::SKIPPED_DUPLICATE;
pub(crate) use run::run;
