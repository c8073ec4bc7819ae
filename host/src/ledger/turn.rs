//! Taking turns at the one write lock a SQLite file has.
//!
//! SQLite's own waiting is polling with growing pauses: a process that writes
//! without pause starves the others for hundreds of milliseconds. Here the
//! processes queue at two file locks. Whoever holds `next` waits for `writer`;
//! whoever has written must go through `next` again, so nobody writes twice while
//! somebody waits, and the system wakes the waiting one without polling. Programs
//! that do not queue (a `sqlite3` shell) are met by the connection's busy handler.

use std::fs::File;
use std::io;
use std::path::Path;

use super::owner::lock_file;

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
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // Failing to unlock an open file is impossible short of a bad descriptor.
        let _ = self.0.writer.unlock();
    }
}
