//! Refuses brotli streams with a window beyond the format's own 16 MiB.
//!
//! The decoder also understands the "large window" extension, whose ring
//! buffer may take 1 GiB; no browser accepts it, and neither do we. Its mark
//! is a reserved value of the first seven bits (RFC 7932, section 9.1).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

/// The seven bits that stand for a large window.
const LARGE_WINDOW_MARK: u8 = 0x11;

/// A source of brotli bytes whose first one has been looked at.
pub(super) struct ModestWindow {
    source: Pin<Box<dyn AsyncBufRead + Send>>,
    seen: bool,
}

impl ModestWindow {
    pub(super) fn new(source: Pin<Box<dyn AsyncBufRead + Send>>) -> Self {
        Self {
            source,
            seen: false,
        }
    }
}

impl AsyncBufRead for ModestWindow {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        let bytes = ready!(this.source.as_mut().poll_fill_buf(cx))?;
        if let (false, Some(first)) = (this.seen, bytes.first()) {
            if first & 0x7f == LARGE_WINDOW_MARK {
                return Poll::Ready(Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "its brotli window is larger than 16 MiB",
                )));
            }
            this.seen = true;
        }
        Poll::Ready(Ok(bytes))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.get_mut().source.as_mut().consume(amount);
    }
}

impl AsyncRead for ModestWindow {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let bytes = ready!(self.as_mut().poll_fill_buf(cx))?;
        let taken = bytes.len().min(buf.remaining());
        buf.put_slice(bytes.get(..taken).unwrap_or_default());
        self.consume(taken);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use async_compression::tokio::bufread::BrotliDecoder;
    use tokio::io::AsyncReadExt;

    use super::*;

    async fn decode(bytes: &'static [u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        BrotliDecoder::new(ModestWindow::new(Box::pin(bytes)))
            .read_to_end(&mut out)
            .await?;
        Ok(out)
    }

    #[tokio::test]
    async fn an_ordinary_stream_is_decoded() {
        // The shortest one: 16 window bits and an empty last meta-block.
        assert_eq!(decode(&[0x06]).await.unwrap(), b"");
    }

    #[tokio::test]
    async fn whoever_reads_past_the_buffer_gets_the_same_bytes_and_the_same_refusal() {
        let read = |bytes: &'static [u8]| async move {
            let mut source = ModestWindow::new(Box::pin(bytes));
            let mut three = [0; 3];
            source.read_exact(&mut three).await?;
            let mut rest = Vec::new();
            source.read_to_end(&mut rest).await?;
            io::Result::Ok((three, rest))
        };
        let (three, rest) = read(b"\x06brotli").await.unwrap();
        assert_eq!((&three[..], &rest[..]), (&b"\x06br"[..], &b"otli"[..]));
        let error = read(b"\x11brotli").await.unwrap_err();
        assert!(error.to_string().contains("larger than 16 MiB"), "{error}");
    }

    #[tokio::test]
    async fn the_mark_means_nothing_further_on() {
        let (first, then) = (&b"\x06"[..], &b"\x11tail"[..]);
        let mut source = ModestWindow::new(Box::pin(first.chain(then)));
        let mut all = Vec::new();
        source.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"\x06\x11tail");
    }

    #[tokio::test]
    async fn a_gigabyte_window_is_refused_before_it_is_made() {
        let error = decode(&[0x11, 0x1e, 0x00, 0x00]).await.unwrap_err();
        assert!(error.to_string().contains("larger than 16 MiB"), "{error}");
    }
}
