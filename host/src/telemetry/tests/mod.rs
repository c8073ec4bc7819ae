//! Telemetry: the events' shapes, the queue that never waits, the file.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod delivery;
mod file;
mod history;
mod metrics;
mod ops;
mod samples;
mod schema_check;
mod shapes;
mod table;
