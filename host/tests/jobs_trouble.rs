//! `paperfall jobs` on ledgers that are not there, not ledgers, too new, broken
//! or held by others: one line that says what and what to do, exit 3, and every
//! file as it was.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "ledger_kit/docstokg.rs"]
mod docstokg_kit;
mod jobs_kit;
mod ledger_kit;

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use docstokg_kit::docstokg;
use jobs_kit::*;
use ledger_kit::*;
use rusqlite::Connection;

/// Every command, with arguments that would do something.
const COMMANDS: [&[&str]; 5] = [
    &["list"],
    &["show", "W0"],
    &["export"],
    &["retry", "--failed"],
    &["reconcile"],
];

/// Every command refuses like this and changes nothing.
fn all_refuse(folder: &Path, ledger: &str, words: &[&str]) {
    let before = lasting(folder);
    for command in COMMANDS {
        let args = [command, &["--ledger", ledger]].concat();
        let ran = jobs(folder, &args);
        ran.refused(3, words);
        assert_eq!(ran.stderr.lines().count(), 1, "{ran}");
        assert_unchanged(folder, &before, &ran);
    }
}

#[test]
fn a_ledger_that_is_not_there_is_not_made() {
    let house = House::new();
    let folder = house.dir.path();
    all_refuse(folder, "none.sqlite3", &["no ledger at none.sqlite3"]);
    all_refuse(
        folder,
        "no/such/folder/m.sqlite3",
        &["no ledger at no/such"],
    );
    // By the output folder too, which is not made either.
    let ran = jobs(folder, &["list", "--out", "papers"]);
    ran.refused(3, &["papers/manifest.sqlite3", "check the path"]);
    let ran = jobs(folder, &["reconcile", "--out", "papers"]);
    ran.refused(3, &["papers/manifest.sqlite3"]);
    assert!(lasting(folder).is_empty() && !folder.join("papers").exists());
}

