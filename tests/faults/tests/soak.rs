//! Four processes on one ledger, killed at random and started again, until a
//! thousand works are done: nothing is lost, nothing is done twice, nothing is
//! stuck, and what was once acknowledged stands.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use paperfall_e2e::{Rig, Seeds, ShortLives, sha256};
use paperfall_faults::{LedgerCopy, asked, run};
use paperfall_miniweb::{Answer, Pdf, World};
use serde_json::{Value, json};

const WORKS: usize = 1_000;
const PROCESSES: usize = 4;
/// Jobs that a kill can interrupt.
const WORKERS: usize = 2;
/// After so many kills everybody is left alone.
const KILLS: usize = 60;
const PATIENCE: Duration = Duration::from_secs(180);
const ARGS: [&str; 7] = [
    "run",
    "works.jsonl",
    "--only",
    "given,arxiv",
    "--enable-idempotency",
    "--workers",
    "2",
];

/// What the works of a list are like, by their last digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// The bytes of the one before, elsewhere.
    Twin,
    /// The URL of the one before.
    SameUrl,
    Missing,
    /// A first copy that ends too early.
    Struck,
}

fn kind(n: usize) -> Kind {
    match n % 10 {
        3 => Kind::Twin,
        5 => Kind::SameUrl,
        7 => Kind::Missing,
        9 => Kind::Struck,
        _ => Kind::Plain,
    }
}

fn url(n: usize) -> String {
    format!("https://host{}.example/{n}.pdf", n % 50)
}

fn cut(n: usize) -> String {
    format!("https://host{}.example/cut-{n}.pdf", n % 50)
}

fn urls(n: usize) -> Vec<String> {
    match kind(n) {
        Kind::SameUrl => vec![url(n - 1)],
        Kind::Struck => vec![cut(n), url(n)],
        _ => vec![url(n)],
    }
}

fn pdf(n: usize) -> Option<Pdf> {
    let of = match kind(n) {
        Kind::Missing => return None,
        Kind::Twin | Kind::SameUrl => n - 1,
        Kind::Plain | Kind::Struck => n,
    };
    Some(Pdf::new("Soaked", u64::try_from(of).unwrap(), 4_000))
}

fn answer(pdf: Pdf) -> Answer {
    Answer::pdf(pdf).delay(ShortLives::DELAY)
}

async fn rig() -> Rig {
    let world = (0..WORKS).fold(World::new(), |world, n| match (kind(n), pdf(n)) {
        (Kind::SameUrl, _) => world,
        (_, None) => world.page(&url(n), Answer::status(404)),
        (Kind::Struck, Some(pdf)) => world
            .page(&cut(n), answer(pdf.clone()).truncated_to(2_000))
            .page(&url(n), answer(pdf)),
        (_, Some(pdf)) => world.page(&url(n), answer(pdf)),
    });
    let rig = Rig::new(world).await;
    let list = (0..WORKS).map(|n| {
        let line = json!({"work_id": format!("W{n}"), "pdf_urls": urls(n)});
        format!("{line}\n")
    });
    rig.file("works.jsonl", list.collect::<String>());
    rig
}

