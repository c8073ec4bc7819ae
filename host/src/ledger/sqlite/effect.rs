//! Effects: the intent before, the result after, and what a later worker is told
//! about an effect that was begun before.

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use super::rows::{self, bounded, guard};
use crate::ledger::clock::Timestamp;
use crate::ledger::error::LedgerError;
use crate::ledger::event::{Event, seconds};
use crate::ledger::failpoint::failpoint;
use crate::ledger::job::{Fence, Lease};
use crate::ledger::json::Json;
use crate::ledger::keys::OpKey;
use crate::ledger::op::{
    Begin, Begun, Finish, Finished, MAX_RECORD_BYTES, Op, OpType, Replay, ResultCode,
};
use crate::ledger::queue::{OpError, Tx};
use crate::ledger::state::JobState;

/// What is recorded of an effect.
struct Recorded {
    code: Option<ResultCode>,
    fence: Fence,
    intent: Option<String>,
    result: Option<String>,
    started_at: i64,
    finished_at: Option<i64>,
}

fn recorded(db: &Connection, row: i64, key: &OpKey) -> rusqlite::Result<Option<Recorded>> {
    db.prepare_cached("SELECT code, fence, intent, result, started_at, finished_at FROM ledger_ops WHERE job = ?1 AND key = ?2")?
        .query_row(params![row, key.as_bytes()], |row| {
            Ok(Recorded {
                code: row.get::<_, Option<String>>(0)?.and_then(|code| ResultCode::parse(&code)),
                fence: rows::fence(row, 1)?,
                intent: row.get(2)?,
                result: row.get(3)?,
                started_at: row.get(4)?,
                finished_at: row.get(5)?,
            })
        })
        .optional()
}

impl Recorded {
    /// The stored result, if the effect ended in a way that stays.
    fn replay(&self) -> Option<Replay> {
        let code = self
            .code
            .filter(|code| matches!(code, ResultCode::Ok | ResultCode::NonRetryable))?;
        Some(Replay {
            code,
            result: parse(self.result.as_deref()),
            finished_at: Timestamp::from_millis(self.finished_at.unwrap_or(self.started_at)),
        })
    }
}

/// Text the ledger stored as JSON; what somebody changed by hand is shown as text.
pub(super) fn parse(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| {
        serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
    })
}

/// The stored result of a finished effect of a job that is still held; reads only.
pub(super) fn replay(
    db: &Connection,
    me: i64,
    lease: &Lease,
    op: &Op,
) -> Result<Option<Replay>, OpError> {
    let current = db
        .prepare_cached("SELECT fence = ?2 AND owner IS ?3 FROM ledger_jobs WHERE id = ?1")?
        .query_row(params![lease.row, lease.fence.raw(), me], |row| {
            row.get::<_, bool>(0)
        })
        .optional()?;
    match current {
        None => Err(LedgerError::NoSuchJob { job: lease.job_id }.into()),
        Some(false) => Err(LedgerError::Fenced {
            job: lease.job_id,
            fence: lease.fence,
        }
        .into()),
        Some(true) => Ok(recorded(db, lease.row, &op.key)?
            .as_ref()
            .and_then(Recorded::replay)),
    }
}

/// The event of a replay.
pub(super) fn tell_replay(lease: &Lease, op: &Op, replay: &Replay) -> Event {
    Event::IdempotencyReplay {
        job_id: lease.job_id,
        op_key: op.key,
        op_type: op.kind,
        reused_from_time: seconds(replay.finished_at),
    }
}

/// Refuses an intent that is too long.
pub(super) fn check_intent(intent: &Json) -> Result<(), LedgerError> {
    let bytes = intent.as_str().len();
    bounded("the operation's intent", bytes, MAX_RECORD_BYTES)
}

/// Refuses a result that is too long.
pub(super) fn check_result(result: &Json) -> Result<(), LedgerError> {
    let bytes = result.as_str().len();
    bounded("the operation's result", bytes, MAX_RECORD_BYTES)
}

/// Begins an effect of a held job.
pub(super) fn begin(tx: &mut Tx<'_>, lease: &Lease, begin: &Begin) -> Result<Begun, OpError> {
    let held = guard(tx, lease)?;
    begin_held(tx, lease, begin, held.state)
}

