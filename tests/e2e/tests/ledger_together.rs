//! Several processes on one ledger and one list: every work is done by one of
//! them, once, and nobody waits for one that is gone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::{Duration, Instant};

use paperfall_e2e::{RUN, Ran, Rig};
use paperfall_miniweb::{Answer, Door, Pdf, Script, World};

const WORKS: u32 = 60;

fn url(n: u32) -> String {
    format!("https://papers{}.example/{n}.pdf", n % 6)
}

fn pdf(n: u32) -> Pdf {
    Pdf::new("Together", n.into(), 20_000)
}

/// So slow that one process does not do everything before the next has begun.
fn paper(n: u32) -> Answer {
    Answer::pdf(pdf(n)).delay(Duration::from_millis(60))
}

/// Works whose origin behaves, after `odd` ones that are scripted.
async fn rig(works: u32, odd: u32, script: impl Fn(u32) -> Script) -> Rig {
    let world = (1..=works).fold(World::new(), |world, n| {
        let script = if n <= odd { script(n) } else { paper(n).into() };
        world.page(&url(n), script)
    });
    let rig = Rig::new(world).await;
    rig.list((1..=works).map(url));
    rig
}

async fn good(works: u32) -> Rig {
    rig(works, 0, |n| paper(n).into()).await
}

