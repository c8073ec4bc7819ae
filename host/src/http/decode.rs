//! Declared content encodings, undone while a body comes in.

use std::io;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::{FutureExt, Stream, stream};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt, BufReader};
use tokio_util::io::StreamReader;

use super::body::BoundedBody;
use super::encoding::{Decoder, Encoding, undo};
use super::error::HttpErrorKind;
use super::fault::Fault;

/// Encodings on top of each other that are undone.
const ENCODINGS_MAX: usize = 2;

/// The declared encodings, in the order they were applied; empty for a plain
/// body. Words that name none (`utf-8`, `binary`) are passed over: misled
/// servers send them with plain bodies, and the bytes decide anyway.
pub(super) fn declared(headers: &HeaderMap, url: &str) -> Result<Vec<Encoding>, Fault> {
    let mut encodings = Vec::new();
    for line in headers.get_all(CONTENT_ENCODING) {
        let Ok(line) = line.to_str() else {
            continue;
        };
        for word in line.split(',').map(str::trim) {
            encodings.push(match word.to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => Encoding::Gzip,
                "deflate" => Encoding::Zlib,
                "br" => Encoding::Brotli,
                "zstd" => Encoding::Zstd,
                _ => continue,
            });
            if encodings.len() > ENCODINGS_MAX {
                return Err(Fault::new(
                    HttpErrorKind::Protocol,
                    format!("{url} answers in more than two layers of encoding"),
                ));
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

/// A whole body, all of whose bytes were sent, decoded; none when it is damaged
/// or decodes to more than `max_bytes`.
pub(super) fn whole(encodings: &[Encoding], sent: Bytes, max_bytes: u64) -> Option<Vec<u8>> {
    if sent.is_empty() {
        return Some(Vec::new());
    }
    let mut decoder: Decoder = Box::pin(io::Cursor::new(sent));
    for encoding in encodings.iter().rev() {
        decoder = undo(*encoding, Box::pin(BufReader::new(decoder)));
    }
    let mut out = Vec::new();
    let mut limited = decoder.take(max_bytes.saturating_add(1));
    // Everything is at hand, so nothing is waited for.
    limited.read_to_end(&mut out).now_or_never()?.ok()?;
    let length = u64::try_from(out.len()).ok()?;
    (length <= max_bytes).then_some(out)
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
        headers.insert(
            CONTENT_ENCODING,
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
        declared(&headers, "https://a.org/")
    }

    #[test]
    fn a_whole_empty_body_is_empty_whatever_it_is_labelled() {
        for encoding in [
            Encoding::Gzip,
            Encoding::Zlib,
            Encoding::Brotli,
            Encoding::Zstd,
        ] {
            let decoded = whole(&[encoding], Bytes::new(), 100);
            assert_eq!(decoded, Some(Vec::new()), "{encoding:?}");
        }
    }

    #[test]
    fn a_whole_body_is_decoded_up_to_its_cap() {
        let sent = Bytes::from_static(b"a few bytes");
        assert_eq!(whole(&[], sent.clone(), 11), Some(sent.to_vec()));
        assert_eq!(whole(&[], sent, 10), None);
    }

    #[test]
    fn known_encodings_are_read_in_their_order_and_other_words_passed_over() {
        for plain in [
            "identity",
            "",
            "none",
            "utf-8",
            "binary",
            "UTF-8, compress",
            "é",
        ] {
            assert_eq!(declared_in(plain).unwrap(), [], "{plain}");
        }
        assert_eq!(declared_in("utf-8, gzip").unwrap(), [Encoding::Gzip]);
        assert_eq!(declared_in("GZIP").unwrap(), [Encoding::Gzip]);
        assert_eq!(
            declared_in("br, gzip").unwrap(),
            [Encoding::Brotli, Encoding::Gzip]
        );
        assert_eq!(
            declared_in("gzip, gzip, gzip").unwrap_err().kind,
            HttpErrorKind::Protocol
        );
    }
}
