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

use std::collections::BTreeMap;

use paperfall_faults::{Action, Cast, Faults, Judge, ON_LEDGER, Seeds, counts, ended, run};
use tokio::task::JoinSet;

/// Cases at once. They wait for the disk more than they compute.
const AT_ONCE: usize = 4;

/// One place to die at, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kill {
    place: String,
    number: usize,
    action: Action,
}

/// How often a run that nothing disturbs is at each place.
async fn places() -> BTreeMap<String, usize> {
    let rig = Cast::rig().await;
    let log = rig.folder().join("calls");
    let faults = Faults::under(&rig.out()).unwrap().log(&log);
    let judge = Judge::between_runs(&rig);
    let ran = run(&rig, &ON_LEDGER, Some(&faults)).await;
    judge.assert_completed(&rig, &ran);
    Judge::assert_asked_at_most(&rig, 0);
    let mut places = counts(&log);
    // Opening a file changes nothing.
    places.retain(|place, _| !place.ends_with(".open"));
    places
}

/// Killed there, if it comes there; whether it did.
async fn killed(kill: &Kill) -> bool {
    let rig = Cast::rig().await;
    let faults = Faults::under(&rig.out()).unwrap();
    let faults = faults.at(&kill.place, kill.number, kill.action);
    let first = run(&rig, &ON_LEDGER, Some(&faults)).await;
    assert!([-1, 1].contains(&first.code), "{first}");
    ended(&rig).await;
    let judge = Judge::between_runs(&rig);
    let second = run(&rig, &ON_LEDGER, None).await;
    judge.assert_completed(&rig, &second);
    Judge::assert_asked_at_most(&rig, 1);
    first.code == -1
}

/// Runs all these cases and tells of the ones that failed.
async fn sweep(kills: Vec<Kill>) {
    let total = kills.len();
    let (mut hits, mut failed) = (0_usize, Vec::new());
    let mut waiting = kills.into_iter();
    let mut running = JoinSet::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(kill) = waiting.next()
        {
            running.spawn(async move {
                let case = tokio::spawn({
                    let kill = kill.clone();
                    async move { killed(&kill).await }
                });
                (kill, case.await)
            });
        }
        match running.join_next().await {
            None => break,
            Some(ended) => match ended.unwrap() {
                (_, Ok(hit)) => hits += usize::from(hit),
                (kill, Err(_)) => {
                    eprintln!("^ {kill:?}");
                    failed.push(kill);
                }
            },
        }
    }
    eprintln!("{total} kills, {hits} of them hit, {} failed", failed.len());
    assert!(failed.is_empty(), "{failed:#?}");
    // Commits are grouped by chance, so the last of a place may not come.
    assert!(hits * 10 >= total * 9, "{hits} of {total} were hit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_call_a_run_is_completed_by_the_next() {
    let mut seeds = Seeds::new(5);
    let mut kills = Vec::new();
    for (place, count) in places().await {
        // The first, and two by chance.
        for number in [1, 1 + seeds.below(count), 1 + seeds.below(count)] {
            let action = Action::KILLS[seeds.below(3)];
            let kill = Kill {
                place: place.clone(),
                number,
                action,
            };
            if !kills.contains(&kill) {
                kills.push(kill);
            }
        }
    }
    sweep(kills).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: every call, before, within and after"]
async fn killed_at_every_single_call_a_run_is_completed_by_the_next() {
    let mut kills = Vec::new();
    for (place, count) in places().await {
        for number in 1..=count {
            for action in Action::KILLS {
                let place = place.clone();
                kills.push(Kill {
                    place,
                    number,
                    action,
                });
            }
        }
    }
    sweep(kills).await;
}
