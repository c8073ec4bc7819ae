//! How jobs end: in the index, as a duplicate, failed, or failed and begun anew.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::effect;
use super::rows::{self, NewRound, guard};
use crate::ledger::backoff::RetryPolicy;
use crate::ledger::clock::Timestamp;
use crate::ledger::error::LedgerError;
use crate::ledger::failpoint::failpoint;
use crate::ledger::job::{Lease, StoredObject};
use crate::ledger::keys::{JobId, JobKey, Sha256Hex};
use crate::ledger::op::{Failed, Failure, IndexEntry, Indexed, Replay, ResultCode};
use crate::ledger::queue::{OpError, Tx};
use crate::ledger::state::JobState;

/// Enters a file into the hash index and ends the job, or finds its bytes there.
pub(super) fn index(
    tx: &mut Tx<'_>,
    lease: &Lease,
    entry: &IndexEntry,
) -> Result<Indexed, OpError> {
    let held = guard(tx, lease)?;
    let ready = held.state == JobState::Finalized
        || (entry.finalize.is_some() && held.state == JobState::Streaming);
    if !ready {
        return Err(LedgerError::IllegalMove {
            job: lease.job_id,
            from: held.state,
            to: JobState::Indexed,
        }
        .into());
    }
    effect::check_result(&entry.result)?;
    let job = (lease.row, lease.job_id);
    if let Some((finalize, result)) = &entry.finalize
        && held.state != JobState::Finalized
    {
        effect::record(tx, lease, finalize, ResultCode::Ok, result)?;
        rows::move_to(tx, job, held.state, JobState::Finalized, None)?;
    }
    let sha256 = entry.object.sha256;
    let first = object_and_job(tx.db, &sha256)?.filter(|(_, row, _)| *row != lease.row);
    if first.is_none() {
        tx.db
            .prepare_cached(
                "INSERT INTO ledger_objects(sha256, path, bytes, job, stored_at) VALUES(?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT(sha256) DO UPDATE SET path = excluded.path, bytes = excluded.bytes, stored_at = excluded.stored_at",
            )?
            .execute(params![
                sha256.as_bytes(), entry.object.path, i64::try_from(entry.object.bytes).unwrap_or(i64::MAX),
                lease.row, tx.now.as_millis()
            ])?;
    }
    let mut url_row = tx.db.prepare_cached(
        "INSERT INTO ledger_urls(url, sha256) VALUES(?1, ?2) ON CONFLICT(url) DO UPDATE SET sha256 = excluded.sha256",
    )?;
    for url in &entry.urls {
        url_row.execute(params![url, sha256.as_bytes()])?;
    }
    tx.db
        .prepare_cached("UPDATE ledger_jobs SET sha256 = ?2 WHERE id = ?1")?
        .execute(params![lease.row, sha256.as_bytes()])?;
    failpoint!("INDEX.half_done");
    if effect::replay(tx.db, tx.me, lease, &entry.op)?.is_none() {
        effect::record(tx, lease, &entry.op, ResultCode::Ok, &entry.result)?;
    }
    let found = match first {
        None => {
            rows::end(tx, job, JobState::Finalized, JobState::Indexed, None)?;
            Indexed::New
        }
        Some((object, _, by)) => Indexed::Duplicate { object, by },
    };
    failpoint!("INDEX.in_result_tx");
    Ok(found)
}

