//! What later plannings know of a job: it is brought together with what stands,
//! and whoever leases the job next has it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod ledger_kit;

use ledger_kit::*;
use paperfall::ledger::{JobState, Ledger, NewJob, Options, SqliteLedger};

/// Words are added that are not there.
fn added(standing: &str, newer: &str) -> Option<String> {
    let news: Vec<&str> = newer
        .split(' ')
        .filter(|word| !standing.contains(word))
        .collect();
    (!news.is_empty()).then(|| format!("{standing} {}", news.join(" ")))
}

fn open(house: &House) -> SqliteLedger {
    let options = Options {
        merge: added,
        ..house.options()
    };
    SqliteLedger::open(&house.path(), options).unwrap()
}

fn saying(n: usize, payload: &str) -> NewJob {
    NewJob {
        payload: Some(payload.to_owned()),
        ..work(n)
    }
}

#[tokio::test]
async fn the_next_lease_has_what_every_planning_knew() {
    let house = House::new();
    let ledger = open(&house);
    for payload in ["doi", "doi arxiv", "doi", "pmcid"] {
        ledger.plan(vec![saying(0, payload)]).await.unwrap();
    }
    let held = lease(&ledger).await;
    assert_eq!(held.payload.as_deref(), Some("doi arxiv pmcid"));
    // Also while somebody works on it, for the round after.
    ledger.plan(vec![saying(0, "pmid")]).await.unwrap();
    ledger.release(&held).await.unwrap();
    let held = lease(&ledger).await;
    assert_eq!(held.payload.as_deref(), Some("doi arxiv pmcid pmid"));
}

#[tokio::test]
async fn a_known_job_deep_in_a_list_of_new_ones_learns_too() {
    let house = House::new();
    let ledger = open(&house);
    ledger.plan(vec![saying(700, "doi")]).await.unwrap();
    let list: Vec<NewJob> = (0..=700).map(|n| saying(n, "arxiv")).collect();
    let planned = ledger.plan(list).await.unwrap();
    assert_eq!(planned.iter().filter(|planned| planned.new).count(), 700);
    let held = lease(&ledger).await;
    assert_eq!(held.work_id, "W700");
    assert_eq!(held.payload.as_deref(), Some("doi arxiv"));
}

#[tokio::test]
async fn what_is_stored_learns_nothing_and_what_failed_does() {
    let house = House::new();
    let ledger = open(&house);
    ledger
        .plan(vec![saying(0, "doi"), saying(1, "doi")])
        .await
        .unwrap();
    let stored = lease(&ledger).await;
    drive(&ledger, &stored, "stored", JobState::Indexed).await;
    let failed = lease(&ledger).await;
    let failure = paperfall::ledger::Failure {
        retryable: false,
        ..retryable("not_oa")
    };
    ledger.fail(&failed, failure).await.unwrap();
    let again = [saying(0, "doi arxiv"), saying(1, "doi arxiv")];
    let planned = ledger.plan(again.to_vec()).await.unwrap();
    assert!(planned.iter().all(|planned| planned.done));
    assert!(planned.iter().all(|planned| planned.finished_at.is_some()));
    let payload = |work: &str| {
        let db = rusqlite::Connection::open(house.path()).unwrap();
        db.query_row(
            "SELECT body FROM ledger_payloads JOIN ledger_jobs ON id = job WHERE work_id = ?1",
            [work],
            |row| row.get::<_, String>(0),
        )
        .unwrap()
    };
    assert_eq!(payload(&stored.work_id), "doi");
    assert_eq!(payload(&failed.work_id), "doi arxiv");
}

#[tokio::test]
async fn without_a_rule_the_first_payload_stands() {
    let house = House::new();
    let ledger = house.open();
    ledger.plan(vec![saying(0, "doi")]).await.unwrap();
    ledger.plan(vec![saying(0, "arxiv")]).await.unwrap();
    let held = lease(&ledger).await;
    assert_eq!(held.payload.as_deref(), Some("doi"));
}
