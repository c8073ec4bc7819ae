//! Unpaywall: the index of open-access locations by DOI
//! (<https://unpaywall.org/products/api>).
//!
//! One request. Every location is walked, best first: a PDF URL becomes a
//! candidate, the rest become landing pages, and PMCIDs and arXiv ids found in
//! any of them are handed on, of closed works too.

mod record;

use paperfall_adapter::ids::{Doi, find_arxiv, find_pmcid};
use paperfall_adapter::{
    Adapter, Candidate, Descriptor, Findings, Host, Miss, Policy, Request, Response, Work, json,
    urls,
};
use record::{Location, Record, Refusal};

/// The adapter.
#[derive(Debug)]
pub struct Unpaywall;

impl Adapter for Unpaywall {
    fn describe() -> Descriptor {
        Descriptor::new(
            "unpaywall",
            env!("CARGO_PKG_VERSION"),
            "Open-access locations by DOI from Unpaywall",
        )
        .starts_from("doi")
        .host("api.unpaywall.org")
        .setting_or(
            "base-url",
            "https://api.unpaywall.org",
            "Where the Unpaywall API lives.",
        )
        .setting(
            "email",
            "Your address; Unpaywall wants one with every request. Without it the source is skipped.",
        )
    }

    fn resolve(host: &dyn Host, work: &Work, policy: &Policy) -> Result<Findings, Miss> {
        let doi = work.doi().ok_or_else(|| Miss::skipped("no_doi"))?;
        let email = policy
            .setting("email")
            .ok_or_else(|| Miss::skipped("no_email").because("Unpaywall needs --email"))?;
        let url = urls::with_query(
            &format!("{}/v2/{}", policy.base_url("base-url")?, doi.url_path()),
            &[("email", email)],
        );
        let record = record(Request::metadata(url).send(host)?)?;
        // Another work's record would file another work's paper.
        let own = record.doi.as_deref().map(Doi::parse);
        if own.is_some_and(|own| own.as_ref() != Ok(&doi)) {
            return Err(Miss::bad_answer(&format!("the Unpaywall record of {doi}")));
        }
        findings(record)
    }
}

/// The record in an answer, or what the answer says instead: a refusal may
/// come with any status, and an unknown DOI with a page for people.
fn record(mut response: Response) -> Result<Record, Miss> {
    let refusal: Option<Refusal> = json::parse(&response.text());
    if let (true, Some(status)) = (
        response.is_success(),
        refusal.as_ref().and_then(Refusal::status),
    ) {
        response.status = status;
    }
    if response.status == 422 {
        let words = refusal.and_then(|refusal| refusal.message);
        return Err(Miss::nonretryable("misconfigured")
            .with_status(422)
            .because(format!(
                "Unpaywall refuses the configured e-mail address: set --email to your own (it says: {:.200})",
                words.as_deref().unwrap_or("nothing")
            )));
    }
    response.ok()?.json("an Unpaywall record")
}

fn findings(record: Record) -> Result<Findings, Miss> {
    // Its locations are another work's.
    if let Some(what) = record.no_work() {
        return Err(Miss::no_pdf(what));
    }
    let mut locations = record.oa_locations;
    if locations.is_empty() {
        locations.extend(record.best_oa_location);
    }
    // "Closed" has to be said; nothing said is no answer.
    if record.is_oa.is_none() && locations.is_empty() {
        return Err(Miss::bad_answer("an Unpaywall record with `is_oa`"));
    }
    locations.sort_by_key(|location| !location.is_best.unwrap_or(false));

    let known_as_oa = record.is_oa.unwrap_or(false) || !locations.is_empty();
    let mut found = Findings::none(if known_as_oa { "no_pdf_url" } else { "not_oa" });
    for location in &locations {
        if let Some(pdf) = pdf_of(location) {
            let mut candidate = Candidate::new(best_spelling(pdf), "oa_pdf")
                .version(location.version.clone())
                .license(location.license.clone());
            if let Some(host_type) = filled(&location.host_type) {
                candidate = candidate.note(host_type);
            }
            found.propose(candidate);
        }
    }
    // Pages that stand alone first: they are the only way to their copy.
    let (with_pdf, alone): (Vec<_>, Vec<_>) = locations
        .iter()
        .partition(|location| pdf_of(location).is_some());
    for location in alone.into_iter().chain(with_pdf) {
        let page = filled(&location.url_for_landing_page).or_else(|| filled(&location.url));
        let page = page.filter(|page| urls::host(page).is_some() && !is_candidate(&found, page));
        if let Some(page) = page {
            found.hand_on(page);
        }
    }
    for location in locations.iter().chain(&record.oa_locations_embargoed) {
        learn(&mut found, location);
    }
    Ok(found)
}

/// The location's PDF, if it is an address at all.
fn pdf_of(location: &Location) -> Option<&str> {
    filled(&location.url_for_pdf).filter(|url| urls::host(url).is_some())
}

fn learn(found: &mut Findings, location: &Location) {
    for text in [
        &location.pmh_id,
        &location.url_for_pdf,
        &location.url_for_landing_page,
        &location.url,
    ]
    .into_iter()
    .filter_map(filled)
    {
        if let Some(pmcid) = find_pmcid(text) {
            found.learn(pmcid);
        }
        if let Some(arxiv) = find_arxiv(text) {
            found.learn(arxiv);
        }
    }
}

/// arXiv's PDFs in one spelling, so that they are not fetched twice; any other
/// URL as it is.
fn best_spelling(url: &str) -> String {
    if urls::is_under(url, "arxiv.org")
        && let Some(id) = find_arxiv(url)
    {
        return format!("https://arxiv.org/pdf/{id}");
    }
    url.to_owned()
}

fn is_candidate(found: &Findings, page: &str) -> bool {
    let page = urls::sameness(page);
    found
        .candidates
        .iter()
        .any(|candidate| urls::sameness(&candidate.url) == page)
}

fn filled(text: &Option<String>) -> Option<&str> {
    text.as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

paperfall_adapter::export!(Unpaywall);

#[cfg(test)]
mod tests;
