//! Where a recording stands: under a name of its own until an exchange is in it,
//! so that a run which is refused, or asks nobody, leaves an older recording
//! whole.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// See the module.
pub(super) struct Place {
    /// Where it is to stand, links followed.
    path: PathBuf,
    /// Where it stands until then.
    draft: Mutex<Option<PathBuf>>,
}

impl Place {
    /// A new file beside `path`, which is to take its place.
    pub(super) fn beside(path: &Path) -> io::Result<(Self, File)> {
        let older = match path.metadata() {
            Ok(about) if !about.is_file() => {
                return Err(io::Error::other("it is no regular file"));
            }
            Ok(about) => Some(about.permissions()),
            Err(_) => None,
        };
        let path = match older {
            Some(_) => {
                // One that may not be written may not be replaced either.
                OpenOptions::new().write(true).open(path)?;
                path.canonicalize()?
            }
            None => path.to_owned(),
        };
        let name = path
            .file_name()
            .ok_or_else(|| io::Error::other("it names no file"))?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.new", uuid::Uuid::new_v4()));
        let draft = path.with_file_name(hidden);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&draft)?;
        let place = Self {
            path,
            draft: Mutex::new(Some(draft)),
        };
        if let Some(permissions) = older {
            file.set_permissions(permissions)?;
        }
        Ok((place, file))
    }

    fn draft(&self) -> MutexGuard<'_, Option<PathBuf>> {
        self.draft.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the place, for good.
    pub(super) fn take(&self) -> io::Result<()> {
        let mut draft = self.draft();
        if let Some(from) = draft.as_ref() {
            fs::rename(from, &self.path)?;
            *draft = None;
        }
        Ok(())
    }

    /// Takes the place if nothing stands there.
    pub(super) fn take_if_free(&self) -> io::Result<()> {
        if self.path.exists() {
            return Ok(());
        }
        self.take()
    }

    /// Leaves the place as it is; what took it stays.
    pub(super) fn leave(&self) {
        if let Some(draft) = self.draft().take() {
            // A name with a dot that nobody asks for.
            let _ = fs::remove_file(draft);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<String> = entries
            .map(|entry| name(entry).to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn an_older_file_stands_until_its_place_is_taken_and_for_good_when_it_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.har");
        fs::write(&path, "older").unwrap();
        for take in [false, true] {
            let (place, mut file) = Place::beside(&path).unwrap();
            file.write_all(b"newer").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "older");
            if take {
                place.take().unwrap();
                // It goes on being written where it stands now.
                file.write_all(b" still").unwrap();
            } else {
                place.take_if_free().unwrap();
                assert_eq!(fs::read_to_string(&path).unwrap(), "older");
            }
            drop(place);
            assert_eq!(names(folder.path()), ["run.har"]);
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "newer still");
    }

    #[test]
    fn a_free_place_can_be_taken_at_once_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.har");
        drop(Place::beside(&path).unwrap());
        assert_eq!(names(folder.path()), [""; 0]);
        let (place, _file) = Place::beside(&path).unwrap();
        place.take_if_free().unwrap();
        assert_eq!(names(folder.path()), ["run.har"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_one_and_the_file_behind_it_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "older").unwrap();
        std::os::unix::fs::symlink("real", &link).unwrap();
        let (place, mut file) = Place::beside(&link).unwrap();
        file.write_all(b"newer").unwrap();
        place.take().unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), "newer");
        assert!(link.symlink_metadata().unwrap().is_symlink());
    }
}
