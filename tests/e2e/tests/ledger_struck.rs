//! Candidates that failed, across processes: what was struck for good stays
//! struck, and what failed for a passing cause goes on where it broke off.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::Duration;

use paperfall_e2e::{MIB, RUN, Rig, Running};
use paperfall_miniweb::{Answer, Door, Paper, Pdf, Script, Service, World};
use serde_json::json;

const FIRST: &str = "https://first.example/a.pdf";
const SECOND: &str = "https://second.example/b.pdf";
const KEPT: u64 = MIB + MIB / 2;

fn pdf() -> Pdf {
    Pdf::new("Struck", 5, 3 * MIB)
}

fn good() -> Answer {
    Answer::pdf(pdf())
}

/// The connection breaks half way.
fn broken() -> Answer {
    good()
        .reset_after(KEPT)
        .pausing_before_the_cut(Duration::from_millis(300))
}

/// Probe, HEAD, this download, and then it is good.
fn once(download: Answer) -> Script {
    Script::from(good())
        .then(good())
        .then(download)
        .then(good())
}

/// A work with two candidates.
async fn two(first: Script, second: Script) -> Rig {
    let rig = Rig::new(World::new().page(FIRST, first).page(SECOND, second)).await;
    rig.list([json!({"work_id": "w", "pdf_urls": [FIRST, SECOND]}).to_string()]);
    rig
}

async fn one(script: Script) -> Rig {
    let rig = Rig::new(World::new().page(FIRST, script)).await;
    rig.list([json!({"work_id": "w", "pdf_urls": [FIRST]}).to_string()]);
    rig
}

/// Runs until half of the second candidate is there.
async fn half_of_the_second(rig: &Rig) -> Running {
    let mut run = rig.start(RUN);
    run.until("half of the second candidate is there", || {
        let sizes = rig
            .parts()
            .into_iter()
            .map(|part| part.metadata().unwrap().len());
        !rig.downloads(SECOND).is_empty() && sizes.max() == Some(KEPT)
    })
    .await;
    run
}

