//! The byte stream under a connection, with the two powers HTTP itself lacks:
//! to hang up in the middle of an answer (orderly or by reset) and to let the
//! bytes of a whole answer, status line included, through one drop at a time.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_rustls::server::TlsStream;

/// How a connection is ended by the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// FIN after everything written.
    Close,
    /// RST.
    Reset,
}

/// The handle by which an answer steers the wire it goes out on.
#[derive(Debug, Clone, Default)]
pub(crate) struct WireControl {
    orders: Arc<Mutex<Orders>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Orders {
    cut: Option<Cut>,
    drip: Option<(usize, Duration)>,
}

impl WireControl {
    /// Ends the connection as soon as all that was written has left.
    pub(crate) fn cut(&self, cut: Cut) {
        self.orders().cut = Some(cut);
    }

    /// Lets `bytes` through each interval, until told otherwise.
    pub(crate) fn drip(&self, bytes: usize, every: Duration) {
        self.orders().drip = Some((bytes, every));
    }

    /// Back to full speed: the next answer begins.
    pub(crate) fn full_speed(&self) {
        self.orders().drip = None;
    }

    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stream below the wire.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref().0,
        }
    }
}

/// A connection's byte stream under a [`WireControl`].
#[derive(Debug)]
pub(crate) struct Wire {
    stream: Stream,
    control: WireControl,
    next_drop: Option<Pin<Box<Sleep>>>,
}

impl Wire {
    pub(crate) fn new(stream: Stream, control: WireControl) -> Self {
        Self {
            stream,
            control,
            next_drop: None,
        }
    }

    fn poll_raw_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_write(cx, data),
            Stream::Tls(tls) => Pin::new(tls).poll_write(cx, data),
        }
    }

    fn poll_raw_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Stream::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Stream::Tls(tls) => Pin::new(tls).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let drip = self.control.orders().drip;
        let Some((bytes, every)) = drip else {
            return self.poll_raw_write(cx, data);
        };
        if let Some(wait) = &mut self.next_drop {
            ready!(wait.as_mut().poll(cx));
            self.next_drop = None;
        }
        let piece = data.get(..bytes).unwrap_or(data);
        let written = ready!(self.poll_raw_write(cx, piece))?;
        // TLS would gather the drops into one record.
        if let Poll::Ready(flushed) = self.poll_raw_flush(cx) {
            flushed?;
        }
        self.next_drop = Some(Box::pin(sleep_until(Instant::now() + every)));
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_raw_flush(cx))?;
        // Everything written so far has left: the moment to hang up. The error
        // makes the HTTP layer drop the connection.
        let cut = self.control.orders().cut;
        match cut {
            None => Poll::Ready(Ok(())),
            Some(Cut::Close) => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
            Some(Cut::Reset) => {
                self.stream.tcp().set_zero_linger()?;
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Stream::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
