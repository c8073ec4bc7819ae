//! Whether two titles are of different languages: then that they share no words
//! says nothing. No more than that is guessed, and only from plain signs: the
//! script, or the small words that one language has and the other has not.

use std::collections::BTreeSet;

use crate::words::split;

/// Small words of each language that are not another's of these.
const SMALL_WORDS: [&[&str]; 7] = [
    &[
        "the", "of", "and", "on", "for", "with", "to", "from", "by", "an", "its", "between",
        "during", "after", "using", "is", "are",
    ],
    &[
        "el", "los", "las", "del", "y", "con", "una", "sobre", "su", "sus", "entre", "desde",
        "según", "durante", "hacia",
    ],
    &[
        "os", "do", "da", "dos", "das", "ao", "à", "às", "e", "uma", "na", "no", "nas", "nos",
        "pela", "pelo",
    ],
    &[
        "le", "les", "des", "du", "et", "dans", "sur", "pour", "avec", "une", "chez", "aux",
        "leur", "leurs",
    ],
    &[
        "der", "die", "das", "und", "von", "im", "für", "mit", "zur", "zum", "eine", "ein", "auf",
        "bei", "über", "dem", "den",
    ],
    &[
        "il", "gli", "della", "delle", "dei", "degli", "nel", "nella", "nelle", "per", "dell",
        "di", "uno", "tra",
    ],
    &[
        "het", "een", "van", "voor", "met", "naar", "bij", "tussen", "onder", "tijdens",
    ],
];
/// Small words of its language that a title has to have; one is enough where
/// the letters agree: English has no accents, the others do.
const ENOUGH: usize = 2;
const ENGLISH: usize = 0;

/// Whether two titles are plainly of different languages.
pub(crate) fn are_of_different_languages(one: &str, other: &str) -> bool {
    match (script_of(one), script_of(other)) {
        (Some(one), Some(other)) if one != other => return true,
        (Some(Script::Latin), Some(Script::Latin)) => {}
        _ => return false,
    }
    match (language_of(one), language_of(other)) {
        (Some(one), Some(other)) => one != other,
        _ => false,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Hebrew,
    Arabic,
    EastAsian,
}

fn script(c: char) -> Option<Script> {
    Some(match c {
        'a'..='z' | 'A'..='Z' | '\u{C0}'..='\u{24F}' => Script::Latin,
        '\u{370}'..='\u{3FF}' => Script::Greek,
        '\u{400}'..='\u{52F}' => Script::Cyrillic,
        '\u{590}'..='\u{5FF}' => Script::Hebrew,
        '\u{600}'..='\u{6FF}' => Script::Arabic,
        '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' => {
            Script::EastAsian
        }
        _ => return None,
    })
}

/// The script of most of a text's letters.
fn script_of(text: &str) -> Option<Script> {
    let mut counts = std::collections::BTreeMap::new();
    for script in text.chars().filter_map(script) {
        *counts.entry(script).or_insert(0_usize) += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map(|(script, _)| script)
}

/// The language most of whose small words a text has, if it is plain.
fn language_of(text: &str) -> Option<usize> {
    let text = text.to_lowercase();
    let words: BTreeSet<&str> = split(&text).collect();
    let mut counts: Vec<(usize, usize)> = SMALL_WORDS
        .iter()
        .map(|small| small.iter().filter(|word| words.contains(*word)).count())
        .enumerate()
        .map(|(language, count)| (count, language))
        .collect();
    counts.sort_unstable();
    let has_accents = text.contains(|c: char| matches!(c, '\u{DF}'..='\u{17F}'));
    match counts.as_slice() {
        [.., (second, _), (first, language)]
            if first > second && (*first >= ENOUGH || (*language == ENGLISH) != has_accents) =>
        {
            Some(*language)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_apart_only_where_it_is_plain() {
        for (one, other, is) in [
            (
                "On the habits of the penguins",
                "Sobre los hábitos y las costumbres del pingüino",
                true,
            ),
            ("On the habits of the penguins", "Привычки пингвинов", true),
            (
                "Die Gewohnheiten der Pinguine",
                "Les habitudes des manchots et leurs nids",
                true,
            ),
            (
                "Sequencing of alpine plants",
                "Séquençage des végétaux alpins",
                true,
            ),
            ("Alpine meadows", "Pinguinos menores", false),
            (
                "On the habits of the penguins",
                "On the seals of the north",
                false,
            ),
            (
                "On the habits of the penguins",
                "Hábitos alimentares",
                false,
            ),
            ("2020", "On the habits of the penguins", false),
        ] {
            assert_eq!(
                are_of_different_languages(one, other),
                is,
                "{one} / {other}"
            );
        }
    }
}
