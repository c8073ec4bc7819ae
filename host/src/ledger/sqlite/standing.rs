//! Where jobs stand, for those who do not hold them.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::rows;
use crate::ledger::clock::Timestamp;
use crate::ledger::job::{JobEnd, Standing};
use crate::ledger::keys::{JobId, JobKey};

/// Where a job stands.
pub(super) fn standing(
    db: &Connection,
    job: JobId,
    now: Timestamp,
) -> rusqlite::Result<Option<Standing>> {
    // In one statement, as far as ids are made of keys: a list may have failed.
    let (low, high) = job.key_range();
    let mut near = db.prepare_cached(
        "SELECT state, due_at, owner IS NOT NULL, reason, fence, key, foreign_id FROM ledger_jobs
         WHERE key BETWEEN ?1 AND ?2",
    )?;
    let mut found = near.query(params![low, high])?;
    while let Some(row) = found.next()? {
        if rows::job_id(&JobKey::from_bytes(row.get(5)?), row.get(6)?) == job {
            return stands(row, now).map(Some);
        }
    }
    let Some(row) = rows::find(db, job)? else {
        return Ok(None);
    };
    db.prepare_cached(
        "SELECT state, due_at, owner IS NOT NULL, reason, fence FROM ledger_jobs WHERE id = ?1",
    )?
    .query_row([row], |row| stands(row, now))
    .optional()
}

fn stands(row: &Row<'_>, now: Timestamp) -> rusqlite::Result<Standing> {
    let due: Option<i64> = row.get(1)?;
    let due_in = due.map(|due| Timestamp::from_millis(due).since(now));
    Ok(Standing {
        state: rows::state(row, 0)?,
        fence: rows::fence(row, 4)?,
        done: due.is_none(),
        held: row.get::<_, bool>(2)? && due_in.is_some_and(|left| !left.is_zero()),
        due_in,
        reason: row.get(3)?,
    })
}

/// The next jobs that have ended, by row.
pub(super) fn ended_after(
    db: &Connection,
    after: Option<JobId>,
    limit: u32,
) -> rusqlite::Result<Vec<JobEnd>> {
    let after = match after {
        Some(job) => rows::find(db, job)?.unwrap_or(i64::MAX),
        None => 0,
    };
    db.prepare_cached(
        "SELECT key, foreign_id, work_id, state, reason, sha256, finished_at FROM ledger_jobs
         WHERE id > ?1 AND due_at IS NULL AND finished_at IS NOT NULL AND NOT (legacy = 1 AND fence = 0)
         ORDER BY id LIMIT ?2",
    )?
    .query_map(params![after, limit], |row| {
        Ok(JobEnd {
            job_id: rows::job_id(&JobKey::from_bytes(row.get(0)?), row.get(1)?),
            work_id: row.get(2)?,
            state: rows::state(row, 3)?,
            reason: row.get(4)?,
            sha256: rows::hash(row, 5)?,
            finished_at: Timestamp::from_millis(row.get(6)?),
        })
    })?
    .collect()
}
