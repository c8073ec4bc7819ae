//! The example adapters, OpenAlex in Python and Semantic Scholar in JavaScript,
//! through the real binary against the miniature web.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Ran, Rig, example};
use paperfall_miniweb::{
    Answer, Location, OpenAlexRecord, Paper, Pdf, Script, SemanticScholarRecord, Service, World,
};

const DOI: &str = "10.5555/small(2021)<7>";
const WORK: &str = "doi:10.5555/small(2021)<7>";
const FILE: &str = "https://press.example/7.pdf";
const PAGE: &str = "https://press.example/7";
const COPY: &str = "https://repository.example/7.pdf";
const COPY_PAGE: &str = "https://repository.example/7";

/// An example on its stage.
struct Scene {
    rig: Rig,
    name: &'static str,
}

impl Scene {
    /// None where it cannot be built.
    async fn new(name: &'static str, world: World, more: &str) -> Option<Self> {
        let component = example(name).await?;
        let rig = Rig::new(world).await;
        let host = match name {
            "openalex" => "api.openalex.org",
            _ => "api.semanticscholar.org",
        };
        rig.file(
            "paperfall.toml",
            format!(
                "[adapter.{name}]\nfile = '{}'\ntier = 'direct_oa'\nhosts = ['{host}']\n{more}",
                component.display()
            ),
        );
        Some(Self { rig, name })
    }

    async fn fetch(&self, id: &str) -> Ran {
        self.rig.paperfall(["fetch", id, "--only", self.name]).await
    }

    fn asked(&self, host: &str) -> Vec<String> {
        let requests = self.rig.web.requests();
        let of_host = requests.iter().filter(|request| request.host == host);
        of_host.map(|request| request.url()).collect()
    }
}

fn pdf() -> Pdf {
    Pdf::new("On small webs", 7, 30_000)
}

fn paper() -> Paper {
    Paper::new("On small webs").doi(DOI)
}

fn indexed(locations: impl Into<Vec<Location>>) -> Paper {
    paper().openalex(OpenAlexRecord::new("W2741809807", locations))
}

/// One work, which must be lost so; the other world for each is told by `script`.
async fn loses(name: &'static str, paper: Paper, outcome: &str, reason: &str) {
    let Some(scene) = Scene::new(name, World::new().paper(paper), "").await else {
        return;
    };
    let ran = scene.fetch(DOI).await;
    scene.rig.assert_lost(&ran, WORK, outcome, reason);
}

