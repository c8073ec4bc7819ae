//! Answers made to hurt: each costs its own work at most.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::Rig;
use paperfall_miniweb::{Answer, Pdf, World};
use serde_json::json;

const SITE: &str = "https://files.example";

fn url(name: &str) -> String {
    format!("{SITE}/{name}.pdf")
}

/// A PDF whose end names any offset for its cross-reference table.
fn pdf_with_startxref(offset: u64) -> Answer {
    let body = format!(
        "%PDF-1.4\n{}\nstartxref\n{offset}\n%%EOF\n",
        "% padding\n".repeat(200)
    );
    Answer::bytes("application/pdf", body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pdf_that_names_an_impossible_offset_costs_nobody_else_anything() {
    let rig = Rig::new(
        World::new()
            .page(&url("half"), pdf_with_startxref(1 << 63))
            .page(&url("all"), pdf_with_startxref(u64::MAX))
            .page(&url("good"), Answer::pdf(Pdf::new("A good one", 1, 9_000))),
    )
    .await;
    let ran = rig
        .paperfall([
            "fetch",
            &url("half"),
            &url("all"),
            &url("good"),
            "--workers",
            "1",
        ])
        .await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(rig.results().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_urls_share_one_attempts_requests_however_often_they_redirect() {
    let mut world = World::new();
    let mut given = Vec::new();
    for chain in 0..12 {
        for hop in 0..9 {
            let (from, to) = (
                url(&format!("{chain}/{hop}")),
                url(&format!("{chain}/{}", hop + 1)),
            );
            world = world.page(&from, Answer::redirect(&to));
        }
        world = world.page(&url(&format!("{chain}/9")), Answer::status(404));
        given.push(url(&format!("{chain}/0")));
    }
    let rig = Rig::new(world).await;
    let work = json!({"work_id": "many", "pdf_urls": given}).to_string();
    let ran = rig
        .paperfall(["resolve", &work, "--json", "--only", "given,arxiv"])
        .await;
    assert_eq!(ran.code, 1, "{ran}");
    let result: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(result["attempts"][0]["source"], "given");
    let asked = rig.web.requests().len();
    assert!(asked <= 24, "{asked} requests for one attempt");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_candidate_that_may_work_later_is_not_forgotten_over_a_truncated_one() {
    for order in [["short", "busy"], ["busy", "short"]] {
        let rig = Rig::new(
            World::new()
                .page(
                    &url("short"),
                    Answer::pdf(Pdf::new("Cut", 2, 20_000)).truncated_to(9_000),
                )
                .page(&url("busy"), Answer::status(500)),
        )
        .await;
        let given: Vec<String> = order.iter().map(|name| url(name)).collect();
        let work = json!({"work_id": "two", "pdf_urls": given}).to_string();
        let list = rig.file("list.jsonl", work);
        let ran = rig
            .paperfall([
                "run".as_ref(),
                list.as_os_str(),
                "--only".as_ref(),
                "given,arxiv".as_ref(),
            ])
            .await;
        assert_eq!(ran.code, 1, "{ran}");
        let result = rig.result("two");
        assert_eq!(result["outcome"], "retryable", "{order:?}: {result}");
        assert_eq!(result["reason"], "http_5xx", "{order:?}: {result}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn output_that_cannot_be_written_is_one_line_and_exit_3() {
    let rig = Rig::new(World::new()).await;
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let child = rig
        .command(["plan"])
        .stdout(full)
        .spawn()
        .expect("the binary starts");
    let ran = paperfall_e2e::finish(child).await;
    assert_eq!(ran.code, 3, "{ran}");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran}");
    assert!(ran.stderr.contains("standard output"), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_does_not_overwrite_a_list_of_somebody_elses() {
    let rig = Rig::new(World::new()).await;
    let list = rig.file("mine/works.jsonl", "{\"doi\":\"10.5555/mine\"}\n");
    let ran = rig
        .paperfall(["demo", "--works", "1", "--out", "mine"])
        .await;
    assert_eq!(ran.code, 2, "{ran}");
    assert!(ran.stderr.contains("not the demo's"), "{ran}");
    assert_eq!(
        std::fs::read_to_string(list).unwrap(),
        "{\"doi\":\"10.5555/mine\"}\n"
    );
}
