//! Looking into a ledger without changing it: any ledger, one that DocsToKG wrote
//! included, through the public tables `artifact_jobs` and `artifact_ops`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ToSql, params};
use serde_json::{Value, json};

use super::error::LedgerError;
use super::health::Durations;
use super::job::OwnerId;
use super::open;
use super::owner::{self, Liveness};
use super::place::followed;
use super::record::{self, JobRecord, JobStory, OpRecord, StateCount, job, op, value};
use super::schema::Found;
use super::state::JobState;

/// Jobs read between two looks at the file.
const PAGE: u32 = 500;

/// The columns of [`op`]: ours, what we migrated, and DocsToKG's own, which may
/// hold values of any type.
const OPS: &str = "SELECT lower(hex(key)), kind, started_at / 1000.0, finished_at / 1000.0, code, result, fence, tries,
    context, intent FROM ledger_ops WHERE job = ?1";
const LEGACY_OPS: &str = "SELECT op_key, op_type, started_at, finished_at, result_code, result_json, NULL, NULL, NULL, NULL
    FROM ledger_legacy_ops WHERE job_id = ?1";
const DOCSTOKG_OPS: &str = "SELECT CAST(op_key AS TEXT), CAST(op_type AS TEXT), CAST(started_at AS REAL),
    CAST(finished_at AS REAL), CAST(result_code AS TEXT), CAST(result_json AS TEXT), NULL, NULL, NULL, NULL
    FROM artifact_ops WHERE job_id = ?1";

/// A ledger opened for looking.
pub struct LedgerReader {
    pub(super) path: PathBuf,
    pub(super) db: Connection,
    /// Which of our own columns the table has.
    pub(super) ours: bool,
}

