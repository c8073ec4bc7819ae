//! A run on a ledger whose list was run before: nobody is asked about what is
//! done, and what was lost since then comes back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Rig, paper_url as url, paper_work as work};
use paperfall_miniweb::{Answer, Paper, Pdf, Script, Service, World};
use serde_json::json;

fn pdf(n: u32) -> Pdf {
    Pdf::new("Second run", n.into(), 20_000)
}

async fn rig(papers: u32) -> Rig {
    let world = (1..=papers).fold(World::new(), |world, n| {
        world.page(&url(n), Answer::pdf(pdf(n)))
    });
    Rig::new(world).await
}

fn assert_obtained(rig: &Rig, papers: u32) {
    assert_eq!(rig.results().len(), usize::try_from(papers).unwrap());
    for n in 1..=papers {
        rig.assert_obtained(&work(n), "given", "given_pdf", &pdf(n).bytes());
    }
}

fn results_text(rig: &Rig) -> String {
    std::fs::read_to_string(rig.out().join("results.jsonl")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_asked_about_finished_works_and_the_run_says_so() {
    let rig = rig(3).await;
    rig.list((1..=3).map(url));
    let first = rig.run(&[]).await;
    assert_eq!(first.code, 0, "{first}");
    assert_eq!(first.account(), "0 done before, 0 resumed, 3 new");
    assert_obtained(&rig, 3);
    let (requests, results) = (rig.web.requests().len(), results_text(&rig));

    let second = rig.run(&[]).await;
    assert_eq!(second.code, 0, "{second}");
    assert_eq!(second.account(), "3 done before, 0 resumed, 0 new");
    assert!(
        second
            .stdout
            .starts_with("nothing left to do: all 3 works were obtained before\n"),
        "{second}"
    );
    assert_eq!(rig.web.requests().len(), requests);
    assert_eq!(results_text(&rig), results);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_longer_list_only_what_is_new_is_asked_for() {
    let rig = rig(3).await;
    rig.list([url(1), url(2)]);
    rig.run(&[]).await;
    let requests = rig.web.requests().len();
    rig.list((1..=3).map(url));
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(ran.account(), "2 done before, 0 resumed, 1 new");
    let asked = rig.web.requests().split_off(requests);
    assert!(asked.iter().all(|request| request.url() == url(3)));
    assert_obtained(&rig, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stored_file_deleted_by_hand_is_fetched_again_and_the_others_are_not() {
    let rig = rig(2).await;
    rig.list([url(1), url(2)]);
    rig.run(&[]).await;
    let object = rig.result(&work(1))["path"].as_str().unwrap().to_owned();
    std::fs::remove_file(rig.out().join(object)).unwrap();
    let requests = rig.web.requests().len();
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(
        ran.stderr
            .contains("recovered: 1 work whose stored file was gone"),
        "{ran}"
    );
    assert_eq!(ran.counted("done before"), 1, "{ran}");
    let asked = rig.web.requests().split_off(requests);
    assert!(asked.iter().all(|request| request.url() == url(1)));
    assert_eq!(rig.downloads(&url(1)).len(), 2);
    assert_obtained(&rig, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stored_file_that_lost_its_end_is_fetched_again() {
    let rig = rig(2).await;
    rig.list([url(1), url(2)]);
    rig.run(&[]).await;
    let object = rig.result(&work(1))["path"].as_str().unwrap().to_owned();
    let object = rig.out().join(object);
    let shorten = || {
        let file = std::fs::File::options().write(true).open(&object).unwrap();
        file.set_len(19_999).unwrap();
    };
    shorten();
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(ran.counted("done before"), 1, "{ran}");
    assert_eq!(rig.downloads(&url(1)).len(), 2);
    assert_eq!(rig.downloads(&url(2)).len(), 1);
    assert_obtained(&rig, 2);

    shorten();
    let ran = rig.paperfall(["jobs", "reconcile", "--deep"]).await;
    assert!(ran.stdout.contains("1  lost papers restored"), "{ran}");
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_obtained(&rig, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_readable_name_deleted_by_hand_is_given_again_without_a_request() {
    let rig = rig(2).await;
    rig.list([url(1), url(2)]);
    rig.run(&[]).await;
    let (papers, requests) = (rig.files("papers"), rig.web.requests().len());
    std::fs::remove_file(rig.out().join(&papers[0])).unwrap();
    let ran = rig.run(&[]).await;
    assert_eq!(ran.account(), "2 done before, 0 resumed, 0 new");
    assert_eq!(rig.files("papers"), papers);
    assert_obtained(&rig, 2);
    assert_eq!(rig.web.requests().len(), requests);
    assert_eq!(rig.files(".parts"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_deleted_or_torn_by_hand_are_written_again_without_a_request() {
    let rig = rig(3).await;
    rig.list((1..=3).map(url));
    rig.run(&["--workers", "1"]).await;
    let (requests, results) = (rig.web.requests().len(), rig.results());
    let file = rig.out().join("results.jsonl");
    std::fs::remove_file(&file).unwrap();
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(ran.account(), "3 done before, 0 resumed, 0 new");
    assert_eq!(rig.results(), results);

    let whole = results_text(&rig);
    let second = whole.lines().nth(1).unwrap();
    std::fs::write(&file, format!("{second}\n{}", &second[..90])).unwrap();
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    let readable = |line: &&str| serde_json::from_str::<serde_json::Value>(line).is_ok();
    let text = results_text(&rig);
    let mut lines: Vec<&str> = text.lines().filter(readable).collect();
    let mut before: Vec<&str> = whole.lines().collect();
    lines.sort_unstable();
    before.sort_unstable();
    assert_eq!(lines, before);
    assert_eq!(rig.web.requests().len(), requests);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_line_older_than_the_ledger_is_replaced() {
    // As a kill between the ledger's commit and the line would leave it.
    let rig = rig(2).await;
    rig.list([url(1), url(2)]);
    rig.run(&["--workers", "1"]).await;
    let (requests, results) = (rig.web.requests().len(), rig.results());
    let older = json!({"work_id": work(1), "outcome": "retryable", "reason": "reset"});
    let line = serde_json::to_string(&results[&work(2)]).unwrap();
    std::fs::write(
        rig.out().join("results.jsonl"),
        format!("{older}\n{line}\n"),
    )
    .unwrap();
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(rig.results(), results);
    assert_eq!(rig.web.requests().len(), requests);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_comes_out_as_scripted_on_a_ledger_and_from_the_ledger_alone() {
    let rig = Rig::new(World::new()).await;
    let demo = [
        "demo",
        "--works",
        "16",
        "--enable-idempotency",
        "--out",
        "out",
    ];
    let first = rig.paperfall(demo).await;
    assert_eq!(first.code, 0, "{first}");
    assert!(
        first.stdout.contains("0 done before, 0 resumed, 16 new"),
        "{first}"
    );
    let second = rig.paperfall(demo).await;
    assert_eq!(second.code, 0, "{second}");
    assert!(second.stdout.contains(" 0 requests answered"), "{second}");
    assert!(second.stdout.contains("16 of 16 verdicts"), "{second}");
    assert_eq!(rig.results().len(), 16);
}

const DOI: &str = "10.5555/embargo";
const EMBARGO: &str = "doi:10.5555/embargo";
const COPY: &str = "https://repository.example/copy.pdf";

/// A work without an open copy that has one when it is asked about again.
async fn embargoed() -> Rig {
    let (closed, open) = (unpaywall_says(false), unpaywall_says(true));
    let paper = Paper::new("Embargo")
        .doi(DOI)
        .when_asked(Service::Unpaywall, Script::from(closed).then(open))
        .page(COPY, Answer::pdf(pdf(9)));
    let rig = Rig::new(World::new().paper(paper)).await;
    rig.list([DOI]);
    rig
}

fn unpaywall_says(is_oa: bool) -> Answer {
    let location = json!({
        "url": COPY, "url_for_pdf": COPY, "url_for_landing_page": "https://repository.example/1",
        "host_type": "repository", "version": "acceptedVersion", "is_best": true,
    });
    Answer::json(&json!({
        "doi": DOI, "title": "Embargo", "genre": "journal-article", "is_paratext": false, "is_oa": is_oa,
        "best_oa_location": if is_oa { location.clone() } else { serde_json::Value::Null },
        "oa_locations": if is_oa { vec![location] } else { vec![] },
    }))
    .header("cache-control", "no-store")
}

const UNPAYWALL: [&str; 2] = ["--only", "unpaywall"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_work_without_an_open_copy_is_asked_about_again_only_when_it_is_wanted() {
    let rig = embargoed().await;
    let run = |more: &'static [&'static str]| {
        let args = ["run", "list.txt", "--enable-idempotency"];
        let args: Vec<&str> = args.iter().chain(&UNPAYWALL).chain(more).copied().collect();
        rig.paperfall(args)
    };
    let first = run(&[]).await;
    assert_eq!(first.code, 1, "{first}");
    assert_eq!(rig.result(EMBARGO)["reason"], "not_oa");
    assert_eq!(rig.states()[EMBARGO], "FAILED");
    let requests = rig.web.requests().len();

    // Neither by itself, nor before its time.
    for more in [
        &[][..],
        &["--retry-missing", "30d"],
        &["--retry-missing", "1h"],
    ] {
        let ran = run(more).await;
        assert_eq!(ran.code, 1, "{ran}");
        assert_eq!(
            ran.account(),
            "0 done before, 0 resumed, 0 new, 1 without a paper since an earlier run"
        );
        assert!(
            ran.stdout
                .starts_with("no work of the list ended in this run\n"),
            "{ran}"
        );
        assert!(
            ran.stdout.contains("paperfall jobs retry --failed"),
            "{ran}"
        );
        assert_eq!(rig.web.requests().len(), requests, "{more:?}");
        assert_eq!(rig.states()[EMBARGO], "FAILED");
    }

    let ran = run(&["--retry-missing", "0s"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(
        ran.stderr
            .contains("1 work that had no open copy is tried again"),
        "{ran}"
    );
    rig.assert_obtained(EMBARGO, "unpaywall", "oa_pdf", &pdf(9).bytes());
    assert_eq!(rig.results().len(), 1);
    let job = &rig.jobs()[EMBARGO];
    assert_eq!((job.state.as_str(), job.round), ("INDEXED", 1));
}

const BOTH: [&str; 2] = ["--only", "unpaywall,arxiv"];

/// A work that Unpaywall knows no copy of, and arXiv does: from the answer `n` on.
async fn on_arxiv(arxiv: Script) -> Rig {
    let paper = Paper::new("Embargo")
        .doi(DOI)
        .arxiv("2101.00001")
        .when_asked(Service::Unpaywall, Script::from(unpaywall_says(false)))
        .when_asked(Service::ArxivPdf, arxiv);
    Rig::new(World::new().paper(paper)).await
}

fn known_on_arxiv() -> String {
    json!({"doi": DOI, "arxiv_id": "2101.00001"}).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_record_that_knows_more_is_what_the_next_round_goes_by() {
    let rig = on_arxiv(Script::from(Answer::pdf(pdf(9)))).await;
    let run = |more: &'static [&'static str]| {
        let args = ["run", "list.txt", "--enable-idempotency"];
        let args: Vec<&str> = args.iter().chain(&BOTH).chain(more).copied().collect();
        rig.paperfall(args)
    };
    rig.list([DOI]);
    let ran = run(&[]).await;
    rig.assert_lost(&ran, EMBARGO, "no_pdf", "not_oa");

    rig.list([known_on_arxiv()]);
    // By itself it is no reason to ask again.
    let requests = rig.web.requests().len();
    let ran = run(&[]).await;
    assert_eq!(ran.code, 1, "{ran}");
    assert_eq!(rig.web.requests().len(), requests);
    // What was learnt stays, though this list does not know it.
    rig.list([DOI]);
    let ran = run(&["--retry-missing", "0s"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    rig.assert_obtained(EMBARGO, "arxiv", "arxiv_pdf", &pdf(9).bytes());
    assert_eq!(rig.jobs().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_list_adds_is_known_to_the_very_run_that_tries_again() {
    let rig = on_arxiv(Script::from(Answer::pdf(pdf(9)))).await;
    let run = |more: &'static [&'static str]| {
        let args = ["run", "list.txt", "--enable-idempotency"];
        let args: Vec<&str> = args.iter().chain(&BOTH).chain(more).copied().collect();
        rig.paperfall(args)
    };
    rig.list([DOI]);
    run(&[]).await;
    rig.list([known_on_arxiv()]);
    let ran = run(&["--retry-missing", "0s"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    rig.assert_obtained(EMBARGO, "arxiv", "arxiv_pdf", &pdf(9).bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fetch_tries_missing_works_again_and_those_alone_that_it_is_given() {
    let missing = Script::from(Answer::status(404)).then(Answer::pdf(pdf(9)));
    let rig = on_arxiv(missing).await;
    let other = "10.5555/other";
    rig.list([known_on_arxiv(), json!({"doi": other}).to_string()]);
    let args = ["run", "list.txt", "--enable-idempotency"];
    let ran = rig.paperfall(args.iter().chain(&BOTH)).await;
    assert_eq!(ran.code, 1, "{ran}");
    assert_eq!(rig.states()[EMBARGO], "FAILED");

    let fetch = ["fetch", DOI, "--enable-idempotency"];
    let more = BOTH.iter().chain(&["--retry-missing", "0s"]);
    let ran = rig.paperfall(fetch.iter().chain(more)).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(
        ran.stderr
            .contains("1 work that had no open copy is tried again"),
        "{ran}"
    );
    rig.assert_obtained(EMBARGO, "arxiv", "arxiv_pdf", &pdf(9).bytes());
    let other = &rig.jobs()[&format!("doi:{other}")];
    assert_eq!((other.state.as_str(), other.round), ("FAILED", 0));
}
