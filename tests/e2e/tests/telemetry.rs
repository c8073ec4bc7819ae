//! What operators see of runs: metrics while they last, events in the ledger's
//! own table, service levels, statistics and a page afterwards.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

// The judge of the host's own tests: what a real run writes is held against the
// schemas, too.
#[path = "../../../host/src/telemetry/tests/schema_check.rs"]
mod schema_check;

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use paperfall_e2e::{MIB, RUN, Rig, Running};
use paperfall_miniweb::{Answer, Cue, Door, Pdf, Script, World};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const GOOD: &str = "https://papers.example/good.pdf";
const SLOW: &str = "https://papers.example/slow.pdf";
const LATE: &str = "https://papers.example/late.pdf";
const GONE: &str = "https://papers.example/gone.pdf";

fn pdf(n: u64) -> Pdf {
    Pdf::new("Telemetry", n, 2 * MIB)
}

/// A paper that comes at once, one that hangs the first time, and none.
async fn rig() -> Rig {
    let slow = Answer::pdf(pdf(2));
    let script = Script::from(slow.clone())
        .then(slow.clone())
        .then(slow.clone().hang_after(MIB + 1))
        .then(slow);
    let world = World::new()
        .page(GOOD, Answer::pdf(pdf(1)))
        .page(SLOW, script)
        .page(GONE, Answer::text("gone").with_status(404));
    Rig::new(world).await
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// What an HTTP server says; none while nobody listens.
async fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    Some(answer)
}

/// A run that waits for a paper which hangs, and serves metrics meanwhile at a port that
/// the system chose.
async fn waiting(rig: &Rig) -> (Running, u16) {
    rig.list([GOOD, SLOW]);
    let mut run = rig.start(RUN.into_iter().chain(["--metrics", "0"]));
    let rest = || rig.downloads(SLOW).len() == 1;
    run.until("one is done and one hangs", || {
        rig.results().len() == 1 && rest()
    })
    .await;
    let port = metrics_port(&mut run).await;
    (run, port)
}

/// Where a run that was told to choose a port serves its metrics.
async fn metrics_port(run: &mut Running) -> u16 {
    const TOLD: &str = "metrics: http://127.0.0.1:";
    run.until_it_says("/metrics\n").await;
    let said = run.said();
    let (_, after) = said.split_once(TOLD).expect("where they are");
    let (port, _) = after.split_once('/').unwrap();
    port.parse().unwrap()
}

