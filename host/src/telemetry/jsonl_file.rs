//! A file of lines that several processes append to and that never grows past
//! its limit: full ones are moved aside as `FILE.1`, `FILE.2`, …
//!
//! Whole lines only: they go out in one append, and a line that a killed
//! process or a full disk cut off is ended before the next. Under the file's
//! lock a process checks that the name still means its file, so it follows when
//! another process (or logrotate) has moved it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::error::TelemetryError;

/// How often the lock is tried, and how long between: a process that stands
/// still with the lock must not silence the others. Without the lock lines stay
/// whole all the same, as the system appends each batch in one piece.
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(2);
/// Reopening races with other processes' rotations at most this often.
const REOPENINGS: u32 = 4;

/// The file.
#[derive(Debug)]
pub(super) struct JsonlFile {
    path: PathBuf,
    file: File,
    /// Not so for devices (`/dev/null`, a terminal): they have no size and no end.
    regular: bool,
    max_bytes: u64,
    kept: u32,
}

impl JsonlFile {
    /// Opens or makes the file; it moves aside before it exceeds `max_bytes`,
    /// and `kept` older ones stay.
    pub(super) fn open(path: &Path, max_bytes: u64, kept: u32) -> Result<Self, TelemetryError> {
        let unwritable = |error| TelemetryError::unwritable(path, error);
        // Looked at before it is opened: opening a pipe waits for its reader.
        let regular = match fs::metadata(path) {
            Ok(found) => {
                refuse_odd(path, &found)?;
                found.is_file()
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(unwritable(error)),
        };
        let file = if regular {
            appending(path)
        } else {
            OpenOptions::new().append(true).open(path)
        }
        .map_err(unwritable)?;
        // Absolute, and a link's target: the name stays true when the working
        // folder changes, and rotation happens where the file is.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        Ok(Self {
            path,
            file,
            regular,
            max_bytes,
            kept: kept.max(1),
        })
    }

    /// Appends whole lines.
    ///
    /// # Errors
    /// What the system says; the file may end in a part of a line then, which
    /// the next append ends.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<Appended> {
        if !self.regular {
            self.file.write_all(lines)?;
            return Ok(Appended::default());
        }
        let mut appended = Appended::default();
        for _ in 0..REOPENINGS {
            let locked = lock(&self.file);
            let next = self.prepare(lines.len(), &mut appended);
            match next {
                // Closing the old file lets go of its lock.
                Ok(Some(file)) => self.file = file,
                Ok(None) => {
                    let written = self.write(lines);
                    if locked {
                        let _ = self.file.unlock();
                    }
                    return written.map(|()| appended);
                }
                Err(error) => {
                    if locked {
                        let _ = self.file.unlock();
                    }
                    return Err(error);
                }
            }
        }
        // Rotated under us again and again: this file is as good as another.
        self.write(lines).map(|()| appended)
    }

    /// The file to go on with, if it is another one.
    fn prepare(&self, more: usize, appended: &mut Appended) -> io::Result<Option<File>> {
        if !self.is_named()? {
            return appending(&self.path).map(Some);
        }
        let len = self.file.metadata()?.len();
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        if len == 0 || len.saturating_add(more) <= self.max_bytes || appended.unrotated.is_some() {
            return Ok(None);
        }
        match self.rotate() {
            Ok(()) => appending(&self.path).map(Some),
            Err(error) => {
                appended.unrotated = Some(error);
                Ok(None)
            }
        }
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.is_torn() {
            let mut ended = Vec::with_capacity(lines.len() + 1);
            ended.push(b'\n');
            ended.extend_from_slice(lines);
            return self.file.write_all(&ended);
        }
        self.file.write_all(lines)
    }

    /// Whether the file ends within a line.
    fn is_torn(&mut self) -> bool {
        let mut last = [b'\n'];
        self.file
            .seek(SeekFrom::End(-1))
            .and_then(|_| self.file.read_exact(&mut last))
            .is_ok()
            && last != [b'\n']
    }

    /// Whether the path still leads to the open file.
    #[cfg(unix)]
    fn is_named(&self) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt;
        let ours = self.file.metadata()?;
        match fs::metadata(&self.path) {
            Ok(named) => Ok((named.dev(), named.ino()) == (ours.dev(), ours.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Elsewhere files have no identity std could compare; a missing one is made.
    #[cfg(not(unix))]
    fn is_named(&self) -> io::Result<bool> {
        self.path.try_exists()
    }

    /// Moves every file one number on; the last one falls off.
    fn rotate(&self) -> io::Result<()> {
        for number in (1..self.kept).rev() {
            match fs::rename(self.numbered(number), self.numbered(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(&self.path, self.numbered(1))
    }

    fn numbered(&self, number: u32) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    }
}

/// What an append could not do beside appending.
#[derive(Debug, Default)]
pub(super) struct Appended {
    /// The file is over its limit, and this is why.
    pub(super) unrotated: Option<io::Error>,
}

fn appending(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(path)
}

/// Whether the lock was got; also not where the file system has none.
fn lock(file: &File) -> bool {
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return true,
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(_)) => return false,
        }
    }
    false
}

fn refuse_odd(path: &Path, found: &fs::Metadata) -> Result<(), TelemetryError> {
    let what = if found.is_dir() {
        "a folder"
    } else {
        #[cfg(unix)]
        {
            use std::os::unix::fs::FileTypeExt;
            let kind = found.file_type();
            if kind.is_fifo() {
                "a pipe"
            } else if kind.is_socket() {
                "a socket"
            } else if kind.is_block_device() {
                "a disk"
            } else {
                return Ok(());
            }
        }
        #[cfg(not(unix))]
        return Ok(());
    };
    Err(TelemetryError::NotAFile {
        path: path.to_owned(),
        what,
    })
}
