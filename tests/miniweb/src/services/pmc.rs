//! PubMed Central: the identifier converter, the article pages (whose `/pdf/`
//! wants a proof of work), and the open-data bucket.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::asked::Asked;
use crate::paper::{Paper, Service};
use crate::pdf::Pdf;
use crate::services::publisher::{LandingPage, PdfLink};
use crate::text::escape;
use crate::world::{Id, Turns, World};

/// The bucket's name in its listings and `s3://` addresses.
const BUCKET: &str = "pmc-oa-opendata";

/// One version of an article in the bucket.
#[derive(Debug, Clone)]
pub struct PmcVersion {
    number: u32,
    pdf: Option<Answer>,
    md5: Option<String>,
    manuscript: bool,
    open_access: bool,
    retracted: bool,
    license: &'static str,
}

impl PmcVersion {
    /// An open-access article with its PDF and the PDF's true MD5.
    #[must_use]
    pub fn new(number: u32, pdf: Pdf) -> Self {
        Self::answering(number, Answer::pdf(pdf))
    }

    /// The same, the PDF being served as scripted. The MD5 is that of the body
    /// the answer carries.
    #[must_use]
    pub fn answering(number: u32, pdf: Answer) -> Self {
        Self {
            number,
            md5: Some(pdf.md5()),
            pdf: Some(pdf),
            manuscript: false,
            open_access: true,
            retracted: false,
            license: "CC BY",
        }
    }

    /// Text and XML only: the metadata names no PDF.
    #[must_use]
    pub fn without_pdf(number: u32) -> Self {
        Self {
            pdf: None,
            md5: None,
            ..Self::answering(number, Answer::text(""))
        }
    }

    /// Announces another MD5 than the file's.
    #[must_use]
    pub fn with_md5(mut self, md5: &str) -> Self {
        self.md5 = Some(md5.to_owned());
        self
    }

    /// An author manuscript outside the open-access subset.
    #[must_use]
    pub fn manuscript(mut self) -> Self {
        self.manuscript = true;
        self.open_access = false;
        self.license = "TDM";
        self
    }

    /// Retracted since.
    #[must_use]
    pub fn retracted(mut self) -> Self {
        self.retracted = true;
        self
    }
}

/// What PubMed Central holds of an article.
#[derive(Debug, Clone, Default)]
pub struct PmcDeposit {
    versions: Vec<PmcVersion>,
    unknown_to_idconv: bool,
}

impl PmcDeposit {
    /// These versions in the bucket; none: in PMC, but not in the bucket.
    #[must_use]
    pub fn new(versions: impl Into<Vec<PmcVersion>>) -> Self {
        Self {
            versions: versions.into(),
            unknown_to_idconv: false,
        }
    }

    /// The identifier converter does not connect it to its DOI and PMID.
    #[must_use]
    pub fn unknown_to_idconv(mut self) -> Self {
        self.unknown_to_idconv = true;
        self
    }
}

/// `pmc.ncbi.nlm.nih.gov`.
pub(crate) fn site(world: &World, asked: &Asked, turns: &Turns) -> Option<Answer> {
    if asked.path.trim_end_matches('/') == "/tools/idconv/api/v1/articles" {
        return Some(idconv(world, asked, turns));
    }
    let article = asked.path.strip_prefix("/articles/")?;
    let (pmcid, rest) = article.split_once('/').unwrap_or((article, ""));
    let Some(paper) = world
        .find(Id::Pmcid, pmcid)
        .filter(|paper| paper.pmc.is_some())
    else {
        return Some(Answer::status(404));
    };
    Some(match rest {
        "" => LandingPage::new(&paper.title)
            .pdf(PdfLink::CitationMeta(format!(
                "https://pmc.ncbi.nlm.nih.gov/articles/{pmcid}/pdf/main.pdf"
            )))
            .answer(),
        pdf if pdf.starts_with("pdf") => Answer::proof_of_work(),
        _ => Answer::status(404),
    })
}

/// `www.ncbi.nlm.nih.gov`: article pages moved, the old services are gone.
pub(crate) fn old_site(asked: &Asked) -> Option<Answer> {
    let article = asked.path.strip_prefix("/pmc/articles/")?;
    Some(Answer::redirect_as(
        301,
        &format!("https://pmc.ncbi.nlm.nih.gov/articles/{article}"),
    ))
}

