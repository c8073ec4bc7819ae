//! What the name of a file says about it: written in one word or several, and
//! beside the names of the files it comes with.

use std::collections::{BTreeMap, BTreeSet};

use paperfall_adapter::urls;
use paperfall_adapter::words::{is_numbered, is_supplementary, pieces, roman, split};

use crate::lexicon::{
    OTHER_NAME_NUMBERED, OTHER_NAME_PAIRS, OTHER_NAME_WORDS, OTHER_PAIRS, OTHER_PATH_WORDS,
    OTHER_WHOLE_NAMES, PARTS, REVIEWS,
};
use crate::subject::Subject;

/// Shorter pieces of a name written in one word occur by chance.
const MIN_PIECE: usize = 4;
/// Digits of the number of a chapter or volume at most.
const MAX_PART_DIGITS: usize = 2;

/// What stands before the number or the letter of a part or a volume.
const COUNTED: [&str; 9] = [
    "part", "parte", "partie", "teil", "band", "bd", "tome", "vol", "volume",
];

/// The last segment of an address's path as it is written, decoded.
pub(crate) fn file_name(url: &str) -> String {
    let address = urls::sameness(url);
    let path = address.split('?').next().unwrap_or_default();
    let name = path.split_once('/').map_or("", |(_, path)| path);
    urls::decode(name.rsplit('/').next().unwrap_or_default())
}

/// Whether a file is called something other than the article, be it in one
/// word (`PublisherPermission.pdf`) or in several.
pub(crate) fn is_another_name(name: &str, subject: &Subject) -> bool {
    let stem = match name.rsplit_once('.') {
        Some((stem, ending)) if (2..=4).contains(&ending.len()) => stem,
        _ => name,
    };
    let whole = stem.to_lowercase();
    let foreign = |word: &str| !subject.is_a(word);
    let is_other = |word: &str| {
        foreign(word)
            && (OTHER_NAME_WORDS.contains(&word)
                || OTHER_PATH_WORDS.contains(&word)
                || is_supplementary(word)
                || OTHER_NAME_NUMBERED
                    .iter()
                    .any(|stem| is_numbered(word, stem)))
    };
    let words: Vec<&str> = split(&whole).collect();
    let by_word = words.iter().any(|word| is_other(word));
    let by_piece = pieces(stem)
        .map(str::to_lowercase)
        .any(|piece| piece.chars().count() >= MIN_PIECE && is_other(&piece));
    let by_pair = words.windows(2).any(|pair| match pair {
        [first, second] => {
            foreign(first)
                && (OTHER_NAME_PAIRS.contains(&(*first, *second))
                    || (PARTS.contains(first)
                        && second.len() <= 3
                        && second.bytes().all(|byte| byte.is_ascii_digit())))
        }
        _ => false,
    });
    let letters: Vec<String> = pieces(stem)
        .filter(|piece| !piece.starts_with(|c: char| c.is_ascii_digit()))
        .map(str::to_lowercase)
        .collect();
    let by_pieces = letters.windows(2).any(|pair| match pair {
        [first, second] => {
            let pair = (first.as_str(), second.as_str());
            (OTHER_NAME_PAIRS.contains(&pair) || OTHER_PAIRS.contains(&pair)) && foreign(first)
        }
        _ => false,
    });
    // `acp-2019-1-RC1`, a comment on a discussion paper.
    let by_end = match words.as_slice() {
        [_, _, .., last] => REVIEWS.iter().any(|stem| is_numbered(last, stem)) && foreign(last),
        _ => false,
    };
    let by_whole = match letters.as_slice() {
        [only] => OTHER_WHOLE_NAMES.contains(&only.as_str()) && foreign(only),
        _ => false,
    };
    let by_last = match letters.as_slice() {
        [_, .., last] => matches!(last.as_str(), "si" | "esi" | "som") && foreign(last),
        _ => false,
    };
    by_word || by_piece || by_pair || by_pieces || by_end || by_whole || by_last
}

/// Leaves out the files whose names differ by a small number only: chapters,
/// parts and volumes, none of which is the work. The numbers of versions are
/// not theirs.
pub(crate) fn leave_out_parts<T>(named: &mut Vec<T>, url: impl Fn(&T) -> &str) {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for url in named.iter().map(&url) {
        if let Some(name) = numberless(url) {
            names.entry(name).or_default().insert(file_name(url));
        }
    }
    // The same name in two places is one file in two languages or versions.
    named.retain(|named| {
        numberless(url(named)).is_none_or(|name| names.get(&name).is_none_or(|all| all.len() < 2))
    });
}

