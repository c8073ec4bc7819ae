//! The thirty scenarios the predecessor fails, each a test named as its sentence.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod ledger_kit;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use ledger_kit::*;
use paperfall::ledger::{
    Begun, Clock, Context, Counts, Durations, Event, Failed, Failure, Finish, Heartbeat, Indexed,
    JobState, Lease, LeaseRequest, Ledger, LedgerError, NoSink, Op, OpKey, OpType, PartName,
    ResultCode, RetryPolicy, SqliteLedger, SteadyClock, Tally, Thoroughness, Timestamp, Verdict,
};
use serde_json::json;

const LIVE: [JobState; 5] = [
    JobState::Leased,
    JobState::HeadDone,
    JobState::ResumeOk,
    JobState::Streaming,
    JobState::Finalized,
];

fn retryable(reason: &str) -> Failure {
    Failure {
        reason: reason.to_owned(),
        retryable: true,
        op: None,
    }
}

/// 1.
#[tokio::test]
async fn after_a_kill_inside_an_effect_the_successor_recovers_it_and_never_receives_an_empty_result()
 {
    let house = House::new();
    let first = house.open();
    plan(&first, 1).await;
    let held = lease(&first).await;
    drive(&first, &held, "a", JobState::HeadDone).await;
    assert_eq!(
        first
            .begin(&held, begin(stream(&held), json!({"part": "first"})))
            .await
            .unwrap(),
        Begun::Run
    );
    // Dropping the handle lets the owner's lock go, as a kill does.
    first.close().await;

    let second = house.open();
    let again = lease(&second).await;
    assert!(again.taken_over && again.fence > held.fence && again.state == JobState::HeadDone);
    let begun = second
        .begin(&again, begin(stream(&again), json!({"part": "second"})))
        .await
        .unwrap();
    assert_eq!(
        begun,
        Begun::Recover {
            intent: json!({"part": "first"}),
            fence: held.fence
        }
    );
}

/// 2.
#[tokio::test]
async fn a_crash_between_an_effect_and_its_result_finds_the_intent_durable() {
    let house = House::new();
    let first = house.open();
    plan(&first, 1).await;
    let held = lease(&first).await;
    drive(&first, &held, "a", JobState::Streaming).await;
    // The intent is on disk before `begin` answers: another connection sees it.
    let intent: String = house
        .one("SELECT intent FROM artifact_ops WHERE op_type = 'STREAM' AND finished_at IS NULL");
    assert_eq!(intent, r#"{"part":"p"}"#);
    first.close().await;
    let second = house.open();
    let again = lease(&second).await;
    let begun = second
        .begin(&again, begin(stream(&again), json!({})))
        .await
        .unwrap();
    assert!(matches!(begun, Begun::Recover { .. }), "{begun:?}");
}

/// 3.
#[tokio::test]
async fn while_one_workers_effect_takes_seconds_every_other_writer_still_commits() {
    let house = House::new();
    let (slow, quick) = (house.open(), house.open());
    plan(&slow, 50).await;
    let held = lease(&slow).await;
    slow.begin(&held, begin(stream(&held), json!({})))
        .await
        .unwrap();
    // The effect is on the network now; nothing of it is open in the database.
    for _ in 1..50 {
        let other = lease(&quick).await;
        drive(&quick, &other, &other.work_id, JobState::Indexed).await;
    }
    let done: i64 = house.one("SELECT count(*) FROM artifact_jobs WHERE state = 'INDEXED'");
    assert_eq!(done, 49);
    slow.finish(&held, Finish::ok(stream(&held), json!({})))
        .await
        .unwrap();
}

/// 4.
#[tokio::test]
async fn an_effect_that_fails_once_is_tried_again_and_not_poisoned() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 1).await;
    let held = lease(&ledger).await;
    drive(&ledger, &held, "a", JobState::HeadDone).await;
    ledger
        .begin(&held, begin(stream(&held), json!({})))
        .await
        .unwrap();
    let failure = Failure {
        reason: "reset".to_owned(),
        retryable: true,
        op: Some((
            stream(&held),
            ResultCode::Retryable,
            json!({"error": "reset"}),
        )),
    };
    let Failed::Again(wait) = ledger.fail(&held, failure).await.unwrap() else {
        panic!("no second round")
    };
    assert!(wait <= Duration::from_secs(30));
    house.later(31);
    let again = lease(&ledger).await;
    assert_eq!((again.round, again.failures, again.attempts), (1, 1, 2));
    assert_eq!(
        ledger
            .begin(&again, begin(stream(&again), json!({})))
            .await
            .unwrap(),
        Begun::Run
    );
    ledger
        .finish(&again, Finish::ok(stream(&again), json!({"bytes": 7})))
        .await
        .unwrap();
    let replay = ledger
        .replay(&again, &stream(&again))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (replay.code, replay.result),
        (ResultCode::Ok, json!({"bytes": 7}))
    );
    let tries: i64 = house.one("SELECT tries FROM artifact_ops WHERE op_type = 'STREAM'");
    assert_eq!(tries, 2);
}

