//! Ledgers to measure on, and the bare tables beside them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use paperfall::ledger::{
    Durability, Existing, Lease, LeaseRequest, Ledger, NewJob, Options, SqliteLedger,
};
use rusqlite::Connection;
use tokio::runtime::Runtime;

pub const TTL: Duration = Duration::from_secs(600);

/// A folder with one ledger of due jobs in three copies, so that no side works
/// on what the other has just changed.
pub struct Stage {
    pub jobs: usize,
    folder: tempfile::TempDir,
}

impl Stage {
    /// Plans so many jobs by `plan`, which also measures that, and copies them.
    pub fn planned(jobs: usize, plan: impl FnOnce(&Path, usize)) -> Self {
        let folder = match std::env::var_os("PAPERFALL_BENCH_DIR") {
            Some(folder) => tempfile::tempdir_in(folder),
            None => tempfile::tempdir(),
        };
        let folder = folder.expect("a folder");
        let stage = Self { jobs, folder };
        plan(&stage.ours(), jobs);
        std::fs::copy(stage.ours(), stage.raw_path()).expect("a copy");
        let bare = Connection::open(stage.bare_path()).expect("a database");
        bare.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; ATTACH '{}' AS ours;
             CREATE TABLE bare AS SELECT * FROM ours.ledger_jobs LIMIT 0; DROP TABLE bare;
             CREATE TABLE bare(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, state INTEGER, due_at INTEGER, owner INTEGER,
               fence INTEGER, before INTEGER, attempts INTEGER, failures INTEGER, round INTEGER, created_at INTEGER,
               updated_at INTEGER, finished_at INTEGER, reason TEXT, sha256 BLOB, work_id TEXT, artifact_id TEXT, url TEXT);
             CREATE INDEX bare_due ON bare(due_at, owner) WHERE due_at IS NOT NULL;
             INSERT INTO bare SELECT id, key, state, due_at, owner, fence, before, attempts, failures, round, created_at,
               updated_at, finished_at, reason, sha256, work_id, artifact_id, url FROM ours.ledger_jobs ORDER BY id;
             DETACH ours; PRAGMA wal_checkpoint(TRUNCATE);",
            stage.ours().display()
        ))
        .expect("the bare table");
        stage
    }

    /// The ledger behind the public interface.
    pub fn ours(&self) -> PathBuf {
        self.folder.path().join("ours.sqlite3")
    }

    /// A place for one more ledger.
    pub fn spare(&self) -> PathBuf {
        self.folder.path().join("spare.sqlite3")
    }

    fn raw_path(&self) -> PathBuf {
        self.folder.path().join("raw.sqlite3")
    }

    fn bare_path(&self) -> PathBuf {
        self.folder.path().join("bare.sqlite3")
    }

    /// The same tables and rules for raw statements.
    pub fn raw(&self, durability: Durability) -> Connection {
        connect(&self.raw_path(), durability)
    }

    /// The same rows in a table without rules.
    pub fn bare(&self, durability: Durability) -> Connection {
        connect(&self.bare_path(), durability)
    }

    pub fn open(&self, durability: Durability) -> SqliteLedger {
        open(&self.ours(), durability)
    }
}

pub fn open(path: &Path, durability: Durability) -> SqliteLedger {
    let options = Options {
        existing: Existing::OrNew,
        durability,
        ..Options::default()
    };
    SqliteLedger::open(path, options).expect("a ledger")
}

/// A connection as careful as the ledger's; otherwise as SQLite has it.
pub fn connect(path: &Path, durability: Durability) -> Connection {
    let db = Connection::open(path).expect("a database");
    db.set_prepared_statement_cache_capacity(64);
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
    };
    db.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON;"
    ))
    .expect("settings");
    db
}

/// Runs `work` so many times, a commit each time.
pub fn commit_each(db: &Connection, times: usize, mut work: impl FnMut(&Connection)) {
    for _ in 0..times {
        db.prepare_cached("BEGIN IMMEDIATE")
            .unwrap()
            .execute([])
            .unwrap();
        work(db);
        db.prepare_cached("COMMIT").unwrap().execute([]).unwrap();
    }
}

/// Folds the log back, so that a round does not pay for the ones before.
pub fn fold(db: &Connection) {
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .expect("a checkpoint");
}

pub fn work(n: usize) -> NewJob {
    NewJob {
        work_id: format!("doi:10.5555/{n:07}"),
        artifact_id: format!("doi:10.5555/{n:07}:pdf"),
        canonical_url: format!("https://doi.org/10.5555/{n:07}"),
        payload: None,
    }
}

pub async fn lease(ledger: &SqliteLedger) -> Lease {
    let leased = ledger.lease(LeaseRequest::one(TTL)).await.expect("a lease");
    leased.leases.into_iter().next().expect("jobs are due")
}

/// So many leases, quickly.
pub async fn leases(ledger: &SqliteLedger, count: usize) -> Vec<Lease> {
    let request = LeaseRequest {
        limit: count,
        ..LeaseRequest::one(TTL)
    };
    let leases = ledger.lease(request).await.expect("leases").leases;
    assert_eq!(leases.len(), count, "more jobs are needed");
    leases
}

/// Makes the jobs due again that a measurement leased, and folds the log back.
pub fn undo(db: &Connection) {
    db.execute_batch(
        "UPDATE ledger_jobs SET due_at = 0, owner = NULL, attempts = 0 WHERE owner IS NOT NULL;
         DELETE FROM ledger_ops WHERE job IN (SELECT id FROM ledger_jobs WHERE due_at IS NOT NULL);",
    )
    .expect("undone");
    fold(db);
}

/// How long something is waited for that another program's write lock must not
/// hold up: shorter than the ledger itself waits for that lock.
const UNHINDERED: Duration = Duration::from_secs(3);

/// What `work` comes to while another program has the write lock of the ledger
/// at `path`; none when it waits for that lock, which is then given back.
pub fn beside_a_writer<T>(
    runtime: &Runtime,
    path: &Path,
    work: impl Future<Output = T>,
) -> Option<T> {
    let other = connect(path, Durability::Normal);
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    let done = runtime.block_on(async { tokio::time::timeout(UNHINDERED, work).await.ok() });
    other.execute_batch("ROLLBACK").expect("given back");
    done
}

pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// How many operations a round has: few, so that both sides of it meet the same
/// weather on the disk. A sync costs a hundred times a write.
pub fn operations(durability: Durability) -> usize {
    match durability {
        Durability::Full => 8,
        Durability::Normal => 60,
    }
}
