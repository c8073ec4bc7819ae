//! Who is in an output folder: one process alone, or several that a ledger
//! keeps out of each other's way.
//!
//! `.lock` is held for as long as a process is there, by one alone or by
//! several together. The system gives up a file's lock before it grants another
//! kind of it, so whoever comes in or changes its hold takes `.lock.turn` for
//! that moment: nobody comes in between, and a refused change loses nothing.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::store_error::StoreError;

/// How long a process that ends may still keep the others out, at most.
const CLOSING: Duration = Duration::from_secs(10);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Who else may write to an output folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// Nobody.
    Alone,
    /// Other processes, which a ledger keeps out of each other's way.
    WithOthers,
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
        sharing: Sharing,
        when_alone: impl Fn() -> io::Result<()>,
    ) -> Result<Self, StoreError> {
        let path = root.join(".lock");
        let presence = Self {
            lock: open(&path)?,
            turn: open(&root.join(".lock.turn"))?,
        };
        let since = Instant::now();
        loop {
            let entered = presence.in_turn(|lock| {
                let alone = taken(lock.try_lock())?;
                if alone {
                    when_alone()?;
                }
                match sharing {
                    Sharing::Alone => Ok(alone),
                    Sharing::WithOthers => taken(lock.try_lock_shared()),
                }
            });
            match entered.map_err(|error| StoreError::io("lock", &path, error))? {
                Some(true) => return Ok(presence),
                // A process that ends alone may take a moment.
                _ if sharing == Sharing::WithOthers && since.elapsed() < CLOSING => {
                    thread::sleep(PAUSE);
                }
                _ => return Err(StoreError::InUse(root.to_owned())),
            }
        }
    }

    /// Whether nobody else is there now; nobody can come in, then, until this
    /// process ends.
    pub(super) fn is_alone(&self) -> bool {
        let alone = self.in_turn(|lock| {
            let alone = taken(lock.try_lock())?;
            if !alone {
                // The refused lock cost the one that was held. Nobody can have
                // all of it now: the others are still there.
                taken(lock.try_lock_shared())?;
            }
            Ok(alone)
        });
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

fn open(path: &Path) -> Result<File, StoreError> {
    fs::File::options()
        .create(true)
        .truncate(false)
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

    fn enter(root: &Path, sharing: Sharing) -> Result<Presence, StoreError> {
        Presence::enter(root, sharing, || Ok(()))
    }

    #[test]
    fn asking_in_vain_whether_it_is_alone_costs_nobody_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let one = enter(folder.path(), Sharing::WithOthers).unwrap();
        let other = enter(folder.path(), Sharing::WithOthers).unwrap();
        assert!(!one.is_alone());
        drop(other);
        let refused = enter(folder.path(), Sharing::Alone);
        assert!(matches!(refused, Err(StoreError::InUse(_))), "{refused:?}");
        assert!(one.is_alone());
    }

    #[test]
    fn only_who_comes_into_an_empty_folder_is_told_so() {
        let folder = tempfile::tempdir().unwrap();
        let calls = std::cell::Cell::new(0);
        let enter = || {
            Presence::enter(folder.path(), Sharing::WithOthers, || {
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
