//! How many requests are at a place at once.
//!
//! A slot is held from before the request is sent until its answer has been
//! read or dropped. Inside a process those who wait are served in their order;
//! between processes a slot is an OS lock on a file, so that a process that
//! dies gives its slots up whatever way it dies.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout_at};

use super::shared::{file_stem, open};

/// How long between two looks at slots that other processes hold.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Places remembered before unused ones are forgotten.
const PLACES_KEPT: usize = 4096;

/// The slots of all places.
#[derive(Debug)]
pub(super) struct Slots {
    here: Mutex<HashMap<String, Arc<Semaphore>>>,
    /// Where processes share them.
    folder: Option<PathBuf>,
}

/// A slot held, or, by default, no slot at all. Dropping it frees it.
#[derive(Debug, Default)]
pub(in crate::http) struct Slot {
    _held: Option<(OwnedSemaphorePermit, Option<File>)>,
}

/// Why there is no slot.
#[derive(Debug)]
pub(super) enum NoSlot {
    /// None became free in time.
    Taken,
    /// The files cannot be used.
    Broken(String),
}

impl Slots {
    pub(super) fn new(folder: Option<&Path>) -> Self {
        Self {
            here: Mutex::default(),
            folder: folder.map(Path::to_owned),
        }
    }

    /// Takes one of the `count` slots of `place`, waiting until `latest`.
    pub(super) async fn take(
        &self,
        place: &str,
        count: u32,
        latest: Instant,
    ) -> Result<Slot, NoSlot> {
        let permit = timeout_at(latest, self.semaphore(place, count).acquire_owned())
            .await
            .map_err(|_| NoSlot::Taken)?
            .map_err(|closed| NoSlot::Broken(closed.to_string()))?;
        let Some(folder) = &self.folder else {
            return Ok(Slot {
                _held: Some((permit, None)),
            });
        };
        let stem = file_stem(place);
        loop {
            let found = lock_any(folder, &stem, count)
                .map_err(|error| NoSlot::Broken(format!("{}: {error}", folder.display())))?;
            if found.is_some() {
                return Ok(Slot {
                    _held: Some((permit, found)),
                });
            }
            if Instant::now() + LOOK_AGAIN > latest {
                return Err(NoSlot::Taken);
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    fn semaphore(&self, place: &str, count: u32) -> Arc<Semaphore> {
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        if here.len() >= PLACES_KEPT && !here.contains_key(place) {
            here.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        }
        let permits = usize::try_from(count).unwrap_or(usize::MAX);
        let new = || Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)));
        Arc::clone(here.entry(place.to_owned()).or_insert_with(new))
    }
}

/// The first slot file nobody holds, locked.
fn lock_any(folder: &Path, stem: &str, count: u32) -> io::Result<Option<File>> {
    for number in 0..count {
        let file = open(folder, &format!("{stem}.slot-{number}"))?;
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(100)
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_the_count_are_held_at_once_and_a_drop_frees_one() {
        let slots = Slots::new(None);
        let one = slots.take("a.org", 2, soon()).await.unwrap();
        let _two = slots.take("a.org", 2, soon()).await.unwrap();
        assert!(slots.take("b.org", 2, soon()).await.is_ok());
        assert!(matches!(
            slots.take("a.org", 2, soon()).await,
            Err(NoSlot::Taken)
        ));
        drop(one);
        assert!(slots.take("a.org", 2, soon()).await.is_ok());
    }

    #[tokio::test]
    async fn processes_share_the_slots_of_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        // Two of them stand for two processes: they share nothing but files.
        let (mine, theirs) = (
            Slots::new(Some(folder.path())),
            Slots::new(Some(folder.path())),
        );
        let one = mine.take("a.org", 2, soon()).await.unwrap();
        let _two = theirs.take("a.org", 2, soon()).await.unwrap();
        assert!(matches!(
            theirs.take("a.org", 2, soon()).await,
            Err(NoSlot::Taken)
        ));
        drop(one);
        assert!(theirs.take("a.org", 2, soon()).await.is_ok());
    }
}