/// The same, for a caller that has passed the guard and knows the job's state.
/// Bytes are being fetched from the moment STREAM is begun: a job whose headers
/// are known moves there with it.
pub(super) fn begin_held(
    tx: &mut Tx<'_>,
    lease: &Lease,
    begin: &Begin,
    state: JobState,
) -> Result<Begun, OpError> {
    check_intent(&begin.intent)?;
    let (op, intent) = (&begin.op, begin.intent.as_str());
    let before = recorded(tx.db, lease.row, &op.key)?;
    #[cfg(feature = "failpoints")]
    if before.is_some() && crate::ledger::failpoint::without("in_flight") {
        let finished_at = tx.now;
        return Ok(Begun::Replay(Replay {
            code: ResultCode::Ok,
            result: Value::Null,
            finished_at,
        }));
    }
    let begun = match &before {
        None => Begun::Run,
        Some(earlier) => match (earlier.replay(), earlier.code) {
            (Some(replay), _) => {
                tx.events.push(tell_replay(lease, op, &replay));
                return Ok(Begun::Replay(replay));
            }
            (None, None) if earlier.fence == lease.fence => {
                return Err(LedgerError::InProgress {
                    job: lease.job_id,
                    op: op.key,
                    kind: op.kind,
                }
                .into());
            }
            (None, None | Some(ResultCode::Abandoned)) => Begun::Recover {
                intent: parse(earlier.intent.as_deref()),
                fence: earlier.fence,
            },
            (None, Some(_)) => Begun::Run,
        },
    };
    let now = tx.now.as_millis();
    if before.is_some() {
        tx.db
            .prepare_cached(
                "UPDATE ledger_ops SET fence = ?3, tries = tries + 1, started_at = ?4, finished_at = NULL, code = NULL,
                        intent = ?5, result = NULL WHERE job = ?1 AND key = ?2",
            )?
            .execute(params![lease.row, op.key.as_bytes(), lease.fence.raw(), now, intent])?;
    } else {
        tx.db
            .prepare_cached(
                "INSERT INTO ledger_ops(job, key, kind, fence, started_at, context, intent) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                lease.row, op.key.as_bytes(), op.kind.as_str(), lease.fence.raw(), now, op.context, intent
            ])?;
    }
    tx.events.push(Event::OperationStarted {
        job_id: lease.job_id,
        op_key: op.key,
        op_type: op.kind,
    });
    if op.kind == OpType::Stream && matches!(state, JobState::HeadDone | JobState::ResumeOk) {
        rows::move_to(
            tx,
            (lease.row, lease.job_id),
            state,
            JobState::Streaming,
            None,
        )?;
    }
    failpoint!(&format!("{}.in_intent_tx", op.kind));
    Ok(begun)
}

/// Finishes an effect, moves the job, and begins the next effect.
pub(super) fn finish(tx: &mut Tx<'_>, lease: &Lease, finish: &Finish) -> Result<Finished, OpError> {
    let held = guard(tx, lease)?;
    if let Some(to) = finish.advance {
        may_advance(lease, held.state, to)?;
    }
    // Refused before the first write, so that nothing needs to be undone.
    if let Some(next) = &finish.then {
        check_intent(&next.intent)?;
        if let Some(earlier) = recorded(tx.db, lease.row, &next.op.key)?
            && earlier.code.is_none()
            && earlier.fence == lease.fence
        {
            return Err(LedgerError::InProgress {
                job: lease.job_id,
                op: next.op.key,
                kind: next.op.kind,
            }
            .into());
        }
    }
    record(tx, lease, &finish.op, finish.code, &finish.result)?;
    if let Some(sha256) = finish.object {
        tx.db
            .prepare_cached("UPDATE ledger_jobs SET sha256 = ?2 WHERE id = ?1")?
            .execute(params![lease.row, sha256.as_bytes()])?;
    }
    let job = (lease.row, lease.job_id);
    let state = match finish.advance {
        Some(to) if to == JobState::Deduped && held.state < to => {
            rows::end(tx, job, held.state, to, None)?;
            to
        }
        Some(to) if held.state < to => rows::move_to(tx, job, held.state, to, None)?,
        _ => held.state,
    };
    record_also(tx, lease, &finish.also)?;
    let (next, state) = match &finish.then {
        Some(next) => {
            let next = begin_held(tx, lease, next, state)?;
            (Some(next), guard(tx, lease)?.state)
        }
        None => (None, state),
    };
    failpoint!(&format!("{}.in_result_tx", finish.op.kind));
    Ok(Finished { state, next })
}

/// Whether an effect may take the job there. INDEXED, SKIPPED_DUPLICATE and
/// FAILED have operations of their own.
fn may_advance(lease: &Lease, from: JobState, to: JobState) -> Result<(), LedgerError> {
    let forwards = matches!(
        to,
        JobState::HeadDone
            | JobState::ResumeOk
            | JobState::Streaming
            | JobState::Finalized
            | JobState::Deduped
    );
    if forwards && (from >= to || from.may_become(to)) {
        Ok(())
    } else {
        Err(LedgerError::IllegalMove {
            job: lease.job_id,
            from,
            to,
        })
    }
}