/// 5.
#[tokio::test]
async fn an_effect_of_a_job_that_does_not_exist_is_an_error_and_not_a_replay() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 1).await;
    let held = lease(&ledger).await;
    house
        .raw()
        .execute_batch("PRAGMA foreign_keys = ON; DELETE FROM ledger_jobs")
        .unwrap();
    let missing = LedgerError::NoSuchJob { job: held.job_id };
    assert_eq!(
        ledger
            .begin(&held, begin(head(&held), json!({})))
            .await
            .unwrap_err(),
        missing
    );
    assert_eq!(
        ledger.replay(&held, &head(&held)).await.unwrap_err(),
        missing
    );
    assert_eq!(
        ledger
            .finish(&held, Finish::ok(head(&held), json!({})))
            .await
            .unwrap_err(),
        missing
    );
    assert_eq!(house.one::<i64>("SELECT count(*) FROM artifact_ops"), 0);
}

/// 6.
#[tokio::test]
async fn a_long_result_is_stored_whole_or_refused_in_words_and_never_cut() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 1).await;
    let held = lease(&ledger).await;
    for (n, length) in [20_001, 2 * 1024 * 1024].into_iter().enumerate() {
        let long = json!({"text": "x".repeat(length)});
        let asked = op(&held, OpType::Fallback, json!({"attempt": n}));
        ledger
            .finish(&held, Finish::ok(asked.clone(), long.clone()))
            .await
            .unwrap();
        assert_eq!(
            ledger.replay(&held, &asked).await.unwrap().unwrap().result,
            long
        );
    }
    let too_long = Finish::ok(
        op(&held, OpType::Fallback, json!({"attempt": 9})),
        json!("x".repeat(17 * 1024 * 1024)),
    );
    let refused = ledger.finish(&held, too_long.clone()).await.unwrap_err();
    assert!(matches!(refused, LedgerError::TooLarge { .. }), "{refused}");
    assert!(
        refused.to_string().contains("nothing was stored"),
        "{refused}"
    );
    assert_eq!(house.one::<i64>("SELECT count(*) FROM artifact_ops"), 2);
}

/// 7.
#[tokio::test]
async fn asking_for_an_effect_in_flight_hears_in_progress_or_fenced_and_no_empty_result() {
    let house = House::new();
    let (first, second) = (house.open(), house.open());
    plan(&first, 1).await;
    let old = lease(&first).await;
    house.later(121);
    let held = lease(&second).await;
    second
        .begin(&held, begin(stream(&held), json!({})))
        .await
        .unwrap();
    let same_lease = second
        .begin(&held, begin(stream(&held), json!({})))
        .await
        .unwrap_err();
    assert!(
        matches!(same_lease, LedgerError::InProgress { .. }),
        "{same_lease}"
    );
    let other_worker = first
        .begin(&old, begin(stream(&old), json!({})))
        .await
        .unwrap_err();
    assert!(
        matches!(other_worker, LedgerError::Fenced { .. }),
        "{other_worker}"
    );
    assert_eq!(second.replay(&held, &stream(&held)).await.unwrap(), None);
}