/// Ends a job whose resolved URL was stored before.
pub(super) fn skip_duplicate(
    tx: &mut Tx<'_>,
    lease: &Lease,
    url: &str,
) -> Result<StoredObject, OpError> {
    let held = guard(tx, lease)?;
    if !held.state.may_become(JobState::SkippedDuplicate) {
        let (from, to) = (held.state, JobState::SkippedDuplicate);
        return Err(LedgerError::IllegalMove {
            job: lease.job_id,
            from,
            to,
        }
        .into());
    }
    let Some(object) = by_url(tx.db, url)? else {
        return Err(LedgerError::NotStored {
            job: lease.job_id,
            url: url.to_owned(),
        }
        .into());
    };
    tx.db
        .prepare_cached("UPDATE ledger_jobs SET sha256 = ?2 WHERE id = ?1")?
        .execute(params![lease.row, object.sha256.as_bytes()])?;
    rows::end(
        tx,
        (lease.row, lease.job_id),
        held.state,
        JobState::SkippedDuplicate,
        None,
    )?;
    failpoint!("skip.in_tx");
    Ok(object)
}

/// Ends a round without a file; another follows if the policy allows one.
pub(super) fn fail(
    tx: &mut Tx<'_>,
    lease: &Lease,
    failure: &Failure,
    policy: RetryPolicy,
) -> Result<Failed, OpError> {
    let held = guard(tx, lease)?;
    let job = (lease.row, lease.job_id);
    if let Some((op, code, result)) = &failure.op {
        effect::record(tx, lease, op, *code, result)?;
    }
    effect::record_also(tx, lease, &failure.also)?;
    rows::end(tx, job, held.state, JobState::Failed, Some(&failure.reason))?;
    let failures = held.failures.saturating_add(1);
    failpoint!("fail.in_tx");
    if failure.retryable && policy.allows_another(failures) {
        let wait = policy.draw(failures);
        rows::begin_round(
            tx,
            job,
            &NewRound {
                due_at: tx.now.after(wait).as_millis(),
                failures,
            },
        )?;
        failpoint!("backoff.in_tx");
        return Ok(Failed::Again(wait));
    }
    tx.db
        .prepare_cached("UPDATE ledger_jobs SET failures = ?2 WHERE id = ?1")?
        .execute(params![lease.row, failures])?;
    Ok(Failed::ForGood)
}

/// Gives FAILED jobs among these another round with a full budget; the others
/// are left as they are. Returns those that were changed.
pub(super) fn retry(tx: &mut Tx<'_>, jobs: &[JobId]) -> Result<Vec<JobId>, OpError> {
    let mut found = Vec::with_capacity(jobs.len());
    for job in jobs {
        found.push((
            rows::find(tx.db, *job)?.ok_or(LedgerError::NoSuchJob { job: *job })?,
            *job,
        ));
    }
    let mut again = Vec::new();
    for job in found {
        let state = tx
            .db
            .prepare_cached("SELECT state FROM ledger_jobs WHERE id = ?1")?
            .query_row([job.0], |row| rows::state(row, 0))?;
        if state == JobState::Failed {
            rows::begin_round(
                tx,
                job,
                &NewRound {
                    due_at: 0,
                    failures: 0,
                },
            )?;
            again.push(job.1);
        }
    }
    Ok(again)
}

/// FAILED jobs that ended before this moment for one of these reasons (for any,
/// if none is given), at most `limit`.
pub(super) fn failed_before(
    db: &Connection,
    moment: Timestamp,
    reasons: &[String],
    after: i64,
    limit: u32,
) -> rusqlite::Result<Vec<(i64, JobId)>> {
    db.prepare_cached(
        "SELECT id, key, foreign_id FROM ledger_jobs WHERE id > ?3 AND state = 9 AND finished_at < ?1
           AND (?2 = '[]' OR reason IN (SELECT value FROM json_each(?2))) ORDER BY id LIMIT ?4",
    )?
    .query_map(params![moment.as_millis(), serde_json::json!(reasons).to_string(), after, limit], |row| {
        Ok((row.get(0)?, rows::job_id(&JobKey::from_bytes(row.get(1)?), row.get(2)?)))
    })?
    .collect()
}

