//! Taking a pasted text out of its wrapping: whitespace, invisible characters,
//! quotes, brackets and the sentence's punctuation around it.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::{IdError, IdKind, MAX_INPUT_BYTES};

/// Bracket pairs whose closing half may belong to an identifier.
const PAIRS: [(char, char); 8] = [
    ('(', ')'),
    ('[', ']'),
    ('{', '}'),
    ('<', '>'),
    ('（', '）'),
    ('【', '】'),
    ('「', '」'),
    ('《', '》'),
];

/// Characters that show nothing: zero-width, joiners, direction marks, soft
/// hyphen, byte-order mark. PDF readers and publishers' pages sow them into
/// copied identifiers; none belongs to one.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
    )
}

/// The input without invisible characters and wrapping; refuses what is empty
/// or longer than [`MAX_INPUT_BYTES`].
pub(crate) fn unwrap(kind: IdKind, input: &str) -> Result<Cow<'_, str>, IdError> {
    if input.len() > MAX_INPUT_BYTES {
        return Err(IdError::new(kind, input, "it is longer than 2048 bytes"));
    }
    let text = match without_invisible(input) {
        Cow::Borrowed(text) => Cow::Borrowed(unwrapped(text)),
        Cow::Owned(text) => Cow::Owned(unwrapped(&text).to_owned()),
    };
    if text.is_empty() {
        let why = match input.trim().is_empty() {
            true => "it is empty",
            false => "it is nothing but wrapping",
        };
        return Err(IdError::new(kind, input, why));
    }
    Ok(text)
}

/// The text without invisible characters.
pub(crate) fn without_invisible(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_invisible) {
        Cow::Owned(text.chars().filter(|c| !is_invisible(*c)).collect())
    } else {
        Cow::Borrowed(text)
    }
}

fn unwrapped(text: &str) -> &str {
    let start = text.trim_start_matches(|c: char| {
        c.is_whitespace()
            || matches!(c, '"' | '\'' | '`' | '“' | '„' | '‘' | '‚' | '«' | '‹')
            || PAIRS.iter().any(|(open, _)| *open == c)
    });
    without_trailing(start)
}

/// Drops trailing whitespace, quotes, `.`, `,` and `;` (East Asian ones and
/// `…`, too), and closing brackets that were never opened inside the text.
pub(crate) fn without_trailing(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_end_matches(|c: char| {
            c.is_whitespace()
                || matches!(
                    c,
                    '.' | ','
                        | ';'
                        | '"'
                        | '\''
                        | '`'
                        | '“'
                        | '”'
                        | '’'
                        | '»'
                        | '›'
                        | '…'
                        | '。'
                        | '、'
                        | '，'
                        | '；'
                )
        });
        let unopened = PAIRS.iter().find(|(open, close)| {
            rest.ends_with(*close) && rest.matches(*close).count() > rest.matches(*open).count()
        });
        match unopened {
            Some((_, close)) => rest = rest.strip_suffix(*close).unwrap_or(rest),
            None => return rest,
        }
    }
}

/// The rest of `text` after `prefix` in any case (`prefix` is ASCII).
pub(crate) fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| text.get(prefix.len()..))
        .flatten()
}

/// The rest of `text` after `word` in any case and a colon (`：` is one) or
/// blank: `DOI: 10.…`, `pmid 123`.
pub(crate) fn strip_label<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = strip_prefix(text, word)?;
    let after = rest.trim_start();
    match after.strip_prefix([':', '：']) {
        Some(after) => Some(after.trim_start()),
        None => (after.len() < rest.len()).then_some(after),
    }
}

/// Percent-decodes once; refuses escapes that are not UTF-8.
pub(crate) fn percent_decoded(kind: IdKind, text: &str) -> Result<String, IdError> {
    percent_decode_str(text)
        .decode_utf8()
        .map(Cow::into_owned)
        .map_err(|_| IdError::new(kind, text, "its percent escapes are not UTF-8"))
}

/// The text with user name and password of a URL blanked out, for messages.
pub(crate) fn hide_userinfo(text: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Cow::Borrowed(text);
    };
    let authority_end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    match authority.rsplit_once('@') {
        Some((_, host)) => Cow::Owned(format!("{scheme}://***@{host}{path}")),
        None => Cow::Borrowed(text),
    }
}

/// One to `max` ASCII digits, without leading zeros; none when it is something
/// else or zero.
pub(crate) fn positive_number(text: &str, max: usize) -> Option<&str> {
    let all_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let digits = text.trim_start_matches('0');
    (all_digits && (1..=max).contains(&digits.len())).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closing_bracket_stays_only_if_it_was_opened_inside() {
        assert_eq!(without_trailing("10.1016/s0140(05)"), "10.1016/s0140(05)");
        assert_eq!(
            without_trailing("10.1016/s0140(05)).,"),
            "10.1016/s0140(05)"
        );
        assert_eq!(without_trailing("10.1016/a];\"'"), "10.1016/a");
        assert_eq!(without_trailing("a<b>>"), "a<b>");
        assert_eq!(without_trailing("10.1016/a（05））。"), "10.1016/a（05）");
    }

    #[test]
    fn labels_match_in_any_case_with_colon_or_blank_but_not_inside_a_word() {
        assert_eq!(strip_label("DOI: 10.1/x", "doi"), Some("10.1/x"));
        assert_eq!(strip_label("pmid 12", "pmid"), Some("12"));
        assert_eq!(strip_label("pmid : 12", "pmid"), Some("12"));
        assert_eq!(strip_label("doing", "doi"), None);
    }

    #[test]
    fn an_input_longer_than_2_kib_is_refused_and_one_of_2_kib_is_not() {
        let longest = "a".repeat(MAX_INPUT_BYTES);
        assert_eq!(unwrap(IdKind::Any, &longest).as_deref(), Ok(&*longest));
        assert!(unwrap(IdKind::Any, &format!("{longest}a")).is_err());
    }
}
