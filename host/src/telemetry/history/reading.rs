//! Where the past is read from: a ledger, or a folder's `results.jsonl`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use super::observed::{AttemptJson, Observer, WorkEnd};
use crate::ledger::{JobState, LedgerError, LedgerReader, Timestamp};

/// The longest line of a results file that is looked at, in bytes.
const LINE_MAX: u64 = 16 * 1024 * 1024;

/// Why the past cannot be read.
#[derive(Debug, Error)]
pub enum HistoryError {
    /// The ledger says no.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The results file cannot be read.
    #[error(
        "cannot read {path}: {error}; check the path, or name a ledger with --ledger",
        path = path.display()
    )]
    Results {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// There is neither.
    #[error(
        "there is neither a ledger ({ledger}) nor a results file ({results}); name the output folder of a run with --out, or a ledger with --ledger",
        ledger = ledger.display(), results = results.display()
    )]
    Nothing {
        /// The ledger that is not there.
        ledger: PathBuf,
        /// The results file that is not there.
        results: PathBuf,
    },
}

/// A record of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// A ledger, at this path.
    Ledger(PathBuf),
    /// A `results.jsonl`, at this path.
    Results(PathBuf),
}

#[derive(Deserialize)]
struct ResultJson {
    outcome: String,
    reason: Option<String>,
    #[serde(default)]
    elapsed_ms: u64,
    bytes: Option<u64>,
    finished_at: String,
    #[serde(default)]
    attempts: Vec<AttemptJson>,
}

impl Recorded {
    /// What there is of an output folder: the ledger that was named or lies in
    /// it, else its results.
    ///
    /// # Errors
    /// [`HistoryError::Nothing`] if there is nothing.
    pub fn find(out: &Path, ledger: Option<&Path>) -> Result<Self, HistoryError> {
        if let Some(ledger) = ledger {
            return Ok(Self::Ledger(ledger.to_owned()));
        }
        let ledger = out.join("manifest.sqlite3");
        let results = out.join("results.jsonl");
        if ledger.exists() {
            Ok(Self::Ledger(ledger))
        } else if results.exists() {
            Ok(Self::Results(results))
        } else {
            Err(HistoryError::Nothing { ledger, results })
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Ledger(path) | Self::Results(path) => path,
        }
    }

    /// Reads everything recorded at this moment or later.
    pub(super) fn read(
        &self,
        since: Timestamp,
        observer: &mut impl Observer,
    ) -> Result<(), HistoryError> {
        match self {
            Self::Ledger(path) => Ok(read_ledger(path, since, observer)?),
            Self::Results(path) => {
                read_results(path, since, observer).map_err(|error| HistoryError::Results {
                    path: path.clone(),
                    error,
                })
            }
        }
    }
}

fn read_ledger(
    path: &Path,
    since: Timestamp,
    observer: &mut impl Observer,
) -> Result<(), LedgerError> {
    let reader = LedgerReader::open(path)?;
    reader.attempts_since(since, |row| {
        let parsed = serde_json::from_str::<AttemptJson>(&row.record);
        match parsed.ok().and_then(AttemptJson::attempt) {
            Some(attempt) => observer.attempt(&attempt),
            None => observer.unreadable(),
        }
    })?;
    reader.ended_since(since, |job| {
        observer.work(&WorkEnd {
            at: job.finished_at.as_millis(),
            success: job.state != JobState::Failed,
            reason: job.reason,
            took_ms: u64::try_from(job.since_begun.as_millis()).unwrap_or(u64::MAX),
        });
    })?;
    reader.stored_since(since, |at, bytes| observer.stored(at.as_millis(), bytes))
}

fn read_results(path: &Path, since: Timestamp, observer: &mut impl Observer) -> io::Result<()> {
    let mut lines = BufReader::new(File::open(path)?);
    let mut line = Vec::new();
    loop {
        line.clear();
        if lines.by_ref().take(LINE_MAX).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.ends_with(b"\n") || line.len() < usize::try_from(LINE_MAX).unwrap_or(usize::MAX) {
            read_result(&line, since, observer);
        } else {
            observer.unreadable();
            lines.skip_until(b'\n')?;
        }
    }
}

fn read_result(line: &[u8], since: Timestamp, observer: &mut impl Observer) {
    if line.trim_ascii().is_empty() {
        return;
    }
    let parsed = serde_json::from_slice::<ResultJson>(line).ok();
    let Some((result, at)) = parsed.and_then(|result| {
        let at: jiff::Timestamp = result.finished_at.parse().ok()?;
        Some((result, at.as_millisecond()))
    }) else {
        observer.unreadable();
        return;
    };
    if at < since.as_millis() {
        return;
    }
    let success = result.outcome == "success";
    observer.work(&WorkEnd {
        at,
        success,
        reason: result.reason.filter(|_| !success),
        took_ms: result.elapsed_ms,
    });
    if let (true, Some(bytes)) = (success, result.bytes) {
        observer.stored(at, bytes);
    }
    for attempt in result.attempts {
        match attempt.attempt() {
            Some(attempt) => observer.attempt(&attempt),
            None => observer.unreadable(),
        }
    }
}
