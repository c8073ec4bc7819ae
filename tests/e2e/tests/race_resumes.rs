//! How a race goes on: after a copy that failed in download, after something
//! was learnt, and what a lost one comes to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::Duration;

use paperfall_e2e::Rig;
use paperfall_miniweb::{
    Answer, Cue, Ended, LandingPage, Location, Paper, Pdf, PdfLink, PmcDeposit, PmcVersion, Script,
    Service, UnpaywallRecord, World,
};
use serde_json::{Value, json};

const DOI: &str = "10.5555/race";
const ARXIV: &str = "2101.00001";
const ARXIV_PDF: &str = "https://arxiv.org/pdf/2101.00001";
const PAGE: &str = "https://journal.example/page";

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn pdf(bytes: u64) -> Answer {
    Answer::pdf(Pdf::new("A race", 7, bytes))
}

fn cut() -> Answer {
    pdf(20_000).truncated_to(9_000)
}

fn url(name: &str) -> String {
    format!("https://journal.example/{name}.pdf")
}

fn copy(name: &str) -> Location {
    Location::pdf(&url(name), PAGE)
}

fn paper(locations: impl Into<Vec<Location>>) -> Paper {
    Paper::new("A race")
        .doi(DOI)
        .unpaywall(UnpaywallRecord::open(locations))
}

fn by_doi() -> Value {
    json!({"work_id": "W1", "doi": DOI})
}

async fn raced(paper: Paper, work: &Value, flags: &[&str]) -> Rig {
    raced_in(World::new(), paper, work, flags).await
}

/// Where Unpaywall answers when arXiv is under way beside it.
async fn raced_beside_arxiv(paper: Paper, flags: &[&str]) -> Rig {
    let world = World::new().held_until("api.unpaywall.org", &Cue::asked("arxiv.org"));
    let work = json!({"work_id": "W1", "doi": DOI, "arxiv_id": ARXIV});
    raced_in(world, paper, &work, flags).await
}

