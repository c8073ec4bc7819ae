//! The output folder as the reconciler sees it: `objects/ab/<sha256>.pdf`, the
//! readable names under `papers/`, part files in `.parts/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use sha2::{Digest, Sha256};

use crate::ledger::{PartName, Sha256Hex, Shelf};

/// See the module.
#[derive(Debug)]
pub(super) struct OutputShelf {
    root: PathBuf,
    /// Papers that are files of their own (links have no bytes to restore), by
    /// their hash; read when the first one is missing.
    copies: Mutex<Option<BTreeMap<Sha256Hex, PathBuf>>>,
}

impl OutputShelf {
    /// The shelf of this output folder.
    pub(super) const fn new(root: PathBuf) -> Self {
        Self {
            root,
            copies: Mutex::new(None),
        }
    }

    /// Whether papers were ever stored there.
    pub(super) fn is_there(&self) -> bool {
        self.root.join("objects").is_dir()
    }

    fn object(&self, sha256: &Sha256Hex) -> PathBuf {
        let name = sha256.to_string();
        let shard = name.get(..2).unwrap_or("00");
        self.root
            .join("objects")
            .join(shard)
            .join(format!("{name}.pdf"))
    }

    fn parts_folder(&self) -> PathBuf {
        self.root.join(".parts")
    }

    /// A file elsewhere with these bytes.
    fn copy(&self, sha256: &Sha256Hex, indexed_path: Option<&str>) -> io::Result<Option<PathBuf>> {
        if let Some(indexed) = indexed_path.and_then(|path| self.inside(path))
            && hash_of(&indexed)? == Some(*sha256)
        {
            return Ok(Some(indexed));
        }
        let mut copies = self
            .copies
            .lock()
            .map_err(|_| io::Error::other("reading the papers failed before"))?;
        let known = match copies.take() {
            Some(known) => known,
            None => papers(&self.root.join("papers"))?,
        };
        let found = known.get(sha256).cloned();
        *copies = Some(known);
        Ok(found)
    }

    /// A path from the ledger, if it stays in the folder.
    fn inside(&self, relative: &str) -> Option<PathBuf> {
        let path = Path::new(relative);
        let stays = path
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        stays.then(|| self.root.join(path))
    }
}

impl Shelf for OutputShelf {
    fn has(&self, sha256: &Sha256Hex) -> io::Result<bool> {
        match fs::metadata(self.object(sha256)) {
            Ok(object) => Ok(object.is_file() && object.len() > 0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn restore(&self, sha256: &Sha256Hex, indexed_path: Option<&str>) -> io::Result<bool> {
        let Some(copy) = self.copy(sha256, indexed_path)? else {
            return Ok(false);
        };
        let object = self.object(sha256);
        if let Some(folder) = object.parent() {
            fs::create_dir_all(folder)?;
        }
        match fs::hard_link(&copy, &object) {
            Ok(()) => {}
            // No hard links here, or an empty file is in the way: a whole copy
            // takes the name in one step.
            Err(_) => {
                fs::create_dir_all(self.parts_folder())?;
                let mut draft = tempfile::Builder::new()
                    .prefix("restored-")
                    .tempfile_in(self.parts_folder())?;
                io::copy(&mut File::open(&copy)?, draft.as_file_mut())?;
                draft.as_file().sync_all()?;
                draft.persist(&object).map_err(|error| error.error)?;
            }
        }
        if let Some(folder) = object.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(true)
    }

    fn parts(&self) -> io::Result<Vec<PartName>> {
        let entries = match fs::read_dir(self.parts_folder()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = BTreeSet::new();
        for entry in entries {
            // Marks and the like belong to the part file they stand beside.
            if let Some((stem, _)) = entry?.file_name().to_string_lossy().rsplit_once('.') {
                names.insert(format!("{stem}.part"));
            }
        }
        Ok(names
            .iter()
            .filter_map(|name| PartName::parse(name))
            .collect())
    }

    fn remove_part(&self, part: &PartName) -> io::Result<()> {
        let path = self.parts_folder().join(part.to_string());
        for end in ["marks", "unwrapped", "link", "part"] {
            match fs::remove_file(path.with_extension(end)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
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
        if let Some(hash) = hash_of(&path)? {
            papers.insert(hash, path);
        }
    }
    Ok(papers)
}

/// The hash of a plain file; none of a link or of what is not there.
fn hash_of(path: &Path) -> io::Result<Option<Sha256Hex>> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut hasher = Sha256::new();
    let mut file = File::open(path)?;
    let mut buffer = vec![0_u8; 64 * 1024];
    loop {
        match io::Read::read(&mut file, &mut buffer)? {
            0 => return Ok(Some(Sha256Hex::from_bytes(hasher.finalize().into()))),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}
