//! The identifier in the address of a work's page: publishers' pages with the
//! DOI in their path, and what the services we know answer at.
//!
//! Such an address stays an address ([`AnyId`] says so), because the page named
//! is what was asked for; the identifier is known besides. A wrong one would
//! file another paper under the work, and is worse than none: it is only
//! believed in shapes of paths that are known, and what publishers hang on it
//! to say how a page is shown is cut off.

use percent_encoding::percent_decode_str;

use crate::web::Web;
use crate::{AnyId, ArxivId, Doi, MAX_INPUT_BYTES, Pmcid, Pmid, paste, web_url};

/// What stands before a DOI in a path of articles, on any host; `doi` itself
/// may have a word of [`VIEWS_BEFORE`] behind it.
const PLACES: &[&[&str]] = &[
    &["doi"],
    &["article"],
    &["articles"],
    &["chapter"],
    &["protocol"],
    &["referenceworkentry"],
    &["content"],
    &["content", "pdf"],
    &["content", "journals"],
    &["track", "pdf"],
];

/// How Atypon says between `doi` and the DOI what is shown of the article.
const VIEWS_BEFORE: &[&str] = &[
    "abs",
    "abstract",
    "full",
    "fulltext",
    "full-xml",
    "fullhtml",
    "html",
    "pdf",
    "pdfplus",
    "pdfdirect",
    "epdf",
    "epub",
    "reader",
    "figure",
    "ref",
    "book",
];

/// The same on hosts where it would say too little elsewhere.
const PLACES_AT: &[(&str, &[&[&str]])] = &[
    (
        "journals.aps.org",
        &[&["abstract"], &["pdf"], &["accepted"]],
    ),
    ("thieme-connect.com", &[&["abstract"], &["html"], &["pdf"]]),
    ("thieme-connect.de", &[&["abstract"], &["html"], &["pdf"]]),
    ("jstor.org", &[&["stable"]]),
    ("link.springer.com", &[&[], &["book"], &["content", "html"]]),
    ("hdl.handle.net", &[&[]]),
    ("unpaywall.org", &[&[]]),
    ("oadoi.org", &[&[]]),
    ("api.unpaywall.org", &[&["v2"]]),
    ("api.oadoi.org", &[&[], &["v2"]]),
    ("api.crossref.org", &[&["works"]]),
    ("api.datacite.org", &[&["dois"]]),
    ("commons.datacite.org", &[&["doi.org"]]),
];

/// Hosts on which a DOI may stand behind anything: a volume, an issue, a title.
const ANYWHERE_AT: &[&str] = &["projecteuclid.org"];

/// Segments behind a DOI that say what is shown of the article.
const VIEWS: &[&str] = &[
    "full",
    "fulltext",
    "fulltext.html",
    "full-text",
    "abstract",
    "html",
    "index.html",
    "pdf",
    "epdf",
    "epub",
    "xml",
    "nlm",
    "summary",
    "meta",
    "metrics",
    "figures",
    "tables",
    "references",
    "citations",
    "related",
    "comments",
    "authors",
    "agency",
];

/// What hangs on the last segment to say the same.
const ENDINGS: &[&str] = &[
    ".pdf+html",
    ".pdf",
    ".html",
    ".htm",
    ".xml",
    ".epub",
    ".full",
    ".full-text",
    ".fulltext",
    ".long",
    ".short",
    ".abstract",
    ".supplementary-material",
    ".figures-only",
    ".article-info",
    ".article-metrics",
];

/// Registrants whose addresses have the version behind the DOI (bioRxiv,
/// medRxiv); others' versions belong to theirs.
const VERSIONED: &[&str] = &["10.1101/", "10.64898/"];

/// Registrants' parts of an article with DOIs of their own: PLOS.
const PLOS: &str = "10.1371/";

/// The identifier in the address of a page or file of one work: a DOI in a
/// known shape of path or in a query's `doi=`, or what an address of the
/// services we know asks for (`api.unpaywall.org/v2/10.…`, PubMed's `?term=`,
/// identifiers.org, arXiv's API). None in doubt, and for supplements.
#[must_use]
pub fn find_in_address(url: &str) -> Option<AnyId> {
    let url = url.trim();
    if url.len() > MAX_INPUT_BYTES || !web_url::has_web_scheme(url) {
        return None;
    }
    let web = Web::split(url)?;
    asked_of_service(&web).or_else(|| doi_in(&web).map(AnyId::Doi))
}

