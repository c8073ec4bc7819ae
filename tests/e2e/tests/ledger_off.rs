//! Without the flag there is no ledger: nothing of one is created or written,
//! and the results are the same as with it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::BTreeMap;
use std::path::Path;

use paperfall_e2e::{Ran, Rig};
use paperfall_miniweb::{Answer, Paper, Pdf, UnpaywallRecord, World};
use serde_json::{Value, json};

const PDF: &str = "https://papers.example/1.pdf";
const CUT: &str = "https://papers.example/cut.pdf";
const PLAIN: [&str; 4] = ["run", "list.txt", "--only", "given,unpaywall,arxiv"];

fn pdf(n: u64) -> Pdf {
    Pdf::new("Off", n, 20_000)
}

/// Works that come to several ends.
async fn rig() -> Rig {
    let closed = Paper::new("Closed")
        .doi("10.5555/closed")
        .unpaywall(UnpaywallRecord::closed());
    let found = Paper::new("Found")
        .arxiv("2101.00001")
        .arxiv_pdf(Answer::pdf(pdf(2)));
    let world = World::new()
        .paper(closed)
        .paper(found)
        .page(PDF, Answer::pdf(pdf(1)))
        .page(CUT, Answer::pdf(pdf(3)).cut_after(9_000));
    let rig = Rig::new(world).await;
    rig.list([
        json!({"url": PDF}).to_string(),
        json!({"doi": "10.5555/closed"}).to_string(),
        json!({"work_id": "cut", "pdf_urls": [CUT]}).to_string(),
        json!({"arxiv_id": "2101.00001"}).to_string(),
    ]);
    rig
}

async fn run(rig: &Rig, flags: &[&str]) -> Ran {
    let ran = rig.paperfall(PLAIN.iter().chain(flags)).await;
    assert_eq!(ran.code, 1, "{ran}");
    ran
}

/// A result without its times.
fn timeless(mut result: Value) -> Value {
    for time in ["elapsed_ms", "finished_at"] {
        assert!(result.as_object_mut().unwrap().remove(time).is_some());
    }
    for attempt in result["attempts"].as_array_mut().unwrap() {
        attempt.as_object_mut().unwrap().remove("elapsed_ms");
    }
    result
}

fn timeless_results(rig: &Rig) -> BTreeMap<String, Value> {
    let results = rig.results().into_iter();
    results.map(|(id, result)| (id, timeless(result))).collect()
}

/// Every file and folder in OUT with its size, its time and its content.
fn everything(out: &Path) -> BTreeMap<String, (u64, std::time::SystemTime, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![out.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let about = entry.metadata().unwrap();
            if about.is_dir() {
                folders.push(entry.path());
            }
            let bytes = if about.is_file() {
                std::fs::read(entry.path()).unwrap()
            } else {
                Vec::new()
            };
            let name = entry.path().display().to_string();
            found.insert(name, (about.len(), about.modified().unwrap(), bytes));
        }
    }
    found
}

