//! What the reconciler asks of the files, which it does not touch itself.

use std::fmt;
use std::io;

use serde::Serialize;

use super::job::Fence;
use super::keys::{JobId, Sha256Hex};

/// How much the reconciler looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thoroughness {
    /// Leases, effects and part files.
    Quick,
    /// Also whether every stored file still stands.
    Full,
}

/// What the reconciler found and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Reconciled {
    /// Leases of dead or silent owners that can be taken now.
    pub recovered_leases: u64,
    /// Effects whose worker vanished.
    pub abandoned_ops: u64,
    /// Jobs whose missing file was restored, or which will fetch it again.
    pub healed_jobs: u64,
    /// Part files nobody will continue, removed.
    pub swept_parts: u64,
}

/// The folder of files beside a ledger, as the reconciler needs it. Every call
/// may block.
pub trait Shelf: Send + Sync {
    /// Whether the file with these bytes stands under its name, as long as it was
    /// when it was stored (`bytes`, where that is known).
    ///
    /// # Errors
    /// When the system cannot say.
    fn has(&self, sha256: &Sha256Hex, bytes: Option<u64>) -> io::Result<bool>;

    /// Puts the file back from elsewhere (an alias, a readable name), if its
    /// bytes are there; whether it stands now.
    ///
    /// # Errors
    /// When the system fails.
    fn restore(&self, sha256: &Sha256Hex, indexed_path: Option<&str>) -> io::Result<bool>;

    /// The part files there are.
    ///
    /// # Errors
    /// When the folder cannot be read.
    fn parts(&self) -> io::Result<Vec<PartName>>;

    /// Whether a later worker could go on with what is in a part file.
    ///
    /// # Errors
    /// When the system cannot say.
    fn can_continue(&self, _part: &PartName) -> io::Result<bool> {
        Ok(false)
    }

    /// Removes a part file; one that is gone already is no error.
    ///
    /// # Errors
    /// When the system fails.
    fn remove_part(&self, part: &PartName) -> io::Result<()>;
}

/// The name of the file a lease streams into. Each lease has its own, so a
/// worker that lost its lease cannot write into its successor's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PartName {
    /// The job.
    pub job: JobId,
    /// The fence of the lease.
    pub fence: Fence,
}

impl PartName {
    /// Reads `<job>.<fence>.part`; other files are none of ours.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (job, fence) = name.strip_suffix(".part")?.split_once('.')?;
        let part = Self {
            job: JobId::parse(job).ok()?,
            fence: Fence::from_raw(fence.parse().ok()?),
        };
        (part.to_string() == name).then_some(part)
    }
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.part", self.job, self.fence)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_part_names_are_recognised() {
        let name = "17ed6c55-52a1-838b-8022-b83068d01334.4294967297.part";
        assert_eq!(PartName::parse(name).unwrap().to_string(), name);
        for bad in [
            "x.1.part",
            "17ed6c5552a1838b8022b83068d01334.1.part",
            &name.replace(".42", ".042"),
            "a.part",
            ".part",
        ] {
            assert_eq!(PartName::parse(bad), None, "{bad}");
        }
    }
}
