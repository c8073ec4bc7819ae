//! The words by which a link says what it is. Everything is compared word by
//! word: "discovery" is no "cover", and a journal on policy is no policy page.
//! The lists themselves stand in [`crate::lexicon`].

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
pub(crate) use paperfall_adapter::words::split;
use paperfall_adapter::words::{is_supplementary, pieces};
use paperfall_adapter::{About, Element, is_pair_of_supplements};

use crate::lexicon::{
    COMPANIONS, LANGUAGES, MARGINS, OTHER_DOCUMENTS, OTHER_PAIRS, OTHER_PLACES,
    OTHER_SECTION_WORDS, OTHER_SECTIONS, OTHER_SECTIONS_INSIDE, OTHER_WORDS,
};

/// One of the names of a link.
#[derive(Debug)]
pub(crate) struct Label {
    /// As it is written, [folded](fold).
    pub(crate) raw: String,
    /// As [`plain`] writes it.
    pub(crate) plain: String,
    /// Whether the page shows it, rather than reads it out or shows it on
    /// demand.
    pub(crate) is_shown: bool,
}

impl Label {
    /// A text the page shows.
    pub(crate) fn shown(text: &str) -> Self {
        Self {
            plain: plain(text),
            raw: fold(text).into_owned(),
            is_shown: true,
        }
    }

    fn aside(text: &str) -> Self {
        Self {
            is_shown: false,
            ..Self::shown(text)
        }
    }
}

/// All a link is called: its text, its labels, the pictures inside.
pub(crate) fn of_link(link: &Element<'_>) -> Vec<Label> {
    let image = link.elements(&["img", "svg"]).next();
    let of_image = |name| image.and_then(|image| image.attr(name));
    let asides = [
        link.attr("aria-label"),
        link.attr("title"),
        of_image("alt"),
        of_image("title"),
    ];
    std::iter::once(Label::shown(&link.text()))
        .chain(asides.into_iter().flatten().map(Label::aside))
        .filter(|label| !label.plain.is_empty())
        .collect()
}

/// A text in the one spelling of several that look alike, in which the lists
/// of words are written: accents on their letters, letters as wide as usual,
/// no soft hyphens. In lower case a Turkish capital would keep its dot.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let visible = text.replace('\u{AD}', "");
    let composed = ComposingNormalizerBorrowed::new_nfkc().normalize(&visible);
    Cow::Owned(composed.replace('İ', "i"))
}