fn value(metrics: &str, series: &str) -> f64 {
    let line = metrics
        .lines()
        .find(|line| {
            line.strip_prefix(series)
                .is_some_and(|rest| rest.starts_with(' '))
        })
        .unwrap_or_else(|| panic!("no {series} in\n{metrics}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_and_health_are_served_while_a_run_lasts() {
    let rig = rig().await;
    let (run, port) = waiting(&rig).await;
    let counts = [
        ("paperfall_jobs_planned_total", 2.0),
        ("paperfall_leases_total", 2.0),
        (
            "paperfall_operations_total{op_type=\"INDEX\",result_code=\"OK\"}",
            1.0,
        ),
        (
            "paperfall_works_total{outcome=\"success\",agreed_absent=\"no\"}",
            1.0,
        ),
        ("paperfall_jobs{state=\"INDEXED\"}", 1.0),
        ("paperfall_telemetry_dropped_total", 0.0),
    ];
    // What is in the results is counted a moment later.
    let deadline = Instant::now() + Duration::from_secs(60);
    let metrics = loop {
        let metrics = get(port, "/metrics").await.unwrap();
        let line = |(series, count): &(&str, f64)| metrics.contains(&format!("{series} {count}"));
        if counts.iter().all(line) || Instant::now() > deadline {
            break metrics;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    for (series, expected) in counts {
        assert_eq!(value(&metrics, series), expected, "{series}");
    }
    // A look at the first bytes, HEAD and the paper itself; the same of the other.
    let requests = value(
        &metrics,
        "paperfall_http_request_seconds_count{host_class=\"other\"}",
    );
    assert!((4.0..=6.0).contains(&requests), "{requests}");
    let size = f64::from(u32::try_from(pdf(1).bytes().len()).unwrap());
    assert_eq!(value(&metrics, "paperfall_download_bytes_total"), size);
    assert!(!metrics.contains("papers.example"), "{metrics}");
    assert!(get(port, "/healthz").await.unwrap().ends_with("ok\n"));
    run.signal("INT");
    let ran = run.end().await;
    assert_eq!(ran.code, 130, "{ran}");
    assert!(
        ran.stderr
            .contains(&format!("metrics: http://127.0.0.1:{port}/metrics")),
        "{ran}"
    );
    assert_eq!(get(port, "/healthz").await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_says_that_the_ledger_is_waited_for_until_it_works_again() {
    let door = Door::closed();
    let open = door.clone();
    let held = Answer::pdf(pdf(2)).held_until(&Cue::when(move |_| open.is_open()));
    let world = World::new()
        .page(GOOD, Answer::pdf(pdf(1)))
        .page(SLOW, held)
        .page(LATE, Answer::pdf(pdf(3)).hang_after(MIB + 1));
    let rig = Rig::new(world).await;
    rig.list([GOOD, SLOW, LATE]);
    // The run stays for the third, whose source gives up meanwhile.
    let flags = ["--metrics", "0", "--workers", "3", "--wait-for-retries"];
    let mut run = rig.start(RUN.into_iter().chain(flags));
    run.until("one is done", || rig.results().len() == 1).await;
    let port = metrics_port(&mut run).await;
    let shell = rig.ledger();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    door.open();
    run.until_it_says("pausing, and trying again").await;
    let ill = get(port, "/healthz").await.unwrap();
    assert!(ill.starts_with("HTTP/1.1 503 "), "{ill}");
    assert!(ill.contains("stayed locked by"), "{ill}");
    shell.execute_batch("ROLLBACK").unwrap();
    run.until_it_says("the ledger works again").await;
    let well = get(port, "/healthz").await.unwrap();
    assert!(well.starts_with("HTTP/1.1 200 "), "{well}");
    run.signal("INT");
    assert_eq!(run.end().await.code, 130);
}

/// Debian's Prometheus, with our rules.
async fn prometheus(folder: &Path, target: u16) -> Option<(tokio::process::Child, u16)> {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../host/ops/prometheus");
    let rules = rules.canonicalize().unwrap();
    let config = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n\
         rule_files: ['{0}/recording.yml', '{0}/alerts.yml']\n\
         scrape_configs: [{{job_name: paperfall, static_configs: [{{targets: ['127.0.0.1:{target}']}}]}}]\n",
        rules.display()
    );
    std::fs::write(folder.join("prometheus.yml"), config).unwrap();
    // It does not tell which port the system chose: one that was taken since it was free
    // ends it, and the next is tried.
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let listen = free_port();
        let started = tokio::process::Command::new("prometheus")
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=data")
            .arg(format!("--web.listen-address=127.0.0.1:{listen}"))
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let mut child = match started {
            Ok(child) => child,
            Err(error) => {
                assert!(
                    std::env::var_os("PAPERFALL_REQUIRE_TOOLS").is_none(),
                    "prometheus is needed: {error}"
                );
                return None;
            }
        };
        while child.try_wait().unwrap().is_none() {
            if get(listen, "/-/ready").await.is_some() {
                return Some((child, listen));
            }
            assert!(Instant::now() < deadline, "prometheus does not start");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(Instant::now() < deadline, "prometheus ends at once");
    }
}

/// Asks until there is a result.
async fn query(port: u16, expression: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(60);
    let path = format!("/api/v1/query?query={expression}");
    loop {
        let answer = get(port, &path).await.unwrap_or_default();
        if answer.contains("\"value\":[") {
            return answer;
        }
        assert!(Instant::now() < deadline, "{expression}: {answer}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_prometheus_scrapes_a_run_and_takes_our_rules() {
    let rig = rig().await;
    let (run, port) = waiting(&rig).await;
    let Some((mut prometheus, listen)) = prometheus(rig.folder(), port).await else {
        return;
    };
    for (expression, expected) in [
        ("up", "\"1\"]"),
        ("paperfall_leases_total", "\"2\"]"),
        ("paperfall_jobs%7Bstate%3D%22INDEXED%22%7D", "\"1\"]"),
        ("paperfall_lease_wait_seconds_count", "\"2\"]"),
        ("count(paperfall_build_info)", "\"1\"]"),
    ] {
        let answer = query(listen, expression).await;
        assert!(answer.contains(expected), "{expression}: {answer}");
    }
    let rules = get(listen, "/api/v1/rules").await.unwrap();
    assert!(rules.contains("PaperfallCompletionBurnsFast"), "{rules}");
    assert!(!rules.contains("\"health\":\"err\""), "{rules}");
    run.signal("INT");
    run.end().await;
    prometheus.kill().await.unwrap();
}

/// The complete lines of the file, each as its schema says.
fn told(rig: &Rig) -> Vec<Value> {
    let text = std::fs::read_to_string(rig.folder().join("events.jsonl")).unwrap_or_default();
    let complete = text.rsplit_once('\n').map_or("", |(complete, _)| complete);
    let mut events = Vec::new();
    for line in complete.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let name = event["event"].as_str().unwrap();
        let schema = paperfall::telemetry::event_schemas()
            .iter()
            .find(|schema| schema.event == name)
            .unwrap_or_else(|| panic!("{name} has no schema"));
        let schema: Value = serde_json::from_str(schema.schema).unwrap();
        assert_eq!(schema_check::faults(&schema, &event), Vec::<String>::new());
        events.push(event);
    }
    events
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_eleven_events_are_told_by_one_list_and_each_is_as_its_schema_says() {
    let rig = rig().await;
    rig.list([GOOD, SLOW, GONE]);
    let flags = ["--telemetry", "events.jsonl", "--lease-ttl", "3"];
    let mut first = rig.start(RUN.iter().chain(&flags));
    first
        .until("two are done and the third's lease was renewed", || {
            rig.results().len() == 2 && told(&rig).iter().any(|e| e["event"] == "lease_renewed")
        })
        .await;
    first.signal("INT");
    let first = first.end().await;
    assert_eq!(first.code, 130, "{first}");
    let second = rig.run(&flags).await;
    assert_eq!(second.code, 1, "{second}");
    let events = told(&rig);
    let names: BTreeSet<&str> = events
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    let schemas = paperfall::telemetry::event_schemas();
    assert_eq!(names, schemas.iter().map(|schema| schema.event).collect());
    assert_eq!(names.len(), 11);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_of_a_run_is_in_the_file_as_its_schema_says_and_in_the_ledgers_table() {
    let rig = rig().await;
    rig.list([GOOD, GONE]);
    let ran = rig.run(&["--telemetry", "events.jsonl"]).await;
    assert_eq!(ran.code, 1, "{ran}");
    let mut in_file = BTreeMap::new();
    for mut event in told(&rig) {
        let name = event["event"].as_str().unwrap().to_owned();
        let seq = event["seq"].as_i64().unwrap();
        let fields = event.as_object_mut().unwrap();
        for envelope in ["event", "ts", "run_id", "seq"] {
            fields.remove(envelope);
        }
        in_file.insert(seq, (name, event));
    }
    let ledger = rig.ledger();
    let mut rows = ledger
        .prepare("SELECT seq, event, fields FROM telemetry_events")
        .unwrap();
    let in_table: BTreeMap<i64, (String, Value)> = rows
        .query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?))
        })
        .unwrap()
        .map(|row| {
            let (seq, name, fields): (i64, String, String) = row.unwrap();
            (seq, (name, serde_json::from_str(&fields).unwrap()))
        })
        .collect();
    assert!(in_file.len() > 20, "{}", in_file.len());
    assert_eq!(in_file, in_table);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_served_or_written_is_one_line_before_anything_is_asked() {
    let rig = rig().await;
    rig.list([GOOD]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken_port = taken.local_addr().unwrap().port().to_string();
    for (flags, code, words) in [
        (
            ["--metrics", taken_port.as_str()],
            3,
            ["cannot serve metrics", "--metrics another"],
        ),
        (
            ["--telemetry", "no/such/folder/events.jsonl"],
            3,
            ["cannot write telemetry", "name a file"],
        ),
        (["--telemetry", "."], 3, ["it is a folder", "name a file"]),
    ] {
        let ran = rig.paperfall(RUN.into_iter().chain(flags)).await;
        ran.assert_refused(code, &words);
    }
    let odd = rig.run(&["--metrics", "somewhere"]).await;
    assert_eq!(odd.code, 2, "{odd}");
    assert!(odd.stderr.contains("no address to listen on"), "{odd}");
    assert_eq!(rig.web.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slo_exits_1_when_a_level_is_missed_and_0_when_all_are_met_or_have_no_data() {
    let rig = rig().await;
    rig.list([GOOD]);
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    let met = rig.paperfall(["slo"]).await;
    assert_eq!(met.code, 0, "{met}");
    for words in ["completion", "≥ 99.5 %", "100 %", "met", "the last 1 d"] {
        assert!(met.stdout.contains(words), "{words}: {met}");
    }

    rig.list([GONE]);
    rig.run(&[]).await;
    let missed = rig.paperfall(["slo", "--json"]).await;
    assert_eq!(missed.code, 1, "{missed}");
    let report: Value = serde_json::from_str(&missed.stdout).unwrap();
    assert_eq!(
        (&report["met"], &report["window_s"]),
        (&false.into(), &86_400.into())
    );
    let level = &report["levels"][0];
    assert_eq!(
        (&level["name"], &level["value"]),
        (&"completion".into(), &0.5.into())
    );
    assert_eq!(level["verdict"], "missed");
    assert_eq!(level["from"]["without_paper"], 1);

    rig.ledger()
        .execute_batch("DROP TABLE telemetry_events; UPDATE ledger_jobs SET finished_at = 1000")
        .unwrap();
    let empty = rig.paperfall(["slo", "--window", "1h"]).await;
    assert_eq!(empty.code, 0, "{empty}");
    assert!(empty.stdout.contains("no table of events"), "{empty}");
    assert!(!empty.stdout.contains("MISSED"), "{empty}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_of_zero_and_a_ledger_that_is_not_there_are_one_clear_line() {
    let rig = rig().await;
    for command in [&["slo"][..], &["stats"], &["report", "--html", "-"]] {
        let zero = rig
            .paperfall(command.iter().copied().chain(["--window", "0s"]))
            .await;
        assert_eq!(zero.code, 2, "{zero}");
        assert!(zero.stderr.contains("a window of zero"), "{zero}");
    }
    let missing = rig.paperfall(["slo"]).await;
    missing.assert_refused(3, &["there is no ledger at", "--enable-idempotency"]);
    for command in [&["stats"][..], &["report", "--html", "-"]] {
        let nothing = rig.paperfall(command).await;
        nothing.assert_refused(3, &["neither a ledger", "results.jsonl"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stats_and_the_page_tell_the_same_of_a_ledger_and_of_results() {
    let with_ledger = rig().await;
    with_ledger.list([GOOD, GONE]);
    with_ledger.run(&[]).await;
    let without = rig().await;
    without.list([GOOD, GONE]);
    without
        .paperfall(["run", "list.txt", "--only", "given,arxiv"])
        .await;
    let mut told = Vec::new();
    for rig in [&with_ledger, &without] {
        let ran = rig.paperfall(["stats", "--json"]).await;
        assert_eq!(ran.code, 0, "{ran}");
        let mut stats: Value = serde_json::from_str(&ran.stdout).unwrap();
        for row in stats["rows"].as_array_mut().unwrap() {
            for time in ["p50_ms", "p95_ms"] {
                row[time] = 0.into();
            }
            // The ledger keeps attempts, and no skips.
            row["outcomes"].as_object_mut().unwrap().remove("skipped");
        }
        stats["rows"]
            .as_array_mut()
            .unwrap()
            .retain(|row| row["attempts"] != 0);
        stats["from"] = Value::Null;
        told.push(stats);

        let ran = rig.paperfall(["report", "--html", "report.html"]).await;
        assert_eq!(ran.code, 0, "{ran}");
        let page = std::fs::read_to_string(rig.folder().join("report.html")).unwrap();
        for part in [
            "<!doctype html>",
            "<b>2</b><span>works ended",
            "given: success 1 of 2",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0]["works_with_paper"], 1);

    let table = without.paperfall(["stats", "--by", "host"]).await;
    assert!(table.stdout.contains("papers.example"), "{table}");
    let nowhere = without
        .paperfall(["report", "--html", "no/such/folder/page.html"])
        .await;
    nowhere.assert_refused(3, &["cannot write the page", "name a file"]);
}
