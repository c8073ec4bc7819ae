//! PubMed Central's own host: the identifier converter, and the article pages
//! (whose `/pdf/` wants a proof of work).

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::asked::Asked;
use crate::paper::{Paper, Service};
use crate::pdf::Pdf;
use crate::services::publisher::{LandingPage, PdfLink};
use crate::world::{Id, Turns, World};

/// One version of an article in the bucket.
#[derive(Debug, Clone)]
pub struct PmcVersion {
    pub(super) number: u32,
    pub(super) pdf: Option<Answer>,
    pub(super) md5: Option<String>,
    pub(super) manuscript: bool,
    pub(super) open_access: bool,
    pub(super) retracted: bool,
    pub(super) license: &'static str,
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
    pub(super) versions: Vec<PmcVersion>,
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
