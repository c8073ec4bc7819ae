//! Rows of jobs: finding them, and the guard every write of a worker passes.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::effect;
use crate::ledger::error::LedgerError;
use crate::ledger::event::Event;
#[cfg(feature = "failpoints")]
use crate::ledger::failpoint;
use crate::ledger::job::{Fence, Lease};
use crate::ledger::keys::{JobId, JobKey, Sha256Hex};
use crate::ledger::queue::{OpError, Tx};
use crate::ledger::state::{FILE_MISSING, JobState};

/// What the guard read of a job.
pub(super) struct Held {
    pub(super) state: JobState,
    pub(super) failures: u32,
}

/// The job's row, if this lease is still the current one.
pub(super) fn guard(tx: &Tx<'_>, lease: &Lease) -> Result<Held, OpError> {
    let mut read = tx
        .db
        .prepare_cached("SELECT fence, owner, state, failures FROM ledger_jobs WHERE id = ?1")?;
    let found = read
        .query_row([lease.row], |row| {
            let current = row.get::<_, i64>(0)? == lease.fence.raw()
                && row.get::<_, Option<i64>>(1)? == Some(tx.me);
            Ok((
                current,
                Held {
                    state: state(row, 2)?,
                    failures: row.get(3)?,
                },
            ))
        })
        .optional()?;
    #[cfg(feature = "failpoints")]
    let found = found.map(|(current, held)| (current || failpoint::without("fence"), held));
    match found {
        None => Err(LedgerError::NoSuchJob { job: lease.job_id }.into()),
        Some((false, _)) => Err(LedgerError::Fenced {
            job: lease.job_id,
            fence: lease.fence,
        }
        .into()),
        Some((true, held)) => Ok(held),
    }
}

/// Moves a job, tells of it, and returns where it is.
pub(super) fn move_to(
    tx: &mut Tx<'_>,
    job: (i64, JobId),
    from: JobState,
    to: JobState,
    reason: Option<&str>,
) -> Result<JobState, OpError> {
    tx.db
        .prepare_cached("UPDATE ledger_jobs SET state = ?2, updated_at = ?3 WHERE id = ?1")?
        .execute(params![job.0, to.code(), tx.now.as_millis()])?;
    tell_move(tx, job.1, from, to, reason);
    Ok(to)
}

/// Finishes a job: it is never due again and held by nobody.
pub(super) fn end(
    tx: &mut Tx<'_>,
    job: (i64, JobId),
    from: JobState,
    to: JobState,
    reason: Option<&str>,
) -> Result<(), OpError> {
    tx.db
        .prepare_cached(
            "UPDATE ledger_jobs SET state = ?2, due_at = NULL, owner = NULL, finished_at = ?3, updated_at = ?3, reason = ?4
             WHERE id = ?1",
        )?
        .execute(params![job.0, to.code(), tx.now.as_millis(), reason])?;
    effect::abandon_of(tx, job.0)?;
    tell_move(tx, job.1, from, to, reason);
    Ok(())
}

fn tell_move(
    tx: &mut Tx<'_>,
    job_id: JobId,
    from_state: JobState,
    to_state: JobState,
    reason: Option<&str>,
) {
    tx.events.push(Event::JobStateChanged {
        job_id,
        from_state,
        to_state,
        reason: reason.map(str::to_owned),
    });
}

/// Where a new round begins, and what it keeps.
pub(super) struct NewRound {
    /// When the job is due.
    pub(super) due_at: i64,
    /// Failures it starts with.
    pub(super) failures: u32,
}

/// FAILED to PLANNED: another round, which keeps what the last ones learned.
pub(super) fn begin_round(
    tx: &mut Tx<'_>,
    job: (i64, JobId),
    round: &NewRound,
) -> Result<(), OpError> {
    tx.db
        .prepare_cached(
            "UPDATE ledger_jobs SET state = 0, due_at = ?2, owner = NULL, finished_at = NULL, round = round + 1,
                    failures = ?3, updated_at = ?4 WHERE id = ?1",
        )?
        .execute(params![job.0, round.due_at, round.failures, tx.now.as_millis()])?;
    tell_move(tx, job.1, JobState::Failed, JobState::Planned, None);
    Ok(())
}

/// Sends a job whose file is gone through FAILED into a new round, in which no
/// effect that made the file counts as done.
pub(super) fn fetch_again(
    tx: &mut Tx<'_>,
    job: (i64, JobId),
    from: JobState,
) -> Result<(), OpError> {
    end(tx, job, from, JobState::Failed, Some(FILE_MISSING))?;
    tx.db
        .prepare_cached(
            "UPDATE ledger_ops SET code = 'ABANDONED' WHERE job = ?1 AND kind IN ('STREAM', 'FINALIZE', 'INDEX', 'DEDUPE', 'HEAD')",
        )?
        .execute([job.0])?;
    tx.db
        .prepare_cached("UPDATE ledger_jobs SET sha256 = NULL WHERE id = ?1")?
        .execute([job.0])?;
    begin_round(
        tx,
        job,
        &NewRound {
            due_at: 0,
            failures: 0,
        },
    )
}

/// The row of the job with this id.
pub(in crate::ledger) fn find(db: &Connection, job: JobId) -> rusqlite::Result<Option<i64>> {
    let (low, high) = job.key_range();
    let mut by_key = db.prepare_cached(
        "SELECT id, key, foreign_id FROM ledger_jobs WHERE key BETWEEN ?1 AND ?2",
    )?;
    let mut rows = by_key.query(params![low, high])?;
    while let Some(row) = rows.next()? {
        if job_id(&JobKey::from_bytes(row.get(1)?), row.get(2)?) == job {
            return row.get(0).map(Some);
        }
    }
    db.prepare_cached("SELECT id FROM ledger_jobs WHERE foreign_id = ?1")?
        .query_row([job.to_string()], |row| row.get(0))
        .optional()
}

/// A row's own id, or the one made of its key. (A text that is no UUID as they
/// are written, which only a strange ledger of DocsToKG's has, names nothing.)
pub(in crate::ledger) fn job_id(key: &JobKey, foreign: Option<String>) -> JobId {
    foreign.map_or_else(|| JobId::from_key(key), |id| JobId::stored(&id, key))
}

/// The state in this column.
pub(in crate::ledger) fn state(row: &Row<'_>, column: usize) -> rusqlite::Result<JobState> {
    let code: i64 = row.get(column)?;
    JobState::from_code(code).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, code))
}

/// The hash in this column, if there is one.
pub(in crate::ledger) fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Sha256Hex>> {
    Ok(row
        .get::<_, Option<[u8; 32]>>(column)?
        .map(Sha256Hex::from_bytes))
}

/// Refuses what is too long.
pub(super) fn bounded(what: &'static str, bytes: usize, limit: usize) -> Result<(), LedgerError> {
    if bytes > limit {
        Err(LedgerError::TooLarge { what, bytes, limit })
    } else {
        Ok(())
    }
}

/// The fence in this column.
pub(super) fn fence(row: &Row<'_>, column: usize) -> rusqlite::Result<Fence> {
    row.get(column).map(Fence::from_raw)
}
