//! Europe PMC: its search knows, for a DOI, PMID or PMCID, the full-text links
//! and whether each is free (<https://europepmc.org/RestfulWebService>).
//!
//! Only links of style `pdf` with availability `OA` or `F` are proposed; the
//! probe decides about the bytes. `resultType=core` is essential: the default
//! answer has no link list at all, which says nothing about the article.

mod record;

use paperfall_adapter::ids::{Doi, Pmcid, Pmid};
use paperfall_adapter::{
    Adapter, Candidate, Descriptor, Findings, Host, Miss, Policy, Request, Work, urls,
};

use record::{Answer, Record};

/// The adapter.
#[derive(Debug)]
pub struct EuropePmc;

impl Adapter for EuropePmc {
    fn describe() -> Descriptor {
        Descriptor::new(
            "europe_pmc",
            env!("CARGO_PKG_VERSION"),
            "Free full texts known to Europe PMC by DOI, PMID or PMCID",
        )
        .starts_from("doi")
        .starts_from("pmid")
        .starts_from("pmcid")
        .host("www.ebi.ac.uk")
        .host("europepmc.org")
        .setting_or(
            "base-url",
            "https://www.ebi.ac.uk/europepmc/webservices/rest",
            "Where the Europe PMC web service lives.",
        )
    }

    fn resolve(host: &dyn Host, work: &Work, policy: &Policy) -> Result<Findings, Miss> {
        let ids = asked_by(work);
        if ids.is_empty() {
            return Err(Miss::skipped("no_identifier"));
        }
        for id in &ids {
            if let Some(record) = search(host, policy, id)? {
                return Ok(findings(&record));
            }
        }
        Err(Miss::no_pdf("not_found"))
    }
}

/// What a record is asked for by, and has to match.
enum Id {
    Pmcid(Pmcid),
    Pmid(Pmid),
    Doi(Doi),
}

/// The work's identifiers, the least ambiguous first.
fn asked_by(work: &Work) -> Vec<Id> {
    [
        work.pmcid().map(Id::Pmcid),
        work.pmid().map(Id::Pmid),
        work.doi().map(Id::Doi),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Id {
    fn query(&self) -> String {
        match self {
            Self::Pmcid(pmcid) => format!("PMCID:{pmcid}"),
            Self::Pmid(pmid) => format!("EXT_ID:{pmid} AND SRC:MED"),
            // Quoted: parentheses in a DOI are syntax otherwise.
            Self::Doi(doi) => {
                let doi = doi.to_string().replace('\\', "\\\\").replace('"', "\\\"");
                format!("DOI:\"{doi}\"")
            }
        }
    }

    fn matches(&self, record: &Record) -> bool {
        let same = |own: &Option<String>, id: String| {
            own.as_deref()
                .is_some_and(|own| own.trim().eq_ignore_ascii_case(&id))
        };
        match self {
            Self::Pmcid(pmcid) => same(&record.pmcid, pmcid.to_string()),
            Self::Pmid(pmid) => same(&record.pmid, pmid.to_string()),
            Self::Doi(doi) => {
                let own = record.doi.as_deref().map(Doi::parse);
                own.is_some_and(|own| own.as_ref() == Ok(doi))
            }
        }
    }
}

fn search(host: &dyn Host, policy: &Policy, id: &Id) -> Result<Option<Record>, Miss> {
    let url = urls::with_query(
        &format!("{}/search", policy.base_url("base-url")?),
        &[
            ("query", &id.query()),
            ("resultType", "core"),
            ("format", "json"),
            ("pageSize", "1"),
        ],
    );
    let answer: Answer = Request::metadata(url)
        .send(host)?
        .answered()?
        .json("a search answer of Europe PMC")?;
    let (is_core, says_none) = (answer.is_core(), answer.says_none());
    let results = answer
        .result_list
        .ok_or_else(|| Miss::bad_answer("`resultList` from Europe PMC"))?
        .result;
    if results.is_empty() && !says_none {
        return Err(Miss::bad_answer("results or `hitCount` 0 from Europe PMC"));
    }
    match results.into_iter().find(|record| id.matches(record)) {
        // The default answer lacks the links of every record.
        Some(record) if record.full_text_url_list.is_none() && !is_core => Err(Miss::bad_answer(
            "links: Europe PMC answered with less than resultType=core",
        )),
        record => Ok(record),
    }
}

fn findings(record: &Record) -> Findings {
    let mut found = Findings::none("no_pdf_url");
    for link in record.links().filter(|link| link.is_free()) {
        let Some(url) = link.https_url() else {
            continue;
        };
        if link.is_pdf() {
            let mut candidate = Candidate::new(url, "europe_pmc_pdf")
                .version(record.version().to_owned())
                .license(record.license());
            if record.is_retracted() {
                candidate = candidate.note("retracted");
            }
            found.propose(candidate);
        } else if !urls::is_under(&url, "europepmc.org") {
            // Europe PMC's own pages are written by scripts: nothing to read.
            found.hand_on(url);
        }
    }
    if record.links().next().is_some() && record.links().all(|link| !link.is_free()) {
        found.reason = "not_oa".to_owned();
    }
    if let Some(pmcid) = parsed(&record.pmcid, Pmcid::parse) {
        found.learn(pmcid);
    }
    if let Some(pmid) = parsed(&record.pmid, Pmid::parse) {
        found.learn(pmid);
    }
    if let Some(doi) = parsed(&record.doi, Doi::parse) {
        found.learn(doi);
    }
    found
}

fn parsed<T, E>(text: &Option<String>, parse: fn(&str) -> Result<T, E>) -> Option<T> {
    parse(text.as_deref()?).ok()
}

paperfall_adapter::export!(EuropePmc);

#[cfg(test)]
mod tests;
