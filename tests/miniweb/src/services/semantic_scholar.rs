//! Semantic Scholar's Academic Graph: `GET /graph/v1/paper/{id}?fields=…`, where
//! the id has a prefix (`DOI:`, `ARXIV:`, `PMID:`, `PMCID:` without letters); 404
//! as JSON, 400 for a field it does not know.

use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::asked::Asked;
use crate::paper::{Paper, Service};
use crate::world::{Id, Turns, World};

/// What Semantic Scholar holds on a paper.
#[derive(Debug, Clone)]
pub struct SemanticScholarRecord {
    pdf: Option<(String, &'static str)>,
}

impl SemanticScholarRecord {
    /// Open, by this address and with this status (`GOLD`, `GREEN`, …).
    #[must_use]
    pub fn open(url: &str, status: &'static str) -> Self {
        Self {
            pdf: Some((url.to_owned(), status)),
        }
    }

    /// Known, and not open.
    #[must_use]
    pub fn closed() -> Self {
        Self { pdf: None }
    }
}

pub(crate) fn answer(world: &World, asked: &Asked, turns: &Turns) -> Option<Answer> {
    let id = asked.path.strip_prefix("/graph/v1/paper/")?;
    let paper = find(world, id);
    if let Some(scripted) = paper.and_then(|p| world.scripted(p, Service::SemanticScholar, turns)) {
        return Some(scripted);
    }
    let known = paper.and_then(|p| p.semantic_scholar.as_ref().map(|record| (p, record)));
    let Some((paper, record)) = known else {
        let error = json!({"error": format!("Paper with id {id} not found")});
        return Some(Answer::json(&error).with_status(404));
    };
    let mut some = Map::new();
    some.insert(
        "paperId".to_owned(),
        json!("0123456789abcdef0123456789abcdef01234567"),
    );
    for field in asked.query("fields").unwrap_or("title").split(',') {
        let value = match field {
            "title" => json!(paper.title),
            "year" => json!(paper.year),
            "externalIds" => external_ids(paper),
            "isOpenAccess" => json!(record.pdf.is_some()),
            "openAccessPdf" => open_access_pdf(record),
            _ => {
                let error =
                    json!({"error": format!("Unrecognized or unsupported fields: [{field}]")});
                return Some(Answer::json(&error).with_status(400));
            }
        };
        some.insert(field.to_owned(), value);
    }
    Some(Answer::json(&Value::Object(some)))
}

fn find<'a>(world: &'a World, id: &str) -> Option<&'a Paper> {
    let (prefix, value) = id.split_once(':')?;
    match prefix {
        "DOI" => world.find(Id::Doi, value),
        "ARXIV" => world.find(Id::Arxiv, value),
        "PMID" => world.find(Id::Pmid, value),
        "PMCID" => world.find(Id::Pmcid, &format!("PMC{value}")),
        _ => None,
    }
}

fn external_ids(paper: &Paper) -> Value {
    let mut ids = Map::new();
    for (name, value) in [
        ("DOI", paper.doi.clone()),
        ("ArXiv", paper.arxiv.clone()),
        ("PubMed", paper.pmid.clone()),
        (
            "PubMedCentral",
            paper
                .pmcid
                .as_ref()
                .map(|pmcid| pmcid.trim_start_matches("PMC").to_owned()),
        ),
    ] {
        if let Some(value) = value {
            ids.insert(name.to_owned(), json!(value));
        }
    }
    ids.insert("CorpusId".to_owned(), json!(4_000_000));
    Value::Object(ids)
}

/// A closed paper has one, too: without an address.
fn open_access_pdf(record: &SemanticScholarRecord) -> Value {
    match &record.pdf {
        Some((url, status)) => json!({
            "url": url,
            "status": status,
            "license": (*status == "GOLD").then_some("CCBY"),
            "disclaimer": "Notice: the following paper fields have been elided by the publisher: {'abstract'}.",
        }),
        None => json!({"url": "", "status": "CLOSED", "license": null, "disclaimer": ""}),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn ask(path: &str) -> (u16, Value) {
        let world = World::new().paper(
            Paper::new("Ä")
                .doi("10.5555/ABC")
                .pmcid("PMC77")
                .semantic_scholar(SemanticScholarRecord::open(
                    "https://j.example/a.pdf",
                    "GOLD",
                )),
        );
        let url = format!("https://api.semanticscholar.org/graph/v1/paper/{path}");
        let answer = answer(&world, &Asked::get(&url), &Turns::default()).unwrap();
        (
            answer.status,
            serde_json::from_slice(&answer.body()).unwrap(),
        )
    }

    #[test]
    fn a_paper_is_found_by_each_of_its_names() {
        for name in ["DOI:10.5555/abc", "PMCID:77"] {
            let (status, paper) = ask(&format!("{name}?fields=openAccessPdf,externalIds"));
            assert_eq!(status, 200, "{name}");
            assert_eq!(
                paper.pointer("/openAccessPdf/license"),
                Some(&json!("CCBY"))
            );
            assert_eq!(
                paper.pointer("/externalIds/PubMedCentral"),
                Some(&json!("77"))
            );
        }
    }

    #[test]
    fn an_unknown_paper_is_404_and_an_unknown_field_400() {
        let (status, error) = ask("DOI:10.5555/x");
        assert_eq!(status, 404);
        assert_eq!(error["error"], "Paper with id DOI:10.5555/x not found");
        assert_eq!(ask("DOI:10.5555/abc?fields=pdf").0, 400);
    }
}
