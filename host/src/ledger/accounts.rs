//! What happened in a span of time: the rows that service levels and statistics
//! are made of, from real columns, finished jobs only by when they finished.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, params};

use super::clock::Timestamp;
use super::error::LedgerError;
use super::reader::LedgerReader;
use super::state::JobState;

/// A job that came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedJob {
    /// Where: a terminal state.
    pub state: JobState,
    /// Why it failed, if it did.
    pub reason: Option<String>,
    /// When it ended.
    pub finished_at: Timestamp,
    /// From planning to its end, waiting for a worker included.
    pub since_planned: Duration,
    /// From the beginning of its first round to its end; a job that was planned
    /// or retried anew begins anew. Backoff between rounds is included.
    pub since_begun: Duration,
    /// How often it was taken over from a holder that vanished.
    pub takeovers: u32,
    /// How many sources said that there is no open copy.
    pub absent_by: u32,
}

/// Jobs that were taken over and do not get on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeftBehind {
    /// Leases that ran out longer ago than that, taken by nobody.
    pub leases: u64,
    /// Those of them that had been taken over before.
    pub takeovers: u64,
}

/// What the ledger's table of events tells of a span of time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// How long each lease was waited for, in microseconds, shortest first.
    pub lease_waits: Vec<u64>,
    /// Effects that ended.
    pub completed_ops: u64,
    /// Results used again.
    pub replays: u64,
}

/// An attempt of a source, as its FALLBACK effect tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRow {
    /// When it was recorded.
    pub at: Timestamp,
    /// How it went: an attempt record as JSON, or whatever stands there.
    pub record: String,
}

/// Sources that say `not_oa` or `not_found` in a job's attempts.
const ABSENT_BY: &str =
    "(SELECT count(DISTINCT CASE WHEN json_valid(o.result) AND (o.result ->> 'reason') IN ('not_oa', 'not_found')
        THEN o.result ->> 'source' END)
      FROM ledger_ops o WHERE o.job = j.id AND o.kind = 'FALLBACK')";

/// When the first of the rounds began that the job's last planning or retry
/// allowed; a job that failed for good counted its last failure, too.
const BEGUN_AT: &str =
    "(SELECT min(o.started_at) FROM ledger_ops o WHERE o.job = j.id AND o.kind = 'RESOLUTION'
        AND CASE WHEN json_valid(o.context) THEN o.context ->> 'round' END >= j.round - j.failures + (j.state = 9))";

impl LedgerReader {
    /// Every job that ended at this moment or later, to `each`. Jobs that
    /// DocsToKG finished are left out: it did not record when.
    ///
    /// # Errors
    /// What reading says.
    pub fn ended_since(
        &self,
        since: Timestamp,
        mut each: impl FnMut(EndedJob),
    ) -> Result<(), LedgerError> {
        if !self.ours {
            return Ok(());
        }
        let mut read = || {
            let mut jobs = self.db.prepare_cached(&format!(
                "SELECT j.state, j.reason, j.finished_at, j.created_at, coalesce({BEGUN_AT}, j.created_at),
                        max(j.attempts - j.round - 1, 0), CASE WHEN j.state = 9 THEN {ABSENT_BY} ELSE 0 END
                 FROM ledger_jobs j WHERE j.finished_at >= ?1 AND j.due_at IS NULL
                   AND NOT (j.legacy = 1 AND j.fence = 0) ORDER BY j.finished_at"
            ))?;
            let mut rows = jobs.query([since.as_millis()])?;
            while let Some(row) = rows.next()? {
                if let Some(job) = ended(row)? {
                    each(job);
                }
            }
            Ok(())
        };
        read().map_err(|error| self.failed(&error))
    }

    /// Leases that ran out before this moment and that nobody has taken.
    ///
    /// # Errors
    /// What reading says.
    pub fn left_behind(&self, before: Timestamp) -> Result<LeftBehind, LedgerError> {
        if !self.ours {
            return Ok(LeftBehind::default());
        }
        self.db
            .prepare_cached(
                "SELECT count(*), coalesce(sum(attempts > round + 1), 0) FROM ledger_jobs INDEXED BY ledger_due
                 WHERE due_at <= ?1 AND owner IS NOT NULL",
            )
            .and_then(|mut query| {
                query.query_row([before.as_millis()], |row| {
                    Ok(LeftBehind {
                        leases: row.get(0)?,
                        takeovers: row.get(1)?,
                    })
                })
            })
            .map_err(|error| self.failed(&error))
    }

