//! The ledger against its ambitions, in one run on one machine: every figure is
//! a ratio of two sides that take turns, with its goal beside it.
//!
//! `cargo bench --bench ledger -- processes` measures only that part (`leases`,
//! `effects`, `tasks`, `processes`). `PAPERFALL_BENCH_JOBS` names the ledgers' sizes (`10000,100000,1000000` if
//! unset), `PAPERFALL_BENCH_DIR` a folder for them: with the temporary folder on
//! a RAM disk, FULL costs nothing and says nothing. DocsToKG's Python is not on
//! this machine, so its column is left out.

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
mod effects;
mod leases;
mod planning;
mod processes;
mod stage;
mod tasks;

use paperfall::ledger::Durability;
use stage::Stage;

fn main() {
    if processes::work_if_child() {
        return;
    }
    // `cargo bench` says `--bench`; `cargo test` of all targets does not.
    let sizes = std::env::var("PAPERFALL_BENCH_JOBS").unwrap_or_else(|_| {
        let all = std::env::args().any(|argument| argument == "--bench");
        if all { "10000,100000,1000000" } else { "2000" }.to_owned()
    });
    let sizes: Vec<usize> = sizes
        .split(',')
        .map(|size| {
            size.trim()
                .parse()
                .expect("PAPERFALL_BENCH_JOBS is a list of numbers")
        })
        .collect();
    let parts: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|asked| asked == part);
    println!("DocsToKG's Python is not here: its column is left out.");
    let mut steps = leases::Steps::default();
    for jobs in sizes {
        println!("\n== {jobs} jobs");
        println!("-- synchronous=Normal, {jobs} jobs: planning");
        let stage = Stage::planned(jobs, |path, jobs| {
            planning::measure(path, jobs, Durability::Normal);
        });
        println!("-- synchronous=Full, {jobs} jobs: planning");
        planning::measure(&stage.spare(), jobs, Durability::Full);
        std::fs::remove_file(stage.spare()).expect("removed");
        for durability in [Durability::Normal, Durability::Full] {
            println!("-- synchronous={durability:?}, {jobs} jobs");
            if wanted("leases") {
                leases::measure(&stage, durability, &mut steps);
            }
            if wanted("effects") {
                effects::measure(&stage, durability);
            }
            if wanted("tasks") {
                tasks::measure(&stage, durability);
            }
            if wanted("processes") {
                processes::measure(&stage, durability);
            }
        }
    }
    steps.report();
}
