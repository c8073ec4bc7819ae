//! The answer of one URL, and every way in which it may go wrong.
//!
//! An [`Answer`] starts from what it carries (`Answer::pdf`, `Answer::html`, …)
//! and is bent by what follows (`.cut_after(…)`, `.drip(…)`, `.no_ranges()`).
//! A [`Script`] gives one answer after another to the same URL.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::content::Content;
use crate::pdf::Pdf;
use crate::text::{escape, seed_of};

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
    pub(crate) delay: Duration,
    pub(crate) delivery: Delivery,
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
    fn of(status: u16, content_type: &str, content: Content) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            content,
            delay: Duration::ZERO,
            delivery: Delivery::Whole,
            ranges: false,
            head: true,
            chunked: false,
            etag: None,
            last_modified: None,
            retry_after: None,
            gate: None,
        }
    }

    /// A paper: `application/pdf`, with an `ETag`, `Last-Modified` and ranges.
    #[must_use]
    pub fn pdf(pdf: Pdf) -> Self {
        let content = Content::pdf(pdf);
        let sample = content.read(0, 2048);
        let mark = seed_of(&String::from_utf8_lossy(&sample));
        let mut answer = Self::of(200, "application/pdf", content);
        answer.ranges = true;
        answer.etag = Some(format!("\"{mark:016x}\""));
        answer.last_modified = Some("Tue, 02 Mar 2021 09:30:00 GMT".to_owned());
        answer
    }

    /// A page for people.
    #[must_use]
    pub fn html(page: impl Into<String>) -> Self {
        Self::of(200, "text/html; charset=utf-8", Content::bytes(page.into()))
    }

    /// A JSON document.
    #[must_use]
    pub fn json(value: &Value) -> Self {
        Self::of(200, "application/json", Content::bytes(value.to_string()))
    }

    /// An XML document.
    #[must_use]
    pub fn xml(document: impl Into<String>) -> Self {
        Self::of(200, "application/xml", Content::bytes(document.into()))
    }

    /// Plain text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::of(
            200,
            "text/plain; charset=utf-8",
            Content::bytes(text.into()),
        )
    }

    /// Any bytes under any type.
    #[must_use]
    pub fn bytes(content_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self::of(200, content_type, Content::bytes(bytes.into()))
    }

    /// A status with a short page of its own.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::html(format!(
            "<!doctype html><html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>"
        ))
        .with_status(status)
    }

    /// 302 to any URL, absolute or relative, sensible or not.
    #[must_use]
    pub fn redirect(location: &str) -> Self {
        Self::redirect_as(302, location)
    }

    /// A redirect with this status.
    #[must_use]
    pub fn redirect_as(status: u16, location: &str) -> Self {
        Self::html(format!(
            "<html><body><a href=\"{}\">Moved</a></body></html>",
            escape(location)
        ))
        .with_status(status)
        .header("location", location)
    }

    /// 429 as an HTML page, with a `Retry-After`.
    #[must_use]
    pub fn rate_limited(retry_after: RetryAfter) -> Self {
        Self::html("<html><head><title>429 Too Many Requests</title></head><body><h1>Too Many Requests</h1></body></html>")
            .with_status(429)
            .retry_after(retry_after)
    }

    /// The 403 page of a browser check, with its refresh to itself.
    #[must_use]
    pub fn challenge() -> Self {
        Self::html(
            "<!DOCTYPE html><html lang=\"en-US\"><head><title>Just a moment...</title>\
             <meta name=\"robots\" content=\"noindex,nofollow\"><meta http-equiv=\"refresh\" content=\"35\"></head>\
             <body><div class=\"main-wrapper\" role=\"main\"><h1 id=\"challenge-error-title\">Checking your browser</h1>\
             <noscript>Enable JavaScript and cookies to continue</noscript></div>\
             <script src=\"/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1\"></script></body></html>",
        )
        .with_status(403)
        .header("cf-mitigated", "challenge")
    }

    /// PubMed Central's way of serving `/pdf/` to programs: a page with status
    /// 200 that wants a computation done first.
    #[must_use]
    pub fn proof_of_work() -> Self {
        Self::html(
            "<html><head><title>Preparing to download ...</title></head><body>\
             <div id=\"pow\">Preparing to download ...</div>\
             <script>const POW_CHALLENGE = \"8f1c2a\"; const POW_DIFFICULTY = \"4\"; \
             const POW_COOKIE_NAME = \"cloudpmc-viewer-pow\"; /* solve, set the cookie, reload */</script>\
             <noscript>JavaScript is required to download this file.</noscript></body></html>",
        )
    }

    /// A sign-in page where a paper was expected.
    #[must_use]
    pub fn login() -> Self {
        Self::html(
            "<!doctype html><html><head><title>Sign in | Institutional access</title></head><body>\
             <h1>Sign in to continue</h1><p>Access through your institution, or purchase this article.</p>\
             <form action=\"/login\" method=\"post\"><input type=\"text\" name=\"username\">\
             <input type=\"password\" name=\"password\"><button>Log in</button></form></body></html>",
        )
    }

    /// HTML that says it is a PDF.
    #[must_use]
    pub fn html_as_pdf() -> Self {
        Self::html("<html><head><title>Article</title></head><body><p>The document could not be rendered.</p></body></html>")
            .content_type("application/pdf")
    }

    /// Zeros that were gzipped: small on the wire, `mebibytes` when unpacked.
    #[must_use]
    pub fn gzip_bomb(mebibytes: u32) -> Self {
        let zeros = vec![0_u8; 1024 * 1024];
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        for _ in 0..mebibytes {
            // Writing to a Vec cannot fail.
            let _ = encoder.write_all(&zeros);
        }
        Self::bytes("application/json", encoder.finish().unwrap_or_default())
            .header("content-encoding", "gzip")
    }

    /// Takes the request and never says a word.
    #[must_use]
    pub fn never() -> Self {
        Self::status(200).delivered(Delivery::Never)
    }

    /// Takes the request and hangs up.
    #[must_use]
    pub fn dropped() -> Self {
        Self::status(200).delivered(Delivery::Dropped)
    }

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

    fn delivered(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }
}

/// The answers to one URL, in order; the last one repeats.
#[derive(Debug, Clone)]
pub struct Script {
    first: Vec<Answer>,
    last: Answer,
}

impl Script {
    /// Afterwards (from the next request on) this.
    #[must_use]
    pub fn then(mut self, next: Answer) -> Self {
        self.first.push(std::mem::replace(&mut self.last, next));
        self
    }

    /// The answer of the given turn, counted from zero.
    pub(crate) fn at(&self, turn: usize) -> &Answer {
        self.first.get(turn).unwrap_or(&self.last)
    }
}

impl From<Answer> for Script {
    fn from(answer: Answer) -> Self {
        Self {
            first: Vec::new(),
            last: answer,
        }
    }
}
