//! A disk of a test's own that is full when the test wants it to be.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system of its own, far too small.
pub struct TinyDisk(PathBuf);

impl TinyDisk {
    /// A new one; none where mounting is not permitted.
    ///
    /// # Panics
    ///
    /// When its folder cannot be made.
    #[must_use]
    pub fn mount(at: &Path, kibibytes: u32) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let size = format!("size={kibibytes}k");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(at)
            .stderr(std::process::Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        mounted.then(|| Self(at.to_owned()))
    }

    /// Makes it as large as this (`8m`).
    ///
    /// # Panics
    ///
    /// When the system refuses.
    pub fn grow(&self, size: &str) {
        let status = Command::new("mount")
            .args(["-o", &format!("remount,size={size}")])
            .arg(&self.0)
            .status()
            .unwrap();
        assert!(status.success());
    }
}

impl TinyDisk {
    /// Writes one file until nothing more fits.
    ///
    /// # Panics
    ///
    /// When the file cannot be made.
    #[must_use]
    pub fn fill(&self) -> PathBuf {
        let hog = self.0.join("hog");
        let mut file = std::fs::File::create(&hog).expect("the hog is made");
        // Ever smaller pieces, to the last byte.
        for size in [1024 * 1024, 64 * 1024, 4096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        hog
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
