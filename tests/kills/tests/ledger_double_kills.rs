//! A worker is killed, its successor too, and a third one still leaves everything
//! as it should be: some pairs of points at every run, all of them on demand.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::time::Instant;

use paperfall_kills::cases::{Dice, each, findings};
use paperfall_kills::house::{House, Special};
use paperfall_kills::judge::judge;
use paperfall_kills::points::{self, Point, Scene};

const WORKER: &str = env!("CARGO_BIN_EXE_ledger-worker");
const PAIRS_A_RUN: usize = 100;

/// Kills a worker and its successor: whether both really died, and what is wrong.
fn kill_both(one: Point, two: Point) -> Result<(bool, Vec<String>), String> {
    let house = House::new(WORKER, one.scene, Special::default())?;
    let first = house.run(&format!("{}:kill", one.name))?;
    let second = house.run(&format!("{}:kill", two.name))?;
    let third = house.run("")?;
    let before = usize::from(one.scene == Scene::Crashed);
    let mut wrong = judge(&house, before + one.repeats() + two.repeats());
    wrong.extend(third.wrong("the third worker", &[0]));
    if !first.was_killed() {
        wrong.push(format!("{} was never passed", one.name));
    }
    // Some points are only passed once in a ledger's life.
    wrong.extend(if second.was_killed() {
        Vec::new()
    } else {
        second.wrong("the second worker", &[0])
    });
    Ok((second.was_killed(), wrong))
}

fn survive(pairs: &[(Point, Point)]) {
    let began = Instant::now();
    let judged = each(pairs, |(one, two)| kill_both(*one, *two));
    let (mut landed, mut bad) = (0, Vec::new());
    for ((one, two), judged) in pairs.iter().zip(judged) {
        let judged = judged.map(|(both, wrong)| {
            landed += usize::from(both);
            wrong
        });
        bad.extend(findings(&format!("{}, {}", one.name, two.name), judged));
    }
    println!(
        "double kills: {} pairs in {:?}, the second kill landed in {landed}, {} bad",
        pairs.len(),
        began.elapsed(),
        bad.len()
    );
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    assert!(
        landed * 3 > pairs.len(),
        "few second kills landed: {landed}"
    );
}

#[test]
fn a_worker_and_its_successor_both_killed_are_succeeded_without_loss() {
    let points = points::all();
    let mut dice = Dice::thrown();
    let pairs: Vec<(Point, Point)> = (0..PAIRS_A_RUN)
        .map(|_| {
            let (one, two) = (dice.below(points.len()), dice.below(points.len()));
            (points[one], points[two])
        })
        .collect();
    survive(&pairs);
}

#[test]
#[ignore = "the full square, some minutes: cargo test --release -p paperfall-kills --test ledger_double_kills -- --ignored"]
fn every_pair_of_kills_is_survived() {
    let points = points::all();
    let pairs: Vec<(Point, Point)> = points
        .iter()
        .flat_map(|one| points.iter().map(|two| (*one, *two)))
        .collect();
    survive(&pairs);
}
