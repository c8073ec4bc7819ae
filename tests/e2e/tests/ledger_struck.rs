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

use paperfall_e2e::{MIB, RUN, Rig};
use paperfall_miniweb::{Answer, Pdf, Script, World};
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

/// Runs until half of the second candidate is there, and kills.
async fn kill_in_the_second(rig: &Rig) {
    let mut run = rig.start(RUN);
    run.until("half of the second candidate is there", || {
        let sizes = rig
            .parts()
            .into_iter()
            .map(|part| part.metadata().unwrap().len());
        !rig.downloads(SECOND).is_empty() && sizes.max() == Some(KEPT)
    })
    .await;
    run.kill().await;
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