/// 8.
#[tokio::test]
async fn an_expired_lease_can_be_taken_over_in_every_live_state_and_keeps_its_progress() {
    for state in LIVE {
        let house = House::new();
        let (first, second) = (house.open(), house.open());
        plan(&first, 1).await;
        let old = lease(&first).await;
        drive(&first, &old, "a", state).await;
        assert!(
            try_lease(&second).await.leases.is_empty(),
            "{state} was stolen"
        );
        house.later(121);
        let new = lease(&second).await;
        assert_eq!((new.state, new.taken_over, new.attempts), (state, true, 2));
        assert!(new.fence > old.fence);
    }
}

/// 9.
#[tokio::test]
async fn a_released_job_can_be_leased_again_at_once_in_every_live_state() {
    for state in LIVE {
        let house = House::new();
        let (first, second) = (house.open(), house.open());
        plan(&first, 1).await;
        let old = lease(&first).await;
        drive(&first, &old, "a", state).await;
        first.release(&old).await.unwrap();
        let new = lease(&second).await;
        assert_eq!(
            (
                new.state,
                new.taken_over,
                new.attempts,
                new.failures,
                new.round
            ),
            (state, false, 1, 0, 0)
        );
    }
}

/// 10.
#[tokio::test]
async fn a_finalized_job_is_never_dragged_back_to_leased() {
    let house = House::new();
    let (first, second) = (house.open(), house.open());
    plan(&first, 1).await;
    let old = lease(&first).await;
    drive(&first, &old, "a", JobState::Finalized).await;
    first.release(&old).await.unwrap();
    let (a, b) = tokio::join!(try_lease(&first), try_lease(&second));
    let leases: Vec<Lease> = a.leases.into_iter().chain(b.leases).collect();
    assert_eq!(leases.len(), 1);
    assert_eq!(leases[0].state, JobState::Finalized);
    assert_eq!(house.state(), "FINALIZED");
    // Nor does a late HEAD of another candidate.
    let ledger = if leases[0].fence > old.fence
        && first.replay(&leases[0], &head(&leases[0])).await.is_ok()
    {
        &first
    } else {
        &second
    };
    let late = Finish::ok(
        op(&leases[0], OpType::Head, json!({"url": "u2"})),
        json!({}),
    )
    .advancing(JobState::HeadDone);
    assert_eq!(
        ledger.finish(&leases[0], late).await.unwrap().state,
        JobState::Finalized
    );
}

/// 11.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_worker_that_loses_a_race_for_a_job_gets_another_while_any_is_due() {
    let house = House::new();
    let planner = house.open();
    plan(&planner, 400).await;
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let ledger = house.open();
        workers.spawn(async move {
            let mut mine = Vec::new();
            for _ in 0..100 {
                let leased = ledger.lease(LeaseRequest::one(TTL)).await.unwrap();
                mine.push(
                    leased
                        .leases
                        .first()
                        .expect("told that nothing is due while jobs are")
                        .job_id,
                );
            }
            mine
        });
    }
    let all: Vec<_> = workers.join_all().await.into_iter().flatten().collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 400);
}