/// Reads `results.jsonl` all the while, as another program would; what it has
/// seen of each work in a complete line.
async fn observe(file: PathBuf, over: Arc<AtomicBool>) -> BTreeMap<String, Value> {
    let mut seen = BTreeMap::new();
    while !over.load(Ordering::Relaxed) {
        let text = tokio::fs::read_to_string(&file).await.unwrap_or_default();
        let complete = text.rsplit_once('\n').map_or("", |(complete, _)| complete);
        for line in complete.lines() {
            // A kill may have cut one short.
            if let Ok(line) = serde_json::from_str::<Value>(line) {
                let work = line["work_id"].as_str().unwrap().to_owned();
                seen.entry(work).or_insert(line);
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    seen
}

/// That every work ended as it should, with the file it should have.
fn assert_results(rig: &Rig, acknowledged: &BTreeMap<String, Value>) {
    let results = rig.results();
    assert_eq!(results.len(), WORKS);
    for n in 0..WORKS {
        let line = &results[&format!("W{n}")];
        match pdf(n) {
            None => assert_eq!(line["reason"], "not_found", "{line}"),
            Some(pdf) => {
                assert_eq!(line["outcome"], "success", "{line}");
                assert_eq!(line["sha256"], sha256(&pdf.bytes()), "{line}");
            }
        }
    }
    for (work, line) in acknowledged {
        for key in ["outcome", "reason", "sha256", "path"] {
            assert_eq!(line[key], results[work][key], "{work}: {key}");
        }
    }
}

/// Every file once under its hash, a name for every work, nothing left over.
fn assert_files(rig: &Rig) {
    let mut hashes = BTreeSet::new();
    for n in 0..WORKS {
        let Some(pdf) = pdf(n) else { continue };
        let hash = sha256(&pdf.bytes());
        let paper = std::fs::read(rig.out().join(format!("papers/W{n}.pdf")));
        assert_eq!(sha256(&paper.expect("its name leads to it")), hash, "W{n}");
        hashes.insert(hash);
    }
    let objects = rig.files("objects");
    assert_eq!(objects.len(), hashes.len());
    for object in objects {
        let bytes = std::fs::read(rig.out().join(&object)).unwrap();
        assert!(object.contains(&sha256(&bytes)), "{object} has other bytes");
    }
    assert_eq!(rig.files(".parts"), [""; 0]);
    assert_eq!(
        rig.files("manifest.sqlite3-locks").len(),
        2,
        "locks of the dead"
    );
}

/// Every job at its end, each file brought by one.
fn assert_jobs(rig: &Rig) {
    let copy = LedgerCopy::of(&rig.ledger_path()).unwrap();
    copy.assert_whole();
    let jobs = copy.jobs();
    assert_eq!(jobs.len(), WORKS);
    let mut brought = BTreeMap::new();
    for (work, job) in &jobs {
        assert!(
            job.is_done() && job.owner.is_none(),
            "{work} is stuck: {job:?}"
        );
        for op in &job.ops {
            let ended = !matches!(op.code.as_deref(), None | Some("ABANDONED"));
            assert!(ended, "{work}: {op:?}");
        }
        if let Some(hash) = &job.sha256 {
            *brought.entry(hash.clone()).or_insert(0) += usize::from(job.state == "INDEXED");
        }
    }
    assert!(
        brought.values().all(|jobs| *jobs == 1),
        "a file was brought twice"
    );
}

/// That a step was repeated only for works that a kill interrupted in it.
fn assert_asked(rig: &Rig, kills: usize) {
    // Two works with one URL may both have found it free.
    let shared: BTreeSet<String> = (0..WORKS)
        .filter(|n| kind(*n) == Kind::SameUrl)
        .flat_map(urls)
        .collect();
    let mut again = 0;
    for (url, asked) in asked(&rig.web.requests()) {
        if !shared.contains(&url) {
            let steps = [asked.probes, asked.heads, asked.gets];
            again += steps
                .iter()
                .map(|times| times.saturating_sub(1))
                .sum::<usize>();
        }
    }
    eprintln!("{again} steps were asked for again");
    assert!(
        again <= kills * WORKERS,
        "{again} steps after {kills} kills"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_processes_killed_at_random_do_a_thousand_works_once() {
    let rig = Arc::new(rig().await);
    let began = Instant::now();
    let lives = Arc::new(ShortLives::new(KILLS));
    let over = Arc::new(AtomicBool::new(false));
    let observer = tokio::spawn(observe(rig.out().join("results.jsonl"), Arc::clone(&over)));
    let processes: Vec<_> = (0..PROCESSES)
        .map(|n| {
            let (rig, lives) = (Arc::clone(&rig), Arc::clone(&lives));
            let seeds = Seeds::new(u64::try_from(n).unwrap());
            tokio::spawn(async move { lives.live(&rig, &ARGS, seeds).await })
        })
        .collect();
    for process in processes {
        let left = PATIENCE.saturating_sub(began.elapsed());
        let ended = tokio::time::timeout(left, process);
        let ran = ended.await.expect("in time").unwrap();
        assert_eq!(ran.code, 1, "some works have no paper: {ran}");
    }
    over.store(true, Ordering::Relaxed);
    let acknowledged = observer.await.unwrap();
    let kills = lives.kills();
    eprintln!(
        "{WORKS} works, {PROCESSES} processes, {kills} kills, {:.1} s; {} results seen on the way",
        began.elapsed().as_secs_f64(),
        acknowledged.len()
    );
    assert!(kills >= KILLS / 2, "only {kills} kills");

    // Once more, alone: there is nothing left to do.
    let before = rig.web.requests().len();
    let last = run(&rig, &ARGS, None).await;
    assert_eq!(last.code, 1, "{last}");
    assert_eq!(
        rig.web.requests().len(),
        before,
        "finished works were asked about"
    );
    assert_results(&rig, &acknowledged);
    assert_files(&rig);
    assert_jobs(&rig);
    assert_asked(&rig, kills);
}