impl LedgerReader {
    /// Opens the ledger at this path; it is never changed, not even migrated.
    ///
    /// # Errors
    /// [`LedgerError`] if there is none, or none that can be read.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let path = &followed(path);
        let db = open::readable(path)?;
        let ours = match open::inspect(path, &db)? {
            Found::Ours => true,
            Found::Legacy => false,
            _ => {
                let detail = "there are no ledger tables in it".to_owned();
                return Err(LedgerError::NotALedger {
                    path: path.to_owned(),
                    detail,
                });
            }
        };
        Ok(Self {
            path: path.to_owned(),
            db,
            ours,
        })
    }

    /// Whether DocsToKG wrote it and it was not migrated yet.
    #[must_use]
    pub const fn is_docstokgs(&self) -> bool {
        !self.ours
    }

    /// The jobs in these states (in any, if none is given), oldest first, page by
    /// page to `each`, until that says to stop.
    ///
    /// # Errors
    /// What reading or `each` says.
    pub fn jobs<E: From<LedgerError>>(
        &self,
        states: &[JobState],
        mut each: impl FnMut(JobRecord) -> Result<bool, E>,
    ) -> Result<(), E> {
        let names: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
        let names = json!(names).to_string();
        let mut after = i64::MIN;
        loop {
            let page = self
                .page(&names, after)
                .map_err(|error| self.failed(&error))?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.number;
            for job in page {
                if !each(job)? {
                    return Ok(());
                }
            }
        }
    }

    fn page(&self, states: &str, after: i64) -> rusqlite::Result<Vec<JobRecord>> {
        let number = self.number();
        self.db
            .prepare_cached(&format!(
                "SELECT {} FROM artifact_jobs
                 WHERE {number} > ?1 AND (?2 = '[]' OR state IN (SELECT value FROM json_each(?2)))
                 ORDER BY {number} LIMIT ?3",
                self.job_columns()
            ))?
            .query_map(params![after, states, PAGE], job)?
            .collect()
    }

    /// Whether the process that holds this job is alive; none, if nobody holds it.
    #[must_use]
    pub fn holder(&self, job: &JobRecord) -> Option<Liveness> {
        let owner = OwnerId::from_stored(job.lease_owner.clone()?);
        Some(owner::standing(&owner::folder(&self.path), &owner))
    }

    /// All there is of this job, read anew at one moment; nothing if it is gone.
    ///
    /// # Errors
    /// What reading says.
    pub fn story(&self, of: &JobRecord) -> Result<Option<JobStory>, LedgerError> {
        let read = || {
            let moment = self.db.unchecked_transaction()?;
            let number = self.number();
            let mut found = moment.prepare_cached(&format!(
                "SELECT {} FROM artifact_jobs WHERE {number} = ?1",
                self.job_columns()
            ))?;
            let found = found.query_map([of.number], job)?.next().transpose()?;
            let Some(job) = found else {
                return Ok(None);
            };
            let (payload, ops) = (self.payload(&job)?, self.read_ops(&job)?);
            Ok(Some(JobStory { job, payload, ops }))
        };
        read().map_err(|error| self.failed(&error))
    }

    fn payload(&self, job: &JobRecord) -> rusqlite::Result<Option<Value>> {
        if !self.ours {
            return Ok(None);
        }
        let mut body = self
            .db
            .prepare_cached("SELECT body FROM ledger_payloads WHERE job = ?1")?;
        let body = body.query_map([job.number], |row| value(row, 0))?.next();
        body.transpose().map(Option::flatten)
    }

    /// The effects of this job, in the order they began.
    ///
    /// # Errors
    /// What reading says.
    pub fn ops(&self, job: &JobRecord) -> Result<Vec<OpRecord>, LedgerError> {
        self.read_ops(job).map_err(|error| self.failed(&error))
    }

    /// From the tables themselves: the view of both would be read whole.
    fn read_ops(&self, job: &JobRecord) -> rusqlite::Result<Vec<OpRecord>> {
        let read = |query: &str, value: &dyn ToSql| {
            self.db
                .prepare_cached(query)?
                .query_map([value], op)?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        let mut ops = if self.ours {
            let mut ops = read(LEGACY_OPS, &job.job_id)?;
            ops.extend(read(OPS, &job.number)?);
            ops
        } else {
            read(DOCSTOKG_OPS, &job.job_id)?
        };
        // Sorted here: SQLite prepares a statement anew for every job when it has
        // to order what an equality with a parameter found.
        ops.sort_by(OpRecord::in_order);
        Ok(ops)
    }

    /// Why jobs FAILED, and how many for each reason, the commonest first.
    /// (DocsToKG kept no reasons.)
    ///
    /// # Errors
    /// What reading says.
    pub fn failure_reasons(&self) -> Result<Vec<(String, u64)>, LedgerError> {
        if !self.ours {
            return Ok(Vec::new());
        }
        let read = || {
            self.db
                .prepare_cached(
                    "SELECT failure_reason, count(*) FROM artifact_jobs WHERE state = 'FAILED' AND failure_reason IS NOT NULL
                     GROUP BY failure_reason ORDER BY count(*) DESC, failure_reason",
                )?
                .query_map([], |row| Ok((record::text(row, 0)?.unwrap_or_default(), row.get(1)?)))?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| self.failed(&error))
    }

    /// How many jobs there are in each state that has any.
    ///
    /// # Errors
    /// What reading says.
    pub fn counts(&self) -> Result<Vec<StateCount>, LedgerError> {
        let count = || {
            self.db
                .prepare_cached(
                    "SELECT state, count(*) FROM artifact_jobs GROUP BY state ORDER BY state",
                )?
                .query_map([], |row| {
                    Ok(StateCount {
                        state: record::text(row, 0)?.unwrap_or_default(),
                        jobs: row.get(1)?,
                    })
                })?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        count().map_err(|error| self.failed(&error))
    }

    /// How long the jobs that got their file took, from planning to their end.
    /// (DocsToKG did not record when a job ended.)
    ///
    /// # Errors
    /// What reading says.
    pub fn durations(&self) -> Result<Durations, LedgerError> {
        if !self.ours {
            return Ok(Durations::default());
        }
        let read = || {
            self.db
                .prepare_cached(
                    "SELECT max(finished_at - created_at, 0) FROM ledger_jobs
                     WHERE state BETWEEN 6 AND 8 AND finished_at IS NOT NULL AND legacy = 0",
                )?
                .query_map([], |row| row.get::<_, u64>(0).map(Duration::from_millis))?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        read()
            .map(Durations::new)
            .map_err(|error| self.failed(&error))
    }

    /// What the rows are counted by.
    pub(super) const fn number(&self) -> &'static str {
        if self.ours { "job_no" } else { "rowid" }
    }

    /// The columns of [`job`]. DocsToKG's own may hold values of any type.
    pub(super) const fn job_columns(&self) -> &'static str {
        if self.ours {
            "job_id, work_id, artifact_id, canonical_url, state, lease_owner, lease_until, created_at, updated_at,
             idempotency_key, fence, attempts, failures, round, not_before, finished_at, failure_reason, sha256, job_no"
        } else {
            "coalesce(CAST(job_id AS TEXT), ''), coalesce(CAST(work_id AS TEXT), ''), coalesce(CAST(artifact_id AS TEXT), ''),
             coalesce(CAST(canonical_url AS TEXT), ''), coalesce(CAST(state AS TEXT), ''), CAST(lease_owner AS TEXT),
             CAST(lease_until AS REAL), coalesce(CAST(created_at AS REAL), 0), coalesce(CAST(updated_at AS REAL), 0),
             coalesce(CAST(idempotency_key AS TEXT), ''), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, rowid"
        }
    }

    pub(super) fn failed(&self, error: &rusqlite::Error) -> LedgerError {
        LedgerError::sqlite(&self.path, error)
    }
}
