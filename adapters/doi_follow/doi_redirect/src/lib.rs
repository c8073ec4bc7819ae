//! The DOI itself: follow doi.org to the PDF or, more often, to the landing
//! page, which is handed on with whatever it says about itself.
//!
//! The ends of the way are many: Elsevier's linkinghub hides the next hop in a
//! meta refresh, Crossref shows a chooser or the grave of a deleted DOI,
//! Springer complains of cookies, firewalls refuse. A landing page that
//! refuses us is still handed on: archives may have it.

mod handle;

use paperfall_adapter::ids::{Doi, find_arxiv, find_pmcid};
use paperfall_adapter::{
    Adapter, Candidate, Descriptor, Findings, Host, Landing, Miss, MissOutcome, Page, Policy,
    Request, Response, Work, urls,
};

use handle::Handle;

/// Meta refreshes followed; linkinghub needs one, a circle would need more.
const MAX_REFRESHES: usize = 2;

/// The adapter.
#[derive(Debug)]
pub struct DoiRedirect;

impl Adapter for DoiRedirect {
    fn describe() -> Descriptor {
        Descriptor::new(
            "doi_redirect",
            env!("CARGO_PKG_VERSION"),
            "Follows the DOI to a PDF or a landing page",
        )
        .starts_from("doi")
        .host("*")
        .setting_or("base-url", "https://doi.org", "Where DOIs are resolved.")
    }

    fn resolve(host: &dyn Host, work: &Work, policy: &Policy) -> Result<Findings, Miss> {
        let doi = work.doi().ok_or_else(|| Miss::skipped("no_doi"))?;
        let resolver = policy.base_url("base-url")?;
        let first = format!("{resolver}/{}", doi.url_path());
        let mut response = Request::landing(first).send(host)?;
        let is_resolvers = urls::host(&response.url) == urls::host(resolver)
            || urls::is_under(&response.url, "doi.org");
        if response.status == 404 && is_resolvers {
            return without_target(handle::look_up(host, resolver, &doi)?);
        }
        for _ in 0..MAX_REFRESHES {
            match response.landing() {
                Ok(Landing::Page(page)) => match next_hop(&page) {
                    Some(next) => response = Request::landing(next).send(host)?,
                    None => return Ok(page_end(&page, &doi)),
                },
                other => return end(&response, other, &doi),
            }
        }
        let last = response.landing();
        end(&response, last, &doi)
    }
}

/// What doi.org's own 404 means.
fn without_target(handle: Handle) -> Result<Findings, Miss> {
    match handle {
        Handle::Unregistered => Err(Miss::nonretryable("doi_unregistered")
            .with_status(404)
            .because("doi.org does not know this DOI: probably a typing error")),
        Handle::Registered(target) => {
            let mut found = Findings::none("no_pdf_url");
            if let Some(url) = target {
                found.hand_on(url);
            }
            Ok(found)
        }
    }
}

/// What the end of the way is worth.
fn end(response: &Response, landing: Result<Landing, Miss>, doi: &Doi) -> Result<Findings, Miss> {
    match landing {
        Ok(Landing::Pdf) => {
            let mut found = Findings::none("no_pdf_url");
            found.propose(Candidate::new(response.url.clone(), "doi_pdf"));
            learn(&mut found, &response.url);
            Ok(found)
        }
        Ok(Landing::Page(page)) => Ok(page_end(&page, doi)),
        Err(miss) if miss.outcome() == MissOutcome::NoPdf => {
            Ok(landing_page(miss.reason(), &response.url))
        }
        Err(miss) => Err(miss),
    }
}

fn page_end(page: &Page, doi: &Doi) -> Findings {
    let url = page.url();
    if urls::is_under(url, "crossref.org") {
        if url.contains("_deleted-doi") {
            return Findings::none("not_found");
        }
        return chosen(page, doi);
    }
    landing_page("no_pdf_url", url)
}

fn landing_page(reason: &str, url: &str) -> Findings {
    let mut found = Findings::none(reason);
    found.hand_on(without_complaint(url));
    learn(&mut found, url);
    found
}

/// Every place a Crossref chooser page offers.
fn chosen(page: &Page, doi: &Doi) -> Findings {
    let mut found = Findings::none("no_pdf_url");
    let own = doi.to_string();
    for link in page.elements(&["a"]) {
        let Some(url) = link.attr("href").and_then(|href| page.absolute(href)) else {
            continue;
        };
        let elsewhere = ["crossref.org", "doi.org", "creativecommons.org"]
            .iter()
            .all(|domain| !urls::is_under(&url, domain));
        // Publishers' targets are deep; a link to a bare host is a logo's.
        let deep = urls::sameness(&url).contains('/') || url.contains(&own);
        if elsewhere && deep {
            found.hand_on(url);
        }
    }
    found
}

/// Where a page that is only a step on the way leads.
fn next_hop(page: &Page) -> Option<String> {
    let refresh = page.refresh()?;
    // linkinghub: the target stands percent-encoded in the refresh's query or
    // in a hidden field; the refresh itself leads to a page for browsers.
    urls::query_value(&refresh, "Redirect")
        .or_else(|| hidden_target(page))
        .and_then(|target| page.absolute(&target))
        .or(Some(refresh))
}

fn hidden_target(page: &Page) -> Option<String> {
    page.elements(&["input"])
        .find(|input| {
            input
                .attr("name")
                .is_some_and(|name| name.eq_ignore_ascii_case("redirectURL"))
        })
        .and_then(|input| input.attr("value"))
        .map(urls::decode)
}

/// Springer's address without its complaint about cookies.
fn without_complaint(url: &str) -> &str {
    match url.split_once('?') {
        Some((page, query)) if query.contains("cookies_not_supported") => page,
        _ => url,
    }
}

fn learn(found: &mut Findings, url: &str) {
    if let Some(pmcid) = find_pmcid(url) {
        found.learn(pmcid);
    }
    if let Some(arxiv) = find_arxiv(url) {
        found.learn(arxiv);
    }
}

paperfall_adapter::export!(DoiRedirect);

#[cfg(test)]
mod tests;
