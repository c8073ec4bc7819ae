//! Content encodings, undone by hand.
//!
//! The client library's own decompression is off, because it could bound
//! neither side: here both the bytes sent and the bytes decoded have a cap,
//! and zstd may not ask for a window beyond RFC 9659's 8 MiB.

use std::io;
use std::pin::Pin;

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use bytes::Bytes;
use futures_util::{Stream, stream};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt, BufReader};
use tokio_util::io::StreamReader;

use super::body::BoundedBody;
use super::brotli_window::ModestWindow;
use super::error::HttpErrorKind;
use super::fault::Fault;
use super::target::shown;

/// The base-2 logarithm of the largest zstd window: 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;
/// Encodings on top of each other that are undone.
const ENCODINGS_MAX: usize = 2;

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

/// The declared encodings, in the order they were applied; empty for a plain
/// body.
pub(super) fn declared(headers: &HeaderMap, url: &str) -> Result<Vec<Encoding>, Fault> {
    let fail = |why: &str| {
        Fault::new(
            HttpErrorKind::Protocol,
            format!("{url} answers in an encoding nobody asked for: {why}"),
        )
    };
    let mut encodings = Vec::new();
    for line in headers.get_all(CONTENT_ENCODING) {
        let line = line.to_str().map_err(|_| fail("not ASCII"))?;
        for word in line.split(',').map(str::trim) {
            encodings.push(match word.to_ascii_lowercase().as_str() {
                "" | "identity" | "none" => continue,
                "gzip" | "x-gzip" => Encoding::Gzip,
                "deflate" => Encoding::Zlib,
                "br" => Encoding::Brotli,
                "zstd" => Encoding::Zstd,
                _ => return Err(fail(&shown(word))),
            });
            if encodings.len() > ENCODINGS_MAX {
                return Err(fail("more than two layers"));
            }
        }
    }
    Ok(encodings)
}

/// Undoes `encodings` while `wire` comes in. An empty body stays empty: many
/// servers label one as gzip.
pub(super) fn decoder(wire: BoundedBody, encodings: &[Encoding]) -> Decoder {
    let source: Pin<Box<dyn AsyncBufRead + Send>> =
        Box::pin(StreamReader::new(Box::pin(bytes_of(wire))));
    let mut decoder: Decoder = Box::pin(EmptyOr::new(source, encodings.last().copied()));
    for encoding in encodings.iter().rev().skip(1) {
        decoder = undo(*encoding, Box::pin(BufReader::new(decoder)));
    }
    decoder
}

fn bytes_of(wire: BoundedBody) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::unfold(Some(wire), |wire| async {
        let mut wire = wire?;
        match wire.chunk().await {
            Ok(Some(bytes)) => Some((Ok(bytes), Some(wire))),
            Ok(None) => None,
            Err(fault) => Some((Err(fault.into()), None)),
        }
    })
}

fn undo(encoding: Encoding, source: Pin<Box<dyn AsyncBufRead + Send>>) -> Decoder {
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

/// What a failing decoder means: a fault from below, or a damaged body.
pub(super) fn fault(error: io::Error, url: &str) -> Fault {
    match error.downcast::<Fault>() {
        Ok(fault) => fault,
        Err(error) => Fault::new(
            HttpErrorKind::Protocol,
            format!("{url}: the body's declared encoding is damaged: {error}"),
        ),
    }
}

/// Starts decoding with the first byte; without one, there is nothing.
enum EmptyOr {
    Untouched(Option<(Pin<Box<dyn AsyncBufRead + Send>>, Encoding)>),
    Decoding(Decoder),
}

impl EmptyOr {
    fn new(source: Pin<Box<dyn AsyncBufRead + Send>>, encoding: Option<Encoding>) -> Self {
        match encoding {
            Some(encoding) => Self::Untouched(Some((source, encoding))),
            None => Self::Decoding(Box::pin(source)),
        }
    }
}

impl AsyncRead for EmptyOr {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        if let Self::Untouched(waiting) = &mut *self {
            let Some((source, _)) = waiting else {
                return std::task::Poll::Ready(Ok(()));
            };
            let empty = std::task::ready!(source.as_mut().poll_fill_buf(cx))?.is_empty();
            match waiting.take() {
                Some((source, encoding)) if !empty => {
                    *self = Self::Decoding(undo(encoding, source))
                }
                _ => return std::task::Poll::Ready(Ok(())),
            }
        }
        match &mut *self {
            Self::Decoding(decoder) => decoder.as_mut().poll_read(cx, buf),
            Self::Untouched(_) => std::task::Poll::Ready(Ok(())),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use reqwest::header::HeaderValue;

    fn declared_in(value: &str) -> Result<Vec<Encoding>, Fault> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_str(value).unwrap());
        declared(&headers, "https://a.org/")
    }

    #[test]
    fn known_encodings_are_read_in_their_order_and_others_refused() {
        assert_eq!(declared_in("identity").unwrap(), []);
        assert_eq!(declared_in("GZIP").unwrap(), [Encoding::Gzip]);
        assert_eq!(
            declared_in("br, gzip").unwrap(),
            [Encoding::Brotli, Encoding::Gzip]
        );
        for bad in ["compress", "gzip, gzip, gzip", "aes"] {
            assert_eq!(
                declared_in(bad).unwrap_err().kind,
                HttpErrorKind::Protocol,
                "{bad}"
            );
        }
    }
}
