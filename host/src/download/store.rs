//! The output folder in use: who is in it, new part files, readable links.

use std::fs;
use std::io;
use std::path::Path;

use uuid::Uuid;

use super::folder::{OutFolder, lacks_links, same_file};
use super::part::{OnDrop, PartFile, Sealed};
use super::presence::{Presence, Sharing};
use super::store_error::StoreError;

/// An output folder, held by this process.
#[derive(Debug)]
pub struct Store {
    folder: OutFolder,
    presence: Presence,
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
    /// Opens (and makes) the folder. A process that finds nobody there sweeps
    /// what killed ones left; part files that a ledger knows are the ledger's
    /// affair.
    ///
    /// # Errors
    ///
    /// A folder that cannot be made, written or locked.
    pub fn open(root: &Path, sharing: &Sharing) -> Result<Self, StoreError> {
        if root.exists() && !root.is_dir() {
            return Err(StoreError::NotAFolder(root.to_owned()));
        }
        for folder in ["", "objects", "papers", ".parts"] {
            let folder = root.join(folder);
            fs::create_dir_all(&folder)
                .map_err(|error| StoreError::io("make the folder", &folder, error))?;
        }
        let folder = OutFolder::new(root.to_owned());
        let presence = Presence::enter(root, sharing, || folder.sweep_leftovers())?;
        Ok(Self { folder, presence })
    }

    /// Leaves the folder to the others; whether there are none. Only then this
    /// process may still write there, and none can come in until it ends.
    pub(crate) fn leave(&self) -> bool {
        self.presence.leave()
    }

    /// The folder's path.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.folder.root()
    }

    /// The folder by its names.
    pub(crate) fn folder(&self) -> &OutFolder {
        &self.folder
    }

    /// Whether an object with this path and size, as results name them, is
    /// there.
    #[must_use]
    pub fn holds(&self, relative: &str, bytes: u64) -> bool {
        matches!(self.folder.size_of(relative), Ok(Some(size)) if size == bytes)
    }

    pub(crate) async fn new_part(&self, with_md5: bool) -> Result<PartFile, StoreError> {
        let path = self.folder.part_path(&format!("{}.part", Uuid::new_v4()));
        PartFile::create(path, with_md5, OnDrop::Remove).await
    }

    /// The part file of a lease: nobody else has its name, and it stays when
    /// its worker vanishes.
    pub(crate) async fn leased_part(
        &self,
        name: &str,
        with_md5: bool,
    ) -> Result<PartFile, StoreError> {
        PartFile::create(self.folder.part_path(name), with_md5, OnDrop::Keep).await
    }

    /// Puts a sealed file in its place, once: linked, not copied, and never
    /// over an existing file.
    pub(crate) fn keep(&self, sealed: &Sealed) -> Result<Stored, StoreError> {
        let path = sealed.guard.path();
        self.folder.keep_part(path, &sealed.sha256, sealed.bytes)
    }

    /// Links the readable name of a work that was done before, if somebody
    /// removed it. An object that is not under this path has none.
    pub(crate) fn link_again(&self, work_id: &str, path: &str) -> Result<(), StoreError> {
        let is_there = matches!(self.folder.size_of(path), Ok(Some(_)));
        if fs::symlink_metadata(self.folder.paper(work_id)).is_ok() || !is_there {
            return Ok(());
        }
        self.link(work_id, path, &Uuid::new_v4().to_string())
    }

    /// Links a readable name to a stored object. `scratch` names the link while
    /// it is made; nobody else may use that name now.
    pub(crate) fn link_paper(
        &self,
        work_id: &str,
        stored: &Stored,
        scratch: &str,
    ) -> Result<(), StoreError> {
        self.link(work_id, &stored.path, scratch)
    }

    fn link(&self, work_id: &str, path: &str, scratch: &str) -> Result<(), StoreError> {
        let object = self.root().join(path);
        let link = self.folder.paper(work_id);
        let target = Path::new("..").join(path);
        if fs::read_link(&link).is_ok_and(|old| old == target) {
            return Ok(());
        }
        if fs::symlink_metadata(&link).is_ok_and(|there| !there.is_symlink())
            && !same_file(&link, &object)
        {
            return Err(StoreError::InTheWay(link));
        }
        // A new link under another name, then one rename: no moment without
        // a paper, and an older version's link is replaced.
        let fresh = self.folder.part_path(&format!("{scratch}.link"));
        let _ = fs::remove_file(&fresh);
        symlink_or_copy(&target, &object, &fresh)
            .map_err(|error| StoreError::io("link", &fresh, error))?;
        fs::rename(&fresh, &link).map_err(|error| {
            let _ = fs::remove_file(&fresh);
            StoreError::io("link", &link, error)
        })
    }
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