/// The file that this URL's bytes are stored in.
pub(super) fn by_url(db: &Connection, url: &str) -> rusqlite::Result<Option<StoredObject>> {
    db.prepare_cached(
        "SELECT o.sha256, o.path, o.bytes FROM ledger_urls u JOIN ledger_objects o ON o.sha256 = u.sha256 WHERE u.url = ?1",
    )?
    .query_row([url], object)
    .optional()
}

/// The file with these bytes, and the job that stored it.
pub(super) fn object_and_job(
    db: &Connection,
    sha256: &Sha256Hex,
) -> rusqlite::Result<Option<(StoredObject, i64, JobId)>> {
    db.prepare_cached(
        "SELECT o.sha256, o.path, o.bytes, j.id, j.key, j.foreign_id FROM ledger_objects o JOIN ledger_jobs j ON j.id = o.job
         WHERE o.sha256 = ?1",
    )?
    .query_row([sha256.as_bytes()], |row| {
        Ok((object(row)?, row.get(3)?, rows::job_id(&JobKey::from_bytes(row.get(4)?), row.get(5)?)))
    })
    .optional()
}

fn object(row: &Row<'_>) -> rusqlite::Result<StoredObject> {
    let bytes: i64 = row.get(2)?;
    Ok(StoredObject {
        sha256: Sha256Hex::from_bytes(row.get(0)?),
        path: row.get(1)?,
        bytes: u64::try_from(bytes).unwrap_or(0),
    })
}

/// The result of the effect that ended a job, or in which its last round failed. The
/// last lease's: rounds may have ended by different clocks.
pub(super) fn last_result(db: &Connection, job: JobId) -> rusqlite::Result<Option<Replay>> {
    let Some(row) = rows::find(db, job)? else {
        return Ok(None);
    };
    db.prepare_cached(
        "SELECT code, result, finished_at FROM ledger_ops
         WHERE job = ?1 AND kind IN ('RESOLUTION', 'INDEX', 'DEDUPE') AND code IN ('OK', 'RETRYABLE', 'NON_RETRYABLE')
         ORDER BY fence DESC, kind = 'DEDUPE' DESC, kind = 'INDEX' DESC, finished_at DESC, started_at DESC LIMIT 1",
    )?
    .query_row([row], |row| {
        let code: String = row.get(0)?;
        Ok(Replay {
            code: ResultCode::parse(&code).unwrap_or(ResultCode::Abandoned),
            result: effect::parse(row.get::<_, Option<String>>(1)?.as_deref()),
            finished_at: Timestamp::from_millis(row.get(2)?),
        })
    })
    .optional()
}

