//! From bytes to text. What the adapters look for is addresses and ids, which
//! are ASCII, and words in every language. So every encoding that a header, a
//! `meta` or an XML declaration names is read (the Encoding Standard's, by
//! [`encoding_rs`]). Services mislabel their encodings: what is UTF-8 is read as
//! such whatever is declared, and what says nothing of itself as Windows-1252.

use std::borrow::Cow;

use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, WINDOWS_1252};

/// How far into a page an encoding declaration is looked for, in bytes.
const DECLARATION_WINDOW_BYTES: usize = 1024;
/// Begins a change of alphabets in ISO-2022-JP.
const ESCAPE: u8 = 0x1B;

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
    let declared = || declared(body, content_type);
    match std::str::from_utf8(body) {
        // This one looks like ASCII with escapes in it.
        Ok(_) if body.contains(&ESCAPE) && declared() == Some(ISO_2022_JP) => {
            ISO_2022_JP.decode_without_bom_handling(body).0
        }
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let encoding = declared().unwrap_or(WINDOWS_1252);
            encoding.decode_without_bom_handling(body).0
        }
    }
}

/// The encoding that a page's header or its beginning declares; UTF-8 where
/// that is one nobody knows. The declaration itself was read byte by byte, so
/// it is no UTF-16.
fn declared(body: &[u8], content_type: &str) -> Option<&'static Encoding> {
    let head = body.get(..DECLARATION_WINDOW_BYTES).unwrap_or(body);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let label = value(&content_type.to_ascii_lowercase(), "charset")
        .or_else(|| {
            let tags = head.split("<meta").skip(1);
            tags.filter_map(|rest| value(rest.split('>').next()?, "charset"))
                .next()
        })
        .or_else(|| {
            let declaration = head.trim_start().strip_prefix("<?xml")?;
            value(declaration.split('>').next()?, "encoding")
        })?;
    let known = match label.as_str() {
        "latin-1" => Some(WINDOWS_1252),
        other => Encoding::for_label(other.as_bytes()),
    };
    Some(
        known
            .filter(|encoding| encoding.is_ascii_compatible() || *encoding == ISO_2022_JP)
            .unwrap_or(UTF_8),
    )
}

/// What is behind `key=` in a header, a tag or a declaration in lower case.
fn value(text: &str, key: &str) -> Option<String> {
    text.split(key).skip(1).find_map(|rest| {
        let rest = rest.trim_start().strip_prefix('=')?;
        let label = rest
            .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''))
            .split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '/' | '?'))
            .next()?;
        (!label.is_empty()).then(|| label.to_owned())
    })
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
    fn a_page_in_any_declared_encoding_keeps_its_words() {
        for (label, body, text) in [
            (
                "windows-1251",
                b"\xCF\xEE\xEB\xED\xFB\xE9".as_slice(),
                "Полный",
            ),
            ("koi8-r", b"\xF0\xCF\xCC\xCE\xD9\xCA", "Полный"),
            ("ISO-8859-5", b"\xBF\xDE\xDB\xDD\xEB\xD9", "Полный"),
            ("ISO-8859-2", b"Pe\xB3ny", "Pełny"),
            ("ISO-8859-9", b"\xDDndir", "İndir"),
            ("windows-1254", b"\xDDndir", "İndir"),
            ("Shift_JIS", b"\x91\x53\x95\xB6", "全文"),
            ("EUC-JP", b"\xC1\xB4\xCA\xB8", "全文"),
            ("ISO-2022-JP", b"\x1B$BA4J8\x1B(B", "全文"),
            ("EUC-KR", b"\xBF\xF8\xB9\xAE", "원문"),
            ("gb2312", b"\xC8\xAB\xCE\xC4", "全文"),
            ("Big5", b"\xA5\xFE\xA4\xE5", "全文"),
        ] {
            let page = |head: &str| [head.as_bytes(), body].concat();
            let http = format!("text/html; charset={label}");
            assert_eq!(decode(body, &http), text, "{label}");
            for head in [
                format!("<META charset=\"{label}\">"),
                format!(
                    "<meta name=x><meta http-equiv=content-type content='text/html; charset = {label}'>"
                ),
                format!("<script charset=utf-8></script><meta charset={label}>"),
                format!("<?xml version='1.0' encoding='{label}'?>"),
            ] {
                let wanted = format!("{head}{text}");
                assert_eq!(decode(&page(&head), "text/html"), wanted, "{head}");
            }
            // The header is nearer to whoever wrote the bytes.
            let lying = page("<meta charset=macintosh>");
            assert!(decode(&lying, &http).ends_with(text), "{label}");
        }
    }

    #[test]
    fn what_is_utf8_is_read_as_such_whatever_is_declared() {
        for kind in ["text/html; charset=windows-1251", "text/html; charset=x"] {
            assert_eq!(decode("Полный".as_bytes(), kind), "Полный", "{kind}");
        }
    }

    #[test]
    fn an_encoding_nobody_knows_keeps_its_ascii_and_a_utf8_mark_is_no_text() {
        let body = b"<a href=/x.pdf>\x93\xFA</a>";
        for kind in ["x-unknown", "iso-2022-kr", "utf-16", "utf-8", "shift_jis"] {
            let kind = format!("text/html; charset={kind}");
            let text = decode(body, &kind);
            assert!(text.starts_with("<a href=/x.pdf>"), "{kind}: {text}");
            assert!(text.ends_with("</a>"), "{kind}: {text}");
        }
        assert_eq!(decode(b"\xEF\xBB\xBF{}", "application/json"), "{}");
        assert_eq!(decode(b"", ""), "");
        assert_eq!(decode(b"\xFF", "text/html; charset=utf-8"), "\u{FFFD}");
    }
}