/// 12.
#[tokio::test]
async fn a_stale_worker_changes_neither_state_nor_ops_nor_results_nor_files() {
    let house = House::new();
    let (zombie, worker) = (house.open(), house.open());
    plan(&zombie, 2).await;
    let stale = lease(&zombie).await;
    drive(&zombie, &stale, "a", JobState::Streaming).await;
    house.later(121);
    let held = lease(&worker).await;
    let held = if held.job_id == stale.job_id {
        held
    } else {
        lease(&worker).await
    };
    assert_eq!(held.job_id, stale.job_id);
    let begun = worker
        .begin(&held, begin(stream(&held), json!({"part": "mine"})))
        .await
        .unwrap();
    assert!(matches!(begun, Begun::Recover { .. }));
    let before = house.everything();
    let fenced = LedgerError::Fenced {
        job: stale.job_id,
        fence: stale.fence,
    };
    let refusals = [
        zombie
            .begin(&stale, begin(finalize(&stale, "a"), json!({})))
            .await
            .map(|_| ()),
        zombie
            .finish(&stale, Finish::ok(stream(&stale), json!({})))
            .await
            .map(|_| ()),
        zombie
            .finish(
                &stale,
                Finish::ok(head(&stale), json!({})).advancing(JobState::HeadDone),
            )
            .await
            .map(|_| ()),
        zombie
            .advance(&stale, JobState::Streaming)
            .await
            .map(|_| ()),
        zombie.renew(&stale, TTL).await,
        zombie.release(&stale).await,
        zombie.fail(&stale, retryable("reset")).await.map(|_| ()),
        zombie
            .skip_duplicate(&stale, "https://example.org/a.pdf")
            .await
            .map(|_| ()),
        zombie.replay(&stale, &head(&stale)).await.map(|_| ()),
    ];
    for (n, refusal) in refusals.into_iter().enumerate() {
        assert_eq!(refusal.unwrap_err(), fenced, "operation {n}");
    }
    assert_eq!(house.everything(), before);
    // The files of the two leases have different names.
    let part = |lease: &Lease| {
        PartName {
            job: lease.job_id,
            fence: lease.fence,
        }
        .to_string()
    };
    assert_ne!(part(&stale), part(&held));
}

/// 13.
#[tokio::test]
async fn an_expired_lease_cannot_be_renewed_and_a_reused_owner_name_is_not_the_same_lease() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 1).await;
    let old = lease(&ledger).await;
    house.later(121);
    assert!(ledger.renew(&old, TTL).await.unwrap_err().is_lost_lease());
    // The same process, and so the same owner, leases the job again.
    let new = lease(&ledger).await;
    assert!(ledger.renew(&old, TTL).await.unwrap_err().is_lost_lease());
    ledger.renew(&new, TTL).await.unwrap();
}

/// 14.
#[tokio::test]
async fn heartbeats_work_in_every_live_state() {
    let house = House::new();
    let (first, other) = (house.open(), house.open());
    plan(&first, 1).await;
    let held = lease(&first).await;
    for state in LIVE {
        match state {
            JobState::Leased => {}
            JobState::Finalized => {
                first
                    .finish(
                        &held,
                        Finish::ok(stream(&held), json!({})).then(finalize(&held, "a"), json!({})),
                    )
                    .await
                    .unwrap();
                first
                    .finish(
                        &held,
                        Finish::ok(finalize(&held, "a"), json!({})).advancing(state),
                    )
                    .await
                    .unwrap();
            }
            _ => {
                if state == JobState::Streaming {
                    first
                        .begin(&held, begin(stream(&held), json!({})))
                        .await
                        .unwrap();
                }
                first.advance(&held, state).await.unwrap();
            }
        }
        assert_eq!(house.state(), state.as_str());
        house.later(100);
        first.renew(&held, TTL).await.unwrap();
        house.later(100);
        assert!(
            try_lease(&other).await.leases.is_empty(),
            "{state}: a renewed lease was stolen"
        );
        first.renew(&held, TTL).await.unwrap();
    }
    assert_eq!(house.events.count("lease_renewed"), 10);
}

