//! What a race may use: time for a source, time for the work, attempts,
//! candidates.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::Duration;

use paperfall_e2e::{Guest, Proposal, Rig};
use paperfall_miniweb::{
    Answer, Cue, Ended, Location, Paper, Pdf, Script, Service, UnpaywallRecord, World,
};
use serde_json::{Value, json};

const DOI: &str = "10.5555/race";
const ARXIV: &str = "2101.00001";
const PAGE: &str = "https://journal.example/page";
/// Short enough for a test, long enough for a loaded machine.
const SHORT: &str = "direct_oa:timeout_ms=2000";

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn pdf(bytes: u64) -> Answer {
    Answer::pdf(Pdf::new("A race", 7, bytes))
}

fn url(name: &str) -> String {
    format!("https://journal.example/{name}.pdf")
}

fn by_doi() -> Value {
    json!({"work_id": "W1", "doi": DOI})
}

fn by_both() -> Value {
    json!({"work_id": "W1", "doi": DOI, "arxiv_id": ARXIV})
}

/// Unpaywall names these copies, best first.
fn named(names: &[&str]) -> Paper {
    let locations: Vec<Location> = names
        .iter()
        .map(|name| Location::pdf(&url(name), PAGE))
        .collect();
    Paper::new("A race")
        .doi(DOI)
        .unpaywall(UnpaywallRecord::open(locations))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_source_is_left_at_its_own_deadline_and_a_later_one_wins() {
    let end = url("end");
    let paper = Paper::new("A race")
        .doi(DOI)
        .when_asked(Service::Unpaywall, Answer::never())
        .doi_leads_to(&end)
        .page(&end, pdf(20_000));
    let rig = Rig::new(World::new().paper(paper)).await;
    let ran = rig.race(&[by_doi()], &["--fallback-tier", SHORT]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(
        rig.attempts("W1"),
        [
            "arxiv skipped no_arxiv_id",
            "pmc no_pdf not_found",
            "unpaywall timeout source_deadline",
            "doi_redirect success doi_pdf",
        ]
    );
    let silent = rig.web.requests_for("api.unpaywall.org", "/");
    assert_eq!(silent[0].ended, Some(Ended::ClientGone));
    let next = rig.web.requests_for("doi.org", "/");
    assert!(next[0].started_at > silent[0].started_at);
    // Its own, and not the six seconds of the plan.
    let attempts = rig.result("W1")["attempts"].clone();
    let patience = attempts[2]["elapsed_ms"].as_u64().unwrap();
    assert!((2_000..6_000).contains(&patience), "{patience} ms");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probing_is_part_of_the_attempt_and_of_its_deadline() {
    let paper = named(&["silent", "good"])
        .page(&url("silent"), Answer::never())
        .page(&url("good"), pdf(20_000));
    let rig = Rig::new(World::new().paper(paper)).await;
    let flags = ["--only", "unpaywall", "--fallback-tier", SHORT];
    let ran = rig.race(&[by_doi()], &flags).await;
    rig.assert_lost(&ran, "W1", "retryable", "source_deadline");
    assert_eq!(rig.attempts("W1"), ["unpaywall timeout source_deadline"]);
    assert_eq!(rig.requests_of(&url("silent")).len(), 1);
    assert_eq!(rig.requests_of(&url("good")).len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_works_deadline_ends_whatever_is_under_way_and_nothing_starts_after_it() {
    let paper = Paper::new("A race")
        .doi(DOI)
        .when_asked(Service::Unpaywall, Answer::never())
        .arxiv(ARXIV)
        .arxiv_pdf(Answer::never());
    let rig = Rig::new(World::new().paper(paper)).await;
    let flags = ["--fallback-total-timeout-ms", "2000"];
    let ran = rig.race(&[by_both()], &flags).await;
    rig.assert_lost(&ran, "W1", "retryable", "total_deadline");
    let mut attempts = rig.attempts("W1");
    attempts.sort();
    assert_eq!(
        attempts,
        [
            "arxiv timeout total_deadline",
            "unpaywall timeout total_deadline",
        ]
    );
    let mut contacts = rig.contacts();
    contacts.sort();
    assert_eq!(contacts, ["api.unpaywall.org", "arxiv.org"]);
    let gone = |r: &paperfall_miniweb::LoggedRequest| r.ended == Some(Ended::ClientGone);
    assert!(rig.web.requests().iter().all(gone));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_works_deadline_bounds_finding_and_not_downloading() {
    let paper = Paper::new("A race")
        .arxiv(ARXIV)
        .arxiv_pdf(pdf(61_440).drip(4_096, ms(200)));
    let rig = Rig::new(World::new().paper(paper)).await;
    let work = json!({"work_id": "W1", "arxiv_id": ARXIV});
    let flags = ["--fallback-total-timeout-ms", "1500"];
    let ran = rig.race(&[work], &flags).await;
    assert_eq!(ran.code, 0, "{ran}");
    let result = rig.result("W1");
    assert!(result["elapsed_ms"].as_u64().unwrap() > 2_500, "{result:#}");
    assert_eq!(rig.paper("W1").len(), 61_440);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_download_that_fails_costs_nothing_of_the_time_for_finding() {
    let slow = pdf(61_440).truncated_to(50_000).drip(4_096, ms(200));
    let end = url("end");
    let paper = named(&["slow"])
        .page(&url("slow"), slow)
        .doi_leads_to(&end)
        .page(&end, pdf(20_000));
    let rig = Rig::new(World::new().paper(paper)).await;
    let flags = ["--fallback-total-timeout-ms", "2000"];
    let ran = rig.race(&[by_doi()], &flags).await;
    assert_eq!(ran.code, 0, "{ran}");
    let result = rig.result("W1");
    assert_eq!(result["source"], "doi_redirect");
    assert!(result["elapsed_ms"].as_u64().unwrap() > 2_000, "{result:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn launched_attempts_count_and_skips_are_free() {
    let everyone = [
        "unpaywall no_pdf not_found",
        "arxiv skipped no_arxiv_id",
        "pmc no_pdf not_found",
        "doi_redirect nonretryable doi_unregistered",
        "landing_scrape skipped no_landing_url",
        "europe_pmc no_pdf not_found",
        "wayback skipped no_landing_url",
    ];
    // The last source that may be launched, counted in `everyone`.
    for (attempts, last) in [("1", 1), ("2", 3), ("3", 4), ("4", 6), ("5", 7)] {
        let rig = Rig::new(World::new()).await;
        let flags = [
            "--fallback-max-attempts",
            attempts,
            "--fallback-max-concurrent",
            "1",
        ];
        let ran = rig.race(&[by_doi()], &flags).await;
        assert_eq!(ran.code, 1, "{ran}");
        assert_eq!(rig.attempts("W1"), everyone[..last], "{attempts}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_loser_that_gets_its_turn_again_is_launched_again_and_counts() {
    for (attempts, obtained) in [("2", false), ("3", true)] {
        let paper = named(&["cut"])
            .page(&url("cut"), pdf(20_000).truncated_to(9_000))
            .arxiv(ARXIV)
            .when_asked(
                Service::ArxivPdf,
                // Silent until it is dropped.
                Script::from(Answer::never()).then(pdf(30_000)),
            );
        // arXiv is to have been asked by then.
        let world = World::new().held_until("api.unpaywall.org", &Cue::asked("arxiv.org"));
        let rig = Rig::new(world.paper(paper)).await;
        let flags = ["--fallback-max-attempts", attempts];
        let ran = rig.race(&[by_both()], &flags).await;
        let probes = rig.web.requests_for("arxiv.org", "/pdf/");
        assert_eq!(probes[0].ended, Some(Ended::ClientGone), "{ran}");
        if obtained {
            assert_eq!(
                rig.attempts("W1"),
                ["unpaywall no_pdf truncated", "arxiv success arxiv_pdf"]
            );
            assert_eq!(rig.paper("W1").len(), 30_000);
        } else {
            rig.assert_lost(&ran, "W1", "no_pdf", "truncated");
            assert_eq!(rig.attempts("W1"), ["unpaywall no_pdf truncated"]);
            assert_eq!(probes.len(), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_most_eight_candidates_of_an_attempt_are_probed_best_first() {
    let urls: Vec<String> = "abcdefghij"
        .chars()
        .map(|name| url(&name.to_string()))
        .collect();
    // The ninth is good, and never asked for.
    let rig = Rig::new(World::new().page(&urls[8], pdf(20_000))).await;
    let mut many = Guest::new("many");
    let proposals: Vec<Proposal> = urls.iter().map(|url| Proposal::new(url)).collect();
    let all = many.findings(&proposals, &[], &[], "no_pdf_url");
    rig.file("many.wasm", many.resolve(all).build());
    let flags = [
        "--only",
        "many",
        "--fallback-tier",
        "many:adapter=many.wasm",
    ];
    let ran = rig.race(&[by_doi()], &flags).await;
    rig.assert_lost(&ran, "W1", "no_pdf", "not_found");
    let probed: Vec<String> = rig.web.requests().iter().map(|r| r.url()).collect();
    assert_eq!(probed, urls[..8]);
}
