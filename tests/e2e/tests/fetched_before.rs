//! `fetch` of works that are done already: each is told once more, as it was
//! when it ended, with a ledger and without one. Nobody is asked about it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::BTreeSet;

use paperfall_e2e::{Ran, Rig};
use paperfall_miniweb::{Answer, Pdf, World};

const FIRST: &str = "https://papers.example/1.pdf";
const SECOND: &str = "https://papers.example/2.pdf";
const GONE: &str = "https://papers.example/gone.pdf";
const LEDGER: &str = "--enable-idempotency";

async fn rig() -> Rig {
    Rig::new(
        World::new()
            .page(FIRST, Answer::pdf(Pdf::new("First", 1, 20_000)))
            .page(SECOND, Answer::pdf(Pdf::new("Second", 2, 20_000)))
            .page(GONE, Answer::status(404)),
    )
    .await
}

async fn fetch(rig: &Rig, flags: &[&str], urls: &[&str]) -> Ran {
    let only = ["fetch", "--only", "given,arxiv"];
    rig.paperfall(only.iter().chain(flags).chain(urls)).await
}

/// What is told, in any order.
fn lines(ran: &Ran) -> BTreeSet<&str> {
    ran.stdout.lines().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_json_line_is_the_one_it_had() {
    for flags in [&["--json"][..], &["--json", LEDGER]] {
        let rig = rig().await;
        let first = fetch(&rig, flags, &[FIRST]).await;
        assert_eq!(first.code, 0, "{first}");
        assert_eq!(lines(&first).len(), 1, "{first}");
        let asked = rig.requests_of(FIRST).len();

        let again = fetch(&rig, flags, &[FIRST]).await;
        assert_eq!(again.code, 0, "{again}");
        assert_eq!(again.stdout, first.stdout);
        let more = fetch(&rig, flags, &[FIRST, SECOND]).await;
        assert_eq!(more.code, 0, "{more}");
        assert_eq!(lines(&more).len(), 2, "{more}");
        assert!(lines(&more).is_superset(&lines(&first)), "{more}");
        assert_eq!(rig.requests_of(FIRST).len(), asked);
        assert_eq!(rig.results().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_line_is_found_behind_one_that_is_longer_than_any_result() {
    let rig = rig().await;
    let first = fetch(&rig, &["--json"], &[FIRST]).await;
    let file = rig.out().join("results.jsonl");
    let long = "x".repeat(17 * 1024 * 1024);
    let told = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{long}\n{told}")).unwrap();
    let again = fetch(&rig, &["--json"], &[FIRST]).await;
    assert_eq!(again.code, 0, "{again}");
    assert_eq!(again.stdout, first.stdout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_paper_is_is_told_when_it_is_obtained_and_without_json_ever_after() {
    for flags in [&[][..], &[LEDGER]] {
        let rig = rig().await;
        let first = fetch(&rig, flags, &[FIRST]).await;
        assert!(!first.stdout.contains("obtained before"), "{first}");
        let mut papers = std::fs::read_dir(rig.out().join("papers")).unwrap();
        let paper = papers.next().unwrap().unwrap().path();
        let line = first.stderr.lines().find(|line| line.contains(FIRST));
        let told = format!(" → {}", paper.display());
        assert!(line.unwrap().ends_with(&told), "{first}");

        let again = fetch(&rig, flags, &[FIRST]).await;
        assert_eq!(again.code, 0, "{again}");
        let told = format!("obtained before: url:{FIRST}: {}", paper.display());
        assert!(lines(&again).contains(told.as_str()), "{again}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_ledger_a_work_that_failed_for_good_is_told_too() {
    let rig = rig().await;
    let first = fetch(&rig, &["--json", LEDGER], &[GONE]).await;
    assert_eq!(first.code, 1, "{first}");
    let asked = rig.web.requests().len();
    let again = fetch(&rig, &["--json", LEDGER], &[GONE]).await;
    assert_eq!(again.code, 1, "{again}");
    assert_eq!(again.stdout, first.stdout);
    let plainly = fetch(&rig, &[LEDGER], &[GONE]).await;
    let told = format!("without a paper so far: url:{GONE}: ");
    assert!(plainly.stdout.starts_with(&told), "{plainly}");
    assert_eq!(rig.web.requests().len(), asked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn run_tells_what_ended_in_it_and_nothing_else() {
    for flags in [&["--json"][..], &["--json", LEDGER]] {
        let rig = rig().await;
        rig.list([FIRST]);
        let run = ["run", "list.txt", "--only", "given,arxiv"];
        let first = rig.paperfall(run.iter().chain(flags)).await;
        assert_eq!(lines(&first).len(), 1, "{first}");
        let again = rig.paperfall(run.iter().chain(flags)).await;
        assert_eq!((again.code, again.stdout.as_str()), (0, ""), "{again}");
    }
}
