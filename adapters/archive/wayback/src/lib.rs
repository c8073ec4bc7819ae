//! The Wayback Machine: captures of the PDF URLs that failed elsewhere.
//!
//! The CDX index is asked for every PDF URL known, then for landing pages: a
//! page captured as HTML may name a PDF that was captured as well. Each capture
//! is looked at before it is proposed, because what makes an answer a capture
//! is the `Memento-Datetime` header, which only the adapter checks.

mod cdx;
mod replay;

use paperfall_adapter::{
    Adapter, Candidate, Descriptor, Findings, Host, Level, Miss, MissOutcome, Policy, Work, urls,
};

use cdx::Capture;
use replay::Replay;

/// PDF URLs looked up, landing pages looked up; each is a CDX request, of which
/// the archive wants fewer than 24 a minute from everyone together.
const MAX_PDF_URLS: usize = 4;
const MAX_LANDING_URLS: usize = 2;
/// Captures of one URL that are tried, the newest first.
const MAX_CAPTURES: usize = 3;
/// With less time than this left, what was found is returned.
const ENOUGH_MS: u32 = 2_500;

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
        let mut search = Search {
            host,
            policy,
            found: Findings::none("no_snapshot"),
            trouble: None,
        };
        for url in pdf_urls.into_iter().take(MAX_PDF_URLS) {
            if search.is_over() {
                break;
            }
            let result = search.pdf_captures(url);
            search.note(result)?;
        }
        for url in pages.into_iter().take(MAX_LANDING_URLS) {
            if search.is_over() || !search.found.candidates.is_empty() {
                break;
            }
            let result = search.page_captures(url);
            search.note(result)?;
        }
        match search.trouble {
            Some(miss) if search.found.candidates.is_empty() => Err(miss),
            _ => Ok(search.found),
        }
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

/// One attempt's search through the archive.
struct Search<'a> {
    host: &'a dyn Host,
    policy: &'a Policy,
    found: Findings,
    trouble: Option<Miss>,
}

impl Search<'_> {
    fn is_over(&self) -> bool {
        !self.found.candidates.is_empty() && self.host.remaining().ms < ENOUGH_MS
    }

    /// Keeps trouble with one URL for the end; a rate limit ends the search,
    /// because asking on makes the archive's block longer.
    fn note(&mut self, result: Result<(), Miss>) -> Result<(), Miss> {
        match result {
            Ok(()) => Ok(()),
            Err(miss) if miss.reason() == "rate_limited" && self.found.candidates.is_empty() => {
                Err(miss)
            }
            Err(miss) => {
                self.trouble.get_or_insert(miss);
                Ok(())
            }
        }
    }

    fn captures(&self, url: &str) -> Result<Vec<Capture>, Miss> {
        match cdx::captures(self.host, self.policy, url) {
            Err(miss)
                if miss.outcome() == MissOutcome::Retryable && miss.reason() != "rate_limited" =>
            {
                // Out of order: the availability API may still give a hint.
                // When it has none, that proves nothing.
                match cdx::hint(self.host, self.policy, url) {
                    Ok(Some(capture)) => Ok(vec![capture]),
                    Ok(None) | Err(_) => Err(miss),
                }
            }
            other => other,
        }
    }

    /// Proposes the newest good capture of a PDF URL.
    fn pdf_captures(&mut self, url: &str) -> Result<(), Miss> {
        let captures = self.captures(url)?;
        let pdfs = captures.iter().filter(|capture| capture.may_be_pdf());
        for capture in pdfs.take(MAX_CAPTURES) {
            match replay::look_at(self.host, self.policy, capture)? {
                Replay::Pdf(replayed) => {
                    self.found.propose(Candidate::new(replayed, "wayback_pdf"));
                    return Ok(());
                }
                Replay::Page(_) | Replay::BadCapture => {}
                Replay::NotACapture => {
                    self.host.log(
                        Level::Info,
                        &format!("{url}: the archive does not replay it (no Memento-Datetime)"),
                    );
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Proposes a PDF captured under a landing page's URL, or the capture of a
    /// PDF that the captured page names.
    fn page_captures(&mut self, url: &str) -> Result<(), Miss> {
        let captures = self.captures(url)?;
        for capture in captures.iter().take(1) {
            match replay::look_at(self.host, self.policy, capture)? {
                Replay::Pdf(replayed) => {
                    self.found.propose(Candidate::new(replayed, "wayback_pdf"));
                }
                Replay::Page(page) => {
                    let named = page
                        .metas("citation_pdf_url")
                        .find_map(|content| urls::absolute(url, content));
                    if let Some(pdf) = named {
                        self.pdf_captures(&pdf)?;
                    }
                }
                Replay::BadCapture | Replay::NotACapture => {}
            }
        }
        Ok(())
    }
}

paperfall_adapter::export!(Wayback);

#[cfg(test)]
mod tests;
