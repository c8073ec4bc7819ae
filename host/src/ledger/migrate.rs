//! From DocsToKG's schema 3 to ours: once, in one transaction, after a copy of
//! the file was put beside it, with every row kept.
//!
//! What DocsToKG finished stays as it stands: its FINALIZED jobs keep their files
//! in a layout of their own and are never "healed". Its operations are kept for
//! the record and never replayed: their results have shapes of their own.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Row, TransactionBehavior, params};

use super::error::LedgerError;
use super::keys::{JobId, JobKey};
use super::open;
use super::record;
use super::schema::{self, Found};
use super::state::JobState;

/// The copy while it is made, and what SQLite keeps beside it meanwhile.
const DRAFT: &str = ".v3-backup.unfinished";
const DRAFT_JOURNAL: &str = ".v3-backup.unfinished-journal";

/// Migrates the file unless another process has done so meanwhile.
pub(super) fn migrate(path: &Path, db: &mut Connection) -> Result<(), LedgerError> {
    let failed = |error: rusqlite::Error| LedgerError::sqlite(path, &error);
    let backup = free_backup_name(path);
    copy(path, db, &backup)?;
    tracing::info!(ledger = %path.display(), backup = %backup.display(), "migrating a DocsToKG ledger; the copy keeps it as it was");
    super::failpoint!("migrate.copied");
    // Dropping the old tables must not cascade into rows just copied, and what
    // other parts of that program have made upon `artifact_jobs` is to find ours
    // under the name. The settings cannot change inside a transaction.
    db.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON")
        .map_err(failed)?;
    let migrated = move_rows(db);
    db.execute_batch("PRAGMA legacy_alter_table = OFF; PRAGMA foreign_keys = ON")
        .map_err(failed)?;
    let migrated = migrated.map_err(failed);
    if !matches!(migrated, Ok(_) | Err(LedgerError::Io { .. })) {
        // Nothing was changed, and every further try would leave a copy.
        let _ = std::fs::remove_file(&backup);
    }
    let jobs = migrated?;
    super::failpoint!("migrate.after");
    match jobs {
        Some(jobs) => tracing::info!(jobs, "migrated"),
        None => {
            // Another process was faster; its copy is as good.
            let _ = std::fs::remove_file(&backup);
        }
    }
    Ok(())
}

/// Puts a copy beside the file, under its name once it is whole. The caller has
/// the turn: nobody else of us is at it.
fn copy(path: &Path, db: &Connection, backup: &Path) -> Result<(), LedgerError> {
    // What a process left that was killed while it copied.
    sweep(path);
    let draft = open::beside(path, DRAFT);
    let copied = db
        .execute("VACUUM INTO ?1", [draft.to_string_lossy()])
        .map_err(|error| LedgerError::sqlite(path, &error))
        .and_then(|_| {
            super::failpoint!("migrate.copying");
            put(&draft, backup).map_err(|error| LedgerError::io(path, &error))
        });
    if copied.is_err() {
        // Half a copy would only take the space that is missing.
        sweep(path);
    }
    copied
}

/// Removes a copy that was not finished. The caller has the turn.
pub(super) fn sweep(path: &Path) {
    for draft in [DRAFT, DRAFT_JOURNAL] {
        let _ = std::fs::remove_file(open::beside(path, draft));
    }
}

fn put(draft: &Path, backup: &Path) -> std::io::Result<()> {
    std::fs::rename(draft, backup)?;
    #[cfg(unix)]
    if let Some(folder) = backup
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn free_backup_name(path: &Path) -> PathBuf {
    let named = |suffix: String| open::beside(path, &suffix);
    let first = named(".v3-backup".to_owned());
    if !first.exists() {
        return first;
    }
    (2_u32..)
        .map(|n| named(format!(".v3-backup-{n}")))
        .find(|name| !name.exists())
        .unwrap_or(first)
}

fn move_rows(db: &mut Connection) -> rusqlite::Result<Option<u64>> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if schema::look(&tx)? != Found::Legacy {
        return Ok(None);
    }
    super::failpoint!("migrate.begun");
    tx.execute_batch(
        "ALTER TABLE artifact_jobs RENAME TO docstokg_jobs; ALTER TABLE artifact_ops RENAME TO docstokg_ops;",
    )?;
    schema::create(&tx)?;
    let moved = move_jobs(&tx)?;
    super::failpoint!("migrate.jobs_moved");
    tx.execute_batch(
        "INSERT INTO ledger_legacy_ops(op_key, job_id, op_type, started_at, finished_at, result_code, result_json)
         SELECT op_key, job_id, op_type, started_at, finished_at, result_code, result_json FROM docstokg_ops ORDER BY rowid;
         DROP TABLE docstokg_ops; DROP TABLE docstokg_jobs;",
    )?;
    super::failpoint!("migrate.before_commit");
    tx.commit()?;
    Ok(Some(moved))
}

