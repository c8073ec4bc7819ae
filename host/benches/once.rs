//! What the ledger costs a run: CPU time and commits per work, and works per
//! second with and without it, against the miniature web in a process of its own.
//! The demo's works without those that wait for a time-out or another try.
//!
//! Commits are those that SQLite itself counts, in the header of the shared
//! memory beside the log (`iChange` of <https://sqlite.org/walformat.html>, "a
//! counter that is incremented each transaction"): opening, planning and closing
//! are among them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{Goal, Spread, report};
use paperfall::ledger::{Existing, Options, SqliteLedger};
use rusqlite::Connection;

const WORKS: usize = 256;
const ROUNDS: usize = 5;
/// How works end that wait: for a time-out, a pause, or another try.
const SLOW: [&str; 3] = ["source_deadline", "rate_limited", "http_5xx"];
/// The miniature web's archive bears more than the real one.
const HOST_LIMITS: &str = "web.archive.org/cdx:per_second=1000;web.archive.org/web:per_second=1000";
const LEDGER: &str = "--enable-idempotency";

/// What one run came to.
struct Run {
    wall: Duration,
    cpu: Duration,
    commits: u32,
}

fn main() {
    common::web::serve_if_child();
    let web = common::web::Web::start(WORKS);
    let list: String = paperfall_miniweb::demo(WORKS)
        .works
        .iter()
        .filter(|work| !SLOW.contains(&work.verdict.reason))
        .map(|work| format!("{}\n", work.line))
        .collect();
    let works = list.lines().count();
    std::fs::write(web.folder.path().join("works.jsonl"), list).expect("written");
    for workers in ["1", "8"] {
        compare(&web, works, workers);
    }
}

/// Both sides in turn, the order swapped every round, after one to warm up.
fn compare(web: &common::web::Web, works: usize, workers: &str) {
    let mut rounds = Vec::new();
    for round in 0..=ROUNDS {
        let out = |side: &str| web.folder.path().join(format!("{side}-{workers}-{round}"));
        let with = || on_ledger(web, workers, &out("with"));
        let without = || plainly(web, workers, &out("without"));
        let pair = if round % 2 == 0 {
            let first = with();
            (first, without())
        } else {
            let second = without();
            (with(), second)
        };
        if round > 0 {
            rounds.push(pair);
        }
    }
    let per_work = |figure: &dyn Fn(&(Run, Run)) -> f64| {
        Spread::new(
            rounds
                .iter()
                .map(|pair| figure(pair) / works as f64)
                .collect(),
        )
    };
    let ms = |run: &Run| run.cpu.as_secs_f64() * 1000.0;
    println!("{works} works, {workers} workers");
    report(
        "  CPU time, without a ledger",
        "ms a work",
        &per_work(&|(_, without)| ms(without)),
        None,
    );
    report(
        "  CPU time that the ledger adds",
        "ms a work",
        &per_work(&|(with, without)| ms(with) - ms(without)),
        Some(Goal::AtMost(1.0)),
    );
    report(
        "  commits",
        "a work",
        &per_work(&|(with, _)| f64::from(with.commits)),
        Some(Goal::AtMost(4.1)),
    );
    let per_second = |side: &dyn Fn(&(Run, Run)) -> Duration| {
        let rate = |pair| works as f64 / side(pair).as_secs_f64();
        Spread::new(rounds.iter().map(rate).collect())
    };
    report(
        "  without a ledger",
        "works/s",
        &per_second(&|(_, without)| without.wall),
        None,
    );
    report(
        "  on a ledger",
        "works/s",
        &per_second(&|(with, _)| with.wall),
        None,
    );
    report(
        "  on a ledger, of the rate without",
        "times",
        &Spread::new(
            rounds
                .iter()
                .map(|(with, without)| without.wall.as_secs_f64() / with.wall.as_secs_f64())
                .collect(),
        ),
        None,
    );
}

fn plainly(web: &common::web::Web, workers: &str, out: &Path) -> Run {
    let run = measured(web, workers, out, None);
    assert!(!out.join("manifest.sqlite3").exists());
    run
}

fn on_ledger(web: &common::web::Web, workers: &str, out: &Path) -> Run {
    let ledger = out.join("manifest.sqlite3");
    // The file is made first, so that it can be held open: the counter lives as
    // long as somebody does that.
    make(&ledger);
    let held = Connection::open(&ledger).expect("it opens");
    held.query_row("SELECT count(*) FROM artifact_jobs", [], |row| {
        row.get::<_, i64>(0)
    })
    .expect("it reads");
    let before = commits(&ledger);
    let run = measured(web, workers, out, Some(LEDGER));
    let commits = commits(&ledger).wrapping_sub(before);
    drop(held);
    Run { commits, ..run }
}

fn make(ledger: &Path) {
    std::fs::create_dir_all(ledger.parent().expect("a folder")).expect("made");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let options = Options {
            existing: Existing::OrNew,
            ..Options::default()
        };
        let ledger = SqliteLedger::open(ledger, options).expect("a ledger");
        ledger.close().await;
    });
}

fn measured(web: &common::web::Web, workers: &str, out: &Path, flag: Option<&str>) -> Run {
    let folder = web.folder.path();
    let (began, cpu) = (Instant::now(), cpu_of_children());
    let status = Command::new(env!("CARGO_BIN_EXE_paperfall"))
        .args(["run", "works.jsonl", "--workers", workers, "--email"])
        .arg("demo@paperfall.example")
        .arg("--out")
        .arg(out)
        .args(flag)
        .env_clear()
        .env("PAPERFALL_CACHE_DIR", folder.join("cache"))
        .env("PAPERFALL_CA_FILE", web.ca_file())
        .env("PAPERFALL_RESOLVE", web.pins.join(";"))
        // What waits for the archive's limit measures the limit.
        .env("PAPERFALL_HOST_LIMIT", HOST_LIMITS)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("the binary starts");
    assert!(matches!(status.code(), Some(0 | 1)), "{status}");
    Run {
        wall: began.elapsed(),
        cpu: cpu_of_children().saturating_sub(cpu),
        commits: 0,
    }
}

/// CPU time of every child that was waited for; the web is not among them.
fn cpu_of_children() -> Duration {
    // Fields 16 and 17 of proc_pid_stat(5), in hundredths of a second; the name
    // before them ends at the last parenthesis.
    let stat = std::fs::read_to_string("/proc/self/stat").expect("this needs Linux");
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |field: usize| fields[field - 3].parse::<u64>().expect("a number");
    Duration::from_millis(10 * (ticks(16) + ticks(17)))
}

/// Transactions that changed the database so far.
fn commits(ledger: &Path) -> u32 {
    const CHANGES: usize = 8;
    let mut shared: PathBuf = ledger.to_owned();
    shared.as_mut_os_string().push("-shm");
    let header = std::fs::read(shared).expect("somebody holds it open");
    let bytes = header[CHANGES..CHANGES + 4].try_into().expect("four bytes");
    u32::from_ne_bytes(bytes)
}
