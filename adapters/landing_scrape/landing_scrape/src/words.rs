//! The words by which a link says what it is. Everything is compared word by
//! word: "discovery" is no "cover", and a journal on policy is no policy page.
//! The lists themselves stand in [`crate::lexicon`].

use paperfall_adapter::words::is_supplementary;
pub(crate) use paperfall_adapter::words::split;
use paperfall_adapter::{Element, is_pair_of_supplements};

use crate::lexicon::{
    FULL_TEXTS, LANGUAGES, MARGINS, OTHER_PAIRS, OTHER_PLACES, OTHER_SECTIONS, OTHER_WORDS,
};

/// All a link is called: its text, its labels, the pictures inside.
pub(crate) fn of_link(link: &Element<'_>) -> Vec<String> {
    let image = link.elements(&["img", "svg"]).next();
    let of_image = |name| image.and_then(|image| image.attr(name));
    [
        Some(link.text()),
        link.attr("aria-label").map(str::to_owned),
        link.attr("title").map(str::to_owned),
        of_image("alt").map(str::to_owned),
        of_image("title").map(str::to_owned),
    ]
    .into_iter()
    .flatten()
    .map(|text| plain(&text))
    .filter(|text| !text.is_empty())
    .collect()
}

/// Words in lower case with one space between, sizes and punctuation left out:
/// `PDF (1.6 MB)` is `pdf`.
pub(crate) fn plain(text: &str) -> String {
    split(text)
        .map(str::to_lowercase)
        .filter(|word| {
            !word.starts_with(|c: char| c.is_ascii_digit())
                && !matches!(word.as_str(), "kb" | "mb" | "kib" | "mib" | "bytes")
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether a plain text means the full text, in whatever language it is.
pub(crate) fn are_full_texts(text: &str) -> bool {
    if FULL_TEXTS.contains(&text) {
        return true;
    }
    let without: Vec<&str> = text
        .split(' ')
        .filter(|word| !LANGUAGES.contains(word))
        .collect();
    FULL_TEXTS.contains(&without.join(" ").as_str())
}

/// Whether a plain text names a language.
pub(crate) fn name_a_language(text: &str) -> bool {
    text.split(' ').any(|word| LANGUAGES.contains(&word))
}

/// Whether a plain text names something other than the article.
pub(crate) fn are_another_things(text: &str) -> bool {
    let words: Vec<&str> = split(text).collect();
    words
        .iter()
        .any(|word| OTHER_WORDS.contains(word) || is_supplementary(word))
        || words.windows(2).any(|pair| match pair {
            [first, second] => {
                is_pair_of_supplements(first, second) || OTHER_PAIRS.contains(&(*first, *second))
            }
            _ => false,
        })
}

/// Whether a class or id says that its links are other people's.
pub(crate) fn are_another_place(class: &str) -> bool {
    any_word_of(class, OTHER_PLACES)
}

/// Whether a class or id says that its links stand beside the article.
pub(crate) fn are_a_margin(class: &str) -> bool {
    any_word_of(class, MARGINS)
}

/// A class such as `has-references` says what a place has, not what it is.
fn any_word_of(class: &str, words: &[&str]) -> bool {
    class
        .to_lowercase()
        .split_ascii_whitespace()
        .filter(|name| !matches!(split(name).next(), Some("has" | "no" | "with" | "without")))
        .any(|name| split(name).any(|word| words.contains(&word)))
}

/// Words of a section's heading; what is longer is a paper's title.
pub(crate) const MAX_HEADING_WORDS: usize = 5;

/// Whether a heading says that what follows is not the article.
pub(crate) fn head_another_section(heading: &str) -> bool {
    let heading = plain(heading);
    heading.split(' ').count() <= MAX_HEADING_WORDS
        && OTHER_SECTIONS.iter().any(|start| {
            heading
                .strip_prefix(start)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_punctuation_and_languages_do_not_change_what_a_link_says() {
        for text in [
            "PDF (1.622 MB)",
            "[PDF]",
            " pdf ",
            "PDF, 1,2 MB",
            "PDF (731.8 KB)",
            "Full-Text (PDF)",
            "PDF (Português (Brasil))",
            "PDF – English",
        ] {
            assert!(are_full_texts(&plain(text)), "{text}");
        }
        assert!(!are_full_texts(&plain("PDF of the programme")));
    }

    #[test]
    fn words_count_whole() {
        assert!(are_another_things("cover page pdf"));
        assert!(!are_another_things("the discovery of formation"));
        assert!(are_another_place("c-article-references__list"));
        assert!(!are_another_place("correlated preference"));
        assert!(!are_another_place("article has-references"));
    }

    #[test]
    fn headings_of_other_peoples_sections_are_known() {
        for heading in [
            "References",
            "References (42)",
            "Supplementary material",
            "Related articles",
            "Cited by",
        ] {
            assert!(head_another_section(heading), "{heading}");
        }
        for heading in [
            "Abstract",
            "Referencesystems of today",
            "Download",
            "Related party transactions and the value of firms",
        ] {
            assert!(!head_another_section(heading), "{heading}");
        }
    }
}
