//! The work's title in the texts of a page. A text names the work only if the
//! title stands in it whole: with its numbers, between borders, and not as the
//! thing that another work is about.

use paperfall_adapter::words::roman;

use crate::lexicon::{ABOUT_A_WORK, GENERIC_TITLES, OPENERS, SIGNS};
use crate::words::split_by_script;

/// Shorter titles ("Editorial") are no proof of identity, in bytes.
const MIN_TITLE: usize = 15;
/// Units of the sizes of files.
const SIZES: [&str; 9] = ["kb", "mb", "gb", "kib", "mib", "ko", "mo", "кб", "мб"];
/// What stands before the title of the work that something is about.
const ABOUT: [&str; 24] = [
    "on",
    "of",
    "to",
    "about",
    "regarding",
    "concerning",
    "re",
    "for",
    "from",
    "de",
    "del",
    "du",
    "da",
    "do",
    "sur",
    "sobre",
    "zu",
    "zur",
    "zum",
    "über",
    "von",
    "su",
    "о",
    "к",
];
/// What may follow a title without being a part of it.
const BEHIND: [&str; 3] = ["by", "in", "et"];
/// What stands before the number of a part.
const PARTS: [&str; 9] = [
    "part",
    "parts",
    "teil",
    "partie",
    "parte",
    "часть",
    "第",
    "volume",
    "chapter",
];

/// The title of a work, as it is looked for.
#[derive(Debug)]
pub(crate) struct Title {
    words: Vec<String>,
}

/// What a text says beside a title.
#[derive(Debug)]
pub(crate) struct Beside {
    /// In plain words.
    pub(crate) text: String,
}

impl Title {
    /// The title, if it tells one work from others.
    pub(crate) fn telling(title: &str) -> Option<Self> {
        let words: Vec<String> = words_of(title).into_iter().map(|word| word.plain).collect();
        let is_telling = |word: &String| {
            !word.starts_with(|c: char| c.is_ascii_digit())
                && !GENERIC_TITLES.contains(&word.as_str())
        };
        (title.trim().len() >= MIN_TITLE && words.iter().any(is_telling)).then_some(Self { words })
    }

    /// What a text says beside the title; none where it does not name the work.
    pub(crate) fn beside(&self, text: &str) -> Option<Beside> {
        let words = words_of(text);
        let length = self.words.len();
        (0..words.len().saturating_sub(length.saturating_sub(1))).find_map(|at| {
            let found = words.get(at..at + length)?;
            if !found
                .iter()
                .zip(&self.words)
                .all(|(word, own)| word.plain == *own)
            {
                return None;
            }
            let (before, behind) = (words.get(..at)?, words.get(at + length..)?);
            if is_about(before) || self.goes_on(behind) || self.begins_amid(before) {
                return None;
            }
            let rest: Vec<&str> = before
                .iter()
                .chain(behind)
                .map(|word| word.plain.as_str())
                .collect();
            let is_a_paper = rest.iter().any(|word| matches!(*word, "paper" | "papers"));
            let is_about_ours = rest
                .iter()
                .any(|word| ABOUT_A_WORK.contains(word) && !(is_a_paper && *word == "discussion"));
            (!is_about_ours).then(|| Beside {
                text: rest.join(" "),
            })
        })
    }

    /// Whether a text is the title and nothing else.
    pub(crate) fn is_whole(&self, text: &str) -> bool {
        words_of(text)
            .iter()
            .map(|word| &word.plain)
            .eq(&self.words)
    }

    /// Whether what stands behind the title belongs to a longer one: a number,
    /// the name of a part, or words that go on without a sign.
    fn goes_on(&self, behind: &[Word]) -> bool {
        let Some(next) = behind.first() else {
            return false;
        };
        let word = next.plain.as_str();
        let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
        // `(2019)` tells when a work appeared, unless the title tells years.
        let is_date = next.is_in_brackets
            && word.len() == 4
            && is_number(word)
            && !self.words.iter().any(|word| is_number(word));
        let is_known = SIGNS.contains(&word) || OPENERS.contains(&word) || BEHIND.contains(&word);
        (is_number(word) && !is_date)
            || PARTS.contains(&word)
            || roman(word).is_some()
            || (next.follows && !is_known)
    }

    /// Whether the number the title begins with has begun before: `1,2,4-` for
    /// `2,4-`.
    fn begins_amid(&self, before: &[Word]) -> bool {
        let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
        self.words.first().is_some_and(|first| is_number(first))
            && before.last().is_some_and(|last| is_number(&last.plain))
    }
}

/// Whether a title behind these words is what something is about: `Comment on
/// …`, but not `PDF of …`.
fn is_about(before: &[Word]) -> bool {
    let mut before = before.iter().rev().map(|word| word.plain.as_str());
    let of = |word: &str| ABOUT.contains(&word);
    let article = |word: &str| matches!(word, "the" | "a" | "der" | "la" | "el" | "article");
    match before.find(|word| !article(word)) {
        Some(last) if of(last) => !before
            .find(|word| !article(word))
            .is_some_and(|word| SIGNS.contains(&word) || OPENERS.contains(&word)),
        _ => false,
    }
}

/// A word of a text.
#[derive(Debug)]
struct Word {
    /// In lower case.
    plain: String,
    /// Whether it is written small and parted from the one before by nothing
    /// but a space.
    follows: bool,
    is_in_brackets: bool,
}

