//! Workers stopped (SIGSTOP) and continued later: one that lost its lease meanwhile
//! changes nothing; one that stands still in its turn to write holds everybody up,
//! says nothing wrong, and is waited for.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::fs;
use std::time::Duration;

use paperfall_kills::cases::{each, findings};
use paperfall_kills::house::{House, Special};
use paperfall_kills::judge::{hash, judge};
use paperfall_kills::points::{self, Point, Scene};
use paperfall_kills::worker::FENCED;

const WORKER: &str = env!("CARGO_BIN_EXE_ledger-worker");
const LONG_AFTER: Duration = Duration::from_secs(1000);

/// Stops a worker at this point, lets another finish everything past the end of the
/// first one's leases, and continues the first: whether it was fenced out, and what
/// is wrong.
fn zombie_at(point: Point, special: Special) -> Result<(bool, Vec<String>), String> {
    let house = House::new(WORKER, point.scene, special)?;
    let mut zombie = house.start(&format!("{}:stop", point.name), Duration::ZERO);
    if !zombie.stopped()? {
        return Err("never passed".to_owned());
    }
    let second = house.start("", LONG_AFTER).ended()?;
    let before_it = usize::from(point.scene == Scene::Crashed);
    let mut wrong = judge(&house, point.repeats() + before_it);
    wrong.extend(second.wrong("the successor", &[0]));
    let before = snapshot(&house);
    // The origin changes, so that a write of the zombie would be seen.
    house.origin.change(vec![7; 9500]);
    zombie.go_on();
    let zombie = zombie.ended()?;
    wrong.extend(zombie.wrong("the zombie", &[0, FENCED]));
    // The next start sweeps the part file that it may have made for itself.
    wrong.extend(house.run("")?.wrong("the next", &[0]));
    let after = snapshot(&house);
    for ((what, before), (_, after)) in before.iter().zip(&after) {
        if before != after {
            wrong.push(format!(
                "the zombie changed {what}: {before} became {after}"
            ));
        }
    }
    Ok((zombie.code == Some(i32::from(FENCED)), wrong))
}