fn move_jobs(db: &Connection) -> rusqlite::Result<u64> {
    let mut read = db.prepare(
        "SELECT CAST(job_id AS TEXT), CAST(work_id AS TEXT), CAST(artifact_id AS TEXT), CAST(canonical_url AS TEXT),
                CAST(state AS TEXT), CAST(lease_owner AS TEXT), CAST(lease_until AS REAL), CAST(created_at AS REAL),
                CAST(updated_at AS REAL), CAST(idempotency_key AS TEXT) FROM docstokg_jobs ORDER BY rowid",
    )?;
    let mut owner = db.prepare(
        "INSERT INTO ledger_owners(name, started_at) VALUES(?1, 0) ON CONFLICT(name) DO UPDATE SET name = name RETURNING id",
    )?;
    let mut write = db.prepare(
        "INSERT INTO ledger_jobs(key, state, due_at, owner, created_at, updated_at, finished_at, work_id, artifact_id, url,
                                 legacy, foreign_id, foreign_key)
         VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1, ?11, ?12)",
    )?;
    let mut moved = 0;
    let mut rows = read.query([])?;
    while let Some(row) = rows.next()? {
        let job = LegacyJob::read(row)?;
        let done = job.state.is_terminal() || job.state == JobState::Finalized;
        // Their PLANNED rows may carry an owner; ours hold nothing before LEASED.
        let held = job
            .lease_until
            .filter(|_| !done && job.state != JobState::Planned);
        let owner_id = match (&job.owner, held) {
            (Some(name), Some(_)) => Some(owner.query_row([name], |row| row.get::<_, i64>(0))?),
            _ => None,
        };
        let due = if done {
            None
        } else {
            Some(owner_id.and(held).unwrap_or(0))
        };
        let finished = done.then_some(job.updated_at);
        write.execute(params![
            job.key.as_bytes(),
            job.state.code(),
            due,
            owner_id,
            job.created_at,
            job.updated_at,
            finished,
            job.work_id,
            job.artifact_id,
            job.url,
            job.foreign_id,
            job.foreign_key,
        ])?;
        moved += 1;
    }
    Ok(moved)
}

struct LegacyJob {
    key: JobKey,
    foreign_id: Option<String>,
    foreign_key: Option<String>,
    work_id: String,
    artifact_id: String,
    url: String,
    state: JobState,
    owner: Option<String>,
    lease_until: Option<i64>,
    created_at: i64,
    updated_at: i64,
}

impl LegacyJob {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let text = |index: usize| record::text(row, index).map(Option::unwrap_or_default);
        let key_text = text(9)?;
        let key = JobKey::stored(&key_text);
        // Not one of its own keys: kept as text, found by its hash.
        let foreign_key = (key.to_string() != key_text).then_some(key_text);
        let id = text(0)?;
        // A job without an id gets the one that is made of its key.
        let is_own = id.is_empty() || id == JobId::from_key(&key).to_string();
        let foreign_id = (!is_own).then_some(id);
        let state = JobState::parse(&text(4)?).unwrap_or(JobState::Planned);
        Ok(Self {
            key,
            foreign_id,
            foreign_key,
            work_id: text(1)?,
            artifact_id: text(2)?,
            url: text(3)?,
            state,
            owner: record::text(row, 5)?,
            lease_until: row.get::<_, Option<f64>>(6)?.map(to_millis),
            created_at: row.get::<_, Option<f64>>(7)?.map_or(0, to_millis),
            updated_at: row.get::<_, Option<f64>>(8)?.map_or(0, to_millis),
        })
    }
}

/// Seconds as DocsToKG has them to our milliseconds; nonsense becomes the epoch
/// or the end of time.
#[allow(clippy::cast_possible_truncation)]
fn to_millis(seconds: f64) -> i64 {
    // A float-to-integer cast saturates and makes NaN zero.
    (seconds * 1000.0).round() as i64
}
