//! What a landing page says the work is called elsewhere. A work known by its
//! page only can then be asked for in every index.

use paperfall_adapter::ids::{ArxivId, Doi, Pmid, find_arxiv, find_pmcid};
use paperfall_adapter::{About, Findings, Page, Work};

/// Learns the identifiers the work lacks. A page that describes several works
/// or another one teaches nothing, and what the work already has is not
/// overruled.
pub(crate) fn learn(found: &mut Findings, page: &Page, work: &Work) {
    let about = About::new(page, work);
    if about.is_list() || about.is_anothers() {
        return;
    }
    let doi = page
        .metas("citation_doi")
        .find_map(|text| Doi::parse(text).ok());
    if let (None, Some(doi)) = (work.doi(), doi) {
        found.learn(doi);
    }
    if work.pmid().is_none()
        && let Some(pmid) = page
            .metas("citation_pmid")
            .find_map(|text| Pmid::parse(text).ok())
    {
        found.learn(pmid);
    }
    if work.pmcid().is_none()
        && let Some(pmcid) = find_pmcid(page.url())
    {
        found.learn(pmcid);
    }
    if work.arxiv().is_none() {
        let named = page
            .metas("citation_arxiv_id")
            .find_map(|text| ArxivId::parse(text).ok());
        if let Some(arxiv) = named.or_else(|| find_arxiv(page.url())) {
            found.learn(arxiv);
        }
    }
}
