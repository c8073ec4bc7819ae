//! The identifier in the address of a work's page: publishers' pages with the
//! DOI in their path, and what the services we know answer at.
//!
//! Such an address stays an address ([`AnyId`] says so), because the page named
//! is what was asked for; the identifier is known besides. A wrong one would
//! file another paper under the work, and is worse than none: it is only
//! believed in shapes of paths that are known, where they name no supplement,
//! and where it can be told from what stands behind it (`doi_end`).

use percent_encoding::percent_decode_str;

use crate::web::Web;
use crate::{AnyId, ArxivId, Doi, MAX_INPUT_BYTES, Pmcid, Pmid, doi_end, paste, web_url};

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
    &["counter", "pdf"],
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
    "proceedings",
];

/// The same on hosts where it would say too little elsewhere.
const PLACES_AT: &[(&str, &[&[&str]])] = &[
    (
        "journals.aps.org",
        &[&["abstract"], &["pdf"], &["accepted"]],
    ),
    ("thieme-connect.com", &[&["abstract"], &["html"], &["pdf"]]),
    ("thieme-connect.de", &[&["abstract"], &["html"], &["pdf"]]),
    (
        "jstor.org",
        &[&["stable"], &["stable", "pdf"], &["stable", "pdfplus"]],
    ),
    (
        "link.springer.com",
        &[
            &[],
            &["book"],
            &["content", "html"],
            &["epdf"],
            &["referencework"],
            &["rwe"],
        ],
    ),
    (
        "taylorfrancis.com",
        &[
            &["books", "edit"],
            &["books", "mono"],
            &["books", "oa-edit"],
            &["books", "oa-mono"],
            &["chapters"],
            &["chapters", "edit"],
            &["chapters", "mono"],
            &["chapters", "oa-edit"],
            &["chapters", "oa-mono"],
        ],
    ),
    ("drops.dagstuhl.de", &[&["entities", "document"]]),
];

/// Services that are asked by DOI: nothing stands behind it.
const SERVICES: &[(&str, &[&[&str]])] = &[
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
const ANYWHERE_AT: &[&str] = &[
    "projecteuclid.org",
    "bioone.org",
    "complete.bioone.org",
    "spiedigitallibrary.org",
];

/// What Silverchair calls its kinds of works, in front of `doi`: `article`,
/// `advance-article-pdf`, `proceedings-abstract`.
const SILVERCHAIRS: &[&str] = &["article", "chapter", "proceedings"];

/// Hosts that put one title behind a DOI of one segment.
const TITLED_AT: &[&str] = &["taylorfrancis.com"];

/// Hosts whose pages are asked for by `?id=` and their DOI, and its registrant.
const ASKED_BY_ID_AT: &[(&str, &str)] = &[
    ("journals.plos.org", "10.1371/"),
    ("aeaweb.org", "10.1257/"),
];

/// What names of pages that show no paper hold: supplements, one figure, the
/// way to a paper cited.
const NO_PAPERS: &[&str] = &[
    "supp",
    "appendix",
    "attachment",
    "downloadfigure",
    "downloadtable",
    "linkout",
];

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
            let doi = || doi_end::exact(&term).map(AnyId::Doi);
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
                "doi" => doi_end::exact(&id).map(AnyId::Doi),
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
            doi_end::exact(named?).map(AnyId::Doi)
        }
        _ => None,
    }
}

fn doi_in(web: &Web<'_>) -> Option<Doi> {
    let rest = web.rest().split('#').next()?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if asks_for_supplement(query) {
        return None;
    }
    match doi_asked_for(web.host(), query) {
        Asked::Nothing => doi_in_path(web.host(), path),
        Asked::InDoubt => None,
        Asked::For(doi) => {
            let path = decoded(path)?.to_ascii_lowercase();
            let is_alone = doi_end::dois_in(&path).all(|other| is_same(other, &doi));
            (is_alone && !path.split('/').any(shows_no_paper)).then_some(doi)
        }
    }
}

/// `type=supplementary`
fn asks_for_supplement(query: &str) -> bool {
    pairs(query).any(|(key, value)| {
        let value = value.to_ascii_lowercase();
        matches!(key.to_ascii_lowercase().as_str(), "type" | "kind")
            && ["supp", "additional", "data"]
                .iter()
                .any(|what| value.starts_with(what))
    })
}

fn shows_no_paper(segment: &str) -> bool {
    segment.starts_with("asset") || NO_PAPERS.iter().any(|name| segment.contains(name))
}

/// What a query's `doi=` says.
enum Asked {
    For(Doi),
    /// It says no DOI, or the query names another one besides.
    InDoubt,
    Nothing,
}

fn doi_asked_for(host: &str, query: &str) -> Asked {
    let mut asked: Option<Doi> = None;
    for (key, value) in pairs(query) {
        let by_id = ASKED_BY_ID_AT
            .iter()
            .find(|(own, _)| *own == host && key == "id");
        if by_id.is_none() && !key.eq_ignore_ascii_case("doi") {
            continue;
        }
        let found = decoded(value).and_then(|value| doi_end::labelled(&value));
        match (found, by_id) {
            (Some(doi), Some((_, own))) if !doi.as_str().starts_with(own) => {}
            (Some(doi), _) if asked.as_ref().is_none_or(|known| *known == doi) => {
                asked = Some(doi);
            }
            (None, Some(_)) => {}
            _ => return Asked::InDoubt,
        }
    }
    let Some(doi) = asked else {
        return Asked::Nothing;
    };
    let names_another = pairs(query).any(|(_, value)| {
        let value = percent_decode_str(value)
            .decode_utf8_lossy()
            .to_ascii_lowercase();
        doi_end::dois_in(&value).any(|other| !is_same(other, &doi))
    });
    match names_another {
        true => Asked::InDoubt,
        false => Asked::For(doi),
    }
}

