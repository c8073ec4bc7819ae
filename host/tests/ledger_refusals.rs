//! What is refused has not happened, even if it was refused halfway, and what
//! shares its transaction stands.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod ledger_kit;

use ledger_kit::*;
use paperfall::ledger::{Finish, JobState, Ledger, LedgerError, ResultCode};
use serde_json::json;

#[tokio::test]
async fn what_is_refused_halfway_changes_nothing_and_tells_nothing_and_its_neighbours_stand() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 1).await;
    let held = lease(&ledger).await;
    let (before, told) = (house.everything(), house.events.all().len());
    // HEAD ended and is written down first; STREAM was never begun.
    let halfway = || {
        Finish::ok(head(&held), json!({"etag": "x"}))
            .advancing(JobState::HeadDone)
            .along_with(vec![(stream(&held), ResultCode::Ok, json!({}).into())])
    };
    let refused = ledger.finish(&held, halfway()).await;
    assert!(
        matches!(refused, Err(LedgerError::NotBegun { .. })),
        "{refused:?}"
    );
    assert_eq!(house.everything(), before);
    assert_eq!(house.events.all().len(), told);

    // Beside others, in one transaction with them or not.
    let (one, refused, other) = tokio::join!(
        ledger.plan(vec![work(1)]),
        ledger.finish(&held, halfway()),
        ledger.plan(vec![work(2)]),
    );
    assert!(one.unwrap()[0].new && other.unwrap()[0].new);
    assert!(
        matches!(refused, Err(LedgerError::NotBegun { .. })),
        "{refused:?}"
    );
    let mut after = house.everything();
    after.retain(|row| !row.contains("\"W1\"") && !row.contains("\"W2\""));
    assert_eq!(after, before);
    let names = house.events.names();
    assert_eq!(names[told..], ["job_planned", "job_planned"]);
}
