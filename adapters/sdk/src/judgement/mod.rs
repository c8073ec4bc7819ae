//! Telling pages that stand in an article's place from articles: challenges
//! and firewalls, doors with a price or a password, and pages that say with
//! status 200 that there is nothing. Such a page is named, never solved.
//!
//! The host judges by the same lists: `host/src/http/page.rs` includes this
//! folder. So it knows nothing of the rest of the guest kit.

mod challenge;
mod door;
mod substitute;

pub(crate) use challenge::{is_challenge, is_challenge_address, says_challenge};
pub(crate) use door::{is_door_address, is_paywall};
pub(crate) use substitute::{Substitute, substitute};

/// Whether a Content-Type may be a page; none at all may.
pub(crate) fn may_be_a_page(content_type: &str) -> bool {
    let kind = content_type.trim().to_ascii_lowercase();
    kind.is_empty()
        || kind.starts_with("text/")
        || ["html", "xml"].iter().any(|part| kind.contains(part))
}

/// Whether bytes begin as a web page does, whatever follows: a document type
/// or the first elements, behind a byte order mark, blanks, an XML declaration
/// or comments.
pub(crate) fn begins_a_page(bytes: &[u8]) -> bool {
    let mut rest = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    loop {
        rest = rest.trim_ascii_start();
        let end: &[u8] = if rest.starts_with(b"<!--") {
            b"-->"
        } else if rest.starts_with(b"<?xml") {
            b"?>"
        } else {
            break;
        };
        let Some(at) = rest.windows(end.len()).position(|window| window == end) else {
            return false;
        };
        rest = rest.get(at + end.len()..).unwrap_or_default();
    }
    ["<!doctype html", "<html", "<head"].iter().any(|start| {
        rest.get(..start.len())
            .is_some_and(|own| own.eq_ignore_ascii_case(start.as_bytes()))
    })
}

/// Whether bytes begin an archive (zip, RAR, 7z, tar), be there a PDF right
/// behind its first header.
pub(crate) fn begins_an_archive(bytes: &[u8]) -> bool {
    const TAR_MARK_AT: usize = 257;
    [
        b"PK\x03\x04".as_slice(),
        b"Rar!\x1a\x07",
        b"7z\xbc\xaf\x27\x1c",
    ]
    .iter()
    .any(|start| bytes.starts_with(start))
        || bytes
            .get(TAR_MARK_AT..)
            .is_some_and(|rest| rest.starts_with(b"ustar") && !bytes.starts_with(b"%PDF-"))
}

/// Whether the page says of itself that it is an article's: the metadata for
/// machines that no error page or challenge carries.
pub(crate) fn describes_an_article(text: &str) -> bool {
    [
        "citation_title",
        "citation_doi",
        "citation_journal",
        "DC.title",
        "dc.title",
        "DC.Title",
        "ScholarlyArticle",
    ]
    .iter()
    .any(|mark| text.contains(mark))
}

/// The text of the first such element, up to the next tag, without parsing the
/// page; `tag` is lower-case ASCII.
fn text_of<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    let start = find_tag(text, tag)?;
    let rest = text.get(start..)?;
    let inner = rest.get(rest.find('>')? + 1..)?;
    inner.get(..inner.find('<')?)
}

fn plain_title(text: &str) -> Option<String> {
    plain_text_of(text, "<title")
}

/// The first such element's text as it is compared: trimmed, in lower case,
/// with the entities that occur in such titles undone.
fn plain_text_of(text: &str, tag: &str) -> Option<String> {
    let own = text_of(text, tag)?.trim().to_lowercase();
    Some(
        own.replace("&#39;", "'")
            .replace("&#x27;", "'")
            .replace("&rsquo;", "'")
            .replace('’', "'"),
    )
}

