//! What a server answers to a request for the rest of a file is no verdict on
//! the file: where it is no usable rest the whole is asked for once, at once,
//! and what that brings counts. Only waiting is honoured as ever.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::Duration;

use paperfall_e2e::{HalfWay, MIB, RUN, Rig};
use paperfall_miniweb::{Answer, Pdf, RetryAfter, Script, World};

const KEPT: u64 = MIB + MIB / 2;
const TOTAL: u64 = 3 * MIB;
const REST: &str = "bytes=1048576-";
const TAG: &str = "\"v1-of-it\"";

fn good() -> Answer {
    Answer::pdf(HalfWay::pdf()).etag(TAG)
}

/// Killed half way, when the origin was good; then it answers so.
async fn then(after: &[Answer]) -> HalfWay {
    HalfWay::killed(good(), KEPT, after).await
}

/// 206 with this body, said to be everything from the mark on.
fn labelled_as_rest(body: Vec<u8>) -> Answer {
    let range = format!("bytes {MIB}-{}/{TOTAL}", TOTAL - 1);
    Answer::bytes("application/pdf", body)
        .with_status(206)
        .etag(TAG)
        .header("content-range", &range)
}

fn rest() -> Vec<u8> {
    good()
        .body()
        .slice(usize::try_from(MIB).unwrap()..)
        .to_vec()
}

