//! The kill matrix: the binary is killed by SIGKILL at its calls to the system
//! (a commit, a part file, a link, a request), before, within and after each,
//! and run again. Every work ends exactly once.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::Seeds;
use paperfall_faults::{
    Action, Cast, Judge, Mishap, ON_LEDGER, all, ended, places, run, some, sweep,
};

/// Killed once, if it comes there; whether it did.
async fn killed(kill: Mishap) -> bool {
    let rig = Cast::rig().await;
    let first = run(&rig, &ON_LEDGER, kill.fault(&rig.out()).as_ref()).await;
    assert!([-1, 1].contains(&first.code), "{first}");
    ended(&rig).await;
    let judge = Judge::between_runs(&rig);
    let second = run(&rig, &ON_LEDGER, None).await;
    judge.assert_completed(&rig, &second);
    Judge::assert_asked_at_most(&rig, 1);
    first.code == -1
}

/// Killed, and killed again while it recovers; how often it was.
async fn killed_twice((one, other): (Mishap, Mishap)) -> usize {
    let rig = Cast::rig().await;
    let mut kills = 0;
    for kill in [one, other] {
        let ran = run(&rig, &ON_LEDGER, kill.fault(&rig.out()).as_ref()).await;
        assert!([-1, 1].contains(&ran.code), "{ran}");
        kills += usize::from(ran.code == -1);
        ended(&rig).await;
    }
    let judge = Judge::between_runs(&rig);
    let last = run(&rig, &ON_LEDGER, None).await;
    judge.assert_completed(&rig, &last);
    Judge::assert_asked_at_most(&rig, kills);
    kills
}

fn assert_most_hit(hits: &[bool]) {
    let hit = hits.iter().filter(|hit| **hit).count();
    eprintln!("{} kills, {hit} of them hit", hits.len());
    // Commits are grouped by chance, so the last of a place may not come.
    assert!(hit * 10 >= hits.len() * 9, "{hit} of {}", hits.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_call_a_run_is_completed_by_the_next() {
    let places = places().await;
    // The first call of each place before, within and after; of the others some.
    let mut kills: Vec<Mishap> = places
        .keys()
        .flat_map(|place| {
            Action::KILLS.map(|action| Mishap {
                place: place.clone(),
                number: 1,
                action,
            })
        })
        .collect();
    for kill in some(&places, &Action::KILLS, 2, &mut Seeds::new(5)) {
        if !kills.contains(&kill) {
            kills.push(kill);
        }
    }
    assert_most_hit(&sweep(kills, killed).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "five minutes: every call, before, within and after"]
async fn killed_at_every_single_call_a_run_is_completed_by_the_next() {
    let kills = all(&places().await, &Action::KILLS);
    assert_most_hit(&sweep(kills, killed).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_while_it_recovers_a_run_is_completed_by_the_one_after() {
    let mut seeds = Seeds::new(55);
    let kills = some(&places().await, &Action::KILLS, 1, &mut seeds);
    let mut pairs = Vec::new();
    for _ in 0..60 {
        let (one, other) = (seeds.below(kills.len()), seeds.below(kills.len()));
        pairs.push((kills[one].clone(), kills[other].clone()));
    }
    let kills: usize = sweep(pairs, killed_twice).await.iter().sum();
    // The second one may come to nothing: there is less to do.
    assert!(kills >= 75, "{kills}");
}
