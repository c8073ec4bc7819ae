//! What each fuzz target checks, one module a target with one `check`; beside
//! them the rooms of the host they check, taken in as they are.
//!
//! A check panics when a promise is broken. It must be quick, touch no network
//! and give the same answer each time.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)]

// The host's rooms say `reqwest::header`, which is this crate's `header`.
extern crate http as reqwest;

mod host;
mod lines;
mod promises;

pub mod answers;
pub mod cached;
pub mod descriptor;
pub mod encodings;
pub mod findings;
pub mod har;
pub mod headers;
pub mod hosts;
pub mod identifiers;
pub mod landing_page;
pub mod pdf;
pub mod requests;
pub mod robots;
pub mod settings;
pub mod tiers;
pub mod works;

// The rooms call each other by these names.
use host::{http, intake, outcome, plan, sandbox};
