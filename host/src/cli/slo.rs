//! `paperfall slo`.

use serde::Serialize;

use super::exit::{Exit, Failed};
use super::history_args::{SloArgs, now, shown, window_text};
use super::output::{out, outln};
use super::table;
use crate::ledger::LedgerReader;
use crate::telemetry::slo::{Level, ServiceLevels, judge};

#[derive(Serialize)]
struct Report<'a> {
    ledger: String,
    window_s: u64,
    met: bool,
    #[serde(flatten)]
    levels: &'a ServiceLevels,
}

/// `paperfall slo`: the service levels; 1 when one is missed.
pub(crate) fn slo(args: &SloArgs) -> Result<Exit, Failed> {
    let file = args.record.path();
    let reader = LedgerReader::open(&file)?;
    let levels = judge(&reader, now(), args.window)?;
    if args.json {
        let report = Report {
            ledger: shown(&file),
            window_s: args.window.as_secs(),
            met: levels.met(),
            levels: &levels,
        };
        outln!(
            "{}",
            serde_json::to_string_pretty(&report).map_err(Failed::machine)?
        )?;
    } else {
        outln!("{}, {}", shown(&file), window_text(Some(args.window)))?;
        out(&render(&levels))?;
    }
    Ok(if levels.met() {
        Exit::Complete
    } else {
        Exit::Incomplete
    })
}

fn render(levels: &ServiceLevels) -> String {
    let mut rows = vec![
        [
            "service level",
            "goal",
            "value",
            "budget left",
            "verdict",
            "made of",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    rows.extend(levels.levels.iter().map(|level| {
        vec![
            level.title.to_owned(),
            level.target_text(),
            level.value_text(),
            level.budget_text(),
            level.verdict_text().to_owned(),
            made_of(level),
        ]
    }));
    let mut text = table::render(&rows);
    let mut hints: Vec<&str> = levels
        .levels
        .iter()
        .filter_map(|level| level.hint)
        .collect();
    hints.dedup();
    for hint in hints {
        text.push_str(&format!("no data: {hint}\n"));
    }
    text
}

fn made_of(level: &Level) -> String {
    let counts: Vec<String> = level
        .from
        .iter()
        .map(|(what, count)| format!("{} {count}", what.replace('_', " ")))
        .collect();
    counts.join(", ")
}
