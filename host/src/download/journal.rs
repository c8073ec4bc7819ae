//! `OUT/results.jsonl`: one object a work, appended as works finish, so that
//! an interrupted run keeps what it did and the next one knows.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
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
    /// Some work has more than one line, or a line of ours was cut short.
    untidy: bool,
    /// The file's length, if nobody else writes.
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

impl Prior {
    /// The path of the paper that it tells of, if that is still there.
    fn standing_paper(&self, store: &Store) -> Option<&str> {
        let path = self.path.as_deref()?;
        let stands = self.outcome == Outcome::Success.as_str() && store.holds(path, self.bytes?);
        stands.then_some(path)
    }
}

/// Lines of the file that tell no result.
#[derive(Debug, Default)]
pub(crate) struct OddLines {
    /// Begun by us and not ended.
    cut_short: usize,
    /// Nobody's results.
    foreign: usize,
    /// The number of the first such line, from 1.
    first_foreign: usize,
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

impl Journal {
    /// Reads what is there and gets ready to append.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let path = store.root().join("results.jsonl");
        let fail = |error| StoreError::io("open", &path, error);
        let file = File::options()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(fail)?;
        if !file.metadata().map_err(fail)?.is_file() {
            return Err(StoreError::InTheWay(path));
        }
        let mut journal = Self {
            path,
            file,
            prior: HashMap::new(),
            untidy: false,
            known_bytes: 0,
        };
        let odd = journal.read()?;
        if odd.cut_short > 0 {
            tracing::warn!(
                "{}: {} line(s) were cut short, by a kill or a full disk; what they told of is looked after",
                journal.path.display(),
                odd.cut_short
            );
        }
        if odd.foreign > 0 {
            tracing::warn!(
                "{}: {} line(s) are no results, the first of them line {}; left as they are",
                journal.path.display(),
                odd.foreign,
                odd.first_foreign
            );
        }
        Ok(journal)
    }

