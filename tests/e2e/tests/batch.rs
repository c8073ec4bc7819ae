//! Lists of works: every format, a second run that goes on where the first
//! one stopped, and an output folder that belongs to one process at a time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use paperfall_e2e::{Ran, Rig, finish};
use paperfall_miniweb::{Answer, Door, Paper, Pdf, Script, Service, World};
use serde_json::{Value, json};

const ONLY: [&str; 2] = ["--only", "arxiv"];

fn pdf(n: u32) -> Pdf {
    Pdf::new("Batch", n.into(), 20_000)
}

fn id(n: u32) -> String {
    format!("2101.{n:05}")
}

fn work(n: u32) -> String {
    format!("arxiv:{}", id(n))
}

fn good(n: u32) -> Paper {
    Paper::new("Batch")
        .arxiv(&id(n))
        .arxiv_pdf(Answer::pdf(pdf(n)))
}

fn scripted(n: u32, script: impl Into<Script>) -> Paper {
    Paper::new("Batch")
        .arxiv(&id(n))
        .when_asked(Service::ArxivPdf, script)
}

fn papers(count: u32) -> World {
    (1..=count).fold(World::new(), |world, n| world.paper(good(n)))
}

async fn run(rig: &Rig, list: &Path, more: &[&str]) -> Ran {
    let mut args: Vec<OsString> = vec!["run".into(), list.into()];
    args.extend(ONLY.iter().chain(more).map(OsString::from));
    let ran = rig.paperfall(args).await;
    ran.assert_orderly();
    ran
}

fn text_list(rig: &Rig, count: u32) -> std::path::PathBuf {
    let lines: String = (1..=count).map(|n| format!("arXiv:{}\n", id(n))).collect();
    rig.file("list.txt", lines)
}

/// Requests for the PDF of one paper.
fn asked(rig: &Rig, n: u32) -> usize {
    rig.web
        .requests_for("arxiv.org", &format!("/pdf/{}", id(n)))
        .len()
}