fn asked_of_service(web: &Web<'_>) -> Option<AnyId> {
    let segments: Vec<_> = web.segments().collect();
    let path: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    let arxiv = |id: &[&str]| ArxivId::from_bare(&id.join("/")).ok().map(AnyId::Arxiv);
    match (web.host(), path.as_slice()) {
        ("pubmed.ncbi.nlm.nih.gov", []) | ("ncbi.nlm.nih.gov", ["pubmed"]) => {
            let term = decoded(web.query("term")?)?;
            let doi = || own_doi(&term).map(AnyId::Doi);
            Pmid::from_bare(&term).map(AnyId::Pmid).or_else(doi)
        }
        ("ebi.ac.uk", ["europepmc", "webservices", "rest", id, "fullTextXML"])
            if paste::strip_prefix(id, "PMC").is_some() =>
        {
            Pmcid::from_bare(id).map(AnyId::Pmcid)
        }
        ("export.arxiv.org" | "arxiv.org", ["api", "query"]) => arxiv(&[web.query("id_list")?]),
        ("huggingface.co", ["papers", id @ ..])
        | ("scirate.com", ["arxiv", id @ ..])
        | ("alphaxiv.org", ["abs" | "pdf", id @ ..])
        | ("arxiv-vanity.com", ["papers", id @ ..]) => arxiv(id),
        ("identifiers.org" | "n2t.net", [curie, ..]) => {
            let (scheme, first) = curie.split_once(':').unwrap_or((curie, ""));
            let behind = path.get(1..).unwrap_or_default();
            let id = match first {
                "" => behind.join("/"),
                first => [&[first], behind].concat().join("/"),
            };
            match scheme.to_ascii_lowercase().as_str() {
                "doi" => own_doi(&id).map(AnyId::Doi),
                "pubmed" | "pmid" => Pmid::from_bare(&id).map(AnyId::Pmid),
                "pmc" | "pmcid" => Pmcid::from_bare(&id).map(AnyId::Pmcid),
                "arxiv" => ArxivId::from_bare(&id).ok().map(AnyId::Arxiv),
                _ => None,
            }
        }
        ("api.openalex.org" | "openalex.org", ["works", ..]) => {
            let (_, id) = web.rest().split_once('/')?;
            let id = decoded(id.split(['?', '#']).next().unwrap_or(id))?;
            if let Some(pmid) = paste::strip_prefix(&id, "pmid:") {
                return Pmid::from_bare(pmid).map(AnyId::Pmid);
            }
            let named = ["doi:", "https://doi.org/", "http://doi.org/", "doi.org/"]
                .iter()
                .find_map(|before| paste::strip_prefix(&id, before));
            own_doi(named?).map(AnyId::Doi)
        }
        _ => None,
    }
}

fn doi_in(web: &Web<'_>) -> Option<Doi> {
    let (path, query) = match web.rest().split_once(['?', '#']) {
        Some((path, _)) => (path, web.query("doi")),
        None => (web.rest(), None),
    };
    if path.contains("suppl_file")
        || path.contains("/asset")
        || web.query("type") == Some("supplementary")
    {
        return None;
    }
    let named = match web.host() {
        "journals.plos.org" => web.query("id").filter(|id| id.contains(PLOS)),
        _ => query,
    };
    if let Some(named) = named {
        return own_doi(&decoded(named)?).filter(|doi| !is_part(doi));
    }
    doi_in_path(web, path).filter(|doi| !is_part(doi))
}

/// The DOI that begins with one of the path's segments.
fn doi_in_path(web: &Web<'_>, path: &str) -> Option<Doi> {
    let segments: Vec<&str> = path.split('/').collect();
    let at = segments.iter().position(|segment| begins_doi(segment))?;
    let (before, rest) = segments.split_at(at);
    let before: Vec<String> = before
        .iter()
        .map(|word| word.to_ascii_lowercase())
        .collect();
    let mut place: Vec<&str> = before.iter().map(String::as_str).collect();
    let is_own = is_place(web.host(), &place);
    if let Some((view, outside)) = place.split_last()
        && outside.last() == Some(&"doi")
        && VIEWS_BEFORE.contains(view)
    {
        place.pop();
    }
    if !is_own && !is_place(web.host(), &place) {
        return None;
    }
    let mut rest = rest;
    // Silverchair puts its own number and the title behind the DOI.
    if let [.., kind, "doi"] = place.as_slice()
        && kind.starts_with("article")
    {
        let number =
            |segment: &&str| !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit());
        let end = rest.iter().skip(2).position(number).map(|at| at + 2);
        rest = rest.get(..end.unwrap_or(rest.len()))?;
    }
    // Crossref's API can be asked for another form.
    let form = rest.iter().position(|segment| *segment == "transform");
    rest = rest.get(..form.unwrap_or(rest.len()))?;
    own_doi(&decoded(&rest.join("/"))?)
}

