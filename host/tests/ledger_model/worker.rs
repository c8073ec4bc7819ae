//! What a worker asks of a lease, on both sides at once.

use paperfall::ledger::{
    Begun, Failed, Failure, Finish, IndexEntry, Indexed, JobState, Lease, Ledger, Op, OpType,
    ResultCode, SqliteLedger,
};
use serde_json::json;

use super::ledger_kit::*;
use super::reference::{Held, No, RefOp, Reference, no};
use super::{Action, LEASE};

pub(super) fn the(lease: &Lease, kind: OpType) -> Op {
    op(lease, kind, json!({"the": "only"}))
}

pub(super) async fn worker(
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
                result: json!({}).into(),
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
