//! The DOI itself: follow doi.org to the PDF or, more often, to the landing
//! page, which is handed on with whatever it says about itself.
//!
//! The ends of the way are many: Elsevier's linkinghub hides the next hop in a
//! meta refresh, Crossref shows a chooser or the grave of a deleted DOI,
//! Springer complains of cookies, firewalls refuse, servers are down. A
//! landing page that refuses us is still handed on, and the refusal said:
//! archives may have it. Where not even its address was learnt, the registry
//! behind the resolver knows it.

mod chooser;
mod handle;
mod hop;

use paperfall_adapter::ids::{Doi, find_arxiv, find_pmcid};
use paperfall_adapter::{
    Adapter, Candidate, Descriptor, Findings, Host, HttpError, HttpErrorKind, Landing, Level, Miss,
    MissOutcome, Page, Policy, Request, Response, Work, urls,
};

use handle::Handle;

/// Meta refreshes followed; linkinghub needs one, a circle would need more.
const MAX_REFRESHES: usize = 2;
/// With less time than this left the registry is not asked any more.
const ENOUGH_MS: u32 = 1_500;

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
        match Request::landing(first).send(host) {
            Ok(response) if stays(&response, resolver) => {
                at_resolver(host, resolver, &doi, response)
            }
            Ok(response) => follow(host, &doi, response),
            Err(error) => unreachable_target(host, resolver, &doi, error),
        }
    }
}

/// Whether the resolver itself answered: it knows no target.
fn stays(response: &Response, resolver: &str) -> bool {
    urls::host(&response.url) == urls::host(resolver) || urls::is_under(&response.url, "doi.org")
}

/// From the resolver's first answer elsewhere to the end.
fn follow(host: &dyn Host, doi: &Doi, first: Response) -> Result<Findings, Miss> {
    let mut response = first;
    for _ in 0..MAX_REFRESHES {
        let landing = response.landing();
        let next = match &landing {
            Ok(Landing::Page(page)) => hop::next(page),
            _ => None,
        };
        let Some(next) = next else {
            return end(&response, landing, doi);
        };
        match Request::landing(next.as_str()).send(host) {
            Ok(answer) => response = answer,
            Err(error) if is_the_targets(error.kind) => return handed_on(error.into(), &next),
            Err(error) => return Err(error.into()),
        }
    }
    let landing = response.landing();
    end(&response, landing, doi)
}

/// The resolver's own answer: a 404 for what is not registered, a page of
/// values for what leads nowhere, or trouble.
fn at_resolver(
    host: &dyn Host,
    resolver: &str,
    doi: &Doi,
    response: Response,
) -> Result<Findings, Miss> {
    if response.status != 404 && !response.is_success() {
        return Err(response
            .ok()
            .err()
            .unwrap_or_else(|| Miss::bad_answer("a redirect from doi.org")));
    }
    match handle::look_up(host, resolver, doi)? {
        Handle::Unregistered => Err(Miss::nonretryable("doi_unregistered")
            .with_status(404)
            .because("doi.org does not know this DOI: probably a typing error")),
        Handle::Registered(Some(target)) if !urls::is_under(&target, "doi.org") => {
            reach(host, doi, &target)
        }
        Handle::Registered(_) => Ok(Findings::none("no_pdf_url")),
    }
}

/// Goes to a target the registry named, in https if it can be had.
fn reach(host: &dyn Host, doi: &Doi, target: &str) -> Result<Findings, Miss> {
    let upgraded = hop::in_https(target);
    for url in [upgraded.as_deref(), Some(target)].into_iter().flatten() {
        if let Ok(response) = Request::landing(url).send(host) {
            return follow(host, doi, response);
        }
    }
    Ok(landing_page("no_pdf_url", target))
}

/// The way broke before its end was known: the registry says where it leads.
fn unreachable_target(
    host: &dyn Host,
    resolver: &str,
    doi: &Doi,
    error: HttpError,
) -> Result<Findings, Miss> {
    let is_the_targets = is_the_targets(error.kind);
    let miss = Miss::from(error);
    if !is_the_targets || host.remaining().ms < ENOUGH_MS {
        return Err(miss);
    }
    match handle::look_up(host, resolver, doi) {
        Ok(Handle::Registered(Some(target))) => {
            host.log(Level::Info, miss.detail().unwrap_or(miss.reason()));
            handed_on(miss, &target)
        }
        _ => Err(miss),
    }
}

/// Whether a failure may be that of the server the DOI leads to, of which an
/// archive may know more; refusals of our own are not.
fn is_the_targets(kind: HttpErrorKind) -> bool {
    use HttpErrorKind as Kind;
    matches!(
        kind,
        Kind::Dns
            | Kind::Connect
            | Kind::Tls
            | Kind::Reset
            | Kind::Protocol
            | Kind::Stalled
            | Kind::Timeout
            | Kind::RedirectLoop
            | Kind::TooLarge
            | Kind::RobotsDisallow
            | Kind::BreakerOpen
    )
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
        Err(miss) => handed_on(miss, &response.url),
    }
}

/// A page that could not be read, handed on under the reason why; the host
/// takes the outcome from the reason.
fn handed_on(miss: Miss, url: &str) -> Result<Findings, Miss> {
    match (miss.outcome(), miss.reason()) {
        // Asking the same host again at once is what it asked us not to do.
        (_, "rate_limited") => Err(miss),
        // A reason of our own would not tell the host that nothing was said.
        (MissOutcome::Error, _) => Ok(landing_page("no_pdf_url", url)),
        (_, reason) => Ok(landing_page(reason, url)),
    }
}

fn page_end(page: &Page, doi: &Doi) -> Findings {
    let url = page.url();
    if urls::is_under(url, "crossref.org") {
        if url.contains("_deleted-doi") {
            return Findings::none("not_found");
        }
        return chooser::places(page, doi);
    }
    landing_page("no_pdf_url", url)
}

fn landing_page(reason: &str, url: &str) -> Findings {
    let mut found = Findings::none(reason);
    found.hand_on(hop::without_complaint(url));
    learn(&mut found, url);
    found
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
