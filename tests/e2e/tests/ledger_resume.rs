//! Resume really resumes: a download that a kill ended half way goes on where
//! its verified bytes end, if the origin still has the same file, and begins
//! afresh if it has not or cannot say.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::{Duration, Instant};

use paperfall_e2e::{HalfWay, MIB};
use paperfall_miniweb::{Answer, LoggedRequest, Pdf};

const DATE: &str = "Wed, 03 Mar 2021 10:00:00 GMT";
const KEPT: u64 = MIB + MIB / 2;
const REST: &str = "bytes=1048576-";
const TAG: &str = "\"v1-of-it\"";

fn good() -> Answer {
    Answer::pdf(HalfWay::pdf()).etag(TAG)
}

/// Killed half way, when the origin was good; then it answers so.
async fn then(after: &[Answer]) -> HalfWay {
    HalfWay::killed(good(), KEPT, after).await
}

/// The rest was asked for, and then everything.
fn assert_began_afresh(downloads: &[LoggedRequest]) {
    assert_eq!(HalfWay::ranges(downloads), [REST, "-"]);
    let size = HalfWay::pdf().len();
    assert!(downloads[1].bytes_sent <= size, "{downloads:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_the_next_run_goes_on_at_once_and_no_kept_byte_is_sent_twice() {
    let half = then(&[good()]).await;
    let began = Instant::now();
    let (ran, downloads) = half.run_again().await;
    // The killed one's lease would have lasted two minutes.
    assert!(began.elapsed() < Duration::from_secs(30), "{ran}");
    assert_eq!(
        ran.account(),
        "0 done before, 1 resumed (one at byte 1,048,576), 0 new"
    );
    let [rest] = downloads.as_slice() else {
        panic!("not one download: {downloads:?}");
    };
    assert_eq!(rest.header("range"), Some(REST));
    let first = half.rig.downloads(HalfWay::URL).remove(0);
    assert_eq!(first.bytes_sent, KEPT);
    assert_eq!(rest.bytes_sent, HalfWay::pdf().len() - MIB);
    let heads = half.rig.requests_of(HalfWay::URL);
    let heads = heads.iter().filter(|request| request.method == "HEAD");
    assert_eq!(heads.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rest_is_asked_for_under_the_condition_that_the_file_is_the_same() {
    let dated = good().without_validators().last_modified(DATE);
    let a_second_later = dated
        .clone()
        .header("date", "Wed, 03 Mar 2021 10:00:01 GMT");
    for (origin, condition) in [(good(), TAG), (dated, DATE), (a_second_later, DATE)] {
        let half = HalfWay::killed(origin.clone(), KEPT, &[origin]).await;
        let (_, downloads) = half.run_again().await;
        assert_eq!(HalfWay::ranges(&downloads), [REST]);
        assert_eq!(downloads[0].header("if-range"), Some(condition));
        assert_eq!(downloads[0].status, Some(206));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_anything_to_compare_the_whole_is_asked_for() {
    let bare = good().without_validators();
    let weak = good().without_validators().etag("W/\"v1\"");
    // A date may not be the condition where there is a tag.
    let weak_and_dated = weak.clone().last_modified(DATE);
    for origin in [bare, weak, weak_and_dated] {
        let half = HalfWay::killed(origin.clone(), KEPT, &[origin]).await;
        let (ran, downloads) = half.run_again().await;
        assert_eq!(HalfWay::ranges(&downloads), ["-"]);
        assert_eq!(ran.account(), "0 done before, 1 resumed, 0 new");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_changed_meanwhile_is_fetched_whole_and_not_mixed() {
    // Longer, shorter than what was kept, and of the same length.
    for size in [4 * MIB, MIB, HalfWay::pdf().len()] {
        let changed = Pdf::new("Changed", 12, size);
        let mut half = then(&[Answer::pdf(changed.clone())]).await;
        half.bytes = changed.bytes().to_vec();
        let (ran, downloads) = half.run_again().await;
        assert_eq!(HalfWay::ranges(&downloads), [REST]);
        assert_eq!(downloads[0].status, Some(200));
        assert_eq!(ran.account(), "0 done before, 1 resumed, 0 new");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_replaced_within_the_second_of_its_date_is_fetched_whole_and_not_mixed() {
    let fresh = |pdf: Pdf| {
        let answer = Answer::pdf(pdf).without_validators();
        answer.last_modified(DATE).header("date", DATE)
    };
    let replaced = Pdf::new("Replaced", 12, HalfWay::pdf().len());
    let after = [fresh(replaced.clone())];
    let mut half = HalfWay::killed(fresh(HalfWay::pdf()), KEPT, &after).await;
    half.bytes = replaced.bytes().to_vec();
    let (_, downloads) = half.run_again().await;
    assert_eq!(HalfWay::ranges(&downloads), ["-"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_ignores_ranges_sends_the_whole_once() {
    let half = then(&[good().no_ranges()]).await;
    let (_, downloads) = half.run_again().await;
    assert_eq!(HalfWay::ranges(&downloads), [REST]);
    assert_eq!(downloads[0].status, Some(200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_such_a_range_is_asked_for_the_whole() {
    let refused = |status: u16| Answer::status(status).header("content-range", "bytes */77");
    for status in [416, 403, 412, 404] {
        let half = then(&[refused(status), good()]).await;
        let (_, downloads) = half.run_again().await;
        assert_began_afresh(&downloads);
    }
}

/// 206 with these bytes of the file and this `Content-Range`.
fn part(from: u64, content_range: &str) -> Answer {
    let from = usize::try_from(from).unwrap();
    let bytes = good().body().slice(from..).to_vec();
    Answer::bytes("application/pdf", bytes)
        .with_status(206)
        .etag(TAG)
        .header("content-range", content_range)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_is_not_the_rest_is_not_appended() {
    let total = 3 * MIB;
    let last = total - 1;
    for wrong in [
        // Begins elsewhere, ends early, is of a larger file, says nothing.
        part(MIB - 1, &format!("bytes {}-{last}/{total}", MIB - 1)),
        part(0, &format!("bytes 0-{last}/{total}")),
        part(MIB, &format!("bytes {MIB}-{}/{total}", last - 10)),
        part(MIB, &format!("bytes {MIB}-{last}/{}", total + 1)),
        part(MIB, "bytes 77"),
        part(MIB, &format!("lines {MIB}-{last}/{total}")),
        Answer::bytes("application/pdf", good().body().slice(0..900).to_vec())
            .with_status(206)
            .etag(TAG),
    ] {
        let half = then(&[wrong, good()]).await;
        let (ran, downloads) = half.run_again().await;
        assert_began_afresh(&downloads);
        assert_eq!(ran.account(), "0 done before, 1 resumed, 0 new");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_parts_in_one_answer_are_not_appended() {
    let total = 3 * MIB;
    let mut body = format!(
        "--x\r\ncontent-type: application/pdf\r\ncontent-range: bytes {MIB}-{}/{total}\r\n\r\n",
        total - 1
    )
    .into_bytes();
    body.extend_from_slice(&good().body()[usize::try_from(MIB).unwrap()..]);
    body.extend_from_slice(b"\r\n--x--\r\n");
    let several = Answer::bytes("multipart/byteranges; boundary=x", body);
    let several = several.with_status(206).etag(TAG);
    let half = then(&[several, good()]).await;
    let (_, downloads) = half.run_again().await;
    assert_began_afresh(&downloads);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rest_of_another_version_is_not_appended_though_it_fits() {
    let total = 3 * MIB;
    let range = format!("bytes {MIB}-{}/{total}", total - 1);
    let half = then(&[part(MIB, &range).etag("\"another\""), good()]).await;
    let (_, downloads) = half.run_again().await;
    assert_began_afresh(&downloads);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rest_that_does_not_say_whose_it_is_is_not_appended_though_it_fits() {
    // As something on the way sends it that knows no If-Range.
    let other = Pdf::new("Changed", 12, HalfWay::pdf().len());
    let bytes = other.bytes()[usize::try_from(MIB).unwrap()..].to_vec();
    let total = 3 * MIB;
    let range = format!("bytes {MIB}-{}/{total}", total - 1);
    let nameless = Answer::bytes("application/pdf", bytes)
        .with_status(206)
        .header("content-range", &range);
    let mut half = then(&[nameless, Answer::pdf(other.clone())]).await;
    half.bytes = other.bytes().to_vec();
    let (_, downloads) = half.run_again().await;
    assert_began_afresh(&downloads);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gzip_wrapped_paper_goes_on_as_it_comes_and_is_unwrapped_in_the_end() {
    let wrapped = good().gzip_wrapped();
    assert!(u64::try_from(wrapped.body().len()).unwrap() > KEPT + MIB / 4);
    let mut half = HalfWay::killed(wrapped.clone(), KEPT, &[wrapped]).await;
    half.bytes = HalfWay::pdf().bytes().to_vec();
    let (ran, downloads) = half.run_again().await;
    assert_eq!(HalfWay::ranges(&downloads), [REST]);
    assert_eq!(downloads[0].status, Some(206));
    assert!(ran.account().contains("one at byte 1,048,576"), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_encoded_on_the_way_begins_afresh() {
    // Its ranges would count encoded bytes, the part file counts decoded ones.
    let encoded = good().gzip();
    let mut half = HalfWay::killed(encoded.clone(), KEPT, &[encoded]).await;
    half.bytes = HalfWay::pdf().bytes().to_vec();
    let (_, downloads) = half.run_again().await;
    assert_eq!(HalfWay::ranges(&downloads), ["-"]);
}

/// The rest is refused, and then everything is answered so.
async fn whole_answered_by(answer: Answer) -> HalfWay {
    let refused = Answer::status(416).header("content-range", "bytes */77");
    then(&[refused, answer]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_sent_for_the_whole_is_not_put_behind_what_was_kept() {
    // It would fit, and is of another file.
    let total = 3 * MIB;
    let other = Answer::pdf(Pdf::new("Else", 12, total)).body();
    let rest = Answer::bytes(
        "application/pdf",
        other.slice(usize::try_from(MIB).unwrap()..).to_vec(),
    );
    let rest = rest.with_status(206).header(
        "content-range",
        &format!("bytes {MIB}-{}/{total}", total - 1),
    );
    let half = whole_answered_by(rest).await;
    let ran = half.rig.run(&[]).await;
    half.rig
        .assert_lost(&ran, HalfWay::WORK, "no_pdf", "not_a_pdf");
    assert_eq!(half.rig.files("objects"), [""; 0]);
    let downloads = half.rig.downloads(HalfWay::URL);
    assert_eq!(HalfWay::ranges(&downloads), ["-", REST, "-"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_sent_as_a_part_is_the_whole() {
    let total = 3 * MIB;
    let whole = part(0, &format!("bytes 0-{}/{total}", total - 1));
    let half = whole_answered_by(whole).await;
    let (_, downloads) = half.run_again().await;
    assert_began_afresh(&downloads);
}
