//! Why a recording cannot be read or written.

use std::path::PathBuf;

/// A recording that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HarError {
    /// `--replay-har` names what cannot be read.
    #[error("cannot replay {}: {why}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What is in the way.
        why: String,
    },
    /// It is no HAR.
    #[error("it is no HAR 1.2 recording: {0}")]
    Malformed(String),
    /// `--record-har` names what cannot be written.
    #[error("cannot record to {}: {why}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What is in the way.
        why: String,
    },
    /// One file for both.
    #[error(
        "cannot record to {}: it is the recording that is replayed; give another file", path.display()
    )]
    SameFile {
        /// The file.
        path: PathBuf,
    },
}
