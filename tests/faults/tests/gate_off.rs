//! Without the flag there is no ledger: no file of one is so much as opened, and
//! the results are the same.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::BTreeMap;

use paperfall_e2e::Rig;
use paperfall_faults::{Cast, Faults, ON_LEDGER, calls, run};
use serde_json::Value;

/// Places that belong to a ledger and what stands beside it.
fn of_a_ledger(place: &str) -> bool {
    let kind = place.split('.').next().unwrap_or_default();
    ["db", "wal", "shm", "locks", "pace"].contains(&kind)
}

/// The results without what differs between any two runs.
fn results(rig: &Rig) -> BTreeMap<String, Value> {
    let mut results = rig.results();
    for line in results.values_mut() {
        for key in ["elapsed_ms", "finished_at", "notes", "attempts"] {
            line.as_object_mut().unwrap().remove(key);
        }
    }
    results
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_flag_no_database_is_opened_and_the_results_are_the_same() {
    let off = Cast::rig().await;
    let log = off.folder().join("calls");
    let faults = Faults::under(&off.out()).unwrap().log(&log);
    let args: Vec<&str> = ON_LEDGER
        .into_iter()
        .filter(|arg| *arg != "--enable-idempotency")
        .collect();
    let ran = run(&off, &args, Some(&faults)).await;
    assert_eq!(ran.code, 1, "{ran}");
    let calls_off = calls(&log);
    assert!(calls_off.iter().any(|(place, _)| place == "results.write"));
    let opened: Vec<&(String, bool)> = calls_off
        .iter()
        .filter(|(place, _)| of_a_ledger(place))
        .collect();
    assert!(opened.is_empty(), "{opened:?}");
    let files = off.files("");
    assert!(
        files.iter().all(|name| !name.contains("sqlite")),
        "{files:?}"
    );

    let on = Cast::rig().await;
    let log = on.folder().join("calls");
    let faults = Faults::under(&on.out()).unwrap().log(&log);
    let ran = run(&on, &ON_LEDGER, Some(&faults)).await;
    assert_eq!(ran.code, 1, "{ran}");
    // The layer would have seen it.
    assert!(calls(&log).iter().any(|(place, _)| of_a_ledger(place)));
    assert_eq!(results(&off), results(&on));
    assert_eq!(off.files("objects"), on.files("objects"));
    assert_eq!(off.files("papers"), on.files("papers"));
}
