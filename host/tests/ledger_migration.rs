//! DocsToKG's ledgers as they may be found: with rows it would not write today,
//! with things that others have made upon its tables, and half migrated.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "ledger_kit/docstokg.rs"]
mod docstokg_kit;
mod ledger_kit;

use std::fs;
use std::sync::Arc;

use docstokg_kit::docstokg;
use ledger_kit::*;
use paperfall::ledger::{
    JobState, Ledger, LedgerReader, PartName, SqliteLedger, Thoroughness, Timestamp,
};
use rusqlite::Connection;

/// DocsToKG's ledger with this done to it.
fn with(house: &House, sql: &str) {
    docstokg(&house.path());
    let db = Connection::open(house.path()).unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    db.execute_batch(sql).unwrap();
}

/// Names in the folder that hold a copy of the ledger.
fn copies(house: &House) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(house.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("backup"))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn half_a_copy_that_a_killed_process_left_is_no_backup() {
    let house = House::new();
    docstokg(&house.path());
    let half = house
        .dir
        .path()
        .join("manifest.sqlite3.v3-backup.unfinished");
    fs::write(&half, b"SQLite format 3\0 and no more").unwrap();
    house.open().close().await;
    assert_eq!(copies(&house), ["manifest.sqlite3.v3-backup"]);
    let backup = Connection::open(house.dir.path().join("manifest.sqlite3.v3-backup")).unwrap();
    let jobs: i64 = backup
        .query_row("SELECT count(*) FROM artifact_jobs", [], |row| row.get(0))
        .unwrap();
    assert_eq!(jobs, 10);
}

#[tokio::test]
async fn a_migration_that_fails_changes_nothing_and_leaves_no_copy() {
    let house = House::new();
    // Somebody's own table stands where one of ours goes.
    with(&house, "CREATE TABLE ledger_jobs(mine TEXT);");
    let before = LedgerReader::open(&house.path()).unwrap().counts().unwrap();
    for _ in 0..2 {
        let refused = SqliteLedger::open(&house.path(), house.options())
            .err()
            .unwrap();
        assert!(refused.to_string().contains("ledger_jobs"), "{refused}");
        assert_eq!(copies(&house), Vec::<String>::new());
    }
    let reader = LedgerReader::open(&house.path()).unwrap();
    assert!(reader.is_docstokgs());
    assert_eq!(reader.counts().unwrap(), before);
}

#[tokio::test]
async fn what_others_have_made_upon_the_tables_finds_ours_under_the_name() {
    let house = House::new();
    with(
        &house,
        "CREATE VIEW overview AS SELECT state, count(*) AS jobs FROM artifact_jobs GROUP BY state;
         CREATE VIEW broken AS SELECT * FROM nowhere;
         CREATE TABLE notes(job TEXT REFERENCES artifact_jobs(job_id), note TEXT);
         INSERT INTO notes VALUES('00000001-1111-4222-8333-444444444444', 'kept');",
    );
    house.open().close().await;
    assert_eq!(house.one::<i64>("SELECT sum(jobs) FROM overview"), 10);
    assert_eq!(house.one::<String>("SELECT note FROM notes"), "kept");
    let renamed = "SELECT count(*) FROM sqlite_master WHERE sql LIKE '%docstokg_%'";
    assert_eq!(house.one::<i64>(renamed), 0);
}

#[tokio::test]
async fn rows_whose_text_is_no_utf8_and_rows_without_an_id_are_kept() {
    let house = House::new();
    with(
        &house,
        "UPDATE artifact_jobs SET work_id = x'ff57', lease_owner = x'fe' WHERE work_id IN ('W1', 'W4');
         UPDATE artifact_jobs SET job_id = NULL WHERE work_id IN ('W0', 'W9');
         UPDATE artifact_ops SET result_json = CAST(x'7bff' AS TEXT);",
    );
    let looked = LedgerReader::open(&house.path()).unwrap();
    let read = |reader: &LedgerReader| {
        let mut stories = Vec::new();
        reader
            .jobs::<paperfall::ledger::LedgerError>(&[], |job| {
                stories.push(reader.story(&job)?.unwrap());
                Ok(true)
            })
            .unwrap();
        stories
    };
    let before = read(&looked);
    assert_eq!(before.len(), 10);
    assert_eq!(before[1].job.work_id, "\u{fffd}W");
    drop(looked);
    house.open().close().await;
    let after = read(&LedgerReader::open(&house.path()).unwrap());
    assert_eq!(after.len(), 10);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.job.work_id, after.job.work_id);
        assert_eq!(before.job.id(), after.job.id());
        assert_eq!(before.ops.len(), after.ops.len());
    }
    // Those without an id have the one that is made of their keys.
    assert_eq!(after[0].job.job_id, after[0].job.id().to_string());
}

#[tokio::test]
async fn jobs_whose_ids_are_no_uuids_as_written_are_worked_on_like_any() {
    let house = House::new();
    with(
        &house,
        "UPDATE artifact_jobs SET job_id = 'job-1' WHERE work_id = 'W0';
         UPDATE artifact_jobs SET job_id = 'ABCDEF01-1111-4222-8333-444444444444' WHERE work_id = 'W9';
         DELETE FROM artifact_jobs WHERE work_id NOT IN ('W0', 'W9');",
    );
    let ledger = house.open();
    let held = lease(&ledger).await;
    assert_eq!(held.work_id, "W0");
    // The part file of a live lease stays.
    let shelf = Arc::new(PaperShelf::default());
    let part = PartName {
        job: held.job_id,
        fence: held.fence,
    };
    shelf.parts.lock().unwrap().push(part);
    let found = ledger
        .reconcile(shelf.clone(), Thoroughness::Quick)
        .await
        .unwrap();
    assert_eq!(found.swept_parts, 0);
    let standing = ledger.standing(vec![held.job_id]).await.unwrap();
    assert!(standing[0].as_ref().unwrap().held);
    drive(&ledger, &held, "paper", JobState::Indexed).await;
    // Those that failed get another round, alone and together.
    let failed = LedgerReader::open(&house.path())
        .unwrap()
        .named(&["W9"])
        .unwrap();
    assert_eq!(failed[0].job_id, "ABCDEF01-1111-4222-8333-444444444444");
    assert_eq!(
        ledger.retry(vec![failed[0].id()]).await.unwrap(),
        [failed[0].id()]
    );
    let held = lease(&ledger).await;
    assert_eq!((held.work_id.as_str(), held.job_id), ("W9", failed[0].id()));
    let mut failure = retryable("blocked");
    failure.retryable = false;
    ledger.fail(&held, failure).await.unwrap();
    house.later(1);
    let again = ledger.retry_failed(ledger.now(), Vec::new()).await.unwrap();
    assert_eq!(again, [held.job_id]);
}

#[tokio::test]
async fn a_job_that_docstokg_planned_and_we_finished_counts_among_those_that_ended() {
    let house = House::new();
    docstokg(&house.path());
    let ledger = house.open();
    let held = lease(&ledger).await;
    drive(&ledger, &held, "paper", JobState::Indexed).await;
    let reader = LedgerReader::open(&house.path()).unwrap();
    let mut ended = Vec::new();
    reader
        .ended_since(Timestamp::from_millis(0), |job| ended.push(job.state))
        .unwrap();
    // What DocsToKG finished itself is left out: it did not record when.
    assert_eq!(ended, [JobState::Indexed]);
}
