//! Service levels from real columns and counted events: against independent
//! SQL, over windows, without data, and where the predecessor went wrong.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod ledger_kit;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ledger_kit::*;
use paperfall::ledger::{
    Clock, EventSink, Failure, Finish, FirstOp, JobState, Json, Lease, LeaseRequest, Ledger,
    LedgerReader, ManualClock, Op, OpType, Options, ResultCode, SqliteLedger, Timestamp, Verdict,
};
use paperfall::telemetry::slo::{Level, ServiceLevels, judge};
use paperfall::telemetry::{TableOptions, Telemetry, TelemetryOptions};
use serde_json::json;

const DAY: Duration = Duration::from_secs(86_400);

/// A ledger whose clock begins now, as the events' clock does.
struct Site {
    house: House,
    telemetry: Telemetry,
    ledger: Option<SqliteLedger>,
}

impl Site {
    fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let now = Timestamp::from_millis(0).after(now);
        let house = House {
            clock: Arc::new(ManualClock::at(now)),
            ..House::new()
        };
        let telemetry = Telemetry::new(TelemetryOptions {
            table: Some(TableOptions::new(house.path())),
            ..TelemetryOptions::default()
        })
        .unwrap();
        let mut site = Self {
            house,
            telemetry,
            ledger: None,
        };
        site.ledger = Some(site.process());
        site
    }

    /// Another process on the same ledger.
    fn process(&self) -> SqliteLedger {
        let options = Options {
            sink: Arc::new(self.telemetry.clone()) as Arc<dyn EventSink>,
            ..self.house.options()
        };
        SqliteLedger::open(&self.house.path(), options).unwrap()
    }

    fn ledger(&self) -> &SqliteLedger {
        self.ledger.as_ref().unwrap()
    }

    /// Everything is written and nothing is open.
    async fn close(&mut self) {
        if let Some(ledger) = self.ledger.take() {
            ledger.close().await;
        }
        assert!(self.telemetry.close().await.complete());
    }

    fn levels(&self, window: Duration) -> ServiceLevels {
        let reader = LedgerReader::open(&self.house.path()).unwrap();
        judge(&reader, self.house.clock.now(), window).unwrap()
    }

    /// A number by SQL over the public tables.
    fn sql(&self, sql: &str) -> f64 {
        self.house
            .raw()
            .query_row(&format!("SELECT CAST(({sql}) AS REAL)"), [], |row| {
                row.get(0)
            })
            .unwrap()
    }
}

fn level<'a>(levels: &'a ServiceLevels, name: &str) -> &'a Level {
    levels
        .levels
        .iter()
        .find(|level| level.name == name)
        .unwrap()
}

async fn begin_round(ledger: &SqliteLedger) -> Lease {
    let request = LeaseRequest {
        first: Some(FirstOp {
            kind: OpType::Resolution,
            intent: json!({}).into(),
        }),
        ..LeaseRequest::one(TTL)
    };
    ledger.lease(request).await.unwrap().leases.pop().unwrap()
}

fn resolution(lease: &Lease) -> Op {
    op(lease, OpType::Resolution, json!({"round": lease.round}))
}

/// Sources and what they said, as FALLBACK effects.
fn attempts(lease: &Lease, said: &[(&str, &str)]) -> Vec<(Op, ResultCode, Json)> {
    said.iter()
        .enumerate()
        .map(|(number, (source, reason))| {
            let context = json!({"source": source, "attempt": number});
            let record = json!({"source": source, "reason": reason, "outcome": "no_pdf"});
            let op = op(lease, OpType::Fallback, context);
            (op, ResultCode::NonRetryable, record.into())
        })
        .collect()
}

async fn succeed(ledger: &SqliteLedger, lease: &Lease, text: &str) {
    let mut found = Finish::ok(resolution(lease), json!({"url": "u"}));
    found.also = attempts(lease, &[("x", "no_pdf_url")]);
    ledger.finish(lease, found).await.unwrap();
    drive(ledger, lease, text, JobState::Indexed).await;
}

