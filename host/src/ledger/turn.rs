//! Taking turns at the one write lock a SQLite file has.
//!
//! SQLite's own waiting is polling with growing pauses: a process that writes
//! without pause starves the others for hundreds of milliseconds. Here the
//! processes queue at two file locks. Whoever holds `next` waits for `writer`;
//! whoever has written must go through `next` again, so nobody writes twice while
//! somebody waits, and the system wakes the waiting one without polling. Programs
//! that do not queue (a `sqlite3` shell) are met by the connection's busy handler.
//!
//! Nothing can take SQLite's lock from a living process. If one is stopped
//! (SIGSTOP) in its turn, or next in line, the others wait, say so every ten
//! seconds, and go on when it continues or is gone. Only who is just opening the
//! ledger gives up after ten seconds: it has nothing to lose yet.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::owner::lock_file;

/// Who waits this long for the ledger says so.
pub(super) const LONG_WAIT: Duration = Duration::from_secs(10);

/// Says that a caller is still waiting.
pub(super) fn tell_waiting(ledger: &Path) {
    tracing::warn!(
        ledger = %ledger.display(),
        "still waiting for the ledger: another process holds its write lock (is one stopped?) or the disk is slow"
    );
}

/// Says that a caller waits until another process has migrated the ledger.
pub(super) fn tell_migrating(ledger: &Path) {
    tracing::warn!(
        ledger = %ledger.display(),
        "still waiting: another process is migrating this DocsToKG ledger, which is done once and takes a while (or is it stopped?)"
    );
}

/// The lock of whoever writes.
const WRITER: &str = "writer.lock";

/// A process's place in the queue.
#[derive(Debug)]
pub(super) struct Queue {
    next: File,
    writer: File,
}

/// The turn to write, until dropped.
#[derive(Debug)]
pub(super) struct Turn<'q>(&'q Queue);

impl Queue {
    /// Opens the queue of this ledger.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            next: lock_file(folder, "next.lock")?,
            writer: lock_file(folder, WRITER)?,
        })
    }

    /// Waits for the turn.
    pub(super) fn take(&self) -> io::Result<Turn<'_>> {
        self.next.lock()?;
        let writer = self.writer.lock();
        let left = self.next.unlock();
        writer?;
        let turn = Turn(self);
        left?;
        Ok(turn)
    }
}

/// The turn to write of a process that does not write regularly, until dropped.
#[derive(Debug)]
pub(super) struct OneTurn(Queue);

impl OneTurn {
    /// Waits for the turn at this ledger; every so often `wait_on` is asked whether
    /// to (and told for how long it was): whoever has it may be stopped.
    pub(super) fn take(
        folder: &Path,
        often: Duration,
        wait_on: impl Fn(Duration) -> bool,
    ) -> io::Result<Option<Self>> {
        let queue = Queue::open(folder)?;
        let (tell, told) = mpsc::sync_channel(1);
        // File locks know no time-out. Left alone, the thread gives back what it
        // got as soon as it gets it.
        thread::Builder::new()
            .name("ledger-turn".to_owned())
            .spawn(move || {
                let taken = queue.take().map(std::mem::forget);
                let _ = tell.send(taken.map(|()| Self(queue)));
            })?;
        let began = Instant::now();
        loop {
            match told.recv_timeout(often) {
                Ok(taken) => return taken.map(Some),
                Err(_) if wait_on(began.elapsed()) => {}
                Err(_) => return Ok(None),
            }
        }
    }

    /// Where whoever has the turn can be seen.
    pub(super) fn lock(folder: &Path) -> PathBuf {
        folder.join(WRITER)
    }
}

impl Drop for OneTurn {
    fn drop(&mut self) {
        drop(Turn(&self.0));
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // Failing to unlock an open file is impossible short of a bad descriptor.
        let _ = self.0.writer.unlock();
    }
}