/// No process does everything before the next has begun.
async fn until_two_hold_works(rig: &Rig) {
    let owners = "SELECT count(DISTINCT lease_owner) FROM artifact_jobs";
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        // The ledger may not be there yet.
        let held = rig.ledger_path().exists().then(|| {
            let ledger = rig.ledger();
            ledger.query_row(owners, [], |row| row.get::<_, u32>(0))
        });
        if matches!(held, Some(Ok(2..))) {
            return;
        }
        assert!(Instant::now() < deadline, "{held:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Every work has its paper, one result line and one stored file.
fn assert_all_obtained(rig: &Rig, works: u32) {
    for n in 1..=works {
        let work = format!("url:{}", url(n));
        rig.assert_obtained(&work, "given", "given_pdf", &pdf(n).bytes());
    }
    let count = usize::try_from(works).unwrap();
    assert_eq!(rig.results().len(), count);
    assert_eq!(rig.files("objects").len(), count);
    assert_eq!(rig.files("papers").len(), count);
    assert_eq!(rig.files(".parts"), [""; 0]);
    assert!(rig.states().values().all(|state| state == "INDEXED"));
}

/// The accounts of runs on the same list fit: nothing was done by two.
fn assert_accounts_fit(runs: &[Ran], works: u64) {
    let mut done = 0;
    for ran in runs {
        assert_eq!(ran.code, 0, "{ran}");
        ran.assert_orderly();
        let own = ran.counted("new") + ran.counted("resumed");
        let others = ran.counted("done before") + ran.counted("done by other processes");
        assert_eq!(own + others, works, "{ran}");
        done += own;
    }
    assert_eq!(done, works);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_processes_do_every_work_of_a_list_once() {
    let door = Door::closed();
    let rig = rig(WORKS, WORKS, |n| paper(n).held_until(&door.cue()).into()).await;
    let running: Vec<_> = (0..3).map(|_| rig.start(RUN)).collect();
    until_two_hold_works(&rig).await;
    door.open();
    let mut runs = Vec::new();
    for run in running {
        runs.push(run.end().await);
    }
    assert_accounts_fit(&runs, WORKS.into());
    let busy = runs.iter().filter(|ran| ran.counted("new") > 0).count();
    assert!(busy > 1, "one process did everything");
    for (url, count) in rig.downloaded() {
        assert_eq!(count, 1, "{url}");
        assert_eq!(rig.requests_of(&url).len(), 3, "{url}");
    }
    assert_all_obtained(&rig, WORKS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_comes_later_repeats_no_work_and_no_result_line() {
    let rig = good(WORKS).await;
    let mut first = rig.start(RUN);
    let mut runs = Vec::new();
    for _ in 0..3 {
        let finished = rig.results().len();
        first
            .until("more works are finished", || {
                rig.results().len() >= finished + 4
            })
            .await;
        let later = rig.start(RUN);
        runs.push(later);
    }
    let mut ended = vec![first.end().await];
    for run in runs {
        ended.push(run.end().await);
    }
    assert_accounts_fit(&ended, WORKS.into());
    let before: u64 = ended.iter().map(|ran| ran.counted("done before")).sum();
    assert!(before > 0, "nobody came late");
    assert_all_obtained(&rig, WORKS);
    assert!(rig.downloaded().values().all(|count| *count == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_works_of_a_process_that_was_killed_are_finished_by_the_others() {
    const HANGING: u32 = 4;
    // Probe, HEAD, a download that hangs; then all is well.
    let hangs = |n: u32| {
        Script::from(paper(n))
            .then(paper(n))
            .then(paper(n).hang_after(5_000))
            .then(paper(n))
    };
    let rig = rig(20, HANGING, hangs).await;
    let whole = rig.file(
        "whole.txt",
        std::fs::read(rig.folder().join("list.txt")).unwrap(),
    );
    rig.list((1..=HANGING).map(url));
    let mut victim = rig.start(RUN);
    victim
        .until("its downloads hang", || {
            (1..=HANGING).all(|n| rig.downloads(&url(n)).len() == 1)
        })
        .await;
    rig.list(std::fs::read_to_string(whole).unwrap().lines());
    let mut survivor = rig.start(RUN);
    survivor
        .until("it has done the works nobody else holds", || {
            rig.results().len() == 16
        })
        .await;
    victim.kill().await;
    let ran = survivor.end().await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(ran.counted("resumed"), u64::from(HANGING), "{ran}");
    assert_eq!(ran.counted("new"), 16, "{ran}");
    assert!(ran.stderr.contains("4 that other processes hold"), "{ran}");
    for n in 1..=HANGING {
        assert_eq!(rig.downloads(&url(n)).len(), 2);
        // Neither found again nor asked about again.
        assert_eq!(rig.requests_of(&url(n)).len(), 4);
    }
    assert_all_obtained(&rig, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_work_that_failed_for_a_passing_cause_has_one_result_line_in_the_end() {
    // Whoever tries again is another process than the one that wrote the failure.
    let hurt = |n: u32| {
        Script::from(paper(n))
            .then(paper(n))
            .then(paper(n).reset_after(5_000))
            .then(paper(n))
    };
    let rig = rig(6, 1, hurt).await;
    let first = rig.run(&[]).await;
    assert_eq!(first.code, 1, "{first}");
    rig.put_off(0);
    let runs = [rig.start(RUN), rig.start(RUN)];
    for run in runs {
        let ran = run.end().await;
        assert_eq!(ran.code, 0, "{ran}");
    }
    assert_all_obtained(&rig, 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_takes_one_ledger_at_a_time() {
    let door = Door::closed();
    let rig = rig(WORKS, WORKS, |n| paper(n).held_until(&door.cue()).into()).await;
    let mut first = rig.start(RUN);
    first
        .until("it is in the folder", || {
            rig.out().join("manifest.sqlite3").exists()
        })
        .await;
    let other = RUN.iter().chain(&["--ledger", "other.sqlite3"]);
    let refused = rig.paperfall(other.clone()).await;
    assert_eq!(refused.code, 3, "{refused}");
    let told = "is in use with the ledger";
    assert!(refused.stderr.contains(told), "{refused}");
    assert!(refused.stderr.contains("manifest.sqlite3"), "{refused}");
    door.open();
    let ran = first.end().await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_all_obtained(&rig, WORKS);
    // One after the other they may.
    let ran = rig.paperfall(other).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(rig.files("objects").len(), usize::try_from(WORKS).unwrap());
}