    /// Reads what is there now: others may be writing too. Tells how many lines
    /// are nobody's results.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn read(&mut self) -> Result<OddLines, StoreError> {
        let mut prior = HashMap::new();
        let mut untidy = false;
        let mut odd = OddLines::default();
        let mut number = 0_usize;
        let read = self.file.rewind().and_then(|()| {
            for_each_line(&self.file, |_, line| {
                number = number.saturating_add(1);
                match serde_json::from_slice::<Line>(line) {
                    Ok(line) => {
                        let entry = Prior {
                            outcome: line.outcome,
                            reason: line.reason,
                            path: line.path,
                            bytes: line.bytes,
                        };
                        untidy |= prior.insert(line.work_id, entry).is_some();
                    }
                    Err(error) if is_litter(line, &error) => {
                        untidy = true;
                        odd.cut_short += usize::from(!line.trim_ascii().is_empty());
                    }
                    Err(_) => {
                        if odd.foreign == 0 {
                            odd.first_foreign = number;
                        }
                        odd.foreign += 1;
                    }
                }
                Ok(())
            })
        });
        self.known_bytes = read.map_err(|error| StoreError::io("read", &self.path, error))?;
        self.prior = prior;
        self.untidy |= untidy;
        Ok(odd)
    }

    /// The works an earlier run obtained and whose file is still there, with its
    /// path.
    #[must_use]
    pub fn finished(&self, store: &Store) -> HashMap<String, String> {
        self.prior
            .iter()
            .filter_map(|(work_id, prior)| {
                let path = prior.standing_paper(store)?;
                Some((work_id.clone(), path.to_owned()))
            })
            .collect()
    }

    /// Whether the last line about a work tells of a paper that is still there.
    pub(crate) fn has_paper(&self, work_id: &str, store: &Store) -> bool {
        let prior = self.prior.get(work_id);
        prior.is_some_and(|prior| prior.standing_paper(store).is_some())
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

    /// Whether there is a line about a work.
    pub(crate) fn knows(&self, work_id: &str) -> bool {
        self.prior.contains_key(work_id)
    }

    /// Reads what others wrote since it was read, if they did.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn read_news(&mut self) -> Result<(), StoreError> {
        let bytes = self.file.metadata().map(|file| file.len());
        if bytes.is_ok_and(|bytes| bytes == self.known_bytes) {
            return Ok(());
        }
        self.read().map(drop)
    }

    /// The last line about each of these works, as it stands, to `each`, as long
    /// as that says true.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn lines_of(
        &mut self,
        works: &[String],
        mut each: impl FnMut(&str) -> bool,
    ) -> Result<(), StoreError> {
        if works.is_empty() {
            return Ok(());
        }
        // A list may have more such works than there is room for their lines.
        let mut places: HashMap<&str, Option<(u64, usize)>> =
            works.iter().map(|work| (work.as_str(), None)).collect();
        let mut read = || {
            self.file.rewind()?;
            for_each_line(&self.file, |at, line| {
                if let Ok(told) = serde_json::from_slice::<Line>(line)
                    && let Some(place) = places.get_mut(told.work_id.as_str())
                {
                    *place = Some((at, line.len()));
                }
                Ok(())
            })?;
            let mut line = Vec::new();
            for work in works {
                let Some((at, bytes)) = places.get_mut(work.as_str()).and_then(Option::take) else {
                    continue;
                };
                line.resize(bytes, 0);
                self.file.seek(SeekFrom::Start(at))?;
                self.file.read_exact(&mut line)?;
                if !each(String::from_utf8_lossy(&line).trim()) {
                    break;
                }
            }
            Ok(())
        };
        read().map_err(|error: io::Error| StoreError::io("read", &self.path, error))
    }

    /// Writes a result down.
    ///
    /// # Errors
    ///
    /// The line could not be written whole.
    pub fn append(&mut self, result: &WorkResult) -> Result<(), StoreError> {
        let fail = |error| StoreError::io("write", &self.path, error);
        let mut line = Vec::new();
        if ends_mid_line(&self.file).map_err(fail)? {
            // A kill or a full disk cut the last line short. Whoever knows its
            // work writes it again; nothing is to be joined to it.
            line.push(b'\n');
        }
        serde_json::to_writer(&mut line, result).map_err(|error| fail(error.into()))?;
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
        self.untidy |= self.prior.insert(result.work_id.clone(), entry).is_some();
        Ok(())
    }

    /// Ends the run. If it is the last one in the folder, each work keeps its last
    /// line only and lines cut short go; lines that never were results stay. The
    /// file is synced.
    ///
    /// # Errors
    ///
    /// The file could not be rewritten; the old one stands.
    pub fn finish(mut self, is_last: bool) -> Result<(), StoreError> {
        // Others may be appending to the file that would be replaced.
        if is_last {
            self.read_news()?;
            if self.untidy {
                self.compact()?;
            }
        }
        File::open(&self.path)
            .and_then(|file| file.sync_all())
            .map_err(|error| StoreError::io("sync", &self.path, error))
    }

    fn compact(&self) -> Result<(), StoreError> {
        // Where the file is a link, what it leads to is rewritten.
        let path = fs::canonicalize(&self.path)
            .map_err(|error| StoreError::io("rewrite", &self.path, error))?;
        let fresh = path.with_extension("jsonl.new");
        let rewrite = || -> io::Result<()> {
            let old = File::open(&path)?;
            let mut last = HashMap::new();
            let mut number = 0_u64;
            for_each_line(&old, |_, line| {
                if let Ok(line) = serde_json::from_slice::<Line>(line) {
                    last.insert(line.work_id, number);
                }
                number = number.saturating_add(1);
                Ok(())
            })?;
            let mut new = BufWriter::new(File::create(&fresh)?);
            // Others may share the folder.
            new.get_ref()
                .set_permissions(old.metadata()?.permissions())?;
            let mut number = 0_u64;
            let old = File::open(&path)?;
            for_each_line(&old, |_, line| {
                let stays = match serde_json::from_slice::<Line>(line) {
                    Ok(line) => last.get(&line.work_id) == Some(&number),
                    Err(error) => !is_litter(line, &error),
                };
                number = number.saturating_add(1);
                if !stays {
                    return Ok(());
                }
                new.write_all(line)?;
                new.write_all(b"\n")
            })?;
            new.into_inner()
                .map_err(io::IntoInnerError::into_error)?
                .sync_all()?;
            fs::rename(&fresh, &path)
        };
        rewrite().map_err(|error| {
            let _ = fs::remove_file(&fresh);
            StoreError::io("rewrite", &self.path, error)
        })
    }
}

/// Whether this was to become a line of ours, or is an empty one, as processes
/// leave that write at the same moment. Some file systems end a file with zeros
/// where the power failed before its bytes were written.
fn is_litter(line: &[u8], error: &serde_json::Error) -> bool {
    const BEGINNING: &[u8] = b"{\"work_id\":";
    let is_ours = line.starts_with(BEGINNING) || BEGINNING.starts_with(line);
    let is_cut = error.is_eof() || line.contains(&0);
    is_ours && is_cut
        || line
            .iter()
            .all(|byte| byte.is_ascii_whitespace() || *byte == 0)
}

fn ends_mid_line(mut file: &File) -> io::Result<bool> {
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    Ok(last != [b'\n'])
}

/// Calls `each` with every line, without its newline, and where it begins; tells
/// how many bytes there were.
fn for_each_line(
    file: &File,
    mut each: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<u64> {
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    let mut total = 0_u64;
    loop {
        line.clear();
        let read = reader
            .by_ref()
            .take(LINE_MAX)
            .read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(total);
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        each(total, &line)?;
        total = total.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
    }
}
