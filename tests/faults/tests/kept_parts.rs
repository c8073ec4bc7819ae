//! Half a download survives more than one kill: a part file is given up when a
//! later one has all of it, not before.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{HalfWay, MIB, RUN};
use paperfall_faults::{Action, Faults, run};

const KEPT: u64 = 2 * MIB + MIB / 2;
const REST: &str = "bytes=2097152-";

/// A download that was killed half way, and killed again at the so-many-th write
/// of what it takes over.
async fn killed_twice(write: usize) -> HalfWay {
    let half = HalfWay::of_good_origin(KEPT).await;
    let faults = Faults::under(&half.rig.out()).expect("a layer");
    let faults = faults.at("part.write", write, Action::Before);
    let ran = run(&half.rig, &RUN, Some(&faults)).await;
    assert_eq!(ran.code, -1, "{ran}");
    assert_eq!(half.rig.downloads(HalfWay::URL).len(), 1, "asked already");
    half
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_killed_while_it_takes_a_part_over_costs_none_of_its_bytes() {
    let half = killed_twice(1).await;
    let (_, downloads) = half.run_again().await;
    assert_eq!(HalfWay::ranges(&downloads), [REST]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_after_the_ledger_between_two_runs_costs_none_of_them_either() {
    let half = killed_twice(2).await;
    let ran = half.rig.paperfall(["jobs", "reconcile"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    let (_, downloads) = half.run_again().await;
    assert_eq!(HalfWay::ranges(&downloads), [REST]);
}
