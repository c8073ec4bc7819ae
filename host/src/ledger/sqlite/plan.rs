//! Planning: a work becomes a job once, however often and by whomever it is planned.

use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{self, bounded};
use crate::ledger::error::LedgerError;
use crate::ledger::event::Event;
use crate::ledger::failpoint::failpoint;
use crate::ledger::job::{MAX_NAME_BYTES, MAX_PAYLOAD_BYTES, NewJob, Planned};
use crate::ledger::keys::{JobId, JobKey};
use crate::ledger::queue::{OpError, Tx};
use crate::ledger::state::JobState;

/// Refuses jobs that are too long to be stored.
pub(super) fn check(job: &NewJob) -> Result<(), LedgerError> {
    bounded("the work id", job.work_id.len(), MAX_NAME_BYTES)?;
    bounded("the artifact id", job.artifact_id.len(), MAX_NAME_BYTES)?;
    bounded("the canonical URL", job.canonical_url.len(), MAX_NAME_BYTES)?;
    bounded(
        "the job's payload",
        job.payload.as_ref().map_or(0, String::len),
        MAX_PAYLOAD_BYTES,
    )
}

/// The jobs that exist, at their places in the list; reads only.
pub(super) fn look_up(db: &Connection, keys: &[JobKey]) -> rusqlite::Result<Vec<Option<Planned>>> {
    // A new ledger has nothing to look up.
    let any: Option<i64> = db
        .prepare_cached("SELECT 1 FROM ledger_jobs LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    if any.is_none() {
        return Ok(vec![None; keys.len()]);
    }
    keys.iter().map(|key| existing(db, key)).collect()
}

fn existing(db: &Connection, key: &JobKey) -> rusqlite::Result<Option<Planned>> {
    db.prepare_cached(
        "SELECT state, due_at IS NULL, reason, sha256, foreign_id FROM ledger_jobs WHERE key = ?1",
    )?
    .query_row([key.as_bytes()], |row| {
        Ok(Planned {
            job_id: rows::job_id(key, row.get(4)?),
            key: *key,
            state: rows::state(row, 0)?,
            new: false,
            done: row.get(1)?,
            failure_reason: row.get(2)?,
            sha256: rows::hash(row, 3)?,
        })
    })
    .optional()
}

/// Writes the jobs that do not exist.
pub(super) fn write(tx: &mut Tx<'_>, jobs: &[(JobKey, NewJob)]) -> Result<Vec<Planned>, OpError> {
    let mut insert = tx.db.prepare_cached(
        "INSERT INTO ledger_jobs(key, due_at, created_at, updated_at, work_id, artifact_id, url)
         VALUES(?1, 0, ?2, ?2, ?3, ?4, ?5) ON CONFLICT(key) DO NOTHING",
    )?;
    let mut payload = tx
        .db
        .prepare_cached("INSERT INTO ledger_payloads(job, body) VALUES(?1, ?2)")?;
    let mut planned = Vec::with_capacity(jobs.len());
    for (key, job) in jobs {
        let now = tx.now.as_millis();
        if insert.execute(params![
            key.as_bytes(),
            now,
            job.work_id,
            job.artifact_id,
            job.canonical_url
        ])? == 0
        {
            planned.extend(existing(tx.db, key)?);
            continue;
        }
        if let Some(body) = &job.payload {
            payload.execute(params![tx.db.last_insert_rowid(), body])?;
        }
        let job_id = JobId::from_key(key);
        tx.events.push(Event::JobPlanned {
            job_id,
            work_id: job.work_id.clone(),
            artifact_id: job.artifact_id.clone(),
            url: job.canonical_url.clone(),
            idempotency_key: *key,
        });
        planned.push(Planned {
            job_id,
            key: *key,
            state: JobState::Planned,
            new: true,
            done: false,
            failure_reason: None,
            sha256: None,
        });
    }
    failpoint!("plan.in_tx");
    Ok(planned)
}
