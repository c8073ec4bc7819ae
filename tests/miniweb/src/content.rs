//! What an answer's body consists of: bytes in hand or a generated PDF, read
//! piece by piece, possibly cut short.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest, Md5};

use crate::pdf::Pdf;

/// How much is read at once.
pub(crate) const PIECE: usize = 64 * 1024;

/// A body that can be read at any offset.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    source: Source,
    length: u64,
}

#[derive(Debug, Clone)]
enum Source {
    Bytes(Bytes),
    Pdf(Arc<Pdf>),
}

impl Content {
    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self {
            length: bytes.len() as u64,
            source: Source::Bytes(bytes),
        }
    }

    pub(crate) fn pdf(pdf: Pdf) -> Self {
        Self {
            length: pdf.len(),
            source: Source::Pdf(Arc::new(pdf)),
        }
    }

    pub(crate) fn len(&self) -> u64 {
        self.length
    }

    /// The same, ending after `length` bytes.
    pub(crate) fn shortened(mut self, length: u64) -> Self {
        self.length = self.length.min(length);
        self
    }

    /// At most `count` bytes from `offset`; empty at the end.
    pub(crate) fn read(&self, offset: u64, count: usize) -> Bytes {
        let left = self.length.saturating_sub(offset);
        let count = count.min(usize::try_from(left).unwrap_or(usize::MAX));
        match &self.source {
            Source::Pdf(pdf) => pdf.read(offset, count),
            Source::Bytes(bytes) => {
                let start = usize::try_from(offset)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                bytes.slice(start..(start + count).min(bytes.len()))
            }
        }
    }

    /// Everything in one piece.
    pub(crate) fn whole(&self) -> Bytes {
        self.read(0, usize::try_from(self.length).unwrap_or(usize::MAX))
    }

    /// The MD5 in hexadecimal, read piece by piece.
    pub(crate) fn md5(&self) -> String {
        let mut digest = Md5::new();
        let mut at = 0;
        while at < self.length {
            let piece = self.read(at, PIECE);
            at += piece.len() as u64;
            digest.update(&piece);
        }
        digest
            .finalize()
            .iter()
            .fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_md5_is_that_of_the_bytes() {
        assert_eq!(Content::bytes("").md5(), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(
            Content::bytes("abc").md5(),
            "900150983cd24fb0d6963f7d28e17f72"
        );
        let pdf = Pdf::new("Sum", 1, 200_000);
        assert_eq!(
            Content::pdf(pdf.clone()).md5(),
            Content::bytes(pdf.bytes()).md5()
        );
    }

    #[test]
    fn a_shortened_body_ends_where_it_was_cut() {
        let cut = Content::bytes("abcdef").shortened(4);
        assert_eq!(cut.len(), 4);
        assert_eq!(cut.whole(), "abcd");
        assert_eq!(cut.read(3, 10), "d");
        assert_eq!(cut.read(9, 10), "");
    }
}
