//! Planning: a work becomes a job once, however often and by whomever it is planned.

use rusqlite::{Connection, OptionalExtension, Statement, params};

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

/// Keys looked up before it is believed that the rest of a share is new.
const SAMPLE: usize = 32;
/// Keys of a share.
const SHARE: usize = 1000;

/// The jobs that exist, at their places in the list; reads only. It may miss some
/// in a list of new ones: writing finds those, and leaves them as they are.
pub(super) fn look_up(db: &Connection, keys: &[JobKey]) -> rusqlite::Result<Vec<Option<Planned>>> {
    let mut statement = db.prepare_cached(EXISTING)?;
    let mut found = Vec::with_capacity(keys.len());
    for share in keys.chunks(SHARE) {
        let (sample, rest) = share.split_at(share.len().min(SAMPLE));
        let begin = found.len();
        for key in sample {
            found.push(existing(&mut statement, key)?);
        }
        if found.iter().skip(begin).all(Option::is_none) {
            found.resize(begin + share.len(), None);
            continue;
        }
        for key in rest {
            found.push(existing(&mut statement, key)?);
        }
    }
    Ok(found)
}

const EXISTING: &str =
    "SELECT state, due_at IS NULL, reason, sha256, foreign_id FROM ledger_jobs WHERE key = ?1";

fn existing(statement: &mut Statement<'_>, key: &JobKey) -> rusqlite::Result<Option<Planned>> {
    statement
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
            planned.extend(existing(&mut *tx.db.prepare_cached(EXISTING)?, key)?);
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
