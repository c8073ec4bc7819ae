//! Unpaywall's API: `GET /v2/{doi}?email=…`, a record with every open copy it
//! knows, best first; 404 for a DOI it does not know, 422 without an e-mail.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::asked::Asked;
use crate::paper::{Paper, Service};
use crate::world::{Id, Turns, World};

/// One open copy, as Unpaywall and OpenAlex list it.
#[derive(Debug, Clone)]
pub struct Location {
    pub(super) url_for_pdf: Option<String>,
    pub(super) landing: String,
    pub(super) version: &'static str,
    pub(super) license: Option<&'static str>,
    pub(super) host_type: &'static str,
    pmh_id: Option<String>,
}

impl Location {
    /// A PDF at the publisher, and the page it belongs to.
    #[must_use]
    pub fn pdf(pdf: &str, landing: &str) -> Self {
        Self {
            url_for_pdf: Some(pdf.to_owned()),
            ..Self::landing(landing)
        }
    }

    /// A page only: `url_for_pdf` is null.
    #[must_use]
    pub fn landing(landing: &str) -> Self {
        Self {
            url_for_pdf: None,
            landing: landing.to_owned(),
            version: "publishedVersion",
            license: Some("cc-by"),
            host_type: "publisher",
            pmh_id: None,
        }
    }

    /// In a repository, under this OAI identifier, as an accepted manuscript.
    #[must_use]
    pub fn in_repository(mut self, pmh_id: Option<&str>) -> Self {
        self.host_type = "repository";
        self.version = "acceptedVersion";
        self.license = None;
        self.pmh_id = pmh_id.map(str::to_owned);
        self
    }

    fn json(&self, is_best: bool) -> Value {
        let repository = self.host_type == "repository";
        json!({
            "endpoint_id": repository.then_some("6f1d0a5b7c3e9d2a841"),
            "evidence": if repository { "oa repository (via OAI-PMH doi match)" } else { "open (via page says license)" },
            "host_type": self.host_type,
            "is_best": is_best,
            "license": self.license,
            "oa_date": null,
            "pmh_id": self.pmh_id,
            "repository_institution": repository.then_some("Universität Moosbach"),
            "updated": "2025-04-01T08:30:00Z",
            "url": self.url_for_pdf.as_ref().unwrap_or(&self.landing),
            "url_for_landing_page": self.landing,
            "url_for_pdf": self.url_for_pdf,
            "version": self.version,
        })
    }
}

/// What Unpaywall holds on a DOI.
#[derive(Debug, Clone)]
pub struct UnpaywallRecord {
    genre: &'static str,
    locations: Vec<Location>,
}

impl UnpaywallRecord {
    /// Known, and not open.
    #[must_use]
    pub fn closed() -> Self {
        Self::open(Vec::new())
    }

    /// These copies, best first.
    #[must_use]
    pub fn open(locations: impl Into<Vec<Location>>) -> Self {
        Self {
            genre: "journal-article",
            locations: locations.into(),
        }
    }

    /// A figure, table or supplement whose locations are those of its parent.
    #[must_use]
    pub fn component(locations: impl Into<Vec<Location>>) -> Self {
        Self {
            genre: "component",
            locations: locations.into(),
        }
    }
}

pub(crate) fn answer(world: &World, asked: &Asked, turns: &Turns) -> Option<Answer> {
    let doi = asked.path.strip_prefix("/v2/")?;
    let paper = world.find(Id::Doi, doi);
    if let Some(scripted) = paper.and_then(|p| world.scripted(p, Service::Unpaywall, turns)) {
        return Some(scripted);
    }
    let email = asked.query("email").unwrap_or_default();
    if !acceptable(email) {
        return Some(error(
            422,
            "Email address required in API call, see http://unpaywall.org/products/api",
        ));
    }
    Some(
        match paper.and_then(|p| p.unpaywall.as_ref().map(|record| (p, record))) {
            Some((paper, record)) => Answer::json(&document(paper, record)),
            None => error(
                404,
                &format!(
                    "'{doi}' isn't in Unpaywall. See https://support.unpaywall.org/a/solutions/articles/44001900286"
                ),
            ),
        },
    )
}

/// The service turns away what is no address and the well-known fillers.
fn acceptable(email: &str) -> bool {
    let email = email.to_ascii_lowercase();
    match email.split_once('@') {
        Some((local, domain)) => {
            !matches!(local, "" | "your_email" | "youremail" | "you")
                && domain.contains('.')
                && !["example.com", "example.org", "example.net"].contains(&domain)
        }
        None => false,
    }
}