async fn kill_in_the_second(rig: &Rig) {
    half_of_the_second(rig).await.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_candidate_struck_before_a_kill_is_not_asked_for_again() {
    let truncated = good().cut_after(20_000);
    let rig = two(once(truncated), once(good().hang_after(KEPT))).await;
    kill_in_the_second(&rig).await;
    let first = rig.requests_of(FIRST).len();
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(rig.requests_of(FIRST).len(), first);
    let second = rig.downloads(SECOND);
    assert_eq!(second.len(), 2);
    assert_eq!(second[1].header("range"), Some("bytes=1048576-"));
    rig.assert_obtained("w", "given", "given_pdf", &pdf().bytes());
    assert_eq!(rig.result("w")["url"], SECOND);
    assert_eq!(rig.files(".parts"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_candidate_struck_by_its_head_before_a_kill_is_not_asked_for_again() {
    let huge = Answer::pdf(Pdf::new("Struck", 5, 600 * MIB));
    let first = Script::from(good()).then(huge).then(good());
    let rig = two(first, once(good().hang_after(KEPT))).await;
    kill_in_the_second(&rig).await;
    let first = rig.requests_of(FIRST).len();
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(rig.requests_of(FIRST).len(), first);
    assert_eq!(rig.result("w")["url"], SECOND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn candidates_that_all_fail_for_good_end_the_work_and_leave_nothing() {
    let truncated = || once(good().cut_after(20_000));
    let rig = two(truncated(), truncated()).await;
    let ran = rig.run(&[]).await;
    rig.assert_lost(&ran, "w", "no_pdf", "truncated");
    assert_eq!(rig.states()["w"], "FAILED");
    let requests = rig.web.requests().len();
    let again = rig.run(&[]).await;
    assert_eq!(again.code, 1, "{again}");
    assert_eq!(rig.web.requests().len(), requests);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_was_reset_goes_on_where_it_broke_off_in_its_next_round() {
    let rig = one(once(broken())).await;
    let first = rig.run(&[]).await;
    assert_eq!(first.code, 1, "{first}");
    assert_eq!(rig.result("w")["outcome"], "retryable");
    assert_eq!(first.counted("to be tried again"), 1, "{first}");
    let how = " s: run again then, or use --wait-for-retries";
    assert!(first.account().contains(how), "{first}");
    let job = rig.jobs()["w"].clone();
    assert_eq!(
        (job.state.as_str(), job.round, job.failures),
        ("PLANNED", 1, 1)
    );
    assert!(job.not_before.is_some());

    // Not before its time.
    rig.put_off(600);
    let requests = rig.web.requests().len();
    let early = rig.run(&[]).await;
    assert_eq!(early.code, 1, "{early}");
    assert_eq!(early.counted("to be tried again"), 1, "{early}");
    assert!(early.account().contains("--wait-for-retries"), "{early}");
    assert_eq!(rig.web.requests().len(), requests);
    assert_eq!(rig.parts().len(), 1, "the bytes were thrown away");

    rig.put_off(0);
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.account().contains("one at byte 1,048,576"), "{ran}");
    let downloads = rig.downloads(FIRST);
    assert_eq!(downloads.len(), 2);
    assert_eq!(downloads[1].header("range"), Some("bytes=1048576-"));
    assert_eq!(downloads[1].status, Some(206));
    rig.assert_obtained("w", "given", "given_pdf", &pdf().bytes());
    assert_eq!(rig.results().len(), 1);
    assert_eq!(rig.files(".parts"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_waits_for_retries_stays_until_they_are_due() {
    let rig = one(once(broken())).await;
    rig.run(&[]).await;
    rig.put_off(2);
    let ran = rig.run(&["--wait-for-retries"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(
        ran.stderr
            .contains("nothing is due; waiting for works: 1 to be tried again"),
        "{ran}"
    );
    rig.assert_obtained("w", "given", "given_pdf", &pdf().bytes());
    let downloads = rig.downloads(FIRST);
    assert!(downloads[1].started_at - downloads[0].ended_at.unwrap() > Duration::from_secs(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_candidate_struck_by_its_head_before_a_ctrl_c_wedges_nothing() {
    // Letting go costs the job no attempt, so that it looks like a new one.
    let huge = Answer::pdf(Pdf::new("Struck", 5, 600 * MIB));
    let first = Script::from(good()).then(huge).then(good());
    let rig = two(first, once(good().hang_after(KEPT))).await;
    let run = half_of_the_second(&rig).await;
    run.signal("INT");
    let ran = run.end().await;
    assert_eq!(ran.code, 130, "{ran}");
    let first = rig.requests_of(FIRST).len();
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(rig.requests_of(FIRST).len(), first);
    assert_eq!(
        rig.downloads(SECOND)[1].header("range"),
        Some("bytes=1572864-")
    );
    rig.assert_obtained("w", "given", "given_pdf", &pdf().bytes());
}

/// Two candidates that fail, from two sources, and a third source that is silent
/// when it is asked for the first time.
async fn two_bad_and_one_silent() -> Rig {
    let record = json!({"resultList": {"result": []}, "hitCount": 0});
    let paper = Paper::new("Thrice")
        .arxiv("2101.00001")
        .pmcid("PMC9000001")
        .arxiv_pdf(good().cut_after(20_000))
        .when_asked(
            Service::EuropePmcSearch,
            Script::from(Answer::never()).then(Answer::json(&record)),
        );
    let world = World::new()
        .page(FIRST, good().cut_after(20_000))
        .paper(paper);
    let rig = Rig::new(world).await;
    let work = json!({
        "work_id": "w", "pdf_urls": [FIRST],
        "identifiers": {"arxiv": "2101.00001", "pmcid": "PMC9000001"},
    });
    rig.list([work.to_string()]);
    rig
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_candidates_struck_before_a_kill_both_are_remembered() {
    const ARXIV: &str = "https://arxiv.org/pdf/2101.00001";
    let rig = two_bad_and_one_silent().await;
    let args = ["run", "list.txt", "--enable-idempotency"];
    let args = args.iter().chain(&["--only", "given,arxiv,europe_pmc"]);
    let mut run = rig.start(args.clone());
    run.until("the third source is asked", || {
        let requests = rig.web.requests();
        requests
            .iter()
            .any(|request| request.url().contains("europepmc"))
    })
    .await;
    run.kill().await;
    let asked = |url: &str| rig.requests_of(url).len();
    let before = (asked(FIRST), asked(ARXIV));
    let ran = rig.paperfall(args).await;
    rig.assert_lost(&ran, "w", "no_pdf", "not_found");
    assert_eq!((asked(FIRST), asked(ARXIV)), before, "asked for again");
    let attempts = rig.attempts("w");
    for struck in ["given no_pdf truncated", "arxiv no_pdf truncated"] {
        assert!(attempts.contains(&struck.to_owned()), "{attempts:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_is_tried_again_as_its_source_says_with_a_ledger_as_without() {
    let busy = || once(Answer::status(503));
    let rig = one(busy()).await;
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    let with = rig.downloads(FIRST).len();
    let rig = one(busy()).await;
    let plain = ["run", "list.txt", "--only", "given,arxiv"];
    let ran = rig.paperfall(plain).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(with, rig.downloads(FIRST).len());
    assert_eq!(with, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_work_that_is_tried_twice_in_one_run_counts_once() {
    const SLOW: &str = "https://slow.example/slow.pdf";
    let slow = Answer::pdf(Pdf::new("Slow", 6, 20_000));
    let door = Door::closed();
    let script = Script::from(slow.clone().held_until(&door.cue())).then(slow);
    let rig = Rig::new(World::new().page(FIRST, once(broken())).page(SLOW, script)).await;
    rig.list([
        json!({"work_id": "w", "pdf_urls": [FIRST]}).to_string(),
        json!({"work_id": "slow", "pdf_urls": [SLOW]}).to_string(),
    ]);
    let mut run = rig.start(RUN);
    run.until_it_says("retryable w ").await;
    // While the other one is still waited for.
    rig.put_off(0);
    door.open();
    let ran = run.end().await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stdout.contains("2 of 2 works obtained"), "{ran}");
    assert_eq!(ran.counted("new"), 2, "{ran}");
    assert_eq!(ran.counted("to be tried again"), 0, "{ran}");
    assert_eq!(rig.jobs()["w"].round, 1);
    assert_eq!(rig.results().len(), 2);
}
