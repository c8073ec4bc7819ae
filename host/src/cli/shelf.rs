//! The output folder as the ledger's reconciler sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::download::{OutFolder, RESTORED, hash_of_file};
use crate::ledger::{PartName, Sha256Hex, Shelf};

/// See the module.
#[derive(Debug)]
pub(crate) struct OutputShelf {
    folder: OutFolder,
    /// Papers that are files of their own (links have no bytes to restore), by
    /// their hash; read when the first one is missing.
    copies: Mutex<Option<BTreeMap<Sha256Hex, PathBuf>>>,
}

impl OutputShelf {
    pub(crate) const fn new(folder: OutFolder) -> Self {
        Self {
            folder,
            copies: Mutex::new(None),
        }
    }

    /// A file elsewhere with these bytes.
    fn copy(&self, sha256: &Sha256Hex, indexed_path: Option<&str>) -> io::Result<Option<PathBuf>> {
        if let Some(indexed) = indexed_path.and_then(|path| self.folder.inside(path))
            && hash_of_file(&indexed)?.is_some_and(|found| found == sha256.to_string())
        {
            return Ok(Some(indexed));
        }
        let mut copies = self
            .copies
            .lock()
            .map_err(|_| io::Error::other("reading the papers failed before"))?;
        let known = match copies.take() {
            Some(known) => known,
            None => papers(&self.folder.root().join("papers"))?,
        };
        let found = known.get(sha256).cloned();
        *copies = Some(known);
        Ok(found)
    }
}

impl Shelf for OutputShelf {
    fn has(&self, sha256: &Sha256Hex, bytes: Option<u64>) -> io::Result<bool> {
        let object = OutFolder::stored_as(&sha256.to_string(), 0);
        let size = self.folder.size_of(&object.path)?;
        Ok(size.is_some_and(|size| size > 0 && bytes.is_none_or(|bytes| bytes == size)))
    }

    fn restore(&self, sha256: &Sha256Hex, indexed_path: Option<&str>) -> io::Result<bool> {
        let Some(copy) = self.copy(sha256, indexed_path)? else {
            return Ok(false);
        };
        // A whole copy under a name nobody else has takes its place in one step.
        fs::create_dir_all(self.folder.parts())?;
        let mut draft = tempfile::Builder::new()
            .prefix(RESTORED)
            .tempfile_in(self.folder.parts())?;
        let bytes = io::copy(&mut File::open(&copy)?, draft.as_file_mut())?;
        draft.as_file().sync_all()?;
        self.folder
            .keep_part(draft.path(), &sha256.to_string(), bytes)
            .map_err(io::Error::other)?;
        Ok(true)
    }

    fn parts(&self) -> io::Result<Vec<PartName>> {
        let mut names = BTreeSet::new();
        for name in self.folder.part_names()? {
            // Marks and the like belong to the part file they stand beside.
            if let Some((stem, _)) = name.rsplit_once('.') {
                names.insert(format!("{stem}.part"));
            }
        }
        Ok(names
            .iter()
            .filter_map(|name| PartName::parse(name))
            .collect())
    }

    fn can_continue(&self, part: &PartName) -> io::Result<bool> {
        self.folder.can_continue(&part.to_string())
    }

    fn remove_part(&self, part: &PartName) -> io::Result<()> {
        self.folder.remove_part(&part.to_string())
    }
}

/// The papers that are files of their own, by the hash of their bytes.
fn papers(folder: &Path) -> io::Result<BTreeMap<Sha256Hex, PathBuf>> {
    let mut papers = BTreeMap::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(papers),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        let hash = hash_of_file(&path)?;
        if let Some(Ok(hash)) = hash.map(|hash| Sha256Hex::parse(&hash)) {
            papers.insert(hash, path);
        }
    }
    Ok(papers)
}