fn idconv(world: &World, asked: &Asked, turns: &Turns) -> Answer {
    let ids: Vec<&str> = asked
        .query("ids")
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|id| !id.is_empty())
        .collect();
    if ids.is_empty() || ids.len() > 200 {
        return Answer::json(
            &json!({"status": "error", "message": "Invalid number of ids (1 to 200)"}),
        )
        .with_status(400);
    }
    let mut records = Vec::new();
    for id in &ids {
        let number = id.bytes().all(|b| b.is_ascii_digit());
        let (kind, key, name) = match asked.query("idtype") {
            Some("pmcid") if number => (Id::Pmcid, format!("PMC{id}"), "pmcid"),
            _ if number => (Id::Pmid, (*id).to_owned(), "pmid"),
            _ if id
                .get(..3)
                .is_some_and(|start| start.eq_ignore_ascii_case("pmc")) =>
            {
                (Id::Pmcid, (*id).to_owned(), "pmcid")
            }
            _ => (Id::Doi, (*id).to_owned(), "doi"),
        };
        let paper = world.find(kind, &key);
        if let Some(scripted) = paper.and_then(|p| world.scripted(p, Service::Idconv, turns)) {
            return scripted;
        }
        let known = paper.filter(|p| p.pmc.as_ref().is_some_and(|pmc| !pmc.unknown_to_idconv));
        records.push(match known {
            Some(paper) => record(paper, id),
            None => {
                let mut entry = json!({
                    "requested-id": id,
                    "status": "error",
                    "errmsg": "Identifier not found in PMC",
                });
                if let Some(fields) = entry.as_object_mut() {
                    fields.insert(name.to_owned(), pmid_number(name, id));
                }
                entry
            }
        });
    }
    let document = json!({
        "status": "ok",
        "response-date": "2026-09-24 06:51:02",
        "request": {
            "warnings": [],
            "format": "json",
            "ids": ids,
            "email": asked.query("email"),
            "tool": asked.query("tool"),
            "versions": "no",
            "showaiid": "no",
        },
        "records": records,
    });
    if asked.query("format") == Some("json") {
        Answer::json(&document)
    } else {
        // The default format is XML; ours says only that it is.
        Answer::xml("<pmcids status=\"ok\"/>")
    }
}

fn record(paper: &Paper, requested: &str) -> Value {
    let mut entry = json!({"requested-id": requested});
    if let Some(fields) = entry.as_object_mut() {
        for (name, value) in [
            ("doi", &paper.doi),
            ("pmcid", &paper.pmcid),
            ("pmid", &paper.pmid),
        ] {
            if let Some(value) = value {
                fields.insert(name.to_owned(), pmid_number(name, value));
            }
        }
    }
    entry
}

/// The converter writes PMIDs as numbers, everything else as strings.
fn pmid_number(name: &str, value: &str) -> Value {
    match (name, value.parse::<u64>()) {
        ("pmid", Ok(number)) => json!(number),
        _ => json!(value),
    }
}

/// The open-data bucket.
pub(crate) fn bucket(world: &World, asked: &Asked, turns: &Turns) -> Option<Answer> {
    if asked.path == "/" {
        return Some(listing(world, asked, turns));
    }
    let object = metadata(world, &asked.path).or_else(|| pdf(world, &asked.path));
    Some(object.unwrap_or_else(|| {
        Answer::xml(format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code>\
             <Message>The specified key does not exist.</Message><Key>{}</Key></Error>",
            escape(asked.path.trim_start_matches('/'))
        ))
        .with_status(404)
    }))
}

fn listing(world: &World, asked: &Asked, turns: &Turns) -> Answer {
    let prefix = asked.query("prefix").unwrap_or_default();
    let (pmcid, rest) = prefix.split_once('.').unwrap_or((prefix, ""));
    let paper = world.find(Id::Pmcid, pmcid);
    if let Some(scripted) = paper.and_then(|p| world.scripted(p, Service::PmcListing, turns)) {
        return scripted;
    }
    // Keys are compared as text, so PMC1.10 comes before PMC1.2.
    let mut folders: Vec<String> = paper
        .and_then(|p| p.pmc.as_ref())
        .map(|pmc| &pmc.versions)
        .into_iter()
        .flatten()
        .map(|version| version.number.to_string())
        .filter(|number| prefix.contains('.') && number.starts_with(rest.trim_end_matches('/')))
        .map(|number| format!("{pmcid}.{number}/"))
        .collect();
    folders.sort();
    let mut entries = String::new();
    for folder in &folders {
        let _ = write!(
            entries,
            "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>",
            escape(folder)
        );
    }
    Answer::xml(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Name>{BUCKET}</Name><Prefix>{}</Prefix><KeyCount>{}</KeyCount><MaxKeys>1000</MaxKeys><Delimiter>/</Delimiter>\
         <IsTruncated>false</IsTruncated>{entries}</ListBucketResult>",
        escape(prefix),
        folders.len()
    ))
}

/// The article and version of a name like `PMC123.4`.
fn version<'a>(world: &'a World, name: &str) -> Option<(&'a Paper, &'a PmcVersion)> {
    let (pmcid, number) = name.split_once('.')?;
    let number: u32 = number.parse().ok()?;
    let paper = world.find(Id::Pmcid, pmcid)?;
    let versions = &paper.pmc.as_ref()?.versions;
    Some((
        paper,
        versions.iter().find(|version| version.number == number)?,
    ))
}

