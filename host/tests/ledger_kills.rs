//! Workers killed and stopped for real, at every point of every effect and of the
//! ledger's own operations; what their successors leave is judged from outside.

#![cfg(feature = "failpoints")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "ledger_kit/worker.rs"]
mod worker;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use paperfall::ledger::Sha256Hex;
use worker::Place;

/// Every point, and how often it is passed before the process is killed there.
const POINTS: &[&str] = &[
    "create.in_tx",
    "open.before_epoch",
    "open.after_epoch",
    "plan.in_tx",
    "plan.after",
    "reconcile.after_leases",
    "reconcile.after_files",
    "lease.in_tx",
    "lease.after",
    "renew.in_tx",
    "renew.after",
    "release.in_tx",
    "release.after",
    "commit.before",
    "commit.after",
    "checkpoint.before",
    "checkpoint.after",
    "advance.in_tx",
    "advance.after",
    "fail.in_tx",
    "backoff.in_tx",
    "fail.after",
    "skip.in_tx",
    "skip.after",
    "RESOLUTION.in_intent_tx",
    "RESOLUTION.mid_effect",
    "RESOLUTION.after_effect",
    "RESOLUTION.in_result_tx",
    "RESOLUTION.after_result",
    "HEAD.mid_effect",
    "HEAD.after_effect",
    "HEAD.in_result_tx",
    "HEAD.after_result",
    "STREAM.in_intent_tx",
    "STREAM.after_intent",
    "STREAM.mid_effect",
    "STREAM.after_effect",
    "STREAM.in_result_tx",
    "STREAM.after_result",
    "FINALIZE.in_intent_tx",
    "FINALIZE.after_intent",
    "FINALIZE.mid_effect",
    "FINALIZE.after_effect",
    "FINALIZE.in_result_tx",
    "FINALIZE.after_result",
    "INDEX.before",
    "INDEX.half_done",
    "INDEX.in_result_tx",
    "INDEX.after_result",
    "DEDUPE.in_intent_tx",
    "DEDUPE.after_intent",
    "DEDUPE.mid_effect",
    "DEDUPE.after_effect",
    "DEDUPE.in_result_tx",
    "DEDUPE.after_result",
];

/// Not a test: the worker process that the tests start.
#[test]
#[ignore = "started by the other tests as a process of its own"]
fn worker_process() {
    let Ok(root) = std::env::var("WORKER_ROOT") else {
        return;
    };
    let ahead = std::env::var("WORKER_AHEAD")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let worked = runtime.block_on(worker::work(Path::new(&root), Duration::from_secs(ahead)));
    std::process::exit(match worked {
        Ok(()) => 0,
        Err(error) if error.is_lost_lease() => 7,
        Err(error) => {
            eprintln!("{error}");
            3
        }
    });
}

/// With one job alone, nothing else stores its bytes first and hides a spoilt file.
fn jobs_for(mutant: &str) -> usize {
    if mutant == "part_per_fence" {
        1
    } else {
        worker::JOBS
    }
}

