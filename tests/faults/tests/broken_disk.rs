//! A disk that is full or broken at any of the program's writes, once or from
//! there on: a clear error or a pause, nothing acknowledged is lost, and once
//! the disk works again a run completes.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::BTreeMap;

use paperfall_e2e::{Ran, Seeds};
use paperfall_faults::{
    Action, Cast, Judge, Mishap, ON_LEDGER, all, ended, helped_when_pausing, places, run, some,
    started, sweep,
};

/// Places at which a disk can fail.
async fn places_on_disk() -> BTreeMap<String, usize> {
    let mut places = places().await;
    places.retain(|place, _| !place.starts_with("net."));
    places
}

/// That the run ended in an orderly way: by itself, or with one line that says
/// what is wrong with the disk.
fn assert_told(ran: &Ran, action: Action) {
    ran.assert_orderly();
    if ran.code != 3 {
        assert_eq!(ran.code, 1, "{ran}");
        return;
    }
    let complaints = ran.complaints();
    let last = complaints
        .last()
        .unwrap_or_else(|| panic!("no word: {ran}"));
    let full = matches!(action, Action::Enospc | Action::EnospcForGood);
    // What happened, and what to do about it. SQLite says little: that a file
    // could not be made, or that its shared memory could not grow.
    let words = [
        ("No space left", "ree some space", full),
        ("is full", "ree some space", true),
        (
            "disk I/O error",
            "check the disk and that it has room",
            true,
        ),
        ("unable to open", "that the disk has room", true),
        ("Input/output error", "cannot ", !full),
        ("Input/output error", "check the disk", !full),
    ];
    let told = words
        .iter()
        .any(|(what, remedy, fits)| *fits && last.contains(what) && last.contains(remedy));
    assert!(told, "{ran}");
}

/// One call fails.
async fn failed_once(mishap: Mishap) {
    let rig = Cast::rig().await;
    let first = run(&rig, &ON_LEDGER, mishap.fault(&rig.out()).as_ref()).await;
    assert_told(&first, mishap.action);
    ended(&rig).await;
    let judge = Judge::between_runs(&rig);
    let second = run(&rig, &ON_LEDGER, None).await;
    judge.assert_completed(&rig, &second);
    Judge::assert_asked_at_most(&rig, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_at_one_write_loses_nothing() {
    let mishaps = some(
        &places_on_disk().await,
        &[Action::Enospc],
        1,
        &mut Seeds::new(7),
    );
    sweep(mishaps, failed_once).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_breaks_at_one_write_loses_nothing() {
    let mishaps = some(
        &places_on_disk().await,
        &[Action::Eio],
        1,
        &mut Seeds::new(77),
    );
    sweep(mishaps, failed_once).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes: every call, full and broken"]
async fn a_disk_that_fails_at_any_single_write_loses_nothing() {
    let mishaps = all(&places_on_disk().await, &[Action::Enospc, Action::Eio]);
    sweep(mishaps, failed_once).await;
}

/// From one call on all of its kind fail, until the disk works again.
async fn failing_for_a_while(mishap: Mishap) {
    let rig = Cast::rig().await;
    let while_file = rig.file("disk-fails", "");
    let faults = mishap.fault(&rig.out()).unwrap().only_while(&while_file);
    let child = started(&rig, &ON_LEDGER, Some(&faults));
    let help = || std::fs::remove_file(&while_file).unwrap();
    let (first, paused) = helped_when_pausing(child, help).await;
    assert_told(&first, mishap.action);
    if paused {
        assert_eq!(first.code, 1, "the pause was long enough: {first}");
        assert!(first.stderr.contains("going on"), "{first}");
    }
    ended(&rig).await;
    let judge = Judge::between_runs(&rig);
    let second = run(&rig, &ON_LEDGER, None).await;
    judge.assert_completed(&rig, &second);
    Judge::assert_asked_at_most(&rig, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_for_a_while_pauses_or_ends_the_run_and_loses_nothing() {
    let actions = [Action::EnospcForGood, Action::EioForGood];
    let mishaps = some(&places_on_disk().await, &actions, 1, &mut Seeds::new(777));
    sweep(mishaps, failing_for_a_while).await;
}
