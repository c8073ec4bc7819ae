//! Whether two titles may be one work's. Spellings, subtitles and a preprint's
//! wording differ; a year, the number of a part, or being the data, the
//! correction or the review of a work make it another.

use std::collections::BTreeSet;

use crate::language;
use crate::words::{is_numbered, is_supplementary, roman, split};

/// Words of titles that are kept; no title has so many.
const MAX_WORDS: usize = 300;
/// Shorter titles are the beginnings of too many others, in words.
const MIN_WORDS: usize = 4;
/// What stands before the number of a part.
const PARTS: [&str; 11] = [
    "part",
    "parts",
    "teil",
    "partie",
    "parte",
    "часть",
    "tome",
    "vol",
    "volume",
    "chapter",
    "band",
];
/// How the titles of what comes with a work or follows it begin.
const COMPANIONS: [&str; 37] = [
    "data from",
    "data for",
    "dataset for",
    "dataset from",
    "data set for",
    "replication data",
    "research data",
    "raw data",
    "source data",
    "additional file",
    "additional files",
    "supporting information",
    "supporting material",
    "supporting data",
    "appendix",
    "code for",
    "software for",
    "slides for",
    "review for",
    "peer review",
    "reviewer report",
    "decision letter",
    "correction",
    "corrections to",
    "corrigendum",
    "erratum",
    "errata",
    "addendum",
    "retraction",
    "expression of concern",
    "reply",
    "response to",
    "author response",
    "authors response",
    "comment on",
    "comments on",
    "commentary on",
];
/// What is deposited one by one under the title of its work, with a number.
const NUMBERED: [&str; 6] = ["figure", "fig", "table", "video", "movie", "file"];
/// What ends the title of supplementary things.
const SUPPLEMENTARY_NOUNS: [&str; 6] = [
    "material",
    "materials",
    "data",
    "information",
    "file",
    "files",
];

/// Whose page a title is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum House {
    /// That of the publisher who gave the work its DOI: he knows its title.
    Same,
    /// Anybody's, who may have translated or reworded it.
    Other,
}

/// Whether a title on a page whose DOI is not ours may still be ours.
pub(crate) fn may_be_one_works(ours: &str, other: &str, house: House) -> bool {
    if is_a_companions(ours) != is_a_companions(other)
        || Numbers::of(ours).contradict(&Numbers::of(other))
    {
        return false;
    }
    are_alike(ours, other, house)
        || (house == House::Other && language::are_of_different_languages(ours, other))
}

/// Whether enough of the shorter title's words are the longer one's: half of
/// them, or two of three where the same house has both. A title of few words
/// has to be the other's beginning.
fn are_alike(one: &str, other: &str, house: House) -> bool {
    let (one_set, other_set): (BTreeSet<String>, BTreeSet<String>) =
        (words_of(one).collect(), words_of(other).collect());
    let shorter = one_set.len().min(other_set.len());
    let longer = one_set.len().max(other_set.len());
    let common = one_set.intersection(&other_set).count();
    let is_enough = match house {
        House::Same => 3 * common >= 2 * shorter,
        House::Other => 2 * common >= shorter,
    };
    is_enough && (shorter >= MIN_WORDS || 2 * common >= longer || begins_with(one, other))
}

/// Whether one of two titles begins with all the words of the other.
fn begins_with(one: &str, other: &str) -> bool {
    words_of(one)
        .zip(words_of(other))
        .all(|(one, other)| one == other)
}

fn is_a_companions(title: &str) -> bool {
    let words: Vec<String> = words_of(title).collect();
    let plain = words.join(" ");
    let begins = COMPANIONS.iter().any(|start| {
        plain
            .strip_prefix(start)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    });
    let first = words.first().is_some_and(|word| is_supplementary(word));
    let numbered = words.first().is_some_and(|first| {
        let is_number = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit());
        NUMBERED.iter().any(|stem| {
            is_numbered(first, stem) || (first == stem && words.get(1).is_some_and(is_number))
        })
    });
    let last = matches!(
        words.as_slice(),
        [.., kind, noun] if is_supplementary(kind) && SUPPLEMENTARY_NOUNS.contains(&noun.as_str())
    );
    begins || first || numbered || last
}

