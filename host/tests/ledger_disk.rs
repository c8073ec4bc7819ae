//! The ledger on a disk that is read-only or fills up under it: it says so, what
//! it acknowledged stands, and the same handle goes on when there is room.

#![cfg(target_os = "linux")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod disk_kit;
mod ledger_kit;

use disk_kit::Disk;
use ledger_kit::*;
use paperfall::ledger::{Begun, Durability, JobState, Ledger, LedgerError, Options, SqliteLedger};
use serde_json::json;

fn options(house: &House, durability: Durability) -> Options {
    Options {
        durability,
        ..house.options()
    }
}

#[tokio::test]
async fn when_the_disk_is_full_what_was_acknowledged_stands_and_work_goes_on_when_there_is_room() {
    for durability in [Durability::Full, Durability::Normal] {
        let house = House::new();
        let Some(disk) = Disk::new(house.dir.path(), 1536) else {
            return;
        };
        let ledger = SqliteLedger::open(&house.path(), options(&house, durability)).unwrap();
        plan(&ledger, 10).await;
        let held = lease(&ledger).await;
        drive(&ledger, &held, "paper", JobState::Streaming).await;
        disk.fill();
        // There is room left in pages and logs; it ends.
        let mut planned = 10;
        let error = loop {
            match ledger.plan(vec![work(planned)]).await {
                Ok(_) => planned += 1,
                Err(error) => break error,
            }
            assert!(planned < 100_000, "the disk does not fill up");
        };
        assert!(
            matches!(error, LedgerError::DiskFull { .. }) && error.is_temporary(),
            "{error}"
        );
        // So do the holder's own operations, whose intent is large; and the job is
        // as it was.
        let large = json!({"x": "y".repeat(200_000)});
        let refused = ledger
            .begin(&held, begin(finalize(&held, "paper"), large))
            .await;
        assert!(
            matches!(refused, Err(LedgerError::DiskFull { .. })),
            "{refused:?}"
        );
        // Reading does not depend on room.
        let story = paperfall::ledger::LedgerReader::open(&house.path()).unwrap();
        assert_eq!(story.find("W0").unwrap()[0].state, "STREAMING");
        drop(story);
        disk.empty();
        let begun = ledger
            .begin(&held, begin(finalize(&held, "paper"), json!({})))
            .await
            .unwrap();
        assert_eq!(begun, Begun::Run);
        ledger.plan(vec![work(planned)]).await.unwrap();
        ledger.close().await;
        assert_eq!(
            house.one::<i64>("SELECT count(*) FROM artifact_jobs"),
            i64::try_from(planned).unwrap() + 1
        );
        assert_eq!(house.one::<String>("PRAGMA integrity_check"), "ok");
    }
}

#[tokio::test]
async fn on_a_read_only_disk_a_ledger_is_refused_and_what_was_acknowledged_goes_on_when_it_may_be_written()
 {
    for durability in [Durability::Full, Durability::Normal] {
        let house = House::new();
        let Some(disk) = Disk::new(house.dir.path(), 8192) else {
            return;
        };
        {
            let ledger = SqliteLedger::open(&house.path(), options(&house, durability)).unwrap();
            plan(&ledger, 10).await;
            ledger.close().await;
        }
        disk.remount("ro");
        let refused = SqliteLedger::open(&house.path(), options(&house, durability));
        let refused = refused.err().unwrap();
        assert!(matches!(refused, LedgerError::ReadOnly { .. }), "{refused}");
        disk.remount("rw");
        let ledger = SqliteLedger::open(&house.path(), options(&house, durability)).unwrap();
        let held = lease(&ledger).await;
        drive(&ledger, &held, "paper", JobState::Indexed).await;
        ledger.close().await;
        assert_eq!(house.state(), "INDEXED");
        assert_eq!(house.one::<i64>("SELECT count(*) FROM artifact_jobs"), 10);
    }
}

#[tokio::test]
async fn a_new_ledger_on_a_full_disk_is_refused_and_can_be_made_when_there_is_room() {
    let house = House::new();
    let Some(disk) = Disk::new(house.dir.path(), 256) else {
        return;
    };
    disk.fill();
    let refused = SqliteLedger::open(&house.path(), house.options());
    let refused = refused.err().unwrap();
    assert!(matches!(refused, LedgerError::DiskFull { .. }), "{refused}");
    disk.empty();
    disk.remount("size=4m");
    let ledger = house.open();
    plan(&ledger, 1).await;
    assert_eq!(house.state(), "PLANNED");
}