fn is_of_a_ledger(name: &str) -> bool {
    name.contains("manifest") || name.contains("sqlite") || name.contains("-locks")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_flag_there_is_no_database_and_with_it_the_same_results() {
    let (without, with) = (rig().await, rig().await);
    run(&without, &[]).await;
    run(&with, &["--enable-idempotency"]).await;
    for name in everything(&without.out()).keys() {
        assert!(!is_of_a_ledger(name), "{name}");
    }
    assert_eq!(without.results().len(), 4);
    assert_eq!(timeless_results(&without), timeless_results(&with));
    let mut files = with.files("");
    let all = files.len();
    files.retain(|name| !is_of_a_ledger(name));
    assert!(files.len() < all, "there was no ledger either");
    assert_eq!(files, without.files(""));
    let hosts = |rig: &Rig| {
        let mut urls: Vec<String> = rig.web.requests().iter().map(|r| r.url()).collect();
        urls.sort();
        urls
    };
    assert_eq!(hosts(&without), hosts(&with));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_without_the_flag_leaves_a_ledger_that_is_there_as_it_is() {
    let rig = rig().await;
    run(&rig, &["--enable-idempotency"]).await;
    let ledgers = |rig: &Rig| {
        let mut all = everything(&rig.out());
        all.retain(|name, _| is_of_a_ledger(name));
        all
    };
    let before = ledgers(&rig);
    assert!(!before.is_empty());
    run(&rig, &[]).await;
    assert_eq!(ledgers(&rig), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_with_the_flag_goes_on_where_one_without_it_has_stored_papers() {
    let rig = rig().await;
    run(&rig, &[]).await;
    let (results, objects) = (timeless_results(&rig), rig.files("objects"));
    run(&rig, &["--enable-idempotency"]).await;
    assert_eq!(timeless_results(&rig), results);
    assert_eq!(rig.files("objects"), objects);
    assert_eq!(rig.states()["cut"], "FAILED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn either_variable_asks_for_a_ledger_too_and_nonsense_in_it_is_refused() {
    const THEIRS: &str = "DOCSTOKG_ENABLE_IDEMPOTENCY";
    const OURS: &str = "PAPERFALL_ENABLE_IDEMPOTENCY";
    for (name, value, is_asked) in [
        (THEIRS, "true", true),
        (THEIRS, "1", true),
        (THEIRS, "false", false),
        (THEIRS, "", false),
        (OURS, "true", true),
        (OURS, "yes", true),
        (OURS, "1", true),
        (OURS, "false", false),
        (OURS, "", false),
    ] {
        let rig = rig().await;
        let mut command = rig.command(PLAIN);
        let ran = paperfall_e2e::finish(command.env(name, value).spawn().unwrap()).await;
        assert_eq!(ran.code, 1, "{name}={value}: {ran}");
        assert_eq!(rig.ledger_path().exists(), is_asked, "{name}={value}");
    }
    for name in [THEIRS, OURS] {
        let rig = rig().await;
        let mut command = rig.command(PLAIN);
        let ran = paperfall_e2e::finish(command.env(name, "perhaps").spawn().unwrap()).await;
        assert_eq!(ran.code, 2, "{name}: {ran}");
        for word in ["perhaps", "neither true nor false"] {
            assert!(ran.stderr.contains(word), "{ran}");
        }
        assert!(!rig.ledger_path().exists());
        assert!(rig.web.requests().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_a_ledger_can_do_is_refused_without_one() {
    let rig = rig().await;
    for flags in [
        &["--retry-missing", "0s"][..],
        &["--ledger", "mine.sqlite3"],
        &["--lease-ttl", "120"],
        &["--ledger-durability", "full"],
        &["--on-ledger-error", "stop"],
        &["--ledger-patience", "60"],
        &["--wait-for-retries"],
    ] {
        for command in [&PLAIN[..], &["fetch", PDF], &["demo"]] {
            let ran = rig.paperfall(command.iter().chain(flags)).await;
            ran.assert_refused(2, &[flags[0], "--enable-idempotency"]);
        }
    }
    for bad in ["soon", "-1d", "5"] {
        let flag = format!("--retry-missing={bad}");
        let args = ["--enable-idempotency", &flag];
        let ran = rig.paperfall(PLAIN.iter().chain(&args)).await;
        assert_eq!(ran.code, 2, "{ran}");
    }
    let args = ["--enable-idempotency", "--lease-ttl", "0"];
    let ran = rig.paperfall(PLAIN.iter().chain(&args)).await;
    assert_eq!(ran.code, 2, "{ran}");
    assert!(rig.web.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_a_ledger_can_do_may_be_set_for_all_runs_in_the_environment() {
    let rig = rig().await;
    let mut command = rig.command(PLAIN);
    for (name, value) in [
        ("PAPERFALL_LEDGER", "mine.sqlite3"),
        ("PAPERFALL_LEASE_TTL", "60"),
        ("PAPERFALL_LEDGER_DURABILITY", "normal"),
        ("PAPERFALL_ON_LEDGER_ERROR", "continue"),
        ("PAPERFALL_LEDGER_PATIENCE", "5"),
        ("PAPERFALL_RETRY_MISSING", "30d"),
        ("PAPERFALL_WAIT_FOR_RETRIES", "true"),
    ] {
        command.env(name, value);
    }
    let ran = paperfall_e2e::finish(command.spawn().unwrap()).await;
    assert_eq!(ran.code, 1, "{ran}");
    assert_eq!(rig.results().len(), 4);
    assert!(!rig.folder().join("mine.sqlite3").exists());
}

/// Two papers, obtained by a run without a ledger.
async fn obtained() -> Rig {
    let rig = rig().await;
    run(&rig, &[]).await;
    rig
}

fn path_of_the_first(rig: &Rig) -> std::path::PathBuf {
    let result = rig.result(&format!("url:{PDF}"));
    rig.out().join(result["path"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_success_whose_file_is_gone_or_shortened_is_no_success_any_more() {
    let rig = obtained().await;
    let object = path_of_the_first(&rig);
    let whole = std::fs::read(&object).unwrap();
    std::fs::remove_file(&object).unwrap();
    run(&rig, &[]).await;
    assert_eq!(std::fs::read(&object).unwrap(), whole);
    std::fs::write(&object, &whole[..whole.len() - 1]).unwrap();
    run(&rig, &[]).await;
    assert_eq!(std::fs::read(&object).unwrap(), whole);
    assert_eq!(rig.downloads(PDF).len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_readable_name_deleted_by_hand_is_given_again_without_a_request() {
    let rig = obtained().await;
    let (papers, requests) = (rig.files("papers"), rig.requests_of(PDF).len());
    assert_eq!(papers.len(), 2);
    for paper in &papers {
        std::fs::remove_file(rig.out().join(paper)).unwrap();
    }
    run(&rig, &[]).await;
    assert_eq!(rig.files("papers"), papers);
    assert_eq!(rig.requests_of(PDF).len(), requests);
}
