//! Random sequences of operations by two processes, against a reference that
//! holds everything in memory: every answer and every row must agree.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod ledger_kit;
#[path = "ledger_model/reference.rs"]
mod reference;
#[path = "ledger_model/worker.rs"]
mod worker;

use std::collections::BTreeMap;
use std::time::Duration;

use ledger_kit::*;
use paperfall::ledger::{
    JobState, LeaseRequest, Ledger, OpType, ResultCode, SqliteLedger, Thoroughness,
};
use proptest::prelude::*;
use reference::{Held, RefJob, Reference};
use worker::worker;

const LEASE: Duration = Duration::from_secs(100);

#[derive(Debug, Clone)]
enum Action {
    Plan(usize),
    Lease(usize),
    Renew(usize, usize),
    Release(usize, usize),
    Begin(usize, usize, OpType),
    Finish(usize, usize, OpType, ResultCode, Option<JobState>),
    Advance(usize, usize, JobState),
    Fail(usize, usize, bool),
    Index(usize, usize),
    Skip(usize, usize),
    Retry(usize),
    Wait(u64),
    Crash(usize),
    Reconcile(usize),
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let who = || 0..2_usize;
    let which = || 0..4_usize;
    let kind = || {
        prop_oneof![
            Just(OpType::Head),
            Just(OpType::Stream),
            Just(OpType::Finalize)
        ]
    };
    let code = prop_oneof![6 => Just(ResultCode::Ok), 1 => Just(ResultCode::Retryable), 1 => Just(ResultCode::NonRetryable)];
    let forward = || {
        prop_oneof![
            Just(JobState::HeadDone),
            Just(JobState::ResumeOk),
            Just(JobState::Streaming),
            Just(JobState::Finalized),
            Just(JobState::Indexed),
            Just(JobState::Planned)
        ]
    };
    let action = prop_oneof![
        2 => (0..4_usize).prop_map(Action::Plan),
        6 => who().prop_map(Action::Lease),
        1 => (who(), which()).prop_map(|(w, l)| Action::Renew(w, l)),
        1 => (who(), which()).prop_map(|(w, l)| Action::Release(w, l)),
        4 => (who(), which(), kind()).prop_map(|(w, l, k)| Action::Begin(w, l, k)),
        5 => (who(), which(), kind(), code, proptest::option::of(forward())).prop_map(|(w, l, k, c, a)| Action::Finish(w, l, k, c, a)),
        6 => (who(), which(), forward()).prop_map(|(w, l, s)| Action::Advance(w, l, s)),
        1 => (who(), which(), any::<bool>()).prop_map(|(w, l, r)| Action::Fail(w, l, r)),
        3 => (who(), which()).prop_map(|(w, l)| Action::Index(w, l)),
        1 => (who(), which()).prop_map(|(w, l)| Action::Skip(w, l)),
        1 => (0..4_usize).prop_map(Action::Retry),
        2 => prop_oneof![Just(10_u64), Just(60), Just(101), Just(4000)].prop_map(Action::Wait),
        1 => who().prop_map(Action::Crash),
        1 => who().prop_map(Action::Reconcile),
    ];
    proptest::collection::vec(action, 1..80)
}

