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
//! seconds, and go on when it continues or is gone.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

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
            writer: lock_file(folder, "writer.lock")?,
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

    /// Waits for the turn, and says so if it is long in coming: for callers that
    /// nobody else watches.
    pub(super) fn take_aloud(&self, ledger: &Path) -> io::Result<Turn<'_>> {
        match self.writer.try_lock() {
            Ok(()) => return Ok(Turn(self)),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        thread::scope(|scope| {
            let (over, waiting) = channel::<()>();
            thread::Builder::new().spawn_scoped(scope, move || {
                while waiting.recv_timeout(LONG_WAIT) == Err(RecvTimeoutError::Timeout) {
                    tell_waiting(ledger);
                }
            })?;
            let turn = self.take();
            drop(over);
            turn
        })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // Failing to unlock an open file is impossible short of a bad descriptor.
        let _ = self.0.writer.unlock();
    }
}
