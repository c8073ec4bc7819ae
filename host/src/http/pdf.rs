//! What counts as a PDF: pure judgements over bytes, shared by the probe and
//! the downloader.
//!
//! Headers lie both ways, so bytes decide: `%PDF-` within the first 1024 bytes
//! and `%%EOF` within the last 2048, padding aside. But what begins as a web
//! page is one, whatever bytes it shows. What is no PDF is named as exactly as
//! its beginning allows, because "blocked" and "paywalled" tell a reader more
//! than "not a PDF".

use super::page;
use super::response::Headers;
use crate::outcome::Reason;

/// How far from the start `%PDF-` may stand, as readers accept it.
pub const MAGIC_WINDOW: usize = 1024;
/// How far from the end `%%EOF` may stand.
pub const TAIL_WINDOW: usize = 2048;
/// Smaller files hold no paper.
pub const PDF_MIN_BYTES: u64 = 1024;

const MAGIC: &[u8] = b"%PDF-";
const END: &[u8] = b"%%EOF";
/// What a table's trailer begins with.
pub const TRAILER: &[u8] = b"trailer";

/// Whether `%PDF-` stands within the first [`MAGIC_WINDOW`] bytes.
#[must_use]
pub fn has_magic(head: &[u8]) -> bool {
    let window = head.get(..MAGIC_WINDOW).unwrap_or(head);
    contains(window, MAGIC)
}

/// Whether the bytes begin a gzip file (a wrapped PDF is unwrapped once).
#[must_use]
pub fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(&[0x1f, 0x8b, 0x08])
}

/// Whether bytes are the beginning of a PDF: they have the magic, and are no
/// web page that shows it and no archive that holds it.
#[must_use]
pub fn is_pdf(head: &[u8]) -> bool {
    has_magic(head) && !page::begins_a_page(head) && !page::begins_an_archive(head)
}

/// What an answer's headers say of its body.
#[derive(Debug, Clone, Copy, Default)]
pub struct Labels<'a> {
    content_type: Option<&'a str>,
    is_challenge: bool,
}

impl<'a> Labels<'a> {
    /// What these headers say.
    #[must_use]
    pub fn of(headers: &'a Headers) -> Self {
        Self {
            content_type: headers.content_type(),
            is_challenge: page::says_challenge(|name| headers.get(name)),
        }
    }
}

/// Judges an answer by its status, its headers and its first bytes (decoded,
/// unwrapped).
///
/// # Errors
/// Why it is no PDF: `NotFound`, `Paywalled`, `Blocked`, `RateLimited`,
/// `Http4xx`, `Http5xx`, `TooSmall` (nothing at all) or `NotAPdf`. A page may
/// say with status 200 what its status should have said.
pub fn judge_head(status: u16, labels: Labels, head: &[u8]) -> Result<(), Reason> {
    let kind = || match labels.is_challenge {
        true => Some(Reason::Blocked),
        false => page::judge(labels.content_type, head),
    };
    match status {
        200..=299 if is_pdf(head) => Ok(()),
        200..=299 if head.is_empty() && !labels.is_challenge => Err(Reason::TooSmall),
        401 | 402 => Err(Reason::Paywalled),
        403 => Err(match kind() {
            // A login page may come with this status; a wall of text may not
            // say what it is.
            Some(Reason::Paywalled) => Reason::Paywalled,
            _ => Reason::Blocked,
        }),
        // No server's own answer: filters send it.
        418 => Err(Reason::Blocked),
        404 | 410 => Err(Reason::NotFound),
        429 => Err(Reason::RateLimited),
        400..=499 => Err(match kind() {
            Some(reason @ (Reason::Blocked | Reason::Paywalled)) => reason,
            _ => Reason::Http4xx,
        }),
        // Some challenge pages come as 503.
        500..=599 => Err(match kind() {
            Some(Reason::Blocked) => Reason::Blocked,
            _ => Reason::Http5xx,
        }),
        _ => Err(kind().unwrap_or(Reason::NotAPdf)),
    }
}

