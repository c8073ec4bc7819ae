//! The folders a worker works in, which are also the ledger's shelf.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::ledger::{PartName, Sha256Hex, Shelf};

/// The folders, and where things are in them.
pub struct Place(PathBuf);

impl Place {
    /// Makes the folders that are missing.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        for folder in ["parts", "objects", "papers"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        Self(root.to_owned())
    }

    /// The folder of it all.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// The ledger's file.
    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        self.0.join("manifest.sqlite3")
    }

    /// The file with these bytes.
    #[must_use]
    pub fn object(&self, sha256: &str) -> PathBuf {
        self.0.join("objects").join(sha256)
    }

    /// A part file.
    #[must_use]
    pub fn part(&self, name: &str) -> PathBuf {
        self.0.join("parts").join(name)
    }

    /// The readable name of a work's file.
    #[must_use]
    pub fn alias(&self, work: &str) -> PathBuf {
        self.0.join("papers").join(work)
    }
}

impl Shelf for Place {
    fn has(&self, sha256: &Sha256Hex, _: Option<u64>) -> io::Result<bool> {
        self.object(&sha256.to_string()).try_exists()
    }

    fn restore(&self, _: &Sha256Hex, _: Option<&str>) -> io::Result<bool> {
        Ok(false)
    }

    fn parts(&self) -> io::Result<Vec<PartName>> {
        let mut parts = Vec::new();
        for entry in fs::read_dir(self.0.join("parts"))? {
            parts.extend(entry?.file_name().to_str().and_then(PartName::parse));
        }
        Ok(parts)
    }

    fn remove_part(&self, part: &PartName) -> io::Result<()> {
        match fs::remove_file(self.part(&part.to_string())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
