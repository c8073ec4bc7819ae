//! What is told of a run whose processes are killed at random: the events of each
//! process in order, those of each job in an order in which it can have
//! happened, and nothing that is not in the ledger.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

#[path = "../../../host/src/telemetry/tests/schema_check.rs"]
mod schema_check;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use paperfall::ledger::JobState;
use paperfall_e2e::{RUN, Rig, Seeds, ShortLives};
use paperfall_miniweb::{Answer, Pdf, Script, World};
use serde_json::Value;

const WORKS: usize = 400;
const PROCESSES: usize = 3;
/// After so many kills everybody is left alone.
const KILLS: usize = 18;
const PATIENCE: Duration = Duration::from_secs(100);

fn url(n: usize) -> String {
    format!("https://host{}.example/{n}.pdf", n % 20)
}

/// Papers; every ninth is missing, every seventh truncated the first time.
async fn rig() -> Rig {
    let world = (0..WORKS).fold(World::new(), |world, n| {
        let good = Answer::pdf(Pdf::new("Told", u64::try_from(n).unwrap(), 6_000));
        let good = good.delay(ShortLives::DELAY);
        let script = match n {
            n if n % 9 == 0 => Script::from(Answer::status(404)),
            n if n % 7 == 0 => Script::from(good.clone())
                .then(good.clone())
                .then(good.clone().cut_after(3_000))
                .then(good),
            _ => Script::from(good),
        };
        world.page(&url(n), script)
    });
    let rig = Rig::new(world).await;
    rig.list((0..WORKS).map(url));
    rig
}

/// The ledger's own words: results of effects by key, states and fences of jobs.
struct Kept {
    codes: BTreeMap<String, Option<String>>,
    states: BTreeMap<String, String>,
    fences: BTreeMap<String, i64>,
}

fn kept(rig: &Rig) -> Kept {
    let ledger = rig.ledger();
    let mut ops = ledger
        .prepare("SELECT op_key, result_code FROM artifact_ops")
        .unwrap();
    let codes = ops.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let mut jobs = ledger
        .prepare("SELECT job_id, state, fence FROM artifact_jobs")
        .unwrap();
    let mut kept = Kept {
        codes: codes.unwrap().map(Result::unwrap).collect(),
        states: BTreeMap::new(),
        fences: BTreeMap::new(),
    };
    let rows = jobs.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    for row in rows.unwrap() {
        let (job, state, fence): (String, String, i64) = row.unwrap();
        kept.states.insert(job.clone(), state);
        kept.fences.insert(job, fence);
    }
    kept
}

fn text<'e>(event: &'e Value, key: &str) -> &'e str {
    event[key].as_str().unwrap()
}

/// The events of the file, as each schema says; a kill may cut a line short.
fn told(rig: &Rig, kills: usize) -> Vec<Value> {
    let schemas: BTreeMap<&str, Value> = paperfall::telemetry::event_schemas()
        .iter()
        .map(|schema| (schema.event, serde_json::from_str(schema.schema).unwrap()))
        .collect();
    let text = std::fs::read_to_string(rig.folder().join("events.jsonl")).unwrap();
    let (mut events, mut cut) = (Vec::new(), 0);
    for line in text.lines() {
        match serde_json::from_str::<Value>(line) {
            Ok(event) => {
                let schema = &schemas[event["event"].as_str().unwrap()];
                assert_eq!(schema_check::faults(schema, &event), [""; 0], "{event}");
                events.push(event);
            }
            Err(_) => cut += 1,
        }
    }
    assert!(
        cut <= kills,
        "{cut} lines make no sense after {kills} kills"
    );
    events
}

/// Each process's events by their numbers: from one, none twice, none missing but
/// at the end, and times that do not run backwards.
fn by_run(events: Vec<Value>) -> BTreeMap<String, Vec<Value>> {
    let mut runs: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for event in events {
        let run = text(&event, "run_id").to_owned();
        runs.entry(run).or_default().push(event);
    }
    for (run, events) in &runs {
        let numbers = events.iter().map(|event| event["seq"].as_u64().unwrap());
        assert!(
            numbers.eq(1..=u64::try_from(events.len()).unwrap()),
            "{run} has gaps or another order"
        );
        let times = events.iter().map(|event| text(event, "ts"));
        assert!(times.is_sorted(), "{run}");
    }
    runs
}

