//! What people paste: an identifier of any kind, or a URL.
//!
//! Addresses of the services we know become that service's identifier;
//! publishers' addresses stay URLs, even with a DOI inside, because the page
//! named is what was asked for. What such an address names besides is
//! [`find_in_address`](crate::find_in_address)'s matter.

use std::fmt;
use std::str::FromStr;

use crate::web::Web;
use crate::{
    ArxivId, Doi, IdError, IdKind, OpenAlexId, Pmcid, Pmid, WebUrl, arxiv, openalex, paste, web_url,
};

/// One identifier of some kind. `Display` is the work id it gives rise to
/// (`doi:10.…`, `arxiv:…`, `pmcid:PMC…`, `pmid:…`, `url:https://…`, `W…`), which
/// parses back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AnyId {
    /// A DOI.
    Doi(Doi),
    /// An arXiv paper.
    Arxiv(ArxivId),
    /// An article in PubMed Central.
    Pmcid(Pmcid),
    /// A record in PubMed.
    Pmid(Pmid),
    /// A URL of no service we know.
    Url(WebUrl),
    /// A work in OpenAlex.
    OpenAlex(OpenAlexId),
}

impl AnyId {
    /// Reads whatever was pasted, wrapping and trailing punctuation included.
    ///
    /// # Errors
    /// When it is no identifier, is malformed, or is a bare number, which could
    /// be a PMID as well as a PMCID.
    pub fn parse(pasted: &str) -> Result<Self, IdError> {
        let text = paste::unwrap(IdKind::Any, pasted)?;
        match labelled(&text) {
            Some(result) => result,
            None => from_web(&text)
                .or_else(|| bare(&text))
                .unwrap_or_else(|| Err(unknown(pasted, &text))),
        }
    }

    /// The page that stands for the work.
    #[must_use]
    pub fn canonical_url(&self) -> String {
        match self {
            Self::Doi(id) => id.canonical_url(),
            Self::Arxiv(id) => id.canonical_url(),
            Self::Pmcid(id) => id.canonical_url(),
            Self::Pmid(id) => id.canonical_url(),
            Self::Url(url) => url.to_string(),
            Self::OpenAlex(id) => id.canonical_url(),
        }
    }

    /// The kind of identifier this is.
    #[must_use]
    pub fn kind(&self) -> IdKind {
        match self {
            Self::Doi(_) => IdKind::Doi,
            Self::Arxiv(_) => IdKind::Arxiv,
            Self::Pmcid(_) => IdKind::Pmcid,
            Self::Pmid(_) => IdKind::Pmid,
            Self::Url(_) => IdKind::Url,
            Self::OpenAlex(_) => IdKind::OpenAlex,
        }
    }
}

/// Texts that say what they are: `doi:…`, `arXiv:…`, `pmid 123`, `url:…`.
fn labelled(text: &str) -> Option<Result<AnyId, IdError>> {
    let starts = |prefix| paste::strip_prefix(text, prefix).is_some();
    let labels = |word| paste::strip_label(text, word).is_some();
    if starts("info:doi/") || starts("urn:doi:") || labels("doi") {
        return Some(Doi::parse(text).map(AnyId::Doi));
    }
    if starts("oai:arxiv.org:") || labels("arxiv") {
        return Some(ArxivId::parse(text).map(AnyId::Arxiv));
    }
    if starts("oai:pubmedcentral.nih.gov:") || labels("pmcid") || labels("pmc") {
        return Some(Pmcid::parse(text).map(AnyId::Pmcid));
    }
    if starts("info:pmid/") || labels("pmid") {
        return Some(Pmid::parse(text).map(AnyId::Pmid));
    }
    if labels("openalex") {
        return Some(OpenAlexId::parse(text).map(AnyId::OpenAlex));
    }
    let address = paste::strip_prefix(text, "url:")?.trim_start();
    Some(from_web(address).unwrap_or_else(|| WebUrl::parse(address).map(AnyId::Url)))
}

/// Addresses: of a service we know (also without `https://`), else URLs.
fn from_web(text: &str) -> Option<Result<AnyId, IdError>> {
    from_service(text).or_else(|| {
        web_url::has_web_scheme(text).then(|| {
            let url = url(text)?;
            // Normalising can uncover a service (`https://%61rxiv.org/…`).
            from_service(url.as_str()).unwrap_or(Ok(AnyId::Url(url)))
        })
    })
}