/// The words of a text, numbers among them, without sizes.
fn words_of(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut is_parted = true;
    // Where the words of a token that may be a size's number begin.
    let mut number_at: Option<usize> = None;
    for token in text.split_whitespace() {
        let bare = token.trim_matches(|c: char| !c.is_alphanumeric());
        let unit = bare.trim_start_matches(is_of_a_number);
        if SIZES.contains(&unit.to_lowercase().as_str()) {
            // `1.6 MB`; the number of `1.6MB` is in the token.
            if let (Some(at), true) = (number_at, unit.len() == bare.len()) {
                words.truncate(at);
            }
            number_at = None;
            is_parted = true;
            continue;
        }
        number_at = (unit.is_empty() && !bare.is_empty()).then_some(words.len());
        let is_joined = !is_parted && token.starts_with(char::is_alphanumeric);
        let pieces = split_by_script(token).flat_map(split_at_numbers);
        for (at, word) in pieces.enumerate() {
            words.push(Word {
                plain: word.to_lowercase(),
                is_in_brackets: at == 0 && token.starts_with(['(', '[']),
                follows: at == 0 && is_joined && word.starts_with(char::is_lowercase),
            });
        }
        is_parted = !token.ends_with(char::is_alphanumeric);
    }
    words
}

fn is_of_a_number(c: char) -> bool {
    c.is_ascii_digit() || c == '.' || c == ','
}

/// `CO2` is written with an element around its number as well, and then falls
/// into two words.
fn split_at_numbers(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let is_number = rest.chars().next()?.is_ascii_digit();
        let end = rest
            .find(|c: char| c.is_ascii_digit() != is_number)
            .unwrap_or(rest.len());
        let (first, after) = rest.split_at(end);
        rest = after;
        Some(first)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beside(title: &str, text: &str) -> Option<String> {
        Title::telling(title)
            .and_then(|title| title.beside(text))
            .map(|beside| beside.text)
    }

    #[test]
    fn a_title_with_another_number_or_inside_a_word_names_another_work() {
        for (title, text) in [
            (
                "Cancer statistics for Europe, 2019",
                "Cancer statistics for Europe, 2020 (PDF)",
            ),
            (
                "Studies on alpine communities",
                "Studies on alpine communities 2",
            ),
            (
                "Studies on alpine communities I",
                "Studies on alpine communities II",
            ),
            (
                "Studies on alpine communities",
                "Studies on alpine communities, Part II",
            ),
            (
                "Labelling of leaves with 14C",
                "Labelling of leaves with 13C",
            ),
            (
                "2,4-dichlorophenol in alpine plants",
                "3,5-dichlorophenol in alpine plants",
            ),
            (
                "2,4-dichlorophenol in alpine plants",
                "1,2,4-dichlorophenol in alpine plants",
            ),
            ("高山植物群落の研究(第1報)", "高山植物群落の研究(第2報)"),
            ("高山植物群落の研究", "高山植物群落の研究 第2報"),
            ("The theory of evolution", "The theory of evolution, 2019"),
            ("Statistics 2 for Europe", "Statistics 2 for Europe (2020)"),
            ("linear dynamics of plants", "Nonlinear dynamics of plants"),
            (
                "The theory of evolution",
                "The theory of evolution and its critics",
            ),
        ] {
            assert_eq!(beside(title, text), None, "{text}");
        }
    }

    #[test]
    fn what_a_work_is_the_subject_of_is_not_the_work() {
        for text in [
            "On The theory of evolution",
            "Comment on: The theory of evolution",
            "Commentary on \"The theory of evolution\"",
            "Discussion of: The theory of evolution",
            "The theory of evolution: a reappraisal",
            "Introduction to the theory of evolution",
            "Pressemitteilung: The theory of evolution",
        ] {
            assert_eq!(beside("The theory of evolution", text), None, "{text}");
        }
    }

    #[test]
    fn sizes_and_words_for_a_full_text_may_stand_beside_a_title() {
        for (text, rest) in [
            ("The theory of evolution", ""),
            ("the theory of evolution (1.6 MB)", ""),
            ("The theory of evolution 830 KB", ""),
            ("The theory of evolution (PDF, 1.6MB)", "pdf"),
            ("Download PDF of The theory of evolution", "download pdf of"),
            ("The theory of evolution download", "download"),
            (
                "Texto completo de The Theory of Evolution",
                "texto completo de",
            ),
            ("3. The theory of evolution", "3"),
            ("The theory of evolution (2019)", "2019"),
            (
                "Smith, J.: The theory of evolution. J. Plants",
                "smith j j plants",
            ),
            (
                "The theory of evolution, Discussion Paper",
                "discussion paper",
            ),
            ("The theory of evolution - Appendix", "appendix"),
        ] {
            assert_eq!(
                beside("The theory of evolution", text).as_deref(),
                Some(rest),
                "{text}"
            );
        }
        assert!(
            beside(
                "Uptake of CO2 by leaves, 2019",
                "Uptake of CO 2 by leaves 2019 PDF"
            )
            .is_some()
        );
    }

    #[test]
    fn titles_that_many_works_have_prove_nothing() {
        for title in [
            "Editorial",
            "Letter to the editor",
            "Editorial introduction",
            "Book reviews and notices",
            "Conference report 2019",
        ] {
            assert!(Title::telling(title).is_none(), "{title}");
        }
        assert!(Title::telling("Cancer statistics, 2019").is_some());
    }
}
