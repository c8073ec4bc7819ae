//! Inert WASI: clocks and randomness (fixed where a run is recorded or
//! replayed), nothing else. No files, no arguments,
//! no environment; sockets are linked (ordinary Python components import
//! them) but every use is denied. Output goes, cut to size, to the log.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder};

use super::limits::RANDOM_BYTES;
use super::trace::AttemptTrace;
use crate::http::har::FixedWorld;

/// How much a guest may write before it is asked to wait; each write is
/// taken at once, so it never waits for long.
const STREAM_CHUNK: usize = 4096;

/// The world a guest sees. `fixed` gives it a clock and a chance of its own,
/// by the names of adapter and work.
pub(crate) fn inert(
    trace: &Arc<Mutex<AttemptTrace>>,
    fixed: Option<(FixedWorld, &str, &str)>,
) -> WasiCtx {
    let mut builder = WasiCtxBuilder::new();
    if let Some((world, adapter, work)) = fixed {
        super::fixed::fix(&mut builder, world, adapter, work);
    }
    builder
        .stdout(LogPipe {
            level: "stdout",
            trace: Arc::clone(trace),
        })
        .stderr(LogPipe {
            level: "stderr",
            trace: Arc::clone(trace),
        })
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .max_random_size(RANDOM_BYTES)
        .build()
}

/// A pipe into the attempt's log that never fills: a full pipe would trap the
/// guest, so what does not fit is dropped by the log itself.
#[derive(Clone)]
struct LogPipe {
    level: &'static str,
    trace: Arc<Mutex<AttemptTrace>>,
}

impl LogPipe {
    fn take(&self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let mut trace = self.trace.lock().unwrap_or_else(PoisonError::into_inner);
        for line in text.lines() {
            trace.push_log(self.level, line);
        }
    }
}

impl IsTerminal for LogPipe {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogPipe {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for LogPipe {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(STREAM_CHUNK)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for LogPipe {
    async fn ready(&mut self) {}
}

impl AsyncWrite for LogPipe {
    fn poll_write(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn what_is_written_comes_line_by_line_into_the_log_whichever_way_it_is_written() {
        let trace = Arc::<Mutex<AttemptTrace>>::default();
        let pipe = LogPipe {
            level: "stderr",
            trace: Arc::clone(&trace),
        };
        let one_way = pipe.p2_stream().write(Bytes::from_static(b"one\n\ntwo"));
        assert!(one_way.is_ok());
        let mut other_way = Box::into_pin(pipe.async_stream());
        other_way.write_all(b"three").await.unwrap();
        let trace = trace.lock().unwrap();
        let lines = trace.log.iter();
        let lines: Vec<_> = lines.map(|line| (line.level, &*line.message)).collect();
        let told = ["one", "two", "three"].map(|line| ("stderr", line));
        assert_eq!(lines, told);
    }
}
