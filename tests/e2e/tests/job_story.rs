//! `jobs show` of works that a real run obtained and did not: plan rule, every hop,
//! verdict, ledger rows, file and events on one page.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{EMAIL, Rig};
use paperfall_miniweb::{Answer, Location, Paper, Pdf, UnpaywallRecord, World};
use serde_json::Value;

const NAMED: &str = "https://press.example/named";
const FILE: &str = "https://cdn.example/file.pdf";

/// A paper behind a redirect, which Unpaywall names, and a work nobody has.
async fn ran() -> Rig {
    let record = UnpaywallRecord::open([Location::pdf(NAMED, "https://press.example/1")]);
    let world = World::new()
        .paper(
            Paper::new("Told")
                .doi("10.5555/told")
                .unpaywall(record)
                .page(NAMED, Answer::redirect(FILE))
                .page(FILE, Answer::pdf(Pdf::new("Told", 1, 30_000))),
        )
        .paper(
            Paper::new("Closed")
                .doi("10.5555/closed")
                .unpaywall(UnpaywallRecord::closed()),
        );
    let rig = Rig::new(world).await;
    rig.list(["10.5555/told", "10.5555/closed"]);
    let args = [
        "run",
        "list.txt",
        "--enable-idempotency",
        "--only",
        "direct_oa",
    ];
    let ran = rig.paperfall(args).await;
    assert_eq!(ran.code, 1, "{ran}");
    rig
}

async fn shown(rig: &Rig, work: &str) -> String {
    let ran = rig.paperfall(["jobs", "show", work]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(!ran.stdout.contains(EMAIL), "{ran}");
    ran.stdout
}

/// That these stand in the text, in this order.
fn assert_in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let at = rest
            .find(part)
            .unwrap_or_else(|| panic!("no {part:?} where it should be in\n{text}"));
        rest = &rest[at + part.len()..];
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_a_paper_goes_from_the_plans_rule_to_the_file() {
    let rig = ran().await;
    let text = shown(&rig, "10.5555/told").await;
    let hash = paperfall_e2e::sha256(&rig.paper("doi:10.5555/told"));
    let path = format!("objects/{}/{hash}.pdf (29.3 KiB)", &hash[..2]);
    let named = format!("PROBE {NAMED} → 302 (granted by ");
    let file = format!("PROBE {FILE} → 20");
    assert_in_order(
        &text,
        &[
            "work      doi:10.5555/told",
            "state     INDEXED",
            &format!("file      {path}"),
            "round 1, by plan ",
            "direct_oa/unpaywall: success oa_pdf (",
            "rule  2 at once in its tier, 6000 ms, 2 retries, robots.txt not asked",
            "GET   https://api.unpaywall.org/v2/10.5555/told?email=redacted → 200 (granted by api.unpaywall.org",
            &named,
            &file,
            &format!("verdict: success oa_pdf by direct_oa/unpaywall, {NAMED}"),
            "effects, as the ledger has them",
            "1. RESOLUTION: OK",
            "STREAM: OK",
            "\"resumed_at\": 0",
            "FINALIZE: OK",
            "INDEX: OK",
            " events of 1 process\n",
            "job_planned",
            "job_leased",
            "job_state_changed     from_state PLANNED, to_state LEASED",
            "to_state INDEXED",
            "fallback_summary",
        ],
    );
    assert!(
        text.contains("direct_oa/arxiv: skipped no_arxiv_id\n"),
        "{text}"
    );
    assert!(text.lines().count() < 120, "not one page:\n{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_a_work_without_a_paper_says_who_was_asked_and_why_not() {
    let rig = ran().await;
    let text = shown(&rig, "10.5555/closed").await;
    assert_in_order(
        &text,
        &[
            "state     FAILED",
            "failed    not_oa",
            "round 1, by plan ",
            "direct_oa/unpaywall: no_pdf not_oa (1 request, 0 repeated, ",
            "GET   https://api.unpaywall.org/v2/10.5555/closed?email=redacted → 200",
            "verdict: no_pdf not_oa",
            "RESOLUTION: NON_RETRYABLE",
            "to_state FAILED",
        ],
    );
    assert!(!text.contains("\nfile "), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_json_the_story_has_hops_file_and_events_whole() {
    let rig = ran().await;
    let ran = rig
        .paperfall(["jobs", "show", "10.5555/told", "--json"])
        .await;
    let story: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(story["file"]["bytes"], 30_000);
    let ops = story["ops"].as_array().unwrap();
    let won = ops
        .iter()
        .map(|op| &op["result"])
        .find(|result| result["source"] == "unpaywall" && result["hops"].is_array())
        .unwrap();
    assert_eq!(won["rule"]["timeout_ms"], 6000);
    let hops: Vec<(&str, i64)> = won["hops"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hop| {
            let class = hop["status"].as_i64().unwrap() / 100;
            (hop["url"].as_str().unwrap(), class)
        })
        .collect();
    assert_eq!(hops[1..], [(NAMED, 3), (FILE, 2)], "{won:#}");
    let events = story["events"].as_array().unwrap();
    let seqs: Vec<i64> = events
        .iter()
        .map(|event| event["seq"].as_i64().unwrap())
        .collect();
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
    assert_eq!(events[0]["event"], "job_planned");
    assert_eq!(events.last().unwrap()["event"], "fallback_summary");

    // A paper that is gone is said to be gone; without events the page stands.
    let path = story["file"]["path"].as_str().unwrap();
    std::fs::remove_file(rig.out().join(path)).unwrap();
    rig.ledger()
        .execute_batch("DROP TABLE telemetry_events")
        .unwrap();
    let text = shown(&rig, "10.5555/told").await;
    assert!(text.contains("not there; see --out"), "{text}");
    assert!(
        text.contains("no events: the ledger has no table"),
        "{text}"
    );
}