#[tokio::test]
async fn a_heartbeat_renews_at_a_third_of_the_lease_and_tells_when_it_is_lost() {
    let house = House::new();
    let ledger = Arc::new(house.open());
    plan(&ledger, 1).await;
    let request = LeaseRequest::one(Duration::from_millis(60));
    let held = ledger.lease(request).await.unwrap().leases.remove(0);
    let mut heartbeat = Heartbeat::start(Arc::clone(&ledger) as Arc<dyn Ledger>, &held);
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if house.events.count("lease_renewed") >= 3 {
            break;
        }
    }
    assert!(house.events.count("lease_renewed") >= 3 && !heartbeat.is_lost());
    house.later(1);
    let taken = house.open();
    assert!(lease(&taken).await.taken_over);
    tokio::time::timeout(Duration::from_secs(5), heartbeat.lost())
        .await
        .expect("the heartbeat did not notice");
}

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

fn number(state: JobState) -> usize {
    JobState::ALL.iter().position(|s| *s == state).unwrap()
}

/// 16.
#[tokio::test]
async fn a_poison_job_backs_off_and_ends_failed_while_ninety_nine_healthy_ones_finish() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 100).await;
    let (mut healthy, mut rounds) = (0, 0);
    loop {
        let leased = try_lease(&ledger).await;
        let Some(held) = leased.leases.into_iter().next() else {
            let outlook = leased.outlook.unwrap();
            if outlook.backing_off == 0 {
                break;
            }
            assert_eq!(healthy, 99, "the poison job kept the healthy ones waiting");
            house.clock.advance(outlook.next_due.unwrap());
            continue;
        };
        if held.work_id == "W0" {
            rounds += 1;
            ledger.fail(&held, retryable("trap")).await.unwrap();
        } else {
            drive(&ledger, &held, &held.work_id, JobState::Indexed).await;
            healthy += 1;
        }
    }
    assert_eq!((healthy, rounds), (99, 5));
    let (state, failures, reason): (String, i64, String) = house
        .raw()
        .query_row(
            "SELECT state, failures, failure_reason FROM artifact_jobs WHERE work_id = 'W0'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    assert_eq!(
        (state.as_str(), failures, reason.as_str()),
        ("FAILED", 5, "trap")
    );
}

/// 17.
#[tokio::test]
async fn a_failed_job_holds_no_lease() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 1).await;
    let held = lease(&ledger).await;
    let failure = Failure {
        reason: "not_oa".to_owned(),
        retryable: false,
        op: None,
    };
    assert_eq!(ledger.fail(&held, failure).await.unwrap(), Failed::ForGood);
    let held_by: Option<String> =
        house.one("SELECT lease_owner FROM artifact_jobs WHERE state = 'FAILED'");
    assert_eq!(held_by, None);
    assert!(
        house
            .raw()
            .execute("UPDATE ledger_jobs SET owner = 1, fence = fence + 1", [])
            .is_err()
    );
    assert!(ledger.renew(&held, TTL).await.unwrap_err().is_lost_lease());
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

/// 20.
#[tokio::test]
async fn one_lease_call_never_returns_a_job_twice_and_strands_none() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 25).await;
    let mut seen = BTreeSet::new();
    loop {
        // A lease of no length expires at once, and is due again in the same call.
        let request = LeaseRequest {
            limit: 10,
            ..LeaseRequest::one(TTL)
        };
        let leased = ledger.lease(request).await.unwrap();
        if leased.leases.is_empty() {
            break;
        }
        for held in leased.leases {
            assert!(seen.insert(held.job_id), "leased twice");
        }
    }
    assert_eq!(seen.len(), 25);
    house.later(121);
    let request = LeaseRequest {
        limit: 100,
        ..LeaseRequest::one(Duration::ZERO)
    };
    let jobs: Vec<_> = ledger
        .lease(request)
        .await
        .unwrap()
        .leases
        .into_iter()
        .map(|l| l.job_id)
        .collect();
    assert_eq!(jobs.len(), jobs.iter().collect::<BTreeSet<_>>().len());
    assert_eq!(jobs.len(), 25);
}

