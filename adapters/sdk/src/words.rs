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
/// letters nor digits.
pub fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
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
    (is_whole && rest.bytes().all(|byte| byte.is_ascii_digit()))
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
    fn a_number_has_at_most_three_digits() {
        assert!(is_numbered("fig12", "fig"));
        assert!(!is_numbered("fig", "fig"));
        assert!(!is_numbered("fig1234", "fig"));
        assert!(!is_numbered("fig1a", "fig"));
    }
}
