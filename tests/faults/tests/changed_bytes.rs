//! An origin whose file is another one after the kill, and says that it is not:
//! the same validators, other bytes. A checksum finds it out; without one, a
//! length does. Of two files that agree in both nobody can tell.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{HalfWay, MIB, Rig, sha256};
use paperfall_miniweb::{Answer, Paper, Pdf, PmcDeposit, PmcVersion, Script, World};

const TAG: &str = "\"the same\"";
const DEPOSITED: &str = "https://pmc-oa-opendata.s3.amazonaws.com/PMC9000001.1/PMC9000001.1.pdf";
const WORK: &str = "pmcid:PMC9000001";

fn true_file() -> Pdf {
    Pdf::new("True", 1, 3 * MIB)
}

fn other_file() -> Pdf {
    Pdf::new("Else", 2, 3 * MIB)
}

fn served(pdf: Pdf) -> Answer {
    Answer::pdf(pdf).etag(TAG)
}

/// Killed half way through a deposit whose MD5 PubMed Central announces, with
/// these answers to come.
async fn killed_in_the_middle(after: &[Answer]) -> Rig {
    let good = served(true_file());
    // Probe, HEAD, download.
    let script = Script::from(good.clone())
        .then(good.clone())
        .then(good.clone().hang_after(2 * MIB + 1000));
    let script = after
        .iter()
        .fold(script, |script, answer| script.then(answer.clone()));
    let deposit = PmcVersion::answering(1, good);
    let paper = Paper::new("True")
        .pmcid("PMC9000001")
        .pmc(PmcDeposit::new([deposit]));
    let rig = Rig::new(World::new().paper(paper).page(DEPOSITED, script)).await;
    let mut run = rig.start(FETCH);
    run.until("two mebibytes are there", || {
        rig.parts()
            .iter()
            .any(|part| part.metadata().is_ok_and(|file| file.len() > 2 * MIB))
    })
    .await;
    run.kill().await;
    rig
}

const FETCH: [&str; 5] = [
    "fetch",
    "PMC9000001",
    "--only",
    "pmc",
    "--enable-idempotency",
];

fn ranges(rig: &Rig) -> Vec<String> {
    let downloads = rig.downloads(DEPOSITED);
    let ranges = downloads
        .iter()
        .map(|request| request.header("range").unwrap_or("-"));
    ranges.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mixture_is_found_by_the_announced_checksum_and_the_whole_is_fetched() {
    let rig = killed_in_the_middle(&[served(other_file()), served(true_file())]).await;
    let ran = rig.paperfall(FETCH).await;
    assert_eq!(ran.code, 0, "{ran}");
    rig.assert_obtained(WORK, "pmc", "pmc_pdf", &true_file().bytes());
    assert_eq!(ranges(&rig), ["-", "bytes=2097152-", "-"]);
    assert_eq!(rig.files(".parts"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_another_one_for_good_is_refused_by_the_announced_checksum() {
    let rig = killed_in_the_middle(&[served(other_file())]).await;
    let ran = rig.paperfall(FETCH).await;
    rig.assert_lost(&ran, WORK, "no_pdf", "checksum_mismatch");
    assert_eq!(ranges(&rig), ["-", "bytes=2097152-", "-"]);
    // It is over: nobody is asked again.
    let ran = rig.paperfall(FETCH).await;
    assert_eq!(ran.code, 1, "{ran}");
    assert_eq!(ranges(&rig).len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rest_of_a_file_of_another_length_is_not_taken() {
    let longer = Pdf::new("Else", 2, 3 * MIB + 512);
    let before = Answer::pdf(HalfWay::pdf()).etag(TAG);
    let half = HalfWay::killed(before, MIB + 1000, &[served(longer.clone())]).await;
    let ran = half.rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    half.rig
        .assert_obtained(HalfWay::WORK, "given", "given_pdf", &longer.bytes());
}

/// Nothing that was said of the two files differs, and both are PDFs: what is
/// stored is the verified beginning of the one with the end of the other. Only a
/// checksum could tell, and nobody announced one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_differs_in_nothing_that_was_said_of_it_cannot_be_told_from_the_first() {
    let before = Answer::pdf(HalfWay::pdf()).etag(TAG);
    let half = HalfWay::killed(before, MIB + 1000, &[served(other_file())]).await;
    let ran = half.rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    let kept = usize::try_from(MIB).unwrap();
    let mut mixture = half.bytes[..kept].to_vec();
    mixture.extend_from_slice(&other_file().bytes()[kept..]);
    let result = half.rig.result(HalfWay::WORK);
    assert_eq!(result["sha256"], sha256(&mixture), "{result:#}");
    assert_eq!(result["bytes"], 3 * MIB);
}
