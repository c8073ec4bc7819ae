//! Metrics: what is counted, what it is called, and who may ask.

use std::collections::BTreeSet;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::samples;
use crate::ledger::{LeaseRequest, Ledger, NewJob, Options, SqliteLedger};
use crate::outcome::{Outcome, Reason};
use crate::telemetry::{
    BreakerState, CacheVerdict, Metrics, MetricsServer, Telemetry, TelemetryOptions,
};

/// Counts one of everything.
pub(super) async fn everything() -> Metrics {
    let metrics = Metrics::new();
    let telemetry = Telemetry::new(TelemetryOptions {
        metrics: metrics.clone(),
        ..TelemetryOptions::default()
    })
    .unwrap();
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("manifest.sqlite3");
    let ledger = SqliteLedger::open(&path, Options::default()).unwrap();
    let job = NewJob {
        work_id: "doi:10.1/a".to_owned(),
        artifact_id: "doi:10.1/a:pdf".to_owned(),
        canonical_url: "https://doi.org/10.1/a".to_owned(),
        payload: None,
    };
    ledger.plan(vec![job]).await.unwrap();
    let leased = ledger
        .lease(LeaseRequest::one(Duration::from_secs(9)))
        .await
        .unwrap();
    for event in samples::all(ledger.owner(), leased.leases[0].fence) {
        telemetry.emit(event);
    }
    ledger.close().await;
    metrics.watch_ledger(&path);

    let second = Duration::from_secs(1);
    metrics.http_request("export.arxiv.org", Some(200), CacheVerdict::Miss, second);
    metrics.http_request("secret.example", None, CacheVerdict::Bypass, second);
    metrics.limiter_wait("web.archive.org", second);
    metrics.breaker_moved("secret.example", None, Some(BreakerState::Open));
    metrics.breaker_moved(
        "secret.example",
        Some(BreakerState::Open),
        Some(BreakerState::HalfOpen),
    );
    metrics.sandbox_started(Duration::from_micros(40));
    metrics.sandbox_ended(3 << 20, Some(&Reason::Trap));
    metrics.sandbox_ended(1 << 20, None);
    metrics.downloaded(4096);
    metrics.taken_over();
    metrics.taken_over_ended();
    // The ledger is counted while it is there.
    let text = metrics.render();
    assert!(
        text.contains("paperfall_jobs{state=\"LEASED\"} 1\n"),
        "{text}"
    );
    assert!(
        text.contains("paperfall_jobs{state=\"INDEXED\"} 0\n"),
        "{text}"
    );
    metrics
}

