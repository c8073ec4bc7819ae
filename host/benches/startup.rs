//! How long a command takes to start: `--version`, and the first attempt with
//! a warm cache of compiled adapters.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::process::{Command, Stdio};
use std::time::Instant;

use common::{Goal, Spread, report};

const ROUNDS: usize = 30;

/// A port where nobody listens: every attempt ends at once, none asks DNS.
const NOBODY: &str = "arxiv.org:443:127.0.0.1:9;web.archive.org:443:127.0.0.1:9;\
    archive.org:443:127.0.0.1:9";

fn main() {
    let binary = env!("CARGO_BIN_EXE_paperfall");
    let cache = tempfile::tempdir().expect("a folder");
    let timed = |args: &[&str]| {
        let started = Instant::now();
        let status = Command::new(binary)
            .args(args)
            .env_clear()
            .env("PAPERFALL_CACHE_DIR", cache.path())
            .env("PAPERFALL_RESOLVE", NOBODY)
            .current_dir(cache.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("the binary starts");
        (started.elapsed().as_secs_f64() * 1e3, status)
    };
    let version: Vec<f64> = (0..ROUNDS).map(|_| timed(&["--version"]).0).collect();
    let attempt = ["resolve", "arXiv:2101.00001", "--only", "arxiv"];
    let (cold, _) = timed(&attempt);
    let warm: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let (elapsed, status) = timed(&attempt);
            assert_eq!(status.code(), Some(1), "the refused connection is a loss");
            elapsed
        })
        .collect();
    let all: Vec<f64> = (0..ROUNDS + 1)
        .map(|_| timed(&["resolve", "arXiv:2101.00001"]).0)
        .skip(1)
        .collect();
    report(
        "paperfall --version",
        "ms",
        &Spread::new(version),
        Some(Goal::AtMost(10.0)),
    );
    println!("first attempt, cold cache (compiles one adapter): {cold:.0} ms");
    report(
        "start to end of the first attempt, warm cache, one adapter",
        "ms",
        &Spread::new(warm),
        Some(Goal::AtMost(60.0)),
    );
    report(
        "start to end of a resolve, warm cache, all seven adapters",
        "ms",
        &Spread::new(all),
        Some(Goal::AtMost(60.0)),
    );
}