/// The ways an index says no, the same for both.
async fn every_no_has_its_name(name: &'static str, service: Service) {
    for (answer, outcome, reason) in [
        (Answer::status(404), "no_pdf", "not_found"),
        (Answer::status(503), "retryable", "http_5xx"),
        (Answer::status(429), "retryable", "rate_limited"),
        (Answer::status(401), "no_pdf", "misconfigured"),
        (Answer::status(403), "no_pdf", "blocked"),
        (Answer::html("<p>We moved."), "error", "bad_answer"),
        (Answer::text("[]"), "error", "bad_answer"),
        (Answer::text("null"), "error", "bad_answer"),
        (Answer::text("{\"locations\":7}"), "error", "bad_answer"),
        (Answer::text("[".repeat(100_000)), "error", "bad_answer"),
    ] {
        let paper = paper().when_asked(service, Script::from(answer));
        loses(name, paper, outcome, reason).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openalexs_best_location_is_stored_with_version_licence_and_kind() {
    let world = World::new().paper(
        indexed([Location::pdf(FILE, PAGE)])
            .pmcid("PMC9100007")
            .page(FILE, Answer::pdf(pdf())),
    );
    let Some(scene) = Scene::new("openalex", world, "").await else {
        return;
    };
    let ran = scene.fetch(DOI).await;
    assert_eq!(ran.code, 0, "{ran}");
    let bytes = pdf().bytes().to_vec();
    scene
        .rig
        .assert_obtained(WORK, "openalex", "oa_pdf", &bytes);
    let result = scene.rig.result(WORK);
    assert_eq!(result["version"], "publishedVersion");
    assert_eq!(result["license"], "cc-by");
    assert_eq!(result["notes"][0], "journal");
    assert_eq!(result["identifiers"]["openalex"], "W2741809807");
    assert_eq!(result["identifiers"]["pmcid"], "PMC9100007");
    let asked = scene.asked("api.openalex.org");
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].contains("mailto="), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openalexs_later_location_is_taken_when_the_best_is_dead() {
    let world = World::new().paper(
        indexed([
            Location::pdf(FILE, PAGE),
            Location::pdf(COPY, COPY_PAGE).in_repository(None),
        ])
        .page(FILE, Answer::status(404))
        .page(COPY, Answer::pdf(pdf())),
    );
    let Some(scene) = Scene::new("openalex", world, "").await else {
        return;
    };
    let ran = scene.fetch(DOI).await;
    assert_eq!(ran.code, 0, "{ran}");
    let result = scene.rig.result(WORK);
    assert_eq!(result["url"], COPY);
    assert_eq!(result["version"], "acceptedVersion");
    assert_eq!(result["notes"][0], "repository");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openalex_finds_a_work_by_its_own_id_and_notes_a_retraction() {
    let record = OpenAlexRecord::new("W12", [Location::pdf(FILE, PAGE)]).retracted();
    let world = World::new().paper(
        Paper::new("On small webs")
            .openalex(record)
            .page(FILE, Answer::pdf(pdf())),
    );
    let Some(scene) = Scene::new("openalex", world, "").await else {
        return;
    };
    let ran = scene.fetch("W12").await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(scene.rig.result("W12")["notes"][0], "retracted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openalexs_closed_works_pages_only_and_foreign_records_are_no_papers() {
    loses("openalex", indexed([]), "no_pdf", "not_oa").await;
    let page = [Location::landing(PAGE)];
    loses("openalex", indexed(page), "no_pdf", "no_pdf_url").await;
    loses("openalex", paper(), "no_pdf", "not_found").await;
    let other = "{\"id\":\"https://openalex.org/W1\",\"doi\":\"https://doi.org/10.5555/other\",\
        \"open_access\":{\"is_oa\":true},\"locations\":[{\"pdf_url\":\"https://press.example/7.pdf\"}]}";
    let other = paper().when_asked(Service::OpenAlex, Script::from(Answer::text(other)));
    let other = other.page(FILE, Answer::pdf(pdf()));
    loses("openalex", other, "error", "bad_answer").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_no_of_openalex_has_its_name() {
    every_no_has_its_name("openalex", Service::OpenAlex).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn semantic_scholars_pdf_is_stored_with_its_licence_and_status() {
    let world = World::new().paper(
        paper()
            .arxiv("2101.00001v2")
            .pmcid("PMC9100007")
            .semantic_scholar(SemanticScholarRecord::open(FILE, "GOLD"))
            .page(FILE, Answer::pdf(pdf())),
    );
    let Some(scene) = Scene::new("semantic_scholar", world, "").await else {
        return;
    };
    let ran = scene.fetch(DOI).await;
    assert_eq!(ran.code, 0, "{ran}");
    let bytes = pdf().bytes().to_vec();
    scene
        .rig
        .assert_obtained(WORK, "semantic_scholar", "oa_pdf", &bytes);
    let result = scene.rig.result(WORK);
    assert_eq!(result["license"], "ccby");
    assert_eq!(result["notes"][0], "gold");
    assert_eq!(result["identifiers"]["pmcid"], "PMC9100007");
    assert_eq!(scene.asked("api.semanticscholar.org").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn semantic_scholar_is_asked_by_whatever_identifier_there_is() {
    let record = SemanticScholarRecord::open(FILE, "GREEN");
    let world = World::new().paper(
        Paper::new("On small webs")
            .arxiv("2101.00001v2")
            .pmcid("PMC9100007")
            .semantic_scholar(record)
            .page(FILE, Answer::pdf(pdf())),
    );
    let Some(scene) = Scene::new("semantic_scholar", world, "").await else {
        return;
    };
    for id in ["arXiv:2101.00001v2", "PMC9100007"] {
        let ran = scene.fetch(id).await;
        assert_eq!(ran.code, 0, "{ran}");
    }
    let asked = scene.asked("api.semanticscholar.org");
    assert!(asked[0].contains("/paper/ARXIV:2101.00001?"), "{asked:?}");
    assert!(asked[1].contains("/paper/PMCID:9100007?"), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn semantic_scholars_doi_addresses_are_handed_on_as_pages() {
    let resolver = "https://doi.org/10.5555/small(2021)%3C7%3E";
    let record = SemanticScholarRecord::open(resolver, "BRONZE");
    let paper = paper()
        .semantic_scholar(record)
        .doi_leads_to(FILE)
        .page(FILE, Answer::pdf(pdf()));
    loses("semantic_scholar", paper, "no_pdf", "no_pdf_url").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_no_of_semantic_scholar_has_its_name() {
    let closed = paper().semantic_scholar(SemanticScholarRecord::closed());
    loses("semantic_scholar", closed, "no_pdf", "not_oa").await;
    every_no_has_its_name("semantic_scholar", Service::SemanticScholar).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_sent_where_the_operator_says_so_and_shown_nowhere() {
    for (name, host) in [
        ("openalex", "api.openalex.org"),
        ("semantic_scholar", "api.semanticscholar.org"),
    ] {
        let world = || {
            World::new().paper(
                indexed([Location::pdf(FILE, PAGE)])
                    .semantic_scholar(SemanticScholarRecord::open(FILE, "GOLD"))
                    .page(FILE, Answer::pdf(pdf())),
            )
        };
        let grant = "settings = { use-key = 'yes' }\nsecrets = { API_KEY = 'env:EXAMPLE_KEY' }\n";
        for (more, sent) in [(grant, true), ("", false)] {
            let Some(scene) = Scene::new(name, world(), more).await else {
                return;
            };
            let mut command = scene
                .rig
                .command(["resolve", DOI, "--explain", "--only", name]);
            command.env("EXAMPLE_KEY", "hunter2");
            let ran = paperfall_e2e::finish(command.spawn().unwrap()).await;
            assert_eq!(ran.code, 0, "{ran}");
            assert!(!ran.to_string().contains("hunter2"), "{ran}");
            let requests = scene.rig.web.requests();
            for request in requests {
                let bears = request.url().contains("hunter2")
                    || request.header("x-api-key") == Some("hunter2");
                assert_eq!(bears, sent && request.host == host, "{request:?}");
            }
        }
    }
}
