//! `OUT/results.jsonl`: one object a work, appended as works finish, so that
//! an interrupted run keeps what it did and the next one knows.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Seek, Write};
use std::path::PathBuf;

use serde::Deserialize;

use super::result::WorkResult;
use super::store::Store;
use super::store_error::StoreError;
use crate::outcome::Outcome;

/// Longest line taken from an existing file; a longer one is not ours.
const LINE_MAX: u64 = 16 * 1024 * 1024;

/// The results file, open for appending.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    prior: HashMap<String, Prior>,
    /// Some work has more than one line.
    repeated: bool,
    /// Bytes read or written so far; a file of another length has lines of
    /// other processes.
    known_bytes: u64,
}

/// What the last line about a work says.
#[derive(Debug)]
struct Prior {
    outcome: String,
    reason: String,
    path: Option<String>,
    bytes: Option<u64>,
}

#[derive(Deserialize)]
struct Line {
    work_id: String,
    outcome: String,
    #[serde(default)]
    reason: String,
    path: Option<String>,
    bytes: Option<u64>,
}

/// How a work ended, as far as another record than its line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End<'a> {
    /// Its paper is stored; with these bytes, where that is known.
    Stored(Option<&'a str>),
    /// It has none; for this reason, where that is known.
    Without(Option<&'a str>),
}

/// What a look at the whole file found.
#[derive(Default)]
struct Seen {
    prior: HashMap<String, Prior>,
    repeated: bool,
    foreign_lines: usize,
    ends_mid_line: bool,
    bytes: u64,
}

impl Journal {
    /// Reads what is there and gets ready to append.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let path = store.root().join("results.jsonl");
        let fail = |action| {
            let path = path.clone();
            move |error| StoreError::io(action, &path, error)
        };
        let mut file = File::options()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(fail("open"))?;
        let mut seen = look(&file).map_err(fail("read"))?;
        if seen.ends_mid_line {
            // A kill or a full disk cut the last line short; the work it was
            // about is done again.
            file.write_all(b"\n").map_err(fail("write"))?;
            seen.bytes = seen.bytes.saturating_add(1);
        }
        if seen.foreign_lines > 0 {
            tracing::warn!(
                "{}: {} line(s) are no results (cut short, or not ours); left as they are",
                path.display(),
                seen.foreign_lines
            );
        }
        Ok(Self {
            path,
            file,
            prior: seen.prior,
            repeated: seen.repeated,
            known_bytes: seen.bytes,
        })
    }

    /// Reads what other processes have written since.
    pub(crate) fn read_again(&mut self) -> Result<(), StoreError> {
        let seen = File::open(&self.path)
            .and_then(|file| look(&file))
            .map_err(|error| StoreError::io("read", &self.path, error))?;
        self.prior = seen.prior;
        self.repeated = seen.repeated;
        self.known_bytes = seen.bytes;
        Ok(())
    }

    /// The works an earlier run obtained and whose file is still there.
    #[must_use]
    pub fn finished(&self, store: &Store) -> Vec<String> {
        self.prior
            .iter()
            .filter(|(_, prior)| prior.outcome == Outcome::Success.as_str())
            .filter(|(_, prior)| match (&prior.path, prior.bytes) {
                (Some(path), Some(bytes)) => store.holds(path, bytes),
                _ => false,
            })
            .map(|(work_id, _)| work_id.clone())
            .collect()
    }

    /// Whether the last line about a work says this.
    #[must_use]
    pub fn says(&self, result: &WorkResult) -> bool {
        self.prior.get(&result.work_id).is_some_and(|prior| {
            prior.outcome == result.outcome.as_str() && prior.path == result.path
        })
    }

    /// Whether the last line about a work tells this end.
    pub(crate) fn tells(&self, work_id: &str, end: End<'_>) -> bool {
        let Some(prior) = self.prior.get(work_id) else {
            return false;
        };
        let is_success = prior.outcome == Outcome::Success.as_str();
        match end {
            End::Stored(sha256) => {
                let path = prior.path.as_deref().unwrap_or_default();
                is_success && sha256.is_none_or(|sha256| path.contains(sha256))
            }
            End::Without(reason) => {
                !is_success && reason.is_none_or(|reason| prior.reason == reason)
            }
        }
    }

    /// Writes a result down.
    ///
    /// # Errors
    ///
    /// The line could not be written whole.
    pub fn append(&mut self, result: &WorkResult) -> Result<(), StoreError> {
        let fail = |error| StoreError::io("write", &self.path, error);
        let mut line = serde_json::to_vec(result).map_err(|error| fail(error.into()))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(fail)?;
        let written = u64::try_from(line.len()).unwrap_or(u64::MAX);
        self.known_bytes = self.known_bytes.saturating_add(written);
        let entry = Prior {
            outcome: result.outcome.to_string(),
            reason: result.reason.to_string(),
            path: result.path.clone(),
            bytes: result.bytes,
        };
        self.repeated |= self.prior.insert(result.work_id.clone(), entry).is_some();
        Ok(())
    }

    /// Ends the run: each work keeps its last line only, and the file is
    /// synced. Lines that are no results stay.
    ///
    /// # Errors
    ///
    /// The file could not be rewritten; the old one stands.
    pub fn finish(mut self, store: &Store) -> Result<(), StoreError> {
        let length = |file: &File| file.metadata().map(|file| file.len()).ok();
        let is_ours = length(&self.file) == Some(self.known_bytes);
        // Others may be appending to the file that would be replaced.
        if (self.repeated || !is_ours) && store.is_alone() {
            if !is_ours {
                self.read_again()?;
            }
            if self.repeated {
                self.compact()?;
            }
        }
        File::open(&self.path)
            .and_then(|file| file.sync_all())
            .map_err(|error| StoreError::io("sync", &self.path, error))
    }

    fn compact(&self) -> Result<(), StoreError> {
        let fresh = self.path.with_extension("jsonl.new");
        let rewrite = || -> io::Result<()> {
            let old = File::open(&self.path)?;
            let mut last = HashMap::new();
            let mut number = 0_u64;
            for_each_line(&old, |line, _| {
                if let Ok(line) = serde_json::from_slice::<Line>(line) {
                    last.insert(line.work_id, number);
                }
                number = number.saturating_add(1);
                Ok(())
            })?;
            let mut new = BufWriter::new(File::create(&fresh)?);
            let mut number = 0_u64;
            let old = File::open(&self.path)?;
            for_each_line(&old, |line, _| {
                let superseded = serde_json::from_slice::<Line>(line)
                    .is_ok_and(|line| last.get(&line.work_id) != Some(&number));
                number = number.saturating_add(1);
                if superseded {
                    return Ok(());
                }
                new.write_all(line)?;
                new.write_all(b"\n")
            })?;
            new.into_inner()
                .map_err(io::IntoInnerError::into_error)?
                .sync_all()?;
            fs::rename(&fresh, &self.path)
        };
        rewrite().map_err(|error| {
            let _ = fs::remove_file(&fresh);
            StoreError::io("rewrite", &self.path, error)
        })
    }
}

