//! Which of a work's identifiers names it, and which page stands for it.
//!
//! Both must come out the same when a written work is read again, because jobs
//! are keyed by them.

use paperfall_identifiers::{AnyId, WebUrl};

use super::{Identifiers, Work, WorkId};

/// The name the work gets from its identifiers: the first of DOI, arXiv, PMCID,
/// PMID, the URL given as its id, OpenAlex.
pub(super) fn first_name(ids: &Identifiers, url: Option<&WebUrl>) -> Option<AnyId> {
    let openalex = || ids.openalex.clone().map(AnyId::OpenAlex);
    first_scholarly(ids)
        .or_else(|| url.cloned().map(AnyId::Url))
        .or_else(openalex)
}

/// What a work id of our own making (`doi:10.…`, `url:https://…`) was made from.
pub(super) fn origin_of(work_id: &WorkId) -> Option<AnyId> {
    let id = AnyId::parse(work_id.as_str()).ok()?;
    (id.to_string() == work_id.as_str()).then_some(id)
}

/// The page that stands for a work. What named it decides; for names that are
/// no pages (OpenAlex's, and those people give) it is the first of DOI, arXiv,
/// PMCID, PMID, landing page, OpenAlex's page, PDF.
pub(super) fn canonical_url(name: Option<&AnyId>, work: &Work) -> String {
    if let Some(name) = name.filter(|name| !matches!(name, AnyId::OpenAlex(_))) {
        return name.canonical_url();
    }
    let ids = &work.identifiers;
    let openalex = || ids.openalex.clone().map(|id| id.canonical_url());
    let other = || ids.other.iter().next().map(other_name);
    first_scholarly(ids)
        .map(|id| id.canonical_url())
        .or_else(|| work.landing_urls.first().map(ToString::to_string))
        .or_else(openalex)
        .or_else(|| work.pdf_urls.first().map(ToString::to_string))
        .or_else(other)
        .unwrap_or_default()
}

/// The name from an identifier only third-party adapters know; it is a URI by
/// its shape, and the work's page too when there is no other.
pub(super) fn other_name((scheme, value): (&String, &String)) -> String {
    format!("{scheme}:{value}")
}

fn first_scholarly(ids: &Identifiers) -> Option<AnyId> {
    let doi = ids.doi.clone().map(AnyId::Doi);
    doi.or_else(|| ids.arxiv.clone().map(AnyId::Arxiv))
        .or_else(|| ids.pmcid.clone().map(AnyId::Pmcid))
        .or_else(|| ids.pmid.clone().map(AnyId::Pmid))
}
