//! Whether the ledger's file still stands where it was opened.
//!
//! SQLite goes on writing into a file that was moved, removed or replaced, and
//! acknowledges what nobody will find again. So the writer looks before it writes.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::LedgerError;

/// Symbolic links followed from a ledger's name, as many as Linux follows.
const MAX_LINKS: usize = 40;

/// The ledger's file where the path is a symbolic link to it, there or not yet:
/// its log and its locks stand beside the file, and everybody has to find them.
///
/// A relative path begins with `./` where SQLite would read another thing into it:
/// `:memory:` is no file, and `file:x` another one.
#[must_use]
pub fn followed(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(target) = std::fs::read_link(&path) else {
            break;
        };
        path = match path.parent() {
            Some(folder) => folder.join(target),
            None => target,
        };
    }
    let text = path.as_os_str().as_encoded_bytes();
    if text.starts_with(b":") || text.starts_with(b"file:") {
        path = Path::new(".").join(path);
    }
    path
}

/// A file and the name it was opened by.
#[derive(Debug, Clone)]
pub(super) struct Place {
    path: Arc<PathBuf>,
    file: FileId,
}

impl Place {
    /// The file that stands there now.
    pub(super) fn of(path: Arc<PathBuf>) -> Result<Self, LedgerError> {
        let found = std::fs::metadata(path.as_path());
        let file = id(&found.map_err(|error| LedgerError::io(&path, &error))?);
        Ok(Self { path, file })
    }

    /// Whether it is the same file still.
    ///
    /// # Errors
    /// [`LedgerError::Lost`] if it is not; what the system says if that cannot be told.
    pub(super) fn check(&self) -> Result<(), LedgerError> {
        let lost = || LedgerError::Lost {
            path: self.path.as_ref().clone(),
        };
        match std::fs::metadata(self.path.as_path()) {
            Ok(found) if id(&found) == self.file => Ok(()),
            Ok(_) => Err(lost()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(lost()),
            Err(error) => Err(LedgerError::io(&self.path, &error)),
        }
    }
}

/// A file by its device and number.
#[cfg(unix)]
type FileId = (u64, u64);

#[cfg(unix)]
fn id(found: &Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt;
    (found.dev(), found.ino())
}

/// Elsewhere a file that is open cannot be moved or removed.
#[cfg(not(unix))]
type FileId = ();

#[cfg(not(unix))]
fn id(_: &Metadata) -> FileId {}