fn metadata(world: &World, path: &str) -> Option<Answer> {
    let name = path.strip_prefix("/metadata/")?.strip_suffix(".json")?;
    let (paper, version) = version(world, name)?;
    let mut document = json!({
        "pmcid": paper.pmcid,
        "version": version.number,
        "pmid": paper.pmid.as_deref().and_then(|pmid| pmid.parse::<u64>().ok()),
        "doi": paper.doi,
        "title": paper.title,
        "citation": format!("Ann Mini Sch. {} Mar 2;1(1):1-9.", paper.year),
        "is_pmc_openaccess": version.open_access,
        "is_manuscript": version.manuscript,
        "is_historical_ocr": false,
        "is_retracted": version.retracted,
        "license_code": version.license,
        "xml_url": format!("s3://{BUCKET}/{name}/{name}.xml?md5=2ba36e61fa9eb4950c9daef9c9f58812"),
        "text_url": format!("s3://{BUCKET}/{name}/{name}.txt?md5=fc83ba0d98bb1d742486396c8df6e4a8"),
    });
    if let (Some(fields), Some(md5), true) = (
        document.as_object_mut(),
        &version.md5,
        version.pdf.is_some(),
    ) {
        let url = format!("s3://{BUCKET}/{name}/{name}.pdf?md5={md5}");
        fields.insert("pdf_url".to_owned(), json!(url));
    }
    Some(Answer::json(&document).content_type("binary/octet-stream"))
}

fn pdf(world: &World, path: &str) -> Option<Answer> {
    let (name, file) = path.strip_prefix('/')?.split_once('/')?;
    let (_, version) = version(world, name)?;
    (file == format!("{name}.pdf"))
        .then(|| version.pdf.clone())
        .flatten()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn world() -> World {
        World::new().paper(
            Paper::new("P")
                .doi("10.5555/p")
                .pmid("38000001")
                .pmcid("PMC9000001")
                .pmc(PmcDeposit::new([
                    PmcVersion::new(2, Pdf::new("P", 2, 3000)),
                    PmcVersion::without_pdf(10),
                ])),
        )
    }

    fn json_of(answer: &Answer) -> Value {
        serde_json::from_slice(&answer.body()).unwrap()
    }

    #[test]
    fn the_converter_matches_by_requested_id_and_writes_pmids_as_numbers() {
        let url = "https://pmc.ncbi.nlm.nih.gov/tools/idconv/api/v1/articles/?ids=38000001,99&format=json&tool=t&email=a@b.edu";
        let answer = json_of(&site(&world(), &Asked::get(url), &Turns::default()).unwrap());
        assert_eq!(answer["status"], "ok");
        assert_eq!(answer["records"][0]["pmcid"], "PMC9000001");
        assert_eq!(answer["records"][0]["pmid"], 38_000_001);
        assert_eq!(answer["records"][0]["requested-id"], "38000001");
        assert_eq!(answer["records"][1]["status"], "error");
    }

    #[test]
    fn the_bucket_lists_versions_and_its_metadata_leads_to_the_pdf() {
        let ask = |url: &str| bucket(&world(), &Asked::get(url), &Turns::default()).unwrap();
        let base = "https://pmc-oa-opendata.s3.amazonaws.com";
        let list = ask(&format!(
            "{base}/?list-type=2&prefix=PMC9000001.&delimiter=/"
        ));
        let list = String::from_utf8_lossy(&list.body()).into_owned();
        assert!(list.contains("<Prefix>PMC9000001.10/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>PMC9000001.2/</Prefix>"));
        let metadata = json_of(&ask(&format!("{base}/metadata/PMC9000001.2.json")));
        let url = metadata["pdf_url"].as_str().unwrap();
        let pdf = ask(&format!("{base}/PMC9000001.2/PMC9000001.2.pdf"));
        assert_eq!(
            url,
            format!(
                "s3://pmc-oa-opendata/PMC9000001.2/PMC9000001.2.pdf?md5={}",
                pdf.md5()
            )
        );
        assert!(
            json_of(&ask(&format!("{base}/metadata/PMC9000001.10.json")))
                .get("pdf_url")
                .is_none()
        );
        assert_eq!(
            ask(&format!("{base}/metadata/PMC9000001.3.json")).status,
            404
        );
        let empty = ask(&format!("{base}/?list-type=2&prefix=PMC1.&delimiter=/"));
        assert!(
            empty.status == 200
                && !String::from_utf8_lossy(&empty.body()).contains("CommonPrefixes")
        );
    }

    #[test]
    fn article_pages_show_a_pdf_link_that_wants_a_proof_of_work() {
        let ask = |path: &str| {
            let url = format!("https://pmc.ncbi.nlm.nih.gov/articles/{path}");
            site(&world(), &Asked::get(&url), &Turns::default()).unwrap()
        };
        assert!(String::from_utf8_lossy(&ask("PMC9000001/").body()).contains("citation_pdf_url"));
        let pdf = ask("PMC9000001/pdf/main.pdf");
        assert!(
            pdf.status == 200 && String::from_utf8_lossy(&pdf.body()).contains("POW_CHALLENGE")
        );
        assert_eq!(ask("PMC1/").status, 404);
    }
}
