//! Content encodings, undone by hand.
//!
//! The client library's own decompression is off, because it could bound
//! neither side: here both the bytes sent and the bytes decoded have a cap,
//! and zstd may not ask for a window beyond RFC 9659's 8 MiB.

use std::io;
use std::pin::Pin;

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt};

use super::brotli_window::ModestWindow;

/// The base-2 logarithm of the largest zstd window: 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;

/// A running decoder over a body.
pub(super) type Decoder = Pin<Box<dyn AsyncRead + Send>>;

/// An encoding that can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Gzip,
    /// HTTP's `deflate`, which is zlib (RFC 9110, 8.4.1.2).
    Zlib,
    Brotli,
    Zstd,
}

/// Undoes one encoding.
pub(super) fn undo(encoding: Encoding, source: Pin<Box<dyn AsyncBufRead + Send>>) -> Decoder {
    match encoding {
        Encoding::Gzip => {
            let mut decoder = GzipDecoder::new(source);
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
        Encoding::Zlib => Box::pin(ZlibDecoder::new(source)),
        Encoding::Brotli => Box::pin(BrotliDecoder::new(ModestWindow::new(source))),
        Encoding::Zstd => {
            let window = DParameter::window_log_max(ZSTD_WINDOW_LOG);
            let mut decoder = ZstdDecoder::with_params(source, &[window]);
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
    }
}

/// The beginning of an encoded body, as far as it can be decoded from the
/// beginning of what was sent.
pub(super) async fn prefix(encodings: &[Encoding], sent: &[u8], max_bytes: usize) -> Vec<u8> {
    let mut bytes = sent.to_vec();
    for encoding in encodings.iter().rev() {
        let mut decoder = undo(*encoding, Box::pin(io::Cursor::new(bytes)));
        let mut out = Vec::new();
        while out.len() < max_bytes {
            let room = max_bytes - out.len();
            let mut piece = Vec::with_capacity(room.min(4096));
            // What is cut off ends in an error: the rest was never read.
            match decoder.read_buf(&mut piece).await {
                Ok(count) if count > 0 => out.extend(piece.into_iter().take(room)),
                _ => break,
            }
        }
        bytes = out;
    }
    bytes
}