/// 21.
#[tokio::test]
async fn completing_a_job_needs_the_current_fence() {
    let house = House::new();
    let (first, second) = (house.open(), house.open());
    plan(&first, 1).await;
    let old = lease(&first).await;
    drive(&first, &old, "a", JobState::Finalized).await;
    house.later(121);
    let new = lease(&second).await;
    let entry = |lease: &Lease| paperfall::ledger::IndexEntry {
        op: op(lease, OpType::Index, json!({})),
        finalize: None,
        object: object("a"),
        urls: vec![],
        result: json!({}),
    };
    assert!(
        first
            .index(&old, entry(&old))
            .await
            .unwrap_err()
            .is_lost_lease()
    );
    assert_eq!(house.state(), "FINALIZED");
    assert_eq!(second.index(&new, entry(&new)).await.unwrap(), Indexed::New);
    assert_eq!(house.state(), "INDEXED");
}

/// 22.
#[tokio::test]
async fn fifty_crashes_count_fifty_attempts() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 1).await;
    ledger.close().await;
    for n in 1..=50 {
        let worker = house.open();
        let held = lease(&worker).await;
        assert_eq!(
            (held.attempts, held.failures, held.taken_over),
            (n, 0, n > 1)
        );
        worker.close().await;
    }
    assert_eq!(house.one::<i64>("SELECT attempts FROM artifact_jobs"), 50);
}

/// 23.
#[tokio::test]
async fn all_jobs_done_in_one_millisecond_is_a_pass() {
    let quick = Durations::new(vec![Duration::from_millis(1); 100]);
    assert_eq!(quick.judge(50, Duration::from_secs(30)), Verdict::Met);
    assert_eq!(quick.judge(95, Duration::from_secs(120)), Verdict::Met);
    assert_eq!(quick.judge(95, Duration::from_micros(999)), Verdict::Missed);
    assert_eq!(
        Durations::default().judge(50, Duration::from_secs(30)),
        Verdict::NoData
    );
    let mixed = Durations::new((1..=100).map(Duration::from_secs).collect());
    assert_eq!(mixed.percentile(50), Some(Duration::from_secs(50)));
    assert_eq!(mixed.percentile(95), Some(Duration::from_secs(95)));
}

/// 24.
#[tokio::test]
async fn recovery_and_replay_rates_come_from_counted_events() {
    let house = House::new();
    let tally = Arc::new(Tally::new(NoSink));
    let options = || paperfall::ledger::Options {
        sink: tally.clone(),
        ..house.options()
    };
    let first = SqliteLedger::open(&house.path(), options()).unwrap();
    plan(&first, 1).await;
    let held = lease(&first).await;
    drive(&first, &held, "a", JobState::Streaming).await;
    first.close().await;
    assert_eq!(
        tally.counts(),
        Counts {
            completed_ops: 1,
            leases: 1,
            ..Counts::default()
        }
    );
    let second = SqliteLedger::open(&house.path(), options()).unwrap();
    second
        .reconcile(Arc::new(PaperShelf::default()), Thoroughness::Full)
        .await
        .unwrap();
    let again = lease(&second).await;
    let begun = second
        .begin(&again, begin(head(&again), json!({})))
        .await
        .unwrap();
    assert!(matches!(begun, Begun::Replay(_)), "{begun:?}");
    let counts = tally.counts();
    assert_eq!(
        counts,
        Counts {
            completed_ops: 1,
            leases: 2,
            replays: 1,
            recovered_leases: 1,
            abandoned_ops: 1
        }
    );
    assert_eq!(counts.replay_rate(), Some(0.5));
    assert_eq!(Counts::default().replay_rate(), None);
}

/// 25.
#[tokio::test]
async fn time_to_complete_uses_the_finish_and_not_the_last_touch() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 1).await;
    let held = lease(&ledger).await;
    house.later(7);
    drive(&ledger, &held, "a", JobState::Indexed).await;
    ledger.close().await;
    house
        .raw()
        .execute(
            "UPDATE ledger_jobs SET updated_at = updated_at + 3600000",
            [],
        )
        .unwrap();
    let reader = paperfall::ledger::LedgerReader::open(&house.path()).unwrap();
    let durations = reader.durations().unwrap();
    assert_eq!(durations.percentile(50), Some(Duration::from_secs(7)));
    assert_eq!(durations.count(), 1);
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

