//! The book that the processes of one ledger share: a folder with a small
//! record for each bucket, beside the ledger.
//!
//! A record is read and written under an OS lock that is held for the few
//! microseconds this takes, never while anybody waits, so a process that is
//! killed or stopped in its sleep holds nobody up. One stopped in the very act
//! makes the others report the book as busy until it goes on: too slow is
//! polite, too fast is not. A damaged record counts as an empty one.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::book::{Answer, Ask, PaceBook, answer};
use super::clock::machine_micros;
use super::rate::{Grant, HORIZON, Micros, Pace, Rate, micros};

/// First line of a record.
const SIGNATURE: &str = "paperfall-pace 1";
/// No record is longer; what lies behind is not read.
const RECORD_MAX_BYTES: u64 = 4096;
/// Most are shorter than this.
const RECORD_BYTES: usize = 256;
/// Records kept at hand, and open where they are there.
const KEPT: usize = 64;
/// How much of a bucket's name is repeated in its file's name.
const NAME_CHARS: usize = 60;

/// See the module.
pub(super) struct SharedBook {
    folder: PathBuf,
    /// By bucket. Also keeps the threads of this process apart: the OS would take
    /// them for one.
    kept: Mutex<HashMap<String, Kept>>,
}

/// A record's file.
struct Kept {
    name: String,
    file: Option<File>,
}

/// What a record says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Record {
    /// Nobody goes before this.
    door: Micros,
    pace: Pace,
}

impl SharedBook {
    /// A book in `folder`, which is made when something is to be written.
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            kept: Mutex::default(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep<'k>(kept: &'k mut HashMap<String, Kept>, bucket: &str) -> &'k mut Kept {
        if kept.len() >= KEPT && !kept.contains_key(bucket) {
            kept.clear();
        }
        kept.entry(bucket.to_owned()).or_insert_with(|| Kept {
            name: format!("{}.pace", file_stem(bucket)),
            file: None,
        })
    }

    /// Changes a record under its lock; none when another process has it.
    fn change<T>(
        &self,
        bucket: &str,
        change: impl FnOnce(&mut Record, Micros) -> T,
    ) -> io::Result<Option<T>> {
        let mut kept = self.kept();
        let Kept { name, file } = Self::keep(&mut kept, bucket);
        let file = match file {
            Some(file) => file,
            None => file.insert(open(&self.folder, name)?),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let changed = Self::rewrite(file, change);
        file.unlock()?;
        changed.map(Some)
    }

    fn rewrite<T>(file: &mut File, change: impl FnOnce(&mut Record, Micros) -> T) -> io::Result<T> {
        let text = text_of(file)?;
        // Read inside the lock: the clock may not be older than the record.
        let now = machine_micros();
        let mut record = Record::read(&text, now);
        let changed = change(&mut record, now);
        // One write, over all of the old text: a process killed at any moment
        // leaves the old record or the new one.
        let mut written = record.write(now).into_bytes();
        let length = written.len().max(text.len());
        written.resize(length, b'\n');
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&written)?;
        Ok(changed)
    }

    /// When the door of `host` opens; none when another process is writing.
    fn door(&self, host: &str) -> io::Result<Option<Micros>> {
        let mut kept = self.kept();
        let Kept { name, file } = Self::keep(&mut kept, host);
        let mut opened;
        let file = match file {
            Some(file) => file,
            // To be read only, so it is not kept.
            None => match File::open(self.folder.join(name)) {
                Ok(file) => {
                    opened = file;
                    &mut opened
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(0)),
                Err(error) => return Err(error),
            },
        };
        match file.try_lock_shared() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let text = text_of(file);
        file.unlock()?;
        Ok(Some(Record::read(&text?, machine_micros()).door))
    }
}

/// What a record's file says.
fn text_of(file: &mut File) -> io::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(RECORD_BYTES);
    file.seek(SeekFrom::Start(0))?;
    file.take(RECORD_MAX_BYTES).read_to_end(&mut text)?;
    Ok(text)
}

impl PaceBook for SharedBook {
    fn now(&self) -> Micros {
        machine_micros()
    }