/// Whether a segment is the registrant's part of a DOI, or a whole one with its
/// slash escaped.
fn begins_doi(segment: &str) -> bool {
    let Some(rest) = segment.strip_prefix("10.") else {
        return false;
    };
    let registrant = rest.split(['%', '/']).next().unwrap_or(rest);
    let digits = registrant.split('.').next().unwrap_or_default();
    let is_whole = registrant.len() == rest.len()
        || rest
            .get(registrant.len()..)
            .is_some_and(|after| paste::strip_prefix(after, "%2f").is_some());
    is_whole
        && (4..=9).contains(&digits.len())
        && registrant.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

fn is_place(host: &str, before: &[&str]) -> bool {
    // Publishers' own resolvers: `dx.plos.org`, `doi.acm.org`.
    let is_resolver = matches!(host.split('.').next(), Some("doi" | "dx")) && before.is_empty();
    let at_host = PLACES_AT
        .iter()
        .filter(|(own, _)| *own == host)
        .flat_map(|(_, places)| *places)
        .any(|place| match place.is_empty() {
            true => before.is_empty(),
            false => before.ends_with(place),
        });
    is_resolver
        || at_host
        || ANYWHERE_AT.contains(&host)
        || PLACES.iter().any(|place| before.ends_with(place))
}

/// The DOI in what stands in its place, without what says how its article is
/// shown.
fn own_doi(text: &str) -> Option<Doi> {
    let mut doi = text.trim_end_matches('/');
    loop {
        let shorter = without_view(doi);
        if shorter.len() == doi.len() {
            break;
        }
        doi = shorter;
    }
    if VERSIONED
        .iter()
        .any(|registrant| doi.starts_with(registrant))
        && let Some((stem, version)) = doi.rsplit_once(['v', 'V'])
        && stem.ends_with(|c: char| c.is_ascii_digit())
        && paste::positive_number(version, 3).is_some()
    {
        doi = stem;
    }
    doi.starts_with("10.")
        .then(|| Doi::parse(doi).ok())
        .flatten()
}

fn without_view(doi: &str) -> &str {
    let is_view = |segment: &str| VIEWS.iter().any(|view| segment.eq_ignore_ascii_case(view));
    // What stays has its registrant and something behind it.
    let is_whole = |rest: &str| {
        rest.split_once('/')
            .is_some_and(|(_, suffix)| !suffix.is_empty())
    };
    if let Some((before, last)) = doi.rsplit_once('/').filter(|(before, _)| is_whole(before)) {
        if last.is_empty() || is_view(last) {
            return before;
        }
        // `/figures/1`
        let numbered = before.rsplit_once('/').filter(|(rest, part)| {
            is_whole(rest)
                && matches!(*part, "figures" | "tables")
                && last.bytes().all(|b| b.is_ascii_digit())
        });
        if let Some((rest, _)) = numbered {
            return rest;
        }
    }
    let ending = ENDINGS.iter().find_map(|ending| {
        let at = doi.len().checked_sub(ending.len())?;
        let (stem, last) = doi.split_at_checked(at)?;
        (last.eq_ignore_ascii_case(ending) && is_whole(stem) && !stem.ends_with('/'))
            .then_some(stem)
    });
    ending.unwrap_or(doi)
}

/// Whether a DOI is that of a figure, a table or a supplement of an article.
fn is_part(doi: &Doi) -> bool {
    let Some((_, last)) = doi.as_str().rsplit_once('.') else {
        return false;
    };
    let mut letters = last.chars();
    doi.as_str().starts_with(PLOS)
        && matches!(letters.next(), Some('g' | 't' | 's' | 'e' | 'r'))
        && letters.as_str().len() == 3
        && letters.all(|c| c.is_ascii_digit())
}

fn decoded(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    Some(text.into_owned())
}
