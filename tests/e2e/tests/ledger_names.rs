//! One ledger and one folder by several names: whoever comes by whichever finds
//! the locks of the others.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::os::unix::fs::symlink;
use std::time::Duration;

use paperfall_e2e::{RUN, Rig, paper_url as url};
use paperfall_miniweb::{Answer, Pdf, Script, World};

const WORKS: u32 = 12;

fn paper(n: u32) -> Answer {
    Answer::pdf(Pdf::new("Names", n.into(), 20_000))
}

/// The first paper is not sent to whoever asks first.
async fn rig_that_hangs_once() -> Rig {
    let script = Script::from(Answer::never()).then(paper(1));
    let rig = Rig::new(World::new().page(&url(1), script)).await;
    rig.list([url(1)]);
    rig
}

/// Starts on this ledger and is killed at its first request.
async fn killed(rig: &Rig, flags: &[&str]) {
    let mut run = rig.start(RUN.iter().chain(flags));
    run.until("it waits for its probe", || !rig.web.requests().is_empty())
        .await;
    run.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_a_new_folder_however_it_is_named() {
    for out in ["lists/../fresh", "link/fresh"] {
        let world = (1..=WORKS).fold(World::new(), |world, n| {
            world.page(&url(n), paper(n).delay(Duration::from_millis(60)))
        });
        let rig = Rig::new(world).await;
        rig.list((1..=WORKS).map(url));
        std::fs::create_dir_all(rig.folder().join("lists")).unwrap();
        std::fs::create_dir_all(rig.folder().join("elsewhere")).unwrap();
        symlink("elsewhere", rig.folder().join("link")).unwrap();
        let mut first = rig.start(RUN.iter().chain(&["--out", out]));
        first
            .until("it works", || !rig.web.requests().is_empty())
            .await;
        let second = rig.paperfall(RUN.iter().chain(&["--out", out])).await;
        let first = first.end().await;
        assert_eq!((first.code, second.code), (0, 0), "{out}: {first}{second}");
        for n in 1..=WORKS {
            assert_eq!(rig.downloads(&url(n)).len(), 1, "{out}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_named_by_a_link_goes_on_by_its_own_name_at_once_after_a_kill() {
    let rig = rig_that_hangs_once().await;
    for folder in ["books", "links"] {
        std::fs::create_dir(rig.folder().join(folder)).unwrap();
    }
    // The file it leads to is not there yet.
    symlink("../books/mine.db", rig.folder().join("links/link.db")).unwrap();
    killed(&rig, &["--ledger", "links/link.db"]).await;
    let ran = rig.run(&["--ledger", "books/mine.db"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(ran.account(), "0 done before, 1 resumed, 0 new", "{ran}");
    let ran = rig.run(&["--ledger", "links/link.db"]).await;
    assert_eq!(ran.account(), "1 done before, 0 resumed, 0 new", "{ran}");
    let left: Vec<_> = std::fs::read_dir(rig.folder().join("links"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["link.db"], "something was put beside the link");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_was_first_used_by_a_link_to_its_ledger_is_its_ledgers() {
    let rig = rig_that_hangs_once().await;
    std::fs::create_dir(rig.out()).unwrap();
    symlink("out/manifest.sqlite3", rig.folder().join("link.db")).unwrap();
    killed(&rig, &["--ledger", "link.db"]).await;
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    let told = rig.paperfall(["jobs", "list", "--ledger", "link.db"]).await;
    assert!(told.stdout.contains("INDEXED"), "{told}");
}
