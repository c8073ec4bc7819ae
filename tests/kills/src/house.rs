//! A folder for one case, with an origin of its own and every process that was
//! started in it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::ledger::Sha256Hex;
use crate::origin::Origin;
use crate::place::Place;
use crate::points::{CRASH, Scene};
use crate::process::{Ended, Process};
use crate::worker::JOBS;

/// How many jobs a ledger of [`Scene::Legacy`] holds.
pub const LEGACY_JOBS: usize = 50;
const BODY_BYTES: usize = 9500;

/// What is special about a case's workers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Special {
    /// The rule that is switched off, if one is.
    pub without: &'static str,
    /// One job alone: nothing else stores its bytes first and hides a spoilt file.
    pub one_job: bool,
    /// No reconciler at the start, and few commits.
    pub quiet: bool,
}

/// The folder, until dropped.
pub struct House {
    dir: tempfile::TempDir,
    worker: &'static str,
    /// Where the files come from.
    pub origin: Origin,
    /// What is special.
    pub special: Special,
    /// What DocsToKG left.
    pub legacy_jobs: usize,
    processes: Cell<usize>,
}

impl House {
    /// A folder in which the scene is set; `worker` is the worker's program.
    ///
    /// # Errors
    /// The story of a predecessor that did not die as it should.
    pub fn new(worker: &'static str, scene: Scene, special: Special) -> Result<Self, String> {
        let house = Self {
            dir: tempfile::tempdir().unwrap(),
            worker,
            origin: Origin::serve(body()),
            special,
            legacy_jobs: if scene == Scene::Legacy { LEGACY_JOBS } else { 0 },
            processes: Cell::new(0),
        };
        match scene {
            Scene::Fresh => {}
            Scene::Legacy => docstokg(&house.place()),
            Scene::Crashed => {
                let crashed = house.run(&format!("{CRASH}:kill"))?;
                if !crashed.was_killed() {
                    return Err(format!("{CRASH} was never passed: {crashed:?}"));
                }
            }
        }
        Ok(house)
    }

    /// Its folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    /// The folders in it.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::new(self.root())
    }

    /// How many jobs the workers plan.
    #[must_use]
    pub const fn jobs(&self) -> usize {
        if self.special.one_job { 1 } else { JOBS }
    }

    /// Starts a worker that ends or stops at `failpoint`, with a clock that is
    /// ahead by this much.
    #[must_use]
    pub fn start(&self, failpoint: &str, ahead: Duration) -> Process {
        self.start_in(self.root(), failpoint, ahead)
    }

    /// The same, in another folder.
    #[must_use]
    pub fn start_in(&self, root: &Path, failpoint: &str, ahead: Duration) -> Process {
        let mut command = Command::new(self.worker);
        command
            .env("WORKER_ROOT", root)
            .env("WORKER_ORIGIN", self.origin.address().to_string())
            .env("WORKER_AHEAD", ahead.as_secs().to_string())
            .env("WORKER_JOBS", self.jobs().to_string())
            .env("PAPERFALL_FAILPOINT", failpoint)
            .env("PAPERFALL_MUTANT", self.special.without);
        if self.special.quiet {
            command.env("WORKER_QUIET", "1");
        }
        let nth = self.processes.get();
        self.processes.set(nth + 1);
        Process::start(command, root, nth)
    }

    /// Runs a worker to its end.
    ///
    /// # Errors
    /// The story of one that does not end.
    pub fn run(&self, failpoint: &str) -> Result<Ended, String> {
        self.start(failpoint, Duration::ZERO).ended()
    }

    /// How often the last worker passed each place.
    #[must_use]
    pub fn passed(&self) -> BTreeMap<String, u32> {
        let nth = self.processes.get() - 1;
        let story = fs::read_to_string(self.root().join(format!("story.{nth}"))).unwrap();
        let mut passed = BTreeMap::new();
        for (_, name) in story.lines().filter_map(|line| line.split_once(": passed ")) {
            *passed.entry(name.to_owned()).or_insert(0) += 1;
        }
        passed
    }
}

/// What the origin serves.
#[must_use]
pub fn body() -> Vec<u8> {
    (0_u32..)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .take(BODY_BYTES)
        .collect()
}

/// The hash of what the origin serves.
#[must_use]
pub fn sha256() -> String {
    Sha256Hex::of(&body()).to_string()
}

/// A ledger as DocsToKG leaves it, every job finished.
fn docstokg(place: &Place) {
    let db = rusqlite::Connection::open(place.ledger()).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE _meta(key TEXT PRIMARY KEY, value TEXT NOT NULL); INSERT INTO _meta VALUES('schema_version', '3');
         CREATE TABLE artifact_jobs(job_id TEXT PRIMARY KEY, work_id TEXT NOT NULL, artifact_id TEXT NOT NULL,
           canonical_url TEXT NOT NULL, state TEXT NOT NULL, lease_owner TEXT, lease_until REAL,
           created_at REAL NOT NULL, updated_at REAL NOT NULL, idempotency_key TEXT NOT NULL UNIQUE);
         CREATE TABLE artifact_ops(op_key TEXT PRIMARY KEY, job_id TEXT NOT NULL REFERENCES artifact_jobs(job_id) ON DELETE CASCADE,
           op_type TEXT NOT NULL, started_at REAL NOT NULL, finished_at REAL, result_code TEXT, result_json TEXT);
         BEGIN;",
    )
    .unwrap();
    for n in 0..LEGACY_JOBS {
        db.execute_batch(&format!(
            "INSERT INTO artifact_jobs VALUES('j{n}', 'w{n}', 'a{n}', 'u{n}', 'FINALIZED', NULL, NULL, 1.5, 2.5, 'k{n}');
             INSERT INTO artifact_ops VALUES('o{n}', 'j{n}', 'HEAD', 1.5, 2.0, 'OK', '{{}}');"
        ))
        .unwrap();
    }
    db.execute_batch("COMMIT").unwrap();
}
