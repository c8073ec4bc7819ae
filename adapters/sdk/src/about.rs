//! What a page says it is about, against which the addresses it names are
//! judged: whether it describes one work, whether that may be ours, and which
//! words of an address belong to a name. `supplement` in a file's name means
//! another file, unless the journal or the paper is called so.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::Doi;
use crate::titles::{House, may_be_one_works, words_of};
use crate::words::{is_numbered, is_supplementary, pieces, split};
use crate::{Page, Work, urls};

/// Shorter titles ("Editorial") are no proof of identity, in bytes.
const MIN_TITLE: usize = 15;
/// Shorter pieces of a name written in one word occur by chance, in bytes.
const MIN_PIECE: usize = 4;
/// The registrant of Zenodo, who gives every version of a record its own DOI.
const ZENODO: &str = "10.5281";
/// The registrants of F1000 and eLife, who number versions without a `v`.
const NUMBERING: [&str; 2] = ["10.12688", "10.7554"];
/// Where a page names its PDF for machines.
const PDF_METAS: [&str; 3] = [
    "citation_pdf_url",
    "bepress_citation_pdf_url",
    "wkhealth_pdf_url",
];
/// Stems of numbered names that parts of an article have and nothing else.
const PARTS: [&str; 11] = [
    "fig", "figure", "figs", "table", "tables", "scheme", "sdc", "supp", "esm", "video", "movie",
];
/// What follows `S1` in the name of a supporting file.
const AFTER_S_NUMBER: [&str; 17] = [
    "file",
    "fig",
    "figure",
    "table",
    "text",
    "appendix",
    "dataset",
    "data",
    "video",
    "movie",
    "note",
    "checklist",
    "protocol",
    "methods",
    "raw",
    "info",
    "material",
];

/// What a page is about.
#[derive(Debug)]
pub struct About {
    dois: BTreeSet<String>,
    /// Words that mean nothing special here: of the titles and the address.
    own_words: BTreeSet<String>,
    is_list: bool,
    is_anothers: bool,
}

impl About {
    /// Reads what `page` says of itself, for an attempt to find `work`.
    #[must_use]
    pub fn new(page: &Page, work: &Work) -> Self {
        let dois: BTreeSet<String> = page
            .metas("citation_doi")
            .filter_map(|text| Doi::parse(text).ok())
            .map(|doi| doi.to_string())
            .collect();
        let titles = page
            .metas("citation_title")
            .map(str::to_owned)
            .chain(page.elements(&["title"]).take(1).map(|title| title.text()))
            .chain(work.title.clone());
        let path = urls::below_host(page.url());
        let path = path.split('?').next().unwrap_or_default();
        let mut own_words: BTreeSet<String> = split(path).map(str::to_owned).collect();
        for title in titles {
            own_words.extend(words_of(&title));
        }
        Self {
            is_list: match dois.len() {
                0 => has_several_works(page),
                1 => false,
                // A copy beside its original has both DOIs, but one title and
                // one file.
                _ => {
                    let ours = work
                        .doi()
                        .is_some_and(|doi| dois.contains(&doi.to_string()));
                    !ours || titles_of(page).count() > 1 || pdfs_of(page).len() > 1
                }
            },
            is_anothers: contradicts(page, &dois, work),
            dois,
            own_words,
        }
    }

    /// The DOIs the page gives itself, as they are compared.
    #[must_use]
    pub fn dois(&self) -> &BTreeSet<String> {
        &self.dois
    }

    /// Whether a lower-case word belongs to the journal's or paper's name.
    #[must_use]
    pub fn owns(&self, word: &str) -> bool {
        self.own_words.contains(word)
    }

    /// Whether the page describes several works: then what it names is only
    /// ours if it has our DOI in it.
    #[must_use]
    pub fn is_list(&self) -> bool {
        self.is_list
    }

    /// Whether the page describes one work that is not ours: its DOI is another
    /// one and its title has little in common with ours, or it is of the same
    /// publisher and no title can be compared. A DOI of somebody else's alone
    /// proves nothing, for a repository's copy has one of its own.
    #[must_use]
    pub fn is_anothers(&self) -> bool {
        self.is_anothers
    }

