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

use std::collections::BTreeMap;
use std::time::Duration;

use ledger_kit::*;
use paperfall::ledger::{
    Begun, Failed, Failure, Finish, IndexEntry, Indexed, JobState, Lease, LeaseRequest, Ledger,
    LedgerError, Op, OpType, ResultCode, SqliteLedger, Thoroughness,
};
use proptest::prelude::*;
use serde_json::json;

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

#[derive(Debug, Clone)]
struct RefOp {
    code: Option<ResultCode>,
    lease: u64,
    intent: bool,
}

#[derive(Debug, Clone)]
struct RefJob {
    row: usize,
    state: JobState,
    due: Option<i64>,
    owner: Option<i64>,
    /// Which lease is the current one; the reference's own fence.
    lease: u64,
    attempts: u32,
    failures: u32,
    round: u32,
    ops: BTreeMap<OpType, RefOp>,
}

struct Reference {
    jobs: BTreeMap<usize, RefJob>,
    now: i64,
    epochs: i64,
    dead: Vec<i64>,
    leases: u64,
    stored: bool,
}

/// A lease as both sides know it.
struct Held {
    lease: Lease,
    job: usize,
    number: u64,
    owner: i64,
    slot: usize,
}

#[derive(Debug, PartialEq)]
enum No {
    Fenced,
    Illegal,
    InProgress,
    NotBegun,
    NotStored,
}

fn no(error: &LedgerError) -> No {
    match error {
        LedgerError::Fenced { .. } => No::Fenced,
        LedgerError::IllegalMove { .. } => No::Illegal,
        LedgerError::InProgress { .. } => No::InProgress,
        LedgerError::NotBegun { .. } => No::NotBegun,
        LedgerError::NotStored { .. } => No::NotStored,
        other => panic!("unexpected: {other}"),
    }
}

impl Reference {
    fn held(&mut self, held: &Held) -> Result<&mut RefJob, No> {
        let job = self.jobs.get_mut(&held.job).unwrap();
        if job.lease == held.number && job.owner == Some(held.owner) {
            Ok(job)
        } else {
            Err(No::Fenced)
        }
    }

    fn next_due(&self) -> Option<usize> {
        let due = self
            .jobs
            .iter()
            .filter(|(_, job)| job.due.is_some_and(|due| due <= self.now));
        due.min_by_key(|(_, job)| (job.due, job.owner.unwrap_or(-1), job.row))
            .map(|(n, _)| *n)
    }

    fn bury(&mut self, me: i64) -> bool {
        let mut any = false;
        for job in self.jobs.values_mut() {
            if let (Some(owner), Some(due)) = (job.owner, job.due)
                && owner != me
                && due > self.now
                && self.dead.contains(&owner)
            {
                job.due = Some(self.now);
                any = true;
            }
        }
        any
    }

    fn lease(&mut self, me: i64) -> Option<(usize, u64)> {
        let n = self
            .next_due()
            .or_else(|| if self.bury(me) { self.next_due() } else { None })?;
        self.leases += 1;
        let (number, until) = (self.leases, self.now + 100_000);
        let job = self.jobs.get_mut(&n).unwrap();
        if job.state == JobState::Planned {
            job.state = JobState::Leased;
        }
        (job.lease, job.owner, job.due) = (number, Some(me), Some(until));
        job.attempts += 1;
        Some((n, number))
    }
}

impl RefJob {
    fn abandon(&mut self) {
        for op in self.ops.values_mut() {
            op.code = op.code.or(Some(ResultCode::Abandoned));
        }
    }

    fn end(&mut self, state: JobState) {
        (self.state, self.due, self.owner) = (state, None, None);
        self.abandon();
    }

    fn may_advance(&self, to: JobState) -> bool {
        let forwards = [
            JobState::HeadDone,
            JobState::ResumeOk,
            JobState::Streaming,
            JobState::Finalized,
        ];
        forwards.contains(&to) && (self.state >= to || self.state.may_become(to))
    }

    fn record(&mut self, kind: OpType, code: ResultCode) -> Result<(), No> {
        let lease = self.lease;
        match self.ops.get_mut(&kind) {
            Some(op) if op.code.is_none() && op.lease == lease => op.code = Some(code),
            Some(op)
                if !matches!(op.code, Some(ResultCode::Ok | ResultCode::NonRetryable))
                    && !kind.needs_intent() =>
            {
                (op.code, op.lease) = (Some(code), lease);
            }
            None if !kind.needs_intent() => {
                self.ops.insert(
                    kind,
                    RefOp {
                        code: Some(code),
                        lease,
                        intent: false,
                    },
                );
            }
            _ => return Err(No::NotBegun),
        }
        Ok(())
    }
}

