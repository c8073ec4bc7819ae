//! The wall clock is stepped by an hour, forwards and backwards, between runs and
//! while processes work: no live lease is stolen and none stalls.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use paperfall_e2e::{RUN, Rig, finish};
use paperfall_faults::{
    Action, Cast, Faults, Judge, LedgerCopy, Mishap, ON_LEDGER, asked, ended, run, started, sweep,
};
use paperfall_miniweb::{Answer, LoggedRequest, Pdf, Script, World};

const HOUR: i64 = 3600;
const PATIENCE: Duration = Duration::from_secs(30);

/// Turns the clock of the processes that go by this file.
fn step(clock: &Path, seconds: i64) {
    let fresh = clock.with_extension("new");
    std::fs::write(&fresh, seconds.to_string()).unwrap();
    std::fs::rename(fresh, clock).unwrap();
}

fn turned(rig: &Rig, seconds: i64) -> (PathBuf, Faults) {
    let clock = rig.folder().join("clock");
    step(&clock, seconds);
    let faults = Faults::under(&rig.out()).unwrap().clock(&clock);
    (clock, faults)
}

/// Killed in the middle of a download; the next run's clock is another.
async fn stepped_between_runs(seconds: i64) {
    let rig = Cast::rig().await;
    let (clock, faults) = turned(&rig, 0);
    let kill = Mishap {
        place: "marks.write".to_owned(),
        number: 2,
        action: Action::After,
    };
    let dying = faults.clone().at(&kill.place, kill.number, kill.action);
    let first = run(&rig, &ON_LEDGER, Some(&dying)).await;
    assert_eq!(first.code, -1, "{first}");
    ended(&rig).await;
    step(&clock, seconds);
    let judge = Judge::between_runs(&rig);
    // The lease would have lasted for two minutes more, or for an hour.
    let second = tokio::time::timeout(PATIENCE, run(&rig, &ON_LEDGER, Some(&faults)));
    let second = second.await.expect("a dead lease stalls nobody");
    judge.assert_completed(&rig, &second);
    Judge::assert_asked_at_most(&rig, 1);

    // What waits for another round does not wait for half an hour more.
    let seconds = seconds - HOUR / 2;
    step(&clock, seconds);
    let third = run(&rig, &ON_LEDGER, Some(&faults)).await;
    assert_eq!(third.code, 1, "{third}");
    let copy = LedgerCopy::of(&rig.out().join("manifest.sqlite3")).unwrap();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs_f64();
    let stepped = now + f64::from(i32::try_from(seconds).unwrap());
    let due = copy.jobs()["busy"].not_before.unwrap();
    // Half a minute, doubled at most twice.
    assert!(due - stepped < 130.0, "it waits for {} s", due - stepped);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_stepped_between_runs_stalls_no_dead_lease_and_no_waiting_work() {
    sweep(vec![HOUR, -HOUR], stepped_between_runs).await;
}

const TTL: [&str; 2] = ["--lease-ttl", "3"];

fn url(name: &str) -> String {
    format!("https://slow.example/{name}.pdf")
}

/// Three processes with a work each, begun under three clocks: every download
/// takes longer than two leases last.
async fn stepped_while_they_work(seconds: i64) {
    let slow = |seed| {
        let pdf = Answer::pdf(Pdf::new("Slow", seed, 60_000));
        pdf.drip(700, Duration::from_millis(100))
    };
    let names = ["a", "b", "c"];
    let world = names
        .into_iter()
        .zip(1..)
        .fold(World::new(), |world, (name, seed)| {
            world.page(&url(name), slow(seed))
        });
    let rig = Rig::new(world).await;
    let (clock, faults) = turned(&rig, 0);
    let mut list = String::new();
    let mut running = Vec::new();
    for (name, turn) in names.into_iter().zip([0, seconds, -seconds]) {
        step(&clock, turn);
        list.push_str(&format!("{}\n", url(name)));
        let file = rig.file(&format!("{name}.txt"), &list);
        let mut args = vec!["run", file.to_str().unwrap(), "--only", "given,arxiv"];
        args.extend(["--enable-idempotency", "--workers", "2"]);
        args.extend(TTL);
        running.push(started(&rig, &args, Some(&faults)));
        let streams = |requests: &[LoggedRequest]| {
            let ours = |request: &&LoggedRequest| {
                request.url() == url(name)
                    && request.method == "GET"
                    && request.header("range").is_none()
            };
            requests.iter().any(|request| ours(&request))
        };
        assert!(rig.web.wait_until(PATIENCE, streams).await, "{name}");
    }
    for child in running {
        let ran = finish(child).await;
        assert_eq!(ran.code, 0, "{ran}");
        assert!(!ran.stderr.contains("lost"), "{ran}");
    }
    for (url, asked) in asked(&rig.web.requests()) {
        assert_eq!(
            (asked.heads, asked.gets),
            (1, 1),
            "{url}: a live lease was stolen"
        );
    }
    assert_eq!(rig.results().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_stepped_while_processes_work_steals_no_live_lease() {
    sweep(vec![HOUR, -HOUR], stepped_while_they_work).await;
}

/// A work that failed while the clock was an hour ahead is tried again once it is
/// right: as `again` has it, and then as the list says.
async fn failed_ahead(again: &[&str]) {
    let pdf = Pdf::new("Open by now", 1, 60_000);
    let gone = Answer::text("gone").with_status(404);
    let script = Script::from(gone).then(Answer::pdf(pdf));
    let rig = Rig::new(World::new().page(&url("late"), script)).await;
    rig.list([url("late")]);
    let work = format!("url:{}", url("late"));
    let (clock, faults) = turned(&rig, HOUR);
    let first = run(&rig, &RUN, Some(&faults)).await;
    assert_eq!(first.code, 1, "{first}");
    step(&clock, 0);
    run(&rig, again, Some(&faults)).await;
    let obtained = run(&rig, &RUN, Some(&faults)).await;
    assert_eq!(obtained.code, 0, "{obtained}");
    assert_eq!(rig.jobs()[&work].state, "INDEXED");

    // The ledger's word: what it says with the line, and without it.
    for _ in 0..2 {
        let fetch = ["fetch", &url("late"), "--json", "--enable-idempotency"];
        let told = run(&rig, &fetch, Some(&faults)).await;
        let result: serde_json::Value = serde_json::from_str(&told.stdout).expect(&told.stdout);
        assert_eq!(result["outcome"], "success", "{told}");
        assert_eq!(rig.result(&work)["outcome"], "success");
        std::fs::remove_file(rig.out().join("results.jsonl")).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_under_a_clock_ahead_is_tried_again_and_told_by_its_last_round() {
    failed_ahead(&["jobs", "retry", "--failed"]).await;
    let and_missing: Vec<&str> = RUN.into_iter().chain(["--retry-missing", "0s"]).collect();
    failed_ahead(&and_missing).await;
}
