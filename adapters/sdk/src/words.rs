//! Words of addresses, texts and names, and those of them that mean a
//! supplement in whatever language. Everything is compared word by word:
//! "discovery" is no "cover".

/// How supplements begin to be called that are not called supplement.
const SUPPLEMENTS: &[&str] = &[
    "suppmat",
    "suppinfo",
    "suppdata",
    "suppfile",
    "supmat",
    "supinfo",
    "supdata",
    "moesm",
    "zusatzmaterial",
    "ergänzend",
];
/// What ends what `suppl` begins in the name of a supplement.
const NOUNS: &[&str] = &["em", "info", "file", "mat", "data", "doc", "text"];
/// What ends it where people take supplements, in several languages.
const VERBS: &[&str] = &[
    "ementat", "ementac", "ementaç", "ementad", "ementing", "emented", "ementier",
];
/// The same in scripts that do not part words.
const SUPPLEMENTS_INSIDE: &[&str] = &["補足", "補充", "补充材料", "附录", "付録"];

/// The words of a text: what stands between characters that are neither
/// letters nor digits nor marks on them.
pub fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !is_mark(c))
        .map(|word| word.trim_start_matches(is_mark))
        .filter(|word| !word.is_empty())
}

/// Whether a character stands on or below the letter before it: an accent
/// written apart, a tone of Thai, what takes the vowel from a letter of India.
fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36F}' | '\u{483}'..='\u{487}' | '\u{591}'..='\u{5BD}' | '\u{64B}'..='\u{65F}'
        | '\u{93C}' | '\u{94D}' | '\u{9BC}' | '\u{9CD}' | '\u{A3C}' | '\u{A4D}' | '\u{ABC}' | '\u{ACD}'
        | '\u{B3C}' | '\u{B4D}' | '\u{BCD}' | '\u{C4D}' | '\u{CBC}' | '\u{CCD}' | '\u{D4D}'
        | '\u{E47}'..='\u{E4E}')
}

/// The pieces of a name that is written in one word, as they stand: cut between
/// letters and digits, and where a capital begins a word. `Smith2020SuppData`
/// is `Smith`, `2020`, `Supp`, `Data`.
pub fn pieces(text: &str) -> impl Iterator<Item = &str> {
    split(text).flat_map(|word| {
        let mut rest = word;
        std::iter::from_fn(move || {
            let end = end_of_piece(rest)?;
            let (first, after) = rest.split_at(end);
            rest = after;
            Some(first)
        })
    })
}

/// Where the first piece of a word ends, if there is any.
fn end_of_piece(word: &str) -> Option<usize> {
    let mut characters = word.char_indices().peekable();
    let (_, mut before) = characters.next()?;
    let mut capitals = usize::from(before.is_uppercase());
    while let Some((at, c)) = characters.next() {
        let is_border = before.is_ascii_digit() != c.is_ascii_digit()
            || (before.is_lowercase() && c.is_uppercase())
            // `SIFile`: the last of several capitals begins the next word.
            || (capitals > 0
                && c.is_uppercase()
                && characters.peek().is_some_and(|(_, next)| next.is_lowercase()));
        if is_border {
            return Some(at);
        }
        capitals = if c.is_uppercase() { capitals + 1 } else { 0 };
        before = c;
    }
    Some(word.len())
}

/// Whether a lower-case word means a supplement: `suppl`, `supplementary`,
/// `suppl1`, `moesm2`; but not the nutritionists' `supplementation`.
#[must_use]
pub fn is_supplementary(word: &str) -> bool {
    if SUPPLEMENTS.iter().any(|start| word.starts_with(start))
        || SUPPLEMENTS_INSIDE.iter().any(|part| word.contains(part))
        || is_numbered(word, "mmc")
    {
        return true;
    }
    let word = word.replace('é', "e");
    // Also `electronicsupplementarymaterial` and `downloadsupplement`.
    let Some((_, rest)) = word.split_once("suppl") else {
        // The Spanish and the Portuguese write one p.
        return word
            .strip_prefix("supl")
            .is_some_and(|rest| rest.starts_with("ement") && !is_a_verb(rest));
    };
    let is_whole = word.starts_with("suppl");
    // `suppl2` and, whatever stands before it, `websuppl`.
    rest.is_empty()
        || (is_whole && rest.bytes().all(|byte| byte.is_ascii_digit()))
        || (NOUNS
            .iter()
            .any(|end| rest.starts_with(end) && (is_whole || rest.starts_with("ement")))
            && !is_a_verb(rest))
}

