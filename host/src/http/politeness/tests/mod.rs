//! The courtesies around a wire that answers from a script, on a clock that
//! stands still until everybody waits.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod breaker;
mod courier;
mod limits;
mod retries;
mod robots;
