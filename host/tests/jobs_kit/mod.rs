//! What the tests of `paperfall jobs` share: the binary in a folder of its own,
//! and ledgers for it to look into.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use paperfall::ledger::{Ledger, NewJob, Options, SqliteLedger, SteadyClock};
use serde_json::Value;

use crate::ledger_kit::{House, lease, retryable};

/// What the binary came to.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, stdout, stderr) = (self.code, &self.stdout, &self.stderr);
        write!(f, "exit {code}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

impl Ran {
    /// It refused: nothing on standard output, one complaint that has these words.
    pub fn refused(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self}");
        assert_eq!(self.stdout, "", "{self}");
        assert!(self.stderr.starts_with("paperfall: "), "{self}");
        assert!(!self.stderr.contains("panicked"), "{self}");
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in: {self}");
        }
    }

    /// It succeeded and complained of nothing.
    pub fn quiet(&self) -> &str {
        assert_eq!(self.code, 0, "{self}");
        assert_eq!(self.stderr, "", "{self}");
        &self.stdout
    }

    /// Every line of standard output is JSON.
    pub fn json_lines(&self) -> Vec<Value> {
        self.quiet()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// `paperfall jobs …`, to be run in this folder.
pub fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paperfall"));
    command
        .arg("jobs")
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("PAPERFALL_OUT", ".")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs `paperfall jobs …` on the ledger in this folder.
pub fn jobs(folder: &Path, args: &[&str]) -> Ran {
    let output = command(folder, args).output().expect("the binary starts");
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// Options of a process that lives in the present.
pub fn present(house: &House) -> Options {
    Options {
        clock: Arc::new(SteadyClock::new()),
        ..house.options()
    }
}

/// The job a run plans for this DOI.
pub fn doi(doi: &str) -> NewJob {
    NewJob {
        work_id: format!("doi:{doi}"),
        artifact_id: format!("doi:{doi}:pdf"),
        canonical_url: format!("https://doi.org/{doi}"),
        payload: None,
    }
}

/// Leases the next job and fails it for good.
pub async fn fail_next(ledger: &SqliteLedger, reason: &str) -> String {
    let held = lease(ledger).await;
    let mut failure = retryable(reason);
    failure.retryable = false;
    ledger.fail(&held, failure).await.unwrap();
    held.job_id.to_string()
}

/// Every file under a folder with its bytes.
pub fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(snapshot(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            files.insert(path, bytes);
        }
    }
    files
}

/// The same without what SQLite keeps beside a database while it is read, and
/// without empty lock files.
pub fn lasting(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = snapshot(folder);
    files.retain(|path, bytes| {
        let name = path.to_string_lossy();
        let is_empty = bytes.is_empty() && (name.ends_with("-wal") || name.ends_with(".lock"));
        !name.ends_with("-shm") && !is_empty
    });
    files
}

/// Nothing that lasts has changed since.
pub fn assert_unchanged(folder: &Path, before: &BTreeMap<PathBuf, Vec<u8>>, ran: &Ran) {
    let after = lasting(folder);
    let changed: Vec<&PathBuf> = before
        .keys()
        .chain(after.keys())
        .filter(|path| before.get(*path) != after.get(*path))
        .collect();
    assert!(changed.is_empty(), "{changed:?} changed: {ran}");
}
