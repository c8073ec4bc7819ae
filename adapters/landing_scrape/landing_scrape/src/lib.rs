//! Landing pages: the PDF an article's page names about itself.
//!
//! Every landing page known of the work is read whole, a few of them at most;
//! what they name is ranked over all pages. A page that sells the article may
//! still name the PDF (validation decides); a challenge page is `blocked`, and
//! no refresh into a challenge or to a login is followed.

mod address;
mod anchors;
mod dois;
mod embedded;
mod extract;
mod full_text;
mod identifiers;
mod index;
mod lexicon;
mod names;
mod script;
mod subject;
mod surroundings;
mod title;
mod words;

use paperfall_adapter::{
    Adapter, Candidate, Descriptor, Findings, Host, Landing, Level, Miss, MissOutcome, Policy,
    Request, Work, urls,
};

use extract::Named;

/// Landing pages read in one attempt.
const MAX_PAGES: usize = 4;

/// Meta refreshes followed from each of them; a circle would need more.
const MAX_REFRESHES: usize = 2;

/// The adapter.
#[derive(Debug)]
pub struct LandingScrape;

impl Adapter for LandingScrape {
    fn describe() -> Descriptor {
        Descriptor::new(
            "landing_scrape",
            env!("CARGO_PKG_VERSION"),
            "PDFs named by the work's landing pages",
        )
        .starts_from("landing-url")
        .host("*")
    }

    fn resolve(host: &dyn Host, work: &Work, policy: &Policy) -> Result<Findings, Miss> {
        let pages = reading_order(work);
        if pages.is_empty() {
            return Err(Miss::skipped("no_landing_url"));
        }
        let mut found = Findings::none("no_pdf_url");
        let mut named: Vec<Named> = Vec::new();
        let mut misses: Vec<Miss> = Vec::new();
        let mut seen: Vec<String> = Vec::new();
        for url in pages.into_iter().take(MAX_PAGES) {
            // A slow second page must not cost what the first one named.
            if !named.is_empty() && host.remaining().ms < policy.timeout_ms / 2 {
                host.log(Level::Debug, "time is short: the other pages stay unread");
                break;
            }
            match read(host, work, url, &mut seen, &mut found) {
                Ok(more) => named.extend(more),
                Err(miss) => {
                    host.log(
                        Level::Debug,
                        &format!("{url}: {}", miss.detail().unwrap_or(miss.reason())),
                    );
                    misses.push(miss);
                }
            }
        }
        address::leave_out_older(&mut named, |named| &named.url, &seen);
        if named.is_empty() {
            let miss = misses
                .into_iter()
                .max_by_key(weight)
                .unwrap_or_else(|| Miss::no_pdf("no_pdf_url"));
            if found.identifiers.is_empty() || miss.outcome() != MissOutcome::NoPdf {
                return Err(miss);
            }
            found.reason = miss.reason().to_owned();
            return Ok(found);
        }
        // Stable: equals stay in the order of the pages and of each page.
        named.sort_by_key(|named| std::cmp::Reverse(named.score));
        for named in named {
            found.propose(Candidate::new(named.url, "landing_pdf"));
        }
        Ok(found)
    }
}

/// The work's landing pages, each once; the resolver's addresses last, for
/// they most likely lead to one of the others.
fn reading_order(work: &Work) -> Vec<&str> {
    let mut pages: Vec<&str> = Vec::new();
    for url in &work.landing_urls {
        if pages
            .iter()
            .all(|known| urls::sameness(known) != urls::sameness(url))
        {
            pages.push(url);
        }
    }
    pages.sort_by_key(|url| urls::is_under(url, "doi.org"));
    if pages
        .first()
        .is_some_and(|url| !urls::is_under(url, "doi.org"))
    {
        pages.retain(|url| !urls::is_under(url, "doi.org"));
    }
    pages
}

/// Reads one page: what it names, into `seen` its address, and into `found`
/// what it says the work is called elsewhere. A page that names nothing and
/// sends its reader on is followed; challenges are no pages and are not, nor
/// are pages that send into one or to a login.
fn read(
    host: &dyn Host,
    work: &Work,
    url: &str,
    seen: &mut Vec<String>,
    found: &mut Findings,
) -> Result<Vec<Named>, Miss> {
    let mut url = url.to_owned();
    let mut refreshes = 0;
    let (response, page, named) = loop {
        let response = Request::landing(url).send(host)?;
        let page = match response.landing()? {
            Landing::Pdf => return Ok(vec![Named::itself(&response.url)]),
            Landing::Page(page) => page,
        };
        seen.push(response.url.clone());
        identifiers::learn(found, &page, work);
        let named = extract::pdfs(&page, work);
        match page.refresh() {
            Some(next)
                if named.is_empty() && !page.looks_paywalled() && refreshes < MAX_REFRESHES =>
            {
                refreshes += 1;
                url = next;
            }
            _ => break (response, page, named),
        }
    };
    if named.is_empty() {
        let reason = if page.looks_paywalled() {
            "paywalled"
        } else {
            "no_pdf_url"
        };
        return Err(Miss::no_pdf(reason)
            .with_status(response.status)
            .because(format!("{} names no PDF", response.url)));
    }
    if page.looks_paywalled() {
        host.log(
            Level::Debug,
            &format!("{} names a PDF beside a price or a door", response.url),
        );
    }
    Ok(named)
}

/// Which of several pages' misses speaks for all: first what may change, then
/// the most informative.
fn weight(miss: &Miss) -> u8 {
    match (miss.outcome(), miss.reason()) {
        (MissOutcome::Retryable, _) => 6,
        (MissOutcome::Error, _) => 5,
        (MissOutcome::NoPdf, "blocked") => 4,
        (MissOutcome::NoPdf, "paywalled") => 3,
        (MissOutcome::NoPdf, "no_pdf_url") => 2,
        (MissOutcome::NoPdf, _) => 1,
        (MissOutcome::Nonretryable | MissOutcome::Skipped, _) => 0,
    }
}

paperfall_adapter::export!(LandingScrape);

#[cfg(test)]
mod tests;
