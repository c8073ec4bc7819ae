//! Workers killed for real, at every point of every effect and of the ledger's own
//! operations; what their successors leave is judged from outside.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use paperfall_kills::cases::{each, findings};
use paperfall_kills::house::{House, Special};
use paperfall_kills::judge::judge;
use paperfall_kills::points::{self, Point, Scene};

const WORKER: &str = env!("CARGO_BIN_EXE_ledger-worker");

/// Kills a worker at this point, the `nth` time it passes, and lets another finish:
/// whether the first really died there, and what is wrong.
fn kill_at(point: Point, nth: u32, special: Special) -> Result<(bool, Vec<String>), String> {
    let house = House::new(WORKER, point.scene, special)?;
    let first = house.run(&format!("{}:kill:{nth}", point.name))?;
    let second = house.run("")?;
    // The predecessor of that scene had downloaded, and lost it, as well.
    let before = usize::from(point.scene == Scene::Crashed);
    let mut wrong = judge(&house, point.repeats() + before);
    wrong.extend(second.wrong("the successor", &[0]));
    Ok((first.was_killed(), wrong))
}

/// How often a worker that nobody kills passes each place.
fn passes(scene: Scene) -> BTreeMap<String, u32> {
    let house = House::new(WORKER, scene, Special::default()).unwrap();
    let ended = house.run("").unwrap();
    let mut wrong = judge(&house, usize::from(scene == Scene::Crashed));
    wrong.extend(ended.wrong("the worker", &[0]));
    assert!(wrong.is_empty(), "{scene:?}: {}", wrong.join("; "));
    house.passed()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_place_in_the_sources_is_passed_and_is_in_the_matrix() {
    let listed: BTreeSet<String> = points::all().iter().map(|p| p.name.to_owned()).collect();
    assert_eq!(listed.len(), points::all().len(), "a place is listed twice");
    assert!(listed.len() >= 48, "{} places", listed.len());
    let mut passed = BTreeSet::new();
    for scene in [Scene::Fresh, Scene::Crashed, Scene::Legacy] {
        let here = passes(scene);
        for point in points::all().iter().filter(|p| p.scene == scene) {
            assert!(
                here.contains_key(point.name),
                "{} is not passed in {scene:?}",
                point.name
            );
        }
        passed.extend(here.into_keys());
    }
    assert_eq!(passed, listed, "passed, and listed");
    // And those that no worker passes, if somebody adds one.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut written = 0;
    for folder in ["../../host/src/ledger", "src"] {
        for source in sources(&here.join(folder)) {
            let text = fs::read_to_string(&source).unwrap();
            for call in ["failpoint!(\"", "pass(\""] {
                for name in text.split(call).skip(1) {
                    let name = name.split('"').next().unwrap();
                    assert!(listed.contains(name), "{name} in {}", source.display());
                    written += 1;
                }
            }
        }
    }
    assert!(written >= 40, "only {written} places were found");
}

#[test]
fn a_worker_killed_at_any_point_is_succeeded_without_loss_or_repetition() {
    // The first time, the last time, and once in between.
    let mut cases = Vec::new();
    for scene in [Scene::Fresh, Scene::Crashed, Scene::Legacy] {
        let passes = passes(scene);
        for point in points::all().into_iter().filter(|p| p.scene == scene) {
            let last = passes[point.name];
            let times: BTreeSet<u32> = [1, last.div_ceil(2), last].into();
            cases.extend(times.into_iter().map(|nth| (point, nth)));
        }
    }
    let judged = each(&cases, |(point, nth)| {
        kill_at(*point, *nth, Special::default())
    });
    let (mut landed, mut bad) = (0, Vec::new());
    for ((point, nth), judged) in cases.iter().zip(judged) {
        let judged = judged.map(|(killed, mut wrong)| {
            landed += usize::from(killed);
            // How often a worker looks for a job again is a matter of time.
            if !killed && *nth == 1 {
                wrong.push("never passed".to_owned());
            }
            wrong
        });
        bad.extend(findings(&format!("{} ({nth})", point.name), judged));
    }
    println!(
        "kill matrix: {} points, {landed} of {} kills landed, {} bad",
        points::all().len(),
        cases.len(),
        bad.len()
    );
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

/// What the matrix finds without this rule.
fn without(rule: &'static str, names: &[&str]) -> String {
    let special = Special {
        without: rule,
        ..Special::default()
    };
    let points: Vec<Point> = points::all()
        .into_iter()
        .filter(|point| names.contains(&point.name))
        .collect();
    assert_eq!(points.len(), names.len());
    let found = each(&points, |point| {
        let (killed, wrong) = kill_at(*point, 1, special)?;
        Ok(if killed { wrong } else { Vec::new() })
    });
    let found: Vec<String> = found
        .into_iter()
        .zip(points)
        .filter_map(|(judged, point)| findings(point.name, judged))
        .collect();
    println!("without {rule}: {}", found.join("\n"));
    found.join("\n")
}

#[test]
fn without_the_rule_for_effects_in_flight_the_matrix_fails() {
    let found = without(
        "in_flight",
        &["STREAM.after_intent", "FINALIZE.after_intent"],
    );
    assert!(
        found.contains("unfinished:") || found.contains("the successor ended"),
        "replaying unfinished effects was not noticed: {found}"
    );
}

#[test]
fn without_the_index_in_the_ledgers_transaction_the_matrix_fails() {
    let found = without("index_in_tx", &["INDEX.half_done", "INDEX.in_result_tx"]);
    assert!(
        found.contains("the index outside:"),
        "an index outside the transaction was not noticed: {found}"
    );
}

#[test]
fn a_worker_that_is_stuck_is_told_of_with_where_it_stands_and_what_it_did() {
    let house = House::new(WORKER, Scene::Fresh, Special::default()).unwrap();
    let mut stuck = house.start("HEAD.after_effect:stop", Duration::ZERO);
    assert!(stuck.stopped().unwrap());
    let story = stuck.ended_within(Duration::from_millis(50)).unwrap_err();
    for word in [
        "did not end in 50ms",
        "PAPERFALL_FAILPOINT=HEAD.after_effect:stop",
        "thread ledger-writer (stopped)",
        "passed HEAD.mid_effect",
        "W0 LEASED held by",
    ] {
        assert!(story.contains(word), "no {word:?} in: {story}");
    }
}
