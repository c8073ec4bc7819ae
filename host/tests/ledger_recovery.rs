//! The state machine, the reconciler and the files. The scenarios the predecessor
//! fails, by their numbers, and a few more.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod ledger_kit;

use std::io;
use std::sync::{Arc, Mutex, mpsc};

use ledger_kit::*;
use paperfall::ledger::{
    Begun, Failure, Finish, Indexed, JobState, Lease, Ledger, LedgerError, OpType, PartName,
    Sha256Hex, Shelf, SqliteLedger, Thoroughness, Timestamp,
};
use serde_json::json;

/// 15.
#[tokio::test]
async fn every_illegal_move_is_refused_by_the_database_itself() {
    for from in JobState::ALL {
        for to in JobState::ALL {
            let house = House::new();
            let ledger = house.open();
            plan(&ledger, 1).await;
            let held = lease(&ledger).await;
            match from {
                JobState::Planned => {
                    ledger.fail(&held, retryable("x")).await.unwrap();
                }
                JobState::Failed => {
                    let failure = Failure {
                        reason: "x".to_owned(),
                        retryable: false,
                        op: None,
                        also: Vec::new(),
                    };
                    ledger.fail(&held, failure).await.unwrap();
                }
                JobState::Deduped | JobState::SkippedDuplicate => {
                    let legal: &[JobState] = match from {
                        JobState::Deduped => &LIVE[1..],
                        _ => &[],
                    };
                    let db = house.raw();
                    for step in legal.iter().chain([&from]) {
                        let n = number(*step);
                        let due = if step.is_terminal() {
                            ", due_at = NULL, owner = NULL"
                        } else {
                            ""
                        };
                        db.execute_batch(&format!("UPDATE ledger_jobs SET state = {n}{due}"))
                            .unwrap();
                    }
                }
                _ => drive(&ledger, &held, "a", from).await,
            }
            assert_eq!(house.state(), from.as_str());
            ledger.close().await;
            let db = house.raw();
            let due = if to.is_terminal() { "NULL" } else { "0" };
            let changed = db.execute(
                &format!(
                    "UPDATE ledger_jobs SET state = {}, due_at = {due}, owner = NULL",
                    number(to)
                ),
                [],
            );
            let finished_may_fail = from.is_terminal() && from != JobState::Failed;
            let legal = from == to || (from.may_become(to) && !finished_may_fail);
            assert_eq!(changed.is_ok(), legal, "{from} to {to}: {changed:?}");
            // The public table cannot be written at all.
            assert!(
                db.execute("UPDATE artifact_jobs SET state = 'INDEXED'", [])
                    .is_err()
            );
        }
    }
}

/// 18.
#[tokio::test]
async fn the_reconciler_never_deletes_the_part_file_of_a_live_lease_however_old() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 3).await;
    let (live, crashed, done) = (
        lease(&ledger).await,
        lease(&ledger).await,
        lease(&ledger).await,
    );
    let part = |lease: &Lease| PartName {
        job: lease.job_id,
        fence: lease.fence,
    };
    let shelf = Arc::new(PaperShelf::default());
    *shelf.parts.lock().unwrap() = vec![part(&live), part(&crashed), part(&done)];
    drive(&ledger, &done, "done", JobState::Indexed).await;
    shelf.files.lock().unwrap().insert(hash("done").to_string());
    ledger
        .begin(&crashed, begin(stream(&crashed), json!({})))
        .await
        .unwrap();
    for _ in 0..100 {
        house.later(119);
        ledger.renew(&live, TTL).await.unwrap();
    }
    let found = ledger
        .reconcile(shelf.clone(), Thoroughness::Full)
        .await
        .unwrap();
    // A part whose job is unfinished is its successor's to continue.
    assert_eq!(*shelf.parts.lock().unwrap(), [part(&live), part(&crashed)]);
    assert_eq!(
        (
            found.swept_parts,
            found.recovered_leases,
            found.abandoned_ops
        ),
        (1, 1, 1)
    );
    // Its successor has copied what it wanted and begun its own.
    let next = lease(&ledger).await;
    assert_eq!(next.job_id, crashed.job_id);
    ledger
        .begin(&next, begin(stream(&next), json!({})))
        .await
        .unwrap();
    ledger.release(&next).await.unwrap();
    ledger
        .reconcile(shelf.clone(), Thoroughness::Quick)
        .await
        .unwrap();
    assert_eq!(*shelf.parts.lock().unwrap(), [part(&live)]);
}

