//! Who is in an output folder: one process alone, or several that a ledger
//! keeps out of each other's way.
//!
//! `.lock` is held for as long as a process is there, by one alone or by
//! several together. The system gives up a file's lock before it grants another
//! kind of it, so whoever comes in or changes its hold takes `.lock.turn` for
//! that moment: nobody comes in between. Whoever comes in first writes there
//! which ledger it brings, for part files are named by a ledger's job and fence:
//! two ledgers in one folder at once would take each other's for their own.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::store_error::StoreError;

/// How long a process that ends may still keep the others out, at most.
const CLOSING: Duration = Duration::from_secs(10);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Longest path that is read from the lock.
const LONGEST_PATH: u64 = 64 * 1024;

/// Who else may write to an output folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sharing {
    /// Nobody.
    Alone,
    /// Other processes, which this ledger keeps out of each other's way.
    OfLedger(PathBuf),
}

impl Sharing {
    /// What stands in the lock while somebody is there.
    fn sign(&self) -> String {
        match self {
            Self::Alone => String::new(),
            Self::OfLedger(ledger) => ledger.to_string_lossy().into_owned(),
        }
    }
}

/// A place in the folder. The system lets go of it when the process ends,
/// however it ends.
#[derive(Debug)]
pub(super) struct Presence {
    lock: File,
    turn: File,
}

impl Presence {
    /// Takes a place in the folder; `when_alone` is done first if nobody else
    /// is there.
    pub(super) fn enter(
        root: &Path,
        sharing: &Sharing,
        when_alone: impl Fn() -> io::Result<()>,
    ) -> Result<Self, StoreError> {
        let path = root.join(".lock");
        let presence = Self {
            lock: open(&path)?,
            turn: open(&root.join(".lock.turn"))?,
        };
        let since = Instant::now();
        let sign = sharing.sign();
        loop {
            let entered = presence.in_turn(|lock| {
                let alone = taken(lock.try_lock())?;
                if alone {
                    when_alone()?;
                    write_sign(lock, &sign)?;
                }
                if *sharing == Sharing::Alone {
                    return Ok(Entered::if_taken(alone));
                }
                if !taken(lock.try_lock_shared())? {
                    return Ok(Entered::Occupied);
                }
                let stands = read_sign(lock)?;
                // Versions of before wrote nothing.
                if !stands.is_empty() && stands != sign {
                    lock.unlock()?;
                    return Ok(Entered::OfAnother(stands));
                }
                Ok(Entered::Yes)
            });
            match entered.map_err(|error| StoreError::io("lock", &path, error))? {
                Some(Entered::Yes) => return Ok(presence),
                Some(Entered::OfAnother(ledger)) => {
                    return Err(StoreError::OtherLedger {
                        root: root.to_owned(),
                        ledger: ledger.into(),
                    });
                }
                // A process that ends alone may take a moment.
                _ if *sharing != Sharing::Alone && since.elapsed() < CLOSING => {
                    thread::sleep(PAUSE);
                }
                _ => return Err(StoreError::InUse(root.to_owned())),
            }
        }
    }

    /// Leaves the folder as far as the others go; whether nobody else is there.
    /// Then nobody can come in until this process ends, and it may still tidy up.
    /// Of several that leave at once exactly one is the last: who is refused has
    /// given its place up by that. It must not write there any more.
    pub(super) fn leave(&self) -> bool {
        let alone = self.in_turn(|lock| taken(lock.try_lock()));
        matches!(alone, Ok(Some(true)))
    }

    /// Does something with the lock that takes two steps; `None` when others
    /// were at it all the time.
    fn in_turn<T>(&self, change: impl FnOnce(&File) -> io::Result<T>) -> io::Result<Option<T>> {
        let since = Instant::now();
        while !taken(self.turn.try_lock())? {
            if since.elapsed() >= CLOSING {
                return Ok(None);
            }
            thread::sleep(PAUSE);
        }
        let changed = change(&self.lock);
        self.turn.unlock()?;
        changed.map(Some)
    }
}