/// Words in lower case with one space between, sizes and punctuation left out:
/// `PDF (1.6 MB)` is `pdf`.
pub(crate) fn plain(text: &str) -> String {
    split_by_script(&fold(text))
        .map(str::to_lowercase)
        .filter(|word| {
            !word.starts_with(|c: char| c.is_ascii_digit())
                && !matches!(word.as_str(), "kb" | "mb" | "kib" | "mib" | "bytes")
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether a character is of a script that does not part its words, or not
/// always: Chinese, Japanese, Korean, Thai.
pub(crate) fn is_unparted(c: char) -> bool {
    matches!(c, '\u{E00}'..='\u{E7F}' | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}')
}

/// Words, parted also where an unparted script meets another: `PDF` and `全文`
/// of `PDF全文`.
pub(crate) fn split_by_script(text: &str) -> impl Iterator<Item = &str> {
    split(text).flat_map(|word| {
        let mut rest = word;
        std::iter::from_fn(move || {
            let kind = is_unparted(rest.chars().next()?);
            let end = rest
                .find(|c: char| is_unparted(c) != kind)
                .unwrap_or(rest.len());
            let (first, after) = rest.split_at(end);
            rest = after;
            Some(first)
        })
    })
}

/// The words of a plain text that say in which language something is.
pub(crate) fn language_in(text: &str) -> Option<String> {
    let words: Vec<&str> = text
        .split(' ')
        .filter(|word| LANGUAGES.contains(word))
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
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

/// Whether a plain text beside a link, which may say much about the article,
/// says that the file is one of its companions.
pub(crate) fn are_a_companions(text: &str, about: &About) -> bool {
    let words: Vec<&str> = split(text).filter(|word| !about.owns(word)).collect();
    words
        .iter()
        .any(|word| COMPANIONS.contains(word) || is_supplementary(word))
        || words
            .windows(2)
            .any(|pair| matches!(pair, [first, second] if is_pair_of_supplements(first, second)))
}

/// Whether a heading is that of documents that are not the article.
pub(crate) fn are_other_documents(heading: &str, about: &About) -> bool {
    let heading = plain(heading);
    are_a_companions(&heading, about)
        || heading
            .split(' ')
            .any(|word| OTHER_DOCUMENTS.contains(&word) && !about.owns(word))
}

/// A class such as `has-references` says what a place has, not what it is.
fn any_word_of(class: &str, words: &[&str]) -> bool {
    class
        .split_ascii_whitespace()
        .filter(|name| {
            let first = pieces(name).next().unwrap_or_default();
            !["has", "no", "with", "without"]
                .iter()
                .any(|word| first.eq_ignore_ascii_case(word))
        })
        .any(|name| {
            // `leftSidebar` as well as `left-sidebar`.
            split(name)
                .chain(pieces(name))
                .any(|word| words.contains(&word.to_lowercase().as_str()))
        })
}

/// Words of a section's heading; what is longer is a paper's title.
pub(crate) const MAX_HEADING_WORDS: usize = 5;
/// The same of a heading that begins with several words of such a heading.
const MAX_PHRASE_WORDS: usize = 8;

/// Whether a heading says that what follows is not the article.
pub(crate) fn head_another_section(heading: &str) -> bool {
    let heading = plain(heading);
    let count = heading.split(' ').count();
    OTHER_SECTIONS.iter().any(|start| {
        let most = if start.contains(' ') {
            MAX_PHRASE_WORDS
        } else {
            MAX_HEADING_WORDS
        };
        count <= most
            && heading
                .strip_prefix(start)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })
}

/// Whether a heading says that and nothing else.
pub(crate) fn are_another_section(heading: &str) -> bool {
    OTHER_SECTIONS.contains(&plain(heading).as_str())
}

/// Whether a heading has a word of other people's sections, wherever it stands:
/// `Notes and references`, `Electronic supplementary material`. The words of
/// the paper's title are none.
pub(crate) fn mention_another_section(heading: &str, about: &About) -> bool {
    let heading = plain(heading);
    heading.split(' ').count() <= MAX_HEADING_WORDS
        && heading
            .split(' ')
            .filter(|word| !about.owns(word))
            .any(|word| {
                OTHER_SECTION_WORDS.contains(&word)
                    || is_supplementary(word)
                    || OTHER_SECTIONS_INSIDE.iter().any(|part| word.contains(part))
            })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::{
        CHAPTERS, FILLERS, KINDS_OF_WORKS, ONLY_WHERE_OWNED, OPENERS, SIGNS, UNPARTED,
    };
    use paperfall_adapter::{Page, testing};

    #[test]
    fn sizes_and_punctuation_are_left_out_and_scripts_parted() {
        for (text, said) in [
            ("PDF (1.622 MB)", "pdf"),
            (" [PDF] ", "pdf"),
            ("Full-Text (PDF)", "full text pdf"),
            ("PDF全文", "pdf 全文"),
            ("PDFをダウンロード", "pdf をダウンロード"),
            ("Über", "über"),
            ("U\u{308}ber", "über"),
            ("Tam Metin İndir", "tam metin indir"),
            ("TAM METI\u{307}N", "tam metin"),
            ("ＰＤＦダウンロード", "pdf ダウンロード"),
            ("ﾀﾞｳﾝﾛｰﾄﾞ", "ダウンロード"),
            ("Down\u{AD}load\u{A0}P\u{AD}DF\u{200B}", "download pdf"),
            ("l´article", "l article"),
        ] {
            assert_eq!(plain(text), said, "{text}");
        }
    }

    #[test]
    fn every_word_of_the_lists_is_written_as_texts_are_read() {
        for words in [
            SIGNS,
            OPENERS,
            FILLERS,
            KINDS_OF_WORKS,
            ONLY_WHERE_OWNED,
            UNPARTED,
            LANGUAGES,
            OTHER_WORDS,
            COMPANIONS,
            OTHER_PLACES,
            MARGINS,
            OTHER_SECTION_WORDS,
            OTHER_SECTIONS,
            OTHER_SECTIONS_INSIDE,
            CHAPTERS,
        ] {
            for word in words {
                let folded = fold(word).to_lowercase();
                assert_eq!(*word, folded, "as it is folded");
                let parts: Vec<&str> = split_by_script(word).collect();
                assert_eq!(parts.join(" "), *word, "as it is parted");
            }
        }
    }

    #[test]
    fn words_count_whole() {
        assert!(are_another_things("cover page pdf"));
        assert!(!are_another_things("the discovery of formation"));
        assert!(are_another_place("c-article-references__list"));
        assert!(!are_another_place("correlated preference"));
        assert!(!are_another_place("article has-references hasReferences"));
        assert!(are_a_margin("leftSidebar"));
        assert!(are_another_place("articleReferences"));
    }

    #[test]
    fn headings_of_other_peoples_sections_are_known() {
        for heading in [
            "References",
            "References (42)",
            "Supplementary material",
            "Related articles",
            "Cited by",
            "See also",
            "In the same issue",
            "Artículos más leídos del mismo autor/a",
            "Ähnliche Artikel",
            "Daftar Pustaka",
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
        let page = Page::parse("<title>On figures</title>", "https://a.example/7");
        let about = About::new(&page, &testing::work(&[]));
        for heading in [
            "Notes and references",
            "Electronic supplementary material",
            "Cited literature",
            "Open peer reviews",
            "Kaynakça / References",
            "引用・参考文献",
            "関連記事",
            "Похожие статьи",
            "Appendices",
        ] {
            assert!(mention_another_section(heading, &about), "{heading}");
        }
        for heading in [
            "Abstract",
            "Full text",
            "Downloads",
            "Vol. 12 No. 3",
            "On figures",
            "Review article",
            "Article Details",
            "What references tell of the making of a discipline",
        ] {
            assert!(!mention_another_section(heading, &about), "{heading}");
        }
    }
}