/// Records effects that ended along with another one; those recorded before stay.
pub(super) fn record_also(
    tx: &mut Tx<'_>,
    lease: &Lease,
    also: &[(Op, ResultCode, Json)],
) -> Result<(), OpError> {
    for (op, code, result) in also {
        let known = recorded(tx.db, lease.row, &op.key)?.is_some_and(|known| known.code.is_some());
        if !known {
            record(tx, lease, op, *code, result)?;
        }
    }
    Ok(())
}

/// Records how an effect ended. The caller has passed the guard.
pub(super) fn record(
    tx: &mut Tx<'_>,
    lease: &Lease,
    op: &Op,
    code: ResultCode,
    result: &Json,
) -> Result<(), OpError> {
    check_result(result)?;
    let result = result.as_str();
    let now = tx.now.as_millis();
    let started_at = match recorded(tx.db, lease.row, &op.key)? {
        Some(earlier) if earlier.code.is_none() && earlier.fence == lease.fence => {
            tx.db
                .prepare_cached(
                    "UPDATE ledger_ops SET code = ?3, result = ?4, finished_at = ?5 WHERE job = ?1 AND key = ?2",
                )?
                .execute(params![lease.row, op.key.as_bytes(), code.as_str(), result, now])?;
            earlier.started_at
        }
        Some(earlier) if earlier.replay().is_none() && !op.kind.needs_intent() => {
            tx.db
                .prepare_cached(
                    "UPDATE ledger_ops SET fence = ?3, tries = tries + 1, code = ?4, result = ?5, finished_at = ?6
                     WHERE job = ?1 AND key = ?2",
                )?
                .execute(params![lease.row, op.key.as_bytes(), lease.fence.raw(), code.as_str(), result, now])?;
            now
        }
        None if !op.kind.needs_intent() => {
            tx.db
                .prepare_cached(
                    "INSERT INTO ledger_ops(job, key, kind, fence, started_at, finished_at, code, context, result)
                     VALUES(?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8)",
                )?
                .execute(params![
                    lease.row, op.key.as_bytes(), op.kind.as_str(), lease.fence.raw(), now, code.as_str(),
                    op.context, result
                ])?;
            now
        }
        _ => {
            return Err(LedgerError::NotBegun {
                job: lease.job_id,
                op: op.key,
                kind: op.kind,
            }
            .into());
        }
    };
    tx.events.push(Event::OperationCompleted {
        job_id: lease.job_id,
        op_key: op.key,
        op_type: op.kind,
        result_code: code,
        elapsed_ms: u64::try_from(now.saturating_sub(started_at)).unwrap_or(0),
    });
    Ok(())
}

/// Moves a held job forwards without an effect (a part file was verified, say).
pub(super) fn advance(tx: &mut Tx<'_>, lease: &Lease, to: JobState) -> Result<JobState, OpError> {
    let held = guard(tx, lease)?;
    may_advance(lease, held.state, to)?;
    if to == JobState::Deduped {
        // Only the DEDUPE effect ends a job there.
        return Err(LedgerError::IllegalMove {
            job: lease.job_id,
            from: held.state,
            to,
        }
        .into());
    }
    if held.state >= to {
        return Ok(held.state);
    }
    let state = rows::move_to(tx, (lease.row, lease.job_id), held.state, to, None)?;
    failpoint!("advance.in_tx");
    Ok(state)
}

/// Marks the unfinished effects of one job, for the record; recovery still finds
/// their intents.
pub(super) fn abandon_of(tx: &Tx<'_>, row: i64) -> rusqlite::Result<()> {
    tx.db
        .prepare_cached("UPDATE ledger_ops SET code = 'ABANDONED' WHERE job = ?1 AND code IS NULL")?
        .execute([row])
        .map(|_| ())
}

/// Marks the effects whose worker vanished. Only jobs that somebody held and did
/// not let go have any, and those are not due "now": the rest of the backlog is
/// not looked at.
pub(super) fn abandon_dead(tx: &Tx<'_>) -> rusqlite::Result<u64> {
    let changed = tx
        .db
        .prepare_cached(
            "UPDATE ledger_ops SET code = 'ABANDONED' WHERE code IS NULL AND job IN
               (SELECT id FROM ledger_jobs INDEXED BY ledger_due WHERE due_at > 0)
             AND NOT EXISTS (SELECT 1 FROM ledger_jobs j WHERE j.id = ledger_ops.job AND j.fence = ledger_ops.fence
                  AND j.owner IS NOT NULL AND j.due_at > ?1)",
        )?
        .execute([tx.now.as_millis()])?;
    Ok(u64::try_from(changed).unwrap_or(0))
}