#[test]
fn what_is_no_ledger_is_said_and_left_alone() {
    let house = House::new();
    let folder = house.dir.path();
    std::fs::create_dir(folder.join("papers")).unwrap();
    all_refuse(
        folder,
        "papers",
        &["papers is a folder", "papers/manifest.sqlite3"],
    );
    std::fs::write(folder.join("notes.txt"), "notes, no database\n".repeat(500)).unwrap();
    all_refuse(folder, "notes.txt", &["notes.txt is not a ledger"]);
    std::fs::write(folder.join("empty.sqlite3"), "").unwrap();
    all_refuse(folder, "empty.sqlite3", &["empty.sqlite3 is not a ledger"]);
    Connection::open(folder.join("other.sqlite3"))
        .unwrap()
        .execute_batch("CREATE TABLE t(x)")
        .unwrap();
    all_refuse(folder, "other.sqlite3", &["no ledger tables"]);
    all_refuse(
        folder,
        "/dev/null",
        &["/dev/null is not a ledger", "device"],
    );
    Connection::open(folder.join("bare.sqlite3"))
        .unwrap()
        .execute_batch("CREATE TABLE artifact_jobs(job_id)")
        .unwrap();
    all_refuse(folder, "bare.sqlite3", &["no schema version"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_instead_of_waited_for() {
    let house = House::new();
    let folder = house.dir.path();
    let made = std::process::Command::new("mkfifo")
        .arg(folder.join("pipe"))
        .status();
    assert!(made.unwrap().success());
    for command in COMMANDS {
        let args = [command, &["--ledger", "pipe"]].concat();
        jobs(folder, &args).refused(3, &["pipe is not a ledger"]);
    }
}

#[test]
fn a_ledger_of_a_newer_program_is_refused_untouched() {
    for (version, writer) in [("5", "paperfall"), ("4", "DocsToKG"), ("9.1", "paperfall")] {
        let house = House::new();
        docstokg(&house.path());
        house
            .raw()
            .execute_batch(&format!(
                "UPDATE _meta SET value = '{version}' WHERE key = 'schema_version';
                 INSERT INTO _meta VALUES('ledger_writer', '{writer}');
                 PRAGMA wal_checkpoint(TRUNCATE);"
            ))
            .unwrap();
        let words = [
            &format!("schema {version}"),
            "nothing was changed",
            "newer paperfall",
        ];
        all_refuse(house.dir.path(), "manifest.sqlite3", &words);
    }
}

/// Overwrites the pages from this one on.
fn damage(path: &Path, from: u64) {
    let mut file = std::fs::File::options().write(true).open(path).unwrap();
    let length = file.metadata().unwrap().len();
    assert!(length > from * 4096, "there is nothing to damage");
    file.seek(SeekFrom::Start(from * 4096)).unwrap();
    file.write_all(&vec![0xA5; usize::try_from(length - from * 4096).unwrap()])
        .unwrap();
}

#[tokio::test]
async fn damaged_pages_are_said_with_the_way_to_rescue_the_rest() {
    let house = House::new();
    let folder = house.dir.path();
    let ledger = house.open();
    plan(&ledger, 2000).await;
    ledger.close().await;
    // Everything but the schema, which lives in the first pages.
    damage(&house.path(), 64);
    let before = lasting(folder);
    for command in [
        &["list"][..],
        &["list", "--json"],
        &["export"],
        &["show", "W1999"],
    ] {
        let ran = jobs(folder, command);
        assert_eq!(ran.code, 3, "{ran}");
        assert!(
            ran.stderr.contains("is damaged") && ran.stderr.contains(".recover"),
            "{ran}"
        );
        assert_unchanged(folder, &before, &ran);
    }
    // An export into a file is whole or not there.
    let ran = jobs(folder, &["export", "--out", "all.jsonl"]);
    ran.refused(3, &["is damaged"]);
    assert_unchanged(folder, &before, &ran);
    jobs(folder, &["retry", "--failed"]).refused(3, &["is damaged", ".recover"]);
}

#[tokio::test]
async fn a_damaged_head_is_said_too() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 10).await;
    ledger.close().await;
    damage(&house.path(), 1);
    all_refuse(
        house.dir.path(),
        "manifest.sqlite3",
        &["is damaged", ".recover"],
    );
}

/// What a message calls this very process, where the system tells.
fn this_process() -> String {
    let told = std::fs::read_to_string("/proc/locks").is_ok_and(|locks| !locks.is_empty());
    if told {
        format!("process {}", std::process::id())
    } else {
        "another program".to_owned()
    }
}

#[tokio::test]
async fn a_writer_elsewhere_is_waited_for_so_long_and_named_and_readers_do_not_wait() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 1).await;
    fail_next(&ledger, "blocked").await;
    ledger.close().await;
    let folder = house.dir.path();
    let other = house.raw();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let words = [
        "stayed locked by",
        &this_process(),
        "10000 ms",
        "nothing was changed",
        "try again",
    ];
    jobs(folder, &["retry", "--failed"]).refused(3, &words);
    for command in [&["list"][..], &["show", "W0"], &["export"]] {
        jobs(folder, command).quiet();
    }
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(house.state(), "FAILED");
    jobs(folder, &["retry", "--failed"]).quiet();
    assert_eq!(house.state(), "PLANNED");
}

#[tokio::test]
async fn a_file_that_somebody_keeps_to_himself_is_said_by_readers_too() {
    let house = House::new();
    docstokg(&house.path());
    let other = house.raw();
    other
        .execute_batch(
            "PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;
             UPDATE artifact_jobs SET state = 'FAILED';",
        )
        .unwrap();
    let folder = house.dir.path();
    let words = ["stayed locked by", &this_process(), "try again"];
    jobs(folder, &["list"]).refused(3, &words);
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    assert_eq!(jobs(folder, &["list", "--json"]).json_lines().len(), 10);
}

#[cfg(unix)]
#[tokio::test]
async fn a_paperfall_that_does_not_answer_is_waited_for_so_long_and_named() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 1).await;
    fail_next(&ledger, "blocked").await;
    ledger.close().await;
    // As a stopped process would, in the middle of a commit.
    let locks = house.dir.path().join("manifest.sqlite3-locks");
    let held = std::fs::File::options()
        .write(true)
        .open(locks.join("writer.lock"))
        .unwrap();
    held.lock().unwrap();
    let words = ["stayed locked by", &this_process(), "a stopped paperfall?"];
    jobs(house.dir.path(), &["retry", "--failed"]).refused(3, &words);
    held.unlock().unwrap();
    jobs(house.dir.path(), &["retry", "--failed"]).quiet();
    assert_eq!(house.state(), "PLANNED");
}
