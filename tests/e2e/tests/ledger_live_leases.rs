//! Leases between processes that live: a slow download keeps its lease, and one
//! that slept through its lease finds it gone and changes nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use paperfall_e2e::{MIB, RUN, Rig, Running};
use paperfall_miniweb::{Answer, Pdf, Script, World};
use serde_json::Value;

const URL: &str = "https://slow.example/slow.pdf";
const WORK: &str = "url:https://slow.example/slow.pdf";

fn pdf() -> Pdf {
    Pdf::new("Leases", 8, 2 * MIB)
}

fn good() -> Answer {
    Answer::pdf(pdf())
}

/// Probe, HEAD, this download, and then it is good.
async fn rig(download: Answer) -> Rig {
    let script = Script::from(good())
        .then(good())
        .then(download)
        .then(good());
    let rig = Rig::new(World::new().page(URL, script)).await;
    rig.list([URL]);
    rig
}

/// The shortest lease there is: three seconds.
fn start(rig: &Rig, more: &[&str]) -> Running {
    let ttl = ["--lease-ttl", "3"];
    rig.start(RUN.iter().chain(&ttl).chain(more))
}

fn assert_one_of_everything(rig: &Rig) {
    rig.assert_obtained(WORK, "given", "given_pdf", &pdf().bytes());
    assert_eq!(rig.results().len(), 1);
    assert_eq!(rig.files("objects").len(), 1);
    assert_eq!(rig.files("papers").len(), 1);
    assert_eq!(rig.files(".parts"), [""; 0]);
    assert_eq!(rig.states()[WORK], "INDEXED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_takes_longer_than_its_lease_keeps_it() {
    // Eight seconds and a bit, at 64 KiB each quarter of a second.
    let rig = rig(good().drip(64 * 1024, Duration::from_millis(260))).await;
    let mut first = start(&rig, &["--telemetry", "events.jsonl"]);
    first
        .until("it downloads", || rig.downloads(URL).len() == 1)
        .await;
    let second = start(&rig, &[]);
    let (first, second) = (first.end().await, second.end().await);
    assert_eq!((first.code, second.code), (0, 0), "{first}{second}");
    assert_eq!(first.counted("new"), 1, "{first}");
    assert_eq!(second.counted("done by other processes"), 1, "{second}");
    assert!(
        second.stderr.contains("1 that other processes hold"),
        "{second}"
    );
    assert_eq!(rig.requests_of(URL).len(), 3);
    let events = std::fs::read_to_string(rig.folder().join("events.jsonl")).unwrap();
    let renewals = events
        .lines()
        .filter(|line| serde_json::from_str::<Value>(line).unwrap()["event"] == "lease_renewed")
        .count();
    assert!(renewals >= 4, "{renewals} renewals of 3 s in 8 s");
    assert_one_of_everything(&rig);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_slept_through_its_lease_changes_nothing_when_it_wakes() {
    let rig = rig(good().hang_after(MIB + MIB / 2)).await;
    let mut sleeper = start(&rig, &[]);
    sleeper
        .until("half of the file is there", || {
            let parts = rig.parts();
            parts
                .iter()
                .any(|part| part.metadata().is_ok_and(|part| part.len() > MIB))
        })
        .await;
    // Before the sleeper's lease can end, however long a start takes.
    let mut second = start(&rig, &[]);
    second.until_it_says("1 that other processes hold").await;
    sleeper.signal("STOP");
    let second = second.end().await;
    assert_eq!(second.code, 0, "{second}");
    assert!(
        second.account().contains("one at byte 1,048,576"),
        "{second}"
    );
    assert_one_of_everything(&rig);
    let before = rig.result(WORK);

    sleeper.signal("CONT");
    let ran = sleeper.end().await;
    assert_eq!(ran.code, 0, "{ran}");
    ran.assert_orderly();
    assert_eq!(ran.counted("done by other processes"), 1, "{ran}");
    assert_eq!(ran.counted("new"), 0, "{ran}");
    assert_eq!(rig.result(WORK), before);
    assert_eq!(rig.downloads(URL).len(), 2);
    assert_one_of_everything(&rig);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_slept_alone_goes_on_under_a_new_lease() {
    let rig = rig(good().hang_after(MIB + MIB / 2)).await;
    let mut sleeper = start(&rig, &[]);
    sleeper
        .until("half of the file is there", || {
            let parts = rig.parts();
            parts
                .iter()
                .any(|part| part.metadata().is_ok_and(|part| part.len() > MIB))
        })
        .await;
    sleeper.signal("STOP");
    tokio::time::sleep(Duration::from_secs(4)).await;
    sleeper.signal("CONT");
    let ran = sleeper.end().await;
    assert_eq!(ran.code, 0, "{ran}");
    ran.assert_orderly();
    assert!(ran.account().contains("one at byte 1,048,576"), "{ran}");
    assert_eq!(rig.downloads(URL).len(), 2);
    assert_one_of_everything(&rig);
}

/// Who holds a lease, and until when.
fn leases(rig: &Rig) -> BTreeMap<String, f64> {
    let ledger = rig.ledger();
    let mut leases = ledger
        .prepare("SELECT work_id, lease_until FROM artifact_jobs WHERE lease_owner IS NOT NULL")
        .unwrap();
    let rows = leases.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_are_kept_while_nobody_reads_what_the_run_says() {
    // More than fits into a pipe.
    let urls: Vec<String> = (0..400)
        .map(|n| format!("https://papers.example/{}/{n}.pdf", "long".repeat(150)))
        .collect();
    let world = urls.iter().fold(World::new(), |world, url| {
        world.page(url, Answer::status(404))
    });
    let rig = Rig::new(world).await;
    rig.list(&urls);
    let ttl = ["--lease-ttl", "3"];
    let unread = rig.command(RUN.iter().chain(&ttl)).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut first = BTreeMap::new();
    loop {
        assert!(Instant::now() < deadline, "not renewed: {first:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
        let lines = rig.out().join("results.jsonl").metadata();
        if lines.map_or(0, |file| file.len()) == 0 {
            continue;
        }
        let now = leases(&rig);
        if now.is_empty() || !now.keys().eq(first.keys()) {
            first = now;
        } else if now.iter().all(|(work, until)| first[work] < *until) {
            break;
        }
    }
    let told = rig.results().len();
    assert!(told < urls.len(), "it was to wait for its reader");
    let ran = paperfall_e2e::finish(unread).await;
    assert_eq!(ran.code, 1, "{ran}");
    assert_eq!(ran.counted("new"), 400, "{ran}");
    assert_eq!(rig.results().len(), 400);
}