async fn run(actions: Vec<Action>) {
    // Without jobs nothing happens.
    let actions = [Action::Plan(0), Action::Plan(1)]
        .into_iter()
        .chain(actions);
    let house = House::new();
    let mut reference = Reference {
        jobs: BTreeMap::new(),
        now: 0,
        epochs: 2,
        dead: Vec::new(),
        leases: 0,
        stored: false,
    };
    let mut ledgers: Vec<Option<SqliteLedger>> = vec![Some(house.open()), Some(house.open())];
    let mut epochs = [1_i64, 2];
    let mut held: Vec<Held> = Vec::new();
    let start = ledgers[0].as_ref().unwrap().now().as_millis();
    reference.now = start;
    for action in actions {
        let say = format!("{action:?}");
        match action {
            Action::Plan(n) => {
                let planned = ledgers[0]
                    .as_ref()
                    .unwrap()
                    .plan(vec![work(n)])
                    .await
                    .unwrap()
                    .remove(0);
                assert_eq!(planned.new, !reference.jobs.contains_key(&n), "{say}");
                let row = reference.jobs.len();
                reference.jobs.entry(n).or_insert(RefJob {
                    row,
                    state: JobState::Planned,
                    due: Some(0),
                    owner: None,
                    lease: 0,
                    attempts: 0,
                    failures: 0,
                    round: 0,
                    ops: BTreeMap::new(),
                });
            }
            Action::Lease(who) => {
                let leased = ledgers[who]
                    .as_ref()
                    .unwrap()
                    .lease(LeaseRequest::one(LEASE))
                    .await
                    .unwrap();
                let expected = reference.lease(epochs[who]);
                let got = leased.leases.into_iter().next();
                assert_eq!(
                    got.as_ref().map(|l| l.work_id.clone()),
                    expected.map(|(n, _)| format!("W{n}")),
                    "{say}"
                );
                if let (Some(lease), Some((job, number))) = (got, expected) {
                    let known = &reference.jobs[&job];
                    assert_eq!(
                        (lease.state, lease.attempts, lease.failures, lease.round),
                        (known.state, known.attempts, known.failures, known.round),
                        "{say}"
                    );
                    for older in held.iter().filter(|older| older.job == job) {
                        assert!(lease.fence > older.lease.fence, "{say}: a fence repeated");
                    }
                    held.push(Held {
                        lease,
                        job,
                        number,
                        owner: epochs[who],
                        slot: who,
                    });
                }
            }
            Action::Wait(seconds) => {
                house.later(seconds);
                reference.now += i64::try_from(seconds).unwrap() * 1000;
            }
            Action::Crash(who) => {
                ledgers[who].take().unwrap().close().await;
                reference.dead.push(epochs[who]);
                reference.epochs += 1;
                epochs[who] = reference.epochs;
                ledgers[who] = Some(house.open());
            }
            Action::Retry(n) => {
                let Some(job) = reference.jobs.get_mut(&n) else {
                    continue;
                };
                let id = paperfall::ledger::JobId::from_key(&work(n).key());
                let again = ledgers[1].as_ref().unwrap().retry(vec![id]).await.unwrap();
                assert_eq!(
                    again.len(),
                    usize::from(job.state == JobState::Failed),
                    "{say}"
                );
                if job.state == JobState::Failed {
                    (job.state, job.due, job.failures) = (JobState::Planned, Some(0), 0);
                    job.round += 1;
                }
            }
            Action::Reconcile(who) => {
                let shelf = std::sync::Arc::new(PaperShelf::default());
                let found = ledgers[who]
                    .as_ref()
                    .unwrap()
                    .reconcile(shelf, Thoroughness::Quick)
                    .await
                    .unwrap();
                reference.bury(epochs[who]);
                let now = reference.now;
                let expired = reference
                    .jobs
                    .values()
                    .filter(|job| job.owner.is_some() && job.due.is_some_and(|due| due <= now));
                assert_eq!(found.recovered_leases, expired.count() as u64, "{say}");
                let mut abandoned = 0;
                for job in reference.jobs.values_mut() {
                    let live = job.owner.is_some() && job.due.is_some_and(|due| due > now);
                    for op in job.ops.values_mut().filter(|op| op.code.is_none()) {
                        if !(live && op.lease == job.lease) {
                            op.code = Some(ResultCode::Abandoned);
                            abandoned += 1;
                        }
                    }
                }
                assert_eq!(found.abandoned_ops, abandoned, "{say}");
            }
            Action::Renew(who, l)
            | Action::Release(who, l)
            | Action::Begin(who, l, _)
            | Action::Finish(who, l, ..)
            | Action::Advance(who, l, _)
            | Action::Fail(who, l, _)
            | Action::Index(who, l)
            | Action::Skip(who, l) => {
                // The latest leases of this process and of those it came after.
                let Some(held) = held.iter().rev().filter(|held| held.slot == who).nth(l) else {
                    continue;
                };
                let ledger = ledgers[who].as_ref().unwrap();
                worker(&action, ledger, held, &mut reference, epochs[who], &say).await;
            }
        }
        compare(&house, &reference, &say);
    }
}

fn compare(house: &House, reference: &Reference, say: &str) {
    let db = house.raw();
    let mut rows = db.prepare("SELECT l.work_id, v.state, l.due_at, l.owner, l.attempts, l.failures, l.round, l.id FROM ledger_jobs l JOIN artifact_jobs v ON v.job_no = l.id").unwrap();
    let rows: Vec<_> = rows
        .query_map([], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, Option<i64>>(2)?,
                row.get::<_, Option<i64>>(3)?,
                row.get::<_, u32>(4)?,
                row.get::<_, u32>(5)?,
                row.get::<_, u32>(6)?,
                row.get::<_, i64>(7)?,
            ))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(rows.len(), reference.jobs.len(), "{say}");
    for (work_id, state, due, owner, attempts, failures, round, id) in rows {
        let job = &reference.jobs[&work_id[1..].parse::<usize>().unwrap()];
        let known = (
            job.state.as_str(),
            job.due,
            job.owner,
            job.attempts,
            job.failures,
            job.round,
        );
        assert_eq!(
            (state.as_str(), due, owner, attempts, failures, round),
            known,
            "{say}: {work_id}"
        );
        let mut ops = db
            .prepare_cached("SELECT kind, code, intent IS NOT NULL FROM ledger_ops WHERE job = ?1")
            .unwrap();
        let ops: BTreeMap<String, (Option<String>, bool)> = ops
            .query_map([id], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let known: BTreeMap<String, (Option<String>, bool)> = job
            .ops
            .iter()
            .map(|(kind, op)| {
                (
                    kind.as_str().to_owned(),
                    (op.code.map(|c| c.as_str().to_owned()), op.intent),
                )
            })
            .collect();
        assert_eq!(ops, known, "{say}: the effects of {work_id}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_shrink_iters: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_and_a_reference_in_memory_agree_on_every_answer_and_every_row(actions in actions()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(actions));
    }
}
