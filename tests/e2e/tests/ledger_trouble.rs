//! A ledger that cannot be opened, is locked, or is on a disk that fills up: the
//! run says so, waits, and loses nothing that it said was done.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::{Duration, Instant};

use paperfall_e2e::{RUN, Ran, Rig, TinyDisk};
use paperfall_miniweb::{Answer, Cue, Door, LoggedRequest, Pdf, World};
use rusqlite::Connection;

const WORKS: u32 = 8;

fn url(n: u32) -> String {
    format!("https://papers{}.example/{n}.pdf", n % 4)
}

fn pdf(n: u32) -> Pdf {
    Pdf::new("Trouble", n.into(), 20_000)
}

/// Two papers that come at once, whichever are asked for first, and others that come
/// when the door is open: this is the middle of the run.
async fn rig() -> (Rig, Door) {
    let door = Door::closed();
    let world = (1..=WORKS).fold(World::new(), |world, n| {
        let (url, open) = (url(n), door.clone());
        let own = url.clone();
        let cue = Cue::when(move |log| open.is_open() || is_among_the_first_two(&own, log));
        world.page(&url, Answer::pdf(pdf(n)).held_until(&cue))
    });
    let rig = Rig::new(world).await;
    rig.list((1..=WORKS).map(url));
    (rig, door)
}

fn is_among_the_first_two(url: &str, log: &[LoggedRequest]) -> bool {
    let mut seen: Vec<String> = Vec::new();
    for request in log {
        if !seen.contains(&request.url()) {
            seen.push(request.url());
        }
    }
    seen.iter().take(2).any(|one| one == url)
}

fn assert_all_obtained(rig: &Rig) {
    for n in 1..=WORKS {
        let work = format!("url:{}", url(n));
        rig.assert_obtained(&work, "given", "given_pdf", &pdf(n).bytes());
    }
    assert_eq!(rig.results().len(), usize::try_from(WORKS).unwrap());
}