async fn lose(ledger: &SqliteLedger, lease: &Lease, retryable: bool, said: &[(&str, &str)]) {
    let failure = Failure {
        reason: said[0].1.to_owned(),
        retryable,
        op: Some((
            resolution(lease),
            ResultCode::NonRetryable,
            json!({}).into(),
        )),
        also: attempts(lease, said),
    };
    ledger.fail(lease, failure).await.unwrap();
}

/// A mixed day: quick and slow works, works without a paper, crashes.
async fn a_day(site: &mut Site) {
    let house = &site.house;
    let ledger = site.ledger();
    plan(ledger, 40).await;
    for number in 0..30_u64 {
        let lease = begin_round(ledger).await;
        house.later(number * 5 % 47);
        succeed(ledger, &lease, &format!("paper {number}")).await;
    }
    for said in [
        &[("x", "not_oa"), ("y", "not_found")][..],
        &[("x", "not_oa"), ("y", "not_oa"), ("z", "paywalled")],
        &[("x", "not_oa"), ("x", "not_found")],
        &[("x", "paywalled"), ("y", "not_oa")],
    ] {
        let lease = begin_round(ledger).await;
        lose(ledger, &lease, false, said).await;
    }
    // One that fails for a passing cause and succeeds an hour later.
    let lease = begin_round(ledger).await;
    lose(ledger, &lease, true, &[("x", "http_5xx")]).await;
    house.later(3700);
    // Two whose process vanishes. One of them is taken over and ends; the other
    // is taken over twice by processes that vanish, too.
    for _ in 0..2 {
        let other = site.process();
        begin_round(&other).await;
        drop(other);
    }
    house.later(TTL.as_secs() + 1);
    for _ in 0..5 {
        let lease = begin_round(ledger).await;
        succeed(ledger, &lease, &format!("late {}", lease.work_id)).await;
    }
    let vanishing = site.process();
    begin_round(&vanishing).await;
    drop(vanishing);
    house.later(TTL.as_secs() + 1);
    let vanishing = site.process();
    begin_round(&vanishing).await;
    vanishing.close().await;
    house.later(TTL.as_secs() + 700);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_is_what_independent_sql_makes_of_the_public_tables() {
    let mut site = Site::new();
    a_day(&mut site).await;
    site.close().await;
    let levels = site.levels(DAY);

    let paper = "state IN ('INDEXED', 'DEDUPED', 'SKIPPED_DUPLICATE')";
    let papers = site.sql(&format!("SELECT count(*) FROM artifact_jobs WHERE {paper}"));
    let ended = site.sql("SELECT count(*) FROM artifact_jobs WHERE finished_at IS NOT NULL");
    let agreed = site.sql(
        "SELECT count(*) FROM (SELECT j.job_id FROM artifact_jobs j JOIN artifact_ops o USING(job_id)
         WHERE j.state = 'FAILED' AND o.op_type = 'FALLBACK'
           AND json_extract(o.result_json, '$.reason') IN ('not_oa', 'not_found')
         GROUP BY j.job_id HAVING count(DISTINCT json_extract(o.result_json, '$.source')) >= 2)",
    );
    assert_eq!((papers, ended, agreed), (35.0, 39.0, 2.0));
    let completion = level(&levels, "completion");
    assert_eq!(completion.value, Some(papers / (ended - agreed)));
    assert_eq!(completion.verdict, Some(Verdict::Missed));
    let budget = 1.0 - 2.0 / (37.0 * 0.005);
    assert!((completion.error_budget_left.unwrap() - budget).abs() < 1e-9);
    let all = level(&levels, "completion_of_all");
    assert_eq!((all.value, all.verdict), (Some(papers / ended), None));

    let nth = |percent: u32, from: &str| {
        site.sql(&format!(
            "WITH took AS (SELECT row_number() OVER (ORDER BY finished_at - {from}) AS n, finished_at - {from} AS s
               FROM artifact_jobs j WHERE {paper})
             SELECT s FROM took WHERE n = (SELECT (count(*) * {percent} + 99) / 100 FROM took)"
        ))
    };
    // None of the jobs in it was retried by hand, so its first effect is the beginning.
    let begun = "(SELECT min(started_at) FROM artifact_ops o WHERE o.job_id = j.job_id AND op_type = 'RESOLUTION')";
    for (name, percent, from) in [
        ("time_to_complete_p50", 50, begun),
        ("time_to_complete_p95", 95, begun),
        ("time_since_planned_p50", 50, "created_at"),
        ("time_since_planned_p95", 95, "created_at"),
    ] {
        let value = level(&levels, name).value.unwrap();
        let expected = nth(percent, from);
        assert!(
            (value - expected).abs() < 0.001,
            "{name}: {value} against {expected}"
        );
    }
    assert_eq!(
        level(&levels, "time_to_complete_p50").verdict,
        Some(Verdict::Met)
    );

    let recovery = level(&levels, "recovery");
    assert_eq!(recovery.from["taken_over_and_ended"], 1);
    assert_eq!(recovery.from["taken_over_and_left_behind"], 1);
    assert_eq!(recovery.from["leases_left_behind"], 1);
    assert_eq!(recovery.verdict, Some(Verdict::Missed));

    let waits = "FROM telemetry_events WHERE event = 'job_leased'";
    let leases = site.sql(&format!("SELECT count(*) {waits}"));
    let p99 = site.sql(&format!(
        "SELECT json_extract(fields, '$.wait_us') / 1e6 {waits} ORDER BY 1
         LIMIT 1 OFFSET (SELECT (count(*) * 99 + 99) / 100 - 1 {waits})"
    ));
    let latency = level(&levels, "lease_latency_p99");
    assert_eq!(latency.from["leases"], leases);
    assert!((latency.value.unwrap() - p99).abs() < 1e-9);

    let replays =
        site.sql("SELECT count(*) FROM telemetry_events WHERE event = 'idempotency_replay'");
    let effects =
        site.sql("SELECT count(*) FROM telemetry_events WHERE event = 'operation_completed'");
    let replay = level(&levels, "replay");
    assert_eq!(replay.value, Some(replays / (replays + effects)));
    assert!(!levels.met());

    // The document's own SQL.
    let document = include_str!("../docs/slo.md");
    let sql = document
        .split("```")
        .find_map(|part| part.strip_prefix("sql\n"))
        .unwrap();
    let statements: Vec<&str> = sql.split(';').filter(|s| s.contains("SELECT")).collect();
    let [by_hand, replayed] = statements.as_slice() else {
        panic!("the document has another number of statements: {statements:?}");
    };
    let stripped = |sql: &str| -> String {
        let lines = sql
            .lines()
            .filter(|line| !line.trim_start().starts_with("--"));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(Some(site.sql(&stripped(by_hand))), completion.value);
    assert_eq!(Some(site.sql(&stripped(replayed))), replay.value);
}

