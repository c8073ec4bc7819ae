//! PubMed Central: the PDF in the open-data bucket, the route NCBI sanctions
//! for machines (<https://pmc.ncbi.nlm.nih.gov/tools/pmcaws/>). Article pages
//! are never asked: they serve a proof-of-work page with status 200.
//!
//! Three steps: PMCID (the ID converter knows it by DOI or PMID), the versions
//! in the bucket, each version's metadata with the PDF's key and MD5.

mod bucket;
mod idconv;

use paperfall_adapter::ids::{Doi, Pmcid, Pmid};
use paperfall_adapter::{
    Adapter, Candidate, Descriptor, Findings, Host, Miss, Policy, Request, Work, urls,
};

use bucket::{Article, MAX_LISTINGS, MAX_VERSIONS};

/// The adapter.
#[derive(Debug)]
pub struct Pmc;

impl Adapter for Pmc {
    fn describe() -> Descriptor {
        Descriptor::new(
            "pmc",
            env!("CARGO_PKG_VERSION"),
            "PDFs of the PubMed Central open-data bucket by PMCID, PMID or DOI",
        )
        .starts_from("pmcid")
        .starts_from("pmid")
        .starts_from("doi")
        .host("pmc.ncbi.nlm.nih.gov")
        .host("pmc-oa-opendata.s3.amazonaws.com")
        .setting_or(
            "idconv-url",
            "https://pmc.ncbi.nlm.nih.gov",
            "Where the PMC ID converter lives.",
        )
        .setting_or(
            "bucket-url",
            "https://pmc-oa-opendata.s3.amazonaws.com",
            "Where the PMC open-data bucket lives.",
        )
        .setting("email", "Your address, sent to the ID converter if set.")
    }

    fn resolve(host: &dyn Host, work: &Work, policy: &Policy) -> Result<Findings, Miss> {
        let mut found = Findings::none("no_pdf_url");
        let pmcid = match work.pmcid() {
            Some(pmcid) => pmcid,
            None => {
                let record = idconv::look_up(host, work, policy)?;
                learn(&mut found, &record.doi, &record.pmid);
                found.learn(record.pmcid.clone());
                record.pmcid
            }
        };
        let bucket = policy.base_url("bucket-url")?;
        let versions = list_versions(host, bucket, &pmcid)?;
        if versions.is_empty() {
            found.reason = "not_found".to_owned();
            return Ok(found);
        }

        // Each is read: the highest number is not always the best version.
        let mut articles = Vec::new();
        let mut trouble = None;
        for version in versions.into_iter().take(MAX_VERSIONS) {
            match read_article(host, bucket, &pmcid, version) {
                Ok(article) => articles.push(article),
                Err(miss) => trouble = Some(miss),
            }
        }
        articles.sort_by_key(|article| std::cmp::Reverse(article.rank()));
        for article in &articles {
            learn(&mut found, &article.doi, &article.pmid);
            match candidate(article, bucket, &pmcid) {
                Some(candidate) => found.propose(candidate),
                None if article.has_file() => {
                    trouble = Some(Miss::bad_answer(&format!(
                        "the address of a file of {pmcid}"
                    )));
                }
                None => {}
            }
        }
        match trouble {
            // Only the version that could not be read may have had the PDF.
            Some(miss) if found.candidates.is_empty() => Err(miss),
            _ => Ok(found),
        }
    }
}

/// The article's versions, the newest first.
fn list_versions(host: &dyn Host, bucket: &str, pmcid: &Pmcid) -> Result<Vec<u32>, Miss> {
    let first = urls::with_query(
        &format!("{bucket}/"),
        &[
            ("list-type", "2"),
            ("prefix", &format!("{pmcid}.")),
            ("delimiter", "/"),
        ],
    );
    let mut versions = Vec::new();
    let mut next: Option<String> = None;
    for _ in 0..MAX_LISTINGS {
        let url = match &next {
            Some(token) => urls::with_query(&first, &[("continuation-token", token)]),
            None => first.clone(),
        };
        let response = Request::metadata(url).send(host)?.answered()?;
        let page = bucket::listing(&response.text(), pmcid.as_ref())
            .ok_or_else(|| Miss::bad_answer("a bucket listing (ListBucketResult)"))?;
        versions.extend(page.versions);
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.dedup();
    Ok(versions)
}

fn read_article(
    host: &dyn Host,
    bucket: &str,
    pmcid: &Pmcid,
    version: u32,
) -> Result<Article, Miss> {
    let url = format!("{bucket}/metadata/{pmcid}.{version}.json");
    let mut article: Article = Request::metadata(url)
        .send(host)?
        .answered()?
        .json("the metadata of a PMC article version")?;
    let own = article.pmcid.as_deref().map(Pmcid::parse);
    // Metadata that do not say whose they are could say anything.
    if own.is_none_or(|own| own.as_ref() != Ok(pmcid)) {
        return Err(Miss::bad_answer(&format!("the metadata of {pmcid}")));
    }
    article.version = version;
    Ok(article)
}

fn candidate(article: &Article, bucket: &str, pmcid: &Pmcid) -> Option<Candidate> {
    let file = article.file(pmcid.as_ref())?;
    let candidate = Candidate::new(format!("{bucket}/{}", file.path), "pmc_pdf")
        .version(article.kind().to_owned())
        .license(article.license())
        .checksum(file.md5.map(|md5| format!("md5:{md5}")));
    Some(article.notes().fold(candidate, Candidate::note))
}

fn learn(found: &mut Findings, doi: &Option<String>, pmid: &Option<String>) {
    if let Some(doi) = doi.as_deref().and_then(|text| Doi::parse(text).ok()) {
        found.learn(doi);
    }
    if let Some(pmid) = pmid.as_deref().and_then(|text| Pmid::parse(text).ok()) {
        found.learn(pmid);
    }
}

paperfall_adapter::export!(Pmc);

#[cfg(test)]
mod tests;