fn assert_all_obtained(rig: &Rig, works: &[u32]) {
    for &n in works {
        rig.assert_obtained(&work(n), "arxiv", "arxiv_pdf", &pdf(n).bytes());
    }
    let ids: BTreeSet<String> = works.iter().map(|&n| work(n)).collect();
    let found: BTreeSet<String> = rig.results().into_keys().collect();
    assert_eq!(found, ids);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_csv_jsonl_and_openalex_are_told_apart_by_their_content() {
    let openalex = json!({
        "id": "https://openalex.org/W1",
        "ids": {"openalex": "https://openalex.org/W1"},
        "locations": [{"landing_page_url": format!("https://arxiv.org/abs/{}", id(1)), "pdf_url": null}],
    });
    for (name, content, work_id) in [
        ("text", format!("# mine\narXiv:{}\n", id(1)), work(1)),
        (
            "csv",
            format!("title,arxiv_id\n\"a, b\",{}\n", id(1)),
            work(1),
        ),
        (
            "jsonl",
            format!("{{\"arxiv_id\":\"{}\"}}\n", id(1)),
            work(1),
        ),
        ("openalex", format!("{openalex}\n"), "W1".to_owned()),
    ] {
        let rig = Rig::new(papers(1)).await;
        // The name says nothing about the format.
        let list = rig.file("works", &content);
        let ran = run(&rig, &list, &[]).await;
        assert_eq!(ran.code, 0, "{name}: {ran}");
        rig.assert_obtained(&work_id, "arxiv", "arxiv_pdf", &pdf(1).bytes());

        // Said outright, the same comes of it.
        let rig = Rig::new(papers(1)).await;
        let list = rig.file("works", &content);
        let ran = run(&rig, &list, &["--format", name]).await;
        assert_eq!(ran.code, 0, "{name}: {ran}");
        rig.assert_obtained(&work_id, "arxiv", "arxiv_pdf", &pdf(1).bytes());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_read_from_standard_input() {
    let rig = Rig::new(papers(3)).await;
    let list: String = (1..=3).map(|n| format!("{}\n", id(n))).collect();
    let ran = rig
        .paperfall_reading(["run", "-", "--only", "arxiv"], list.as_bytes())
        .await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_all_obtained(&rig, &[1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_result_is_printed_as_it_stands_in_the_results() {
    let rig = Rig::new(papers(3).paper(scripted(4, Answer::status(404)))).await;
    let list = text_list(&rig, 4);
    let ran = run(&rig, &list, &["--json"]).await;
    assert_eq!(ran.code, 1, "{ran}");
    let printed: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect();
    assert_eq!(printed.len(), 4);
    for result in printed {
        let stored = rig.result(result["work_id"].as_str().unwrap());
        assert_eq!(result, stored);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_run_skips_what_is_done_and_tries_the_failed_again() {
    let failing = Script::from(Answer::status(500)).then(Answer::pdf(pdf(3)));
    let rig = Rig::new(papers(2).paper(scripted(3, failing))).await;
    let list = text_list(&rig, 3);
    let first = run(&rig, &list, &[]).await;
    assert_eq!(first.code, 1, "{first}");
    assert_eq!(rig.result(&work(3))["reason"], "http_5xx");
    let before = (asked(&rig, 1), asked(&rig, 2));

    let second = run(&rig, &list, &[]).await;
    assert_eq!(second.code, 0, "{second}");
    for said in ["1 of 1 work obtained (", "), 2 done before\n"] {
        assert!(second.stdout.contains(said), "{second}");
    }
    assert_eq!((asked(&rig, 1), asked(&rig, 2)), before);
    // One line a work, the failure's replaced.
    assert_all_obtained(&rig, &[1, 2, 3]);

    let requests = rig.web.requests().len();
    let third = run(&rig, &list, &[]).await;
    assert_eq!(third.code, 0, "{third}");
    let said = "nothing left to do: all 3 works were obtained before\n";
    assert!(third.stdout.starts_with(said), "{third}");
    assert_eq!(rig.web.requests().len(), requests, "nothing was left to do");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_deleted_by_hand_is_fetched_again() {
    let rig = Rig::new(papers(2)).await;
    let list = text_list(&rig, 2);
    run(&rig, &list, &[]).await;
    let path = rig.result(&work(1))["path"].as_str().unwrap().to_owned();
    std::fs::remove_file(rig.out().join(path)).unwrap();
    let untouched = asked(&rig, 2);
    let ran = run(&rig, &list, &[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_all_obtained(&rig, &[1, 2]);
    assert_eq!(asked(&rig, 2), untouched);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_results_file_with_a_torn_last_line_is_gone_on_with() {
    let rig = Rig::new(papers(2)).await;
    let list = text_list(&rig, 2);
    run(&rig, &list, &["--workers", "1"]).await;
    let file = rig.out().join("results.jsonl");
    let whole = std::fs::read_to_string(&file).unwrap();
    let torn = &whole[..whole.len() - 40];
    std::fs::write(&file, torn).unwrap();
    let (first, second) = (asked(&rig, 1), asked(&rig, 2));

    let ran = run(&rig, &list, &[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stderr.contains("results.jsonl"), "not a word: {ran}");
    assert_eq!(asked(&rig, 1), first);
    assert!(asked(&rig, 2) > second, "its result was lost");
    let text = std::fs::read_to_string(&file).unwrap();
    let ids: Vec<String> = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .map(|line| line["work_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, [work(1), work(2)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_a_results_line_was_cut_nothing_is_left_of_it() {
    let rig = Rig::new(papers(1)).await;
    let list = text_list(&rig, 1);
    run(&rig, &list, &[]).await;
    let file = rig.out().join("results.jsonl");
    let whole = std::fs::read(&file).unwrap();
    let cuts = [1, 2, 10, 11, 40, whole.len() - 2].map(|bytes| whole[..bytes].to_vec());
    // What a file system leaves whose power failed.
    let zeros = [vec![0; 100], [&whole[..40], &[0; 100]].concat()];
    for torn in cuts.into_iter().chain(zeros) {
        std::fs::write(&file, [&whole[..], &torn[..]].concat()).unwrap();
        let ran = run(&rig, &list, &[]).await;
        assert_eq!(ran.code, 0, "{ran}");
        let left = std::fs::read(&file).unwrap();
        assert!(
            left == whole,
            "{:?}: {:?}",
            torn.escape_ascii().to_string(),
            left.escape_ascii().to_string()
        );
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_results_file_that_is_tidied_stays_where_it_is_and_whose_it_is() {
    use std::os::unix::fs::PermissionsExt;

    let rig = Rig::new(papers(1)).await;
    let list = text_list(&rig, 1);
    run(&rig, &list, &[]).await;
    let link = rig.out().join("results.jsonl");
    let file = rig.folder().join("elsewhere.jsonl");
    let whole = std::fs::read(&link).unwrap();
    std::fs::write(&file, [&whole[..], &whole[..]].concat()).unwrap();
    let everybodys = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(&file, everybodys.clone()).unwrap();
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();

    let ran = run(&rig, &list, &[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(std::fs::read(&file).unwrap() == whole, "not tidied");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o666);
    assert_eq!(std::fs::read_link(&link).unwrap(), file);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_that_are_no_plain_file_are_refused_at_once() {
    let rig = Rig::new(papers(1)).await;
    let list = text_list(&rig, 1);
    std::fs::create_dir(rig.out()).unwrap();
    let results = rig.out().join("results.jsonl");
    std::os::unix::fs::symlink("/dev/full", &results).unwrap();
    let ran = run(&rig, &list, &[]).await;
    ran.assert_refused(3, &["results.jsonl", "in the way", "move it"]);
    assert_eq!(asked(&rig, 1), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_of_somebody_else_in_the_results_stay() {
    let rig = Rig::new(papers(1)).await;
    let foreign =
        "# kept by hand\n{\"work_id\":\"doi:10.1/x\",\"outcome\":\"no_pdf\",\"mine\":[1,2]}\n";
    rig.file("out/results.jsonl", foreign);
    let list = text_list(&rig, 1);
    for _ in 0..2 {
        run(&rig, &list, &[]).await;
        let path = rig.out().join("objects");
        std::fs::remove_dir_all(path).unwrap();
    }
    let text = std::fs::read_to_string(rig.out().join("results.jsonl")).unwrap();
    assert!(text.starts_with(foreign), "{text}");
    assert_eq!(text.lines().count(), 3, "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_bytes_of_two_works_are_one_object_with_two_names() {
    let shared = || Answer::pdf(pdf(7));
    let world = World::new()
        .paper(Paper::new("One").arxiv(&id(1)).arxiv_pdf(shared()))
        .paper(Paper::new("Two").arxiv(&id(2)).arxiv_pdf(shared()));
    let rig = Rig::new(world).await;
    let list = text_list(&rig, 2);
    let ran = run(&rig, &list, &[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    for n in [1, 2] {
        rig.assert_obtained(&work(n), "arxiv", "arxiv_pdf", &pdf(7).bytes());
    }
    assert_eq!(rig.files("objects").len(), 1);
    assert_eq!(rig.files("papers").len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_on_the_same_folder_is_refused_and_the_first_unharmed() {
    let door = Door::closed();
    let slow = Answer::pdf(pdf(1)).held_until(&door.cue());
    let rig = Rig::new(papers(0).paper(Paper::new("Slow").arxiv(&id(1)).arxiv_pdf(slow))).await;
    let first = rig
        .command(["fetch", &id(1), "--only", "arxiv"])
        .args(["--fallback-tier", "direct_oa:timeout_ms=90000"])
        .spawn()
        .unwrap();
    let patience = Duration::from_secs(30);
    assert!(rig.web.wait_until(patience, |r| !r.is_empty()).await);
    let second = rig.paperfall(["fetch", &id(1), "--only", "arxiv"]).await;
    second.assert_refused(3, &["in use by another paperfall process", "--out"]);
    door.open();
    let first = finish(first).await;
    assert_eq!(first.code, 0, "{first}");
    assert_all_obtained(&rig, &[1]);
    assert_eq!(rig.web.requests().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_but_out_and_the_cache() {
    let rig = Rig::new(papers(2)).await;
    let list = text_list(&rig, 2);
    let mut args: Vec<OsString> = vec!["run".into(), list.into_os_string()];
    args.extend(ONLY.iter().map(OsString::from));
    let mut command = rig.command(args);
    // The user's own cache folder this time.
    command.env_remove("PAPERFALL_CACHE_DIR");
    let ran = finish(command.spawn().unwrap()).await;
    assert_eq!(ran.code, 0, "{ran}");
    let mut home: Vec<String> = std::fs::read_dir(rig.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    home.sort();
    assert_eq!(home, [".cache", "ca.pem", "list.txt", "out"]);
    let cache: Vec<_> = std::fs::read_dir(rig.folder().join(".cache"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(cache, ["paperfall"]);
    // Neither a database nor anything else that no result names.
    for file in rig.files("") {
        let known = [".lock", ".lock.turn", "results.jsonl"].contains(&file.as_str())
            || file.starts_with("objects/")
            || file.starts_with("papers/");
        assert!(known, "{file}");
    }
    assert_eq!(rig.files("").len(), 3 + 2 * 2);
}