/// 23.
#[tokio::test(flavor = "multi_thread")]
async fn all_jobs_done_in_one_millisecond_is_a_pass_and_not_a_warning() {
    let mut site = Site::new();
    plan(site.ledger(), 20).await;
    for number in 0..20 {
        let lease = begin_round(site.ledger()).await;
        site.house.clock.advance(Duration::from_millis(1));
        succeed(site.ledger(), &lease, &number.to_string()).await;
    }
    site.close().await;
    let levels = site.levels(DAY);
    let p95 = level(&levels, "time_to_complete_p95");
    assert_eq!((p95.value, p95.verdict), (Some(0.001), Some(Verdict::Met)));
    assert_eq!(p95.error_budget_left, Some(1.0));
    assert_eq!(level(&levels, "completion").value, Some(1.0));
    assert_eq!(level(&levels, "recovery").verdict, Some(Verdict::NoData));
    assert!(levels.met());
}

/// 24.
#[tokio::test(flavor = "multi_thread")]
async fn recovery_and_replay_rates_come_from_what_was_counted() {
    let mut site = Site::new();
    plan(site.ledger(), 1).await;
    let other = site.process();
    let lost = begin_round(&other).await;
    other
        .finish(&lost, Finish::ok(resolution(&lost), json!({})))
        .await
        .unwrap();
    other.close().await;
    site.house.later(TTL.as_secs() + 1);
    // Taken over: the resolution is replayed, not run again.
    let lease = begin_round(site.ledger()).await;
    assert!(lease.taken_over);
    drive(site.ledger(), &lease, "a", JobState::Indexed).await;
    site.close().await;
    let levels = site.levels(DAY);
    let recovery = level(&levels, "recovery");
    assert_eq!(
        (recovery.value, recovery.verdict),
        (Some(1.0), Some(Verdict::Met))
    );
    let replay = level(&levels, "replay");
    // RESOLUTION, HEAD, STREAM, FINALIZE, INDEX, and RESOLUTION again.
    assert_eq!(
        (replay.from["effects"].clone(), replay.value),
        (json!(5), Some(1.0 / 6.0))
    );
    assert_eq!(replay.verdict, Some(Verdict::Missed));
}

