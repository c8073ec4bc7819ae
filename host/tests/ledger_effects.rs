//! Effects: run once, recovered when their end is unknown, replayed whole when it
//! is known. The scenarios the predecessor fails, by their numbers, and a few more.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod ledger_kit;

use std::sync::Arc;
use std::time::Duration;

use ledger_kit::*;
use paperfall::ledger::{
    Begun, Context, Durations, Event, Failed, Failure, Finish, Indexed, JobState, Lease,
    LeaseRequest, Ledger, LedgerError, Op, OpKey, OpType, PartName, ResultCode, Thoroughness,
    Verdict,
};
use serde_json::json;

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
    assert!(again.taken_over && again.fence > held.fence && again.state == JobState::Streaming);
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
            json!({"error": "reset"}).into(),
        )),
        also: Vec::new(),
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
        result: json!({}).into(),
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
    let first = house.open();
    plan(&first, 1).await;
    let held = lease(&first).await;
    drive(&first, &held, "a", JobState::Streaming).await;
    first.close().await;
    // Effects, replays, leases.
    let counts = || {
        ["operation_completed", "idempotency_replay", "job_leased"]
            .map(|name| house.events.count(name))
    };
    assert_eq!(counts(), [1, 0, 1]);
    let second = house.open();
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
    assert_eq!(counts(), [1, 1, 2]);
    let events = house.events.all();
    let recovered = events.iter().find_map(|event| match event {
        Event::CrashRecoveryEvent {
            recovered_leases,
            abandoned_ops,
            ..
        } => Some((*recovered_leases, *abandoned_ops)),
        _ => None,
    });
    assert_eq!(recovered, Some((1, 1)));
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
async fn the_first_effect_can_begin_with_the_lease_and_a_job_takes_four_commits_and_a_share_of_one()
{
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 16).await;
    let request = LeaseRequest {
        limit: 16,
        first: Some(paperfall::ledger::FirstOp {
            kind: OpType::Resolution,
            intent: json!({"plan": "digest"}).into(),
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
            finalize: Some((finalize(held, text), json!({}).into())),
            object: object(text),
            urls: vec![format!("https://example.org/{text}")],
            result: json!({}).into(),
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