/// The numbers of a title.
#[derive(Debug, Default)]
struct Numbers {
    all: BTreeSet<u32>,
    /// Those that count the parts of a series.
    of_parts: BTreeSet<u32>,
    /// All digits one after the other: `1,000` and `1000` are one number.
    digits: String,
}

impl Numbers {
    fn of(title: &str) -> Self {
        let mut numbers = Self::default();
        let mut before = String::new();
        for word in words_of(title) {
            let is_part = PARTS.contains(&before.as_str());
            let digits: String = word.chars().take_while(char::is_ascii_digit).collect();
            let number = match digits.parse::<u32>() {
                Ok(number) => Some(number),
                // One letter is more often a letter.
                Err(_) if word.len() > 1 || is_part => roman(&word),
                Err(_) => None,
            };
            if let Some(number) = number {
                numbers.all.insert(number);
                if is_part || digits.is_empty() {
                    numbers.of_parts.insert(number);
                }
            }
            numbers.digits.push_str(&digits);
            before = word;
        }
        numbers
    }

    /// Whether two titles with these numbers are two works': 2019 and 2020, or
    /// a part and the whole.
    fn contradict(&self, other: &Self) -> bool {
        let lacks_a_part = |one: &Self, other: &Self| !one.of_parts.is_subset(&other.all);
        lacks_a_part(self, other)
            || lacks_a_part(other, self)
            || (self.digits != other.digits
                && !self.all.is_subset(&other.all)
                && !other.all.is_subset(&self.all))
    }
}

/// The words of a title in lower case.
pub(crate) fn words_of(title: &str) -> impl Iterator<Item = String> {
    let words: Vec<String> = split(&title.to_lowercase())
        .take(MAX_WORDS)
        .map(str::to_owned)
        .collect();
    words.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_year_part_or_number_is_another_work() {
        for (ours, other) in [
            ("Cancer statistics, 2019", "Cancer statistics, 2020"),
            ("Alpine plants I: leaves", "Alpine plants II: soils"),
            ("Studies of alpine plants", "Studies of alpine plants III"),
            (
                "Studies of alpine plants, part 1",
                "Studies of alpine plants, part 2",
            ),
            (
                "Labelling of leaves with 13C",
                "Labelling of leaves with 14C",
            ),
        ] {
            assert!(!may_be_one_works(ours, other, House::Other), "{other}");
        }
        for (ours, other) in [
            ("Cancer statistics, 2019", "CANCER STATISTICS 2019"),
            ("Plants after World War II", "Plants after World War 2"),
            (
                "A survey of 1,000 alpine plants",
                "Survey of 1000 alpine plants",
            ),
            (
                "On the nesting of penguins",
                "On the nesting of penguins (2019)",
            ),
            (
                "On the nesting of penguins",
                "On the nesting of penguins: a review",
            ),
        ] {
            assert!(may_be_one_works(ours, other, House::Other), "{other}");
        }
    }

    #[test]
    fn what_comes_with_a_work_or_follows_it_is_another_though_it_has_its_title() {
        let ours = "On the nesting of penguins";
        for other in [
            "Data from: On the nesting of penguins",
            "Supplementary material from \"On the nesting of penguins\"",
            "Additional file 3 of On the nesting of penguins",
            "Table 2 from On the nesting of penguins",
            "Review for \"On the nesting of penguins\"",
            "Correction to: On the nesting of penguins",
            "On the nesting of penguins: supplementary data",
        ] {
            assert!(!may_be_one_works(ours, other, House::Other), "{other}");
            assert!(!may_be_one_works(other, ours, House::Other), "{other}");
            assert!(may_be_one_works(other, other, House::Other), "{other}");
        }
    }

    #[test]
    fn the_same_house_writes_the_same_title() {
        let ours = "Deep sequencing of alpine plant communities under drought";
        let near = "Deep learning of alpine plant distributions under warming";
        assert!(may_be_one_works(ours, near, House::Other));
        assert!(!may_be_one_works(ours, near, House::Same));
        assert!(may_be_one_works(ours, &ours.to_uppercase(), House::Same));
        assert!(!may_be_one_works(
            ours,
            "Alpine plant communities",
            House::Other
        ));
        assert!(may_be_one_works(ours, "Deep sequencing of", House::Other));
    }
}