/// 28.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn neither_a_reader_nor_a_second_process_sees_database_is_locked_under_ordinary_load() {
    let house = House::new();
    plan(&house.open(), 300).await;
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let ledger = house.open();
        workers.spawn(async move {
            while let Some(held) = ledger
                .lease(LeaseRequest::one(TTL))
                .await
                .unwrap()
                .leases
                .pop()
            {
                drive(&ledger, &held, &held.work_id, JobState::Indexed).await;
            }
        });
    }
    let path = house.path();
    let reading = tokio::task::spawn_blocking(move || {
        let until = Instant::now() + Duration::from_millis(300);
        while Instant::now() < until {
            let reader = paperfall::ledger::LedgerReader::open(&path).unwrap();
            reader.counts().unwrap();
        }
    });
    workers.join_all().await;
    reading.await.unwrap();
    assert_eq!(
        house.one::<i64>("SELECT count(*) FROM artifact_jobs WHERE state = 'INDEXED'"),
        300
    );
}

/// 29.
#[tokio::test]
async fn keys_can_be_recomputed_from_their_inputs_and_a_context_cannot_overwrite_them() {
    let house = House::new();
    let ledger = house.open();
    let planned = ledger.plan(vec![work(0)]).await.unwrap().remove(0);
    let held = lease(&ledger).await;
    ledger
        .finish(&held, Finish::ok(head(&held), json!({})))
        .await
        .unwrap();
    let (job_id, key, op_key, context): (String, String, String, String) = house
        .raw()
        .query_row("SELECT j.job_id, j.idempotency_key, o.op_key, o.context FROM artifact_jobs j JOIN artifact_ops o USING(job_id)", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap();
    assert_eq!(key, work(0).key().to_string());
    assert_eq!(job_id, planned.job_id.to_string());
    assert_eq!(
        job_id,
        paperfall::ledger::JobId::from_key(&work(0).key()).to_string()
    );
    let context = Context::new(serde_json::from_str(&context).unwrap()).unwrap();
    assert_eq!(
        op_key,
        OpKey::new(OpType::Head, planned.job_id, &context).to_string()
    );
    for name in ["v", "kind", "job_id"] {
        assert!(Context::new(json!({name: 1})).is_err());
    }
}

/// 30.
#[tokio::test]
async fn a_wall_clock_that_jumps_an_hour_steals_no_live_lease_and_stalls_none() {
    for jump in [3_600_000, -3_600_000] {
        let house = House::new();
        let wall = Arc::new(AtomicI64::new(1_760_000_000_000));
        let read_wall = wall.clone();
        let clock = Arc::new(SteadyClock::anchored(move || {
            Timestamp::from_millis(read_wall.load(Ordering::SeqCst))
        }));
        let options = paperfall::ledger::Options {
            clock: clock.clone(),
            ..house.options()
        };
        let ledger = SqliteLedger::open(&house.path(), options).unwrap();
        plan(&ledger, 2).await;
        let held = ledger
            .lease(LeaseRequest::one(Duration::from_secs(1)))
            .await
            .unwrap()
            .leases
            .remove(0);
        let before = clock.now();
        wall.fetch_add(jump, Ordering::SeqCst);
        assert!(clock.now().since(before) < Duration::from_secs(1) && clock.now() >= before);
        assert_ne!(lease(&ledger).await.job_id, held.job_id);
        assert!(
            try_lease(&ledger).await.leases.is_empty(),
            "the live lease was stolen"
        );
        ledger
            .renew(&held, Duration::from_millis(20))
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(40)).await;
        assert_eq!(
            lease(&ledger).await.job_id,
            held.job_id,
            "the dead lease stalled"
        );
    }
}

