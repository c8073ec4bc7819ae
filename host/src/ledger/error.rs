//! Everything that can go wrong with a ledger, in words: what happened, to what,
//! and what to do.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;

use super::job::Fence;
use super::keys::{JobId, KeyError, OpKey};
use super::lock_holder::who_locks;
use super::op::OpType;
use super::open;
use super::state::JobState;

/// Why the ledger refused, or could not.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LedgerError {
    /// There is no such file.
    #[error(
        "there is no ledger at {path}; check the path, or let a run with --enable-idempotency create one"
    )]
    Missing {
        /// The file that is not there.
        path: PathBuf,
    },
    /// The path is a folder.
    #[error("{path} is a folder, and the ledger is a file; name one in it, such as {}", path.join("manifest.sqlite3").display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// It is no SQLite database, or none with a ledger in it.
    #[error("{path} is not a ledger: {detail}; name another file, or move this one away")]
    NotALedger {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        detail: String,
    },
    /// A newer program wrote it.
    #[error(
        "{path} has ledger schema {found} and this paperfall knows {known}; nothing was changed. Use a newer paperfall, or another --ledger"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version it says it has.
        found: String,
        /// The version this program writes.
        known: u32,
    },
    /// It may not be written.
    #[error(
        "the ledger {path} cannot be written ({detail}); check the permissions of the file and its folder and that the disk has room, or name another --ledger"
    )]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// The system's word.
        detail: String,
    },
    /// It may not be read.
    #[error(
        "the ledger {path} cannot be opened for reading ({detail}); check the permissions of the file and its folder. On a read-only disk, a ledger with a -wal file beside it must be copied elsewhere, together with that file"
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's word.
        detail: String,
    },
    /// It has several names.
    #[error(
        "the ledger {path} has {names} names (hard links), and its last steps and its locks stand beside one of them only; remove the others (keep the one with a -wal file beside it), or work on a copy made with cp"
    )]
    Linked {
        /// The file.
        path: PathBuf,
        /// How many.
        names: u64,
    },
    /// Another program keeps it locked.
    #[error(
        "the ledger {path} stayed locked by {} for {waited_ms} ms; nothing was changed. Let it finish, or end it (a sqlite3 shell with an open transaction? a stopped paperfall?), and try again",
        by.as_deref().unwrap_or("another program")
    )]
    Locked {
        /// The file.
        path: PathBuf,
        /// How long it was waited for.
        waited_ms: u64,
        /// Who, where the system tells.
        by: Option<String>,
    },
    /// The disk is full.
    #[error(
        "the disk of the ledger {path} is full; what was acknowledged is safe. Free some space and go on"
    )]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// Pages of the file make no sense.
    #[error(
        "the ledger {path} is damaged ({detail}); stop its users, keep a copy, and rescue it with `sqlite3 {path} .recover`"
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// SQLite's word.
        detail: String,
    },
    /// Its file was moved, removed or replaced while it was open.
    #[error(
        "the ledger {path} does not stand where it was opened any more: it was moved, removed or replaced; nothing is recorded meanwhile. Put it back, together with the -wal file beside it"
    )]
    Lost {
        /// Where it was opened.
        path: PathBuf,
    },
    /// The system failed to read or write it.
    #[error(
        "the ledger {path} could not be read or written ({detail}); check the disk and that it has room"
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's word.
        detail: String,
    },
    /// A statement failed for a reason of its own.
    #[error(
        "the ledger {path} refused a statement ({detail}); this is a defect of paperfall, or the file was changed by hand"
    )]
    Refused {
        /// The file.
        path: PathBuf,
        /// SQLite's word.
        detail: String,
    },
    /// The ledger was closed, or its writer stopped.
    #[error("the ledger {path} is closed; open it again")]
    Closed {
        /// The file.
        path: PathBuf,
    },
    /// The lease is lost.
    #[error(
        "the lease on job {job} with fence {fence} is lost: it expired, was released, or another worker took the job over; stop working on it and touch nothing"
    )]
    Fenced {
        /// The job.
        job: JobId,
        /// The fence that is no longer current.
        fence: Fence,
    },
    /// No such job.
    #[error("the ledger has no job {job}; plan it first")]
    NoSuchJob {
        /// The id.
        job: JobId,
    },
    /// The state machine has no such move.
    #[error("job {job} cannot go from {from} to {to}")]
    IllegalMove {
        /// The job.
        job: JobId,
        /// Where it is.
        from: JobState,
        /// Where it was to go.
        to: JobState,
    },
    /// The effect runs already under this very lease.
    #[error("{kind} {op} of job {job} is in progress under the same lease; wait for it to finish")]
    InProgress {
        /// The job.
        job: JobId,
        /// The effect.
        op: OpKey,
        /// Its kind.
        kind: OpType,
    },
    /// The effect was not begun under this lease.
    #[error(
        "{kind} {op} of job {job} cannot be finished: it was not begun under this lease; begin it first"
    )]
    NotBegun {
        /// The job.
        job: JobId,
        /// The effect.
        op: OpKey,
        /// Its kind.
        kind: OpType,
    },
    /// Something is too long to be stored; it is not cut.
    #[error(
        "{what} has {bytes} bytes and the ledger stores at most {limit}; nothing was stored. Keep it in a file and store its path"
    )]
    TooLarge {
        /// What.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The URL is not one of a stored file.
    #[error("job {job} cannot be skipped: nothing stored came from {url}")]
    NotStored {
        /// The job.
        job: JobId,
        /// The URL.
        url: String,
    },
    /// A key or an id is not well formed.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl LedgerError {
    /// The same call may succeed later, without anything acknowledged being lost.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Locked { .. } | Self::DiskFull { .. } | Self::Lost { .. } | Self::Io { .. }
        )
    }

    /// The lease is gone; the job belongs to somebody else now.
    #[must_use]
    pub const fn is_lost_lease(&self) -> bool {
        matches!(self, Self::Fenced { .. })
    }

    /// It was waited for these locks as long as it is waited for any.
    pub(super) fn locked(path: &Path, locks: &[&Path]) -> Self {
        Self::Locked {
            path: path.to_owned(),
            waited_ms: open::BUSY_PATIENCE_MS,
            by: who_locks(locks),
        }
    }

    pub(crate) fn io(path: &Path, error: &std::io::Error) -> Self {
        let (path, detail) = (path.to_owned(), error.to_string());
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { path }
            }
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { path, detail }
            }
            _ => Self::Io { path, detail },
        }
    }

    /// The error in words for what SQLite said about this file.
    pub(super) fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let (path, detail) = (path.to_owned(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::locked(&path, &[&path, &open::beside(&path, "-shm")])
            }
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt { path, detail },
            Some(ErrorCode::NotADatabase) => Self::NotALedger { path, detail },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                Self::ReadOnly { path, detail }
            }
            Some(ErrorCode::SystemIoFailure) if open::has_no_room(error) => Self::DiskFull { path },
            Some(ErrorCode::SystemIoFailure) => Self::Io { path, detail },
            _ => Self::Refused { path, detail },
        }
    }
}
