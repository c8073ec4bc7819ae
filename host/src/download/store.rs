//! The output folder: content-addressed objects, readable links, part files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::paper_name::stem;
use super::part::{PartFile, Sealed};
use super::store_error::StoreError;

/// An output folder, held by this process alone.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    /// Held for as long as the store is; the system lets go of it when the
    /// process ends, however it ends.
    _lock: fs::File,
}

/// A stored paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Its path relative to the output folder.
    pub path: String,
    /// The bytes were there already.
    pub existed: bool,
}

impl Store {
    /// Opens (and makes) the folder, and sweeps part files a killed run left.
    ///
    /// # Errors
    ///
    /// A folder that cannot be made, written or locked.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        if root.exists() && !root.is_dir() {
            return Err(StoreError::NotAFolder(root.to_owned()));
        }
        for folder in ["", "objects", "papers", ".parts"] {
            let folder = root.join(folder);
            fs::create_dir_all(&folder)
                .map_err(|error| StoreError::io("make the folder", &folder, error))?;
        }
        let lock_path = root.join(".lock");
        let lock = fs::File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(|error| StoreError::io("open", &lock_path, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(StoreError::InUse(root.to_owned())),
            Err(fs::TryLockError::Error(error)) => {
                return Err(StoreError::io("lock", &lock_path, error));
            }
        }
        let store = Self {
            root: root.to_owned(),
            _lock: lock,
        };
        store.sweep_parts()?;
        Ok(store)
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether an object with this path and size, as results name them, is
    /// there.
    #[must_use]
    pub fn holds(&self, relative: &str, bytes: u64) -> bool {
        let path = Path::new(relative);
        let inside = path
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        inside
            && fs::metadata(self.root.join(path))
                .is_ok_and(|object| object.is_file() && object.len() == bytes)
    }

    fn sweep_parts(&self) -> Result<(), StoreError> {
        let folder = self.root.join(".parts");
        let entries =
            fs::read_dir(&folder).map_err(|error| StoreError::io("list", &folder, error))?;
        for entry in entries.flatten() {
            let ours = |end: &std::ffi::OsStr| end == "part" || end == "link";
            if entry.path().extension().is_some_and(ours) {
                // A leftover that cannot be removed does no harm.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    pub(crate) async fn new_part(&self, with_md5: bool) -> Result<PartFile, StoreError> {
        let path = self
            .root
            .join(".parts")
            .join(format!("{}.part", Uuid::new_v4()));
        PartFile::create(path, with_md5).await
    }

    /// Puts a sealed file in its place, once: linked, not copied, and never
    /// over an existing file.
    pub(crate) fn keep(&self, sealed: &Sealed) -> Result<Stored, StoreError> {
        let shard = sealed.sha256.get(..2).unwrap_or("00");
        let folder = self.root.join("objects").join(shard);
        fs::create_dir_all(&folder)
            .map_err(|error| StoreError::io("make the folder", &folder, error))?;
        let name = format!("{}.pdf", sealed.sha256);
        let target = folder.join(&name);
        let existed = place(sealed.guard.path(), &target)?;
        // The name itself must survive a power loss too.
        sync_folder(&folder)?;
        Ok(Stored {
            sha256: sealed.sha256.clone(),
            bytes: sealed.bytes,
            path: format!("objects/{shard}/{name}"),
            existed,
        })
    }

    /// Links a readable name to a stored object.
    pub(crate) fn link_paper(&self, work_id: &str, stored: &Stored) -> Result<(), StoreError> {
        let link = self
            .root
            .join("papers")
            .join(format!("{}.pdf", stem(work_id)));
        let target = Path::new("..").join(&stored.path);
        if fs::read_link(&link).is_ok_and(|old| old == target) {
            return Ok(());
        }
        if fs::symlink_metadata(&link).is_ok_and(|there| !there.is_symlink())
            && !same_file(&link, &self.root.join(&stored.path))
        {
            return Err(StoreError::InTheWay(link));
        }
        // A new link under another name, then one rename: no moment without
        // a paper, and an older version's link is replaced.
        let fresh = self
            .root
            .join(".parts")
            .join(format!("{}.link", Uuid::new_v4()));
        symlink_or_copy(&target, &self.root.join(&stored.path), &fresh)
            .map_err(|error| StoreError::io("link", &fresh, error))?;
        fs::rename(&fresh, &link).map_err(|error| {
            let _ = fs::remove_file(&fresh);
            StoreError::io("link", &link, error)
        })
    }
}

/// Gives `part` its final name; true when the same bytes were there already.
fn place(part: &Path, target: &Path) -> Result<bool, StoreError> {
    match fs::hard_link(part, target) {
        Ok(()) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let same_size = fs::metadata(part).map(|m| m.len()).ok()
                == fs::metadata(target).map(|m| m.len()).ok();
            if same_size {
                return Ok(true);
            }
            // The name is a hash: another size means a damaged file, which
            // the verified one replaces.
            fs::rename(part, target).map_err(|error| StoreError::io("replace", target, error))?;
            Ok(false)
        }
        // No hard links here (FAT, some network mounts).
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
            ) =>
        {
            // What is there under this name has these bytes, or is damaged:
            // the verified file may take its place either way.
            let existed = target.exists();
            fs::rename(part, target)
                .map(|()| existed)
                .map_err(|error| StoreError::io("store", target, error))
        }
        Err(error) => Err(StoreError::io("store", target, error)),
    }
}

/// Whether both hold the same bytes, as far as their sizes tell: links are
/// copies where the file system has no links.
fn same_file(one: &Path, other: &Path) -> bool {
    let size = |path| fs::metadata(path).map(|file| file.len()).ok();
    size(one).is_some() && size(one) == size(other)
}

fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| StoreError::io("sync", folder, error))
}

#[cfg(unix)]
fn symlink_or_copy(target: &Path, object: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
        .or_else(|_| fs::hard_link(object, link))
        .or_else(|_| fs::copy(object, link).map(drop))
}

#[cfg(not(unix))]
fn symlink_or_copy(_target: &Path, object: &Path, link: &Path) -> io::Result<()> {
    fs::hard_link(object, link).or_else(|_| fs::copy(object, link).map(drop))
}
