//! The transport against small servers on loopback that speak canned HTTP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod address;
mod body;
mod cache;
mod credentials;
mod drops;
mod guards;
mod offline;
mod polite;
mod probe;
mod proxy;
mod rebinding;
mod recording;
mod recording_refused;
mod redirect;
mod replaying;
mod server;
mod tape;
mod tls;