fn is_a_verb(rest: &str) -> bool {
    VERBS.iter().any(|end| rest.starts_with(end))
}

/// Whether a word is a stem and a number of at most three digits: `fig12` for
/// the stem `fig`.
#[must_use]
pub fn is_numbered(word: &str, stem: &str) -> bool {
    word.strip_prefix(stem).is_some_and(|number| {
        (1..=3).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// The value of a lower-case Roman numeral below forty: there are no more parts
/// of a series.
#[must_use]
pub fn roman(word: &str) -> Option<u32> {
    let tens = word.len() - word.trim_start_matches('x').len();
    let ones = match word.get(tens..)? {
        "" => 0,
        "i" => 1,
        "ii" => 2,
        "iii" => 3,
        "iv" => 4,
        "v" => 5,
        "vi" => 6,
        "vii" => 7,
        "viii" => 8,
        "ix" => 9,
        _ => return None,
    };
    let tens = u32::try_from(tens).ok().filter(|tens| *tens <= 3)?;
    Some(10 * tens + ones).filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_supplement_is_told_from_supplementation() {
        for word in [
            "suppl",
            "supplement",
            "supplementary",
            "supplemental",
            "suppl2",
            "websuppl",
            "moesm1",
            "mmc1",
            "suppdata",
            "suppinfo",
            "suppmat",
            "supmat",
            "supplementarymaterials",
            "electronicsupplementarymaterial",
            "suplementario",
            "suplementares",
            "supplémentaire",
            "supplementare",
            "zusatzmaterialien",
            "補足資料",
        ] {
            assert!(is_supplementary(word), "{word}");
        }
        for word in [
            "supplementation",
            "supplementing",
            "supplemented",
            "supplémentation",
            "suplementación",
            "suplementação",
            "suplementados",
            "supplementierung",
            "supply",
            "suppliers",
            "resupply",
            "supported",
            "suppression",
            "mmc",
        ] {
            assert!(!is_supplementary(word), "{word}");
        }
    }

    #[test]
    fn a_name_in_one_word_is_cut_at_digits_and_capitals() {
        for (name, cut) in [
            ("198765Suppl", vec!["198765", "Suppl"]),
            ("smith2020suppl", vec!["smith", "2020", "suppl"]),
            ("SuppTables", vec!["Supp", "Tables"]),
            ("SIFile", vec!["SI", "File"]),
            ("smith2020SI", vec!["smith", "2020", "SI"]),
            ("eTable1", vec!["e", "Table", "1"]),
            ("McDonald_ESI", vec!["Mc", "Donald", "ESI"]),
            ("Über", vec!["Über"]),
            ("", vec![]),
        ] {
            assert_eq!(pieces(name).collect::<Vec<_>>(), cut, "{name}");
        }
    }

    #[test]
    fn marks_belong_to_the_letters_they_stand_on() {
        for (text, words) in [
            (
                "te\u{301}le\u{301}charger le",
                vec!["te\u{301}le\u{301}charger", "le"],
            ),
            ("डाउनलोड करें", vec!["डाउनलोड", "करें"]),
            ("हिन्दी", vec!["हिन्दी"]),
            ("ดาวน์โหลด", vec!["ดาวน์โหลด"]),
            (" \u{301} l \u{301}article", vec!["l", "article"]),
        ] {
            assert_eq!(split(text).collect::<Vec<_>>(), words, "{text}");
        }
    }

    #[test]
    fn a_number_has_at_most_three_digits() {
        assert!(is_numbered("fig12", "fig"));
        assert!(!is_numbered("fig", "fig"));
        assert!(!is_numbered("fig1234", "fig"));
        assert!(!is_numbered("fig1a", "fig"));
    }

    #[test]
    fn roman_numerals_below_forty_are_known() {
        for (word, number) in [
            ("i", Some(1)),
            ("iv", Some(4)),
            ("ix", Some(9)),
            ("xiv", Some(14)),
            ("xxxix", Some(39)),
            ("", None),
            ("mix", None),
            ("xxxx", None),
        ] {
            assert_eq!(roman(word), number, "{word}");
        }
    }
}