/// The value of the series that prints like this.
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find(|line| {
        line.strip_prefix(series)
            .is_some_and(|rest| rest.starts_with(' '))
    });
    let line = line.unwrap_or_else(|| panic!("no {series} in\n{text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn every_event_and_every_rooms_count_is_a_metric() {
    let text = everything().await.render();
    for (series, expected) in [
        ("paperfall_leases_left_behind", 0.0),
        ("paperfall_jobs_planned_total", 1.0),
        ("paperfall_job_transitions_total{to_state=\"FAILED\"}", 1.0),
        ("paperfall_leases_total", 1.0),
        ("paperfall_lease_wait_seconds_bucket{le=\"0.0001\"}", 1.0),
        ("paperfall_lease_wait_seconds_sum", 0.000_085),
        ("paperfall_lease_renewals_total", 1.0),
        ("paperfall_lease_releases_total", 1.0),
        ("paperfall_takeovers_total", 1.0),
        ("paperfall_takeovers_ended_total", 1.0),
        (
            "paperfall_operations_total{op_type=\"HEAD\",result_code=\"NON_RETRYABLE\"}",
            1.0,
        ),
        ("paperfall_operation_seconds_sum{op_type=\"HEAD\"}", 0.012),
        ("paperfall_replays_total{op_type=\"HEAD\"}", 1.0),
        ("paperfall_crash_recoveries_total", 1.0),
        ("paperfall_recovered_leases_total", 1.0),
        ("paperfall_abandoned_operations_total", 2.0),
        ("paperfall_healed_jobs_total", 0.0),
        ("paperfall_swept_parts_total", 1.0),
        (
            "paperfall_attempts_total{tier=\"direct_oa\",source=\"unpaywall\",outcome=\"retryable\"}",
            2.0,
        ),
        (
            "paperfall_attempt_reasons_total{outcome=\"retryable\",reason=\"http_5xx\"}",
            2.0,
        ),
        ("paperfall_attempt_seconds_count{source=\"unpaywall\"}", 2.0),
        (
            "paperfall_works_total{outcome=\"success\",agreed_absent=\"no\"}",
            1.0,
        ),
        (
            "paperfall_works_total{outcome=\"no_pdf\",agreed_absent=\"no\"}",
            1.0,
        ),
        ("paperfall_time_to_paper_seconds_sum", 1.3),
        (
            "paperfall_http_requests_total{host_class=\"arxiv\",status=\"200\",cache=\"miss\"}",
            1.0,
        ),
        (
            "paperfall_http_requests_total{host_class=\"other\",status=\"none\",cache=\"bypass\"}",
            1.0,
        ),
        (
            "paperfall_http_request_seconds_count{host_class=\"arxiv\"}",
            1.0,
        ),
        (
            "paperfall_limiter_wait_seconds_sum{host_class=\"wayback\"}",
            1.0,
        ),
        ("paperfall_breakers{state=\"open\"}", 0.0),
        ("paperfall_breakers{state=\"half_open\"}", 1.0),
        (
            "paperfall_breaker_openings_total{host_class=\"other\"}",
            1.0,
        ),
        (
            "paperfall_sandbox_instantiation_seconds_bucket{le=\"0.00005\"}",
            1.0,
        ),
        (
            "paperfall_sandbox_memory_peak_bytes_bucket{le=\"1048576.0\"}",
            1.0,
        ),
        ("paperfall_sandbox_failures_total{reason=\"trap\"}", 1.0),
        ("paperfall_download_bytes_total", 4096.0),
        ("paperfall_telemetry_dropped_total", 0.0),
        ("paperfall_telemetry_lost_total", 0.0),
        (
            concat!(
                "paperfall_build_info{version=\"",
                env!("CARGO_PKG_VERSION"),
                "\"}"
            ),
            1.0,
        ),
    ] {
        assert_eq!(value(&text, series), expected, "{series}");
    }
}

#[tokio::test]
async fn names_follow_the_conventions_and_no_label_names_a_work_a_url_or_a_host() {
    let text = everything().await.render();
    assert!(text.ends_with("# EOF\n"));
    let mut names = BTreeSet::new();
    for line in text.lines() {
        for private in ["10.1/", "doi:", "://", "example", "export.", "archive.org"] {
            assert!(line.starts_with('#') || !line.contains(private), "{line}");
        }
        if let Some(described) = line.strip_prefix("# TYPE ") {
            let (name, kind) = described.split_once(' ').unwrap();
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                "{name}"
            );
            // A histogram's name ends in its unit; a counter gets its own ending.
            assert!(
                kind != "histogram" || name.ends_with("_seconds") || name.ends_with("_bytes"),
                "{name}"
            );
            assert!(!name.ends_with("_total") && !name.contains("_ms"), "{name}");
            assert!(names.insert(name.to_owned()), "{name} twice");
        }
    }
    assert!(names.len() > 30, "{names:?}");
}

