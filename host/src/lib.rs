//! paperfall: gets the open-access PDFs of scholarly works, where the places
//! to look are sandboxed WebAssembly components.
//!
//! Data flows one way: [`intake`] reads works, [`plan`] says which sources are
//! asked, [`fallback`] races them, each in a [`sandbox`] whose only way out is
//! [`http`], and [`download`] stores what was found. [`cli`] puts them
//! together; [`testing`] runs one adapter on one work, [`conformance`] judges a
//! stranger's. With a [`ledger`] every work is a job in it, and each of its
//! effects happens exactly once; [`telemetry`] tells operators about it all.

pub mod cli;
pub mod conformance;
pub mod download;
pub mod fallback;
pub mod http;
pub mod intake;
pub mod ledger;
pub mod outcome;
pub mod plan;
pub mod sandbox;
pub mod telemetry;
pub mod testing;
