//! Planning: a work becomes a job once, however often and by whomever it is planned.

use rusqlite::{Connection, OptionalExtension, Statement, params};

use super::rows::{self, bounded};
use super::store::Merge;
use crate::ledger::clock::Timestamp;
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

/// The jobs that exist and have nothing to learn, at their places in the list;
/// reads only. It may miss some in a list of new ones: writing finds those.
pub(super) fn look_up(
    db: &Connection,
    jobs: &[(JobKey, NewJob)],
    merge: Merge,
) -> rusqlite::Result<Vec<Option<Planned>>> {
    let mut statement = db.prepare_cached(EXISTING)?;
    let mut settled = |job: &(JobKey, NewJob)| -> rusqlite::Result<Option<Option<Planned>>> {
        let found = existing(&mut statement, job)?;
        Ok(found.map(|found| {
            let learns = found.learns(&job.1, merge).is_some();
            (!learns).then_some(found.planned)
        }))
    };
    let mut found = Vec::with_capacity(jobs.len());
    for share in jobs.chunks(SHARE) {
        let (sample, rest) = share.split_at(share.len().min(SAMPLE));
        let mut all_new = true;
        for job in sample {
            let known = settled(job)?;
            all_new &= known.is_none();
            found.push(known.flatten());
        }
        if all_new {
            found.resize(found.len() + rest.len(), None);
            continue;
        }
        for job in rest {
            found.push(settled(job)?.flatten());
        }
    }
    Ok(found)
}

/// A job and its payload: none where it is the one given or will not be needed
/// (its file is stored), empty where there is none.
const EXISTING: &str = "SELECT state, due_at IS NULL, reason, sha256, foreign_id, finished_at,
    CASE WHEN ?2 IS NULL OR p.body = ?2 OR (due_at IS NULL AND state <> 9) THEN NULL ELSE coalesce(p.body, '') END
  FROM ledger_jobs LEFT JOIN ledger_payloads p ON p.job = ledger_jobs.id WHERE key = ?1";

/// See [`EXISTING`].
struct Found {
    planned: Planned,
    other_payload: Option<String>,
}

impl Found {
    /// The payload that is to stand, if it is not the one that does.
    fn learns(&self, job: &NewJob, merge: Merge) -> Option<String> {
        let (standing, newer) = (self.other_payload.as_deref()?, job.payload.as_deref()?);
        if standing.is_empty() {
            return Some(newer.to_owned());
        }
        merge(standing, newer).filter(|merged| {
            merged != standing && !merged.is_empty() && merged.len() <= MAX_PAYLOAD_BYTES
        })
    }
}

fn existing(
    statement: &mut Statement<'_>,
    (key, job): &(JobKey, NewJob),
) -> rusqlite::Result<Option<Found>> {
    statement
        .query_row(params![key.as_bytes(), job.payload], |row| {
            let planned = Planned {
                job_id: rows::job_id(key, row.get(4)?),
                key: *key,
                state: rows::state(row, 0)?,
                new: false,
                done: row.get(1)?,
                failure_reason: row.get(2)?,
                sha256: rows::hash(row, 3)?,
                finished_at: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_millis),
            };
            Ok(Found {
                planned,
                other_payload: row.get(6)?,
            })
        })
        .optional()
}

const LEARN: &str =
    "INSERT INTO ledger_payloads(job, body) SELECT id, ?2 FROM ledger_jobs WHERE key = ?1
  ON CONFLICT(job) DO UPDATE SET body = excluded.body";

/// Writes the jobs that do not exist, and what those that do have to learn.
pub(super) fn write(
    tx: &mut Tx<'_>,
    jobs: &[(JobKey, NewJob)],
    merge: Merge,
) -> Result<Vec<Planned>, OpError> {
    let mut insert = tx.db.prepare_cached(
        "INSERT INTO ledger_jobs(key, due_at, created_at, updated_at, work_id, artifact_id, url)
         VALUES(?1, 0, ?2, ?2, ?3, ?4, ?5) ON CONFLICT(key) DO NOTHING",
    )?;
    let mut payload = tx
        .db
        .prepare_cached("INSERT INTO ledger_payloads(job, body) VALUES(?1, ?2)")?;
    let mut planned = Vec::with_capacity(jobs.len());
    for new in jobs {
        let (key, job) = new;
        let now = tx.now.as_millis();
        if insert.execute(params![
            key.as_bytes(),
            now,
            job.work_id,
            job.artifact_id,
            job.canonical_url
        ])? == 0
        {
            if let Some(found) = existing(&mut *tx.db.prepare_cached(EXISTING)?, new)? {
                if let Some(body) = found.learns(job, merge) {
                    tx.db
                        .prepare_cached(LEARN)?
                        .execute(params![key.as_bytes(), body])?;
                }
                planned.push(found.planned);
            }
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
            finished_at: None,
        });
    }
    failpoint!("plan.in_tx");
    Ok(planned)
}
