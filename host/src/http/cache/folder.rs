//! The cache's folder: one file an entry, in one of 256 subfolders.
//!
//! Files appear whole or not at all (written beside, then renamed), so
//! processes may share the folder without locks: the last writer wins, and a
//! file that somebody else removed is simply not there. Trouble with the
//! folder is said once, in one line, and costs answers, not works.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

use super::entry::Entry;
use crate::http::session::BODY_MAX_BYTES;

/// Says whose the folder is, and how it is laid out.
const MARKER: &str = "paperfall-http-cache";
const LAYOUT: &[u8] = b"1\n";
/// Where damaged entries go; they are evicted like others.
const DAMAGED: &str = "damaged";
/// What an entry's file may have beside its body.
const OVERHEAD_BYTES: u64 = 512 * 1024;
/// Unfinished files of a process that was killed are this old.
const LEFT_BEHIND: Duration = Duration::from_secs(60 * 60);
/// Names tried for a folder that is set aside.
const ASIDE_NAMES: u32 = 100;

pub(super) struct Folder {
    path: PathBuf,
    max_bytes: u64,
    state: Mutex<State>,
    complained: AtomicBool,
}

#[derive(Default)]
struct State {
    /// Whether the folder may be used; none before the first look.
    usable: Option<bool>,
    /// What it holds, as far as this process knows.
    bytes: Option<u64>,
    /// Written since the last look at all of it.
    written: u64,
}

/// One file of the folder.
struct Held {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

impl Folder {
    pub(super) fn new(path: PathBuf, max_bytes: u64) -> Self {
        Self {
            path,
            max_bytes,
            state: Mutex::default(),
            complained: AtomicBool::new(false),
        }
    }

    /// The largest body that is kept.
    pub(super) fn entry_max_bytes(&self) -> u64 {
        BODY_MAX_BYTES.min(self.max_bytes / 8)
    }

    /// Whether nothing is called `key`. Quick enough to be asked anywhere: the
    /// system knows by heart what is not there.
    pub(super) fn lacks(&self, key: &str) -> bool {
        let found = fs::symlink_metadata(self.place(key));
        found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    /// The entry called `key`; none if there is none that is whole.
    pub(super) fn read(&self, key: &str) -> Option<Entry> {
        if !self.usable() {
            return None;
        }
        let path = self.place(key);
        let file = match self.read_file(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                self.set_entry_aside(&path, &error.to_string());
                return None;
            }
        };
        let entry = Entry::decode(file);
        if entry.is_none() {
            self.set_entry_aside(&path, "it is damaged");
        }
        entry
    }

    fn read_file(&self, path: &Path) -> io::Result<Vec<u8>> {
        let about = fs::symlink_metadata(path)?;
        let limit = self.entry_max_bytes().saturating_add(OVERHEAD_BYTES);
        // Looked at before it is opened: opening a pipe would wait for ever.
        if !about.is_file() || about.len() > limit {
            return Err(io::Error::other("it is no entry"));
        }
        let mut file = File::open(path)?;
        let mut bytes = Vec::new();
        Read::by_ref(&mut file)
            .take(limit)
            .read_to_end(&mut bytes)?;
        // What was used last is evicted last. Where that cannot be noted, it
        // is evicted by age.
        file.set_modified(SystemTime::now()).ok();
        Ok(bytes)
    }

    /// Writes an entry and makes room for it.
    pub(super) fn write(&self, key: &str, entry: &Entry) {
        if !self.usable() {
            return;
        }
        let Some(bytes) = entry.encode() else { return };
        if let Err(error) = self.write_file(key, &bytes) {
            self.complain(&format!(
                "the HTTP cache in {} cannot be written: {error}; answers are not kept",
                self.path.display()
            ));
            return;
        }
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let mut state = self.state();
        state.written = state.written.saturating_add(count);
        state.bytes = state.bytes.map(|bytes| bytes.saturating_add(count));
        let full = state.bytes.is_none_or(|bytes| bytes > self.max_bytes);
        // Others write too: their bytes are seen at the next look.
        if full || state.written > self.max_bytes / 16 {
            state.bytes = Some(self.evict());
            state.written = 0;
        }
    }