/// What one process told of one job is a way a job can go, and all of it was told
/// while the process held the job.
fn assert_possible(job: &str, events: &[&Value]) {
    let (mut state, mut held) = (None, false);
    for event in events {
        let name = text(event, "event");
        match name {
            "job_leased" => {
                assert!(!held, "{job} was leased twice: {event}");
                // Another process may have moved it since.
                (state, held) = (None, true);
            }
            "lease_released" => {
                assert!(held, "{job}: {event}");
                held = false;
            }
            "job_state_changed" => {
                let named = |key| JobState::parse(text(event, key)).unwrap();
                let (from, to) = (named("from_state"), named("to_state"));
                assert!(state.is_none_or(|state| state == from), "{job}: {event}");
                assert!(from.may_become(to), "{job}: {event}");
                let again = (from, to) == (JobState::Failed, JobState::Planned);
                assert!(held || again, "{job}: {event}");
                held = held && !to.is_terminal() && !again;
                state = Some(to);
            }
            "operation_started" | "lease_renewed" | "idempotency_replay" => {
                assert!(held, "{job}: {event}");
            }
            // Those that the gone left are closed by whoever finds them.
            "operation_completed" if event["result_code"] != "ABANDONED" => {
                assert!(held, "{job}: {event}");
            }
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_killed_processes_told_is_in_order_and_in_the_ledger() {
    let rig = Arc::new(rig().await);
    let lives = Arc::new(ShortLives::new(KILLS));
    let processes: Vec<_> = (0..PROCESSES)
        .map(|n| {
            let (rig, lives) = (Arc::clone(&rig), Arc::clone(&lives));
            let seeds = Seeds::new(u64::try_from(n).unwrap());
            let flags = ["--telemetry", "events.jsonl", "--workers", "2"];
            tokio::spawn(async move { lives.live(&rig, &[&RUN, &flags[..]].concat(), seeds).await })
        })
        .collect();
    for process in processes {
        let ended = tokio::time::timeout(PATIENCE, process);
        let ran = ended.await.expect("in time").unwrap();
        assert_eq!(ran.code, 1, "some works have no paper: {ran}");
    }
    let kills = lives.kills();
    assert!(kills >= KILLS / 2, "only {kills} kills");

    let kept = kept(&rig);
    assert_eq!(kept.states.len(), WORKS);
    let runs = by_run(told(&rig, kills));
    let mut fences: BTreeMap<&str, BTreeMap<&str, i64>> = BTreeMap::new();
    let (mut ends, mut recoveries) = (BTreeSet::new(), 0);
    for events in runs.values() {
        let mut jobs: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for event in events {
            if let Some(job) = event["job_id"].as_str() {
                assert!(kept.states.contains_key(job), "no such job: {event}");
                jobs.entry(job).or_default().push(event);
            }
            match text(event, "event") {
                "job_leased" => {
                    let job = text(event, "job_id");
                    let fence = event["fence"].as_i64().unwrap();
                    assert!(fence <= kept.fences[job], "{event}");
                    let before = fences.entry(job).or_default();
                    before.insert(text(event, "ts"), fence);
                }
                "operation_completed" => {
                    let code = kept.codes.get(text(event, "op_key"));
                    let code = code.unwrap_or_else(|| panic!("no such effect: {event}"));
                    // A result that is OK stands for ever.
                    if event["result_code"] == "OK" {
                        assert_eq!(code.as_deref(), Some("OK"), "{event}");
                    }
                }
                "job_state_changed" => {
                    let to = text(event, "to_state");
                    if ["INDEXED", "DEDUPED", "SKIPPED_DUPLICATE"].contains(&to) {
                        let job = text(event, "job_id");
                        assert_eq!(kept.states[job], to, "{event}");
                        assert!(ends.insert(job), "{job} ended twice");
                    }
                }
                "crash_recovery_event" => {
                    recoveries += event["recovered_leases"].as_u64().unwrap();
                }
                _ => {}
            }
        }
        for (job, events) in jobs {
            assert_possible(job, &events);
        }
    }
    // A later lease has a higher fence, whoever got it.
    for (job, leases) in &fences {
        let fences: Vec<i64> = leases.values().copied().collect();
        assert!(fences.is_sorted_by(|a, b| a < b), "{job}: {leases:?}");
    }
    assert!(recoveries > 0, "no kill left a lease behind");

    // The table tells the same, as far as it goes.
    let ledger = rig.ledger();
    let mut rows = ledger
        .prepare("SELECT run_id, seq, event FROM telemetry_events")
        .unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let mut compared = 0;
    for row in rows.unwrap() {
        let (run, seq, name): (String, usize, String) = row.unwrap();
        let event = runs.get(&run).and_then(|events| events.get(seq - 1));
        if let Some(event) = event {
            assert_eq!(event["event"], *name, "{run} {seq}");
            compared += 1;
        }
    }
    eprintln!(
        "{} processes, {kills} kills, {} jobs told to their end, {compared} rows compared",
        runs.len(),
        ends.len()
    );
    assert!(compared > WORKS, "{compared}");
}