#[tokio::test]
async fn events_are_told_in_order_and_only_when_they_are_durable() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 1).await;
    let held = lease(&ledger).await;
    drive(&ledger, &held, "a", JobState::Indexed).await;
    let refused = ledger.begin(&held, begin(head(&held), json!({}))).await;
    assert!(refused.unwrap_err().is_lost_lease());
    assert_eq!(
        house.events.names(),
        [
            "job_planned",
            "job_leased",
            "job_state_changed",
            "operation_completed",
            "job_state_changed",
            "job_state_changed",
            "operation_started",
            "job_state_changed",
            "operation_completed",
            "operation_started",
            "operation_completed",
            "job_state_changed",
            "operation_completed",
            "job_state_changed",
        ]
    );
    let Event::JobLeased { owner, fence, .. } = &house.events.all()[1] else {
        panic!()
    };
    assert_eq!((owner, *fence), (ledger.owner(), held.fence));
    let told = serde_json::to_value(&house.events.all()[2]).unwrap();
    assert_eq!(
        told,
        json!({"event": "job_state_changed", "job_id": held.job_id.to_string(), "from_state": "PLANNED", "to_state": "LEASED"})
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
async fn planning_again_finds_the_same_jobs_in_the_order_asked_and_writes_nothing() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 3).await;
    let held = lease(&ledger).await;
    let failure = Failure {
        reason: "not_oa".to_owned(),
        retryable: false,
        op: None,
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

#[tokio::test]
async fn the_first_effect_can_begin_with_the_lease_and_a_job_takes_four_commits_and_a_share_of_one()
{
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 16).await;
    let request = LeaseRequest {
        limit: 16,
        first: Some(paperfall::ledger::FirstOp {
            kind: OpType::Resolution,
            intent: json!({"plan": "digest"}),
        }),
        ..LeaseRequest::one(TTL)
    };
    let leases = ledger.lease(request).await.unwrap().leases;
    for held in &leases {
        let (key, begun) = held.first.clone().unwrap();
        let resolution = Op::new(OpType::Resolution, held.job_id, Context::round(0));
        assert_eq!((key, begun), (resolution.key(), Begun::Run));
        let text = held.work_id.as_str();
        ledger
            .finish(held, Finish::ok(resolution, json!({"url": "u"})))
            .await
            .unwrap();
        let head_done = Finish::ok(head(held), json!({}))
            .advancing(JobState::HeadDone)
            .then(stream(held), json!({}));
        ledger.finish(held, head_done).await.unwrap();
        let streamed = Finish::ok(stream(held), json!({}))
            .advancing(JobState::Streaming)
            .then(finalize(held, text), json!({}));
        ledger.finish(held, streamed).await.unwrap();
        let entry = paperfall::ledger::IndexEntry {
            op: op(held, OpType::Index, json!({})),
            finalize: Some((finalize(held, text), json!({}))),
            object: object(text),
            urls: vec![format!("https://example.org/{text}")],
            result: json!({}),
        };
        assert_eq!(ledger.index(held, entry).await.unwrap(), Indexed::New);
    }
    assert_eq!(
        house.one::<i64>("SELECT count(*) FROM artifact_jobs WHERE state = 'INDEXED'"),
        16
    );
    assert_eq!(
        house.one::<i64>("SELECT count(*) FROM artifact_ops WHERE result_code = 'OK'"),
        16 * 5
    );
}

#[tokio::test]
async fn a_policy_of_one_round_fails_at_once() {
    let house = House::new();
    let retry = RetryPolicy {
        rounds: 1,
        ..RetryPolicy::default()
    };
    let ledger = SqliteLedger::open(
        &house.path(),
        paperfall::ledger::Options {
            retry,
            ..house.options()
        },
    )
    .unwrap();
    plan(&ledger, 1).await;
    let held = lease(&ledger).await;
    assert_eq!(
        ledger.fail(&held, retryable("reset")).await.unwrap(),
        Failed::ForGood
    );
}
