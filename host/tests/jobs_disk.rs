//! `paperfall jobs` on full and read-only disks: what only looks works as long
//! as the file can be read, what changes something refuses and leaves everything
//! as it was.

#![cfg(target_os = "linux")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod disk_kit;
#[path = "ledger_kit/docstokg.rs"]
mod docstokg_kit;
mod jobs_kit;
mod ledger_kit;

use std::path::Path;

use disk_kit::{Disk, FrozenFolder};
use docstokg_kit::docstokg;
use jobs_kit::*;
use ledger_kit::*;

const LOOKING: [&[&str]; 3] = [&["list"], &["show", "W0"], &["export"]];
const CHANGING: [&[&str]; 2] = [&["retry", "--failed"], &["reconcile"]];

/// A closed ledger with one FAILED job and some more.
async fn failed(house: &House) {
    let ledger = house.open();
    plan(&ledger, 20).await;
    fail_next(&ledger, "blocked").await;
    ledger.close().await;
}

fn can_be_looked_into(folder: &Path) {
    for command in LOOKING {
        jobs(folder, command).quiet();
    }
}

fn cannot_be_changed(folder: &Path, words: &[&str]) {
    let before = lasting(folder);
    for command in CHANGING {
        let ran = jobs(folder, command);
        ran.refused(3, words);
        assert_unchanged(folder, &before, &ran);
    }
}

#[tokio::test]
async fn on_a_full_disk_jobs_are_shown_and_nothing_is_half_done() {
    let house = House::new();
    let Some(disk) = Disk::new(house.dir.path(), 1024) else {
        return;
    };
    failed(&house).await;
    disk.fill();
    can_be_looked_into(house.dir.path());
    cannot_be_changed(house.dir.path(), &["is full", "Free some space"]);
    disk.empty();
    assert_eq!(house.state(), "FAILED");
    jobs(house.dir.path(), &["retry", "--failed"]).quiet();
    assert_eq!(house.state(), "PLANNED");
}

#[tokio::test]
async fn a_migration_that_has_no_room_leaves_the_ledger_and_no_half_a_copy() {
    let house = House::new();
    let folder = house.dir.path();
    let Some(disk) = Disk::new(folder, 1024) else {
        return;
    };
    docstokg(&house.path());
    let listed = jobs(folder, &["list", "--json"]).json_lines();
    // Room for the locks and the log, not for a copy.
    for free in [0, 40, 80] {
        disk.fill_but(free);
        cannot_be_changed(folder, &["is full"]);
        assert_eq!(jobs(folder, &["list", "--json"]).json_lines(), listed);
        disk.empty();
    }
    let ran = jobs(folder, &["retry", "--failed"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(folder.join("manifest.sqlite3.v3-backup").exists());
}

#[tokio::test]
async fn on_a_read_only_disk_jobs_are_shown_and_cannot_be_changed() {
    let house = House::new();
    let Some(disk) = Disk::new(house.dir.path(), 4096) else {
        return;
    };
    failed(&house).await;
    disk.remount("ro");
    can_be_looked_into(house.dir.path());
    disk.remount("rw");
    // Readers may leave an empty log and its index behind.
    can_be_looked_into(house.dir.path());
    disk.remount("ro");
    can_be_looked_into(house.dir.path());
    cannot_be_changed(house.dir.path(), &["cannot be written", "permissions"]);
    disk.remount("rw");
    assert_eq!(house.state(), "FAILED");
}

#[tokio::test]
async fn on_a_read_only_disk_a_ledger_with_a_log_is_read_with_it_or_not_at_all() {
    let house = House::new();
    let folder = house.dir.path();
    let Some(disk) = Disk::new(folder, 4096) else {
        return;
    };
    // As a killed process leaves it: what it planned is in the log alone.
    let busy = tempfile::tempdir_in("/tmp").unwrap();
    let ledger = paperfall::ledger::SqliteLedger::open(
        &busy.path().join("manifest.sqlite3"),
        present(&house),
    )
    .unwrap();
    plan(&ledger, 5).await;
    for name in ["manifest.sqlite3", "manifest.sqlite3-wal"] {
        std::fs::copy(busy.path().join(name), folder.join(name)).unwrap();
    }
    disk.remount("ro");
    for command in LOOKING {
        let ran = jobs(folder, command);
        ran.refused(
            3,
            &["cannot be opened for reading", "-wal", "copied elsewhere"],
        );
    }
    disk.remount("rw");
    assert_eq!(jobs(folder, &["list", "--json"]).json_lines().len(), 5);
}

#[tokio::test]
async fn a_read_only_file_is_shown_and_cannot_be_changed() {
    let house = House::new();
    failed(&house).await;
    let Some(_frozen) = Disk::freeze_file(&house.path()) else {
        return;
    };
    can_be_looked_into(house.dir.path());
    cannot_be_changed(house.dir.path(), &["cannot be written", "permissions"]);
}

#[tokio::test]
async fn a_ledger_in_a_read_only_folder_is_shown_and_cannot_be_changed() {
    for legacy in [false, true] {
        let house = House::new();
        if legacy {
            docstokg(&house.path());
        } else {
            failed(&house).await;
        }
        let Some(_frozen) = FrozenFolder::new(house.dir.path()) else {
            return;
        };
        can_be_looked_into(house.dir.path());
        cannot_be_changed(house.dir.path(), &["cannot be written", "permissions"]);
    }
}

#[tokio::test]
async fn an_export_that_finds_no_room_leaves_no_file() {
    let house = House::new();
    failed(&house).await;
    let target = tempfile::tempdir().unwrap();
    let Some(_disk) = Disk::new(target.path(), 4) else {
        return;
    };
    let file = target.path().join("all.jsonl");
    let ran = jobs(
        house.dir.path(),
        &["export", "--out", file.to_str().unwrap()],
    );
    ran.refused(
        3,
        &["all.jsonl", "No space left", "the ledger is unchanged"],
    );
    assert!(lasting(target.path()).is_empty());
}
