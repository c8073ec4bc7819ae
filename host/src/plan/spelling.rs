//! Words for error messages: what was given, made safe to print on one line,
//! and the valid spelling nearest to it.

use std::path::Path;

/// How much of a wrong value is shown, in characters.
const SHOWN_MAX: usize = 60;

/// Longest word compared with the valid ones: nobody mistypes 100 characters.
const COMPARED_MAX: usize = 100;

/// Jaro-Winkler similarity from which a valid word is worth suggesting:
/// `archve` and `direct` pass for `archive` and `direct_oa`, `xyz` for nothing.
const NEAR: f64 = 0.8;

/// How many valid words a message lists.
const LISTED_MAX: usize = 16;

/// What was given, quoted, on one line, shortened.
pub(super) fn shown(given: &str) -> String {
    let head: String = given.chars().take(SHOWN_MAX).collect();
    let dots = if head.len() < given.len() { "…" } else { "" };
    format!("\"{}{dots}\"", head.escape_debug())
}

/// A path on one line.
pub(super) fn shown_path(path: &Path) -> String {
    path.display()
        .to_string()
        .chars()
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_debug());
            let plain = escaped.is_none().then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

/// Any text on one line: line breaks become spaces.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The valid word nearest to what was given, when one is near.
pub(crate) fn nearest<'a>(
    given: &str,
    valid: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if given.len() > COMPARED_MAX {
        return None;
    }
    let given = given.to_ascii_lowercase().replace('-', "_");
    valid
        .into_iter()
        .map(|word| (strsim::jaro_winkler(&given, &word.replace('-', "_")), word))
        .filter(|(similarity, _)| *similarity >= NEAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, word)| word)
}

/// The remedy for an unknown word: the nearest valid one, then all of them.
pub(crate) fn remedy<'a>(given: &str, valid: impl IntoIterator<Item = &'a str> + Clone) -> String {
    let words: Vec<&str> = valid.clone().into_iter().collect();
    let mut list = words
        .iter()
        .take(LISTED_MAX)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    if words.len() > LISTED_MAX {
        list.push_str(", …");
    }
    match nearest(given, valid) {
        Some(word) => format!("did you mean {word}? (valid: {list})"),
        None => format!("valid: {list}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_and_nonsense_has_none() {
        let words = ["direct_oa", "doi_follow", "landing_scrape", "archive"];
        assert_eq!(nearest("direct_ao", words), Some("direct_oa"));
        assert_eq!(nearest("archve", words), Some("archive"));
        assert_eq!(nearest("Direct-OA", words), Some("direct_oa"));
        assert_eq!(nearest("direct", words), Some("direct_oa"));
        assert_eq!(nearest("xyz", words), None);
        assert_eq!(nearest(&"a".repeat(5000), words), None);
    }

    #[test]
    fn what_is_shown_stays_short_and_on_one_line() {
        let given = format!("a\nb\u{1b}[31m{}", "x".repeat(9999));
        let shown = shown(&given);
        assert!(shown.chars().all(|c| !c.is_control()), "{shown}");
        assert!(shown.len() < 100, "{shown}");
        assert!(!shown_path(Path::new("a\nb")).contains('\n'));
        assert_eq!(one_line("a\n  b\r\nc"), "a b c");
    }

    #[test]
    fn what_is_left_out_is_marked_and_long_words_are_not_compared() {
        assert_eq!(shown(&"x".repeat(60)), format!("\"{}\"", "x".repeat(60)));
        assert_eq!(shown(&"x".repeat(61)), format!("\"{}…\"", "x".repeat(60)));
        let (longest, longer) = ("a".repeat(100), "a".repeat(101));
        assert_eq!(nearest(&longest, [longest.as_str()]), Some(&*longest));
        assert_eq!(nearest(&longer, [longer.as_str()]), None);
        let words: Vec<String> = (10..27).map(|number| format!("w{number}")).collect();
        let listed = |count: usize| remedy("zzz", words.iter().take(count).map(String::as_str));
        assert!(listed(16).ends_with(", w25"), "{}", listed(16));
        assert!(listed(17).ends_with(", w25, …"), "{}", listed(17));
    }
}
