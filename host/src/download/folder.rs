//! The output folder by its names: `objects/ab/<sha256>.pdf`, readable links
//! under `papers/`, part files in `.parts/`. A file gets its name once it is
//! whole, and keeps it. Who may use the folder is [`Store`](super::Store)'s
//! affair.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::marks::{Earlier, MARKS_MAX, Validators, marks_path};
use super::paper_name::stem;
use super::part::hex;
use super::store::Stored;
use super::store_error::StoreError;

/// What stands beside a part file, by its ending.
const BESIDE_PARTS: [&str; 3] = ["unwrapped", "link", "marks"];
/// How files begin that are on their way back to their place.
pub(crate) const RESTORED: &str = "restored-";

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct OutFolder {
    root: PathBuf,
}

impl OutFolder {
    pub(crate) const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether papers were ever stored there.
    pub(crate) fn is_there(&self) -> bool {
        self.root.join("objects").is_dir()
    }

    /// The path of a file that results name, if it is inside the folder.
    pub(crate) fn inside(&self, relative: &str) -> Option<PathBuf> {
        let path = Path::new(relative);
        let inside = path
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        inside.then(|| self.root.join(path))
    }

    /// The size of the object with this path, as results name it; none where
    /// there is none.
    pub(crate) fn size_of(&self, relative: &str) -> io::Result<Option<u64>> {
        let Some(path) = self.inside(relative) else {
            return Ok(None);
        };
        match fs::metadata(path) {
            Ok(object) => Ok(object.is_file().then_some(object.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
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

    /// The readable name of a work's paper.
    pub(super) fn paper(&self, work_id: &str) -> PathBuf {
        let name = format!("{}.pdf", stem(work_id));
        self.root.join("papers").join(name)
    }

    /// Where people find a work's paper: by its readable name, or, where that
    /// does not lead to it, under this path of results.
    pub(crate) fn shown_paper(&self, work_id: &str, path: &str) -> PathBuf {
        let object = self.root.join(path);
        let paper = self.paper(work_id);
        if same_file(&paper, &object) {
            paper
        } else {
            object
        }
    }

    pub(crate) fn parts(&self) -> PathBuf {
        self.root.join(".parts")
    }

    /// The part file with this name.
    pub(crate) fn part_path(&self, name: &str) -> PathBuf {
        self.parts().join(name)
    }

    /// The names of part files and of what stands beside them, as far as they
    /// are text.
    pub(crate) fn part_names(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.parts()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    /// Removes a part file and what stands beside it.
    pub(crate) fn remove_part(&self, name: &str) -> io::Result<()> {
        let path = self.part_path(name);
        let beside = BESIDE_PARTS.map(|end| path.with_extension(end));
        for path in beside.into_iter().chain([path]) {
            remove_if_there(&path)?;
        }
        Ok(())
    }

    /// Removes one of the [`part_names`](Self::part_names), and nothing beside it.
    pub(crate) fn remove_file(&self, name: &str) -> io::Result<()> {
        remove_if_there(&self.part_path(name))
    }

    /// Whether there is something in a part file to go on with, as far as its
    /// length and its marks tell.
    pub(crate) fn can_continue(&self, name: &str) -> io::Result<bool> {
        let path = self.part_path(name);
        let mut text = Vec::new();
        let read = fs::File::open(marks_path(&path))
            .and_then(|marks| marks.take(MARKS_MAX).read_to_end(&mut text))
            .and_then(|_| fs::metadata(&path));
        match read {
            Ok(part) => {
                Ok(Earlier::parse(&path, &text)
                    .is_some_and(|earlier| earlier.least() <= part.len()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The part file among these that promises most of this version of a URL.
    pub(crate) async fn best_part(&self, names: &[String], now: &Validators) -> Option<Earlier> {
        let mut best: Option<Earlier> = None;
        for name in names {
            let found = Earlier::read(&self.part_path(name)).await;
            let found = found.filter(|found| !found.validators.contradicts(now));
            if let Some(found) = found
                && best
                    .as_ref()
                    .is_none_or(|best| best.promises() < found.promises())
            {
                best = Some(found.measured_by(now));
            }
        }
        best
    }

    /// Removes those of these part files that promise no more of this URL than
    /// the first `kept` bytes, which a later one has.
    pub(crate) async fn drop_taken_over(&self, names: &[String], url: &str, kept: u64) {
        for name in names {
            let found = Earlier::read(&self.part_path(name)).await;
            if found.is_some_and(|found| found.validators.url == url && found.promises() <= kept) {
                // One that stays is swept when its job ends.
                let _ = self.remove_part(name);
            }
        }
    }

    /// Removes what killed processes left that no ledger knows of. Only for one
    /// that is alone in the folder.
    pub(super) fn sweep_leftovers(&self) -> io::Result<()> {
        for name in self.part_names()? {
            // The names with a fence are a ledger's, which may go on with them.
            let is_plain = name
                .strip_suffix(".part")
                .or_else(|| name.strip_suffix(".link"))
                .is_some_and(|stem| !stem.contains('.'));
            if is_plain || name.starts_with(RESTORED) {
                // A leftover that cannot be removed does no harm.
                let _ = fs::remove_file(self.part_path(&name));
            }
        }
        Ok(())
    }

    /// Puts a whole, synced part file in its place, once: linked, not copied, and
    /// never over an existing file. `sha256` and `bytes` are what was seen when
    /// it was sealed.
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
        let existed = place(part, &target, sha256)?;
        // The name itself must survive a power loss too.
        sync_folder(&folder)?;
        Ok(Stored { existed, ..stored })
    }
}

/// Gives `part` its final name; true when the same bytes were there already.
fn place(part: &Path, target: &Path, sha256: &str) -> Result<bool, StoreError> {
    match fs::hard_link(part, target) {
        Ok(()) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // The name is a hash: other bytes under it are a damaged file's, which
            // the verified one replaces. What cannot be read is no better.
            let there = hash_of_file(target).ok().flatten();
            if there.is_some_and(|there| there == sha256) {
                return Ok(true);
            }
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

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether both hold the same bytes, as far as their sizes tell: links are
/// copies where the file system has no links.
pub(super) fn same_file(one: &Path, other: &Path) -> bool {
    let size = |path| fs::metadata(path).map(|file| file.len()).ok();
    size(one).is_some() && size(one) == size(other)
}

/// Whether this is a file system without links (FAT, some network mounts).
pub(super) fn lacks_links(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
    )
}

fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| StoreError::io("sync", folder, error))
}

/// The SHA-256 of a plain file, in hex; none of a link or of what is not there.
pub(crate) fn hash_of_file(path: &Path) -> io::Result<Option<String>> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut hasher = Sha256::new();
    let mut file = fs::File::open(path)?;
    let mut buffer = vec![0_u8; 256 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Some(hex(&hasher.finalize()))),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}
