//! Looking into a ledger without changing it: any ledger, one that DocsToKG wrote
//! included, through the public tables `artifact_jobs` and `artifact_ops`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, Row, ToSql, params};
use serde::Serialize;
use serde_json::Value;

use super::error::LedgerError;
use super::health::Durations;
use super::open;
use super::schema::Found;
use super::state::JobState;

/// Jobs read between two looks at the file.
const PAGE: u32 = 500;
/// Jobs an abbreviated id may mean before it is refused as too short.
const AMBIGUOUS: u32 = 20;

/// A job as the public table has it; times in seconds since the epoch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobRecord {
    /// Its row, in the order of planning.
    #[serde(skip)]
    number: i64,
    /// The job's id.
    pub job_id: String,
    /// Its work.
    pub work_id: String,
    /// The work's artifact.
    pub artifact_id: String,
    /// The URL that stands for the work.
    pub canonical_url: String,
    /// Where it is.
    pub state: String,
    /// Who holds it.
    pub lease_owner: Option<String>,
    /// Until when.
    pub lease_until: Option<f64>,
    /// When it was planned.
    pub created_at: f64,
    /// When it was last touched.
    pub updated_at: f64,
    /// Its key.
    pub idempotency_key: String,
    /// The last lease's fence.
    pub fence: Option<i64>,
    /// Leases, graceful releases not counted.
    pub attempts: Option<u32>,
    /// Failures since it was planned or retried.
    pub failures: Option<u32>,
    /// When its next round may begin.
    pub not_before: Option<f64>,
    /// When it ended.
    pub finished_at: Option<f64>,
    /// Why it failed last.
    pub failure_reason: Option<String>,
    /// The stored file's hash.
    pub sha256: Option<String>,
}

/// An effect as the public table has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OpRecord {
    /// Its key.
    pub op_key: String,
    /// Its kind.
    pub op_type: String,
    /// When it began.
    pub started_at: Option<f64>,
    /// When it ended.
    pub finished_at: Option<f64>,
    /// How it ended.
    pub result_code: Option<String>,
    /// Its result; text that is no JSON (DocsToKG cut long ones) as it stands.
    pub result: Option<Value>,
    /// The fence it last ran under.
    pub fence: Option<i64>,
    /// How often it began.
    pub tries: Option<u32>,
    /// What its key was made of, besides its job.
    pub context: Option<Value>,
    /// What recovery would know of it.
    pub intent: Option<Value>,
}

/// How many jobs there are in each state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StateCount {
    /// The state.
    pub state: String,
    /// The jobs.
    pub jobs: u64,
}

/// A ledger opened for looking.
pub struct LedgerReader {
    path: PathBuf,
    db: Connection,
    /// Which of our own columns the table has.
    ours: bool,
}

impl LedgerReader {
    /// Opens the ledger at this path; it is never changed, not even migrated.
    ///
    /// # Errors
    /// [`LedgerError`] if there is none, or none that can be read.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
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

