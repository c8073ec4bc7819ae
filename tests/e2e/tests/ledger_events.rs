//! What a run on a ledger tells of itself: every event with its envelope, in an
//! order in which it can have happened.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::{BTreeMap, BTreeSet};

use paperfall_e2e::{MIB, RUN, Rig};
use paperfall_miniweb::{Answer, Pdf, Script, World};
use serde_json::Value;

const GOOD: &str = "https://papers.example/good.pdf";
const SLOW: &str = "https://papers.example/slow.pdf";

fn pdf(n: u64) -> Pdf {
    Pdf::new("Events", n, 2 * MIB)
}

/// One paper that comes at once, and one that hangs the first time.
async fn rig() -> Rig {
    let slow = Answer::pdf(pdf(2));
    let script = Script::from(slow.clone())
        .then(slow.clone())
        .then(slow.clone().hang_after(MIB + 1))
        .then(slow);
    let world = World::new()
        .page(GOOD, Answer::pdf(pdf(1)))
        .page(SLOW, script);
    let rig = Rig::new(world).await;
    rig.list([GOOD, SLOW]);
    rig
}

fn events(rig: &Rig) -> Vec<Value> {
    let text = std::fs::read_to_string(rig.folder().join("events.jsonl")).unwrap_or_default();
    // The last line may still be on its way.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .map(|line| serde_json::from_str(line).expect("an event is a line of JSON"))
        .collect()
}

fn name(event: &Value) -> &str {
    event["event"].as_str().unwrap()
}

/// A run that renews a lease, is stopped and lets it go, and one that goes on.
async fn told() -> Rig {
    let rig = rig().await;
    let flags = ["--telemetry", "events.jsonl", "--lease-ttl", "3"];
    let mut first = rig.start(RUN.iter().chain(&flags));
    first
        .until("one is done and the other's lease renewed", || {
            rig.results().len() == 1 && events(&rig).iter().any(|e| name(e) == "lease_renewed")
        })
        .await;
    first.signal("INT");
    let first = first.end().await;
    assert_eq!(first.code, 130, "{first}");
    let second = rig.run(&flags).await;
    assert_eq!(second.code, 0, "{second}");
    rig
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_eleven_events_are_told_with_envelopes_that_grow() {
    let rig = told().await;
    let events = events(&rig);
    let names: BTreeSet<&str> = events.iter().map(name).collect();
    let expected = [
        "crash_recovery_event",
        "fallback_attempt",
        "fallback_summary",
        "idempotency_replay",
        "job_leased",
        "job_planned",
        "job_state_changed",
        "lease_released",
        "lease_renewed",
        "operation_completed",
        "operation_started",
    ];
    assert_eq!(names, BTreeSet::from(expected));
    let mut runs: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    let mut times = Vec::new();
    for event in &events {
        let run = event["run_id"].as_str().unwrap();
        runs.entry(run)
            .or_default()
            .push(event["seq"].as_u64().unwrap());
        let time = event["ts"].as_str().unwrap();
        // 2026-11-22T12:00:00.000000Z
        assert_eq!(
            (time.len(), time.as_bytes()[19], time.as_bytes()[26]),
            (27, b'.', b'Z')
        );
        times.push(time);
    }
    assert_eq!(runs.len(), 2);
    for seqs in runs.values() {
        // From one, without a gap: nothing was dropped.
        assert!(seqs.iter().copied().eq(1..=seqs.len() as u64), "{seqs:?}");
    }
    assert!(times.is_sorted());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_events_of_one_work_tell_its_way_in_order() {
    let rig = told().await;
    let events = events(&rig);
    let planned = events
        .iter()
        .find(|event| name(event) == "job_planned" && event["url"] == GOOD)
        .unwrap();
    assert_eq!(planned["work_id"], format!("url:{GOOD}"));
    let job = &planned["job_id"];
    let told: Vec<String> = events
        .iter()
        .filter(|event| event["job_id"] == *job)
        .map(|event| {
            let more = |key: &str| event[key].as_str().map(|text| format!(" {text}"));
            let keys = [
                "op_type",
                "result_code",
                "to_state",
                "source",
                "winner_source",
                "outcome",
            ];
            let more: String = keys.into_iter().filter_map(more).collect();
            format!("{}{more}", name(event))
        })
        .filter(|told| told != "lease_renewed")
        .collect();
    assert_eq!(
        told,
        [
            "job_planned",
            "job_leased",
            "job_state_changed LEASED",
            "operation_started RESOLUTION",
            "operation_completed RESOLUTION OK",
            "operation_completed FALLBACK OK",
            "operation_completed HEAD OK",
            "job_state_changed HEAD_DONE",
            "operation_started STREAM",
            "job_state_changed STREAMING",
            "operation_completed STREAM OK",
            "operation_started FINALIZE",
            "operation_completed FINALIZE OK",
            "job_state_changed FINALIZED",
            "operation_completed INDEX OK",
            "job_state_changed INDEXED",
            "fallback_attempt given success",
            "fallback_summary given success",
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_name_the_operations_that_the_ledger_keeps() {
    let rig = told().await;
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    for event in events(&rig) {
        if name(&event) == "operation_completed" {
            let key = event["op_key"].as_str().unwrap().to_owned();
            told.insert(key, event["result_code"].as_str().unwrap().to_owned());
        }
    }
    let ledger = rig.ledger();
    let mut rows = ledger
        .prepare("SELECT op_key, result_code FROM artifact_ops")
        .unwrap();
    let kept: BTreeMap<String, String> = rows
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(told, kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_shows_events_at_debug_and_not_before() {
    let rig = rig().await;
    rig.list([GOOD]);
    let loud = rig.run(&["-vv"]).await;
    assert_eq!(loud.code, 0, "{loud}");
    for name in [
        "job_planned",
        "job_leased",
        "operation_completed",
        "fallback_summary",
    ] {
        let told = format!("DEBUG {name} seq=");
        assert!(loud.stderr.contains(&told), "no {name}: {loud}");
    }
    for quiet in [&[][..], &["-v"]] {
        let other = self::rig().await;
        other.list([GOOD]);
        let ran = other.run(quiet).await;
        assert!(!ran.stderr.contains("job_planned"), "{ran}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_without_a_ledger_tells_of_its_races_only() {
    let rig = rig().await;
    rig.list([GOOD]);
    let args = [
        "run",
        "list.txt",
        "--only",
        "given,arxiv",
        "--telemetry",
        "events.jsonl",
    ];
    let ran = rig.paperfall(args).await;
    assert_eq!(ran.code, 0, "{ran}");
    let events = events(&rig);
    let names: Vec<&str> = events.iter().map(name).collect();
    assert_eq!(names, ["fallback_attempt", "fallback_summary"]);
    assert!(events.iter().all(|event| event.get("job_id").is_none()));
}
