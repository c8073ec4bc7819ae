//! What a page says is its PDF, ranked by how plainly it says so.
//!
//! Metadata for machines first (Google Scholar's `citation_pdf_url` and its
//! relatives), then `link rel=alternate`, then embedded viewers, then links for
//! people, which are guesses and are judged in [`crate::anchors`]. Where one
//! kind names several files, it has to say which is the work's.

use paperfall_adapter::{Element, Page, Work, urls};

use crate::subject::Subject;
use crate::{address, anchors, embedded, names, script, words};

/// `meta` names that give the PDF's address, the most reliable first.
const META_NAMES: &[(&str, u8)] = &[
    ("citation_pdf_url", 100),
    ("bepress_citation_pdf_url", 98),
    ("wkhealth_pdf_url", 96),
];
/// `meta` names that may give it among other addresses.
const MIXED_META_NAMES: &[(&str, u8)] = &[
    ("eprints.document_url", 94),
    ("DC.identifier", 92),
    ("DC.identifier.URI", 92),
    ("DCTERMS.identifier", 92),
    ("DC.relation.hasFormat", 90),
];
/// One `meta` for each language is usual; more are a volume's table of contents.
const MAX_METAS: usize = 4;
const SCRIPT: u8 = 88;
const LINK_ALTERNATE: u8 = 85;
const EMBEDDED: u8 = 75;
/// What the metadata of a page that lists several works names, if it names ours.
const AMONG_OTHERS: u8 = 60;

/// A PDF address a page names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) url: String,
    /// 1 to 100; the greater, the plainer.
    pub(crate) score: u8,
}

impl Named {
    /// A landing page that turned out to be the PDF.
    pub(crate) fn itself(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            score: 100,
        }
    }
}

/// The PDFs the page names, unordered.
pub(crate) fn pdfs(page: &Page, work: &Work) -> Vec<Named> {
    let subject = Subject::new(page, work);
    let mut found = Found {
        page,
        subject: &subject,
        named: Vec::new(),
    };
    for (name, score) in META_NAMES {
        let mut urls = found.addresses(page.metas(name));
        urls.retain(|url| !address::is_never_the_work(url, &subject));
        // An appendix beside the paper is told from it; alone it may be the
        // paper, for metadata name what they are of.
        let is_paper = |url: &String| !address::is_another_things(url, &subject);
        if urls.iter().any(is_paper) {
            urls.retain(is_paper);
        }
        found.add(urls, *score, MAX_METAS);
    }
    for (name, score) in MIXED_META_NAMES {
        let mut urls = found.addresses(page.metas(name));
        urls.retain(|url| address::is_pdf_path(url) && !address::is_another_things(url, &subject));
        // EPrints lists every file of the record, the first one first.
        let most = if *name == "eprints.document_url" {
            MAX_METAS
        } else {
            1
        };
        found.add(urls, *score, most);
    }
    let urls = found.addresses(script::pdf(page).iter().map(String::as_str));
    found.add(urls, SCRIPT, 1);
    found.alternates();
    let mut urls = found.addresses(
        embedded::documents(page, &subject)
            .iter()
            .map(String::as_str),
    );
    urls.retain(|url| !address::is_another_things(url, &subject));
    found.add(urls, EMBEDDED, 1);

    let mut named = found.named;
    let plainly = !named.is_empty();
    named.extend(anchors::pdfs(page, &subject, plainly));
    named
}

/// Whether what stands where an address should is a program's word for none, or
/// the program's own blank, left unfilled.
fn stands_for_nothing(reference: &str) -> bool {
    let plain = reference.trim().to_ascii_lowercase();
    ["{{", "}}", "${", "<%"]
        .iter()
        .any(|sign| plain.contains(sign))
        || matches!(
            plain.as_str(),
            "null"
                | "nil"
                | "undefined"
                | "none"
                | "n/a"
                | "nan"
                | "false"
                | "true"
                | "not available"
                | "unavailable"
        )
}

/// What the page's machine-readable parts have named so far.
struct Found<'a> {
    page: &'a Page,
    subject: &'a Subject,
    named: Vec<Named>,
}

impl Found<'_> {
    /// References as distinct addresses that may be the article's.
    fn addresses<'a>(&self, references: impl Iterator<Item = &'a str>) -> Vec<String> {
        let mut addresses: Vec<String> = Vec::new();
        for reference in references {
            let Some(url) = self.page.absolute(reference) else {
                continue;
            };
            let is_new = addresses.len() <= MAX_METAS * 8
                && addresses
                    .iter()
                    .all(|known| urls::sameness(known) != urls::sameness(&url));
            if is_new
                && !stands_for_nothing(reference)
                && !self.subject.about.is_supplement(&url)
                // A page that names itself has no PDF to name.
                && urls::sameness(&url) != urls::sameness(self.page.url())
            {
                addresses.push(url);
            }
        }
        addresses
    }

    /// Adds what one kind of metadata names, if it is clear which is ours.
    fn add(&mut self, mut urls: Vec<String>, score: u8, most: usize) {
        if !self.subject.about.is_list() {
            names::leave_out_parts(&mut urls, String::as_str);
        }
        // On a page of the work itself the first of many is its main file.
        if urls.len() > most && most > 1 && self.subject.is_the_works_own() {
            urls.truncate(1);
        }
        let is_clear = !self.subject.about.is_list()
            && !self.subject.about.is_anothers()
            && urls.len() <= most;
        for url in urls {
            if is_clear {
                self.named.push(Named { url, score });
            } else if self.subject.doi_is_in(&url) {
                self.named.push(Named {
                    url,
                    score: AMONG_OTHERS,
                });
            }
        }
    }

    /// Whether a short title says that a link leads to something else; a long
    /// one is the paper's own, and may contain any word.
    fn is_titled_another_thing(&self, link: &Element<'_>) -> bool {
        let title = words::plain(link.attr("title").unwrap_or_default());
        let foreign: Vec<&str> = words::split(&title)
            .filter(|word| !self.subject.about.owns(word))
            .collect();
        title.split(' ').count() <= words::MAX_HEADING_WORDS
            && words::are_another_things(&foreign.join(" "))
    }

    /// `link rel=alternate` of type PDF: one, or one for each language.
    fn alternates(&mut self) {
        let links: Vec<_> = self
            .page
            .elements(&["link"])
            .filter(|link| {
                link.words("rel")
                    .any(|word| word.eq_ignore_ascii_case("alternate"))
                    && embedded::is_pdf_type(link, "type")
                    && !self.is_titled_another_thing(link)
            })
            .collect();
        let in_languages = links.iter().all(|link| link.attr("hreflang").is_some());
        let mut urls = self.addresses(links.iter().filter_map(|link| link.attr("href")));
        urls.retain(|url| !address::is_another_things(url, self.subject));
        let most = if in_languages { MAX_METAS } else { 1 };
        self.add(urls, LINK_ALTERNATE, most);
    }
}