    fn reserve(&self, ask: Ask<'_>, patience: Micros) -> Answer {
        let reserve = |pace: &mut Pace, now: Micros, door: Micros| {
            let latest = now.saturating_add(patience);
            answer(pace.reserve(ask.rates, now, door, latest), now)
        };
        let is_its_hosts = ask.bucket == ask.host && !ask.rates.is_empty();
        let door = if is_its_hosts {
            // It is in the same record.
            Ok(Some(0))
        } else {
            self.door(ask.host)
        };
        let reserved = door.and_then(|door| {
            let Some(door) = door else {
                return Ok(None);
            };
            if ask.rates.is_empty() {
                return Ok(Some(reserve(&mut Pace::default(), self.now(), door)));
            }
            self.change(ask.bucket, |record, now| {
                let door = if is_its_hosts { record.door } else { door };
                reserve(&mut record.pace, now, door)
            })
        });
        match reserved {
            Ok(answer) => answer.unwrap_or(Answer::Busy),
            Err(error) => Answer::Broken(format!("{}: {error}", self.folder.display())),
        }
    }

    fn give_back(&self, bucket: &str, grant: &Grant) {
        // Somebody else is writing: then the gap stays, which is polite.
        let given = self.change(bucket, |record, _| record.pace.give_back(grant));
        if let Err(error) = given {
            tracing::debug!(folder = %self.folder.display(), %error, "a grant is not given back");
        }
    }

    fn close(&self, host: &str, until: Micros) -> bool {
        let closed = self.change(host, |record, now| {
            let until = until.min(now.saturating_add(micros(HORIZON)));
            record.door = record.door.max(until);
        });
        match closed {
            Ok(closed) => closed.is_some(),
            Err(error) => {
                tracing::warn!(
                    "{}: {error}; other processes are not told to leave {host} alone",
                    self.folder.display()
                );
                true
            }
        }
    }
}

impl Record {
    fn read(text: &[u8], now: Micros) -> Self {
        let mut record = Self::default();
        let text = String::from_utf8_lossy(text);
        let mut lines = text.lines();
        if lines.next() != Some(SIGNATURE) {
            return record;
        }
        for line in lines {
            let mut words = line.split(' ');
            let what = words.next();
            let numbers: Vec<u64> = words.map_while(|word| word.parse().ok()).collect();
            match (what, numbers.as_slice()) {
                // A door further off than any may be is of another boot.
                (Some("door"), [until]) if *until <= now.saturating_add(micros(HORIZON)) => {
                    record.door = *until;
                }
                (Some("rate"), [interval, burst, drained]) => {
                    let burst = u32::try_from(*burst).unwrap_or_default();
                    if let Some(rate) = Rate::of_numbers(*interval, burst) {
                        record.pace.recall(rate, *drained);
                    }
                }
                _ => {}
            }
        }
        record
    }

    fn write(&self, now: Micros) -> String {
        let mut text = format!("{SIGNATURE}\n");
        if self.door > now {
            text.push_str(&format!("door {}\n", self.door));
        }
        for (rate, drained) in self.pace.worth_keeping(now) {
            let (interval, burst) = rate.numbers();
            text.push_str(&format!("rate {interval} {burst} {drained}\n"));
        }
        text
    }
}

/// A file of `folder`, either of which is made where it is missing.
pub(super) fn open(folder: &Path, name: &str) -> io::Result<File> {
    let path = folder.join(name);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    match options.open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            std::fs::create_dir_all(folder)?;
            options.open(&path)
        }
        opened => opened,
    }
}