/// What became of an attempt to come in.
enum Entered {
    Yes,
    Occupied,
    /// Others are there, with this ledger.
    OfAnother(String),
}

impl Entered {
    const fn if_taken(taken: bool) -> Self {
        if taken { Self::Yes } else { Self::Occupied }
    }
}

fn write_sign(mut lock: &File, sign: &str) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    lock.write_all(sign.as_bytes())
}

fn read_sign(mut lock: &File) -> io::Result<String> {
    let mut sign = Vec::new();
    lock.rewind()?;
    lock.take(LONGEST_PATH).read_to_end(&mut sign)?;
    Ok(String::from_utf8_lossy(&sign).into_owned())
}

fn open(path: &Path) -> Result<File, StoreError> {
    // It is written to: what a link leads to is somebody else's.
    if fs::symlink_metadata(path).is_ok_and(|there| there.is_symlink()) {
        return Err(StoreError::InTheWay(path.to_owned()));
    }
    fs::File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
        .map_err(|error| StoreError::io("open", path, error))
}

fn taken(tried: Result<(), TryLockError>) -> io::Result<bool> {
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn enter(root: &Path, sharing: &Sharing) -> Result<Presence, StoreError> {
        Presence::enter(root, sharing, || Ok(()))
    }

    fn of(ledger: &str) -> Sharing {
        Sharing::OfLedger(ledger.into())
    }

    #[test]
    fn of_those_that_leave_at_once_exactly_one_is_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let all: Vec<Presence> = (0..4)
            .map(|_| enter(folder.path(), &of("/a")).unwrap())
            .collect();
        let last: Vec<bool> = all.iter().map(Presence::leave).collect();
        assert_eq!(last, [false, false, false, true]);
        // The last one keeps the others out while it tidies up.
        let refused = enter(folder.path(), &Sharing::Alone);
        assert!(matches!(refused, Err(StoreError::InUse(_))), "{refused:?}");
        drop(all);
        enter(folder.path(), &Sharing::Alone).unwrap();
    }

    #[test]
    fn who_leaves_costs_the_others_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let one = enter(folder.path(), &of("/a")).unwrap();
        let other = enter(folder.path(), &of("/a")).unwrap();
        assert!(!one.leave());
        let refused = enter(folder.path(), &Sharing::Alone);
        assert!(matches!(refused, Err(StoreError::InUse(_))), "{refused:?}");
        assert!(other.leave());
    }

    #[test]
    fn a_folder_takes_one_ledger_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = enter(folder.path(), &of("/a")).unwrap();
        let second = enter(folder.path(), &of("/a")).unwrap();
        let refused = enter(folder.path(), &of("/b"));
        assert!(
            matches!(&refused, Err(StoreError::OtherLedger { ledger, .. }) if ledger == Path::new("/a")),
            "{refused:?}"
        );
        drop((first, second));
        enter(folder.path(), &of("/b")).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_that_leads_elsewhere_is_not_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let precious = folder.path().join("precious");
        fs::write(&precious, "kept").unwrap();
        std::os::unix::fs::symlink(&precious, folder.path().join(".lock")).unwrap();
        let refused = enter(folder.path(), &Sharing::Alone);
        assert!(
            matches!(refused, Err(StoreError::InTheWay(_))),
            "{refused:?}"
        );
        assert_eq!(fs::read_to_string(precious).unwrap(), "kept");
    }

    #[test]
    fn only_who_comes_into_an_empty_folder_is_told_so() {
        let folder = tempfile::tempdir().unwrap();
        let calls = std::cell::Cell::new(0);
        let enter = || {
            Presence::enter(folder.path(), &of("/a"), || {
                calls.set(calls.get() + 1);
                Ok(())
            })
        };
        let first = enter().unwrap();
        let second = enter().unwrap();
        assert_eq!(calls.get(), 1);
        drop((first, second));
        let third = enter().unwrap();
        assert_eq!(calls.get(), 2);
        drop(third);
    }
}
