//! Power loss: a worker is killed, the ledger's log is cut back to every earlier
//! commit that `synchronous = NORMAL` may lose, the files stay as they are, and a
//! new worker must still end with a correct job, whether or not the origin
//! changed its bytes meanwhile.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use paperfall_kills::cases::{each, findings};
use paperfall_kills::house::{House, Special};
use paperfall_kills::judge::{hash, list};
use paperfall_kills::place::Place;
use paperfall_kills::points::Scene;

const WORKER: &str = env!("CARGO_BIN_EXE_ledger-worker");

const POINTS: &[&str] = &[
    "lease.after",
    "RESOLUTION.after_result",
    "HEAD.after_result",
    "STREAM.in_intent_tx",
    "STREAM.after_intent",
    "STREAM.mid_effect",
    "STREAM.after_effect",
    "STREAM.after_result",
    "FINALIZE.mid_effect",
    "FINALIZE.after_effect",
    "FINALIZE.in_result_tx",
    "FINALIZE.after_result",
    "INDEX.half_done",
    "INDEX.in_result_tx",
    "INDEX.after_result",
];

/// Where each commit in a write-ahead log ends, in bytes. (The format is SQLite's:
/// a header of 32 bytes, then frames of 24 bytes and a page; a frame that ends a
/// commit has the database's size in its second word.)
fn commits(wal: &Path) -> Vec<u64> {
    let bytes = fs::read(wal).unwrap_or_default();
    let word = |at: usize| {
        bytes
            .get(at..at + 4)
            .map(|w| u32::from_be_bytes(w.try_into().unwrap()))
    };
    let Some(page) = word(8) else {
        return Vec::new();
    };
    let frame = 24 + usize::try_from(page).unwrap();
    let (mut ends, mut at) = (Vec::new(), 32);
    while at + frame <= bytes.len() && bytes[at + 8..at + 16] == bytes[16..24] {
        at += frame;
        if word(at - frame + 4) != Some(0) {
            ends.push(at as u64);
        }
    }
    ends
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    assert!(
        Command::new("cp")
            .arg("-a")
            .arg(from.join("."))
            .arg(to)
            .status()
            .unwrap()
            .success(),
        "hard links must be kept"
    );
}

#[derive(Default)]
struct Outcome {
    cases: usize,
    bad: Vec<String>,
}

/// Every point, and after it every commit that can be lost.
fn matrix(changed: bool, without: &'static str) -> Outcome {
    let mut all = Outcome::default();
    for outcome in each(POINTS, |point| rewinds(point, changed, without)) {
        let outcome = outcome.unwrap();
        all.cases += outcome.cases;
        all.bad.extend(outcome.bad);
    }
    all
}

/// Kills a worker at this point, and goes on from each of its commits.
fn rewinds(point: &str, changed: bool, without: &'static str) -> Result<Outcome, String> {
    let special = Special {
        without,
        one_job: true,
        quiet: true,
    };
    let house = House::new(WORKER, Scene::Fresh, special)?;
    let killed = house.run(&format!("{point}:kill"))?;
    if !killed.was_killed() {
        return Err(format!("{point} was never passed: {killed:?}"));
    }
    if changed {
        house.origin.change(vec![2; 9500]);
    }
    let ends = commits(&house.root().join("manifest.sqlite3-wal"));
    let copies = tempfile::tempdir().unwrap();
    let mut outcome = Outcome::default();
    for (n, end) in ends.iter().enumerate() {
        let root = copies.path().join(n.to_string());
        copy(house.root(), &root);
        let _ = fs::remove_file(root.join("manifest.sqlite3-shm"));
        fs::File::options()
            .write(true)
            .open(root.join("manifest.sqlite3-wal"))
            .unwrap()
            .set_len(*end)
            .unwrap();
        let place = Place::new(&root);
        // What was committed before the epoch was, was synced: it cannot be lost.
        let epochs = rusqlite::Connection::open(place.ledger()).and_then(|db| {
            db.query_row("SELECT count(*) FROM ledger_owners", [], |row| {
                row.get::<_, i64>(0)
            })
        });
        if !matches!(epochs, Ok(1..)) {
            continue;
        }
        outcome.cases += 1;
        let ended = house.start_in(&root, "", Duration::ZERO).ended();
        let judged = ended.map(|ended| {
            let mut wrong = ended.wrong("the next worker", &[0]);
            wrong.extend(judge(&place));
            wrong
        });
        let case = format!("{point}, {} commits lost", ends.len() - 1 - n);
        outcome.bad.extend(findings(&case, judged));
    }
    Ok(outcome)
}

fn judge(place: &Place) -> Vec<String> {
    let mut wrong = Vec::new();
    let db = rusqlite::Connection::open(place.ledger()).unwrap();
    let text = |sql: &str| {
        db.query_row(sql, [], |row| row.get::<_, String>(0))
            .unwrap_or_else(|error| error.to_string())
    };
    let state = text("SELECT group_concat(state) FROM artifact_jobs");
    if state != "INDEXED" {
        wrong.push(format!("the job is {state}"));
    }
    for name in list(&place.root().join("objects")).split_terminator(' ') {
        let found = hash(&place.object(name));
        if found != name {
            wrong.push(format!("the object {name} has the bytes of {found}"));
        }
    }
    let indexed = text("SELECT group_concat(lower(hex(sha256))) FROM ledger_objects");
    if !place.object(&indexed).exists() {
        wrong.push(format!("the index names {indexed}, which is not there"));
    }
    let parts = list(&place.root().join("parts"));
    if !parts.is_empty() {
        wrong.push(format!("a part file is left: {parts}"));
    }
    wrong
}

#[test]
fn no_power_loss_spoils_a_job_or_a_stored_file() {
    for changed in [false, true] {
        let outcome = matrix(changed, "");
        println!(
            "power loss, origin {}: {} cases, {} bad",
            if changed { "changed" } else { "the same" },
            outcome.cases,
            outcome.bad.len()
        );
        assert!(outcome.cases > POINTS.len());
        assert!(outcome.bad.is_empty(), "{}", outcome.bad.join("\n"));
    }
}

#[test]
fn without_the_epoch_a_power_loss_spoils_a_stored_file() {
    let outcome = matrix(true, "epoch");
    println!(
        "power loss without the epoch: {} cases, {} bad",
        outcome.cases,
        outcome.bad.len()
    );
    let found = outcome.bad.join("\n");
    assert!(
        found.contains("has the bytes of"),
        "fences issued twice were not noticed: {found}"
    );
}
