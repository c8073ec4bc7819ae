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

use paperfall_e2e::{HalfWay, MIB, RUN, Rig};
use paperfall_faults::{Action, Faults, run};
use paperfall_miniweb::{Answer, Pdf, World};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_part_that_was_damaged_after_a_kill_is_not_stored() {
    const URL: &str = "https://files.example/whole.pdf";
    let pdf = Pdf::new("Whole", 3, 40_000);
    let rig = Rig::new(World::new().page(URL, Answer::pdf(pdf.clone()))).await;
    rig.list([URL]);
    let faults = Faults::under(&rig.out()).expect("a layer");
    let faults = faults.at("object.link", 1, Action::Before);
    let ran = run(&rig, &RUN, Some(&faults)).await;
    assert_eq!(ran.code, -1, "{ran}");
    let parts = rig.parts();
    assert_eq!(parts.len(), 1, "{parts:?}");
    let mut bytes = std::fs::read(&parts[0]).unwrap();
    assert_eq!(bytes, pdf.bytes(), "it is whole");
    bytes[20_000] ^= 1;
    std::fs::write(&parts[0], bytes).unwrap();
    let ran = rig.paperfall(RUN).await;
    assert_eq!(ran.code, 1, "it is tried again later: {ran}");
    assert!(ran.stdout.contains("file_missing 1"), "{ran}");
    assert_eq!(rig.files("objects"), [""; 0]);
    assert_eq!(rig.files("papers"), [""; 0]);
    assert_eq!(rig.results()[&format!("url:{URL}")]["outcome"], "retryable");
}