/// Whether a text begins with the whole of a DOI.
fn is_same(text: &str, doi: &Doi) -> bool {
    text.strip_prefix(doi.as_str())
        .is_some_and(|behind| !behind.starts_with(char::is_alphanumeric))
}

fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter_map(|pair| pair.split_once('='))
}

/// The DOI that begins with one of the path's segments.
fn doi_in_path(host: &str, path: &str) -> Option<Doi> {
    let segments: Vec<&str> = without_session(path).split('/').collect();
    let at = segments.iter().position(|segment| begins_doi(segment))?;
    let (before, mut rest) = segments.split_at_checked(at)?;
    let before: Vec<String> = before
        .iter()
        .map(|word| word.to_ascii_lowercase())
        .collect();
    // Where a DOI may stand behind a title, that may say anything.
    let named = match ANYWHERE_AT.contains(&host) {
        true => before.get(..2).unwrap_or(&before),
        false => before.as_slice(),
    };
    if named.iter().any(|segment| shows_no_paper(segment)) {
        return None;
    }
    let mut place: Vec<&str> = before.iter().map(String::as_str).collect();
    let is_services = is_at(SERVICES, host, &place) || is_resolver(host, &place);
    let is_own = is_services || is_place(host, &place);
    if let Some((view, outside)) = place.split_last()
        && outside.last() == Some(&"doi")
        && VIEWS_BEFORE.contains(view)
    {
        place.pop();
    }
    if !is_own && !is_place(host, &place) {
        return None;
    }
    if let [.., kind, "doi"] = place.as_slice()
        && SILVERCHAIRS.iter().any(|own| kind.contains(own))
    {
        rest = before_number(kind, rest)?;
    }
    if TITLED_AT.contains(&host)
        && let [_, first, title] = rest
        && !doi_end::goes_on(&first.to_ascii_lowercase())
        && title.contains('-')
    {
        rest = rest.get(..2)?;
    }
    // Crossref's API can be asked for another form.
    if host == "api.crossref.org" {
        let form = rest.iter().position(|segment| *segment == "transform");
        rest = rest.get(..form.unwrap_or(rest.len()))?;
    }
    let text = decoded(&rest.join("/"))?;
    match is_services {
        true => doi_end::exact(&text),
        false => doi_end::in_path(&text),
    }
}

/// A path without the session that Java's servers hang on it.
fn without_session(path: &str) -> &str {
    const SESSION: &str = ";jsessionid=";
    let at = path.to_ascii_lowercase().find(SESSION);
    at.and_then(|at| path.get(..at)).unwrap_or(path)
}

/// Silverchair puts its own number behind the DOI, and a title or a file's name
/// behind that. Nothing where the number could be the DOI's own.
fn before_number<'a>(kind: &str, rest: &'a [&'a str]) -> Option<&'a [&'a str]> {
    let is_number =
        |segment: &&str| !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit());
    let Some(at) = rest.iter().skip(2).position(is_number).map(|at| at + 2) else {
        return Some(rest);
    };
    let (doi, behind) = rest.split_at_checked(at)?;
    let is_file = kind.ends_with("-pdf");
    let is_supplement = |segment: &&str| shows_no_paper(&segment.to_ascii_lowercase());
    let is_whole = match doi {
        [_, first] => !doi_end::goes_on(&first.to_ascii_lowercase()),
        _ => doi.last()?.bytes().any(|b| b.is_ascii_digit()),
    };
    (is_whole && !(is_file && behind.iter().any(is_supplement))).then_some(doi)
}

/// Whether a segment is the registrant's part of a DOI, or a whole one with its
/// slash escaped.
fn begins_doi(segment: &str) -> bool {
    let Some(rest) = segment.strip_prefix("10.") else {
        return false;
    };
    let registrant = rest.split('%').next().unwrap_or(rest);
    let is_whole = registrant.len() == rest.len()
        || rest
            .get(registrant.len()..)
            .is_some_and(|after| paste::strip_prefix(after, "%2f").is_some());
    is_whole && doi_end::is_registrant(registrant)
}

/// Publishers' own resolvers: `dx.plos.org`, `doi.acm.org`.
fn is_resolver(host: &str, before: &[&str]) -> bool {
    matches!(host.split('.').next(), Some("doi" | "dx")) && before.is_empty()
}

fn is_at(table: &[(&str, &[&[&str]])], host: &str, before: &[&str]) -> bool {
    table
        .iter()
        .filter(|(own, _)| *own == host)
        .flat_map(|(_, places)| *places)
        .any(|place| match place.is_empty() {
            true => before.is_empty(),
            false => before.ends_with(place),
        })
}

fn is_place(host: &str, before: &[&str]) -> bool {
    is_at(PLACES_AT, host, before)
        || ANYWHERE_AT.contains(&host)
        || PLACES.iter().any(|place| before.ends_with(place))
        // Behind its journal's code: Ingenta.
        || matches!(before, [.., "content", "journal" | "journals", _])
}

fn decoded(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    Some(text.into_owned())
}
