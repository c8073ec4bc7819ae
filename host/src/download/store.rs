//! The output folder: content-addressed objects, readable links, part files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::marks::{Earlier, marks_path};
use super::paper_name::stem;
use super::part::{OnDrop, PartFile, Sealed};
use super::store_error::StoreError;

/// How long a process that ends may still keep the others out, at most.
const CLOSING: Duration = Duration::from_secs(10);

/// Who else may write to an output folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// Nobody.
    Alone,
    /// Other processes, which a ledger keeps out of each other's way.
    WithOthers,
}

/// An output folder, held by this process.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    /// Held for as long as the store is; the system lets go of it when the
    /// process ends, however it ends.
    lock: fs::File,
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
    /// Opens (and makes) the folder. A process alone sweeps the part files that
    /// a killed run left; where several share it, that is the ledger's affair.
    ///
    /// # Errors
    ///
    /// A folder that cannot be made, written or locked.
    pub fn open(root: &Path, sharing: Sharing) -> Result<Self, StoreError> {
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
        hold(&lock, sharing)
            .map_err(|error| StoreError::io("lock", &lock_path, error))?
            .then_some(())
            .ok_or_else(|| StoreError::InUse(root.to_owned()))?;
        let store = Self {
            root: root.to_owned(),
            lock,
        };
        if sharing == Sharing::Alone {
            store.sweep_parts()?;
        }
        Ok(store)
    }

    /// Whether no other process uses the folder now; none can begin to, then,
    /// until this one ends.
    pub(crate) fn is_alone(&self) -> bool {
        self.lock.try_lock().is_ok()
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
        self.inside(relative).is_some_and(|path| {
            fs::metadata(path).is_ok_and(|object| object.is_file() && object.len() == bytes)
        })
    }

    fn sweep_parts(&self) -> Result<(), StoreError> {
        let folder = self.root.join(".parts");
        let entries =
            fs::read_dir(&folder).map_err(|error| StoreError::io("list", &folder, error))?;
        for entry in entries.flatten() {
            let path = entry.path();
            let ours = path
                .extension()
                .is_some_and(|end| end == "part" || end == "link");
            // The names with a fence are a ledger's, which may go on with them.
            let plain = path
                .file_stem()
                .is_some_and(|stem| !stem.to_string_lossy().contains('.'));
            if ours && plain {
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
        PartFile::create(path, with_md5, OnDrop::Remove).await
    }

    /// The part file of a lease: nobody else has its name, and it stays when
    /// its worker vanishes.
    pub(crate) async fn leased_part(
        &self,
        name: &str,
        with_md5: bool,
    ) -> Result<PartFile, StoreError> {
        PartFile::create(self.part_path(name), with_md5, OnDrop::Keep).await
    }

    /// The path of a file that results name, if it is inside the folder.
    pub(crate) fn inside(&self, relative: &str) -> Option<PathBuf> {
        let path = Path::new(relative);
        let inside = path
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        inside.then(|| self.root.join(path))
    }

    /// What a file with these bytes is stored as.
    pub(crate) fn stored_as(sha256: &str, bytes: u64) -> Stored {
        let shard = sha256.get(..2).unwrap_or("00");
        Stored {
            sha256: sha256.to_owned(),
            bytes,
            path: format!("objects/{shard}/{sha256}.pdf"),
            existed: true,
        }
    }

    /// The part file with this name.
    pub(crate) fn part_path(&self, name: &str) -> PathBuf {
        self.root.join(".parts").join(name)
    }

    /// The names of part files, as far as they are text.
    pub(crate) fn part_names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.root.join(".parts"))? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    /// Removes a part file and what stands beside it.
    pub(crate) fn remove_part(&self, name: &str) -> io::Result<()> {
        let path = self.part_path(name);
        let beside = ["unwrapped", "link"].map(|end| path.with_extension(end));
        for path in beside.into_iter().chain([marks_path(&path), path]) {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// The part file among these that promises most of this URL.
    pub(crate) async fn best_part(&self, names: &[String], url: &str) -> Option<Earlier> {
        let mut best: Option<Earlier> = None;
        for name in names {
            let found = Earlier::read(&self.part_path(name)).await;
            let found = found.filter(|found| found.validators.url == url);
            if let Some(found) = found
                && best
                    .as_ref()
                    .is_none_or(|best| best.promises() < found.promises())
            {
                best = Some(found);
            }
        }
        best
    }

    /// Puts a sealed file in its place, once: linked, not copied, and never
    /// over an existing file.
    pub(crate) fn keep(&self, sealed: &Sealed) -> Result<Stored, StoreError> {
        self.keep_part(sealed.guard.path(), &sealed.sha256, sealed.bytes)
    }

    /// The same for a part file by name: `sha256` and `bytes` are what was seen
    /// when it was sealed.
    pub(crate) fn keep_part(
        &self,
        part: &Path,
        sha256: &str,
        bytes: u64,
    ) -> Result<Stored, StoreError> {
        let stored = Self::stored_as(sha256, bytes);
        let target = self.root.join(&stored.path);
        let folder = target.parent().unwrap_or(&self.root).to_owned();
        fs::create_dir_all(&folder)
            .map_err(|error| StoreError::io("make the folder", &folder, error))?;
        let existed = place(part, &target)?;
        // The name itself must survive a power loss too.
        sync_folder(&folder)?;
        Ok(Stored { existed, ..stored })
    }

    /// Links a readable name to a stored object. `scratch` names the link while
    /// it is made; nobody else may use that name now.
    pub(crate) fn link_paper(
        &self,
        work_id: &str,
        stored: &Stored,
        scratch: &str,
    ) -> Result<(), StoreError> {
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
        let fresh = self.part_path(&format!("{scratch}.link"));
        let _ = fs::remove_file(&fresh);
        symlink_or_copy(&target, &self.root.join(&stored.path), &fresh)
            .map_err(|error| StoreError::io("link", &fresh, error))?;
        fs::rename(&fresh, &link).map_err(|error| {
            let _ = fs::remove_file(&fresh);
            StoreError::io("link", &link, error)
        })
    }
}

/// Takes the folder's lock; false when others have it. A process that ends
/// alone may take a moment.
fn hold(lock: &fs::File, sharing: Sharing) -> io::Result<bool> {
    let since = Instant::now();
    loop {
        let taken = match sharing {
            Sharing::Alone => lock.try_lock(),
            Sharing::WithOthers => lock.try_lock_shared(),
        };
        match taken {
            Ok(()) => return Ok(true),
            Err(fs::TryLockError::Error(error)) => return Err(error),
            Err(fs::TryLockError::WouldBlock)
                if sharing == Sharing::Alone || since.elapsed() >= CLOSING =>
            {
                return Ok(false);
            }
            Err(fs::TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(50)),
        }
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
        Err(error) if lacks_links(&error) => {
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

/// Whether this is a file system without links (FAT, some network mounts).
fn lacks_links(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
    )
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
    match std::os::unix::fs::symlink(target, link) {
        Err(error) if lacks_links(&error) => {
            fs::hard_link(object, link).or_else(|_| fs::copy(object, link).map(drop))
        }
        // A disk that is full or broken makes no copy either.
        made => made,
    }
}

#[cfg(not(unix))]
fn symlink_or_copy(_target: &Path, object: &Path, link: &Path) -> io::Result<()> {
    fs::hard_link(object, link).or_else(|_| fs::copy(object, link).map(drop))
}