/// Reads the file from its start.
fn look(mut file: &File) -> io::Result<Seen> {
    file.rewind()?;
    let mut seen = Seen::default();
    for_each_line(file, |line, complete| {
        seen.ends_mid_line = !complete;
        let bytes = line.len().saturating_add(usize::from(complete));
        seen.bytes = seen
            .bytes
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        match serde_json::from_slice::<Line>(line) {
            Ok(line) => {
                let entry = Prior {
                    outcome: line.outcome,
                    reason: line.reason,
                    path: line.path,
                    bytes: line.bytes,
                };
                seen.repeated |= seen.prior.insert(line.work_id, entry).is_some();
            }
            Err(_) if line.iter().all(u8::is_ascii_whitespace) => {}
            Err(_) => seen.foreign_lines = seen.foreign_lines.saturating_add(1),
        }
        Ok(())
    })?;
    Ok(seen)
}

/// Calls `each` with every line, without its newline, and whether it had one.
fn for_each_line(
    file: &File,
    mut each: impl FnMut(&[u8], bool) -> io::Result<()>,
) -> io::Result<()> {
    use io::Read;
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader
            .by_ref()
            .take(LINE_MAX)
            .read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        let complete = line.last() == Some(&b'\n');
        if complete {
            line.pop();
        }
        each(&line, complete)?;
    }
}
