//! File systems of a test's own: small ones that fill up, and ones that turn
//! read-only. Where mounting is not permitted there are none, and tests say so.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// So many times in a row a disk has to be found full, and between two looks.
const LOOKS: u32 = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// A mounted folder; unmounted when dropped.
pub struct Disk(PathBuf);

fn mount(args: &[&str], at: &Path) -> bool {
    Command::new("mount")
        .args(args)
        .arg(at)
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

impl Disk {
    /// A disk of this size; none where mounting is not permitted.
    pub fn new(at: &Path, kibibytes: u32) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let size = format!("size={kibibytes}k");
        let mounted = mount(&["-t", "tmpfs", "-o", &size, "tmpfs"], at);
        if !mounted {
            eprintln!("mounting is not permitted here: this was not tested");
        }
        mounted.then(|| Self(at.to_owned()))
    }

    /// A file that is just being closed keeps a disk busy for a moment.
    pub fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        let done = (0..100).any(|_| {
            let done = mount(&["-o", &options], &self.0);
            if !done {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            done
        });
        assert!(done, "{options}");
    }

    /// One file, where it lies, made read-only in a folder that is not.
    pub fn freeze_file(path: &Path) -> Option<Self> {
        let bound = Command::new("mount")
            .arg("--bind")
            .args([path, path])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !bound {
            eprintln!("mounting is not permitted here: this was not tested");
            return None;
        }
        let frozen = Self(path.to_owned());
        assert!(mount(&["-o", "remount,bind,ro"], path));
        Some(frozen)
    }

    /// Fills it to the last byte.
    pub fn fill(&self) {
        let mut hog = std::fs::File::create(self.0.join("hog")).unwrap();
        let mut full_for = 0;
        // A process that another test is just starting may still have removed
        // files open, and gives their room back a moment later.
        while full_for < LOOKS {
            let mut had_room = false;
            for size in [64 * 1024, 4096, 512, 1] {
                while hog.write_all(&vec![0; size]).is_ok() {
                    had_room = true;
                }
            }
            full_for = if had_room { 0 } else { full_for + 1 };
            std::thread::sleep(BETWEEN_LOOKS);
        }
    }

    /// Leaves this much of it free.
    pub fn fill_but(&self, kibibytes: u64) {
        self.fill();
        let hog = std::fs::File::options()
            .write(true)
            .open(self.0.join("hog"))
            .unwrap();
        let length = hog.metadata().unwrap().len();
        hog.set_len(length.saturating_sub(kibibytes * 1024))
            .unwrap();
    }

    pub fn empty(&self) {
        let hog = self.0.join("hog");
        // Cut first: a process that another test is just starting may still have
        // the removed file open.
        std::fs::File::create(&hog).unwrap();
        std::fs::remove_file(hog).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A folder in which no file can be made or removed, also not by root.
pub struct FrozenFolder(PathBuf);

impl FrozenFolder {
    pub fn new(path: &Path) -> Option<Self> {
        let frozen = Command::new("chattr")
            .arg("+i")
            .arg(path)
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !frozen {
            eprintln!("chattr +i is not permitted here: this was not tested");
        }
        frozen.then(|| Self(path.to_owned()))
    }
}

impl Drop for FrozenFolder {
    fn drop(&mut self) {
        let _ = Command::new("chattr").arg("-i").arg(&self.0).status();
    }
}