fn error(status: u16, message: &str) -> Answer {
    Answer::json(&json!({"HTTP_status_code": status, "error": true, "message": message}))
        .with_status(status)
}

fn document(paper: &Paper, record: &UnpaywallRecord) -> Value {
    let doi = paper.doi.clone().unwrap_or_default().to_ascii_lowercase();
    let locations: Vec<Value> = record
        .locations
        .iter()
        .enumerate()
        .map(|(index, location)| location.json(index == 0))
        .collect();
    let repository = |l: &Location| l.host_type == "repository";
    let status = match record.locations.first() {
        None => "closed",
        Some(best) if repository(best) => "green",
        Some(best) if best.license.is_some() => "gold",
        Some(_) => "bronze",
    };
    let best = locations.first().cloned().unwrap_or(Value::Null);
    json!({
        "best_oa_location": best,
        "data_standard": 2,
        "doi": doi,
        "doi_url": format!("https://doi.org/{doi}"),
        "first_oa_location": best,
        "genre": record.genre,
        "has_repository_copy": record.locations.iter().any(repository),
        "is_oa": !locations.is_empty(),
        "is_paratext": false,
        "journal_is_in_doaj": status == "gold",
        "journal_is_oa": status == "gold",
        "journal_issn_l": "2999-0001",
        "journal_issns": "2999-0001,2999-001X",
        "journal_name": "Annals of Miniature Scholarship",
        "oa_locations": locations,
        "oa_locations_embargoed": [],
        "oa_status": status,
        "published_date": format!("{}-03-02", paper.year),
        "publisher": "Meadow University Press",
        "title": paper.title,
        "updated": "2025-04-01T08:30:00Z",
        "year": paper.year,
        "z_authors": [{"author_position": "first", "raw_author_name": "Åsa Näslund", "is_corresponding": true, "raw_affiliation_strings": []}],
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn ask(world: &World, url: &str) -> (u16, Value) {
        let answer = answer(world, &Asked::get(url), &Turns::default()).unwrap();
        (
            answer.status,
            serde_json::from_slice(&answer.body()).unwrap(),
        )
    }

    #[test]
    fn a_record_lists_its_locations_best_first() {
        let world = World::new().paper(
            Paper::new("Ä")
                .doi("10.5555/ABC")
                .unpaywall(UnpaywallRecord::open([
                    Location::landing("https://j.example/a"),
                    Location::pdf("https://r.example/a.pdf", "https://r.example/a")
                        .in_repository(Some("oai:pubmedcentral.nih.gov:77")),
                ])),
        );
        let (status, record) = ask(
            &world,
            "https://api.unpaywall.org/v2/10.5555%2Fabc?email=a@b.edu",
        );
        assert_eq!(status, 200);
        assert_eq!(record["is_oa"], true);
        assert_eq!(record["doi"], "10.5555/abc");
        assert_eq!(record["oa_locations"][0]["url_for_pdf"], Value::Null);
        assert_eq!(record["oa_locations"][0]["url"], "https://j.example/a");
        assert_eq!(record["oa_locations"][1]["url"], "https://r.example/a.pdf");
        assert_eq!(
            record["oa_locations"][1]["pmh_id"],
            "oai:pubmedcentral.nih.gov:77"
        );
        assert_eq!(record["best_oa_location"], record["oa_locations"][0]);
    }

    #[test]
    fn a_closed_record_is_not_an_unknown_doi() {
        let world = World::new().paper(
            Paper::new("C")
                .doi("10.5555/c")
                .unpaywall(UnpaywallRecord::closed()),
        );
        let (status, record) = ask(
            &world,
            "https://api.unpaywall.org/v2/10.5555/c?email=a@b.edu",
        );
        assert_eq!((status, &record["is_oa"]), (200, &Value::Bool(false)));
        assert_eq!(record["best_oa_location"], Value::Null);
        assert_eq!(
            ask(
                &world,
                "https://api.unpaywall.org/v2/10.5555/d?email=a@b.edu"
            )
            .0,
            404
        );
    }

    #[test]
    fn a_missing_or_placeholder_email_is_422_even_for_a_known_doi() {
        let world = World::new().paper(
            Paper::new("C")
                .doi("10.5555/c")
                .unpaywall(UnpaywallRecord::closed()),
        );
        for query in ["", "?email=", "?email=nobody", "?email=test@example.com"] {
            let url = format!("https://api.unpaywall.org/v2/10.5555/c{query}");
            assert_eq!(ask(&world, &url).0, 422, "{query}");
        }
        let demo = "https://api.unpaywall.org/v2/10.5555/c?email=demo%40paperfall.example";
        assert_eq!(ask(&world, demo).0, 200);
    }
}
