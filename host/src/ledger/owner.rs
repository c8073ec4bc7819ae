//! Whose process is alive: each holds a locked file named by its owner id in
//! `<ledger>-locks/`. The system lets the lock go however the process ends, so a
//! free lock means a dead owner, whose leases can be taken at once; a missing
//! file means nothing, and the lease's own end decides. In the file stands its
//! owner's clock, for those that come later to go by.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::job::OwnerId;

/// The longest number there is, with its sign.
const LEAD_BYTES: u64 = 20;

/// The folder of the locks beside this ledger.
pub(super) fn folder(ledger: &Path) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push("-locks");
    PathBuf::from(name)
}

/// Opens (or makes) a file to lock. Several processes come and go, and the last
/// one removes the folder, so a vanished folder is made again.
pub(super) fn lock_file(folder: &Path, name: &str) -> io::Result<File> {
    const TRIES: usize = 8;
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for _ in 0..TRIES {
        fs::create_dir_all(folder)?;
        match OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join(name))
        {
            Err(error) if error.kind() == io::ErrorKind::NotFound => last = error,
            opened => return opened,
        }
    }
    Err(last)
}

fn file_name(owner: &OwnerId) -> String {
    // An owner of another program may be called anything.
    let safe: String = owner
        .as_str()
        .chars()
        .take(100)
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        })
        .collect();
    format!("owner-{safe}.lock")
}

/// This process's own lock; dropping it lets it go.
#[derive(Debug)]
pub(super) struct OwnerLock {
    path: PathBuf,
    // The lock lives as long as the file is open.
    file: File,
}

impl OwnerLock {
    /// Locks the file of an owner that nobody has heard of yet. Whoever sweeps the
    /// folder at that moment takes the new file for a dead owner's, until it is
    /// locked.
    pub(super) fn take(folder: &Path, owner: &OwnerId) -> io::Result<Self> {
        const TRIES: usize = 100;
        let name = file_name(owner);
        let path = folder.join(&name);
        for _ in 0..TRIES {
            let file = lock_file(folder, &name)?;
            match file.try_lock() {
                // Nobody else makes a file of this name.
                Ok(()) if path.exists() => return Ok(Self { path, file }),
                Ok(()) => {}
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
            }
        }
        Err(io::Error::other("another process has this owner's lock"))
    }

    /// Tells the others this owner's clock, by its lead.
    pub(super) fn tell(&mut self, lead: i64) -> io::Result<()> {
        self.file.write_all(lead.to_string().as_bytes())
    }

    /// Removes the file: this owner holds no leases any more.
    pub(super) fn retire(self) {
        // A file that stays is only litter; the reconciler removes it.
        let _ = fs::remove_file(&self.path);
    }
}

/// What is known of the process that holds a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Liveness {
    /// It has its lock: it runs, or is stopped.
    Alive,
    /// Its lock is free: its leases can be taken now.
    Gone,
    /// It never had a lock here (another program, another machine): its lease's end decides.
    Unknown,
}

/// What is known of this owner.
pub(super) fn standing(folder: &Path, owner: &OwnerId) -> Liveness {
    let Ok(file) = File::open(folder.join(file_name(owner))) else {
        return Liveness::Unknown;
    };
    // Shared, so that two processes that look at once do not see each other.
    match file.try_lock_shared() {
        Ok(()) => Liveness::Gone,
        Err(TryLockError::WouldBlock) => Liveness::Alive,
        Err(TryLockError::Error(_)) => Liveness::Unknown,
    }
}

/// Whether this owner is known to be dead.
pub(super) fn is_dead(folder: &Path, owner: &OwnerId) -> bool {
    standing(folder, owner) == Liveness::Gone
}

/// The lead of the clock that the living go by; none where nobody else lives.
pub(super) fn lead_of_others(folder: &Path, me: &OwnerId) -> Option<i64> {
    let mine = file_name(me);
    let entries = fs::read_dir(folder).ok()?;
    entries.flatten().find_map(|entry| {
        let name = entry.file_name();
        if name.to_str() == Some(&mine) || !name.to_str()?.starts_with("owner-") {
            return None;
        }
        let file = File::open(entry.path()).ok()?;
        if !matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
            return None;
        }
        let mut text = String::new();
        file.take(LEAD_BYTES).read_to_string(&mut text).ok()?;
        text.parse().ok()
    })
}

/// Removes the lock files of dead owners that hold nothing.
pub(super) fn sweep(folder: &Path, is_holding: impl Fn(&str) -> bool) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    let mut swept = 0;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(owner) = name
            .to_str()
            .and_then(|name| name.strip_prefix("owner-"))
            .and_then(|name| name.strip_suffix(".lock"))
        else {
            continue;
        };
        if is_holding(owner) {
            continue;
        }
        // The lock is kept until the file is gone: an owner that was just going to
        // take it would hold a file that nobody can see.
        let Ok(file) = File::open(entry.path()) else {
            continue;
        };
        if file.try_lock_shared().is_ok() {
            swept += u64::from(fs::remove_file(entry.path()).is_ok());
        }
    }
    swept
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_later_goes_by_the_clock_of_the_living_and_of_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (OwnerId::fresh(), OwnerId::fresh());
        let mut lock = OwnerLock::take(dir.path(), &one).unwrap();
        assert_eq!(lead_of_others(dir.path(), &other), None, "not told yet");
        lock.tell(-1_234).unwrap();
        assert_eq!(lead_of_others(dir.path(), &other), Some(-1_234));
        assert_eq!(lead_of_others(dir.path(), &one), None, "it is its own");
        drop(lock);
        assert_eq!(lead_of_others(dir.path(), &other), None, "it is dead");
    }

    #[test]
    fn an_owners_file_is_not_swept_away_while_it_is_taking_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let is_over = std::sync::atomic::AtomicBool::new(false);
        let order = std::sync::atomic::Ordering::Relaxed;
        thread::scope(|threads| {
            threads.spawn(|| {
                while !is_over.load(order) {
                    sweep(dir.path(), |_| false);
                }
            });
            let unseen = (0..500)
                .map(|_| OwnerId::fresh())
                .filter(|owner| {
                    let lock = OwnerLock::take(dir.path(), owner).unwrap();
                    let standing = standing(dir.path(), owner);
                    lock.retire();
                    standing != Liveness::Alive
                })
                .count();
            is_over.store(true, order);
            assert_eq!(unseen, 0, "owners that nobody can see");
        });
    }

    #[test]
    fn an_owner_is_dead_when_its_lock_is_free_and_not_when_its_file_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let owner = OwnerId::fresh();
        assert!(!is_dead(dir.path(), &owner));
        let lock = OwnerLock::take(dir.path(), &owner).unwrap();
        assert!(!is_dead(dir.path(), &owner));
        drop(lock);
        assert!(is_dead(dir.path(), &owner));
        assert_eq!(sweep(dir.path(), |name| name == owner.as_str()), 0);
        assert_eq!(sweep(dir.path(), |_| false), 1);
        assert!(!is_dead(dir.path(), &owner));
    }
}