/// No paper was downloaded more often than this.
fn assert_downloads(rig: &Rig, most: usize) {
    for (url, count) in rig.downloaded() {
        assert!((1..=most).contains(&count), "{url}: {count}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_cannot_be_opened_stops_the_run_before_anything_is_asked() {
    let (rig, _) = rig().await;
    let text = rig.file(
        "notes.txt",
        "not a database, however long it may be ".repeat(60),
    );
    let newer = rig.folder().join("newer.sqlite3");
    let db = Connection::open(&newer).unwrap();
    db.execute_batch(
        "CREATE TABLE _meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
         INSERT INTO _meta VALUES('schema_version', '99');",
    )
    .unwrap();
    drop(db);
    std::fs::create_dir(rig.folder().join("folder")).unwrap();
    let before = [&text, &newer].map(|file| std::fs::read(file).unwrap());
    for (ledger, words) in [
        ("folder", ["is a folder", "manifest.sqlite3"]),
        ("notes.txt", ["is not a ledger", "name another file"]),
        ("newer.sqlite3", ["schema 99", "nothing was changed"]),
        ("/sys/mine.sqlite3", ["cannot be written", "--ledger"]),
        ("notes.txt/below.sqlite3", ["notes.txt", "ledger"]),
    ] {
        let ran = rig.run(&["--ledger", ledger]).await;
        ran.assert_refused(3, &words);
    }
    assert_eq!(
        [&text, &newer].map(|file| std::fs::read(file).unwrap()),
        before
    );
    assert!(rig.web.requests().is_empty());
    assert_eq!(rig.results().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_has_the_name_it_was_given_whatever_sqlite_would_read_into_it() {
    let (rig, door) = rig().await;
    door.open();
    let others = rig.file("victim.db", "");
    for name in ["file:victim.db", ":memory:"] {
        let ran = rig
            .run(&["--ledger", name, "--out", &format!("out-{name}")])
            .await;
        assert_eq!(ran.code, 0, "{ran}");
        let ledger = std::fs::read(rig.folder().join(name)).expect(name);
        assert!(ledger.starts_with(b"SQLite format 3"), "{name}");
    }
    assert_eq!(std::fs::read(others).unwrap(), b"");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_locked_for_a_while_in_mid_run_is_waited_for() {
    let (rig, door) = rig().await;
    let mut run = rig.start(RUN.iter().chain(&["--workers", "2"]));
    run.until("some are done", || rig.results().len() >= 2)
        .await;
    let shell = rig.ledger();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    door.open();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(rig.results().len(), 2, "done without the ledger");
    shell.execute_batch("ROLLBACK").unwrap();
    let ran = run.end().await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_all_obtained(&rig);
    assert_downloads(&rig, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_stays_locked_pauses_the_run_and_then_it_goes_on() {
    let (rig, door) = rig().await;
    let mut run = rig.start(RUN.iter().chain(&["--workers", "2"]));
    run.until("some are done", || rig.results().len() >= 2)
        .await;
    let shell = rig.ledger();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    door.open();
    // After the ten seconds that any program gets.
    run.until_it_says("pausing, and trying again for 60 s")
        .await;
    shell.execute_batch("ROLLBACK").unwrap();
    let ran = run.end().await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stderr.contains("stayed locked by"), "{ran}");
    assert!(
        ran.stderr.contains("the ledger works again; going on"),
        "{ran}"
    );
    assert_all_obtained(&rig);
    assert_downloads(&rig, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_stays_locked_too_long_stops_the_run_and_nothing_is_lost() {
    let (rig, door) = rig().await;
    let flags = ["--workers", "2", "--ledger-patience", "1"];
    let mut run = rig.start(RUN.iter().chain(&flags));
    run.until("some are done", || rig.results().len() >= 2)
        .await;
    let shell = rig.ledger();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    door.open();
    let ran = run.end().await;
    assert_eq!(ran.code, 3, "{ran}");
    assert!(ran.stderr.contains("stayed locked by"), "{ran}");
    shell.execute_batch("ROLLBACK").unwrap();
    drop(shell);
    assert_goes_on(&rig, &[]).await;
}

/// The next run completes; what was finished is not asked for again.
async fn assert_goes_on(rig: &Rig, flags: &[&str]) {
    let finished = rig.results();
    assert!(!finished.is_empty() && finished.len() < 8, "{finished:?}");
    let asked = |url: &str| rig.requests_of(url).len();
    let before: Vec<(String, usize)> = finished
        .keys()
        .map(|work| work.trim_start_matches("url:").to_owned())
        .map(|url| (url.clone(), asked(&url)))
        .collect();
    let ran = rig.run(flags).await;
    assert_eq!(ran.code, 0, "{ran}");
    for (url, count) in before {
        assert_eq!(asked(&url), count, "{url}");
    }
    assert_all_obtained(rig);
    assert_downloads(rig, 2);
}

/// A run whose ledger is on a small disk of its own, full from the middle on.
struct Full {
    // Let go before its folder is.
    disk: TinyDisk,
    rig: Rig,
    door: Door,
}

impl Full {
    const LEDGER: [&str; 2] = ["--ledger", "disk/mine.sqlite3"];

    /// None where mounting is not permitted.
    async fn new() -> Option<Self> {
        let (rig, door) = rig().await;
        let disk = TinyDisk::mount(&rig.folder().join("disk"), 4096);
        if disk.is_none() {
            eprintln!("mounting is not permitted here: no full disk was tested");
        }
        let disk = disk?;
        Some(Self { disk, rig, door })
    }

    /// Starts, fills the disk in mid-run, and lets `then` see to the rest.
    async fn run(&self, flags: &[&str], empty_when: Option<&str>) -> Ran {
        let more = ["--workers", "2"];
        let args = RUN.iter().chain(&Self::LEDGER).chain(&more).chain(flags);
        let mut run = self.rig.start(args);
        run.until("some are done", || self.rig.results().len() >= 2)
            .await;
        let hog = self.disk.fill();
        self.door.open();
        if let Some(words) = empty_when {
            run.until_it_says(words).await;
            std::fs::remove_file(hog).unwrap();
        }
        run.end().await
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_pauses_the_run_until_there_is_room() {
    let Some(full) = Full::new().await else {
        return;
    };
    let ran = full.run(&[], Some("pausing, and trying again")).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stderr.contains("Free some space"), "{ran}");
    assert!(
        ran.stderr.contains("the ledger works again; going on"),
        "{ran}"
    );
    assert_all_obtained(&full.rig);
    assert_downloads(&full.rig, 1);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_stays_full_stops_the_run_and_nothing_is_lost() {
    let Some(full) = Full::new().await else {
        return;
    };
    let began = Instant::now();
    let ran = full.run(&["--ledger-patience", "1"], None).await;
    assert_eq!(ran.code, 3, "{ran}");
    assert!(began.elapsed() < Duration::from_secs(30), "{ran}");
    assert!(ran.stderr.contains("mine.sqlite3 is full"), "{ran}");
    ran.assert_orderly();
    std::fs::remove_file(full.rig.folder().join("disk/hog")).unwrap();
    assert_goes_on(&full.rig, &Full::LEDGER).await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_wants_papers_rather_than_records_gets_them_and_is_told_what_is_missing() {
    let Some(full) = Full::new().await else {
        return;
    };
    let ran = full.run(&["--on-ledger-error", "continue"], None).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_all_obtained(&full.rig);
    assert_downloads(&full.rig, 1);
    let untold: Vec<&str> = ran
        .complaints()
        .into_iter()
        .filter(|line| line.starts_with("paperfall: not recorded: "))
        .collect();
    assert!(untold.iter().any(|line| line.contains("is full")), "{ran}");
    // Of each paper either the ledger tells the end, or the run told that it does not.
    let ledger = Connection::open(full.rig.folder().join("disk/mine.sqlite3")).unwrap();
    for n in 1..=WORKS {
        let work = format!("url:{}", url(n));
        let sql = "SELECT count(*) FROM artifact_jobs WHERE work_id = ?1 AND state = 'INDEXED'";
        let is_recorded: bool = ledger.query_row(sql, [&work], |row| row.get(0)).unwrap();
        let is_told = untold.iter().any(|line| line.contains(&work));
        assert!(is_recorded != is_told, "{work}: {is_recorded}: {ran}");
    }
}
