//! Power loss: a worker is killed, the ledger's log is cut back to every earlier
//! commit that `synchronous = NORMAL` may lose, the files stay as they are, and a
//! new worker must still end with a correct job, whether or not the origin
//! changed its bytes meanwhile.

#![cfg(feature = "failpoints")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "ledger_kit/worker.rs"]
mod worker;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use paperfall::ledger::Sha256Hex;
use worker::Place;

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

/// Not a test: the worker process that the tests start.
#[test]
#[ignore = "started by the other tests as a process of its own"]
fn worker_process() {
    let Ok(root) = std::env::var("WORKER_ROOT") else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let worked = runtime.block_on(worker::work(Path::new(&root), Duration::ZERO));
    if let Err(error) = &worked {
        eprintln!("{error}");
    }
    std::process::exit(i32::from(worked.is_err()));
}

fn run(root: &Path, failpoint: &str, mutant: &str) -> Result<(), String> {
    let done = Command::new(std::env::current_exe().unwrap())
        .args(["worker_process", "--exact", "--ignored", "--nocapture"])
        .env("WORKER_ROOT", root)
        .env("WORKER_JOBS", "1")
        .env("WORKER_QUIET", "1")
        .env("PAPERFALL_FAILPOINT", failpoint)
        .env("PAPERFALL_MUTANT", mutant)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    if done.status.success() {
        Ok(())
    } else {
        Err(format!(
            "{}: {}",
            done.status,
            String::from_utf8_lossy(&done.stderr)
        ))
    }
}

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

struct Outcome {
    cases: usize,
    bad: Vec<String>,
}

fn matrix(changed: bool, mutant: &str) -> Outcome {
    let mut outcome = Outcome {
        cases: 0,
        bad: Vec::new(),
    };
    for point in POINTS {
        let dir = tempfile::tempdir().unwrap();
        let after_kill = dir.path().join("after-kill");
        let place = Place::new(&after_kill);
        fs::write(after_kill.join("server/u"), vec![1; 9500]).unwrap();
        assert!(
            run(&after_kill, &format!("{point}:kill"), mutant).is_err(),
            "{point} was never passed"
        );
        let wal = place.0.join("manifest.sqlite3-wal");
        let ends = commits(&wal);
        for (n, end) in ends.iter().enumerate() {
            let root = dir.path().join(n.to_string());
            copy(&after_kill, &root);
            let place = Place::new(&root);
            let _ = fs::remove_file(root.join("manifest.sqlite3-shm"));
            fs::File::options()
                .write(true)
                .open(root.join("manifest.sqlite3-wal"))
                .unwrap()
                .set_len(*end)
                .unwrap();
            // What was committed before the epoch was, was synced: it cannot be lost.
            let epochs = rusqlite::Connection::open(place.ledger()).and_then(|db| {
                db.query_row("SELECT count(*) FROM ledger_owners", [], |row| {
                    row.get::<_, i64>(0)
                })
            });
            if !matches!(epochs, Ok(1..)) {
                continue;
            }
            if changed {
                fs::write(root.join("server/u"), vec![2; 9500]).unwrap();
            }
            outcome.cases += 1;
            let mut wrong: Vec<String> = run(&root, "", mutant).err().into_iter().collect();
            wrong.extend(judge(&place));
            if !wrong.is_empty() {
                let lost = ends.len() - 1 - n;
                outcome.bad.push(format!(
                    "{point}, {lost} commits lost: {}",
                    wrong.join("; ")
                ));
            }
        }
    }
    outcome
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
    for entry in fs::read_dir(place.0.join("objects")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if Sha256Hex::of(&fs::read(&path).unwrap()).to_string() != name {
            wrong.push(format!("an object is not what its name says: {name}"));
        }
    }
    let indexed = text("SELECT group_concat(lower(hex(sha256))) FROM ledger_objects");
    if !place.object(&indexed).exists() {
        wrong.push(format!("the index names {indexed}, which is not there"));
    }
    if fs::read_dir(place.0.join("parts")).unwrap().count() > 0 {
        wrong.push("a part file is left".to_owned());
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
    assert!(
        !outcome.bad.is_empty(),
        "fences issued twice were not noticed"
    );
}
