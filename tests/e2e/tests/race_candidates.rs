//! What becomes of the candidates of an attempt that are no PDFs: held back by
//! a gate, failed, or late. And what is added up when a winner was struck and
//! others of its attempt are tried.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::Duration;

use paperfall_e2e::{Guest, Proposal, Ran, Rig};
use paperfall_miniweb::{Answer, Pdf, Script, World};
use serde_json::{Value, json};

const DOI: &str = "10.5555/candidates";
/// A host that bears little.
const TAKEN: &str = "https://slow.example/taken.pdf";
const HELD: &str = "https://slow.example/held.pdf";
const HELD_TOO: &str = "https://slow.example/held2.pdf";
const BROKEN: &str = "https://broken.example/a.pdf";
const SILENT: &str = "https://silent.example/a.pdf";
const GOOD: &str = "https://papers.example/good.pdf";
const CUT: &str = "https://papers.example/cut.pdf";
const SHORT: &str = "https://papers.example/short.pdf";
const GONE: &str = "https://papers.example/gone.pdf";
const DOWN: &str = "https://papers.example/down.pdf";

fn pdf() -> Answer {
    Answer::pdf(Pdf::new("Candidates", 7, 20_000))
}

fn world() -> World {
    World::new()
        .host("slow.example")
        .page(BROKEN, Answer::dropped())
        .page(SILENT, Answer::never())
        .page(GOOD, pdf())
        .page(CUT, pdf().truncated_to(9_000))
        .page(SHORT, pdf().truncated_to(8_000))
        // Long enough to be seen in a sum of milliseconds.
        .page(GONE, Answer::status(404).delay(Duration::from_millis(300)))
        .page(DOWN, Script::from(Answer::status(503)).then(pdf()))
}

/// An adapter that proposes these, best first, and asks nothing itself.
fn proposing(name: &str, urls: &[&str]) -> Guest {
    let proposals: Vec<Proposal> = urls.iter().map(|url| Proposal::new(url)).collect();
    let mut guest = Guest::new(name);
    let found = guest.findings(&proposals, &[], &[], "no_pdf_url");
    guest.resolve(found)
}

fn by_doi() -> Value {
    json!({"work_id": "W1", "doi": DOI})
}

async fn explained(rig: &Rig, flags: Vec<String>) -> Ran {
    let args = ["resolve", "--explain", DOI].map(str::to_owned);
    rig.paperfall(args.into_iter().chain(flags)).await
}

async fn raced(rig: &Rig, flags: &[String]) -> Ran {
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    rig.race(&[by_doi()], &flags).await
}

