//! Why telemetry could not be set up. Once it runs it has no errors, only drops.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why telemetry could not be set up.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// The file cannot be opened or made.
    #[error(
        "cannot write telemetry to {path}: {error}; name a file in a folder you may write to",
        path = path.display()
    )]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It is something lines cannot be appended to.
    #[error(
        "cannot write telemetry to {path}: it is {what}; name a file",
        path = path.display()
    )]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// A folder, a pipe, a socket.
        what: &'static str,
    },
    /// The background thread could not be started.
    #[error("cannot start the telemetry thread: {0}; the machine is out of threads or memory")]
    Thread(io::Error),
}

impl TelemetryError {
    pub(super) fn unwritable(path: &Path, error: io::Error) -> Self {
        Self::Unwritable {
            path: path.to_owned(),
            error,
        }
    }
}
