//! A real disk that fills up, at one size after another: a run ends with a clear
//! word or pauses until there is room, and nothing acknowledged is lost.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::TinyDisk;
use paperfall_faults::{Cast, Judge, ON_LEDGER, ended, helped_when_pausing, run, started, sweep};

/// Sizes in KiB from "not even a ledger" to "all but the last file".
const SIZES: [u32; 12] = [
    4, 40, 100, 140, 180, 220, 300, 600, 1_200, 2_000, 2_500, 2_560,
];

async fn on_a_disk_of(kibibytes: u32) {
    let rig = Cast::rig().await;
    let Some(disk) = TinyDisk::mount(&rig.out(), kibibytes) else {
        eprintln!("mounting is not permitted here: only the fault layer's full disk was tested");
        return;
    };
    let child = started(&rig, &ON_LEDGER, None);
    let (first, paused) = helped_when_pausing(child, || disk.grow("16m")).await;
    first.assert_orderly();
    // What is written outside of the ledger may have ended it before that.
    if paused && first.code != 3 {
        assert!(first.stderr.contains("going on"), "{first}");
    }
    if first.code == 3 {
        let last = *first.complaints().last().unwrap();
        let words = ["No space left", "is full", "has room"];
        assert!(words.iter().any(|word| last.contains(word)), "{first}");
    } else {
        assert_eq!(first.code, 1, "{first}");
    }
    disk.grow("16m");
    ended(&rig).await;
    let judge = Judge::between_runs(&rig);
    let second = run(&rig, &ON_LEDGER, None).await;
    judge.assert_completed(&rig, &second);
    Judge::assert_asked_at_most(&rig, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_too_small_by_any_amount_loses_nothing_that_was_acknowledged() {
    sweep(SIZES.to_vec(), on_a_disk_of).await;
}
