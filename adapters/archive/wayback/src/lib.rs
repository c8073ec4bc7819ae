//! The Wayback Machine: captures of the PDF URLs that failed elsewhere.
//!
//! The CDX index is asked for every PDF URL known, then for landing pages: a
//! page captured as HTML may name a PDF that was captured as well. Each capture
//! is looked at before it is proposed, because what makes an answer a capture
//! is the `Memento-Datetime` header, which only the adapter checks. That a
//! capture was cut short shows only in the download: so older ones of other
//! bytes are proposed behind the newest.

mod availability;
mod cdx;
mod replay;
mod search;

use paperfall_adapter::{Adapter, Descriptor, Findings, Host, Miss, Policy, Work, urls};

use search::Search;

/// PDF URLs looked up, landing pages looked up; each is a CDX request, of which
/// the archive wants fewer than 24 a minute from everyone together.
const MAX_PDF_URLS: usize = 4;
const MAX_LANDING_URLS: usize = 2;
/// The adapter.
#[derive(Debug)]
pub struct Wayback;

impl Adapter for Wayback {
    fn describe() -> Descriptor {
        Descriptor::new(
            "wayback",
            env!("CARGO_PKG_VERSION"),
            "Captures in the Internet Archive's Wayback Machine",
        )
        .starts_from("pdf-url")
        .starts_from("landing-url")
        .host("web.archive.org")
        .host("archive.org")
        .setting_or(
            "cdx-url",
            "https://web.archive.org/cdx/search/cdx",
            "Where the CDX index of captures lives.",
        )
        .setting_or(
            "replay-url",
            "https://web.archive.org/web",
            "Where captures are replayed.",
        )
        .setting_or(
            "availability-url",
            "https://archive.org/wayback/available",
            "Where the availability API lives; asked only when CDX is out of order.",
        )
    }

    fn resolve(host: &dyn Host, work: &Work, policy: &Policy) -> Result<Findings, Miss> {
        let pdf_urls: Vec<&str> = targets(work.pdf_urls.iter().map(|pdf| pdf.url.as_str()));
        let pages = targets(work.landing_urls.iter().map(String::as_str));
        if pdf_urls.is_empty() && pages.is_empty() {
            return Err(Miss::skipped("no_landing_url"));
        }
        let mut search = Search::new(host, work, policy);
        for url in pdf_urls.into_iter().take(MAX_PDF_URLS) {
            if search.goes_on() {
                search.for_pdf(url);
            }
        }
        for url in pages.into_iter().take(MAX_LANDING_URLS) {
            if search.goes_on() && search.is_empty() {
                search.for_page(url);
            }
        }
        search.end()
    }
}

/// Distinct addresses that are not themselves the archive's.
fn targets<'a>(given: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut targets: Vec<&str> = Vec::new();
    for url in given {
        let known = targets
            .iter()
            .any(|target| urls::sameness(target) == urls::sameness(url));
        if !known && urls::host(url).is_some() && !urls::is_under(url, "archive.org") {
            targets.push(url);
        }
    }
    targets
}

paperfall_adapter::export!(Wayback);

#[cfg(test)]
mod tests;
