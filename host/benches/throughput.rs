//! Works per second of a whole run against the miniature web, which runs in a
//! process of its own. The demo's works without those that wait for a
//! time-out: those measure the time-out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::process::{Command, Stdio};
use std::time::Instant;

use common::{Spread, report};

const WORKS: usize = 512;
const ROUNDS: usize = 5;

fn main() {
    common::web::serve_if_child();
    let web = common::web::Web::start(WORKS);
    let list: String = paperfall_miniweb::demo(WORKS)
        .works
        .iter()
        .filter(|work| work.verdict.reason != "source_deadline")
        .map(|work| format!("{}\n", work.line))
        .collect();
    let works = list.lines().count();
    let folder = web.folder.path();
    std::fs::write(folder.join("works.jsonl"), list).expect("written");
    for workers in ["1", "8"] {
        let mut per_second = Vec::new();
        for round in 0..=ROUNDS {
            let out = folder.join(format!("out-{workers}-{round}"));
            let started = Instant::now();
            let status = Command::new(env!("CARGO_BIN_EXE_paperfall"))
                .args(["run", "works.jsonl", "--workers", workers, "--email"])
                .arg("demo@paperfall.example")
                .arg("--out")
                .arg(&out)
                .env_clear()
                .env("PAPERFALL_CACHE_DIR", folder.join("cache"))
                .env("PAPERFALL_CA_FILE", web.ca_file())
                .env("PAPERFALL_RESOLVE", web.pins.join(";"))
                .current_dir(folder)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .expect("the binary starts");
            assert_eq!(status.code(), Some(1), "some of the demo's works are lost");
            let results = std::fs::read_to_string(out.join("results.jsonl")).expect("results");
            assert_eq!(results.lines().count(), works);
            // The first round warms the cache up.
            if round > 0 {
                per_second.push(works as f64 / started.elapsed().as_secs_f64());
            }
        }
        report(
            &format!("a run of {works} works, {workers} workers"),
            "works/s",
            &Spread::new(per_second),
            None,
        );
    }
}