/// 19.
#[tokio::test]
async fn a_long_live_stream_is_not_abandoned_and_a_job_whose_file_is_gone_is_healed_or_fetched_again()
 {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 4).await;
    let shelf = Arc::new(PaperShelf::default());
    let streaming = lease(&ledger).await;
    drive(&ledger, &streaming, "s", JobState::Streaming).await;
    let mut let_go = None;
    for (n, state) in [JobState::Finalized, JobState::Indexed, JobState::Indexed]
        .into_iter()
        .enumerate()
    {
        let held = lease(&ledger).await;
        drive(&ledger, &held, &format!("file {n}"), state).await;
        if state == JobState::Finalized {
            let_go = Some(held);
        }
    }
    ledger.release(&let_go.unwrap()).await.unwrap();
    // The third file has a readable name besides; the first two are gone.
    shelf
        .aliases
        .lock()
        .unwrap()
        .insert(hash("file 2").to_string());
    for _ in 0..6 {
        house.later(100);
        ledger.renew(&streaming, TTL).await.unwrap();
    }
    let found = ledger
        .reconcile(shelf.clone(), Thoroughness::Full)
        .await
        .unwrap();
    assert_eq!((found.abandoned_ops, found.healed_jobs), (0, 3));
    assert!(
        shelf
            .files
            .lock()
            .unwrap()
            .contains(&hash("file 2").to_string())
    );
    let states: String = house.one(
        "SELECT group_concat(state, ' ') FROM (SELECT state FROM artifact_jobs ORDER BY job_no)",
    );
    assert_eq!(states, "STREAMING PLANNED PLANNED INDEXED");
    // What made the lost file does not count as done any more.
    let again = lease(&ledger).await;
    let begun = ledger
        .begin(&again, begin(stream(&again), json!({})))
        .await
        .unwrap();
    assert!(matches!(begun, Begun::Recover { .. }), "{begun:?}");
    ledger
        .finish(&streaming, Finish::ok(stream(&streaming), json!({})))
        .await
        .unwrap();
    assert_eq!(house.events.count("crash_recovery_event"), 1);
    assert_eq!(ledger.stored(hash("file 1")).await.unwrap(), None);
}

/// A shelf that finds a file gone, says so and waits for `go_on`.
struct Slow {
    papers: Arc<PaperShelf>,
    looked: mpsc::Sender<()>,
    go_on: Mutex<mpsc::Receiver<()>>,
}

impl Shelf for Slow {
    fn has(&self, sha256: &Sha256Hex, bytes: Option<u64>) -> io::Result<bool> {
        self.papers.has(sha256, bytes)
    }

    fn restore(&self, sha256: &Sha256Hex, path: Option<&str>) -> io::Result<bool> {
        let restored = self.papers.restore(sha256, path)?;
        self.looked.send(()).unwrap();
        self.go_on.lock().unwrap().recv().unwrap();
        Ok(restored)
    }

    fn parts(&self) -> io::Result<Vec<PartName>> {
        self.papers.parts()
    }

    fn remove_part(&self, part: &PartName) -> io::Result<()> {
        self.papers.remove_part(part)
    }
}

