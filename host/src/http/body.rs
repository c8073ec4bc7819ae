//! A body on its way in: bounded in time, in size and in the attempt's budget.
//!
//! Two layers: [`BoundedBody`] hands on the bytes as sent and enforces
//! every limit on them; [`Body`] undoes the declared encoding and caps what comes
//! out. Dropping either closes the request.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncReadExt;
use tokio::time::Instant;

use super::decode;
use super::encoding::{Decoder, Encoding};
use super::error::HttpErrorKind;
use super::fault::Fault;
use super::limits::bounded;
use super::meter::Meter;
use super::wire::WireBody;

/// A body must bring this much in every window of three stall limits: one
/// byte every nineteen seconds is a stall with a disguise.
pub const TRICKLE_MIN_BYTES: u64 = 16 * 1024;
const TRICKLE_WINDOW_STALLS: u32 = 3;
/// Decoded bytes handed on at a time.
const DECODED_CHUNK_BYTES: usize = 64 * 1024;

/// The limits of one body.
#[derive(Clone)]
pub(super) struct BodyLimits {
    pub(super) deadline: Option<Instant>,
    pub(super) stall: Duration,
    pub(super) meter: Option<Arc<Meter>>,
    /// Bytes at most, as sent and as decoded.
    pub(super) cap: u64,
}

/// The bytes as the server sends them.
pub(super) struct BoundedBody {
    body: WireBody,
    limits: BodyLimits,
    /// For messages.
    url: String,
    received: Arc<AtomicU64>,
    window: Window,
}

/// The current stretch of time in which a minimum has to arrive.
struct Window {
    ends: Instant,
    bytes: u64,
}

impl Window {
    fn new(stall: Duration) -> Self {
        Self {
            ends: Instant::now() + stall * TRICKLE_WINDOW_STALLS,
            bytes: 0,
        }
    }
}

impl BoundedBody {
    pub(super) fn new(body: WireBody, url: String, limits: BodyLimits) -> Self {
        let window = Window::new(limits.stall);
        Self {
            body,
            limits,
            url,
            received: Arc::default(),
            window,
        }
    }

    /// The count of bytes received, which goes on counting.
    pub(super) fn received(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.received)
    }

    /// The next bytes; none at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        let stall = self.limits.stall;
        let arrived = match bounded(self.limits.deadline, stall, self.body.chunk(&self.url)).await {
            Ok(arrived) => arrived?,
            Err(expired) => {
                let fault = expired.fault("byte of the body", &self.url, stall);
                self.body.given_up(&fault);
                return Err(fault);
            }
        };
        let Some(bytes) = arrived else {
            return Ok(None);
        };
        let count = self.body.cost(&bytes);
        self.charge(count)?;
        if self.body.is_at_hand() {
            return Ok(Some(bytes));
        }
        self.watch_for_trickle(count)?;
        Ok(Some(bytes))
    }

    fn charge(&self, count: u64) -> Result<(), Fault> {
        let total = self
            .received
            .fetch_add(count, Ordering::Relaxed)
            .saturating_add(count);
        if total > self.limits.cap {
            return Err(too_large(&self.url, self.limits.cap, "sent"));
        }
        match &self.limits.meter {
            Some(meter) if !self.body.is_at_hand() && !meter.take_bytes(count) => Err(Fault::new(
                HttpErrorKind::BudgetExhausted,
                format!(
                    "the attempt's budget of bytes ran out while reading {}",
                    self.url
                ),
            )),
            _ => Ok(()),
        }
    }

    fn watch_for_trickle(&mut self, count: u64) -> Result<(), Fault> {
        self.window.bytes = self.window.bytes.saturating_add(count);
        if Instant::now() < self.window.ends {
            return Ok(());
        }
        if self.window.bytes < TRICKLE_MIN_BYTES {
            let stretch = self.limits.stall * TRICKLE_WINDOW_STALLS;
            let fault = Fault::new(
                HttpErrorKind::Stalled,
                format!(
                    "{} stalled: {} bytes in {} s",
                    self.url,
                    self.window.bytes,
                    stretch.as_secs_f32()
                ),
            );
            self.body.given_up(&fault);
            return Err(fault);
        }
        self.window = Window::new(self.limits.stall);
        Ok(())
    }
}

/// The bytes as they are meant: with the declared encoding undone.
pub(super) struct Body {
    flow: Flow,
    cap: u64,
    handed_on: u64,
    url: String,
}

enum Flow {
    /// Unencoded: no copy is made.
    Plain(Box<BoundedBody>),
    Decoded(Decoder),
}

impl Body {
    pub(super) fn new(wire: BoundedBody, encodings: &[Encoding]) -> Self {
        let (cap, url) = (wire.limits.cap, wire.url.clone());
        let flow = if encodings.is_empty() {
            Flow::Plain(Box::new(wire))
        } else {
            Flow::Decoded(decode::decoder(wire, encodings))
        };
        Self {
            flow,
            cap,
            handed_on: 0,
            url,
        }
    }

    /// The next decoded bytes; none at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        let bytes = match &mut self.flow {
            Flow::Plain(wire) => return wire.chunk().await,
            Flow::Decoded(decoder) => {
                // Decoding is work: let others have their turn.
                tokio::task::consume_budget().await;
                let mut bytes = BytesMut::with_capacity(DECODED_CHUNK_BYTES);
                let count = decoder
                    .read_buf(&mut bytes)
                    .await
                    .map_err(|error| decode::fault(error, &self.url))?;
                if count == 0 {
                    return Ok(None);
                }
                bytes.freeze()
            }
        };
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.handed_on = self.handed_on.saturating_add(count);
        if self.handed_on > self.cap {
            return Err(too_large(&self.url, self.cap, "decoded"));
        }
        Ok(Some(bytes))
    }
}

/// The fault of a body beyond its cap.
pub(super) fn too_large(url: &str, cap: u64, as_what: &str) -> Fault {
    Fault::new(
        HttpErrorKind::TooLarge,
        format!("{url} is larger than the cap of {cap} bytes ({as_what})"),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_kept_answer_is_no_stall_however_late_it_is_read() {
        let stall = Duration::from_secs(1);
        let kept = Bytes::from_static(b"a few bytes");
        let limits = BodyLimits {
            deadline: None,
            stall,
            meter: None,
            cap: 100,
        };
        let wire = WireBody::stored(kept.clone());
        let mut body = BoundedBody::new(wire, "https://a.org/".to_owned(), limits);
        tokio::time::advance(stall * (TRICKLE_WINDOW_STALLS + 1)).await;
        let read = body.chunk().await.map_err(|fault| fault.message);
        assert_eq!(read.unwrap(), Some(kept));
    }
}
