//! A ledger whose file is moved away, removed or replaced under it acknowledges
//! nothing until the file is back.

#![cfg(unix)]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod ledger_kit;

use std::fs;
use std::time::Duration;

use ledger_kit::*;
use paperfall::ledger::{Begun, JobState, Ledger, LedgerError, LedgerReader, SqliteLedger};
use serde_json::json;

async fn is_lost(ledger: &SqliteLedger) {
    // The writer does not look again within a millisecond.
    tokio::time::sleep(Duration::from_millis(5)).await;
    let planned = ledger.plan((100..102).map(work).collect()).await;
    let leased = ledger
        .lease(paperfall::ledger::LeaseRequest::one(TTL))
        .await
        .map(drop);
    for asked in [planned.map(drop), leased] {
        let error = asked.unwrap_err();
        assert!(
            matches!(error, LedgerError::Lost { .. }) && error.is_temporary(),
            "{error}"
        );
        assert!(error.to_string().contains("Put it back"), "{error}");
    }
}

#[tokio::test]
async fn a_ledger_whose_file_is_moved_away_or_replaced_acknowledges_nothing_until_it_is_back() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 3).await;
    let held = lease(&ledger).await;
    drive(&ledger, &held, "paper", JobState::Streaming).await;
    let elsewhere = house.dir.path().join("elsewhere");

    fs::rename(house.path(), &elsewhere).unwrap();
    is_lost(&ledger).await;
    // Another file in its place is no more the ledger than none.
    fs::write(house.path(), b"").unwrap();
    is_lost(&ledger).await;
    fs::remove_file(house.path()).unwrap();

    fs::rename(&elsewhere, house.path()).unwrap();
    let begun = ledger
        .begin(&held, begin(finalize(&held, "paper"), json!({})))
        .await
        .unwrap();
    assert_eq!(begun, Begun::Run);
    ledger.close().await;
    assert_eq!(house.one::<i64>("SELECT count(*) FROM artifact_jobs"), 3);
    assert_eq!(house.one::<String>("PRAGMA integrity_check"), "ok");
}

#[tokio::test]
async fn a_ledger_whose_file_was_removed_is_not_made_anew_behind_its_back() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 1).await;
    fs::remove_file(house.path()).unwrap();
    is_lost(&ledger).await;
    ledger.close().await;
    assert!(!house.path().exists());
    assert!(LedgerReader::open(&house.path()).is_err());
}

#[tokio::test]
async fn a_newer_ledger_is_left_as_it_is_with_its_log_byte_for_byte() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 3).await;
    house
        .raw()
        .execute(
            "UPDATE _meta SET value = '5' WHERE key = 'schema_version'",
            [],
        )
        .unwrap();
    // As a killed process leaves it.
    let left = tempfile::tempdir().unwrap();
    let names = ["manifest.sqlite3", "manifest.sqlite3-wal"];
    for name in names {
        fs::copy(house.dir.path().join(name), left.path().join(name)).unwrap();
    }
    let bytes = || names.map(|name| fs::read(left.path().join(name)).ok());
    let before = bytes();
    assert!(before[1].as_ref().unwrap().len() > 1000, "it has a log");
    let refused = SqliteLedger::open(&left.path().join(names[0]), house.options());
    assert!(matches!(refused.err(), Some(LedgerError::Newer { .. })));
    assert!(bytes() == before, "the refused ledger was changed");
}
