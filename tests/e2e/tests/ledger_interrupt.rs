//! Ctrl-C on a ledger: what is finished stays, what is not is let go, and a
//! second Ctrl-C is as safe as a kill.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::fs::{File, TryLockError};
use std::time::{Duration, Instant};

use paperfall_e2e::{MIB, RUN, Rig, Running};
use paperfall_miniweb::{Answer, Door, Pdf, Script, World};

const KEPT: u64 = MIB + MIB / 2;
const SMALL: [&str; 2] = [
    "https://papers.example/1.pdf",
    "https://papers.example/2.pdf",
];
const BIG: &str = "https://slow.example/big.pdf";
const SILENT: &str = "https://silent.example/silent.pdf";

fn small(n: u64) -> Pdf {
    Pdf::new("Small", n, 20_000)
}

fn big() -> Pdf {
    Pdf::new("Big", 3, 3 * MIB)
}

/// Two papers that come at once, one that hangs half way, and one whose probe
/// is not answered; both only the first time.
async fn rig() -> Rig {
    let hangs = Script::from(Answer::pdf(big()))
        .then(Answer::pdf(big()))
        .then(Answer::pdf(big()).hang_after(KEPT))
        .then(Answer::pdf(big()));
    let silent = Script::from(Answer::never()).then(Answer::pdf(small(4)));
    let world = World::new()
        .page(SMALL[0], Answer::pdf(small(1)))
        .page(SMALL[1], Answer::pdf(small(2)))
        .page(BIG, hangs)
        .page(SILENT, silent);
    let rig = Rig::new(world).await;
    rig.list([SMALL[0], SMALL[1], BIG, SILENT]);
    rig
}

async fn started(rig: &Rig) -> Running {
    let run = rig.start(RUN);
    under_way(rig, run).await
}

async fn under_way(rig: &Rig, mut run: Running) -> Running {
    run.until("two are done, one hangs, one waits for an answer", || {
        let sizes = rig
            .parts()
            .into_iter()
            .map(|part| part.metadata().map_or(0, |f| f.len()));
        rig.results().len() == 2 && sizes.max() == Some(KEPT) && !rig.requests_of(SILENT).is_empty()
    })
    .await;
    run
}

fn work(url: &str) -> String {
    format!("url:{url}")
}

fn assert_two_are_kept(rig: &Rig) {
    assert_eq!(rig.results().len(), 2);
    for (url, n) in SMALL.iter().zip(1..) {
        rig.assert_obtained(&work(url), "given", "given_pdf", &small(n).bytes());
    }
    let states = rig.states();
    assert_eq!(states[&work(BIG)], "STREAMING");
    assert_eq!(states[&work(SILENT)], "LEASED");
}

