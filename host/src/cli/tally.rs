//! Counts over a run, and the table people see at its end.

use std::collections::BTreeMap;

use super::table;
use crate::download::WorkResult;
use crate::outcome::Outcome;

/// Columns of the table, in the order people ask for them.
const OUTCOMES: [Outcome; 7] = [
    Outcome::Success,
    Outcome::NoPdf,
    Outcome::Nonretryable,
    Outcome::Retryable,
    Outcome::Timeout,
    Outcome::Error,
    Outcome::Skipped,
];

/// What a run came to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Works by outcome.
    works: BTreeMap<&'static str, u64>,
    /// Works without a paper by reason.
    reasons: BTreeMap<String, u64>,
    /// Attempts by source and outcome.
    sources: BTreeMap<String, BTreeMap<&'static str, u64>>,
    /// Works done by an earlier run.
    pub(crate) done_before: u64,
    /// Lines that named a work twice.
    pub(crate) duplicates: u64,
    /// Lines that named none.
    pub(crate) bad_lines: u64,
    /// The list could not be read to its end.
    pub(crate) list_broken: bool,
    /// Bytes stored or found stored.
    bytes: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, result: &WorkResult) {
        *self.works.entry(result.outcome.as_str()).or_default() += 1;
        if result.outcome != Outcome::Success {
            *self.reasons.entry(result.reason.to_string()).or_default() += 1;
        }
        for attempt in &result.attempts {
            *self
                .sources
                .entry(attempt.source.clone())
                .or_default()
                .entry(attempt.outcome.as_str())
                .or_default() += 1;
        }
        self.bytes = self.bytes.saturating_add(result.bytes.unwrap_or(0));
    }

    /// Works that went through the race.
    pub(crate) fn finished(&self) -> u64 {
        self.works.values().sum()
    }

    pub(crate) fn obtained(&self) -> u64 {
        self.works.get("success").copied().unwrap_or(0)
    }

    /// Whether the list itself is at fault: it broke off, or not one line of
    /// it names a work.
    pub(crate) fn list_unusable(&self) -> bool {
        let nothing = self.finished() == 0 && self.done_before == 0;
        self.list_broken || (nothing && self.bad_lines > 0)
    }

    /// Whether every work of the list has its paper.
    pub(crate) fn complete(&self) -> bool {
        self.bad_lines == 0 && self.obtained() == self.finished()
    }

    /// The table by source and outcome, sources in the order given, and a
    /// line or two about the works.
    pub(crate) fn render(&self, source_order: &[String]) -> String {
        let mut head = vec!["source".to_owned()];
        head.extend(OUTCOMES.iter().map(ToString::to_string));
        let mut rows = vec![head];
        let known = source_order
            .iter()
            .filter(|name| self.sources.contains_key(*name));
        let others = self
            .sources
            .keys()
            .filter(|name| !source_order.contains(name));
        for name in others.chain(known) {
            let mut row = vec![name.clone()];
            row.extend(OUTCOMES.iter().map(|outcome| {
                self.sources
                    .get(name)
                    .and_then(|counts| counts.get(outcome.as_str()))
                    .copied()
                    .unwrap_or(0)
                    .to_string()
            }));
            rows.push(row);
        }
        let mut text = String::new();
        if rows.len() > 1 {
            text.push_str(&table::render(&rows));
            text.push('\n');
        }
        text.push_str(&format!(
            "{} of {} works obtained ({})",
            self.obtained(),
            self.finished(),
            human_bytes(self.bytes)
        ));
        for (count, words) in [
            (self.done_before, "done before"),
            (self.duplicates, "named twice in the list"),
            (self.bad_lines, "bad lines"),
        ] {
            if count > 0 {
                text.push_str(&format!(", {count} {words}"));
            }
        }
        text.push('\n');
        if !self.reasons.is_empty() {
            let reasons: Vec<String> = self
                .reasons
                .iter()
                .map(|(reason, count)| format!("{reason} {count}"))
                .collect();
            text.push_str(&format!("without a paper: {}\n", reasons.join(", ")));
        }
        text
    }
}

/// Bytes in the unit people read.
pub(crate) fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    #[allow(clippy::cast_precision_loss)] // one decimal is shown
    let mut value = bytes as f64 / 1024.0;
    let mut unit = "KiB";
    for next in UNITS.iter().skip(1) {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    format!("{value:.1} {unit}")
}