/// The paper is obtained in the next run, by one request for the rest and one
/// for the whole.
async fn assert_the_whole_is_asked_for(odd: Answer) {
    let half = then(&[odd.clone(), good()]).await;
    let (ran, downloads) = half.run_again().await;
    assert_eq!(HalfWay::ranges(&downloads), [REST, "-"], "{odd:?}");
    assert_eq!(ran.account(), "0 done before, 1 resumed, 0 new");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_under_the_label_of_a_rest_is_not_put_behind_what_was_kept() {
    let whole = labelled_as_rest(good().body().to_vec());
    // Without a length it shows only as the bytes come.
    for odd in [whole.clone(), whole.without_length()] {
        assert_the_whole_is_asked_for(odd).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rest_that_ends_before_its_end_is_no_verdict() {
    let short = rest()[..900_000].to_vec();
    for odd in [
        labelled_as_rest(short).without_length(),
        labelled_as_rest(rest()).cut_after(900_000),
    ] {
        assert_the_whole_is_asked_for(odd).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rest_that_was_encoded_on_the_way_is_no_verdict() {
    assert_the_whole_is_asked_for(labelled_as_rest(rest()).gzip()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rest_of_other_bytes_is_no_verdict() {
    let other = Answer::pdf(Pdf::new("Else", 12, TOTAL)).body();
    let mut bytes = other.slice(usize::try_from(MIB).unwrap()..).to_vec();
    let end = bytes.len() - 2000;
    bytes[end..].fill(b'x');
    assert_the_whole_is_asked_for(labelled_as_rest(bytes)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_status_of_a_request_for_the_rest_is_a_verdict() {
    let circle = Answer::redirect(HalfWay::URL);
    let empty = Answer::bytes("application/pdf", Vec::new());
    let mut odd = vec![circle, empty.clone().with_status(204)];
    odd.push(empty.with_status(304).header("etag", "\"x\""));
    odd.extend([300, 400, 401, 402, 404, 410, 416, 451, 500, 501].map(Answer::status));
    for odd in odd {
        assert_the_whole_is_asked_for(odd).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_or_a_file_cut_short_in_place_of_the_rest_is_no_verdict() {
    for odd in [
        Answer::login(),
        Answer::html_as_pdf(),
        Answer::challenge(),
        Answer::proof_of_work(),
        good().no_ranges().cut_after(2 * MIB),
    ] {
        assert_the_whole_is_asked_for(odd).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file_that_came_whole_in_place_of_the_rest_is_not_fetched_twice() {
    let damaged = good().no_ranges().truncated_to(2 * MIB);
    let half = then(&[damaged, good()]).await;
    let ran = half.rig.run(&[]).await;
    half.rig
        .assert_lost(&ran, HalfWay::WORK, "no_pdf", "truncated");
    let downloads = half.rig.downloads(HalfWay::URL);
    assert_eq!(HalfWay::ranges(&downloads), ["-", REST]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_only_hangs_up_or_fails_when_asked_for_the_rest_is_asked_for_the_whole() {
    for odd in [Answer::dropped(), Answer::status(503)] {
        // The request itself is repeated twice before that.
        let half = then(&[odd.clone(), odd.clone(), odd, good()]).await;
        let (_, downloads) = half.run_again().await;
        assert_eq!(HalfWay::ranges(&downloads), [REST, REST, REST, "-"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_fails_at_everything_is_not_asked_for_the_whole_again_and_again() {
    for odd in [Answer::dropped(), Answer::status(503)] {
        let half = then(&[odd]).await;
        let ran = half.rig.run(&[]).await;
        assert_eq!(ran.code, 1, "{ran}");
        assert_eq!(half.rig.result(HalfWay::WORK)["outcome"], "retryable");
        let downloads = half.rig.downloads(HalfWay::URL);
        assert_eq!(HalfWay::ranges(&downloads), ["-", REST, REST, REST, "-"]);
        half.left();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_request_for_the_whole_brings_is_the_verdict_and_is_asked_for_once() {
    for (answer, reason) in [
        (Answer::status(404), "not_found"),
        (Answer::login(), "paywalled"),
        (good().no_ranges().cut_after(2 * MIB), "truncated"),
    ] {
        let half = then(&[answer]).await;
        let ran = half.rig.run(&[]).await;
        half.rig.assert_lost(&ran, HalfWay::WORK, "no_pdf", reason);
        let downloads = half.rig.downloads(HalfWay::URL);
        assert_eq!(HalfWay::ranges(&downloads), ["-", REST, "-"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_asks_for_patience_is_left_alone_and_the_bytes_are_kept() {
    // Longer than a download waits for.
    let wait = RetryAfter::Seconds(600);
    for busy in [
        Answer::rate_limited(wait),
        Answer::status(503).retry_after(wait),
    ] {
        let half = then(&[busy, good()]).await;
        let ran = half.rig.run(&[]).await;
        assert_eq!(ran.code, 1, "{ran}");
        assert_eq!(half.rig.result(HalfWay::WORK)["outcome"], "retryable");
        let downloads = half.rig.downloads(HalfWay::URL);
        assert_eq!(HalfWay::ranges(&downloads), ["-", REST]);
        half.left();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rest_that_breaks_half_way_is_continued_in_the_next_round() {
    let broken = good()
        .reset_after(MIB + MIB / 4)
        .pausing_before_the_cut(Duration::from_millis(300));
    let half = then(&[broken, good()]).await;
    let ran = half.rig.run(&[]).await;
    assert_eq!(ran.code, 1, "{ran}");
    assert_eq!(half.rig.result(HalfWay::WORK)["outcome"], "retryable");
    half.rig.put_off(0);
    let ran = half.rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    let downloads = half.rig.downloads(HalfWay::URL);
    assert_eq!(HalfWay::ranges(&downloads), ["-", REST, "bytes=2097152-"]);
    half.rig
        .assert_obtained(HalfWay::WORK, "given", "given_pdf", &half.bytes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_ctrl_c_the_rest_is_no_verdict_either() {
    let odd = Answer::status(304);
    let script = Script::from(good())
        .then(good())
        .then(good().hang_after(KEPT))
        .then(odd)
        .then(good());
    let rig = Rig::new(World::new().page(HalfWay::URL, script)).await;
    rig.list([HalfWay::URL]);
    let mut run = rig.start(RUN);
    let size = |part: std::path::PathBuf| part.metadata().map_or(0, |file| file.len());
    run.until("half of the file is there", || {
        rig.parts().into_iter().map(size).max() == Some(KEPT)
    })
    .await;
    run.signal("INT");
    let ran = run.end().await;
    assert_eq!(ran.code, 130, "{ran}");
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    let downloads = rig.downloads(HalfWay::URL);
    assert_eq!(HalfWay::ranges(&downloads), ["-", "bytes=1572864-", "-"]);
    rig.assert_obtained(HalfWay::WORK, "given", "given_pdf", &good().body());
}
