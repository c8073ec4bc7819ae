//! What an answer starts from: papers, documents, redirects, and the pages
//! that stand in a paper's way.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::answer::{Answer, Delivery, RetryAfter};
use crate::content::Content;
use crate::pdf::Pdf;
use crate::text::{escape, seed_of};

impl Answer {
    fn of(status: u16, content_type: &str, content: Content) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            content,
            cue: None,
            delay: Duration::ZERO,
            delivery: Delivery::Whole,
            pause: Duration::ZERO,
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
}
