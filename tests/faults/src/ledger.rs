//! The ledger as anybody sees it: by a plain SQLite connection to the public
//! tables. What is looked at is a copy, so that looking changes nothing: opening
//! the file itself would recover it, and closing it fold its log back.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

/// A job.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its state.
    pub state: String,
    /// Who holds it.
    pub owner: Option<String>,
    /// When it may be tried again, in seconds since the epoch.
    pub not_before: Option<f64>,
    /// Why it failed last.
    pub reason: Option<String>,
    /// The stored file.
    pub sha256: Option<String>,
    /// Failures so far.
    pub failures: u32,
    /// Its effects, by kind and context.
    pub ops: Vec<Op>,
}

impl Job {
    /// Whether nothing more is to be done about it.
    #[must_use]
    pub fn is_done(&self) -> bool {
        let done = ["INDEXED", "DEDUPED", "SKIPPED_DUPLICATE", "FAILED"];
        done.contains(&self.state.as_str())
    }

    /// Effects of this kind with this result, as the URLs they are about (empty
    /// where they are about none).
    #[must_use]
    pub fn urls_of(&self, kind: &str, code: &str) -> Vec<String> {
        let fits = |op: &&Op| op.kind == kind && op.code.as_deref() == Some(code);
        let ops = self.ops.iter().filter(fits);
        ops.map(|op| op.context["url"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

/// An effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Op {
    /// Its kind.
    pub kind: String,
    /// What its key was made of.
    pub context: serde_json::Value,
    /// How it ended.
    pub code: Option<String>,
    /// How often it began.
    pub tries: u32,
}

/// A copy of a ledger with its log.
pub struct LedgerCopy {
    db: Connection,
    _folder: tempfile::TempDir,
}

impl LedgerCopy {
    /// Copies the ledger that stands at this path; none where there is none.
    #[must_use]
    pub fn of(ledger: &Path) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let copy = folder.path().join("ledger.sqlite3");
        std::fs::copy(ledger, &copy).ok()?;
        for end in ["-wal", "-journal"] {
            let mut beside = ledger.as_os_str().to_owned();
            beside.push(end);
            let mut to = copy.as_os_str().to_owned();
            to.push(end);
            // There may be none.
            let _ = std::fs::copy(beside, to);
        }
        Some(Self {
            db: Connection::open(copy).expect("SQLite opens it"),
            _folder: folder,
        })
    }

    /// Whether there are ledger tables in it yet.
    #[must_use]
    pub fn has_tables(&self) -> bool {
        let count = "SELECT count(*) FROM sqlite_master WHERE name = 'artifact_jobs'";
        let count: i64 = self.db.query_row(count, [], |row| row.get(0)).expect("it");
        count == 1
    }

    /// That the database is whole.
    ///
    /// # Panics
    /// When it is not.
    pub fn assert_whole(&self) {
        let said: String = self
            .db
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .expect("an answer");
        assert_eq!(said, "ok");
        let dangling: i64 = self
            .db
            .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| {
                row.get(0)
            })
            .expect("an answer");
        assert_eq!(dangling, 0, "rows refer to rows that are not there");
    }

    /// Every job by its work.
    #[must_use]
    pub fn jobs(&self) -> BTreeMap<String, Job> {
        if !self.has_tables() {
            return BTreeMap::new();
        }
        let mut ops: BTreeMap<String, Vec<Op>> = BTreeMap::new();
        let mut statement = self
            .db
            .prepare("SELECT job_id, op_type, context, result_code, tries FROM artifact_ops ORDER BY started_at, op_type, context")
            .expect("the table is there");
        let rows = statement.query_map([], |row| {
            let context: Option<String> = row.get(2)?;
            let context = context.and_then(|text| serde_json::from_str(&text).ok());
            let op = Op {
                kind: row.get(1)?,
                context: context.unwrap_or_default(),
                code: row.get(3)?,
                tries: row.get(4)?,
            };
            Ok((row.get::<_, String>(0)?, op))
        });
        for row in rows.expect("rows") {
            let (job, op) = row.expect("a row");
            ops.entry(job).or_default().push(op);
        }
        let mut statement = self
            .db
            .prepare("SELECT job_id, work_id, state, lease_owner, not_before, failure_reason, sha256, failures FROM artifact_jobs")
            .expect("the table is there");
        let rows = statement.query_map([], |row| {
            let id: String = row.get(0)?;
            let job = Job {
                state: row.get(2)?,
                owner: row.get(3)?,
                not_before: row.get(4)?,
                reason: row.get(5)?,
                sha256: row.get(6)?,
                failures: row.get(7)?,
                ops: ops.get(&id).cloned().unwrap_or_default(),
            };
            Ok((row.get::<_, String>(1)?, job))
        });
        let mut jobs = BTreeMap::new();
        for row in rows.expect("rows") {
            let (work, job) = row.expect("a row");
            let twice = jobs.insert(work, job);
            assert!(twice.is_none(), "a work has two jobs");
        }
        jobs
    }
}
