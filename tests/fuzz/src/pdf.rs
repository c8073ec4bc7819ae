//! What counts as a PDF: a status and a type on the first line, then the bytes.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use crate::http::pdf::{self, Labels};
use crate::http::{self, Secrets};
use crate::outcome::{Outcome, Reason};

/// Checks one answer that may be a PDF.
pub fn check(data: &[u8]) {
    let mut halves = data.splitn(2, |byte| *byte == b'\n');
    let first = String::from_utf8_lossy(halves.next().unwrap_or_default());
    let bytes = halves.next().unwrap_or_default();
    let (status, kind) = first.split_once(' ').unwrap_or((&first, ""));
    let status = status.parse().unwrap_or(200);
    let mut headers = HeaderMap::new();
    if let Ok(kind) = HeaderValue::from_str(kind) {
        headers.insert(CONTENT_TYPE, kind);
    }
    let headers = http::headers(headers, &Secrets::default());
    let is_page = || is_tag(bytes.trim_ascii_start()) || bytes.starts_with(b"\xEF\xBB\xBF");
    match pdf::judge_head(status, Labels::of(&headers), bytes) {
        Ok(()) => {
            assert!((200..300).contains(&status) && pdf::has_magic(bytes));
            assert!(!bytes.to_ascii_lowercase().starts_with(b"<!doctype html"));
        }
        Err(reason) => {
            assert_ne!(reason.outcome(), Some(Outcome::Success));
            let is_none = || is_page() || is_archive(bytes);
            assert!(!(200..300).contains(&status) || !pdf::has_magic(bytes) || is_none());
        }
    }
    // Only the window counts: bytes before the tail and after the head do not.
    let tail = bytes.get(bytes.len().saturating_sub(pdf::TAIL_WINDOW)..);
    assert_eq!(
        pdf::judge_tail(bytes),
        pdf::judge_tail(tail.unwrap_or_default())
    );
    let head = bytes.get(..pdf::MAGIC_WINDOW).unwrap_or(bytes);
    assert_eq!(pdf::has_magic(bytes), pdf::has_magic(head));
    if pdf::judge_tail(bytes).is_ok() {
        assert!(bytes.len() >= b"%%EOF".len());
    }
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let small = pdf::judge_length(length) == Err(Reason::TooSmall);
    assert_eq!(small, length < pdf::PDF_MIN_BYTES);
    if pdf::is_encrypted(bytes) {
        assert!(bytes.windows(8).any(|window| window == b"/Encrypt"));
    }
    if pdf::judge_bytes(bytes).is_err() {
        let text = String::from_utf8_lossy(bytes);
        assert!(text.matches('\u{FFFD}').count() >= 64);
    }
    let _ = pdf::startxref(bytes);
    let _ = pdf::judge_linearised(bytes, bytes, length);
    if let Some(at) = pdf::trailer(bytes) {
        let from = bytes.get(at..).unwrap_or_default();
        assert!(from.starts_with(pdf::TRAILER));
    }
    let _ = pdf::is_gzip(bytes);
}

/// Whether an archive's mark stands in its place.
fn is_archive(bytes: &[u8]) -> bool {
    let begins = [b"PK".as_slice(), b"Rar!", b"7z"]
        .iter()
        .any(|mark| bytes.starts_with(mark));
    begins
        || bytes
            .get(257..)
            .is_some_and(|rest| rest.starts_with(b"ustar"))
}

/// Whether a tag, a comment or a declaration stands first.
fn is_tag(bytes: &[u8]) -> bool {
    bytes.first() == Some(&b'<')
}
