//! OpenAlex's API: `GET /works/{id}?select=…`, where the id is a `W…`, or a DOI,
//! PMID or PMCID behind its prefix; 404 as a page for people, 403 for a field it
//! does not know.

use serde_json::{Map, Value, json};

use super::unpaywall::Location;
use crate::answer::Answer;
use crate::asked::Asked;
use crate::paper::{Paper, Service};
use crate::world::{Id, Turns, World};

/// What OpenAlex holds on a work.
#[derive(Debug, Clone)]
pub struct OpenAlexRecord {
    id: String,
    locations: Vec<Location>,
    retracted: bool,
}

impl OpenAlexRecord {
    /// A work (`W…`) with these open copies, the best first; none: closed.
    #[must_use]
    pub fn new(id: &str, locations: impl Into<Vec<Location>>) -> Self {
        Self {
            id: id.to_owned(),
            locations: locations.into(),
            retracted: false,
        }
    }

    /// It was retracted.
    #[must_use]
    pub fn retracted(mut self) -> Self {
        self.retracted = true;
        self
    }
}

pub(crate) fn answer(world: &World, asked: &Asked, turns: &Turns) -> Option<Answer> {
    let id = asked.path.strip_prefix("/works/")?;
    let paper = find(world, id);
    if let Some(scripted) = paper.and_then(|p| world.scripted(p, Service::OpenAlex, turns)) {
        return Some(scripted);
    }
    let Some((paper, record)) = paper.and_then(|p| p.openalex.as_ref().map(|record| (p, record)))
    else {
        return Some(Answer::html("<!doctype html><title>404 Not Found</title>").with_status(404));
    };
    Some(selected(
        document(paper, record),
        asked.query("select").unwrap_or_default(),
    ))
}

fn find<'a>(world: &'a World, id: &str) -> Option<&'a Paper> {
    if let Some(doi) = id
        .strip_prefix("doi:")
        .or_else(|| id.strip_prefix("https://doi.org/"))
    {
        return world.find(Id::Doi, doi);
    }
    if let Some(pmid) = id.strip_prefix("pmid:") {
        return world.find(Id::Pmid, pmid);
    }
    if let Some(pmcid) = id.strip_prefix("pmcid:") {
        return world.find(Id::Pmcid, pmcid);
    }
    world.papers.iter().find(|paper| {
        let record = paper.openalex.as_ref();
        record.is_some_and(|record| record.id == id)
    })
}

/// The fields asked for, or all.
fn selected(document: Map<String, Value>, select: &str) -> Answer {
    if select.is_empty() {
        return Answer::json(&Value::Object(document));
    }
    let mut some = Map::new();
    for field in select.split(',') {
        let Some(value) = document.get(field) else {
            let error = json!({
                "error": "Invalid query parameters error.",
                "message": format!("{field} is not a valid select field."),
            });
            return Answer::json(&error).with_status(403);
        };
        some.insert(field.to_owned(), value.clone());
    }
    Answer::json(&Value::Object(some))
}

fn location(location: &Location) -> Value {
    let repository = location.host_type == "repository";
    json!({
        "is_oa": true,
        "landing_page_url": location.landing,
        "pdf_url": location.url_for_pdf,
        "source": {
            "id": if repository { "https://openalex.org/S4306400001" } else { "https://openalex.org/S2999000100" },
            "display_name": if repository { "Universität Moosbach" } else { "Annals of Miniature Scholarship" },
            "issn_l": (!repository).then_some("2999-0001"),
            "is_oa": true,
            "type": if repository { "repository" } else { "journal" },
        },
        "license": location.license,
        "version": location.version,
        "is_accepted": true,
        "is_published": location.version == "publishedVersion",
    })
}

fn document(paper: &Paper, record: &OpenAlexRecord) -> Map<String, Value> {
    let id = format!("https://openalex.org/{}", record.id);
    let doi = paper
        .doi
        .as_ref()
        .map(|doi| format!("https://doi.org/{}", doi.to_ascii_lowercase()));
    let mut ids = Map::new();
    ids.insert("openalex".to_owned(), json!(id));
    for (name, value) in [
        ("doi", doi.clone()),
        (
            "pmid",
            paper
                .pmid
                .as_ref()
                .map(|pmid| format!("https://pubmed.ncbi.nlm.nih.gov/{pmid}")),
        ),
        (
            "pmcid",
            paper.pmcid.as_ref().map(|pmcid| {
                let digits = pmcid.trim_start_matches("PMC");
                format!("https://www.ncbi.nlm.nih.gov/pmc/articles/{digits}")
            }),
        ),
    ] {
        if let Some(value) = value {
            ids.insert(name.to_owned(), json!(value));
        }
    }
    let locations: Vec<Value> = record.locations.iter().map(location).collect();
    let best = locations.first().cloned().unwrap_or(Value::Null);
    let document = json!({
        "id": id,
        "doi": doi,
        "ids": ids,
        "title": paper.title,
        "publication_year": paper.year,
        "type": "article",
        "is_retracted": record.retracted,
        "open_access": {
            "is_oa": !locations.is_empty(),
            "oa_status": if locations.is_empty() { "closed" } else { "green" },
            "oa_url": record.locations.first().map(|l| l.url_for_pdf.as_ref().unwrap_or(&l.landing)),
            "any_repository_has_fulltext": record.locations.iter().any(|l| l.host_type == "repository"),
        },
        "primary_location": best,
        "best_oa_location": best,
        "locations": locations,
    });
    match document {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn ask(url: &str) -> (u16, Value) {
        let world = World::new().paper(Paper::new("Ä").doi("10.5555/ABC").pmcid("PMC77").openalex(
            OpenAlexRecord::new(
                "W12",
                [Location::pdf(
                    "https://j.example/a.pdf",
                    "https://j.example/a",
                )],
            ),
        ));
        let answer = answer(&world, &Asked::get(url), &Turns::default()).unwrap();
        let body = serde_json::from_slice(&answer.body()).unwrap_or(Value::Null);
        (answer.status, body)
    }

    #[test]
    fn a_work_is_found_by_each_of_its_names() {
        for name in ["doi:10.5555/abc", "pmcid:PMC77", "W12"] {
            let (status, work) = ask(&format!("https://api.openalex.org/works/{name}"));
            assert_eq!(status, 200, "{name}");
            assert_eq!(work["ids"]["openalex"], "https://openalex.org/W12");
            assert_eq!(work["locations"][0]["pdf_url"], "https://j.example/a.pdf");
        }
        assert_eq!(
            ask("https://api.openalex.org/works/doi:10.5555/x"),
            (404, Value::Null)
        );
    }

    #[test]
    fn only_the_selected_fields_are_sent_and_an_unknown_one_is_refused() {
        let (_, work) = ask("https://api.openalex.org/works/W12?select=id,doi");
        let fields: Vec<&String> = work.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["id", "doi"]);
        assert_eq!(
            ask("https://api.openalex.org/works/W12?select=id,pdf").0,
            403
        );
    }
}