    /// Whether an address is a supplement's, judged by words that mean nothing
    /// else: good for addresses that metadata name.
    #[must_use]
    pub fn is_supplement(&self, url: &str) -> bool {
        let address = urls::below_host(url);
        let is_part = |word: &str| {
            (is_supplementary(word) || PARTS.iter().any(|stem| is_numbered(word, stem)))
                && !self.owns(word)
        };
        if split(&address).any(is_part) {
            return true;
        }
        let path = address.split('?').next().unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        // In a folder they may be a language's or a journal's name.
        if split(name).any(|word| matches!(word, "si" | "esm") && !self.owns(word)) {
            return true;
        }
        if self.has_a_supplements_name(url) {
            return true;
        }
        let words: Vec<&str> = split(path).collect();
        words.windows(2).any(|pair| match pair {
            [first, second] => is_pair_of_supplements(first, second) && !self.owns(first),
            _ => false,
        })
    }
}

impl About {
    /// Whether the name of a file, written in one word, has a supplement's name
    /// in it: `198765Suppl.pdf`, `Smith2020SI.pdf`, `OnlineSupp.pdf`.
    fn has_a_supplements_name(&self, url: &str) -> bool {
        let address = urls::sameness(url);
        let path = address.split('?').next().unwrap_or_default();
        let name = urls::decode(path.rsplit('/').next().unwrap_or_default());
        let stem = name
            .rsplit_once('.')
            .map_or(name.as_str(), |(stem, _)| stem);
        let parts: Vec<String> = pieces(stem).map(str::to_lowercase).collect();
        parts.iter().enumerate().any(|(at, part)| {
            let is_last = at > 0 && at + 1 == parts.len();
            let is_supplements = (part.len() >= MIN_PIECE && is_supplementary(part))
                || (at > 0 && matches!(part.as_str(), "supp" | "supps"))
                || (is_last && matches!(part.as_str(), "si" | "esi"));
            is_supplements && !self.owns(part)
        })
    }
}

/// Whether two words of a name, one after the other, mean a supplement: `S1
/// File`, `sup 0001`, `supporting information`.
#[must_use]
pub fn is_pair_of_supplements(first: &str, second: &str) -> bool {
    (is_numbered(first, "s") && AFTER_S_NUMBER.contains(&second))
        || (matches!(first, "sup" | "supp")
            && !second.is_empty()
            && second.bytes().all(|byte| byte.is_ascii_digit()))
        || (first == "supporting"
            && ["info", "mat", "data", "file", "text", "doc"]
                .iter()
                .any(|start| second.starts_with(start)))
}

/// The files a page names for machines, each once.
fn pdfs_of(page: &Page) -> BTreeSet<String> {
    PDF_METAS
        .iter()
        .flat_map(|name| page.metas(name))
        .filter_map(|content| page.absolute(content))
        .map(|url| urls::sameness(&url))
        .collect()
}

/// The titles a page gives for machines, each once, by their languages.
fn titles_by_language(page: &Page) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut of_language: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for meta in page.named_metas("citation_title") {
        let language = ["xml:lang", "lang", "language", "hreflang"]
            .iter()
            .find_map(|name| meta.attr(name));
        of_language
            .entry(language.unwrap_or_default())
            .or_default()
            .insert(meta.attr("content").unwrap_or_default().trim());
    }
    of_language
}

fn titles_of(page: &Page) -> impl Iterator<Item = &str> {
    titles_by_language(page).into_values().flatten()
}

/// Whether a page without a DOI gives several titles and several PDFs. Titles
/// marked as of different languages are one work's.
fn has_several_works(page: &Page) -> bool {
    pdfs_of(page).len() > 1
        && titles_by_language(page)
            .values()
            .any(|titles| titles.len() > 1)
}

fn contradicts(page: &Page, dois: &BTreeSet<String>, work: &Work) -> bool {
    let ours = work.doi().map(|doi| doi.to_string());
    let (Some(ours), Some(theirs), 1) = (ours, dois.first(), dois.len()) else {
        return false;
    };
    if *theirs == ours || without_version(theirs) == without_version(&ours) {
        return false;
    }
    let house = match registrant(theirs) == registrant(&ours) {
        true => House::Same,
        false => House::Other,
    };
    let title = work.title.as_deref().filter(|title| is_telling(title));
    let mut titles = page
        .metas("citation_title")
        .filter(|title| is_telling(title))
        .peekable();
    match (title, titles.peek()) {
        (Some(title), Some(_)) => titles.all(|other| !may_be_one_works(title, other, house)),
        // A journal's own DOI on all its articles tells nothing.
        _ => {
            house == House::Same
                && registrant(theirs) != ZENODO
                && !ours.starts_with(theirs.as_str())
        }
    }
}