    /// The jobs in this state (in any, if none is given), oldest first, page by
    /// page to `each`, until that says to stop.
    ///
    /// # Errors
    /// What reading or `each` says.
    pub fn jobs<E: From<LedgerError>>(
        &self,
        state: Option<JobState>,
        mut each: impl FnMut(JobRecord) -> Result<bool, E>,
    ) -> Result<(), E> {
        let mut after = 0_i64;
        loop {
            let page = self
                .page(state, after)
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

    fn page(&self, state: Option<JobState>, after: i64) -> rusqlite::Result<Vec<JobRecord>> {
        let number = self.number();
        self.db
            .prepare_cached(&format!(
                "SELECT {} FROM artifact_jobs
                 WHERE {number} > ?1 AND (?2 IS NULL OR state = ?2) ORDER BY {number} LIMIT ?3",
                self.job_columns()
            ))?
            .query_map(params![after, state.map(JobState::as_str), PAGE], job)?
            .collect()
    }

    /// The jobs this may mean: an id, the beginning of one (four characters at
    /// least), a work id, a DOI or a canonical URL. At most twenty-one.
    ///
    /// # Errors
    /// What reading says.
    pub fn find(&self, needle: &str) -> Result<Vec<JobRecord>, LedgerError> {
        let needle = needle.trim();
        let is_id = needle.len() >= 4 && needle.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        let prefix = if is_id {
            format!("{}*", needle.to_ascii_lowercase())
        } else {
            String::new()
        };
        let bare = needle.to_ascii_lowercase();
        let bare = bare.strip_prefix("https://doi.org/").unwrap_or(&bare);
        let bare = bare.strip_prefix("doi:").unwrap_or(bare);
        let find = || {
            self.db
                .prepare_cached(&format!(
                    "SELECT {} FROM artifact_jobs WHERE job_id GLOB ?1 OR work_id IN (?2, 'doi:' || ?3)
                       OR canonical_url IN (?2, 'https://doi.org/' || ?3) ORDER BY {} LIMIT {AMBIGUOUS} + 1",
                    self.job_columns(),
                    self.number()
                ))?
                .query_map(params![prefix, needle, bare], job)?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        find().map_err(|error| self.failed(&error))
    }

    /// The effects of this job, in the order they began.
    ///
    /// # Errors
    /// What reading says.
    pub fn ops(&self, job: &JobRecord) -> Result<Vec<OpRecord>, LedgerError> {
        let extra = if self.ours {
            "fence, tries, context, intent"
        } else {
            "NULL, NULL, NULL, NULL"
        };
        let read = |condition: &str, value: &dyn ToSql| -> rusqlite::Result<Vec<OpRecord>> {
            self.db
                .prepare_cached(&format!(
                    "SELECT op_key, op_type, started_at, finished_at, result_code, result_json, {extra} FROM artifact_ops
                     WHERE {condition} ORDER BY started_at"
                ))?
                .query_map([value], op)?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        let found = if self.ours {
            read("job_no IS NULL AND job_id = ?1", &job.job_id).and_then(|mut ops| {
                ops.extend(read("job_no = ?1", &job.number)?);
                Ok(ops)
            })
        } else {
            read("job_id = ?1", &job.job_id)
        };
        found.map_err(|error| self.failed(&error))
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
                        state: row.get(0)?,
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
    const fn number(&self) -> &'static str {
        if self.ours { "job_no" } else { "rowid" }
    }

    const fn job_columns(&self) -> &'static str {
        if self.ours {
            "job_id, work_id, artifact_id, canonical_url, state, lease_owner, lease_until, created_at, updated_at,
             idempotency_key, fence, attempts, failures, not_before, finished_at, failure_reason, sha256, job_no"
        } else {
            "job_id, work_id, artifact_id, canonical_url, state, lease_owner, lease_until, created_at, updated_at,
             idempotency_key, NULL, NULL, NULL, NULL, NULL, NULL, NULL, rowid"
        }
    }

    fn failed(&self, error: &rusqlite::Error) -> LedgerError {
        LedgerError::sqlite(&self.path, error)
    }
}

fn job(row: &Row<'_>) -> rusqlite::Result<JobRecord> {
    Ok(JobRecord {
        job_id: row.get(0)?,
        work_id: row.get(1)?,
        artifact_id: row.get(2)?,
        canonical_url: row.get(3)?,
        state: row.get(4)?,
        lease_owner: row.get(5)?,
        lease_until: row.get(6)?,
        created_at: row.get(7)?,
        updated_at: row.get(8)?,
        idempotency_key: row.get(9)?,
        fence: row.get(10)?,
        attempts: row.get(11)?,
        failures: row.get(12)?,
        not_before: row.get(13)?,
        finished_at: row.get(14)?,
        failure_reason: row.get(15)?,
        sha256: row.get(16)?,
        number: row.get(17)?,
    })
}

fn op(row: &Row<'_>) -> rusqlite::Result<OpRecord> {
    let value = |index: usize| -> rusqlite::Result<Option<Value>> {
        let text: Option<String> = row.get(index)?;
        Ok(text.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))))
    };
    Ok(OpRecord {
        op_key: row.get(0)?,
        op_type: row.get(1)?,
        started_at: row.get(2)?,
        finished_at: row.get(3)?,
        result_code: row.get(4)?,
        result: value(5)?,
        fence: row.get(6)?,
        tries: row.get(7)?,
        context: value(8)?,
        intent: value(9)?,
    })
}
