//! What the HTTP stack costs: requests beside bare reqwest, durable downloads
//! beside `curl`, `sha256sum` and `sync`, and memory while a gibibyte streams.
//! Each figure stands beside its goal; the origin is a process of its own.
//!
//! `cargo bench --bench http -- requests` measures only that part (`requests`,
//! `downloads`, `memory`). `PAPERFALL_BENCH_DIR` names a folder for the files:
//! with the temporary folder on a RAM disk durability costs nothing and says
//! nothing.

#![allow(
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

#[path = "../common/mod.rs"]
mod common;
mod downloads;
mod memory;
mod origin;
mod requests;

use origin::Origin;

fn main() {
    if origin::serve_if_child() || memory::stream_if_child() {
        return;
    }
    let origin = Origin::start();
    let named: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let wanted = |part: &str| named.is_empty() || named.iter().any(|name| name == part);
    if wanted("requests") {
        requests::measure(&origin);
    }
    if wanted("downloads") {
        downloads::measure(&origin);
    }
    if wanted("memory") {
        memory::measure(&origin);
    }
}
