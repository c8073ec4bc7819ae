//! `paperfall stats`.

use serde::Serialize;

use super::exit::{Exit, Failed};
use super::history_args::{StatsArgs, now, shown, since, window_text};
use super::output::{out, outln};
use super::table;
use super::tally::{counted, human_bytes};
use crate::ledger::Timestamp;
use crate::outcome::Outcome;
use crate::telemetry::history::{GroupBy, Recorded, Stats};

/// The outcomes beside success that have a column.
const COLUMNS: [Outcome; 6] = [
    Outcome::NoPdf,
    Outcome::Nonretryable,
    Outcome::Retryable,
    Outcome::Timeout,
    Outcome::Error,
    Outcome::Skipped,
];

#[derive(Serialize)]
struct Report<'a> {
    from: String,
    window_s: Option<u64>,
    #[serde(flatten)]
    stats: &'a Stats,
}

/// `paperfall stats`: attempts, put together.
pub(crate) fn stats(args: &StatsArgs) -> Result<Exit, Failed> {
    let recorded = Recorded::find(&args.record.folder(), args.record.ledger.as_deref())?;
    let from = match args.window {
        Some(window) => since(now(), window),
        None => Timestamp::from_millis(i64::MIN),
    };
    let stats = Stats::read(&recorded, args.by.into(), from)?;
    if args.json {
        let report = Report {
            from: shown(recorded.path()),
            window_s: args.window.map(|window| window.as_secs()),
            stats: &stats,
        };
        outln!(
            "{}",
            serde_json::to_string_pretty(&report).map_err(Failed::machine)?
        )?;
        return Ok(Exit::Complete);
    }
    outln!("{}, {}", shown(recorded.path()), window_text(args.window))?;
    out(&render(&stats))?;
    Ok(Exit::Complete)
}

fn render(stats: &Stats) -> String {
    let name = match stats.by {
        GroupBy::Source => "source",
        GroupBy::Tier => "tier",
        GroupBy::Outcome => "outcome",
        GroupBy::Host => "host",
    };
    let by_outcome = stats.by == GroupBy::Outcome;
    let mut head = vec![name.to_owned(), "attempts".to_owned()];
    if !by_outcome {
        head.push("success".to_owned());
        head.extend(COLUMNS.iter().map(ToString::to_string));
    }
    head.extend(["p50 ms", "p95 ms", "requests", "retries", "received"].map(str::to_owned));
    let mut rows = vec![head];
    for row in &stats.rows {
        let count = |outcome: &Outcome| row.outcomes.get(outcome.as_str()).copied().unwrap_or(0);
        // Skips are an outcome, and no attempt.
        let attempts = if by_outcome {
            row.outcomes.values().sum()
        } else {
            row.attempts
        };
        let mut cells = vec![row.name.clone(), attempts.to_string()];
        if !by_outcome {
            cells.push(row.success.to_string());
            cells.extend(COLUMNS.iter().map(|outcome| count(outcome).to_string()));
        }
        cells.extend(
            [row.p50_ms, row.p95_ms, row.requests, row.retries].map(|number| number.to_string()),
        );
        cells.push(human_bytes(row.bytes));
        rows.push(cells);
    }
    let mut text = String::new();
    if rows.len() > 1 {
        text.push_str(&table::render(&rows));
    } else {
        text.push_str("no attempt was recorded\n");
    }
    text.push_str(&format!(
        "{} of {} ended with a paper\n",
        stats.works_with_paper,
        counted(stats.works, "work")
    ));
    if stats.unreadable > 0 {
        text.push_str(&format!(
            "passed over: {} that made no sense\n",
            counted(stats.unreadable, "record")
        ));
    }
    text
}