/// Whether a title in lower case is one of `names`: whole, or the first or last
/// of its parts, of which another is the site's name (`Repository :: Log in`).
fn title_is(title: &str, names: &[&str]) -> bool {
    let parted = [" - ", " – ", " — ", " :: ", " · "]
        .iter()
        .fold(title.to_owned(), |title, sign| title.replace(sign, "|"));
    let is_name = |part: &str| {
        let part = part
            .trim()
            .trim_end_matches(['.', '!', '?', '…', ' '])
            .trim_start_matches(['¡', '¿']);
        names.contains(&part)
    };
    let mut parts = parted.split('|');
    parts.next().is_some_and(is_name) || parts.next_back().is_some_and(is_name)
}

/// Whether a page in lower case has a field for a password.
fn asks_for_password(plain: &str) -> bool {
    ["type=\"password\"", "type='password'", "type=password"]
        .iter()
        .any(|field| plain.contains(field))
}

/// Host and path of an address, without query and fragment.
fn host_and_path(url: &str) -> Option<(&str, &str)> {
    let (_, rest) = url.split_once("://")?;
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

/// Where a tag begins, whatever its case; `tag` is lower-case ASCII.
fn find_tag(text: &str, tag: &str) -> Option<usize> {
    text.as_bytes()
        .windows(tag.len())
        .position(|window| window.eq_ignore_ascii_case(tag.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_found_in_any_case_and_never_beyond_the_text() {
        let title = |text| text_of(text, "<title");
        assert_eq!(title("<TiTlE>x</title>"), Some("x"));
        assert_eq!(title("<title"), None);
        assert_eq!(title("é<title>é"), None);
        assert_eq!(
            plain_title("<title>\n You&#39;re </title>").as_deref(),
            Some("you're")
        );
    }

    #[test]
    fn a_page_is_known_by_its_beginning_and_a_warning_before_a_file_is_none() {
        for page in [
            "<!DOCTYPE html>%PDF-1.4",
            "\u{FEFF}\r\n <HTML lang=en>",
            "<?xml version=\"1.0\"?>\n<!-- x --> <!-- %PDF- --><html>",
            "<head>",
        ] {
            assert!(begins_a_page(page.as_bytes()), "{page}");
        }
        for other in [
            "",
            "<",
            "<!DOCTYPE htm",
            "<br />\n<b>Warning</b>: x in /var/www/html\n%PDF-1.4",
            "%PDF-1.4 <html>",
            "<!-- open %PDF-1.4",
            "<?xml",
        ] {
            assert!(!begins_a_page(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn a_title_is_a_name_whole_or_beside_the_sites_own() {
        for title in [
            "log in",
            "log in | a site",
            "a site :: log in",
            "a - b - log in…",
        ] {
            assert!(title_is(title, &["log in"]), "{title}");
        }
        for title in ["", "log in again", "how to log in", "a | log in | b"] {
            assert!(!title_is(title, &["log in"]), "{title}");
        }
    }

    #[test]
    fn an_archive_is_known_by_its_beginning_and_a_pdf_is_none() {
        let tar = [b"a.pdf".as_slice(), &[0; 252], b"ustar\x0000", b"%PDF-1.4"].concat();
        let pdf = [b"%PDF-1.4\n".as_slice(), &[b' '; 248], b"ustar"].concat();
        assert!(begins_an_archive(&tar));
        assert!(begins_an_archive(b"PK\x03\x04\x14\0%PDF-1.4"));
        for other in [pdf.as_slice(), b"PK", b"", b"%PDF-1.4"] {
            assert!(!begins_an_archive(other));
        }
    }

    #[test]
    fn what_may_be_a_page_is_told_by_its_type() {
        for kind in [
            "",
            "text/html",
            "Text/Plain",
            "application/xhtml+xml",
            "application/xml",
        ] {
            assert!(may_be_a_page(kind), "{kind}");
        }
        for kind in ["image/png", "application/zip", "application/json"] {
            assert!(!may_be_a_page(kind), "{kind}");
        }
    }
}
