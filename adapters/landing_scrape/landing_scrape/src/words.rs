//! The words by which a link says what it is, and the places that say whose.
//!
//! Everything is compared word by word: "discovery" is no "cover", and a
//! journal on policy is no policy page.

use paperfall_adapter::{Element, urls};

/// Link texts that mean the full text, as [`plain`] writes them.
const FULL_TEXTS: &[&str] = &[
    "pdf",
    "download pdf",
    "download pdf file",
    "download as pdf",
    "download the pdf",
    "download article",
    "download article pdf",
    "download article as pdf",
    "download full text",
    "download full text pdf",
    "download full article",
    "download paper",
    "download this article",
    "download file",
    "download",
    "view pdf",
    "view article pdf",
    "view full text pdf",
    "view open",
    "open pdf",
    "open access pdf",
    "read pdf",
    "article pdf",
    "full pdf",
    "full article pdf",
    "full text",
    "full text pdf",
    "fulltext",
    "fulltext pdf",
    "pdf full text",
    "pdf version",
    "paper pdf",
    "final paper pdf",
    "get pdf",
    "print version",
    "télécharger",
    "télécharger le pdf",
    "texte intégral pdf",
    "descargar pdf",
    "texto completo pdf",
    "baixar pdf",
    "scarica pdf",
    "volltext",
    "volltext pdf",
    "pdf herunterladen",
];

/// Words in a link's text that make it something else.
const OTHER_WORDS: &[&str] = &[
    "appendix",
    "appendices",
    "figure",
    "figures",
    "fig",
    "table",
    "tables",
    "slides",
    "slide",
    "poster",
    "presentation",
    "cover",
    "contents",
    "toc",
    "guide",
    "guidelines",
    "guideline",
    "instructions",
    "template",
    "form",
    "flyer",
    "brochure",
    "leaflet",
    "license",
    "licence",
    "copyright",
    "terms",
    "privacy",
    "policy",
    "policies",
    "checklist",
    "review",
    "reviews",
    "transcript",
    "erratum",
    "corrigendum",
    "correction",
    "retraction",
    "citation",
    "bibtex",
    "endnote",
    "previous",
    "earlier",
    "older",
    "superseded",
    "prepublication",
    "prepub",
    "draft",
    "preview",
    "abstract",
    "sample",
    "press",
    "permission",
    "permissions",
    "reprints",
    "catalog",
    "booklet",
    "proceedings",
    "handbook",
    "issue",
    "volume",
];

/// Beginnings of words, in a text or an address, that make it something else.
const OTHER_STEMS: &[&str] = &["suppl", "supporting", "moesm"];

/// Words in an address's path that make it something else.
const OTHER_PATH_WORDS: &[&str] = &[
    "figure",
    "figures",
    "fig",
    "cover",
    "toc",
    "frontmatter",
    "backmatter",
    "slides",
    "poster",
    "guidelines",
    "instructions",
    "template",
    "flyer",
    "brochure",
    "license",
    "copyright",
    "privacy",
    "checklist",
    "prepub",
    "mediaobjects",
    "mmc1",
    "mmc2",
    "mmc3",
    "mmc4",
    "esm",
    "si",
    "abs",
    "abstract",
    "booklet",
];

/// Words of a class or id that enclose other people's links.
const OTHER_PLACES: &[&str] = &[
    "reference",
    "references",
    "bibliography",
    "bibliographies",
    "ref",
    "refs",
    "reflist",
    "citations",
    "cited",
    "footnote",
    "footnotes",
    "related",
    "recommended",
    "recommendations",
    "similar",
    "supplement",
    "supplements",
    "supplementary",
    "supplemental",
    "breadcrumb",
    "breadcrumbs",
    "footer",
    "cookie",
    "cookies",
    "advert",
    "ads",
];

/// A link's text, or what it is called where it is a picture.
pub(crate) fn of_link(link: &Element<'_>) -> String {
    let text = link.text();
    if !text.is_empty() {
        return text;
    }
    ["aria-label", "title"]
        .iter()
        .find_map(|name| link.attr(name))
        .unwrap_or_default()
        .to_owned()
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

/// Whether a plain text means the full text.
pub(crate) fn are_full_texts(text: &str) -> bool {
    FULL_TEXTS.contains(&text)
}

/// Whether a plain text names something other than the article.
pub(crate) fn are_another_things(text: &str) -> bool {
    split(text).any(|word| OTHER_WORDS.contains(&word) || has_other_stem(word))
}

/// Whether an address's path names something other than the article.
pub(crate) fn are_another_things_address(url: &str) -> bool {
    let address = urls::sameness(url).to_lowercase();
    let path = address.split_once('/').map_or("", |(_, path)| path);
    split(path).any(|word| {
        OTHER_PATH_WORDS.contains(&word)
            || has_other_stem(word)
            || word
                .strip_prefix("fig")
                .is_some_and(|number| number.parse::<u16>().is_ok())
    })
}

/// Whether a class or id says that its links are other people's.
pub(crate) fn are_another_place(class: &str) -> bool {
    let class = class.to_lowercase();
    split(&class).any(|word| OTHER_PLACES.contains(&word))
}

fn has_other_stem(word: &str) -> bool {
    OTHER_STEMS.iter().any(|stem| word.starts_with(stem))
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_punctuation_do_not_change_what_a_link_says() {
        for text in [
            "PDF (1.622 MB)",
            "[PDF]",
            " pdf ",
            "PDF, 1,2 MB",
            "PDF (731.8 KB)",
        ] {
            assert!(are_full_texts(&plain(text)), "{text}");
        }
        assert!(are_full_texts(&plain("Full-Text (PDF)")));
        assert!(!are_full_texts(&plain("PDF of the programme")));
    }

    #[test]
    fn words_count_whole() {
        assert!(are_another_things("cover page pdf"));
        assert!(!are_another_things("the discovery of formation"));
        assert!(are_another_things_address("https://a.example/x/fig12.pdf"));
        assert!(!are_another_things_address(
            "https://a.example/policy/recovery.pdf"
        ));
        assert!(are_another_place("c-article-references__list"));
        assert!(!are_another_place("correlated preference"));
    }
}