/// The fact about this ledger with this name.
pub(super) fn settled(db: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT value FROM _meta WHERE key = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

/// Writes a fact down unless it stands; answers what stands.
pub(super) fn settle(db: &Connection, name: &str, value: &str) -> rusqlite::Result<String> {
    db.prepare_cached("INSERT OR IGNORE INTO _meta(key, value) VALUES(?1, ?2)")?
        .execute([name, value])?;
    settled(db, name).map(|stands| stands.unwrap_or_else(|| value.to_owned()))
}

/// A job whose file should stand.
pub(super) struct Stored {
    pub(super) row: i64,
    /// Of its last lease.
    pub(super) fence: i64,
    pub(super) sha256: Sha256Hex,
    pub(super) path: Option<String>,
    /// Its size when it was stored, where that is known.
    pub(super) bytes: Option<u64>,
}

/// The next jobs whose files should stand, by row.
pub(super) fn stored_after(
    db: &Connection,
    after: i64,
    limit: u32,
) -> rusqlite::Result<Vec<Stored>> {
    db.prepare_cached(
        "SELECT j.id, j.sha256, o.path, o.bytes, j.fence FROM ledger_jobs j LEFT JOIN ledger_objects o ON o.sha256 = j.sha256
         WHERE j.id > ?1 AND j.sha256 IS NOT NULL AND j.state BETWEEN 5 AND 8 ORDER BY j.id LIMIT ?2",
    )?
    .query_map(params![after, limit], |row| {
        let bytes: Option<i64> = row.get(3)?;
        Ok(Stored {
            row: row.get(0)?,
            fence: row.get(4)?,
            sha256: Sha256Hex::from_bytes(row.get(1)?),
            path: row.get(2)?,
            bytes: bytes.and_then(|bytes| u64::try_from(bytes).ok()).filter(|bytes| *bytes > 0),
        })
    })?
    .collect()
}

/// Sends a job whose file is gone into a new round, unless somebody holds it or
/// has held it since its file was looked for: then the file may be there again.
pub(super) fn fetch_again(tx: &mut Tx<'_>, gone: &Stored) -> Result<bool, OpError> {
    let (row, sha256) = (gone.row, &gone.sha256);
    let found = tx
        .db
        .prepare_cached(
            "SELECT state, key, foreign_id FROM ledger_jobs
             WHERE id = ?1 AND sha256 = ?2 AND fence = ?4 AND state BETWEEN 5 AND 8 AND (owner IS NULL OR due_at <= ?3)",
        )?
        .query_row(params![row, sha256.as_bytes(), tx.now.as_millis(), gone.fence], |row| {
            Ok((rows::state(row, 0)?, rows::job_id(&JobKey::from_bytes(row.get(1)?), row.get(2)?)))
        })
        .optional()?;
    let Some((state, job_id)) = found else {
        return Ok(false);
    };
    tx.db
        .prepare_cached("DELETE FROM ledger_objects WHERE sha256 = ?1")?
        .execute([sha256.as_bytes()])?;
    rows::fetch_again(tx, (row, job_id), state)?;
    Ok(true)
}

/// Whether a part file may still be wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Its job is over.
    No,
    /// If there is something in it to go on with.
    ToContinue,
    /// Its job is held, or it is of the last lease or of a stream that ended.
    Yes,
}

/// What decides whether a part file may still be wanted.
pub(super) fn part_is_wanted(
    db: &Connection,
    job: JobId,
    fence: i64,
    now: Timestamp,
) -> rusqlite::Result<Wanted> {
    let Some(row) = rows::find(db, job)? else {
        return Ok(Wanted::No);
    };
    db.prepare_cached(
        "SELECT due_at IS NOT NULL,
            (owner IS NOT NULL AND due_at > ?3) OR fence = ?2
            OR EXISTS (SELECT 1 FROM ledger_ops o WHERE o.job = ?1 AND o.kind = 'STREAM' AND o.fence = ?2)
         FROM ledger_jobs WHERE id = ?1",
    )?
    .query_row(params![row, fence, now.as_millis()], |row| {
        Ok(match (row.get(0)?, row.get(1)?) {
            (false, _) => Wanted::No,
            (true, false) => Wanted::ToContinue,
            (true, true) => Wanted::Yes,
        })
    })
}

/// Leases that can be taken from holders that are gone.
pub(super) fn count_expired(db: &Connection, now: Timestamp) -> rusqlite::Result<u64> {
    db.prepare_cached(
        "SELECT count(*) FROM ledger_jobs INDEXED BY ledger_due WHERE due_at <= ?1 AND owner IS NOT NULL",
    )?
    .query_row([now.as_millis()], |row| row.get(0))
}

/// Results are checked before they reach the writer, so that a long one is
/// refused without holding anybody up.
pub(super) fn check_failure(failure: &Failure) -> Result<(), LedgerError> {
    for (_, _, result) in failure.op.iter().chain(&failure.also) {
        effect::check_result(result)?;
    }
    Ok(())
}

/// The same for an index entry.
pub(super) fn check_entry(entry: &IndexEntry) -> Result<(), LedgerError> {
    let finalize = entry.finalize.as_ref().map(|(_, result)| result);
    for result in [Some(&entry.result), finalize].into_iter().flatten() {
        effect::check_result(result)?;
    }
    Ok(())
}
