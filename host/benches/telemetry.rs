//! What telemetry costs in CPU time: one event, by where it goes, and a whole
//! run with everything switched on beside the same run without.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};

use common::{Goal, Spread, measure, report};
use paperfall::fallback::AttemptRecord;
use paperfall::ledger::{Existing, Options, SqliteLedger};
use paperfall::outcome::{Outcome, Reason};
use paperfall::telemetry::{
    FallbackAttempt, JsonlOptions, Metrics, TableOptions, Telemetry, TelemetryOptions,
};

const EVENTS: u32 = 8_000;
const ROUNDS: usize = 15;
const WORKS: usize = 256;
const RUNS: usize = 9;

fn main() {
    common::web::serve_if_child();
    per_event();
    whole_run();
}

fn event() -> FallbackAttempt {
    FallbackAttempt {
        job_id: None,
        work_id: "doi:10.7717/peerj.4375".to_owned(),
        record: AttemptRecord {
            tier: "direct_oa".to_owned(),
            source: "unpaywall".to_owned(),
            outcome: Outcome::Success,
            reason: Reason::OaPdf,
            url: Some("https://peerj.com/articles/4375.pdf".to_owned()),
            status: Some(200),
            host: Some("peerj.com".to_owned()),
            retries: 0,
            elapsed_ms: 180,
            requests: 3,
            bytes: 123_456,
        },
    }
}

/// CPU time of everything from making an event to its last byte handed to the
/// system, all threads, closing included.
fn per_event() {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = folder.path().join("manifest.sqlite3");
    let options = Options {
        existing: Existing::OrNew,
        ..Options::default()
    };
    drop(SqliteLedger::open(&ledger, options).expect("a ledger"));
    type Side<'a> = (&'a str, Box<dyn Fn(usize) -> TelemetryOptions + 'a>);
    let base = || TelemetryOptions {
        queued_events: EVENTS as usize,
        ..TelemetryOptions::default()
    };
    let file = |round: usize| JsonlOptions::new(folder.path().join(format!("{round}.jsonl")));
    let sides: [Side<'_>; 5] = [
        ("nobody listens", Box::new(|_| base())),
        (
            "metrics",
            Box::new(|_| TelemetryOptions {
                metrics: Metrics::new(),
                ..base()
            }),
        ),
        (
            "a file",
            Box::new(|round| TelemetryOptions {
                jsonl: Some(file(round)),
                ..base()
            }),
        ),
        (
            "the ledger's table",
            Box::new(|_| TelemetryOptions {
                table: Some(TableOptions::new(&ledger)),
                ..base()
            }),
        ),
        (
            "all three",
            Box::new(|round| TelemetryOptions {
                jsonl: Some(file(round)),
                table: Some(TableOptions::new(&ledger)),
                metrics: Metrics::new(),
                ..base()
            }),
        ),
    ];
    let mut costs = vec![Vec::new(); sides.len()];
    for round in 0..=ROUNDS {
        for (side, costs) in sides.iter().zip(&mut costs) {
            let telemetry = Telemetry::new(side.1(round)).expect("it opens");
            let cost = measure(|| {
                for _ in 0..EVENTS {
                    telemetry.emit(event());
                }
                assert!(
                    telemetry.finish().complete(),
                    "{}: events were lost",
                    side.0
                );
            });
            // The first round warms up.
            if round > 0 {
                costs.push(cost.cpu.as_secs_f64() * 1e6 / f64::from(EVENTS));
            }
        }
    }
    for ((name, _), costs) in sides.iter().zip(costs) {
        let what = format!("one event to {name}");
        report(
            &what,
            "µs of CPU",
            &Spread::new(costs),
            Some(Goal::AtMost(5.0)),
        );
    }
}

/// A run of the demo's works with a file and metrics, beside one without.
fn whole_run() {
    let web = common::web::Web::start(WORKS);
    let list: String = paperfall_miniweb::demo(WORKS)
        .works
        .iter()
        .filter(|work| work.verdict.reason != "source_deadline")
        .map(|work| format!("{}\n", work.line))
        .collect();
    let folder = web.folder.path();
    std::fs::write(folder.join("works.jsonl"), list).expect("written");
    for (name, ledger) in [("without a ledger", false), ("on a ledger", true)] {
        let mut ratios = Vec::new();
        for round in 0..=RUNS {
            let run = |telemetry: bool| {
                let out = folder.join(format!("out-{ledger}-{round}-{telemetry}"));
                run_cpu(&web, folder, &out, ledger, telemetry)
            };
            let (with, without) = if round % 2 == 0 {
                let with = run(true);
                (with, run(false))
            } else {
                let without = run(false);
                (run(true), without)
            };
            if round > 0 {
                ratios.push(with / without);
            }
        }
        report(
            &format!("a run {name} with --telemetry and --metrics"),
            "× its CPU time without",
            &Spread::new(ratios),
            Some(Goal::AtMost(1.02)),
        );
    }
}

/// Seconds of CPU a run took.
fn run_cpu(
    web: &common::web::Web,
    folder: &Path,
    out: &Path,
    ledger: bool,
    telemetry: bool,
) -> f64 {
    let mut command = Command::new("bash");
    command
        .args(["-c", "TIMEFORMAT='%3U %3S'; time \"$@\" 2>/dev/null", "run"])
        .arg(env!("CARGO_BIN_EXE_paperfall"))
        .args(["run", "works.jsonl", "--email", "demo@paperfall.example"])
        .arg("--out")
        .arg(out);
    if ledger {
        command.arg("--enable-idempotency");
    }
    if telemetry {
        command.args(["--metrics", "0", "--telemetry"]);
        command.arg(out.with_extension("jsonl"));
    }
    let ran = command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("PAPERFALL_CACHE_DIR", folder.join("cache"))
        .env("PAPERFALL_CA_FILE", web.ca_file())
        .env("PAPERFALL_RESOLVE", web.pins.join(";"))
        .current_dir(folder)
        .stdout(Stdio::null())
        .output()
        .expect("bash starts");
    let told = String::from_utf8(ran.stderr).expect("text");
    let seconds: Vec<f64> = told
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    assert_eq!(seconds.len(), 2, "bash says {told:?}");
    seconds.iter().sum()
}