/// A file name for a bucket: readable, and different for different buckets.
pub(super) fn file_stem(bucket: &str) -> String {
    let readable: String = bucket
        .chars()
        .take(NAME_CHARS)
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' => c,
            _ => '_',
        })
        .collect();
    let digest = Sha256::digest(bucket.as_bytes());
    let short: String = digest.iter().take(6).map(|b| format!("{b:02x}")).collect();
    format!("{}-{short}", readable.trim_start_matches('.'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::time::Duration;

    use super::*;

    const NEVER: Micros = u64::MAX / 4;

    fn rate() -> [Rate; 1] {
        [Rate::even(1, Duration::from_secs(1))]
    }

    fn ask<'a>(bucket: &'a str, rates: &'a [Rate]) -> Ask<'a> {
        Ask {
            bucket,
            host: "a.org",
            rates,
        }
    }

    fn granted(book: &SharedBook, bucket: &str) -> Grant {
        match book.reserve(ask(bucket, &rate()), NEVER) {
            Answer::Granted(grant) => grant,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn two_books_on_one_folder_are_one_book() {
        let folder = tempfile::tempdir().unwrap();
        let one = SharedBook::new(folder.path());
        let two = SharedBook::new(folder.path());
        let first = granted(&one, "a.org/x");
        let second = granted(&two, "a.org/x");
        let third = granted(&one, "a.org/x");
        assert!(second.at >= first.at + 1_000_000 && third.at >= second.at + 1_000_000);
        assert!(granted(&two, "a.org/y").at < second.at, "another bucket");
        two.give_back("a.org/x", &third);
        assert_eq!(granted(&one, "a.org/x").at, third.at);
    }

    #[test]
    fn a_door_closed_by_one_is_closed_for_all_and_for_no_other_host() {
        let folder = tempfile::tempdir().unwrap();
        let one = SharedBook::new(folder.path());
        let two = SharedBook::new(folder.path());
        let until = two.now() + 60_000_000;
        assert!(one.close("a.org", until));
        assert!(one.close("a.org", until - 1_000_000));
        assert_eq!(granted(&two, "a.org/x").at, until);
        let impatient = two.reserve(ask("a.org", &[]), 1_000_000);
        assert!(matches!(impatient, Answer::TooLong(wait) if wait > 50_000_000));
        let other = Ask {
            bucket: "b.org",
            host: "b.org",
            rates: &[],
        };
        assert!(matches!(two.reserve(other, NEVER), Answer::Granted(grant) if grant.at < until));
    }

    #[test]
    fn a_damaged_record_counts_as_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let book = SharedBook::new(folder.path());
        let path = folder.path().join(format!("{}.pace", file_stem("a.org")));
        for damage in [
            &b"\xff\xfe\0\0"[..],
            b"",
            b"paperfall-pace 1\nrate 0 0 0\nrate x\ndoor 18446744073709551615\nrate 1000000 1 18446744073709551615",
            &[b'x'; 100_000],
        ] {
            std::fs::write(&path, damage).unwrap();
            let now = book.now();
            let first = granted(&book, "a.org");
            assert!(first.at <= now + 2_000_000, "{first:?} long after {now}");
            assert!(granted(&book, "a.org").at >= first.at + 1_000_000);
        }
    }

    #[test]
    fn a_record_somebody_holds_is_busy_and_nothing_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let book = SharedBook::new(folder.path());
        granted(&book, "a.org");
        let path = folder.path().join(format!("{}.pace", file_stem("a.org")));
        let holder = File::open(path).unwrap();
        holder.lock().unwrap();
        assert_eq!(book.reserve(ask("a.org", &rate()), NEVER), Answer::Busy);
        drop(holder);
        granted(&book, "a.org");
    }

    #[test]
    fn the_folder_is_made_when_it_is_needed_and_what_cannot_be_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("a/b");
        let book = SharedBook::new(&below);
        assert!(!below.exists());
        granted(&book, "a.org");
        assert!(below.is_dir());
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let answer = SharedBook::new(&file).reserve(ask("a.org", &rate()), NEVER);
        assert!(matches!(answer, Answer::Broken(why) if why.contains("file: ")));
    }

    #[test]
    fn different_buckets_have_different_files_and_none_leaves_the_folder() {
        let buckets = [
            "a.org/x",
            "a.org_x",
            "a.org",
            "../../etc/passwd",
            "",
            &"x".repeat(9000),
        ];
        let stems: std::collections::HashSet<String> =
            buckets.iter().map(|bucket| file_stem(bucket)).collect();
        assert_eq!(stems.len(), buckets.len());
        assert!(
            stems
                .iter()
                .all(|stem| !stem.contains('/') && !stem.starts_with('.') && stem.len() < 100)
        );
    }
}
