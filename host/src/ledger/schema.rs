//! The tables, the public views over them, and the rules the database itself
//! keeps: legal moves, growing fences, leases only on unfinished jobs, results
//! that stay as they are.
//!
//! `artifact_jobs` and `artifact_ops` are what others may read. The tables below
//! them are compact (numbers for states, bytes for keys, milliseconds for times)
//! and ours to change with the schema's version.

use rusqlite::{Connection, OptionalExtension};

use super::state::{FILE_MISSING, JobState};

/// The version this program writes, in `_meta`. DocsToKG's last was 3.
pub const SCHEMA_VERSION: u32 = 4;
/// The last version of DocsToKG, which is migrated.
pub(super) const LEGACY_VERSION: u32 = 3;
/// Marks version 4 and later as ours.
const WRITER: &str = "paperfall";

const META: &str = "
CREATE TABLE IF NOT EXISTS _meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
";

/// One due time drives leasing, backoff and recovery: 0 when ready, the end of
/// the lease while held (`owner` is set), the end of the wait while backing off,
/// nothing when finished. `before` packs the holder and the state that the last
/// lease found, so that leasing is one statement.
const TABLES: &str = "
CREATE TABLE ledger_owners(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  started_at INTEGER NOT NULL
) STRICT;
CREATE TABLE ledger_jobs(
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL UNIQUE CHECK(length(key) = 32),
  state INTEGER NOT NULL DEFAULT 0 CHECK(state BETWEEN 0 AND 9),
  due_at INTEGER,
  owner INTEGER REFERENCES ledger_owners(id),
  fence INTEGER NOT NULL DEFAULT 0,
  before INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  round INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  finished_at INTEGER,
  reason TEXT,
  sha256 BLOB,
  work_id TEXT NOT NULL,
  artifact_id TEXT NOT NULL,
  url TEXT NOT NULL,
  legacy INTEGER NOT NULL DEFAULT 0,
  foreign_id TEXT,
  foreign_key TEXT,
  CONSTRAINT only_unfinished_jobs_are_due CHECK((due_at IS NULL) = (state >= 6 OR (state = 5 AND legacy = 1 AND fence = 0))),
  CONSTRAINT only_begun_unfinished_jobs_are_held CHECK(owner IS NULL OR state BETWEEN 1 AND 5)
) STRICT;
CREATE INDEX ledger_due ON ledger_jobs(due_at, owner) WHERE due_at IS NOT NULL;
CREATE UNIQUE INDEX ledger_foreign ON ledger_jobs(foreign_id) WHERE foreign_id IS NOT NULL;
CREATE TABLE ledger_payloads(
  job INTEGER PRIMARY KEY REFERENCES ledger_jobs(id) ON DELETE CASCADE,
  body TEXT NOT NULL
) STRICT;
CREATE TABLE ledger_ops(
  job INTEGER NOT NULL REFERENCES ledger_jobs(id) ON DELETE CASCADE,
  key BLOB NOT NULL CHECK(length(key) = 32),
  kind TEXT NOT NULL,
  fence INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 1,
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  code TEXT CHECK(code IN ('OK', 'RETRYABLE', 'NON_RETRYABLE', 'ABANDONED')),
  context TEXT NOT NULL,
  intent TEXT,
  result TEXT,
  PRIMARY KEY(job, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE ledger_objects(
  sha256 BLOB PRIMARY KEY CHECK(length(sha256) = 32),
  path TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  job INTEGER NOT NULL REFERENCES ledger_jobs(id),
  stored_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE ledger_urls(
  url TEXT PRIMARY KEY,
  sha256 BLOB NOT NULL REFERENCES ledger_objects(sha256) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_urls_of ON ledger_urls(sha256);
CREATE INDEX ledger_jobs_of ON ledger_jobs(sha256) WHERE sha256 IS NOT NULL;
CREATE TABLE ledger_legacy_ops(
  op_key TEXT, job_id TEXT, op_type TEXT, started_at REAL, finished_at REAL, result_code TEXT, result_json TEXT
);
CREATE INDEX ledger_legacy_ops_of ON ledger_legacy_ops(job_id);
";

/// The rules that do not follow from the table of moves.
const RULES: &str = "
CREATE TRIGGER ledger_fences_grow BEFORE UPDATE OF fence ON ledger_jobs WHEN NEW.fence < OLD.fence
BEGIN SELECT RAISE(ABORT, 'a fence never shrinks'); END;
CREATE TRIGGER ledger_takeovers_raise_the_fence BEFORE UPDATE OF owner ON ledger_jobs
WHEN NEW.owner IS NOT NULL AND NEW.owner IS NOT OLD.owner AND NEW.fence <= OLD.fence
BEGIN SELECT RAISE(ABORT, 'a new holder needs a new fence'); END;
CREATE TRIGGER ledger_results_stand BEFORE UPDATE ON ledger_ops
WHEN OLD.code IN ('OK', 'NON_RETRYABLE') AND (NEW.code IS NOT 'ABANDONED' OR NEW.result IS NOT OLD.result)
BEGIN SELECT RAISE(ABORT, 'a finished operation is not changed'); END;
CREATE TRIGGER ledger_never_downgrades BEFORE UPDATE ON _meta
WHEN OLD.key = 'schema_version' AND CAST(NEW.value AS INTEGER) < CAST(OLD.value AS INTEGER)
BEGIN SELECT RAISE(ABORT, 'a newer ledger is never downgraded'); END;
";

/// A job's id in SQL: its own, or a version-8 UUID made of its key.
const JOB_ID: &str = "coalesce(j.foreign_id, lower(substr(hex(j.key), 1, 8) || '-' || substr(hex(j.key), 9, 4)
  || '-8' || substr(hex(j.key), 14, 3)
  || '-' || substr('89AB89AB89AB89AB', instr('0123456789ABCDEF', substr(hex(j.key), 17, 1)), 1) || substr(hex(j.key), 18, 3)
  || '-' || substr(hex(j.key), 21, 12)))";

/// Makes the tables, views and rules. The caller holds the transaction.
///
/// # Errors
/// What SQLite says.
pub(super) fn create(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(META)?;
    db.execute_batch(TABLES)?;
    db.execute_batch(&moves_trigger())?;
    db.execute_batch(RULES)?;
    db.execute_batch(&views())?;
    db.execute(
        "INSERT OR REPLACE INTO _meta(key, value) VALUES('ledger_writer', ?1)",
        [WRITER],
    )?;
    db.execute(
        "INSERT OR REPLACE INTO _meta(key, value) VALUES('schema_version', ?1)",
        [SCHEMA_VERSION.to_string()],
    )?;
    Ok(())
}

/// The state machine as a trigger, from [`JobState::successors`].
fn moves_trigger() -> String {
    let mut cases = String::new();
    for from in JobState::ALL {
        let legal: Vec<String> = from
            .successors()
            .iter()
            .map(|to| {
                let only_if = if from.is_terminal() && from != JobState::Failed {
                    format!(" AND NEW.reason IS '{FILE_MISSING}'")
                } else {
                    String::new()
                };
                format!("(NEW.state = {}{only_if})", to.code())
            })
            .collect();
        cases.push_str(&format!(
            " WHEN {} THEN {}",
            from.code(),
            legal.join(" OR ")
        ));
    }
    format!(
        "CREATE TRIGGER ledger_moves BEFORE UPDATE OF state ON ledger_jobs
         WHEN NEW.state <> OLD.state AND NOT (CASE OLD.state{cases} ELSE 0 END)
         BEGIN SELECT RAISE(ABORT, 'the state machine has no such move'); END;
         CREATE TRIGGER ledger_jobs_begin_planned BEFORE INSERT ON ledger_jobs
         WHEN NEW.state <> 0 AND NEW.legacy = 0
         BEGIN SELECT RAISE(ABORT, 'a job begins as PLANNED'); END;"
    )
}

fn views() -> String {
    let mut names = String::from("CASE j.state");
    for state in JobState::ALL {
        names.push_str(&format!(" WHEN {} THEN '{state}'", state.code()));
    }
    names.push_str(" END");
    format!(
        "CREATE VIEW artifact_jobs AS SELECT
           {JOB_ID} AS job_id, j.work_id, j.artifact_id, j.url AS canonical_url, {names} AS state,
           (SELECT name FROM ledger_owners WHERE id = j.owner) AS lease_owner,
           CASE WHEN j.owner IS NOT NULL THEN j.due_at / 1000.0 END AS lease_until,
           j.created_at / 1000.0 AS created_at, j.updated_at / 1000.0 AS updated_at,
           coalesce(j.foreign_key, lower(hex(j.key))) AS idempotency_key,
           j.fence, j.attempts, j.failures,
           CASE WHEN j.owner IS NULL AND j.due_at > 0 THEN j.due_at / 1000.0 END AS not_before,
           j.finished_at / 1000.0 AS finished_at, j.reason AS failure_reason,
           j.round, CASE WHEN j.sha256 IS NOT NULL THEN lower(hex(j.sha256)) END AS sha256, j.id AS job_no
         FROM ledger_jobs j;
         CREATE VIEW artifact_ops AS SELECT
           lower(hex(o.key)) AS op_key, {JOB_ID} AS job_id, o.kind AS op_type,
           o.started_at / 1000.0 AS started_at, o.finished_at / 1000.0 AS finished_at,
           o.code AS result_code, o.result AS result_json, o.fence, o.tries, o.context, o.intent, o.job AS job_no
         FROM ledger_ops o JOIN ledger_jobs j ON j.id = o.job
         UNION ALL SELECT op_key, job_id, op_type, started_at, finished_at, result_code, result_json, 0, 1, NULL, NULL, NULL
         FROM ledger_legacy_ops;"
    )
}

/// What a database file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// No ledger, perhaps other tables.
    Nothing,
    /// DocsToKG's ledger.
    Legacy,
    /// Ours.
    Ours,
    /// A newer one, of this version.
    Newer(String),
    /// Tables called like the ledger's whose version is unknown.
    Unknown(String),
}

/// Looks at `_meta` (and nothing else decides) without changing anything.
///
/// # Errors
/// What SQLite says.
pub(super) fn look(db: &Connection) -> rusqlite::Result<Found> {
    let has = |name: &str| -> rusqlite::Result<bool> {
        db.query_row(
            "SELECT count(*) FROM sqlite_master WHERE name = ?1",
            [name],
            |row| row.get::<_, i64>(0),
        )
        .map(|n| n > 0)
    };
    let meta = |key: &str| -> rusqlite::Result<Option<String>> {
        db.query_row(
            "SELECT CAST(value AS TEXT) FROM _meta WHERE key = ?1",
            [key],
            |row| row.get(0),
        )
        .optional()
    };
    let has_meta = has("_meta")?;
    let version = if has_meta {
        meta("schema_version")?
    } else {
        None
    };
    let has_jobs = has("artifact_jobs")?;
    let Some(version) = version else {
        return Ok(if has_jobs {
            Found::Unknown("it has a table artifact_jobs and no schema version in _meta".to_owned())
        } else {
            Found::Nothing
        });
    };
    let Ok(number) = version.trim().parse::<u32>() else {
        return Ok(Found::Newer(version));
    };
    if number == SCHEMA_VERSION && meta("ledger_writer")?.as_deref() == Some(WRITER) {
        return Ok(Found::Ours);
    }
    if number > LEGACY_VERSION {
        return Ok(Found::Newer(version));
    }
    if number == LEGACY_VERSION && has_jobs {
        return Ok(Found::Legacy);
    }
    Ok(if has_jobs {
        Found::Unknown(format!(
            "its ledger has the older schema {number}; open it once with the latest DocsToKG"
        ))
    } else {
        Found::Nothing
    })
}