#[tokio::test]
async fn what_another_fetched_again_since_it_was_missed_is_not_sent_off_once_more() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 1).await;
    let papers = Arc::new(PaperShelf::default());
    let held = lease(&ledger).await;
    drive(&ledger, &held, "file", JobState::Indexed).await;

    let (looked, has_looked) = mpsc::channel();
    let (proceed, go_on) = mpsc::channel();
    let slow = Arc::new(Slow {
        papers: Arc::clone(&papers),
        looked,
        go_on: Mutex::new(go_on),
    });
    let second = house.open();
    let late = tokio::spawn(async move { second.reconcile(slow, Thoroughness::Full).await });
    tokio::task::spawn_blocking(move || has_looked.recv())
        .await
        .unwrap()
        .unwrap();

    let first = ledger.reconcile(papers.clone(), Thoroughness::Full).await;
    assert_eq!(first.unwrap().healed_jobs, 1);
    let again = lease(&ledger).await;
    drive(&ledger, &again, "file", JobState::Indexed).await;
    papers
        .files
        .lock()
        .unwrap()
        .insert(hash("file").to_string());

    proceed.send(()).unwrap();
    assert_eq!(late.await.unwrap().unwrap().healed_jobs, 0);
    assert_eq!(house.state(), "INDEXED");
    assert!(ledger.stored(hash("file")).await.unwrap().is_some());
}

/// 26.
#[tokio::test]
async fn opening_a_newer_ledger_never_downgrades_it() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 1).await;
    ledger.close().await;
    house
        .raw()
        .execute(
            "UPDATE _meta SET value = '5' WHERE key = 'schema_version'",
            [],
        )
        .unwrap();
    let before = std::fs::read(house.path()).unwrap();
    let refused = SqliteLedger::open(&house.path(), house.options())
        .err()
        .expect("a newer ledger was opened");
    assert!(matches!(refused, LedgerError::Newer { .. }), "{refused}");
    assert!(paperfall::ledger::LedgerReader::open(&house.path()).is_err());
    assert_eq!(std::fs::read(house.path()).unwrap(), before);
    // Nor can an older program that writes its own version without looking.
    assert!(
        house
            .raw()
            .execute(
                "UPDATE _meta SET value = '3' WHERE key = 'schema_version'",
                []
            )
            .is_err()
    );
}

/// 27.
#[tokio::test]
async fn foreign_keys_hold_on_every_connection() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 1).await;
    let held = lease(&ledger).await;
    ledger
        .finish(&held, Finish::ok(head(&held), json!({})))
        .await
        .unwrap();
    // Of the ledger's own connections: an effect of a job deleted under it finds nothing.
    house
        .raw()
        .execute_batch("PRAGMA foreign_keys = ON; DELETE FROM ledger_jobs")
        .unwrap();
    assert_eq!(house.one::<i64>("SELECT count(*) FROM artifact_ops"), 0);
    let orphan = "PRAGMA foreign_keys = ON; INSERT INTO ledger_ops(job, key, kind, fence, started_at, context)
                  VALUES(99, randomblob(32), 'HEAD', 1, 0, '{}')";
    assert!(house.raw().execute_batch(orphan).is_err());
    assert!(
        ledger
            .finish(&held, Finish::ok(head(&held), json!({})))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn the_same_bytes_are_stored_once_and_the_same_url_is_fetched_once() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 3).await;
    let (a, b, c) = (
        lease(&ledger).await,
        lease(&ledger).await,
        lease(&ledger).await,
    );
    drive(&ledger, &a, "same", JobState::Finalized).await;
    assert_eq!(
        index(&ledger, &a, "same", "https://a.example/x.pdf").await,
        Indexed::New
    );
    drive(&ledger, &b, "same", JobState::Finalized).await;
    let found = index(&ledger, &b, "same", "https://b.example/y.pdf").await;
    assert_eq!(
        found,
        Indexed::Duplicate {
            object: object("same"),
            by: a.job_id
        }
    );
    let dedupe = op(&b, OpType::Dedupe, json!({"target": object("same").path}));
    ledger
        .begin(&b, begin(dedupe.clone(), json!({"alias": "papers/b.pdf"})))
        .await
        .unwrap();
    let finished = ledger
        .finish(
            &b,
            Finish::ok(dedupe, json!({})).advancing(JobState::Deduped),
        )
        .await
        .unwrap();
    assert_eq!(finished.state, JobState::Deduped);
    let unknown = ledger
        .skip_duplicate(&c, "https://c.example/z.pdf")
        .await
        .unwrap_err();
    assert!(matches!(unknown, LedgerError::NotStored { .. }));
    assert_eq!(
        ledger
            .skip_duplicate(&c, "https://b.example/y.pdf")
            .await
            .unwrap(),
        object("same")
    );
    let states: String = house.one(
        "SELECT group_concat(state, ' ') FROM (SELECT state FROM artifact_jobs ORDER BY job_no)",
    );
    assert_eq!(states, "INDEXED DEDUPED SKIPPED_DUPLICATE");
    assert_eq!(house.one::<i64>("SELECT count(*) FROM ledger_objects"), 1);
}