/// The first attempt of the work.
fn attempt(rig: &Rig) -> Value {
    rig.result("W1")["attempts"][0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_gate_held_back_another_source_may_try_and_what_failed_or_was_late_nobody() {
    let rig = Rig::new(world()).await;
    // One request in three seconds, and four until the silent one is given up.
    rig.file(
        "paperfall.toml",
        "[gates]\nskip_if_rate_wait_exceeds_ms = 500\n\
         [source.many]\nretries = 0\ntimeout_ms = 4000\n",
    );
    let many = [TAKEN, HELD, BROKEN, SILENT, GOOD];
    let mut flags = rig.tiers(vec![
        ("many", proposing("many", &many)),
        ("heir", proposing("heir", &[BROKEN, SILENT, HELD, GOOD])),
    ]);
    flags.extend(["--host-limit", "slow.example:per_minute=20"].map(str::to_owned));
    let ran = explained(&rig, flags).await;
    assert_eq!(ran.code, 0, "{ran}");
    let (many, heir) = ran.stdout.split_once("heir/heir: ").expect("both");
    let told = |of: &str| -> Vec<String> {
        of.lines()
            .filter_map(|line| line.trim_start().strip_prefix("candidate "))
            .map(|line| line.replace(" [oa_pdf] →", ""))
            .collect()
    };
    assert!(many.starts_with("many/many: retryable (reset)"), "{ran}");
    // The time was up: the fifth was not looked at.
    let of_many = told(many);
    let [taken, held, broken, silent] = of_many.as_slice() else {
        panic!("{ran}");
    };
    assert_eq!(*taken, format!("{TAKEN} not_found (status 404)"));
    assert!(held.starts_with(&format!("{HELD} rate_wait (")), "{ran}");
    assert!(
        held.contains("the limits of slow.example"),
        "no words: {ran}"
    );
    assert!(broken.starts_with(&format!("{BROKEN} reset (")), "{ran}");
    assert!(broken.contains("before the end"), "no words: {ran}");
    let late = format!("{SILENT} source_deadline (no answer in time)");
    assert_eq!(*silent, late);

    assert!(heir.starts_with("success (oa_pdf)"), "{ran}");
    assert_eq!(
        told(heir),
        [
            format!("{BROKEN} already_tried (tried before for this work)"),
            format!("{SILENT} already_tried (tried before for this work)"),
            format!("{HELD} not_found (status 404)"),
            format!("{GOOD} a PDF"),
        ],
        "{ran}"
    );
    for url in [TAKEN, HELD, BROKEN, SILENT, GOOD] {
        assert_eq!(rig.requests_of(url).len(), 1, "{url}: {ran}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_candidate_that_a_gate_held_back_leaves_the_question_open_whatever_the_others_were() {
    let rig = Rig::new(world()).await;
    let mut flags = rig.tiers(vec![
        ("some", proposing("some", &[TAKEN, HELD])),
        ("all", proposing("all", &[HELD, HELD_TOO])),
    ]);
    flags.extend(["--host-limit", "slow.example:per_minute=1"].map(str::to_owned));
    let ran = raced(&rig, &flags).await;
    rig.assert_lost(&ran, "W1", "retryable", "rate_wait");
    assert_eq!(
        rig.attempts("W1"),
        ["some skipped rate_wait", "all skipped rate_wait"]
    );
    let requests = |attempt: usize| rig.result("W1")["attempts"][attempt]["requests"].clone();
    assert_eq!((requests(0), requests(1)), (json!(1), json!(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_was_redirected_to_where_it_may_not_go_has_asked() {
    let (way, end) = ("https://open.example/go", "https://closed.example/page");
    let closed = Answer::text("User-agent: *\nDisallow: /\n");
    let world = World::new()
        .page(way, Answer::redirect(end))
        .page("https://closed.example/robots.txt", closed);
    let rig = Rig::new(world).await;
    rig.file(
        "paperfall.toml",
        "[source.many]\nrobots_respect = true\n\
         [adapter.many]\nhosts = ['open.example', 'closed.example']\n",
    );
    let mut many = Guest::new("many")
        .host("open.example")
        .host("closed.example");
    let (get, miss) = (many.get_page(way), many.miss("not_found"));
    let many = many.resolve(format!("(drop {get}) {miss}"));
    let flags = rig.tiers(vec![("many", many)]);
    let ran = raced(&rig, &flags).await;
    assert_eq!(rig.requests_of(way).len(), 1, "{ran}");
    assert_eq!(rig.requests_of(end).len(), 0, "{ran}");
    assert_eq!(rig.attempts("W1"), ["many no_pdf not_found"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_probes_after_a_struck_winner_are_added_to_its_attempt() {
    let rig = Rig::new(world()).await;
    rig.file("paperfall.toml", "[source.many]\nretries = 1\n");
    let flags = rig.tiers(vec![("many", proposing("many", &[CUT]))]);
    let ran = raced(&rig, &flags).await;
    rig.assert_lost(&ran, "W1", "no_pdf", "truncated");
    let alone = attempt(&rig);
    assert_eq!(
        (&alone["requests"], &alone["retries"]),
        (&json!(1), &json!(0))
    );

    let rig = Rig::new(world()).await;
    rig.file("paperfall.toml", "[source.many]\nretries = 1\n");
    let flags = rig.tiers(vec![("many", proposing("many", &[CUT, GONE, DOWN]))]);
    let ran = raced(&rig, &flags).await;
    assert_eq!(ran.code, 0, "{ran}");
    let sums = attempt(&rig);
    assert_eq!(sums["url"], DOWN);
    // The broken one, the one that is gone, and twice the one that was down.
    assert_eq!(
        (&sums["requests"], &sums["retries"]),
        (&json!(4), &json!(1))
    );
    let bytes = |attempt: &Value| attempt["bytes"].as_u64().unwrap();
    assert!(bytes(&sums) > bytes(&alone), "{sums} {alone}");
    assert!(sums["elapsed_ms"].as_u64().unwrap() >= 300, "{sums}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_candidate_that_may_work_another_day_is_not_forgotten_between_two_struck_ones() {
    let rig = Rig::new(world()).await;
    rig.file("paperfall.toml", "[source.many]\nretries = 0\n");
    let flags = rig.tiers(vec![("many", proposing("many", &[CUT, DOWN, SHORT]))]);
    let ran = raced(&rig, &flags).await;
    rig.assert_lost(&ran, "W1", "retryable", "http_5xx");
    assert_eq!(rig.attempts("W1"), ["many retryable http_5xx"]);
}