/// 25.
#[tokio::test(flavor = "multi_thread")]
async fn time_to_complete_uses_the_finish_and_neither_the_last_touch_nor_the_queue() {
    let mut site = Site::new();
    plan(site.ledger(), 1).await;
    site.house.later(5000);
    let lease = begin_round(site.ledger()).await;
    site.house.later(7);
    succeed(site.ledger(), &lease, "a").await;
    site.close().await;
    let touch = "UPDATE ledger_jobs SET updated_at = updated_at + 3600000";
    site.house.raw().execute(touch, []).unwrap();
    let levels = site.levels(DAY);
    assert_eq!(level(&levels, "time_to_complete_p50").value, Some(7.0));
    assert_eq!(level(&levels, "time_since_planned_p50").value, Some(5007.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_retried_by_hand_begins_anew_and_its_own_retries_do_not() {
    let mut site = Site::new();
    plan(site.ledger(), 1).await;
    let lease = begin_round(site.ledger()).await;
    let job = lease.job_id;
    lose(site.ledger(), &lease, false, &[("x", "not_oa")]).await;
    site.house.later(1_000_000);
    site.ledger().retry(vec![job]).await.unwrap();
    let lease = begin_round(site.ledger()).await;
    site.house.later(2);
    lose(site.ledger(), &lease, true, &[("x", "http_5xx")]).await;
    site.house.later(4000);
    let lease = begin_round(site.ledger()).await;
    site.house.later(3);
    succeed(site.ledger(), &lease, "a").await;
    site.close().await;
    let levels = site.levels(DAY);
    assert_eq!(level(&levels, "time_to_complete_p50").value, Some(4005.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_ended_in_the_window_is_judged_and_an_empty_window_is_no_data() {
    let mut site = Site::new();
    plan(site.ledger(), 2).await;
    let lease = begin_round(site.ledger()).await;
    lose(site.ledger(), &lease, false, &[("x", "paywalled")]).await;
    site.house.later(7200);
    let lease = begin_round(site.ledger()).await;
    succeed(site.ledger(), &lease, "a").await;
    site.close().await;
    let of = |window| level(&site.levels(Duration::from_secs(window)), "completion").value;
    assert_eq!(of(3600), Some(1.0));
    assert_eq!(of(8000), Some(0.5));
    site.house.later(100_000);
    let levels = site.levels(Duration::from_secs(60));
    for level in levels.levels.iter().filter(|level| level.target.is_some()) {
        assert_eq!(
            (level.value, level.verdict),
            (None, Some(Verdict::NoData)),
            "{}",
            level.name
        );
        assert_eq!(level.error_budget_left, None);
    }
    assert!(levels.met());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_without_events_says_so_and_rows_changed_by_hand_break_nothing() {
    let mut site = Site::new();
    plan(site.ledger(), 1).await;
    let lease = begin_round(site.ledger()).await;
    lose(
        site.ledger(),
        &lease,
        false,
        &[("x", "not_oa"), ("y", "not_oa")],
    )
    .await;
    site.close().await;
    let by_hand = "DROP TABLE telemetry_events; DROP TRIGGER ledger_results_stand;
        UPDATE ledger_ops SET result = 'not json', context = '{' WHERE kind = 'FALLBACK' AND result LIKE '%\"y\"%'";
    site.house.raw().execute_batch(by_hand).unwrap();
    let levels = site.levels(DAY);
    assert_eq!(
        level(&levels, "completion").from["left_out_as_agreed_absent"],
        0
    );
    for name in ["lease_latency_p99", "replay"] {
        let level = level(&levels, name);
        assert_eq!(level.verdict, Some(Verdict::NoData));
        assert!(level.hint.unwrap().contains("table of events"));
    }
}