#[tokio::test]
async fn a_known_job_deep_in_a_list_of_new_ones_is_found_where_it_was_asked_for() {
    let house = House::new();
    let ledger = house.open();
    let known = [40, 999, 1000, 1500, 2499];
    ledger.plan(known.map(work).to_vec()).await.unwrap();
    let before = house.events.count("job_planned");
    let planned = ledger.plan((0..2500).map(work).collect()).await.unwrap();
    let asked: Vec<_> = (0..2500).map(|n| work(n).key()).collect();
    assert_eq!(planned.iter().map(|job| job.key).collect::<Vec<_>>(), asked);
    let old: Vec<usize> = (0..2500).filter(|n| !planned[*n].new).collect();
    assert_eq!(old, known);
    assert_eq!(house.events.count("job_planned") - before, 2495);
    assert_eq!(house.one::<i64>("SELECT count(*) FROM ledger_jobs"), 2500);
}

#[tokio::test]
async fn planning_again_finds_the_same_jobs_in_the_order_asked_and_writes_nothing() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 3).await;
    let held = lease(&ledger).await;
    let failure = Failure {
        reason: "not_oa".to_owned(),
        retryable: false,
        op: None,
        also: Vec::new(),
    };
    ledger.fail(&held, failure).await.unwrap();
    let before = house.everything();
    let asked = vec![work(2), work(0), work(7), work(2), work(7)];
    let planned = ledger.plan(asked.clone()).await.unwrap();
    assert_eq!(planned.len(), 5);
    for (job, planned) in asked.iter().zip(&planned) {
        assert_eq!(planned.key, job.key());
    }
    assert_eq!(
        planned.iter().map(|p| p.new).collect::<Vec<_>>(),
        [false, false, true, false, false]
    );
    assert_eq!(
        (planned[1].done, planned[1].failure_reason.as_deref()),
        (true, Some("not_oa"))
    );
    assert_eq!(house.everything().len(), before.len() + 1);
    assert_eq!(
        ledger
            .retry(vec![planned[0].job_id, planned[1].job_id])
            .await
            .unwrap(),
        [planned[1].job_id]
    );
    assert_eq!(held.payload.as_deref(), Some(r#"{"n":0}"#));
}

#[tokio::test]
async fn works_without_an_open_copy_are_queued_again_by_age_and_reason() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 3).await;
    for reason in ["not_oa", "doi_unregistered", "not_oa"] {
        let held = lease(&ledger).await;
        ledger
            .fail(
                &held,
                Failure {
                    reason: reason.to_owned(),
                    retryable: false,
                    op: None,
                    also: Vec::new(),
                },
            )
            .await
            .unwrap();
        house.later(3600);
    }
    let an_hour_and_a_half_ago = Timestamp::from_millis(ledger.now().as_millis() - 5_400_000);
    let again = ledger
        .retry_failed(an_hour_and_a_half_ago, vec!["not_oa".to_owned()])
        .await
        .unwrap();
    assert_eq!(again.len(), 1);
    assert_eq!(
        ledger
            .retry_failed(ledger.now(), vec![])
            .await
            .unwrap()
            .len(),
        2
    );
}

fn number(state: JobState) -> usize {
    JobState::ALL.iter().position(|s| *s == state).unwrap()
}
