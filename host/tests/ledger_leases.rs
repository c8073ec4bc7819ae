//! Leases: taken over, released, renewed, never lost and never doubled. The
//! scenarios the predecessor fails, by their numbers, and a few more.

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
    Clock, Failed, Failure, Finish, Heartbeat, JobState, Lease, LeaseRequest, Ledger, OpType,
    RetryPolicy, SqliteLedger, SteadyClock, Timestamp,
};
use serde_json::json;

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
    for _ in 0..3_000 {
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
        also: Vec::new(),
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
        let minute = Duration::from_secs(60);
        let request = LeaseRequest::one(minute);
        let held = ledger.lease(request).await.unwrap().leases.remove(0);
        let before = clock.now();
        wall.fetch_add(jump, Ordering::SeqCst);
        assert!(clock.now().since(before) < minute && clock.now() >= before);
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
