//! What a page says is its PDF, ranked by how plainly it says so.
//!
//! Metadata for machines first (Google Scholar's `citation_pdf_url` and its
//! relatives), then `link rel=alternate`, then embedded viewers, then links for
//! people, which are guesses and are judged in [`crate::anchors`].

use paperfall_adapter::{Element, Page, Work, urls};

use crate::anchors;

/// `meta` names that give the PDF's address, the most reliable first.
const META_NAMES: &[(&str, u8)] = &[
    ("citation_pdf_url", 100),
    ("bepress_citation_pdf_url", 98),
    ("wkhealth_pdf_url", 96),
    ("eprints.document_url", 94),
];
/// One `meta` for each language is usual; more are a volume's table of contents.
const MAX_METAS: usize = 4;
const LINK_ALTERNATE: u8 = 85;
const EMBEDDED: u8 = 75;
/// From here on the page itself says which PDF is its own.
const PLAINLY_SAID: u8 = EMBEDDED;

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
    let mut named = Vec::new();
    let mut add = |reference: &str, score| {
        if let Some(url) = page.absolute(reference)
            && !anchors::is_supplement(&url)
            // A page that names itself has no PDF to name.
            && urls::sameness(&url) != urls::sameness(page.url())
        {
            named.push(Named { url, score });
        }
    };
    for (name, score) in META_NAMES {
        // EPrints lists every file of the record there.
        let contents: Vec<&str> = page
            .metas(name)
            .filter(|content| *name != "eprints.document_url" || is_pdf_path(content))
            .collect();
        if contents.len() <= MAX_METAS {
            contents.iter().for_each(|content| add(content, *score));
        }
    }
    for link in page.elements(&["link"]) {
        let alternate = link
            .words("rel")
            .any(|word| word.eq_ignore_ascii_case("alternate"));
        if alternate && is_pdf_type(&link, "type") {
            add(link.attr("href").unwrap_or_default(), LINK_ALTERNATE);
        }
    }
    for element in page.elements(&["embed", "iframe", "object"]) {
        if let Some(reference) = embedded(&element) {
            add(&reference, EMBEDDED);
        }
    }
    let plainly = named.iter().any(|named| named.score >= PLAINLY_SAID);
    named.extend(anchors::pdfs(page, work, plainly));
    named
}

/// The document an embedded viewer shows.
fn embedded(element: &Element<'_>) -> Option<String> {
    let source = element.attr("src").or_else(|| element.attr("data"))?.trim();
    // pdf.js and its relatives take the document as a parameter.
    if let Some(file) = urls::query_value(source, "file").filter(|file| !file.is_empty()) {
        return Some(file);
    }
    (is_pdf_type(element, "type") || is_pdf_path(source)).then(|| source.to_owned())
}

fn is_pdf_type(element: &Element<'_>, attribute: &str) -> bool {
    element.attr(attribute).is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or(kind).trim();
        kind.eq_ignore_ascii_case("application/pdf")
    })
}

/// Whether the path (query and fragment aside) ends in `.pdf`.
pub(crate) fn is_pdf_path(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or(url).trim();
    path.len() > 4
        && path
            .get(path.len() - 4..)
            .is_some_and(|end| end.eq_ignore_ascii_case(".pdf"))
}
