//! The events as they are written: every field, every schema.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

use super::schema_check::faults;
use super::{delivery, samples};
use crate::ledger::{Fence, LeaseRequest, Ledger, NewJob, Options, OwnerId, SqliteLedger};
use crate::telemetry::envelope::Recorded;
use crate::telemetry::log_sink::LogSink;
use crate::telemetry::sink::Sink;
use crate::telemetry::{JsonlOptions, Telemetry, TelemetryOptions, event_schemas};

fn schema_of(event: &str) -> Value {
    let schema = event_schemas().iter().find(|schema| schema.event == event);
    serde_json::from_str(schema.expect(event).schema).expect(event)
}

fn lines(path: &std::path::Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

/// An owner and a fence as only a ledger gives them.
fn owner_and_fence(dir: &TempDir, telemetry: &Telemetry) -> (OwnerId, Fence) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let options = Options {
            sink: Arc::new(telemetry.clone()),
            ..Options::default()
        };
        let ledger = SqliteLedger::open(&dir.path().join("ledger.sqlite3"), options).unwrap();
        let job = NewJob {
            work_id: "doi:10.1/a".to_owned(),
            artifact_id: "doi:10.1/a:pdf".to_owned(),
            canonical_url: "https://doi.org/10.1/a".to_owned(),
            payload: None,
        };
        ledger.plan(vec![job]).await.unwrap();
        let leased = ledger
            .lease(LeaseRequest::one(Duration::from_secs(120)))
            .await
            .unwrap();
        let fence = leased.leases[0].fence;
        let owner = ledger.owner().clone();
        ledger.close().await;
        (owner, fence)
    })
}

#[test]
fn every_event_is_written_as_its_schema_says_and_no_field_is_undocumented() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("events.jsonl");
    let telemetry = Telemetry::new(TelemetryOptions {
        jsonl: Some(JsonlOptions::new(&path)),
        ..TelemetryOptions::default()
    })
    .unwrap();
    let (owner, fence) = owner_and_fence(&dir, &telemetry);
    for event in samples::all(&owner, fence) {
        telemetry.emit(event);
    }
    assert!(telemetry.finish().complete());

    let mut seen = BTreeSet::new();
    for line in lines(&path) {
        let event = line["event"].as_str().unwrap().to_owned();
        assert_eq!(faults(&schema_of(&event), &line), Vec::<String>::new());
        seen.insert(event);
    }
    let all: BTreeSet<String> = event_schemas().iter().map(|s| s.event.to_owned()).collect();
    assert_eq!(seen, all);
    assert_eq!(all.len(), 11);
}

#[test]
fn every_field_of_a_schema_is_one_the_event_has() {
    let dir = TempDir::new().unwrap();
    let (owner, fence) = owner_and_fence(&dir, &Telemetry::off());
    let written: Vec<Value> = samples::all(&owner, fence)
        .into_iter()
        .map(|event| {
            let mut line = String::new();
            delivery::recorded(1, event)
                .write_line(Uuid::now_v7(), &mut line)
                .unwrap();
            serde_json::from_str(&line).unwrap()
        })
        .collect();
    for schema in event_schemas() {
        let parsed = schema_of(schema.event);
        for name in parsed["properties"].as_object().unwrap().keys() {
            assert!(
                written
                    .iter()
                    .any(|line| line["event"] == schema.event && line.get(name).is_some()),
                "{} never has {name}",
                schema.event
            );
        }
    }
}

#[test]
fn a_ledgers_events_reach_the_file_in_the_order_of_its_commits() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("events.jsonl");
    let telemetry = Telemetry::new(TelemetryOptions {
        jsonl: Some(JsonlOptions::new(&path)),
        ..TelemetryOptions::default()
    })
    .unwrap();
    let (_, fence) = owner_and_fence(&dir, &telemetry);
    telemetry.finish();
    let lines = lines(&path);
    let names: Vec<&str> = lines
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["job_planned", "job_leased", "job_state_changed"]);
    assert_eq!(lines[1]["fence"].to_string(), fence.to_string());
    let run_id = telemetry.run_id().unwrap().to_string();
    assert!(lines.iter().all(|line| line["run_id"] == run_id.as_str()));
}

#[test]
fn a_line_begins_with_event_time_run_and_number() {
    let at = SystemTime::UNIX_EPOCH + Duration::from_micros(1_763_726_400_000_042);
    let recorded = Recorded {
        seq: 7,
        at,
        event: samples::summary().into(),
    };
    let run_id = Uuid::parse_str("019a0000-0000-7000-8000-000000000001").unwrap();
    let mut line = String::from("before\n");
    recorded.write_line(run_id, &mut line).unwrap();
    let job = samples::job();
    assert_eq!(
        line,
        format!(
            "before\n{{\"event\":\"fallback_summary\",\"ts\":\"2025-11-21T12:00:00.000042Z\",\
             \"run_id\":\"019a0000-0000-7000-8000-000000000001\",\"seq\":7,\"job_id\":\"{job}\",\
             \"work_id\":\"doi:10.1/a\",\"outcome\":\"success\",\"winner_source\":\"arxiv\",\
             \"winner_tier\":\"direct_oa\",\"attempts\":2,\"tiers_touched\":1,\"time_to_success_ms\":1300}}\n"
        )
    );
}

/// Collects what a log would print.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl io::Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_log_tells_of_events_at_debug_and_not_below() {
    let told = |level: tracing::Level| {
        let printed = Printed::default();
        let writer = printed.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let heard = LogSink::heard();
            LogSink.take(&[delivery::recorded(3, samples::planned("doi:10.1/a").into())]);
            let text = String::from_utf8(printed.0.lock().unwrap().clone()).unwrap();
            (heard, text)
        })
    };
    let (heard, text) = told(tracing::Level::DEBUG);
    assert!(heard);
    for part in [
        "DEBUG paperfall::events: job_planned seq=3",
        "\"work_id\":\"doi:10.1/a\"",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(told(tracing::Level::INFO), (false, String::new()));
}
