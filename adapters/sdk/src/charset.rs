//! From bytes to text. Services mislabel their encodings; what the adapters
//! look for (tags, addresses, ids) is ASCII, so the few encodings in which
//! ASCII would not survive, or letters of an address would be lost, are read,
//! and everything else is read as UTF-8 with U+FFFD for what is not.

use std::borrow::Cow;

/// How far into a page an encoding declaration is looked for, in bytes.
const DECLARATION_WINDOW_BYTES: usize = 1024;

/// Decodes a body; `content_type` is the header's value or empty.
pub(crate) fn decode<'a>(body: &'a [u8], content_type: &str) -> Cow<'a, str> {
    match body {
        [0xEF, 0xBB, 0xBF, rest @ ..] => return String::from_utf8_lossy(rest),
        [0xFF, 0xFE, rest @ ..] => return utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => return utf16(rest, u16::from_be_bytes),
        // Without a byte order mark: `<` or `{` beside a zero.
        [b'<' | b'{' | b'[', 0, ..] => return utf16(body, u16::from_le_bytes),
        [0, b'<' | b'{' | b'[', ..] => return utf16(body, u16::from_be_bytes),
        _ => {}
    }
    match std::str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) if is_latin(body, content_type) => {
            // ISO 8859-1 is the first 256 characters of Unicode. What
            // Windows-1252 puts at 0x80 to 0x9F is punctuation.
            Cow::Owned(body.iter().copied().map(char::from).collect())
        }
        Err(_) => String::from_utf8_lossy(body),
    }
}

/// Whether bytes that are not UTF-8 are to be read as ISO 8859-1: declared as
/// that or one of its relatives, or not declared at all.
fn is_latin(body: &[u8], content_type: &str) -> bool {
    let head = body.get(..DECLARATION_WINDOW_BYTES).unwrap_or(body);
    let head = String::from_utf8_lossy(head);
    let Some(label) = label(content_type).or_else(|| label(&head)) else {
        return true;
    };
    [
        "iso-8859-1",
        "iso8859-1",
        "iso_8859-1",
        "windows-1252",
        "cp1252",
        "latin1",
        "latin-1",
        "us-ascii",
    ]
    .iter()
    .any(|name| label.starts_with(name))
}

/// What follows `charset=` (a header, a `meta`) or `encoding=` (an XML
/// declaration), in lower case.
fn label(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let rest = ["charset=", "encoding="]
        .iter()
        .find_map(|key| text.split_once(key).map(|(_, rest)| rest))?;
    let label = rest
        .trim_start_matches(['"', '\'', ' '])
        .split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '>' | '/' | '?'))
        .next()?;
    (!label.is_empty()).then(|| label.to_owned())
}

fn utf16<'a>(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Cow<'a, str> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    Cow::Owned(
        char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf16_is_read_with_a_mark_and_without_one_and_an_odd_byte_is_dropped() {
        let little: Vec<u8> = "<p>é".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "<p>é".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for body in [
            little.clone(),
            big.clone(),
            [&[0xFF, 0xFE], little.as_slice()].concat(),
            [&[0xFE, 0xFF], big.as_slice()].concat(),
            [little.as_slice(), b"x"].concat(),
        ] {
            assert_eq!(decode(&body, "text/html"), "<p>é");
        }
    }

    #[test]
    fn a_page_in_latin_1_keeps_its_letters_declared_or_not() {
        let body = b"<a href=/caf\xE9.pdf>";
        for kind in [
            "text/html; charset=ISO-8859-1",
            "text/html; charset=\"windows-1252\"",
            "text/html",
            "",
        ] {
            assert_eq!(decode(body, kind), "<a href=/café.pdf>", "{kind}");
        }
        let declared = b"<meta charset='latin1'><a href=/caf\xE9.pdf>";
        assert!(decode(declared, "text/html").ends_with("café.pdf>"));
    }

    #[test]
    fn other_encodings_keep_their_ascii_and_a_utf8_mark_is_no_text() {
        let body = b"<a href=/x.pdf>\x93\xFA</a>";
        assert!(
            decode(body, "text/html; charset=Shift_JIS").starts_with("<a href=/x.pdf>\u{FFFD}")
        );
        assert_eq!(decode(b"\xEF\xBB\xBF{}", "application/json"), "{}");
        assert_eq!(decode(b"", ""), "");
        assert_eq!(decode(b"\xFF", "text/html; charset=utf-8"), "\u{FFFD}");
    }
}