fn start(root: &Path, failpoint: &str, ahead: u64, mutant: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["worker_process", "--exact", "--ignored", "--nocapture"])
        .env("WORKER_ROOT", root)
        .env("WORKER_AHEAD", ahead.to_string())
        .env("PAPERFALL_FAILPOINT", failpoint)
        .env("PAPERFALL_MUTANT", mutant)
        .env("WORKER_JOBS", jobs_for(mutant).to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn run(root: &Path, failpoint: &str, mutant: &str) -> (ExitStatus, String) {
    let done = start(root, failpoint, 0, mutant)
        .wait_with_output()
        .unwrap();
    (
        done.status,
        String::from_utf8_lossy(&done.stderr).into_owned(),
    )
}

fn was_killed(status: ExitStatus) -> bool {
    std::os::unix::process::ExitStatusExt::signal(&status) == Some(9)
}

fn house() -> (tempfile::TempDir, Vec<u8>) {
    let dir = tempfile::tempdir().unwrap();
    let body: Vec<u8> = (0..9500_u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .take(9500)
        .collect();
    let place = Place::new(dir.path());
    fs::write(place.0.join("server/u"), &body).unwrap();
    (dir, body)
}

/// Everything that is wrong with what the workers left; effects may have run
/// `extra` times more than once a job.
fn judge(root: &Path, body: &[u8], extra: usize, mutant: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let place = Place::new(root);
    let db = rusqlite::Connection::open(place.ledger()).unwrap();
    let text = |sql: &str| {
        db.query_row(sql, [], |row| row.get::<_, String>(0))
            .unwrap_or_else(|error| error.to_string())
    };
    let mut want = |what: &str, found: String, expected: &str| {
        if found != expected {
            wrong.push(format!("{what}: {found}, not {expected}"));
        }
    };
    let sha256 = Sha256Hex::of(body).to_string();
    want("integrity", text("PRAGMA integrity_check"), "ok");
    want(
        "jobs",
        text("SELECT count(*) || ' ' || count(DISTINCT job_id) FROM artifact_jobs"),
        &format!("{0} {0}", jobs_for(mutant)),
    );
    want(
        "indexed",
        text("SELECT count(*) || '' FROM artifact_jobs WHERE state = 'INDEXED'"),
        "1",
    );
    want(
        "unfinished",
        text(
            "SELECT coalesce(group_concat(work_id || ' ' || state), '') FROM artifact_jobs WHERE state NOT IN ('INDEXED', 'DEDUPED', 'SKIPPED_DUPLICATE')",
        ),
        "",
    );
    want(
        "leases",
        text("SELECT count(*) || '' FROM artifact_jobs WHERE lease_owner IS NOT NULL"),
        "0",
    );
    want(
        "effects that never ended",
        text("SELECT count(*) || '' FROM artifact_ops WHERE result_code IS NULL"),
        "0",
    );
    want(
        "results missing",
        text(
            "SELECT count(*) || '' FROM artifact_ops WHERE result_json IS NULL AND result_code = 'OK'",
        ),
        "0",
    );
    want(
        "index",
        text("SELECT group_concat(lower(hex(sha256))) FROM ledger_objects"),
        &sha256,
    );
    let list = |folder: &str| {
        let mut names: Vec<String> = fs::read_dir(root.join(folder))
            .unwrap()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names.join(" ")
    };
    want("objects", list("objects"), &sha256);
    want(
        "the object's bytes",
        Sha256Hex::of(&fs::read(place.object(&sha256)).unwrap_or_default()).to_string(),
        &sha256,
    );
    want("parts", list("parts"), "");
    let deduped = text(
        "SELECT coalesce(group_concat(work_id, ' '), '') FROM (SELECT work_id FROM artifact_jobs WHERE state = 'DEDUPED' ORDER BY work_id)",
    );
    let aliases: Vec<String> = list("papers")
        .split(' ')
        .filter(|n| !n.ends_with(".tmp") && !n.is_empty())
        .map(str::to_owned)
        .collect();
    want("aliases", aliases.join(" "), &deduped);
    for alias in aliases {
        want(
            "an alias's bytes",
            Sha256Hex::of(&fs::read(root.join("papers").join(alias)).unwrap()).to_string(),
            &sha256,
        );
    }
    if let Ok(index) = fs::read_to_string(root.join("index.txt")) {
        let mut lines: Vec<&str> = index.lines().collect();
        lines.sort_unstable();
        let all = lines.len();
        lines.dedup();
        want(
            "the index outside",
            all.to_string(),
            &lines.len().to_string(),
        );
    }
    let mut ran: BTreeMap<String, usize> = BTreeMap::new();
    for line in fs::read_to_string(root.join("effects.log"))
        .unwrap_or_default()
        .lines()
    {
        *ran.entry(line.to_owned()).or_default() += 1;
    }
    for (effect, times) in ran {
        // W2's first round has a RESOLUTION of its own.
        let most = extra + if effect == "RESOLUTION" { 5 } else { 4 };
        if times > most {
            wrong.push(format!("{effect} ran {times} times"));
        }
    }
    wrong
}

/// Kills a worker at this point, lets another finish, and says what is wrong.
fn kill_at(point: &str, nth: usize, mutant: &str) -> (bool, Vec<String>) {
    let (dir, body) = house();
    let (first, _) = run(dir.path(), &format!("{point}:kill:{nth}"), mutant);
    let (second, said) = run(dir.path(), "", mutant);
    let mut wrong = judge(dir.path(), &body, 1, mutant);
    if !second.success() {
        wrong.push(format!("the successor ended with {second}: {said}"));
    }
    (was_killed(first), wrong)
}

#[test]
fn a_worker_killed_at_any_point_is_succeeded_without_loss_or_repetition() {
    assert!(POINTS.len() >= 48);
    let (mut killed, mut bad) = (0, Vec::new());
    for point in POINTS {
        for nth in [1, 2] {
            let (mut really, mut wrong) = kill_at(point, nth, "");
            // The log is folded back beside the work, and sometimes after it.
            for _ in 0..4 {
                if really || nth == 2 || !wrong.is_empty() {
                    break;
                }
                (really, wrong) = kill_at(point, nth, "");
            }
            // A few points are passed only once.
            assert!(really || nth == 2, "{point} was never passed");
            killed += usize::from(really);
            if !wrong.is_empty() {
                bad.push(format!("{point} ({nth}): {}", wrong.join("; ")));
            }
        }
    }
    println!(
        "kill matrix: {} points, {killed} kills, {} bad",
        POINTS.len(),
        bad.len()
    );
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

/// The points at which no transaction is open: a process stopped inside one
/// keeps the database's own lock, and everybody waits for it.
fn outside_transactions() -> Vec<&'static str> {
    let inside = |point: &str| {
        point.ends_with("_tx")
            || point.starts_with("commit.")
            || point.starts_with("checkpoint.")
            || point.starts_with("open.")
            || point == "INDEX.half_done"
    };
    POINTS
        .iter()
        .copied()
        .filter(|point| !inside(point))
        .collect()
}

fn zombie_at(point: &str, mutant: &str) -> (bool, Vec<String>) {
    let (dir, body) = house();
    let mut zombie = start(dir.path(), &format!("{point}:stop"), 0, mutant);
    if !wait_until_stopped(&mut zombie) {
        return (false, Vec::new());
    }
    // Past the end of the zombie's lease another worker finishes everything.
    let second = start(dir.path(), "", 1000, mutant)
        .wait_with_output()
        .unwrap();
    let mut wrong = judge(dir.path(), &body, 1, mutant);
    let before = snapshot(dir.path());
    // The origin changes, so that a write of the zombie would be seen.
    fs::write(dir.path().join("server/u"), vec![7; 9500]).unwrap();
    Command::new("kill")
        .arg("-CONT")
        .arg(zombie.id().to_string())
        .status()
        .unwrap();
    let zombie = zombie.wait_with_output().unwrap();
    // The next start sweeps the part file it may have made for itself.
    run(dir.path(), "", mutant);
    let after = snapshot(dir.path());
    for (what, (before, after)) in ["rows", "objects", "papers", "parts"]
        .iter()
        .zip(before.iter().zip(&after))
    {
        if before != after {
            wrong.push(format!(
                "the zombie changed {what}: {before} became {after}"
            ));
        }
    }
    if !second.status.success() {
        wrong.push(format!(
            "the successor ended with {}: {}",
            second.status,
            String::from_utf8_lossy(&second.stderr)
        ));
    }
    if !matches!(zombie.status.code(), Some(0 | 7)) {
        wrong.push(format!(
            "the zombie ended with {}: {}",
            zombie.status,
            String::from_utf8_lossy(&zombie.stderr)
        ));
    }
    (zombie.status.code() == Some(7), wrong)
}

fn wait_until_stopped(child: &mut Child) -> bool {
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        let status = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
        if status
            .rsplit(") ")
            .next()
            .is_some_and(|rest| rest.starts_with('T'))
        {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("the worker neither stopped nor ended");
}

fn snapshot(root: &Path) -> [String; 4] {
    let db = rusqlite::Connection::open(Place::new(root).ledger()).unwrap();
    let rows = "SELECT group_concat(work_id || state || fence || attempts || coalesce(sha256, ''), ',') FROM artifact_jobs";
    let ops = "SELECT group_concat(op_key || coalesce(result_code, '') || coalesce(result_json, '') || fence, ',') FROM artifact_ops";
    let text = |sql: &str| {
        db.query_row(sql, [], |row| row.get::<_, String>(0))
            .unwrap()
    };
    let files = |folder: &str| {
        let mut all: Vec<String> = fs::read_dir(root.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_none_or(|e| e != "tmp"))
            .map(|path| {
                format!(
                    "{} {}",
                    path.display(),
                    Sha256Hex::of(&fs::read(&path).unwrap())
                )
            })
            .collect();
        all.sort();
        all.join(",")
    };
    [
        text(rows) + &text(ops),
        files("objects"),
        files("papers"),
        files("parts"),
    ]
}

#[test]
fn a_worker_stopped_past_its_lease_changes_nothing_when_it_goes_on() {
    let (mut fenced, mut bad) = (0, Vec::new());
    let points = outside_transactions();
    for point in &points {
        let (was_fenced, wrong) = zombie_at(point, "");
        fenced += usize::from(was_fenced);
        if !wrong.is_empty() {
            bad.push(format!("{point}: {}", wrong.join("; ")));
        }
    }
    println!(
        "zombies: {} points, {fenced} fenced out, {} bad",
        points.len(),
        bad.len()
    );
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    assert!(fenced >= points.len() / 2);
}

fn double_kills(pairs: impl Iterator<Item = (&'static str, &'static str)>) {
    let (mut tried, mut landed, mut bad) = (0, 0, Vec::new());
    for (one, two) in pairs {
        let (dir, body) = house();
        run(dir.path(), &format!("{one}:kill"), "");
        let (second, _) = run(dir.path(), &format!("{two}:kill"), "");
        let (third, said) = run(dir.path(), "", "");
        tried += 1;
        landed += usize::from(was_killed(second));
        let mut wrong = judge(dir.path(), &body, 2, "");
        if !third.success() {
            wrong.push(format!("the third worker ended with {third}: {said}"));
        }
        if !wrong.is_empty() {
            bad.push(format!("{one}, {two}: {}", wrong.join("; ")));
        }
    }
    println!(
        "double kills: {tried} pairs, {landed} second kills landed, {} bad",
        bad.len()
    );
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn a_worker_and_its_successor_both_killed_are_succeeded_without_loss() {
    // A different diagonal of the square every day.
    let days = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs()
        / 86_400;
    let shift = usize::try_from(days).unwrap() % POINTS.len();
    println!("diagonal {shift}");
    double_kills((0..POINTS.len()).map(|n| (POINTS[n], POINTS[(n + shift) % POINTS.len()])));
}

#[test]
#[ignore = "the full square: a quarter of an hour"]
fn every_pair_of_kills_is_survived() {
    double_kills(
        POINTS
            .iter()
            .flat_map(|one| POINTS.iter().map(|two| (*one, *two))),
    );
}

#[test]
fn without_one_of_its_rules_the_ledger_fails_these_matrices() {
    let kills_fail = |mutant: &str, points: &[&str]| {
        points
            .iter()
            .any(|point| !kill_at(point, 1, mutant).1.is_empty())
    };
    assert!(
        kills_fail(
            "in_flight",
            &["STREAM.after_intent", "FINALIZE.after_intent"]
        ),
        "replaying unfinished effects was not noticed"
    );
    assert!(
        kills_fail("index_in_tx", &["INDEX.half_done", "INDEX.in_result_tx"]),
        "an index outside the transaction was not noticed"
    );
    let zombies_fail = |mutant: &str| {
        [
            "STREAM.mid_effect",
            "STREAM.after_effect",
            "HEAD.after_effect",
            "FINALIZE.mid_effect",
        ]
        .iter()
        .any(|point| !zombie_at(point, mutant).1.is_empty())
    };
    assert!(
        zombies_fail("fence"),
        "writing without a fence was not noticed"
    );
    assert!(
        zombies_fail("part_per_fence"),
        "a shared part file was not noticed"
    );
}

const LEGACY: &[&str] = &[
    "migrate.begun",
    "migrate.jobs_moved",
    "migrate.before_commit",
];

#[test]
fn a_migration_killed_at_any_point_is_done_again_whole_or_was_done_whole() {
    for point in LEGACY {
        let (dir, _) = house();
        let ledger = Place::new(dir.path()).ledger();
        let db = rusqlite::Connection::open(&ledger).unwrap();
        db.execute_batch(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE _meta(key TEXT PRIMARY KEY, value TEXT NOT NULL); INSERT INTO _meta VALUES('schema_version', '3');
             CREATE TABLE artifact_jobs(job_id TEXT PRIMARY KEY, work_id TEXT NOT NULL, artifact_id TEXT NOT NULL,
               canonical_url TEXT NOT NULL, state TEXT NOT NULL, lease_owner TEXT, lease_until REAL,
               created_at REAL NOT NULL, updated_at REAL NOT NULL, idempotency_key TEXT NOT NULL UNIQUE);
             CREATE TABLE artifact_ops(op_key TEXT PRIMARY KEY, job_id TEXT NOT NULL REFERENCES artifact_jobs(job_id) ON DELETE CASCADE,
               op_type TEXT NOT NULL, started_at REAL NOT NULL, finished_at REAL, result_code TEXT, result_json TEXT);",
        )
        .unwrap();
        for n in 0..50 {
            db.execute_batch(&format!(
                "INSERT INTO artifact_jobs VALUES('j{n}', 'w{n}', 'a{n}', 'u{n}', 'FINALIZED', NULL, NULL, 1.5, 2.5, 'k{n}');
                 INSERT INTO artifact_ops VALUES('o{n}', 'j{n}', 'HEAD', 1.5, 2.0, 'OK', '{{}}');"
            ))
            .unwrap();
        }
        drop(db);
        let (first, _) = run(dir.path(), &format!("{point}:kill"), "");
        assert!(was_killed(first), "{point} was never passed");
        let (second, said) = run(dir.path(), "", "");
        assert!(second.success(), "{point}: {said}");
        let db = rusqlite::Connection::open(&ledger).unwrap();
        let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(
            count(
                "SELECT count(*) FROM artifact_jobs WHERE state = 'FINALIZED' AND job_id LIKE 'j%' AND idempotency_key LIKE 'k%'"
            ),
            50
        );
        assert_eq!(
            count("SELECT count(*) FROM artifact_ops WHERE op_key LIKE 'o%' AND job_id LIKE 'j%'"),
            50
        );
    }
}
