//! Finding identifiers inside what services answer: `pmh_id`s and URLs.
//!
//! Careful on purpose: a wrongly mined identifier files another paper under the
//! work, so a URL is only believed on the service's own hosts.

use crate::web::Web;
use crate::{ArxivId, MAX_INPUT_BYTES, Pmcid, paste, web_url};

/// The PMCID in a `pmh_id` (`oai:pubmedcentral.nih.gov:4234579`), in an address
/// of PMC, its open-data bucket or Europe PMC (any case), or in plain text
/// (`… PMC123 …`). The first one counts.
#[must_use]
pub fn find_pmcid(text: &str) -> Option<Pmcid> {
    let text = text.trim();
    if text.len() > MAX_INPUT_BYTES {
        return None;
    }
    if paste::strip_prefix(text, "oai:").is_some() {
        return Pmcid::parse(text).ok();
    }
    if web_url::has_web_scheme(text) {
        let web = Web::split(text)?;
        return Pmcid::from_web(&web).or_else(|| {
            is_pmc_host(web.host())
                .then(|| first_pmc_number(web.rest()))
                .flatten()
        });
    }
    first_pmc_number(text)
}

/// The arXiv id an address of arxiv.org (abs, pdf, html, …), a `pmh_id`
/// (`oai:arXiv.org:…`) or a `10.48550/arXiv.…` DOI names.
#[must_use]
pub fn find_arxiv(url: &str) -> Option<ArxivId> {
    ArxivId::parse(url).ok()
}

fn is_pmc_host(host: &str) -> bool {
    ["nih.gov", "europepmc.org"]
        .iter()
        .any(|zone| host == *zone || host.strip_suffix(zone).is_some_and(|h| h.ends_with('.')))
        || host.starts_with("pmc-oa-opendata.")
}

/// The first `PMC` that starts a word and is followed by digits.
fn first_pmc_number(text: &str) -> Option<Pmcid> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| paste::strip_prefix(word, "PMC").is_some())
        .find_map(Pmcid::from_bare)
}
