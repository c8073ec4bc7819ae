//! A body on its way into a recording: in memory while it is small, in an
//! unnamed file beside the recording once it is not.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use bytes::{Bytes, BytesMut};

/// Kept in memory up to here.
const IN_MEMORY_BYTES: usize = 256 * 1024;

#[derive(Default)]
pub(super) struct Spool {
    start: BytesMut,
    rest: Option<File>,
    length: u64,
}

impl Spool {
    /// A body that is at hand.
    pub(super) fn of(body: Bytes) -> Self {
        Self {
            length: u64::try_from(body.len()).unwrap_or(u64::MAX),
            start: body.into(),
            rest: None,
        }
    }

    /// Adds a piece; `folder` is where a file is made when one is needed.
    pub(super) fn add(&mut self, piece: &[u8], folder: &Path) -> io::Result<()> {
        let count = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        self.length = self.length.saturating_add(count);
        if let Some(rest) = &mut self.rest {
            return rest.write_all(piece);
        }
        if self.start.len().saturating_add(piece.len()) <= IN_MEMORY_BYTES {
            self.start.extend_from_slice(piece);
            return Ok(());
        }
        let mut rest = tempfile::tempfile_in(folder)?;
        rest.write_all(piece)?;
        self.rest = Some(rest);
        Ok(())
    }

    /// Bytes so far.
    pub(super) fn len(&self) -> u64 {
        self.length
    }

    /// The whole body, if it is no longer than `limit`.
    pub(super) fn whole(&mut self, limit: u64) -> io::Result<Option<Bytes>> {
        if self.length > limit {
            return Ok(None);
        }
        let mut all = Vec::new();
        self.reader()?.read_to_end(&mut all)?;
        Ok(Some(all.into()))
    }

    /// The body from its start.
    pub(super) fn reader(&mut self) -> io::Result<impl Read> {
        if let Some(rest) = &mut self.rest {
            rest.seek(SeekFrom::Start(0))?;
        }
        let rest: Box<dyn Read + '_> = match &mut self.rest {
            Some(rest) => Box::new(rest),
            None => Box::new(io::empty()),
        };
        Ok(self.start.as_ref().chain(rest))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_body_comes_back_whole_from_memory_and_from_disk() {
        let folder = tempfile::tempdir().unwrap();
        for size in [0, 10, IN_MEMORY_BYTES, IN_MEMORY_BYTES + 1, 1_000_000] {
            let body: Vec<u8> = (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect();
            let mut spool = Spool::default();
            for piece in body.chunks(60_000) {
                spool.add(piece, folder.path()).unwrap();
            }
            assert!(spool.start.len() <= IN_MEMORY_BYTES);
            let limit = u64::try_from(size).unwrap();
            assert_eq!(spool.whole(limit).unwrap().unwrap(), body);
            assert_eq!(spool.whole(limit).unwrap().unwrap(), body, "again");
            if size > 0 {
                assert!(spool.whole(limit - 1).unwrap().is_none());
            }
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