    fn write_file(&self, key: &str, bytes: &[u8]) -> io::Result<()> {
        self.make()?;
        let path = self.place(key);
        let shard = path.parent().unwrap_or(&self.path);
        fs::create_dir_all(shard)?;
        let mut file = NamedTempFile::new_in(shard)?;
        // Not synced: a file torn by a power cut is told by its digest.
        file.write_all(bytes)?;
        file.persist(&path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Removes an entry, if it is there.
    pub(super) fn forget(&self, key: &str) {
        if self.usable() {
            fs::remove_file(self.place(key)).ok();
        }
    }

    fn place(&self, key: &str) -> PathBuf {
        self.path.join(key.get(..2).unwrap_or("00")).join(key)
    }

    /// Whether the folder may be used. The first call looks, and sets aside
    /// what is not the cache's.
    fn usable(&self) -> bool {
        let mut state = self.state();
        if let Some(usable) = state.usable {
            return usable;
        }
        let usable = match self.foreign() {
            Ok(None) => true,
            Ok(Some(why)) => self.set_folder_aside(why),
            Err(error) => {
                self.complain(&format!(
                    "the HTTP cache in {} cannot be used: {error}; going on without it",
                    self.path.display()
                ));
                false
            }
        };
        state.usable = Some(usable);
        usable
    }

    /// Why what stands at the folder's place is not the cache's.
    fn foreign(&self) -> io::Result<Option<&'static str>> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
            Ok(about) if !about.is_dir() => return Ok(Some("it is not a folder")),
            Ok(_) => {}
        }
        let marker = self.path.join(MARKER);
        let is_file = fs::symlink_metadata(&marker).is_ok_and(|about| about.is_file());
        let mut said = Vec::new();
        if is_file {
            let limit = u64::try_from(LAYOUT.len()).unwrap_or(u64::MAX);
            File::open(&marker)?
                .take(limit + 1)
                .read_to_end(&mut said)?;
            return Ok((said != LAYOUT).then_some("its marker is damaged"));
        }
        let empty = fs::read_dir(&self.path)?.next().is_none();
        Ok((!empty).then_some("it has no marker"))
    }

    /// Makes the folder, marker first: it appears whole.
    fn make(&self) -> io::Result<()> {
        if self.path.join(MARKER).exists() {
            return Ok(());
        }
        let parent = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent)?;
        if self.path.is_dir() {
            // Empty, or else it would have been set aside.
            fs::write(self.path.join(MARKER), LAYOUT)?;
            return Ok(());
        }
        let made = tempfile::Builder::new()
            .prefix(".http")
            .tempdir_in(parent)?;
        fs::write(made.path().join(MARKER), LAYOUT)?;
        match fs::rename(made.path(), &self.path) {
            Ok(()) => {
                let _ = made.keep();
                Ok(())
            }
            // Somebody else was faster.
            Err(_) if self.path.join(MARKER).exists() => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn set_folder_aside(&self, why: &str) -> bool {
        let path = self.path.display();
        for n in 1..=ASIDE_NAMES {
            let mut name = self.path.file_name().unwrap_or_default().to_owned();
            name.push(format!(".damaged-{n}"));
            let aside = self.path.with_file_name(name);
            if fs::symlink_metadata(&aside).is_ok() {
                continue;
            }
            let moved = fs::rename(&self.path, &aside);
            match &moved {
                Ok(()) => self.complain(&format!(
                    "the HTTP cache in {path} is damaged ({why}); it is set aside as {} \
                     and begun anew",
                    aside.display()
                )),
                Err(error) => self.complain(&format!(
                    "the HTTP cache in {path} is damaged ({why}) and cannot be set aside: \
                     {error}; going on without it"
                )),
            }
            return moved.is_ok();
        }
        self.complain(&format!(
            "the HTTP cache in {path} is damaged ({why}), like {ASIDE_NAMES} before it; \
             going on without it"
        ));
        false
    }

    fn set_entry_aside(&self, path: &Path, why: &str) {
        let folder = self.path.join(DAMAGED);
        let name = path.file_name().unwrap_or_default();
        let moved = fs::create_dir_all(&folder).and_then(|()| fs::rename(path, folder.join(name)));
        if moved.is_err() {
            fs::remove_file(path).ok();
        }
        self.complain(&format!(
            "an entry of the HTTP cache is unusable ({why}) and set aside: {}",
            folder.join(name).display()
        ));
    }

    /// Removes what was used longest ago until a tenth is free; returns what
    /// is left.
    fn evict(&self) -> u64 {
        let mut held = self.held();
        let total: u64 = held.iter().map(|file| file.bytes).sum();
        if total <= self.max_bytes {
            return total;
        }
        held.sort_by_key(|file| file.used);
        let target = self.max_bytes - self.max_bytes / 10;
        let mut left = total;
        for file in held {
            if left <= target {
                break;
            }
            // One that somebody else removed is gone as well.
            fs::remove_file(&file.path).ok();
            left = left.saturating_sub(file.bytes);
        }
        left
    }

    fn held(&self) -> Vec<Held> {
        let mut held = Vec::new();
        let shards = fs::read_dir(&self.path).into_iter().flatten().flatten();
        for shard in shards {
            let files = fs::read_dir(shard.path()).into_iter().flatten().flatten();
            for file in files {
                let Ok(about) = file.metadata() else { continue };
                let used = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                let unfinished = file.file_name().to_string_lossy().starts_with(".tmp");
                if unfinished {
                    let old = used.elapsed().is_ok_and(|age| age > LEFT_BEHIND);
                    if old {
                        fs::remove_file(file.path()).ok();
                    }
                    continue;
                }
                held.push(Held {
                    path: file.path(),
                    bytes: about.len(),
                    used,
                });
            }
        }
        held
    }

    fn complain(&self, what: &str) {
        if !self.complained.swap(true, Ordering::Relaxed) {
            tracing::warn!("{what}");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
