//! A process that falls asleep in the middle of an effect, and wakes when another
//! has taken its work over and finished it: it changes nothing any more.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::Duration;

use paperfall_e2e::{Seeds, finish};
use paperfall_faults::{
    Action, Cast, Judge, Mishap, ON_LEDGER, ended, places, run, some, started, sweep,
};

/// What it may be asleep in. Not in the ledger: there it holds the file's own
/// lock, and everybody waits for it, so long and no longer.
const EFFECTS: [&str; 9] = [
    "marks.write",
    "net.send",
    "newlink.symlink",
    "object.link",
    "objects.sync",
    "paper.rename",
    "part.create",
    "part.sync",
    "part.write",
];

/// Whether the process stands still.
fn is_asleep(id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| rest.starts_with('T'))
}

async fn asleep_at(place: Mishap) -> bool {
    let rig = Cast::rig().await;
    let mut args = ON_LEDGER.to_vec();
    args.extend(["--lease-ttl", "3"]);
    let mut sleeper = started(&rig, &args, place.fault(&rig.out()).as_ref());
    let id = sleeper.id().unwrap();
    let slept = loop {
        if is_asleep(id) {
            break true;
        }
        if sleeper.try_wait().unwrap().is_some() {
            break false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let other = run(&rig, &args, None).await;
    // Its other works may have been in the ledger when it fell asleep.
    let locked_out = other.stderr.contains("stayed locked by process");
    assert_eq!(other.code, if locked_out { 3 } else { 1 }, "{other}");
    if slept {
        let woken = std::process::Command::new("kill")
            .args(["-CONT", &id.to_string()])
            .status();
        assert!(woken.unwrap().success());
    }
    let sleeper = finish(sleeper).await;
    assert_eq!(sleeper.code, 1, "{sleeper}");
    sleeper.assert_orderly();
    ended(&rig).await;
    let judge = Judge::between_runs(&rig);
    if locked_out {
        // Nobody could take over, and what it slept through counts as time that
        // its sources took: it may have given works up until a later try.
        return false;
    }
    let last = run(&rig, &args, None).await;
    judge.assert_completed(&rig, &last);
    Judge::assert_asked_at_most(&rig, 1);
    slept
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_slept_through_its_lease_in_any_effect_changes_nothing_when_it_wakes() {
    let mut places = places().await;
    places.retain(|place, _| EFFECTS.contains(&place.as_str()));
    assert_eq!(places.len(), EFFECTS.len(), "{places:?}");
    let sleeps = some(&places, &[Action::Freeze], 2, &mut Seeds::new(3));
    let slept = sweep(sleeps, asleep_at).await;
    assert!(slept.iter().filter(|slept| **slept).count() >= EFFECTS.len());
}