fn is_telling(title: &str) -> bool {
    title.len() >= MIN_TITLE
}

fn registrant(doi: &str) -> &str {
    doi.split('/').next().unwrap_or_default()
}

/// A DOI without the number of its version: `v2`, `.v2`, `/v2`, `_v2`.
fn without_version(doi: &str) -> &str {
    let stem = doi.trim_end_matches(|c: char| c.is_ascii_digit());
    if stem.len() == doi.len() {
        return doi;
    }
    let marked = if NUMBERING.contains(&registrant(doi)) {
        let suffix = doi.split_once('/').map_or("", |(_, suffix)| suffix);
        stem.strip_suffix('.')
            .filter(|_| suffix.matches('.').count() > 1)
    } else {
        None
    };
    match marked.or_else(|| behind_a_border(stem)) {
        Some(stem) => stem.trim_end_matches(['.', '/', '-', '_']),
        None => doi,
    }
}

/// What stands before the `v` of a version, which begins no other word.
fn behind_a_border(stem: &str) -> Option<&str> {
    stem.strip_suffix('v')
        .filter(|stem| stem.ends_with(|c: char| c.is_ascii_digit() || "./-_".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    const URL: &str = "https://pub.example/article/7";

    fn about(html: &str, title: Option<&str>) -> About {
        let work = Work {
            title: title.map(str::to_owned),
            ..testing::work(&[("doi", "10.1234/ours")])
        };
        About::new(&Page::parse(html, URL), &work)
    }

    fn entry(title: &str, pdf: &str) -> String {
        format!("<meta name=citation_title {title}><meta name=citation_pdf_url content={pdf}>")
    }

    #[test]
    fn a_supplement_is_known_by_words_that_mean_nothing_else() {
        let about = about("<title>Vitamin D supplement use</title>", None);
        for path in [
            "doi/suppl/10.1/x/suppl_file/x_001.pdf",
            "files/mmc1.pdf",
            "static/esm/abc123_ESM.pdf",
            "files/S1_File.pdf",
            "10.1234/abc/abc.si.pdf",
            "files/x_si_001.pdf",
            "files/supporting-information.pdf",
            "files/abc-sup-0001.pdf",
            "files/sdc1.pdf",
            "files/fig1.pdf",
            "files/198765Suppl.pdf",
            "files/smith2020suppl.pdf",
            "files/Smith2020SI.pdf",
            "files/OnlineSupp.pdf",
            "files/websuppl.pdf",
            "files/smith_ESI.pdf",
            "file?type=supplementary&id=x.s001",
        ] {
            assert!(
                about.is_supplement(&format!("https://pub.example/{path}")),
                "{path}"
            );
        }
        for path in [
            "pdf/7.pdf",
            "files/vitamin-d-supplement-use.pdf",
            "si/article/7.pdf",
            "supporting-teachers.pdf",
            "files/s1.pdf",
            "files/Supp2020.pdf",
            "files/assi.pdf",
            "files/supplierRisk2020.pdf",
            "files/table-of-elements.pdf",
        ] {
            assert!(
                !about.is_supplement(&format!("https://pub.example/{path}")),
                "{path}"
            );
        }
    }

    #[test]
    fn several_titles_and_pdfs_are_a_list_unless_they_are_one_works_languages() {
        let two = entry("content='Paper one'", "/1.pdf") + &entry("content='Paper two'", "/2.pdf");
        assert!(about(&two, None).is_list());
        let languages = entry("lang=en content='On penguins'", "/en.pdf")
            + &entry("lang=pt content='Dos pinguins'", "/pt.pdf");
        assert!(!about(&languages, None).is_list());
        let twice =
            entry("content='On penguins'", "/1.pdf") + &entry("content='On penguins'", "/2.pdf");
        assert!(!about(&twice, None).is_list());
        let marked = entry("language=es content='Los ping\u{fc}inos'", "/es.pdf")
            + &entry("language=en content='On penguins'", "/en.pdf");
        assert!(!about(&marked, None).is_list());
        let with_doi = "<meta name=citation_doi content=10.1234/x>".to_owned() + &two;
        assert!(!about(&with_doi, None).is_list());
    }

    #[test]
    fn a_copy_that_names_its_original_beside_itself_is_no_list() {
        let dois = |other: &str| {
            format!(
                "<meta name=citation_doi content=10.1234/ours><meta name=citation_doi content={other}>"
            )
        };
        let one = entry("content='On penguins'", "/1.pdf");
        assert!(!about(&(dois("10.9999/copy") + &one), None).is_list());
        let two = entry("content='On seals'", "/2.pdf");
        assert!(about(&(dois("10.9999/copy") + &one + &two), None).is_list());
        let theirs = dois("10.9999/copy").replace("10.1234/ours", "10.1234/theirs");
        assert!(about(&(theirs + &one), None).is_list());
    }

    #[test]
    fn a_title_in_another_language_contradicts_nothing() {
        let ours = Some("On the nesting habits of the lesser penguins");
        for (title, is) in [
            (
                "Sobre los hábitos de anidación de los pingüinos menores",
                false,
            ),
            ("О гнездовании малых пингвинов Антарктиды", false),
            ("On the moisture of the soils in alpine meadows", true),
            ("Soil moisture in alpine meadows", true),
        ] {
            let html = format!(
                "<meta name=citation_doi content=10.9999/copy><meta name=citation_title content='{title}'>"
            );
            assert_eq!(about(&html, ours).is_anothers(), is, "{title}");
        }
    }

    #[test]
    fn a_page_is_anothers_when_both_its_doi_and_its_title_are() {
        let page = |doi: &str, title: &str| {
            format!(
                "<meta name=citation_doi content={doi}><meta name=citation_title content='{title}'>"
            )
        };
        let ours = Some("On the nesting habits of lesser penguins");
        let other = "Soil moisture in alpine meadows";
        assert!(about(&page("10.1234/other", other), ours).is_anothers());
        for (html, title) in [
            (page("10.1234/OURS", other), ours),
            (page("10.9999/other", other), None),
            (
                page(
                    "10.1234/other",
                    "Nesting habits of lesser penguins: a review",
                ),
                ours,
            ),
            (
                "<meta name=citation_doi content=10.9999/other>".to_owned(),
                ours,
            ),
            (page("10.9999/other", "Editorial"), ours),
        ] {
            assert!(!about(&html, title).is_anothers(), "{html}");
        }
    }

    #[test]
    fn without_a_title_another_doi_of_the_same_house_is_anothers_and_a_version_is_not() {
        let page = |doi: &str| format!("<meta name=citation_doi content={doi}>");
        let anothers = |ours: &str, theirs: &str| {
            let work = testing::work(&[("doi", ours)]);
            About::new(&Page::parse(&page(theirs), URL), &work).is_anothers()
        };
        for (ours, theirs) in [
            ("10.1002/ece3.1234", "10.1002/ece3.9999"),
            ("10.1002/ece3.1", "10.1002/ece3.2"),
            (
                "10.12688/f1000research.12345.1",
                "10.12688/f1000research.99.1",
            ),
        ] {
            assert!(anothers(ours, theirs), "{theirs}");
        }
        for (ours, theirs) in [
            ("10.1002/ece3.1234", "10.9999/copy.1"),
            ("10.1002/ece3.1234", "10.1002/ece3"),
            ("10.5281/zenodo.123", "10.5281/zenodo.124"),
            ("10.6084/m9.figshare.123", "10.6084/m9.figshare.123.v2"),
            (
                "10.26434/chemrxiv-2021-abc-v1",
                "10.26434/chemrxiv-2021-abc-v2",
            ),
            (
                "10.12688/f1000research.12345.1",
                "10.12688/f1000research.12345.2",
            ),
        ] {
            assert!(!anothers(ours, theirs), "{theirs}");
        }
    }

    #[test]
    fn another_language_excuses_a_title_only_away_from_the_house_that_has_the_doi() {
        let page = |doi: &str| {
            format!(
                "<meta name=citation_doi content={doi}><meta name=citation_title content='La reforma del sistema de pensiones y los sindicatos'>"
            )
        };
        let ours = Some("On the nesting habits of the lesser penguins");
        assert!(!about(&page("10.9999/copy"), ours).is_anothers());
        assert!(about(&page("10.1234/other"), ours).is_anothers());
    }
}
