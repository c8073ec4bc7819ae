//! Guessing which of a page's links is its PDF.
//!
//! A wrong paper is worse than none: a link has to look like a full text, must
//! not look like anything else (a supplement, a figure, a reference, an older
//! version), and must stand out. A page with many equal PDF links is an index,
//! and none of them is taken.

use paperfall_adapter::{Element, Page, Work, urls};

use crate::extract::{Named, is_pdf_path};
use crate::words;

/// Links that plainly say "full text" a page may have before it counts as an
/// index; two, because articles have buttons above and below.
const MAX_FULL_TEXTS: usize = 2;
/// The same for PDF links that say less.
const MAX_OTHERS: usize = 3;
/// Shorter titles ("Editorial") are no proof of identity.
const MIN_TITLE_BYTES: usize = 15;
/// How far around a link its surroundings are looked at.
const PLACES: usize = 6;

/// Whether an address is a supplement's.
pub(crate) fn is_supplement(url: &str) -> bool {
    let url = url.to_ascii_lowercase();
    ["suppl_file", "suppdata", "/suppl/", "supplement", "moesm"]
        .iter()
        .any(|mark| url.contains(mark))
}

/// The links that may be the page's PDF. `plainly` says that the page's
/// metadata names one: then links are only a second choice, and only those
/// that say in so many words that they are the full text.
pub(crate) fn pdfs(page: &Page, work: &Work, plainly: bool) -> Vec<Named> {
    let mut named: Vec<Named> = Vec::new();
    for link in page.elements(&["a"]) {
        let Some(found) = judge(page, work, &link) else {
            continue;
        };
        match named
            .iter_mut()
            .find(|known| urls::sameness(&known.url) == urls::sameness(&found.url))
        {
            Some(known) => known.score = known.score.max(found.score),
            None => named.push(found),
        }
    }
    let Some(best) = named.iter().map(|named| named.score).max() else {
        return named;
    };
    let full_texts = named.iter().filter(|named| named.score >= SAYS_FULL_TEXT);
    let is_index =
        full_texts.count() > MAX_FULL_TEXTS || (best < SAYS_FULL_TEXT && named.len() > MAX_OTHERS);
    let too_weak = plainly && best < SAYS_FULL_TEXT;
    // Only the best: a link that is less plainly the article is another file.
    named.retain(|named| named.score == best);
    if too_weak || (is_index && best < NAMES_THE_WORK) {
        named.clear();
    }
    named
}

/// The link's address has the work's DOI in it, or its text the title.
const NAMES_THE_WORK: u8 = 50;
const SAYS_FULL_TEXT: u8 = 24;
const TYPED_AS_PDF: u8 = 10;
const PDF_PATH: u8 = 8;
const MENTIONS_PDF: u8 = 4;

fn judge(page: &Page, work: &Work, link: &Element<'_>) -> Option<Named> {
    let url = page.absolute(link.attr("href")?)?;
    let text = words::plain(&words::of_link(link));
    let names_work = names_the_work(&url, &text, work);
    if same_site(&url, page.url()).is_none()
        || urls::sameness(&url) == urls::sameness(page.url())
        || is_supplement(&url)
        || words::are_another_things_address(&url)
        // A title may contain any word.
        || (!names_work && words::are_another_things(&text))
        || stands_elsewhere(link)
    {
        return None;
    }
    let mentions = text.split(' ').any(|word| word == "pdf");
    let typed = link.attr("type").is_some_and(|kind| {
        kind.trim()
            .to_ascii_lowercase()
            .starts_with("application/pdf")
    });
    let path = is_pdf_path(&url) || has_pdf_segment(&url);
    // "Download" and "Full text" alone may be a citation or a web page.
    if !(mentions || typed || path || has_pdf_class(link)) {
        return None;
    }
    let score = [
        (names_work, NAMES_THE_WORK),
        (words::are_full_texts(&text), SAYS_FULL_TEXT),
        (typed, TYPED_AS_PDF),
        (path, PDF_PATH),
        (mentions, MENTIONS_PDF),
    ]
    .into_iter()
    .filter_map(|(holds, worth)| holds.then_some(worth))
    .sum();
    Some(Named { url, score })
}

/// Whether two addresses are of one site: one host below the other's domain.
fn same_site(url: &str, page: &str) -> Option<()> {
    let (url, page) = (urls::host(url)?, urls::host(page)?);
    (domain(&url) == domain(&page)).then_some(())
}

/// The last two labels of a host name, three where the last but one is a
/// public suffix's (`ac.uk`). Close enough to tell one's own site from others.
fn domain(host: &str) -> &str {
    let mut cuts = host.rmatch_indices('.').map(|(at, _)| at + 1);
    let (_, second, third) = (cuts.next(), cuts.next(), cuts.next());
    let from = |at: Option<usize>| at.and_then(|at| host.get(at..)).unwrap_or(host);
    let two = from(second);
    let short = two.split('.').next().is_some_and(|label| {
        [
            "ac", "co", "com", "edu", "gov", "org", "net", "gob", "or", "go",
        ]
        .contains(&label)
    });
    if short && two != host {
        from(third)
    } else {
        two
    }
}

/// Whether the link stands among other people's: a reference list, related
/// articles, supplements, the footer.
fn stands_elsewhere(link: &Element<'_>) -> bool {
    std::iter::once(*link)
        .chain(link.ancestors().take(PLACES))
        .take_while(|place| !matches!(place.tag(), "body" | "html" | "main"))
        .any(|place| {
            place.tag() == "footer"
                || ["class", "id"]
                    .iter()
                    .any(|name| place.attr(name).is_some_and(words::are_another_place))
        })
}

/// `/pdf/`, `/pdfft`, `/doi/pdf/…`, `?format=pdf`, `type=printable`.
fn has_pdf_segment(url: &str) -> bool {
    let address = urls::sameness(url).to_ascii_lowercase();
    let Some((_, rest)) = address.split_once('/') else {
        return false;
    };
    rest.split(['/', '?', '&', '=']).any(|part| {
        matches!(
            part,
            "pdf" | "pdfft" | "pdfdirect" | "viewpdf" | "printable"
        )
    })
}

fn has_pdf_class(link: &Element<'_>) -> bool {
    link.words("class").any(|word| {
        word.to_ascii_lowercase()
            .split(['-', '_'])
            .any(|part| part == "pdf")
    })
}

fn names_the_work(url: &str, text: &str, work: &Work) -> bool {
    let by_doi = work.doi().is_some_and(|doi| {
        let doi = doi.to_string();
        let address = urls::decode(url).to_lowercase();
        address.match_indices(&doi).any(|(at, _)| {
            // `10.1/nature12` does not name `10.1/nature123`.
            address
                .get(at + doi.len()..)
                .and_then(|rest| rest.chars().next())
                .is_none_or(|next| !next.is_alphanumeric())
        })
    });
    let by_title = work.title.as_deref().is_some_and(|title| {
        let title = words::plain(title);
        title.len() >= MIN_TITLE_BYTES && text.contains(&title)
    });
    by_doi || by_title
}
