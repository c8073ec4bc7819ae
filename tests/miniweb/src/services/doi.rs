//! The DOI resolver and its handle API.

use serde_json::json;

use crate::answer::Answer;
use crate::asked::Asked;
use crate::paper::Service;
use crate::text::escape;
use crate::world::{Id, Turns, World};

/// What the resolver knows about a DOI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DoiTarget {
    /// Nothing: 404, handle response code 100.
    Unregistered,
    /// Registered, but leading nowhere: 404, handle response code 1, no values.
    Nowhere,
    /// Registered and redirecting there.
    Url(String),
}

pub(crate) fn answer(world: &World, asked: &Asked, turns: &Turns) -> Option<Answer> {
    if let Some(doi) = asked.path.strip_prefix("/api/handles/") {
        return Some(handle(world, doi, turns));
    }
    let doi = asked.path.strip_prefix('/').filter(|doi| !doi.is_empty())?;
    if let Some(scripted) = world
        .find(Id::Doi, doi)
        .and_then(|paper| world.scripted(paper, Service::Doi, turns))
    {
        return Some(scripted);
    }
    Some(match target(world, doi) {
        DoiTarget::Url(url) => Answer::redirect(&url),
        DoiTarget::Nowhere | DoiTarget::Unregistered => Answer::html(format!(
            "<!DOCTYPE html><html><head><title>Error: DOI Not Found</title></head><body><h1>DOI Not Found</h1>\
             <p>{}</p></body></html>",
            escape(doi)
        ))
        .with_status(404),
    })
}

/// arXiv registers a DOI for every paper of its own.
fn target(world: &World, doi: &str) -> DoiTarget {
    match world.find(Id::Doi, doi) {
        Some(paper) if paper.doi_target != DoiTarget::Unregistered => paper.doi_target.clone(),
        _ => doi
            .to_ascii_lowercase()
            .strip_prefix("10.48550/arxiv.")
            .filter(|id| world.find(Id::Arxiv, id).is_some())
            .map_or(DoiTarget::Unregistered, |id| {
                DoiTarget::Url(format!("https://arxiv.org/abs/{id}"))
            }),
    }
}

fn handle(world: &World, doi: &str, turns: &Turns) -> Answer {
    if let Some(scripted) = world
        .find(Id::Doi, doi)
        .and_then(|paper| world.scripted(paper, Service::DoiHandle, turns))
    {
        return scripted;
    }
    match target(world, doi) {
        DoiTarget::Unregistered => {
            Answer::json(&json!({"responseCode": 100, "handle": doi})).with_status(404)
        }
        DoiTarget::Nowhere => {
            Answer::json(&json!({"responseCode": 1, "handle": doi, "values": []}))
        }
        DoiTarget::Url(url) => Answer::json(&json!({
            "responseCode": 1,
            "handle": doi,
            "values": [{
                "index": 1,
                "type": "URL",
                "data": {"format": "string", "value": url},
                "ttl": 86400,
                "timestamp": "2021-03-02T09:30:00Z",
            }],
        })),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::paper::Paper;
    use crate::pdf::Pdf;
    use serde_json::Value;

    fn ask(url: &str) -> Answer {
        let world = World::new()
            .paper(
                Paper::new("A")
                    .doi("10.5555/a")
                    .doi_leads_to("https://j.example/a"),
            )
            .paper(
                Paper::new("N")
                    .doi("10.5555/n")
                    .doi_target(DoiTarget::Nowhere),
            )
            .paper(
                Paper::new("X")
                    .arxiv("2103.00001")
                    .arxiv_pdf(Answer::pdf(Pdf::new("X", 1, 3000))),
            );
        answer(&world, &Asked::get(url), &Turns::default()).unwrap()
    }

    fn code(url: &str) -> (u16, Value) {
        let answer = ask(url);
        let body: Value = serde_json::from_slice(&answer.body()).unwrap();
        (answer.status, body["responseCode"].clone())
    }

    #[test]
    fn a_registered_doi_redirects_whatever_its_case_and_encoding() {
        for spelling in ["10.5555/a", "10.5555/A", "10.5555%2Fa"] {
            let answer = ask(&format!("https://doi.org/{spelling}"));
            assert_eq!(answer.status, 302, "{spelling}");
            assert!(
                answer
                    .headers
                    .contains(&("location".to_owned(), "https://j.example/a".to_owned()))
            );
        }
    }

    #[test]
    fn the_handle_api_tells_unregistered_from_leading_nowhere() {
        assert_eq!(ask("https://doi.org/10.5555/n").status, 404);
        assert_eq!(ask("https://doi.org/10.5555/zzz").status, 404);
        assert_eq!(
            code("https://doi.org/api/handles/10.5555/n?type=URL"),
            (200, json!(1))
        );
        assert_eq!(
            code("https://doi.org/api/handles/10.5555/zzz?type=URL"),
            (404, json!(100))
        );
        assert_eq!(
            code("https://doi.org/api/handles/10.5555/a?type=URL"),
            (200, json!(1))
        );
    }

    #[test]
    fn arxivs_own_dois_lead_to_its_abstract_pages() {
        let answer = ask("https://doi.org/10.48550/arXiv.2103.00001");
        assert!(answer.headers.contains(&(
            "location".to_owned(),
            "https://arxiv.org/abs/2103.00001".to_owned()
        )));
    }
}