/// A file's name with `#` for its small number, if it has words and one.
fn numberless(url: &str) -> Option<String> {
    let name = file_name(url).to_lowercase();
    let stem = name.strip_suffix(".pdf")?;
    let parts: Vec<&str> = pieces(stem).collect();
    let is_number = |part: &&str| {
        part.len() <= MAX_PART_DIGITS && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_version = parts
        .windows(2)
        .any(|pair| matches!(pair, ["v" | "version" | "rev", number] if is_number(number)));
    // `Part_I`, `Vol_B`.
    let is_counted = |at: usize, part: &str| {
        let before = at.checked_sub(1).and_then(|before| parts.get(before));
        before.is_some_and(|before| COUNTED.contains(before) || PARTS.contains(before))
            && (roman(part).is_some() || part.chars().count() == 1)
    };
    let numbers: Vec<bool> = parts
        .iter()
        .enumerate()
        .map(|(at, part)| is_number(part) || is_counted(at, part))
        .collect();
    let has_word = parts
        .iter()
        .any(|part| part.starts_with(|c: char| c.is_alphabetic()));
    if is_version || !has_word || !numbers.contains(&true) {
        return None;
    }
    let masked: Vec<&str> = parts
        .iter()
        .zip(&numbers)
        .map(|(part, is_number)| if *is_number { "#" } else { *part })
        .collect();
    Some(masked.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use paperfall_adapter::{Page, testing};

    #[test]
    fn names_in_one_word_are_cut_and_companions_known_by_the_pieces() {
        let page = Page::parse(
            "<title>Vitamin D supplement use</title>",
            "https://a.example/article/7",
        );
        let subject = Subject::new(&page, &testing::work(&[]));
        for name in [
            "198765Suppl.pdf",
            "smith2020suppl.pdf",
            "smith2020SI.pdf",
            "ESI.pdf",
            "SuppTables.pdf",
            "DataS1.pdf",
            "AppendixS1.pdf",
            "smith_SOM.pdf",
            "eTable1.pdf",
            "eMethods.pdf",
            "Sup_Mat.pdf",
            "AdditionalFile1.pdf",
            "smith-sm1.pdf",
            "annexe1.pdf",
            "coversheet.pdf",
            "Deposit_agreement.pdf",
            "signature_page.pdf",
            "PublisherPermission.pdf",
            "Carta_autorizacion.pdf",
            "presentation.pdf",
            "press_release.pdf",
            "ReviewHistory.pdf",
        ] {
            assert!(is_another_name(name, &subject), "{name}");
        }
        for name in [
            "Smith2020.pdf",
            "Smith_in_press_2020.pdf",
            "PsychReview2020.pdf",
            "final_draft.pdf",
            "c9sc01234a.pdf",
            "1-s2.0-S0960982220300178-main.pdf",
            "elife-12345-v2.pdf",
            "13_Chapman.pdf",
        ] {
            assert!(!is_another_name(name, &subject), "{name}");
        }
    }

    #[test]
    fn files_that_differ_by_a_small_number_only_are_parts() {
        let left = |names: &[&str]| {
            let mut urls: Vec<String> = names
                .iter()
                .map(|name| format!("https://a.example/4711/{name}"))
                .collect();
            leave_out_parts(&mut urls, String::as_str);
            urls.len()
        };
        assert_eq!(left(&["thesis1.pdf", "thesis2.pdf", "thesis3.pdf"]), 0);
        assert_eq!(left(&["1/Smith_vol1.pdf", "2/Smith_vol2.pdf"]), 0);
        assert_eq!(left(&["Smith_Vol_I.pdf", "Smith_Vol_II.pdf"]), 0);
        assert_eq!(left(&["Smith_Part_A.pdf", "Smith_Part_B.pdf"]), 0);
        assert_eq!(left(&["Smith2020.pdf", "s1.pdf", "s2.pdf"]), 1);
        for names in [
            ["12/1", "12/2"],
            ["es/art04.pdf", "en/art04.pdf"],
            ["art04.pdf?lang=es", "art04.pdf?lang=en"],
            ["es_28551.pdf", "en_28551.pdf"],
            ["28551.pdf", "28552.pdf"],
            ["e12345.pdf", "e12346.pdf"],
            ["paper_v1.pdf", "paper_v2.pdf"],
            ["paper.pdf", "paper1.pdf"],
            ["Smith_A.pdf", "Smith_I.pdf"],
        ] {
            assert_eq!(left(&names), 2, "{names:?}");
        }
    }
}