async fn raced_in(world: World, paper: Paper, work: &Value, flags: &[&str]) -> Rig {
    let rig = Rig::new(world.paper(paper)).await;
    let ran = rig.race(std::slice::from_ref(work), flags).await;
    assert_eq!(ran.code, 0, "{ran}");
    rig
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_truncated_copy_is_struck_and_the_next_one_of_the_same_source_is_taken() {
    let paper = paper([copy("cut"), copy("good")])
        .page(&url("cut"), cut())
        .page(&url("good"), pdf(30_000));
    let rig = raced(paper, &by_doi(), &["--only", "unpaywall"]).await;
    assert_eq!(rig.attempts("W1"), ["unpaywall success oa_pdf"]);
    assert_eq!(rig.result("W1")["url"], url("good"));
    assert_eq!(rig.paper("W1").len(), 30_000);
    // The source was not asked again.
    assert_eq!(rig.web.requests_for("api.unpaywall.org", "/").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_every_copy_of_a_source_is_bad_the_dropped_losers_get_their_turn_again() {
    let paper = paper([copy("cut"), copy("cut2"), copy("gone")])
        .page(&url("cut"), cut())
        .page(&url("cut2"), cut())
        .arxiv(ARXIV)
        // Silent until it is dropped.
        .when_asked(
            Service::ArxivPdf,
            Script::from(Answer::never()).then(pdf(30_000)),
        );
    let rig = raced_beside_arxiv(paper, &["--only", "unpaywall,arxiv"]).await;
    assert_eq!(
        rig.attempts("W1"),
        ["unpaywall no_pdf truncated", "arxiv success arxiv_pdf"]
    );
    assert_eq!(rig.requests_of(&url("gone")).len(), 1);
    // The dropped probe, the probe, HEAD and download.
    assert_eq!(rig.requests_of(ARXIV_PDF).len(), 4);
    assert_eq!(rig.paper("W1").len(), 30_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_struck_copy_of_the_last_running_source_sends_the_race_to_the_next_tier() {
    let paper = paper([copy("cut")])
        .page(&url("cut"), cut())
        .doi_leads_to(&url("end"))
        .page(&url("end"), pdf(30_000));
    let rig = raced(paper, &by_doi(), &["--only", "unpaywall,doi_redirect"]).await;
    assert_eq!(
        rig.attempts("W1"),
        ["unpaywall no_pdf truncated", "doi_redirect success doi_pdf"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_work_whose_every_copy_is_bad_is_lost_with_nothing_left_behind() {
    let paper = paper([copy("cut"), copy("cut2")])
        .page(&url("cut"), cut())
        .page(&url("cut2"), cut());
    let rig = Rig::new(World::new().paper(paper)).await;
    let ran = rig.race(&[by_doi()], &["--only", "unpaywall"]).await;
    rig.assert_lost(&ran, "W1", "no_pdf", "truncated");
    assert_eq!(rig.attempts("W1"), ["unpaywall no_pdf truncated"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_arxiv_id_that_only_unpaywall_knew_rearms_arxiv_once_before_the_next_tier() {
    let record = || {
        let oai = format!("oai:arXiv.org:{ARXIV}");
        paper([Location::landing(PAGE).in_repository(Some(&oai))])
    };
    let rig = raced(record().arxiv(ARXIV).arxiv_pdf(pdf(30_000)), &by_doi(), &[]).await;
    let result = rig.result("W1");
    assert_eq!(result["source"], "arxiv");
    assert_eq!(result["identifiers"]["arxiv"], ARXIV);
    assert!(!rig.contacts().contains(&"doi.org".to_owned()));

    // arXiv does not have it: no second chance, the race goes on.
    let rig = Rig::new(World::new().paper(record())).await;
    let ran = rig
        .race(&[by_doi()], &["--only", "direct_oa,doi_redirect"])
        .await;
    assert_eq!(ran.code, 1, "{ran}");
    let attempts = rig.attempts("W1");
    let place = |text: &str| attempts.iter().position(|attempt| attempt == text).unwrap();
    let arxiv = attempts.iter().filter(|one| one.starts_with("arxiv "));
    assert_eq!(arxiv.count(), 2, "{attempts:?}");
    assert!(place("arxiv skipped no_arxiv_id") < place("arxiv no_pdf not_found"));
    assert_eq!(place("doi_redirect nonretryable doi_unregistered"), 4);
    assert_eq!(rig.requests_of(ARXIV_PDF).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_learnt_is_used_while_its_teacher_is_still_probing() {
    let oai = format!("oai:arXiv.org:{ARXIV}");
    let paper = paper([
        copy("silent"),
        Location::landing(PAGE).in_repository(Some(&oai)),
    ])
    .page(&url("silent"), Answer::never())
    .arxiv(ARXIV)
    .arxiv_pdf(pdf(30_000).held_until(&Cue::asked("journal.example")));
    // Unpaywall may take longer than the test.
    let patient = ["--fallback-tier", "direct_oa:timeout_ms=90000"];
    let rig = raced(paper, &by_doi(), &patient).await;
    assert_eq!(rig.result("W1")["source"], "arxiv");
    let silent = &rig.requests_of(&url("silent"))[0];
    assert_eq!(silent.ended, Some(Ended::ClientGone));
    let probe = &rig.requests_of(ARXIV_PDF)[0];
    assert!(probe.started_at < silent.ended_at.unwrap(), "{silent:?}");
    let patience = silent.ended_at.unwrap() - silent.started_at;
    assert!(patience < ms(80_000), "{patience:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_of_an_earlier_tier_is_rearmed_before_the_next_one_starts() {
    let paper = Paper::new("A race")
        .doi(DOI)
        .doi_leads_to("https://arxiv.org/abs/2101.00001")
        .arxiv(ARXIV)
        .arxiv_pdf(pdf(30_000));
    let rig = raced(paper, &by_doi(), &["--fallback-max-concurrent", "1"]).await;
    assert_eq!(
        rig.attempts("W1"),
        [
            "unpaywall no_pdf not_found",
            "arxiv skipped no_arxiv_id",
            "pmc no_pdf not_found",
            "doi_redirect no_pdf no_pdf_url",
            "arxiv success arxiv_pdf",
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_url_that_died_is_not_asked_for_again_when_another_source_proposes_it() {
    let page = LandingPage::new("A race").pdf(PdfLink::CitationMeta(url("dead")));
    let paper = paper([copy("dead")])
        .page(&url("dead"), Answer::status(404))
        .page(PAGE, page.answer());
    let rig = Rig::new(World::new().paper(paper)).await;
    let flags = ["--only", "unpaywall,landing_scrape_pdf"];
    let ran = rig.race(&[by_doi()], &flags).await;
    rig.assert_lost(&ran, "W1", "no_pdf", "not_found");
    assert_eq!(
        rig.attempts("W1"),
        [
            "unpaywall no_pdf not_found",
            "landing_scrape skipped already_tried",
        ]
    );
    assert_eq!(rig.requests_of(&url("dead")).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sources_that_propose_one_url_at_once_make_one_probe() {
    let paper = paper([Location::pdf(ARXIV_PDF, PAGE)])
        .arxiv(ARXIV)
        // Later than Unpaywall, by what it takes to propose what was said.
        .arxiv_pdf(
            pdf(30_000)
                .held_until(&Cue::left("api.unpaywall.org"))
                .delay(ms(1_000)),
        );
    let rig = raced_beside_arxiv(paper, &["--only", "unpaywall,arxiv"]).await;
    assert_eq!(
        rig.attempts("W1"),
        ["unpaywall skipped already_tried", "arxiv success arxiv_pdf",]
    );
    // Probe, HEAD, download.
    assert_eq!(rig.requests_of(ARXIV_PDF).len(), 3);
}

/// A work whose first-tier sources end so: Unpaywall (or its copy), arXiv's
/// answer, the file in PMC's bucket.
fn ending(number: usize, unpaywall: Paper, arxiv: Answer, pmc: Option<Answer>) -> (Paper, Value) {
    let (doi, id) = (format!("10.5555/v{number}"), format!("2101.0000{number}"));
    let pmcid = format!("PMC700000{number}");
    let mut paper = unpaywall.doi(&doi).arxiv(&id).pmcid(&pmcid);
    paper = paper.when_asked(Service::ArxivPdf, arxiv);
    if let Some(file) = pmc {
        paper = paper.pmc(PmcDeposit::new([PmcVersion::answering(1, file)]));
    }
    let work = json!({"work_id": format!("V{number}"), "identifiers": {"doi": doi, "arxiv": id, "pmcid": pmcid}});
    (paper, work)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_race_is_judged_by_its_most_hopeful_then_its_most_informative_attempt() {
    let garbage = || {
        let nonsense = Answer::text("out to lunch");
        Paper::new("Broken").when_asked(Service::Unpaywall, nonsense)
    };
    let closed = || Paper::new("Closed").unpaywall(UnpaywallRecord::closed());
    let behind = |name: &str, answer: Answer| paper([copy(name)]).page(&url(name), answer);
    let gone = || Answer::status(404);
    let page = || Some(Answer::html("<title>An error</title>"));
    let rows = [
        // Retryable beats error beats everything else.
        (
            garbage(),
            Answer::status(500),
            page(),
            "retryable",
            "http_5xx",
        ),
        (
            behind("wall", Answer::challenge()),
            Answer::status(500),
            None,
            "retryable",
            "http_5xx",
        ),
        (
            garbage(),
            Answer::challenge(),
            page(),
            "error",
            "bad_answer",
        ),
        // Blocked, paywalled, not open, not found, anything else.
        (
            behind("login", Answer::login()),
            Answer::challenge(),
            page(),
            "no_pdf",
            "blocked",
        ),
        (
            behind("login2", Answer::login()),
            gone(),
            page(),
            "no_pdf",
            "paywalled",
        ),
        (closed(), gone(), page(), "no_pdf", "not_oa"),
        (
            behind("text", Answer::text("no paper")),
            gone(),
            page(),
            "no_pdf",
            "not_found",
        ),
        (
            behind("text2", Answer::text("no paper")),
            Answer::text("none"),
            page(),
            "no_pdf",
            "not_a_pdf",
        ),
    ];
    let mut world = World::new();
    let mut works = Vec::new();
    let mut expected = Vec::new();
    for (number, (unpaywall, arxiv, pmc, outcome, reason)) in rows.into_iter().enumerate() {
        let (paper, work) = ending(number, unpaywall, arxiv, pmc);
        world = world.paper(paper);
        works.push(work);
        expected.push((format!("V{number}"), outcome, reason));
    }
    // Whom nobody can be asked for.
    works.push(json!({"work_id": "V9", "pdf_urls": [], "identifiers": {"openalex": "W99"}}));
    expected.push(("V9".to_owned(), "no_pdf", "exhausted"));

    let rig = Rig::new(world).await;
    let flags = ["--only", "direct_oa", "--fallback-max-concurrent", "1"];
    let ran = rig.race(&works, &flags).await;
    assert_eq!(ran.code, 1, "{ran}");
    for (id, outcome, reason) in expected {
        let result = rig.result(&id);
        assert_eq!(
            (&result["outcome"], &result["reason"]),
            (&json!(outcome), &json!(reason)),
            "{result:#}"
        );
    }
}