    /// What the ledger's own table of events tells of the time since then; none
    /// if it has no such table.
    ///
    /// # Errors
    /// What reading says.
    pub fn told_since(&self, since: Timestamp) -> Result<Option<Told>, LedgerError> {
        let read = || {
            let table =
                "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'telemetry_events'";
            let there: Option<i64> = self.db.query_row(table, [], |row| row.get(0)).optional()?;
            if there.is_none() {
                return Ok(None);
            }
            let since = super::event::seconds(since);
            let count = |event: &str| {
                self.db
                    .prepare_cached(
                        "SELECT count(*) FROM telemetry_events WHERE event = ?1 AND ts >= ?2",
                    )?
                    .query_row(params![event, since], |row| row.get(0))
            };
            let mut waits = self.db.prepare_cached(
                "SELECT fields ->> 'wait_us' AS wait_us FROM telemetry_events
                 WHERE event = 'job_leased' AND ts >= ?1 AND json_valid(fields) ORDER BY wait_us",
            )?;
            let lease_waits = waits
                .query_map([since], |row| row.get::<_, Option<u64>>(0))?
                .filter_map(Result::transpose)
                .collect::<rusqlite::Result<_>>()?;
            Ok(Some(Told {
                lease_waits,
                completed_ops: count("operation_completed")?,
                replays: count("idempotency_replay")?,
            }))
        };
        read().map_err(|error| self.failed(&error))
    }

    /// Every attempt recorded at this moment or later, to `each`.
    ///
    /// # Errors
    /// What reading says.
    pub fn attempts_since(
        &self,
        since: Timestamp,
        mut each: impl FnMut(AttemptRow),
    ) -> Result<(), LedgerError> {
        if !self.ours {
            return Ok(());
        }
        let mut read = || {
            let mut ops = self.db.prepare_cached(
                "SELECT finished_at, result FROM ledger_ops
                 WHERE kind = 'FALLBACK' AND finished_at >= ?1 AND result IS NOT NULL",
            )?;
            let mut rows = ops.query([since.as_millis()])?;
            while let Some(row) = rows.next()? {
                each(AttemptRow {
                    at: Timestamp::from_millis(row.get(0)?),
                    record: row.get(1)?,
                });
            }
            Ok(())
        };
        read().map_err(|error| self.failed(&error))
    }

    /// Bytes of the papers first stored at this moment or later, with when.
    ///
    /// # Errors
    /// What reading says.
    pub fn stored_since(
        &self,
        since: Timestamp,
        mut each: impl FnMut(Timestamp, u64),
    ) -> Result<(), LedgerError> {
        if !self.ours {
            return Ok(());
        }
        let mut read = || {
            let mut objects = self.db.prepare_cached(
                "SELECT stored_at, bytes FROM ledger_objects WHERE stored_at >= ?1",
            )?;
            let mut rows = objects.query([since.as_millis()])?;
            while let Some(row) = rows.next()? {
                each(Timestamp::from_millis(row.get(0)?), row.get(1)?);
            }
            Ok(())
        };
        read().map_err(|error| self.failed(&error))
    }

    /// Whether it records when jobs ended; DocsToKG's ledger does not, until a
    /// run has migrated it.
    #[must_use]
    pub const fn keeps_time(&self) -> bool {
        self.ours
    }
}

fn ended(row: &Row<'_>) -> rusqlite::Result<Option<EndedJob>> {
    let Some(state) = JobState::from_code(row.get(0)?) else {
        return Ok(None);
    };
    let moment = |column| row.get(column).map(Timestamp::from_millis);
    let finished_at = moment(2)?;
    Ok(Some(EndedJob {
        state,
        reason: row.get(1)?,
        finished_at,
        since_planned: finished_at.since(moment(3)?),
        since_begun: finished_at.since(moment(4)?),
        takeovers: row.get(5)?,
        absent_by: row.get(6)?,
    }))
}