/// Judges a file by its last bytes; give at least [`TAIL_WINDOW`] of them, without
/// the [padding](is_padding) behind them.
///
/// # Errors
/// `Truncated` when `%%EOF` is not within the last [`TAIL_WINDOW`] bytes.
pub fn judge_tail(tail: &[u8]) -> Result<(), Reason> {
    let start = tail.len().saturating_sub(TAIL_WINDOW);
    let window = tail.get(start..).unwrap_or(tail);
    if contains(window, END) {
        Ok(())
    } else {
        Err(Reason::Truncated)
    }
}

/// Whether a byte at a file's end is none of it: PDF's white space, with which
/// tapes, mailers and printers' servers fill up.
#[must_use]
pub fn is_padding(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

/// Judges a file by what became of its binary bytes: a server that took it for
/// text put U+FFFD in the place of each, and nothing of it can be read.
///
/// Only believed where the comment that shows a PDF's bytes to be binary is all
/// of that character, more of it follows, and no other byte is wrong.
///
/// # Errors
/// `NotAPdf`.
pub fn judge_bytes(head: &[u8]) -> Result<(), Reason> {
    const REPLACED: &[u8] = "\u{FFFD}".as_bytes();
    /// More than a title in the metadata has lost.
    const MANY: usize = 64;
    let is_text = std::str::from_utf8(head)
        .err()
        .is_none_or(|error| error.error_len().is_none());
    let comment = position(head, MAGIC)
        .and_then(|at| head.get(at..))
        .map(|from| from.split(|byte| matches!(byte, b'\n' | b'\r')))
        .and_then(|lines| lines.skip(1).find(|line| !line.is_empty()))
        .and_then(|line| line.strip_prefix(b"%"));
    let is_lost = comment.is_some_and(|shown| {
        let (marks, rest) = shown.as_chunks::<3>();
        marks.len() > 1 && rest.is_empty() && marks.iter().all(|mark| mark == REPLACED)
    });
    let count = || {
        head.windows(REPLACED.len())
            .filter(|window| *window == REPLACED)
            .count()
    };
    if is_text && is_lost && count() >= MANY {
        Err(Reason::NotAPdf)
    } else {
        Ok(())
    }
}

/// Judges a file by its length in bytes.
///
/// # Errors
/// `TooSmall` below [`PDF_MIN_BYTES`].
pub fn judge_length(length: u64) -> Result<(), Reason> {
    if length < PDF_MIN_BYTES {
        Err(Reason::TooSmall)
    } else {
        Ok(())
    }
}

/// Judges a linearised file ("fast web view") by its parts, for it has an end
/// mark near its start too: `length` is its own, in bytes.
///
/// Its length stands in its first dictionary; but tools that rewrite files copy
/// that as it was. So a file is cut only if its last `startxref` says so, too:
/// in the first part it is 0.
///
/// # Errors
/// `Truncated` when only the first part of the file is there.
pub fn judge_linearised(head: &[u8], tail: &[u8], length: u64) -> Result<(), Reason> {
    let cut = announced_length(head).is_some_and(|announced| announced > length)
        && !startxref(tail).is_some_and(|at| at > 0 && at < length);
    if cut { Err(Reason::Truncated) } else { Ok(()) }
}

/// The length in bytes that the dictionary of a linearised file names (`/L`).
fn announced_length(head: &[u8]) -> Option<u64> {
    const KEY: &[u8] = b"/Linearized";
    let window = head.get(..MAGIC_WINDOW).unwrap_or(head);
    let at = position(window, KEY)?;
    let start = window.get(..at)?.windows(2).rposition(|two| two == b"<<")?;
    let dictionary = head.get(start..)?;
    let end = position(dictionary, b">>")?;
    let dictionary = dictionary.get(..end)?;
    dictionary
        .windows(2)
        .enumerate()
        .filter(|(_, two)| *two == b"/L")
        .find_map(|(at, _)| {
            let (number, _) = digits(skip_space(dictionary.get(at + 2..)?));
            std::str::from_utf8(number).ok()?.parse().ok()
        })
}

/// Where the trailer behind a cross-reference table begins, in a stretch of a
/// file that begins in the table.
#[must_use]
pub fn trailer(stretch: &[u8]) -> Option<usize> {
    position(stretch, TRAILER)
}

/// Whether a cross-reference section is a table, with its trailer behind it,
/// and not a stream, with its dictionary first.
#[must_use]
pub fn is_table(section: &[u8]) -> bool {
    skip_space(section).starts_with(b"xref")
}

/// Whether a stretch of a PDF holds an `/Encrypt` entry of a trailer: a
/// reference (`/Encrypt 12 0 R`) or a dictionary (`/Encrypt <<`).
///
/// Trailers stand at the end of the file or, with cross-reference streams, at
/// the offset [`startxref`] names; linearised files have one near the start.
/// Ask for each of these places.
#[must_use]
pub fn is_encrypted(stretch: &[u8]) -> bool {
    const KEY: &[u8] = b"/Encrypt";
    stretch
        .windows(KEY.len())
        .enumerate()
        .filter(|(_, window)| *window == KEY)
        .any(|(at, _)| {
            let after = stretch.get(at + KEY.len()..).unwrap_or_default();
            let value = skip_space(after);
            value.starts_with(b"<<") || is_reference(value)
        })
}

/// The offset in the file of its last cross-reference section, as the tail
/// tells it.
#[must_use]
pub fn startxref(tail: &[u8]) -> Option<u64> {
    const KEY: &[u8] = b"startxref";
    let at = tail.windows(KEY.len()).rposition(|window| window == KEY)?;
    let (number, _) = digits(skip_space(tail.get(at + KEY.len()..)?));
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// Whether `bytes` begin with `N G R`.
fn is_reference(bytes: &[u8]) -> bool {
    let (number, rest) = digits(bytes);
    let (generation, end) = digits(skip_space(rest));
    !number.is_empty() && !generation.is_empty() && skip_space(end).starts_with(b"R")
}

fn digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(bytes.len());
    bytes.split_at_checked(end).unwrap_or((bytes, &[]))
}

/// PDF's white space: NUL, tab, LF, FF, CR, space.
fn skip_space(bytes: &[u8]) -> &[u8] {
    let start = bytes
        .iter()
        .position(|byte| !is_padding(*byte))
        .unwrap_or(bytes.len());
    bytes.get(start..).unwrap_or_default()
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    position(hay, needle).is_some()
}

fn position(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge_head(status: u16, content_type: Option<&str>, head: &[u8]) -> Result<(), Reason> {
        let labels = Labels {
            content_type,
            is_challenge: false,
        };
        super::judge_head(status, labels, head)
    }

    const PDF: &[u8] = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n";
    const HTML: &[u8] = b"<!DOCTYPE html><html><head><title>An article</title></head>";

    #[test]
    fn the_magic_counts_within_the_first_kibibyte_only() {
        let at = |offset: usize| [vec![b' '; offset], PDF.to_vec()].concat();
        assert!(has_magic(PDF));
        assert!(has_magic(&at(MAGIC_WINDOW - MAGIC.len())));
        assert!(!has_magic(&at(MAGIC_WINDOW - MAGIC.len() + 1)));
        assert!(!has_magic(b"%PDF") && !has_magic(b""));
    }

    #[test]
    fn bytes_decide_whatever_the_type_says() {
        assert_eq!(
            judge_head(200, Some("application/octet-stream"), PDF),
            Ok(())
        );
        assert_eq!(judge_head(206, Some("text/html"), PDF), Ok(()));
        assert_eq!(judge_head(200, None, PDF), Ok(()));
        assert_eq!(
            judge_head(200, Some("application/pdf"), HTML),
            Err(Reason::NotAPdf)
        );
        assert_eq!(
            judge_head(200, Some("application/pdf"), b""),
            Err(Reason::TooSmall)
        );
        assert_eq!(judge_head(204, None, b""), Err(Reason::TooSmall));
    }

    #[test]
    fn a_web_page_that_shows_a_pdf_or_is_followed_by_one_is_none() {
        let shown = b"<!DOCTYPE html><pre>%PDF-1.4 ... %%EOF</pre>";
        assert_eq!(judge_head(200, None, shown), Err(Reason::NotAPdf));
        let followed = [
            &b"\xEF\xBB\xBF\n<html><title>Just a moment...</title></html>\n"[..],
            PDF,
        ]
        .concat();
        assert_eq!(
            judge_head(200, Some("application/pdf"), &followed),
            Err(Reason::Blocked)
        );
        // What a server's own trouble puts before a file leaves it a file.
        let warned = [&b"<br />\n<b>Warning</b>: x on line 3<br />\n"[..], PDF].concat();
        assert_eq!(judge_head(200, None, &warned), Ok(()));
    }

    #[test]
    fn a_filters_header_says_what_an_empty_answer_is() {
        let labels = Labels {
            content_type: None,
            is_challenge: true,
        };
        for status in [200, 202, 403, 405, 503] {
            assert_eq!(
                super::judge_head(status, labels, b""),
                Err(Reason::Blocked),
                "{status}"
            );
        }
        assert_eq!(super::judge_head(200, labels, PDF), Ok(()));
    }

    #[test]
    fn an_outage_with_status_200_is_a_server_error_and_a_400_stays_one() {
        let page = b"<html><title>502 Proxy Error</title>";
        assert_eq!(judge_head(200, None, page), Err(Reason::Http5xx));
        assert_eq!(judge_head(400, None, page), Err(Reason::Http4xx));
    }

    #[test]
    fn a_refusing_status_is_named_even_over_pdf_bytes() {
        for (status, reason) in [
            (401, Reason::Paywalled),
            (402, Reason::Paywalled),
            (403, Reason::Blocked),
            (404, Reason::NotFound),
            (410, Reason::NotFound),
            (429, Reason::RateLimited),
            (400, Reason::Http4xx),
            (418, Reason::Blocked),
            (500, Reason::Http5xx),
            (503, Reason::Http5xx),
            (304, Reason::NotAPdf),
        ] {
            assert_eq!(
                judge_head(status, None, PDF),
                Err(reason.clone()),
                "{status}"
            );
            assert_eq!(
                judge_head(status, Some("text/html"), HTML),
                Err(reason),
                "{status}"
            );
        }
    }

    #[test]
    fn a_challenge_is_blocked_under_any_of_its_statuses() {
        let challenge = b"<html><head><title>Just a moment...</title></head>";
        for status in [200, 202, 403, 405, 503] {
            assert_eq!(
                judge_head(status, Some("text/html"), challenge),
                Err(Reason::Blocked),
                "{status}"
            );
        }
        assert_eq!(
            judge_head(429, Some("text/html"), challenge),
            Err(Reason::RateLimited)
        );
    }

    #[test]
    fn the_end_mark_counts_within_the_last_two_kibibytes_only() {
        let with_after = |after: usize| [b"%%EOF".to_vec(), vec![b'\n'; after]].concat();
        assert_eq!(judge_tail(b"startxref\n9\n%%EOF\n"), Ok(()));
        assert_eq!(judge_tail(&with_after(TAIL_WINDOW - END.len())), Ok(()));
        assert_eq!(
            judge_tail(&with_after(TAIL_WINDOW - END.len() + 1)),
            Err(Reason::Truncated)
        );
        assert_eq!(judge_tail(b"%%EO"), Err(Reason::Truncated));
    }

    #[test]
    fn a_pdf_whose_binary_bytes_a_server_lost_is_none_and_a_lost_title_leaves_it_one() {
        let made = |comment: &[u8], body: &[u8]| {
            [
                b"%PDF-1.4\r\n%".as_slice(),
                comment,
                b"\n1 0 obj\nstream\n",
                body,
            ]
            .concat()
        };
        let lost = |count: usize| "\u{FFFD}".repeat(count).into_bytes();
        let mut cut = made(&lost(4), &lost(100));
        assert_eq!(judge_bytes(&cut), Err(Reason::NotAPdf));
        cut.pop();
        assert_eq!(judge_bytes(&cut), Err(Reason::NotAPdf));
        for kept in [
            made(&lost(4), &lost(40)),
            made(b"\xe2\xe3\xcf\xd3", &lost(100)),
            made("âãÏÓ".as_bytes(), &lost(100)),
            made(&lost(1), &lost(100)),
            made(&lost(4), &[lost(100), b"\x9c\xed".to_vec()].concat()),
            made(b"", &lost(100)),
            PDF.to_vec(),
            Vec::new(),
        ] {
            assert_eq!(judge_bytes(&kept), Ok(()));
        }
    }

    #[test]
    fn a_file_below_a_kibibyte_is_too_small() {
        assert_eq!(judge_length(PDF_MIN_BYTES - 1), Err(Reason::TooSmall));
        assert_eq!(judge_length(PDF_MIN_BYTES), Ok(()));
    }

    #[test]
    fn encryption_is_seen_in_trailers_and_not_in_lookalikes() {
        for yes in [
            &b"trailer <</Root 1 0 R/Encrypt 12 0 R/Size 9>>"[..],
            b"/Encrypt\r\n12\n0 R",
            b"/Encrypt<</Filter/Standard>>",
        ] {
            assert!(is_encrypted(yes), "{}", String::from_utf8_lossy(yes));
        }
        for no in [
            &b"/EncryptMetadata false"[..],
            b"/Encrypted 12 0 R",
            b"/Encrypt",
            b"/Encrypt null",
            b"the /Encrypt key",
            b"/Encrypt 12 0 obj",
        ] {
            assert!(!is_encrypted(no), "{}", String::from_utf8_lossy(no));
        }
    }

    #[test]
    fn an_archive_with_a_pdf_in_front_is_none() {
        let packed = [b"PK\x03\x04\x14\0a.pdf".as_slice(), PDF].concat();
        assert_eq!(
            judge_head(200, Some("application/pdf"), &packed),
            Err(Reason::NotAPdf)
        );
    }

    #[test]
    fn a_linearised_file_of_which_only_the_first_part_came_is_truncated() {
        let head = |length: &str| {
            format!("%PDF-1.4\n1 0 obj\n<</Linearized 1/Length 7 {length}/H [1 2]/O 3>>\nendobj\n")
        };
        let first = b"startxref\n0\n%%EOF\n".as_slice();
        let whole = b"startxref\n116\n%%EOF\n".as_slice();
        for (length, tail, judged) in [
            ("/L 9999", first, Err(Reason::Truncated)),
            ("/L\r\n9999 ", first, Err(Reason::Truncated)),
            ("/L 9999", b"%%EOF".as_slice(), Err(Reason::Truncated)),
            (
                "/L 9999",
                b"startxref\n5001\n%%EOF".as_slice(),
                Err(Reason::Truncated),
            ),
            // Written anew by a tool that kept the dictionary.
            ("/L 9999", whole, Ok(())),
            ("/L 5000", first, Ok(())),
            ("/L 4000", whole, Ok(())),
            ("/L x", first, Ok(())),
            ("", first, Ok(())),
        ] {
            let head = head(length);
            assert_eq!(
                judge_linearised(head.as_bytes(), tail, 5000),
                judged,
                "{length}"
            );
        }
        assert_eq!(judge_linearised(PDF, first, 5000), Ok(()));
        assert_eq!(judge_linearised(b"/Linearized 1 /L 9 >>", first, 5), Ok(()));
    }

    #[test]
    fn the_last_startxref_is_read() {
        assert_eq!(
            startxref(b"startxref\n1\n%%EOF startxref\r\n 116\r\n%%EOF"),
            Some(116)
        );
        for no in [
            &b"startxref\nx"[..],
            b"",
            b"startxref",
            b"startxref 99999999999999999999999",
        ] {
            assert_eq!(startxref(no), None);
        }
    }

    #[test]
    fn a_gzip_wrapping_is_known_by_its_magic() {
        assert!(is_gzip(&[0x1f, 0x8b, 8, 0]));
        assert!(!is_gzip(PDF) && !is_gzip(&[0x1f, 0x8b]));
    }
}