/// Addresses of the services we know that name one work.
fn from_service(text: &str) -> Option<Result<AnyId, IdError>> {
    let web = Web::split(text)?;
    if web.is_doi_resolver() {
        match Doi::parse(text) {
            Ok(doi) => return Some(Ok(AnyId::Doi(doi))),
            // The resolver's other pages (and short DOIs) are just pages.
            Err(error) if web.segments().any(|part| part.starts_with("10.")) => {
                return Some(Err(error));
            }
            Err(_) => {}
        }
    }
    if web.is_arxiv() && arxiv::is_paper_page(&web) {
        return Some(ArxivId::parse(text).map(AnyId::Arxiv));
    }
    if let Some(id) = Pmcid::from_web(&web) {
        return Some(Ok(AnyId::Pmcid(id)));
    }
    if let Some(id) = Pmid::from_web(&web) {
        return Some(Ok(AnyId::Pmid(id)));
    }
    openalex::entity(&web).map(|_| OpenAlexId::parse(text).map(AnyId::OpenAlex))
}

/// Identifiers that show by their shape what they are.
fn bare(text: &str) -> Option<Result<AnyId, IdError>> {
    let digits_after = |prefix| {
        paste::strip_prefix(text, prefix)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    if text.starts_with("10.") || text.starts_with("10/") {
        return Some(Doi::parse(text).map(AnyId::Doi));
    }
    if digits_after("PMC") || digits_after("PMCPMC") {
        return Some(Pmcid::parse(text).map(AnyId::Pmcid));
    }
    if digits_after("W") {
        return Some(OpenAlexId::parse(text).map(AnyId::OpenAlex));
    }
    let id = ArxivId::parse(text);
    let like_arxiv = text.split_once('.').is_some_and(|(head, tail)| {
        head.len() == 4
            && head.bytes().all(|b| b.is_ascii_digit())
            && tail.starts_with(|c: char| c.is_ascii_digit())
    });
    (id.is_ok() || like_arxiv).then(|| id.map(AnyId::Arxiv))
}

/// A pasted URL. Dropping its fragment can lay bare more of the sentence's
/// punctuation, so both are repeated until nothing changes.
fn url(text: &str) -> Result<WebUrl, IdError> {
    let mut url = WebUrl::parse(paste::without_trailing(text))?;
    loop {
        let trimmed = paste::without_trailing(url.as_str());
        if trimmed.len() == url.as_str().len() {
            return Ok(url);
        }
        url = WebUrl::parse(trimmed)?;
    }
}

/// How many words of a text are looked at for an identifier among them.
const WORDS_TRIED: usize = 64;

fn unknown(pasted: &str, text: &str) -> IdError {
    let (why, remedy) = if text.bytes().all(|b| b.is_ascii_digit()) {
        (
            Some("a bare number may be a PMID or a PMCID"),
            Some("write it as pmid:… or PMC…"),
        )
    } else if text.contains("://") {
        (Some("only http and https addresses can be followed"), None)
    } else if text.contains(char::is_whitespace) {
        let mut words = text.split_whitespace().take(WORDS_TRIED);
        if words.any(|word| AnyId::parse(word).is_ok()) {
            (
                Some("it is more than one word"),
                Some("give one identifier at a time"),
            )
        } else {
            (
                Some("it is several words, and titles cannot be looked up"),
                Some("give the DOI of the work, or another identifier of it"),
            )
        }
    } else if text.contains('.') && text.contains('/') {
        (
            None,
            Some("if it is a web address, write it with https:// in front"),
        )
    } else {
        (None, None)
    };
    IdError::unknown(pasted, why, remedy)
}

impl fmt::Display for AnyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Doi(id) => write!(f, "doi:{id}"),
            Self::Arxiv(id) => write!(f, "arxiv:{id}"),
            Self::Pmcid(id) => write!(f, "pmcid:{id}"),
            Self::Pmid(id) => write!(f, "pmid:{id}"),
            Self::Url(url) => write!(f, "url:{url}"),
            Self::OpenAlex(id) => write!(f, "{id}"),
        }
    }
}

impl FromStr for AnyId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
    }
}