/// After a kill at the last mark, after Ctrl-C at the very byte.
async fn assert_the_next_run_goes_on(rig: &Rig, at: u64, told: &str) {
    let began = Instant::now();
    let ran = rig.run(&[]).await;
    assert!(began.elapsed() < Duration::from_secs(30), "{ran}");
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.account().starts_with("2 done before, "), "{ran}");
    assert!(
        ran.account().contains(&format!("one at byte {told}")),
        "{ran}"
    );
    assert_eq!(rig.results().len(), 4);
    rig.assert_obtained(&work(BIG), "given", "given_pdf", &big().bytes());
    rig.assert_obtained(&work(SILENT), "given", "given_pdf", &small(4).bytes());
    let downloads = rig.downloads(BIG);
    assert_eq!(downloads.len(), 2);
    let range = format!("bytes={at}-");
    assert_eq!(downloads[1].header("range"), Some(range.as_str()));
    for url in SMALL {
        assert_eq!(rig.requests_of(url).len(), 3);
    }
    assert_eq!(rig.files(".parts"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_lets_every_lease_go_and_loses_nothing() {
    let rig = rig().await;
    let run = started(&rig).await;
    let stopped = Instant::now();
    run.signal("INT");
    let ran = run.end().await;
    // The silent one would have been waited for ten seconds, the other one for twenty.
    assert!(stopped.elapsed() < Duration::from_secs(9), "{ran}");
    assert_eq!(ran.code, 130, "{ran}");
    ran.assert_orderly();
    assert_eq!(ran.complaints().len(), 1, "{ran}");
    let left = "interrupted: 2 works are left; run the same command again to go on\n";
    assert!(ran.stdout.starts_with(left), "{ran}");
    assert_two_are_kept(&rig);
    for (work, job) in rig.jobs() {
        assert_eq!(job.owner, None, "{work}");
        assert_eq!((job.round, job.failures), (0, 0), "{work}");
        assert_eq!(job.not_before, None, "{work}");
    }
    assert_the_next_run_goes_on(&rig, KEPT, "1,572,864").await;
}

/// A run whose terminal closes gets two hangups: the shell's and the kernel's.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_terminal_lets_every_lease_go_and_loses_nothing() {
    let rig = rig().await;
    // Whoever runs the tests may have been told to ignore hangups.
    let run = rig.start_through("/usr/bin/env", &["--default-signal=HUP"], RUN);
    let mut run = under_way(&rig, run).await;
    let ledger = rig.ledger();
    ledger.execute_batch("BEGIN IMMEDIATE").unwrap();
    run.signal("HUP");
    run.until_it_says("paperfall: stopping").await;
    run.signal("HUP");
    ledger.execute_batch("ROLLBACK").unwrap();
    drop(ledger);
    let ran = run.end().await;
    assert_eq!(ran.code, 130, "{ran}");
    ran.assert_orderly();
    assert_two_are_kept(&rig);
    for (work, job) in rig.jobs() {
        assert_eq!(job.owner, None, "{work}");
        assert_eq!((job.round, job.failures), (0, 0), "{work}");
    }
    assert_the_next_run_goes_on(&rig, KEPT, "1,572,864").await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_under_nohup_goes_on_when_its_terminal_closes() {
    let door = Door::closed();
    let url = SMALL[0];
    let slow = Script::from(Answer::pdf(small(1)))
        .then(Answer::pdf(small(1)))
        .then(Answer::pdf(small(1)).held_until(&door.cue()));
    let rig = Rig::new(World::new().page(url, slow)).await;
    rig.list([url]);
    let mut run = rig.start_through("/usr/bin/nohup", &[], RUN);
    run.until("the paper is asked for", || rig.downloads(url).len() == 1)
        .await;
    run.signal("HUP");
    door.open();
    let ran = run.end().await;
    assert_eq!(ran.code, 0, "{ran}");
    rig.assert_obtained(&work(url), "given", "given_pdf", &small(1).bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_ctrl_c_leaves_at_once_though_the_ledger_cannot_be_written() {
    let rig = rig().await;
    let mut run = started(&rig).await;
    let ledger = rig.ledger();
    ledger.execute_batch("BEGIN IMMEDIATE").unwrap();
    run.signal("INT");
    // And then it waits for the ledger to take back its leases.
    run.until_it_says("Ctrl-C again to leave at once").await;
    let second = Instant::now();
    run.signal("INT");
    let ran = run.end().await;
    // The ledger would have been waited for ten seconds.
    assert!(second.elapsed() < Duration::from_secs(9), "{ran}");
    assert_eq!(ran.code, 130, "{ran}");
    ledger.execute_batch("ROLLBACK").unwrap();
    drop(ledger);
    assert_two_are_kept(&rig);
    let held = rig
        .jobs()
        .values()
        .filter(|job| job.owner.is_some())
        .count();
    assert_eq!(held, 2, "it was to leave without a word to the ledger");
    assert_the_next_run_goes_on(&rig, KEPT, "1,572,864").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_while_waiting_for_other_processes_ends_at_once() {
    let rig = rig().await;
    let holder = started(&rig).await;
    let mut waiter = rig.start(RUN);
    waiter.until_it_says("2 that other processes hold").await;
    let stopped = Instant::now();
    waiter.signal("INT");
    let ran = waiter.end().await;
    // The holder is not given up before twenty seconds.
    assert!(stopped.elapsed() < Duration::from_secs(15), "{ran}");
    assert_eq!(ran.code, 130, "{ran}");
    // The one that holds them was not disturbed.
    let held = rig
        .jobs()
        .values()
        .filter(|job| job.owner.is_some())
        .count();
    assert_eq!(held, 2);
    holder.kill().await;
    assert_the_next_run_goes_on(&rig, MIB, "1,048,576").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_while_works_are_leased_one_after_another_leaves_no_lease() {
    let urls: Vec<String> = (0..400)
        .map(|n| format!("https://papers.example/quick-{n}.pdf"))
        .collect();
    let world = urls.iter().zip(0..).fold(World::new(), |world, (url, n)| {
        world.page(url, Answer::pdf(small(n)))
    });
    let rig = Rig::new(world).await;
    rig.list(&urls);
    for done in [20, 60] {
        let mut run = rig.start(RUN);
        run.until("some are done", || rig.results().len() >= done)
            .await;
        run.signal("INT");
        let ran = run.end().await;
        assert_eq!(ran.code, 130, "{ran}");
        for (work, job) in rig.jobs() {
            assert_eq!(job.owner, None, "{work}");
        }
    }
}

/// Whether somebody has its turn to write into the ledger, or waits in it.
fn is_somebodys_turn(rig: &Rig) -> bool {
    let lock = rig.out().join("manifest.sqlite3-locks/writer.lock");
    let lock = File::options().write(true).open(lock).unwrap();
    match lock.try_lock() {
        Ok(()) => false,
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(error)) => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_on_the_ledger_while_the_run_is_stopped_is_told_by_that_run() {
    let urls: Vec<String> = (0..4)
        .map(|n| format!("https://papers.example/gone-{n}.pdf"))
        .collect();
    let door = Door::closed();
    let slowly = Answer::status(404).held_until(&door.cue());
    let world = urls
        .iter()
        .fold(World::new(), |world, url| world.page(url, slowly.clone()));
    let rig = Rig::new(world).await;
    rig.list(&urls);
    let mut run = rig.start(RUN);
    run.until("all are asked for", || {
        urls.iter().all(|url| !rig.requests_of(url).is_empty())
    })
    .await;
    let ledger = rig.ledger();
    ledger.execute_batch("BEGIN IMMEDIATE").unwrap();
    door.open();
    run.until("all are answered", || {
        rig.web.requests().iter().all(|r| r.ended.is_some())
    })
    .await;
    run.until("an end waits for the ledger", || is_somebodys_turn(&rig))
        .await;
    assert_eq!(rig.results().len(), 0);
    run.signal("INT");
    run.until_it_says("Ctrl-C again to leave at once").await;
    ledger.execute_batch("ROLLBACK").unwrap();
    drop(ledger);
    let ran = run.end().await;
    assert_eq!(ran.code, 130, "{ran}");
    let mut states = rig.states();
    states.retain(|_, state| state == "FAILED");
    assert!(!states.is_empty(), "nothing ended: {ran}");
    let told: Vec<String> = rig.results().into_keys().collect();
    let ended: Vec<String> = states.into_keys().collect();
    assert_eq!(told, ended, "{ran}");
    assert_eq!(rig.files(".parts"), [""; 0]);
}