#[test]
fn a_work_counts_as_agreed_absent_when_two_sources_say_so_and_not_before() {
    let metrics = Metrics::new();
    let telemetry = Telemetry::new(TelemetryOptions {
        metrics: metrics.clone(),
        ..TelemetryOptions::default()
    })
    .unwrap();
    let race = |work: &str, verdicts: &[(&str, Reason)], outcome| {
        for (source, reason) in verdicts {
            let mut attempt = samples::attempt();
            attempt.work_id = work.to_owned();
            attempt.record.source = (*source).to_owned();
            attempt.record.outcome = reason.outcome().unwrap_or(Outcome::NoPdf);
            attempt.record.reason = reason.clone();
            telemetry.emit(attempt);
        }
        let mut summary = samples::summary();
        summary.work_id = work.to_owned();
        summary.outcome = outcome;
        telemetry.emit(summary);
    };
    let (absent, gone) = (Reason::NotOa, Reason::NotFound);
    race(
        "a",
        &[("x", absent.clone()), ("y", gone.clone())],
        Outcome::NoPdf,
    );
    race(
        "b",
        &[("x", absent.clone()), ("x", gone.clone())],
        Outcome::NoPdf,
    );
    race(
        "c",
        &[("x", absent.clone()), ("y", Reason::Http5xx)],
        Outcome::Retryable,
    );
    race(
        "d",
        &[("x", absent.clone()), ("y", absent.clone())],
        Outcome::Success,
    );
    // What one race found is forgotten by the next.
    race("c", &[("y", absent)], Outcome::NoPdf);
    let own_word = Reason::parse("page_on_fire").unwrap();
    race("e", &[("x", own_word)], Outcome::NoPdf);

    let text = metrics.render();
    for (outcome, agreed, works) in [
        ("no_pdf", "yes", 1.0),
        ("no_pdf", "no", 3.0),
        ("retryable", "no", 1.0),
        ("success", "no", 1.0),
    ] {
        let series =
            format!("paperfall_works_total{{outcome=\"{outcome}\",agreed_absent=\"{agreed}\"}}");
        assert_eq!(value(&text, &series), works, "{series}");
    }
    assert!(!text.contains("page_on_fire"));
    let other = "paperfall_attempt_reasons_total{outcome=\"no_pdf\",reason=\"other\"}";
    assert_eq!(value(&text, other), 1.0);
}

/// One request; everything that came back.
async fn ask(server: &MetricsServer, request: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn get(server: &MetricsServer, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    ask(server, &request).await
}

async fn serve(metrics: &Metrics) -> MetricsServer {
    let address = "127.0.0.1:0".parse().unwrap();
    MetricsServer::start(address, metrics.clone())
        .await
        .unwrap()
}

#[tokio::test]
async fn the_server_shows_metrics_and_health_and_nothing_else() {
    let metrics = everything().await;
    let server = serve(&metrics).await;
    let shown = get(&server, "/metrics").await;
    assert!(shown.starts_with("HTTP/1.1 200 OK\r\n"), "{shown}");
    assert!(
        shown.contains("application/openmetrics-text; version=1.0.0"),
        "{shown}"
    );
    assert!(shown.contains("paperfall_leases_total 1\n"), "{shown}");
    assert!(get(&server, "/healthz").await.ends_with("\r\n\r\nok\n"));
    assert!(get(&server, "/").await.starts_with("HTTP/1.1 404 "));
    let post =
        "POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    assert!(ask(&server, post).await.starts_with("HTTP/1.1 405 "));

    metrics.set_trouble(Some("the ledger's disk is full".to_owned()));
    let ill = get(&server, "/healthz").await;
    assert!(
        ill.starts_with("HTTP/1.1 503 ") && ill.contains("disk is full"),
        "{ill}"
    );
    metrics.set_trouble(None);
    assert!(get(&server, "/healthz").await.contains("200 OK"));
}

#[tokio::test]
async fn a_head_without_end_is_cut_off_and_others_are_served_meanwhile() {
    let server = serve(&Metrics::new()).await;
    let mut slow = TcpStream::connect(server.address()).await.unwrap();
    slow.write_all(b"GET /metrics HTTP/1.1\r\nX: ")
        .await
        .unwrap();
    assert!(get(&server, "/healthz").await.contains("200 OK"));
    let mut closed = false;
    for _ in 0..1000 {
        if slow.write_all(&[b'x'; 1024]).await.is_err() {
            closed = true;
            break;
        }
        tokio::task::yield_now().await;
    }
    let mut rest = Vec::new();
    let answered = slow.read_to_end(&mut rest).await.is_ok() && rest.starts_with(b"HTTP/1.1 431");
    assert!(closed || answered, "{}", String::from_utf8_lossy(&rest));
}

#[tokio::test]
async fn a_taken_port_is_one_line_with_a_remedy_and_a_dropped_server_gives_it_back() {
    let server = serve(&Metrics::new()).await;
    let address = server.address();
    let taken = MetricsServer::start(address, Metrics::new()).await;
    let said = taken.map(|_| ()).unwrap_err().to_string();
    assert!(said.contains(&address.to_string()), "{said}");
    assert!(said.contains("give --metrics another"), "{said}");
    drop(server);
    for _ in 0..1000 {
        if MetricsServer::start(address, Metrics::new()).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{address} was not given back");
}
