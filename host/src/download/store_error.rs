//! The machine's side failed: disk, permissions, a file in the way.

use std::io;
use std::path::{Path, PathBuf};

/// A failure of the output folder. Every message names the path and what to
/// do about it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// An operation on a file or folder failed.
    #[error("cannot {action} {}: {cause}{remedy}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's words.
        cause: io::Error,
        /// What helps, with its separator; empty when nothing is known.
        remedy: &'static str,
    },
    /// The output folder is a file.
    #[error("{} is not a folder; choose another one with --out", .0.display())]
    NotAFolder(PathBuf),
    /// Something of someone else's has the name.
    #[error("{} is in the way and is not ours; move it and run again", .0.display())]
    InTheWay(PathBuf),
    /// A record could not be made or read.
    #[error("a record could not be written or read: {0}; this is a defect of paperfall")]
    Record(String),
    /// Another process writes there.
    #[error(
        "{} is in use by another paperfall process; wait for it or choose another --out",
        .0.display()
    )]
    InUse(PathBuf),
    /// Other processes work there, with another ledger.
    #[error(
        "{} is in use with the ledger {} by another paperfall process; use that --ledger, wait for it, \
         or choose another --out",
        root.display(),
        ledger.display()
    )]
    OtherLedger {
        /// The output folder.
        root: PathBuf,
        /// The ledger that is used there.
        ledger: PathBuf,
    },
}

impl StoreError {
    /// Wraps a failure that is neither the disk's nor the operator's.
    pub(crate) fn record(error: impl std::fmt::Display) -> Self {
        Self::Record(error.to_string())
    }

    /// Wraps an I/O error with what was being done.
    pub(crate) fn io(action: &'static str, path: &Path, cause: io::Error) -> Self {
        let remedy = match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "; free some space and run again: what is finished stays"
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "; choose a writable folder with --out"
            }
            io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::AlreadyExists => "; choose another folder with --out",
            io::ErrorKind::IsADirectory => "; move it away",
            io::ErrorKind::FileTooLarge => "; raise the file size limit (ulimit -f)",
            _ => "",
        };
        Self::Io {
            action,
            path: path.to_owned(),
            cause,
            remedy,
        }
    }
}