fn snapshot(house: &House) -> [(&'static str, String); 5] {
    let db = rusqlite::Connection::open(house.place().ledger()).unwrap();
    let text = |sql: &str| {
        db.query_row(sql, [], |row| row.get::<_, String>(0))
            .unwrap()
    };
    let files = |folder: &str| {
        let mut all: Vec<String> = fs::read_dir(house.root().join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_none_or(|e| e != "tmp"))
            .map(|path| format!("{} {}", path.display(), hash(&path)))
            .collect();
        all.sort();
        all.join(",")
    };
    [
        (
            "jobs",
            text(
                "SELECT group_concat(work_id || state || fence || attempts || coalesce(lease_until, '') || coalesce(sha256, ''), ',') FROM artifact_jobs",
            ),
        ),
        (
            "effects",
            text(
                "SELECT group_concat(op_key || coalesce(result_code, '') || coalesce(result_json, '') || fence, ',') FROM artifact_ops",
            ),
        ),
        ("objects", files("objects")),
        ("papers", files("papers")),
        ("parts", files("parts")),
    ]
}

#[test]
fn a_worker_stopped_past_its_lease_changes_nothing_when_it_goes_on() {
    let points: Vec<Point> = points::all()
        .into_iter()
        .filter(|point| !point.is_in_a_turn())
        .collect();
    let (mut fenced, mut bad) = (0, Vec::new());
    for (point, judged) in points
        .iter()
        .zip(each(&points, |point| zombie_at(*point, Special::default())))
    {
        let judged = judged.map(|(was_fenced, wrong)| {
            fenced += usize::from(was_fenced);
            wrong
        });
        bad.extend(findings(point.name, judged));
    }
    println!(
        "zombies: {} points, {fenced} fenced out, {} bad",
        points.len(),
        bad.len()
    );
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    assert!(fenced >= points.len() / 2);
}

#[test]
fn writers_wait_for_one_that_is_stopped_in_its_turn_and_say_so_and_go_on_with_it() {
    let house = House::new(WORKER, Scene::Fresh, Special::default()).unwrap();
    let mut early = house.start("open.after_epoch:stop", Duration::ZERO);
    assert!(early.stopped().unwrap());
    let mut stopped = house.start("renew.in_tx:stop", Duration::ZERO);
    assert!(stopped.stopped().unwrap());
    early.go_on();
    let ledger = house.place().ledger();
    early.says("still waiting for the ledger").unwrap();
    assert!(early.said().contains(ledger.to_str().unwrap()));
    stopped.go_on();
    for process in [stopped, early] {
        let ended = process.ended().unwrap();
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    assert_eq!(judge(&house, 0), Vec::<String>::new());
}

/// Where a worker may stand when it has work in hand, and its successor too.
const AT_WORK: &[&str] = &["renew.after", "INDEX.before"];

/// The points at which a worker holds the only job, and has not finished it.
fn with_a_job_in_hand() -> Vec<Point> {
    let all = points::all();
    let from = all.iter().position(|p| p.name == "lease.after").unwrap();
    let to = all.iter().position(|p| p.name == "INDEX.before").unwrap();
    let elsewhere = ["release.", "checkpoint.", "fail.", "skip."];
    all[from..=to]
        .iter()
        .filter(|point| !point.is_in_a_turn())
        .filter(|point| !elsewhere.iter().any(|kind| point.name.starts_with(kind)))
        .copied()
        .collect()
}

/// Stops a worker at this point and its successor there, continues the first, and
/// then the successor: what is wrong.
fn zombie_beside(point: Point, there: &str, special: Special) -> Result<Vec<String>, String> {
    let house = House::new(WORKER, point.scene, special)?;
    let mut zombie = house.start(&format!("{}:stop", point.name), Duration::ZERO);
    let zombie_stands = zombie.stopped()?;
    let mut successor = house.start(&format!("{there}:stop"), LONG_AFTER);
    if !zombie_stands || !successor.stopped()? {
        return Err("never passed".to_owned());
    }
    let before = snapshot(&house);
    zombie.go_on();
    let mut wrong = zombie.ended()?.wrong("the zombie", &[FENCED]);
    let after = snapshot(&house);
    for ((what, before), (_, after)) in before.iter().zip(&after) {
        // A part file of its own is its own affair, and a file under its content's
        // name is what the successor would make: it finds and adopts it.
        if before != after && matches!(*what, "jobs" | "effects") {
            wrong.push(format!(
                "the zombie changed {what}: {before} became {after}"
            ));
        }
    }
    successor.go_on();
    wrong.extend(successor.ended()?.wrong("the successor", &[0]));
    // Both may have asked for everything.
    wrong.extend(judge(&house, 3));
    Ok(wrong)
}

fn beside(special: Special) -> (usize, Vec<String>) {
    let cases: Vec<(Point, &str)> = with_a_job_in_hand()
        .into_iter()
        .flat_map(|point| AT_WORK.iter().map(move |there| (point, *there)))
        .collect();
    let judged = each(&cases, |(point, there)| {
        zombie_beside(*point, there, special)
    });
    let bad = cases
        .iter()
        .zip(judged)
        .filter_map(|((point, there), judged)| {
            findings(&format!("{} beside one at {there}", point.name), judged)
        })
        .collect();
    (cases.len(), bad)
}

#[test]
fn a_zombie_that_goes_on_beside_its_successor_changes_nothing() {
    let (cases, bad) = beside(Special {
        one_job: true,
        ..Special::default()
    });
    println!(
        "zombies beside successors: {cases} cases, {} bad",
        bad.len()
    );
    assert!(cases >= 30, "only {cases} cases");
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn without_the_fence_a_zombie_changes_its_successors_job() {
    let (_, bad) = beside(Special {
        without: "fence",
        one_job: true,
        ..Special::default()
    });
    let found = bad.join("\n");
    println!("without the fence: {found}");
    for changed in ["the zombie changed jobs", "the zombie changed effects"] {
        assert!(
            found.contains(changed),
            "writing without a fence was not noticed: {found}"
        );
    }
}

#[test]
fn without_a_part_file_for_every_fence_a_zombie_spoils_its_successors() {
    let special = Special {
        without: "part_per_fence",
        one_job: true,
        ..Special::default()
    };
    let points: Vec<Point> = points::all()
        .into_iter()
        .filter(|point| matches!(point.name, "STREAM.mid_effect" | "STREAM.after_effect"))
        .collect();
    let found: Vec<String> = points
        .iter()
        .zip(each(&points, |point| zombie_at(*point, special)))
        .filter_map(|(point, judged)| findings(point.name, judged.map(|(_, wrong)| wrong)))
        .collect();
    let found = found.join("\n");
    println!("without part files of their own: {found}");
    assert!(
        found.contains("the zombie changed objects"),
        "a shared part file was not noticed: {found}"
    );
}
