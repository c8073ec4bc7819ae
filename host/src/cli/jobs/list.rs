//! `paperfall jobs list`.

use std::collections::BTreeMap;

use paperfall_identifiers::{printable, visible};

use super::pour::Pour;
use super::words;
use crate::cli::exit::{Exit, Failed};
use crate::cli::jobs_args::ListArgs;
use crate::cli::table;
use crate::ledger::{JobRecord, LedgerReader};

/// Rows laid out together.
const ROWS: usize = 200;
/// As much of an id as tells a million jobs apart.
const SHORT_ID: usize = 13;

const HEAD: [&str; 8] = [
    "job", "state", "tries", "failures", "due", "updated", "work", "reason",
];

/// Lists jobs as they are read.
pub(super) fn list(args: &ListArgs) -> Result<Exit, Failed> {
    let reader = LedgerReader::open(&args.ledger.path())?;
    let mut listing = Listing {
        to: Pour::new(std::io::stdout().lock(), "standard output"),
        rows: Vec::new(),
        widths: [0; HEAD.len()],
        is_begun: false,
        now: words::now(),
    };
    let mut states: BTreeMap<String, u64> = BTreeMap::new();
    let (mut listed, mut is_read, mut has_more) = (0_u64, true, false);
    reader.jobs(&args.state, |job| {
        if args.limit.is_some_and(|limit| listed >= limit) {
            has_more = true;
            return Ok(false);
        }
        listed = listed.saturating_add(1);
        is_read = if args.json {
            let line = serde_json::to_string(&job).map_err(Failed::machine)?;
            listing.to.text(&format!("{line}\n"))?
        } else {
            *states.entry(job.state.clone()).or_default() += 1;
            listing.add(&job)?
        };
        Ok::<_, Failed>(is_read)
    })?;
    if is_read && !args.json {
        listing.flush()?;
        listing.to.text(&summary(listed, has_more, &states))?;
    }
    listing.to.end()?;
    Ok(Exit::Complete)
}

fn summary(listed: u64, has_more: bool, states: &BTreeMap<String, u64>) -> String {
    if has_more {
        return format!("the first {listed}; a higher --limit shows more\n");
    }
    if listed == 0 {
        return "no jobs\n".to_owned();
    }
    let states: Vec<String> = states
        .iter()
        .map(|(state, jobs)| format!("{jobs} {}", visible(state)))
        .collect();
    let noun = if listed == 1 { "job" } else { "jobs" };
    format!("{listed} {noun}: {}\n", states.join(", "))
}

/// A table that begins before its end is known: columns only ever get wider.
struct Listing<W: std::io::Write> {
    to: Pour<W>,
    rows: Vec<Vec<String>>,
    widths: [usize; HEAD.len()],
    is_begun: bool,
    now: f64,
}

impl<W: std::io::Write> Listing<W> {
    fn add(&mut self, job: &JobRecord) -> Result<bool, Failed> {
        let count = |n: Option<u32>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
        self.rows.push(vec![
            visible(&job.job_id.chars().take(SHORT_ID).collect::<String>()),
            visible(&job.state),
            count(job.attempts),
            count(job.failures),
            words::due(job, self.now),
            words::time(Some(job.updated_at)),
            printable(&job.work_id),
            printable(job.failure_reason.as_deref().unwrap_or_default()),
        ]);
        if self.rows.len() < ROWS {
            return Ok(true);
        }
        self.flush()
    }

    /// Lays out what was collected.
    fn flush(&mut self) -> Result<bool, Failed> {
        if self.rows.is_empty() {
            return Ok(true);
        }
        let head = HEAD
            .iter()
            .zip(&self.widths)
            .map(|(name, width)| format!("{name:<width$}"))
            .collect();
        let mut rows = vec![head];
        rows.append(&mut self.rows);
        for row in &rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let table = table::render(&rows);
        let body = match table.split_once('\n') {
            Some((_, body)) if self.is_begun => body,
            _ => &table,
        };
        self.is_begun = true;
        self.to.text(body)
    }
}