fn the(lease: &Lease, kind: OpType) -> Op {
    op(lease, kind, json!({"the": "only"}))
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

async fn worker(
    action: &Action,
    ledger: &SqliteLedger,
    held: &Held,
    reference: &mut Reference,
    me: i64,
    say: &str,
) {
    let lease = &held.lease;
    let now = reference.now;
    let stored = reference.stored;
    let known = if me == held.owner {
        reference.held(held)
    } else {
        Err(No::Fenced)
    };
    match *action {
        Action::Renew(..) => {
            let expected = known.and_then(|job| {
                if job.due.unwrap() <= now {
                    return Err(No::Fenced);
                }
                job.due = Some(now + 100_000);
                Ok(())
            });
            assert_eq!(
                ledger.renew(lease, LEASE).await.map_err(|e| no(&e)),
                expected,
                "{say}"
            );
        }
        Action::Release(..) => {
            let expected = known.map(|job| {
                (job.due, job.owner) = (Some(0), None);
                job.attempts -= 1;
                job.abandon();
            });
            assert_eq!(
                ledger.release(lease).await.map_err(|e| no(&e)),
                expected,
                "{say}"
            );
        }
        Action::Begin(_, _, kind) => {
            let expected = known.and_then(|job| {
                let number = job.lease;
                let told = match job.ops.get(&kind) {
                    None => "run",
                    Some(op) => match op.code {
                        Some(ResultCode::Ok | ResultCode::NonRetryable) => return Ok("replay"),
                        None if op.lease == number => return Err(No::InProgress),
                        None | Some(ResultCode::Abandoned) => "recover",
                        Some(ResultCode::Retryable) => "run",
                    },
                };
                job.ops.insert(
                    kind,
                    RefOp {
                        code: None,
                        lease: number,
                        intent: true,
                    },
                );
                if kind == OpType::Stream
                    && [JobState::HeadDone, JobState::ResumeOk].contains(&job.state)
                {
                    job.state = JobState::Streaming;
                }
                Ok(told)
            });
            let got = ledger
                .begin(lease, begin(the(lease, kind), json!({"intent": 1})))
                .await;
            let got = got.map_err(|e| no(&e)).map(|begun| match begun {
                Begun::Run => "run",
                Begun::Recover { .. } => "recover",
                Begun::Replay(_) => "replay",
            });
            assert_eq!(got, expected, "{say}");
        }
        Action::Finish(_, _, kind, code, advance) => {
            let expected = known.and_then(|job| {
                if advance.is_some_and(|to| !job.may_advance(to)) {
                    return Err(No::Illegal);
                }
                job.record(kind, code)?;
                job.state = advance.map_or(job.state, |to| job.state.max(to));
                Ok(job.state)
            });
            let finish = Finish {
                advance,
                ..Finish::not(the(lease, kind), code, json!({"r": 1}))
            };
            assert_eq!(
                ledger
                    .finish(lease, finish)
                    .await
                    .map_err(|e| no(&e))
                    .map(|f| f.state),
                expected,
                "{say}"
            );
        }
        Action::Advance(_, _, to) => {
            let expected = known.and_then(|job| {
                if !job.may_advance(to) {
                    return Err(No::Illegal);
                }
                job.state = job.state.max(to);
                Ok(job.state)
            });
            assert_eq!(
                ledger.advance(lease, to).await.map_err(|e| no(&e)),
                expected,
                "{say}"
            );
        }
        Action::Fail(_, _, retryable) => {
            let failed = ledger
                .fail(
                    lease,
                    Failure {
                        reason: "reset".to_owned(),
                        retryable,
                        op: None,
                        also: Vec::new(),
                    },
                )
                .await;
            let expected = known.map(|job| {
                job.end(JobState::Failed);
                job.failures += 1;
                retryable && job.failures < 5
            });
            let got = failed
                .as_ref()
                .map(|failed| matches!(failed, Failed::Again(_)))
                .map_err(no);
            assert_eq!(got, expected, "{say}");
            if let (Ok(Failed::Again(wait)), Ok(job)) =
                (failed, reference.jobs.get_mut(&held.job).ok_or(()))
            {
                (job.state, job.due) = (
                    JobState::Planned,
                    Some(now + i64::try_from(wait.as_millis()).unwrap()),
                );
                job.round += 1;
            }
        }
        Action::Index(..) => {
            let expected = known.and_then(|job| {
                if job.state != JobState::Finalized {
                    return Err(No::Illegal);
                }
                if stored {
                    // The same bytes for every job: only the first is INDEXED.
                    if !job.ops.contains_key(&OpType::Index) {
                        job.record(OpType::Index, ResultCode::Ok)?;
                    }
                    return Ok(false);
                }
                job.record(OpType::Index, ResultCode::Ok)?;
                job.end(JobState::Indexed);
                Ok(true)
            });
            let entry = IndexEntry {
                op: the(lease, OpType::Index),
                finalize: None,
                object: object("bytes"),
                urls: vec!["u".to_owned()],
                result: json!({}),
            };
            let got = ledger
                .index(lease, entry)
                .await
                .map_err(|e| no(&e))
                .map(|found| found == Indexed::New);
            assert_eq!(got, expected, "{say}");
            reference.stored |= expected == Ok(true);
        }
        Action::Skip(..) => {
            let expected = known.and_then(|job| {
                if job.state != JobState::Leased {
                    return Err(No::Illegal);
                }
                if !stored {
                    return Err(No::NotStored);
                }
                job.end(JobState::SkippedDuplicate);
                Ok(())
            });
            assert_eq!(
                ledger
                    .skip_duplicate(lease, "u")
                    .await
                    .map_err(|e| no(&e))
                    .map(|_| ()),
                expected,
                "{say}"
            );
        }
        _ => unreachable!("not a worker's action"),
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
