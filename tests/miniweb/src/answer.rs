//! The answer of one URL, and every way in which it may go wrong.
//!
//! An [`Answer`] starts from what it carries (`Answer::pdf`, `Answer::html`, …,
//! in the file beside this one) and is bent by what follows (`.cut_after(…)`,
//! `.drip(…)`, `.no_ranges()`).

use std::io::Write as _;
use std::time::Duration;

use crate::content::Content;
use crate::cue::Cue;
use flate2::Compression;
use flate2::write::GzEncoder;

/// When a limited client may come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// `Retry-After: N`, in seconds.
    Seconds(u64),
    /// `Retry-After:` as the date this many seconds after the answer.
    Date(u64),
}

/// How the bytes leave the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// As fast as they are taken.
    Whole,
    /// The body, so many bytes at a time.
    DripBody { bytes: usize, every: Duration },
    /// Everything, the status line included, so many bytes at a time.
    DripAll { bytes: usize, every: Duration },
    /// The connection ends in an orderly way after so many body bytes.
    CutAfter(u64),
    /// The connection is reset after so many body bytes.
    ResetAfter(u64),
    /// Nothing more comes after so many body bytes; the connection stays open.
    HangAfter(u64),
    /// No answer at all; the connection stays open.
    Never,
    /// No answer at all; the connection is closed.
    Dropped,
}

/// What happens at one URL. See the constructors for what it carries and the
/// methods for how it misbehaves.
#[derive(Debug, Clone)]
pub struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) content: Content,
    pub(crate) cue: Option<Cue>,
    pub(crate) delay: Duration,
    pub(crate) delivery: Delivery,
    pub(crate) pause: Duration,
    pub(crate) ranges: bool,
    pub(crate) head: bool,
    pub(crate) chunked: bool,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    pub(crate) retry_after: Option<RetryAfter>,
    pub(crate) gate: Option<Box<CookieGate>>,
}

/// Without this cookie the client gets another answer.
#[derive(Debug, Clone)]
pub(crate) struct CookieGate {
    pub(crate) cookie: String,
    pub(crate) otherwise: Answer,
}

impl Answer {
    /// The same with another status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a header (a second one of a name stands beside the first).
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// Says it is something else.
    #[must_use]
    pub fn content_type(mut self, value: &str) -> Self {
        self.headers.retain(|(name, _)| name != "content-type");
        self.header("content-type", value)
    }

    /// Adds `Retry-After`.
    #[must_use]
    pub fn retry_after(mut self, retry_after: RetryAfter) -> Self {
        self.retry_after = Some(retry_after);
        self
    }

    /// Waits for its cue before anything else, its delay included.
    #[must_use]
    pub fn held_until(mut self, cue: &Cue) -> Self {
        self.cue = Some(cue.clone());
        self
    }

    /// Waits before the first byte of the answer.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// `Content-Encoding: gzip`, whatever the client accepts.
    #[must_use]
    pub fn gzip(self) -> Self {
        self.gzip_wrapped().header("content-encoding", "gzip")
    }

    /// The body is a gzip file, and no header says so.
    #[must_use]
    pub fn gzip_wrapped(mut self) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        // Writing to a Vec cannot fail.
        let _ = encoder.write_all(&self.content.whole());
        self.content = Content::bytes(encoder.finish().unwrap_or_default());
        self
    }

    /// The file itself ends after `bytes`; its `Content-Length` is honest.
    #[must_use]
    pub fn truncated_to(mut self, bytes: u64) -> Self {
        self.content = self.content.shortened(bytes);
        self
    }

    /// Announces the whole length, sends `bytes` of it and closes.
    #[must_use]
    pub fn cut_after(self, bytes: u64) -> Self {
        self.delivered(Delivery::CutAfter(bytes))
    }

    /// Announces the whole length, sends `bytes` of it and resets the connection.
    #[must_use]
    pub fn reset_after(self, bytes: u64) -> Self {
        self.delivered(Delivery::ResetAfter(bytes))
    }

    /// Waits before it cuts or resets the connection, so that the client has
    /// taken in what was sent: a reset discards what it has not.
    #[must_use]
    pub fn pausing_before_the_cut(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Sends `bytes` of the body and then nothing, keeping the connection.
    #[must_use]
    pub fn hang_after(self, bytes: u64) -> Self {
        self.delivered(Delivery::HangAfter(bytes))
    }

    /// Sends the body in pieces of `bytes`, one every interval.
    #[must_use]
    pub fn drip(self, bytes: usize, every: Duration) -> Self {
        self.delivered(Delivery::DripBody {
            bytes: bytes.max(1),
            every,
        })
    }

    /// Sends everything in pieces of `bytes`, status line and headers included.
    #[must_use]
    pub fn drip_from_the_start(self, bytes: usize, every: Duration) -> Self {
        self.delivered(Delivery::DripAll {
            bytes: bytes.max(1),
            every,
        })
    }

    /// No `Content-Length`: chunked.
    #[must_use]
    pub fn without_length(mut self) -> Self {
        self.chunked = true;
        self
    }

    /// Sets the `ETag`, quotes included; `W/"…"` is weak.
    #[must_use]
    pub fn etag(mut self, etag: &str) -> Self {
        self.etag = Some(etag.to_owned());
        self
    }

    /// Sets `Last-Modified`.
    #[must_use]
    pub fn last_modified(mut self, date: &str) -> Self {
        self.last_modified = Some(date.to_owned());
        self
    }

    /// Neither `ETag` nor `Last-Modified`.
    #[must_use]
    pub fn without_validators(mut self) -> Self {
        self.etag = None;
        self.last_modified = None;
        self
    }

    /// Honours `Range` (papers do from the start).
    #[must_use]
    pub fn with_ranges(mut self) -> Self {
        self.ranges = true;
        self
    }

    /// Ignores `Range` and sends everything.
    #[must_use]
    pub fn no_ranges(mut self) -> Self {
        self.ranges = false;
        self
    }

    /// Answers HEAD with 405.
    #[must_use]
    pub fn no_head(mut self) -> Self {
        self.head = false;
        self
    }

    /// Gives this answer only to clients that send the cookie `name`, and
    /// `otherwise` to all others.
    #[must_use]
    pub fn only_with_cookie(mut self, name: &str, otherwise: Answer) -> Self {
        self.gate = Some(Box::new(CookieGate {
            cookie: name.to_owned(),
            otherwise,
        }));
        self
    }

    /// MD5 of the body, in hexadecimal.
    #[must_use]
    pub fn md5(&self) -> String {
        self.content.md5()
    }

    /// The body as it would be sent whole.
    #[must_use]
    pub fn body(&self) -> bytes::Bytes {
        self.content.whole()
    }

    pub(crate) fn delivered(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }
}
