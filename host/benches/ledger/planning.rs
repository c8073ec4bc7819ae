//! Planning against bare batched INSERTs of the same rows, and planning again.

use std::path::Path;
use std::time::Instant;

use paperfall::ledger::{Durability, JobKey, Ledger, NewJob};
use rusqlite::{Connection, params};

use crate::common::{Cost, Goal, Spread, judged, measure as cost, ratios, report};
use crate::stage;

/// Jobs a transaction takes: what the ledger itself takes.
const BATCH: usize = 1000;
/// Turns in which both sides plan a share of the jobs.
const ROUNDS: usize = 20;

/// Plans `jobs` jobs into the ledger at `path`, round by round beside a table
/// that gets the same rows by bare INSERTs.
pub fn measure(path: &Path, jobs: usize, durability: Durability) {
    let runtime = stage::runtime();
    let ledger = stage::open(path, durability);
    let inserted = path.with_file_name("inserted.sqlite3");
    // The same tables, indexes and rules, without the code around them.
    runtime.block_on(stage::open(&inserted, durability).close());
    let bare = stage::connect(&inserted, durability);
    let mut rounds: Vec<(Cost, Cost)> = Vec::new();
    for round in 0..ROUNDS {
        let works: Vec<NewJob> = (jobs * round / ROUNDS..jobs * (round + 1) / ROUNDS)
            .map(stage::work)
            .collect();
        let rows: Vec<(JobKey, NewJob)> =
            works.iter().map(|job| (job.key(), job.clone())).collect();
        let ours = || {
            cost(|| {
                runtime.block_on(async {
                    ledger.plan(works).await.expect("planned");
                });
            })
        };
        let theirs = || cost(|| insert(&bare, &rows));
        rounds.push(if round % 2 == 0 {
            let ours = ours();
            (ours, theirs())
        } else {
            let theirs = theirs();
            (ours(), theirs)
        });
    }
    let speed = |of: fn(Cost) -> std::time::Duration| {
        let costs = ratios(&rounds, of);
        // A cost of 1.25 times is a speed of 0.8.
        costs.map(|cost| 1.0 / cost)
    };
    report(
        "plan / bare batched INSERTs, speed",
        "×",
        &speed(|cost| cost.wall),
        Some(Goal::AtLeast(0.7)),
    );
    report("  by CPU time", "×", &speed(|cost| cost.cpu), None);
    let per_job = |cost: &Cost| cost.wall.as_secs_f64() * 1e6 / (jobs as f64 / ROUNDS as f64);
    report(
        "  one new job",
        "µs",
        &Spread::new(rounds.iter().map(|(ours, _)| per_job(ours)).collect()),
        None,
    );
    again(&runtime, &ledger, path, jobs);
    runtime.block_on(ledger.close());
    drop(bare);
    std::fs::remove_file(inserted).expect("removed");
}

fn insert(db: &Connection, rows: &[(JobKey, NewJob)]) {
    for batch in rows.chunks(BATCH) {
        db.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut insert = db
            .prepare_cached(
                "INSERT INTO ledger_jobs(key, due_at, created_at, updated_at, work_id, artifact_id, url)
                 VALUES(?1, 0, ?2, ?2, ?3, ?4, ?5)",
            )
            .unwrap();
        for (key, job) in batch {
            let values = params![
                key.as_bytes(),
                1,
                job.work_id,
                job.artifact_id,
                job.canonical_url
            ];
            insert.execute(values).unwrap();
        }
        db.execute_batch("COMMIT").unwrap();
    }
}

/// Planning what is planned: while another program has the write lock.
fn again(runtime: &tokio::runtime::Runtime, ledger: &impl Ledger, path: &Path, jobs: usize) {
    let works: Vec<NewJob> = (0..jobs.min(2000)).map(stage::work).collect();
    let count = works.len();
    let began = Instant::now();
    let planned = stage::beside_a_writer(runtime, path, ledger.plan(works));
    let each = began.elapsed().as_secs_f64() * 1e6 / count as f64;
    let read = matches!(planned, Some(Ok(planned)) if planned.iter().all(|job| !job.new));
    let verdict = judged("a read, not a write", read);
    println!("planning an existing job: {each:.1} µs, while another has the write lock{verdict}");
}
