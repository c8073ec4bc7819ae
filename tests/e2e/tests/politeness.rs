//! Limits and retries as the origins see them: what is asked how often, and
//! how fast, by many workers and by many processes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::Duration;

use paperfall_e2e::{Rig, finish};
use paperfall_miniweb::{
    Answer, Location, LoggedRequest, Paper, Pdf, RetryAfter, Script, Service, UnpaywallRecord,
    World,
};
use serde_json::json;

const DOI: &str = "10.5555/polite";
const WORK: &str = "doi:10.5555/polite";
const UNPAYWALL: &str = "api.unpaywall.org";

/// One request for a turn of any length is worth waiting for.
const PATIENT: &str =
    "[gates]\nskip_if_rate_wait_exceeds_ms = 90000\n[source.wayback]\ntimeout_ms = 90000\n";

/// Works whose PDFs are gone, so that the archive's index is asked for each.
fn lost_works(from: usize, count: usize) -> String {
    let line = |n: usize| {
        let url = format!("https://journal.example/{n}.pdf");
        json!({"work_id": format!("W{n}"), "pdf_urls": [url]}).to_string()
    };
    (from..from + count)
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

fn index(rig: &Rig) -> Vec<LoggedRequest> {
    rig.web.requests_for("web.archive.org", "/cdx")
}

/// Checks that of requests let go one every `interval`, from the start of the web on, none
/// came before its turn. However late they arrive on a busy machine, the n-th to arrive
/// is no earlier than the n-th that was let go.
fn assert_spaced(requests: &[LoggedRequest], interval: Duration) {
    let mut times: Vec<Duration> = requests.iter().map(|request| request.started_at).collect();
    times.sort_unstable();
    for (turn, time) in (0..).zip(&times) {
        assert!(*time >= interval * turn, "{turn} requests before {time:?}");
    }
}

async fn fetch(world: World, flags: &[&str]) -> (Rig, paperfall_e2e::Ran) {
    let rig = Rig::new(world).await;
    let args = ["fetch", DOI].into_iter().chain(flags.iter().copied());
    let ran = rig.paperfall(args).await;
    (rig, ran)
}

/// A paper that Unpaywall knows, when it answers like this first.
fn known(unpaywall: impl Into<Script>) -> World {
    World::new().paper(
        Paper::new("Polite")
            .doi(DOI)
            .when_asked(Service::Unpaywall, unpaywall),
    )
}

/// Unpaywall's answer with the PDF in it.
fn found() -> Answer {
    Answer::json(&json!({
        "doi": DOI, "is_oa": true,
        "oa_locations": [{"url_for_pdf": "https://journal.example/a.pdf", "is_best": true}],
        "best_oa_location": {"url_for_pdf": "https://journal.example/a.pdf"},
    }))
}

fn with_pdf(world: World) -> World {
    world.page(
        "https://journal.example/a.pdf",
        Answer::pdf(Pdf::new("Polite", 7, 20_000)),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_workers_ask_an_index_no_faster_than_it_bears() {
    let rig = Rig::new(World::new().host("journal.example")).await;
    rig.file("paperfall.toml", PATIENT);
    let list = rig.file("works.jsonl", lost_works(0, 32));
    let ran = rig
        .paperfall([
            "run",
            list.to_str().unwrap(),
            "--only",
            "wayback",
            "--workers",
            "16",
            "--host-limit",
            "web.archive.org/cdx:per_second=10",
        ])
        .await;
    assert_eq!(ran.code, 1, "{ran}");
    let asked = index(&rig);
    assert_eq!(asked.len(), 32, "{ran}");
    assert_spaced(&asked, Duration::from_millis(100));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_processes_on_one_ledger_ask_an_index_no_faster_than_it_bears() {
    let rig = Rig::new(World::new().host("journal.example")).await;
    rig.file("paperfall.toml", PATIENT);
    let processes: Vec<_> = (0..4)
        .map(|n| {
            let name = format!("works{n}.jsonl");
            let list = rig.file(&name, lost_works(n * 8, 8));
            let args = [
                "run",
                list.to_str().unwrap(),
                "--only",
                "wayback",
                "--workers",
                "4",
                "--enable-idempotency",
                "--host-limit",
                "web.archive.org/cdx:per_second=10",
            ];
            rig.command(args).spawn().unwrap()
        })
        .collect();
    for process in processes {
        let ran = finish(process).await;
        assert_eq!(ran.code, 1, "{ran}");
    }
    let asked = index(&rig);
    assert_eq!(asked.len(), 32);
    assert_spaced(&asked, Duration::from_millis(100));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_beyond_the_gate_is_a_skip_that_costs_nothing_and_leaves_the_question_open() {
    let rig = Rig::new(World::new().host("journal.example")).await;
    let list = rig.file("works.jsonl", lost_works(0, 3));
    let ran = rig
        .paperfall([
            "run",
            list.to_str().unwrap(),
            "--only",
            "wayback",
            "--workers",
            "1",
            "--host-limit",
            "web.archive.org/cdx:per_minute=1",
        ])
        .await;
    assert_eq!(ran.code, 1, "{ran}");
    assert_eq!(index(&rig).len(), 1);
    assert_eq!(rig.attempts("W0"), ["wayback no_pdf no_snapshot"]);
    for work in ["W1", "W2"] {
        assert_eq!(rig.attempts(work), ["wayback skipped rate_wait"], "{ran}");
        let result = rig.result(work);
        assert_eq!(result["outcome"], "retryable");
        assert_eq!(result["reason"], "rate_wait");
        assert_eq!(result["attempts"][0]["requests"], 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_that_passes_is_retried_and_counted() {
    for first in [
        Answer::status(503),
        Answer::rate_limited(RetryAfter::Seconds(1)),
        Answer::rate_limited(RetryAfter::Date(2)),
        Answer::dropped(),
    ] {
        let world = with_pdf(known(Script::from(first.clone()).then(found())));
        let (rig, ran) = fetch(world, &["--only", "unpaywall"]).await;
        assert_eq!(ran.code, 0, "{first:?}: {ran}");
        let attempt = &rig.result(WORK)["attempts"][0];
        assert_eq!(attempt["retries"], 1, "{first:?}: {attempt}");
        let asked = rig.web.requests_for(UNPAYWALL, "/");
        assert_eq!(asked.len(), 2, "{first:?}");
        let waited = asked[1].started_at - asked[0].started_at;
        let limited = asked[0].status == Some(429);
        assert!(
            !limited || waited >= Duration::from_millis(900),
            "{waited:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_no_more_retries_than_the_plan_allows_and_none_past_the_deadline() {
    let down = || Answer::status(503);
    // Its turns come at two seconds and at four, which is past the deadline.
    let busy = || down().retry_after(RetryAfter::Seconds(2));
    for (tier, answer, requests) in [
        ("direct_oa:retries=0", down(), 1),
        ("direct_oa:retries=2", down(), 3),
        ("direct_oa:retries=10,timeout_ms=3500", busy(), 2),
    ] {
        let flags = ["--only", "unpaywall", "--fallback-tier", tier];
        let (rig, ran) = fetch(known(answer), &flags).await;
        // The last answer is told, not a time-out.
        rig.assert_lost(&ran, WORK, "retryable", "http_5xx");
        let asked = rig.web.requests_for(UNPAYWALL, "/");
        assert_eq!(asked.len(), requests, "{tier}");
        let attempt = &rig.result(WORK)["attempts"][0];
        assert_eq!(attempt["retries"], requests - 1, "{tier}");
        assert_eq!(attempt["status"], 503);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_will_not_change_is_asked_once() {
    for status in [400, 401, 403, 404, 405, 410, 500] {
        let (rig, ran) = fetch(known(Answer::status(status)), &["--only", "unpaywall"]).await;
        assert_eq!(ran.code, 1, "{status}: {ran}");
        assert_eq!(rig.web.requests_for(UNPAYWALL, "/").len(), 1, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_and_a_download_are_retried_as_their_source_is() {
    let url = "https://journal.example/a.pdf";
    let pdf = || Answer::pdf(Pdf::new("Polite", 7, 20_000));
    // The probe, its retry, HEAD and its retry, the download and its retry.
    let script = Script::from(Answer::status(502))
        .then(pdf())
        .then(Answer::status(503))
        .then(pdf())
        .then(Answer::status(504))
        .then(pdf());
    let record = UnpaywallRecord::open([Location::pdf(url, "https://journal.example/a")]);
    let world = World::new().paper(
        Paper::new("Polite")
            .doi(DOI)
            .unpaywall(record)
            .page(url, script),
    );
    let (rig, ran) = fetch(world, &["--only", "unpaywall"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    let methods: Vec<String> = rig
        .requests_of(url)
        .into_iter()
        .map(|request| format!("{} {}", request.method, request.status.unwrap_or(0)))
        .collect();
    assert_eq!(
        methods,
        [
            "GET 502", "GET 206", "HEAD 503", "HEAD 200", "GET 504", "GET 200"
        ]
    );
    assert_eq!(rig.result(WORK)["attempts"][0]["retries"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn explain_tells_of_waits_breakers_and_retries() {
    let world = with_pdf(known(Script::from(Answer::status(503)).then(found())));
    let rig = Rig::new(world).await;
    let ran = rig
        .paperfall(["resolve", DOI, "--explain", "--only", "unpaywall"])
        .await;
    assert_eq!(ran.code, 0, "{ran}");
    let hop = ran
        .stdout
        .lines()
        .find(|line| line.contains("hop  https://api.unpaywall.org"));
    let hop = hop.expect("the hop is told");
    for part in ["waited ", "breaker closed", "→ 200 after 1 retries"] {
        assert!(hop.contains(part), "{hop}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_that_cannot_be_kept_is_refused_in_one_line() {
    let rig = Rig::new(World::new()).await;
    for limit in [
        "a.org:per_minute=0",
        "a.org",
        "https://a.org:per_second=1",
        "a.org:speed=1",
    ] {
        let ran = rig.paperfall(["fetch", DOI, "--host-limit", limit]).await;
        assert_eq!(ran.code, 2, "{limit}: {ran}");
        assert_eq!(ran.stderr.lines().count(), 1, "{limit}: {ran}");
        assert!(ran.stderr.contains("--host-limit: "), "{limit}: {ran}");
    }
}
