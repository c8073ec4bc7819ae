//! The ledger's table of events: beside a working ledger, behind a busy one,
//! without one.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

use super::delivery::recorded;
use super::samples;
use crate::ledger::{LeaseRequest, Ledger, NewJob, Options, SqliteLedger};
use crate::telemetry::sink::Sink;
use crate::telemetry::table::TableSink;
use crate::telemetry::{TableOptions, Telemetry, TelemetryOptions};

fn to_table(ledger: &Path) -> Telemetry {
    Telemetry::new(TelemetryOptions {
        table: Some(TableOptions::new(ledger)),
        ..TelemetryOptions::default()
    })
    .unwrap()
}

fn open(ledger: &Path, telemetry: &Telemetry) -> SqliteLedger {
    let options = Options {
        sink: Arc::new(telemetry.clone()),
        ..Options::default()
    };
    SqliteLedger::open(ledger, options).unwrap()
}

fn job(number: usize) -> NewJob {
    NewJob {
        work_id: format!("doi:10.1/{number}"),
        artifact_id: format!("doi:10.1/{number}:pdf"),
        canonical_url: format!("https://doi.org/10.1/{number}"),
        payload: None,
    }
}

fn one<T: rusqlite::types::FromSql>(ledger: &Path, sql: &str) -> T {
    let db = Connection::open(ledger).unwrap();
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn jobs(sink: &mut TableSink, numbers: std::ops::Range<u64>) {
    let batch: Vec<_> = numbers
        .map(|seq| recorded(seq, samples::planned("a").into()))
        .collect();
    sink.take(&batch);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_of_a_working_ledger_is_a_row_of_its_own_file() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("manifest.sqlite3");
    let telemetry = to_table(&path);
    let ledger = Arc::new(open(&path, &telemetry));
    ledger.plan((0..300).map(job).collect()).await.unwrap();
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let ledger = Arc::clone(&ledger);
        workers.spawn(async move {
            let mut worked = 0_u64;
            loop {
                let request = LeaseRequest::one(Duration::from_secs(60));
                let Some(lease) = ledger.lease(request).await.unwrap().leases.pop() else {
                    return worked;
                };
                ledger.renew(&lease, Duration::from_secs(60)).await.unwrap();
                worked += 1;
            }
        });
    }
    let mut worked = 0;
    while let Some(of_worker) = workers.join_next().await {
        worked += of_worker.unwrap();
    }
    assert_eq!(worked, 300);
    let Ok(ledger) = Arc::try_unwrap(ledger) else {
        panic!("the workers are done");
    };
    ledger.close().await;
    assert!(telemetry.close().await.complete());

    assert_eq!(
        one::<i64>(&path, "SELECT count(*) FROM telemetry_events"),
        1200
    );
    let planned = "SELECT count(*) FROM telemetry_events t JOIN artifact_jobs j USING(job_id)
                   WHERE event = 'job_planned' AND fields ->> 'work_id' = j.work_id AND abs(ts - j.created_at) < 60";
    assert_eq!(one::<i64>(&path, planned), 300);
    let run_id = telemetry.run_id().unwrap().to_string();
    assert_eq!(
        one::<String>(&path, "SELECT max(run_id) FROM telemetry_events"),
        run_id
    );
    let leased: String = one(
        &path,
        "SELECT fields FROM telemetry_events WHERE event = 'job_leased' LIMIT 1",
    );
    let leased: Value = serde_json::from_str(&leased).unwrap();
    assert!(leased["wait_us"].is_u64() && leased.get("event").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_wait_for_a_busy_file_and_are_counted_as_lost_when_it_stays_so() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("manifest.sqlite3");
    open(&path, &Telemetry::off()).close().await;
    let busy = Connection::open(&path).unwrap();

    let mut sink = TableSink::new(TableOptions::new(&path), Uuid::now_v7());
    jobs(&mut sink, 1..3);
    busy.execute_batch("BEGIN IMMEDIATE").unwrap();
    jobs(&mut sink, 3..5);
    assert!(sink.due().is_some(), "they wait");
    busy.execute_batch("COMMIT").unwrap();
    sink.close();
    assert_eq!(sink.lost(), 0);
    assert_eq!(
        one::<i64>(&path, "SELECT count(*) FROM telemetry_events"),
        4
    );

    let mut sink = TableSink::new(TableOptions::new(&path), Uuid::now_v7());
    busy.execute_batch("BEGIN IMMEDIATE").unwrap();
    jobs(&mut sink, 1..4);
    sink.close();
    busy.execute_batch("COMMIT").unwrap();
    assert_eq!(sink.lost(), 3);
    assert_eq!(
        one::<i64>(&path, "SELECT count(*) FROM telemetry_events"),
        4
    );
}

#[test]
fn without_a_ledger_no_file_is_made_and_the_oldest_rows_go_first() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("manifest.sqlite3");
    let mut sink = TableSink::new(TableOptions::new(&path), Uuid::now_v7());
    jobs(&mut sink, 0..20_000);
    assert_eq!(sink.lost(), 20_000 - 16 * 1024);
    sink.close();
    assert_eq!(sink.lost(), 20_000);
    assert!(!path.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_past_their_age_are_deleted_and_younger_ones_are_not() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("manifest.sqlite3");
    open(&path, &Telemetry::off()).close().await;
    let mut sink = TableSink::new(TableOptions::new(&path), Uuid::now_v7());
    jobs(&mut sink, 0..10);
    sink.close();
    let aged = "UPDATE telemetry_events SET ts = ts - 3600 WHERE seq < 6";
    Connection::open(&path).unwrap().execute(aged, []).unwrap();

    let options = TableOptions {
        retention: Duration::from_secs(1800),
        ..TableOptions::new(&path)
    };
    let mut sink = TableSink::new(options, Uuid::now_v7());
    jobs(&mut sink, 0..1);
    sink.close();
    let left =
        "SELECT group_concat(seq) FROM (SELECT seq FROM telemetry_events ORDER BY run_id, seq)";
    assert_eq!(one::<String>(&path, left), "6,7,8,9,0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_that_name_that_is_not_ours_is_left_alone() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("manifest.sqlite3");
    open(&path, &Telemetry::off()).close().await;
    let theirs = Connection::open(&path).unwrap();
    theirs
        .execute_batch("CREATE TABLE telemetry_events(event TEXT, ts REAL, other TEXT)")
        .unwrap();
    let telemetry = to_table(&path);
    telemetry.emit(samples::planned("a"));
    let begun = Instant::now();
    let closing = telemetry.finish();
    assert_eq!((closing.lost, closing.hung), (1, false));
    assert!(begun.elapsed() < Duration::from_secs(60));
    assert_eq!(
        one::<i64>(&path, "SELECT count(*) FROM telemetry_events"),
        0
    );
}
