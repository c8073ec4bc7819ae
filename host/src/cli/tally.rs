//! Counts over a run, and the table people see at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::time::Duration;

use super::table;
use crate::download::WorkResult;
use crate::outcome::{Outcome, Reason};

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
    /// Works the list names, where it was read to its end.
    pub(crate) listed: Option<u64>,
    /// Sources that were skipped because there is no contact address.
    without_contact: BTreeSet<String>,
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
    /// What the ledger tells, for runs on one.
    pub(crate) ledger: Option<LedgerTally>,
}

/// What a run on a ledger tells beside its results.
#[derive(Debug, Default)]
pub(crate) struct LedgerTally {
    /// Works of this run that an earlier process had begun.
    pub(crate) resumed: u64,
    /// The bytes at which downloads were continued.
    pub(crate) resumed_at: Vec<u64>,
    /// Works that no process had begun.
    pub(crate) new: u64,
    /// Works whose bytes another work had brought.
    pub(crate) deduped: u64,
    /// Works whose URL was stored for another work.
    pub(crate) skipped: u64,
    /// Works that other processes finished while this one ran.
    pub(crate) by_others: u64,
    /// Works that failed for good in an earlier run.
    pub(crate) failed_before: u64,
    /// Works of other lists that were due, and ended here.
    pub(crate) others: u64,
    /// Those of them that have their papers.
    pub(crate) others_obtained: u64,
    /// Works to be tried again, and the shortest wait.
    pub(crate) waiting: u64,
    pub(crate) next_due: Option<Duration>,
}

impl LedgerTally {
    fn render(&self, done_before: u64) -> String {
        let mut line = format!("{} done before", grouped(done_before));
        line.push_str(&format!(", {} resumed", grouped(self.resumed)));
        match self.resumed_at.as_slice() {
            [] => {}
            [one] => line.push_str(&format!(" (one at byte {})", grouped(*one))),
            several => {
                let furthest = several.iter().max().copied().unwrap_or_default();
                line.push_str(&format!(
                    " ({} in the middle of a file, at byte {} at most)",
                    several.len(),
                    grouped(furthest)
                ));
            }
        }
        line.push_str(&format!(", {} new", grouped(self.new)));
        for (count, words) in [
            (self.deduped, "with bytes that were stored already"),
            (self.skipped, "from URLs that were stored already"),
            (self.by_others, "done by other processes"),
            (self.failed_before, "without a paper since an earlier run"),
        ] {
            if count > 0 {
                line.push_str(&format!(", {} {words}", grouped(count)));
            }
        }
        if self.others > 0 {
            line.push_str(&format!(
                ", {} of other lists on this ledger ({} obtained)",
                grouped(self.others),
                grouped(self.others_obtained)
            ));
        }
        if self.waiting > 0 {
            let when = self.next_due.map_or_else(
                || ": run again".to_owned(),
                |due| {
                    let seconds = due.as_secs().saturating_add(1);
                    format!(", the next in {seconds} s: run again then")
                },
            );
            line.push_str(&format!(
                ", {} to be tried again{when}, or use --wait-for-retries",
                grouped(self.waiting)
            ));
        }
        line.push('\n');
        line
    }
}

/// `1 work`, `2 works`, `3 processes`.
pub(crate) fn counted(count: impl Display, noun: &str) -> String {
    let count = count.to_string();
    let ending = match (count.as_str(), noun.ends_with('s')) {
        ("1", _) => "",
        (_, false) => "s",
        (_, true) => "es",
    };
    format!("{count} {noun}{ending}")
}

/// A number with commas, as people read long ones.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl Tally {
    /// Counts a work by its result.
    pub(crate) fn add_result(&mut self, result: &WorkResult) {
        let lost = (result.outcome != Outcome::Success).then_some(&result.reason);
        self.add_work(result.outcome, lost, result.bytes.unwrap_or(0));
    }

    /// Counts a work: how it ended, why it has no paper if it has none, and the
    /// bytes of its paper.
    pub(crate) fn add_work(&mut self, outcome: Outcome, lost: Option<&Reason>, bytes: u64) {
        *self.works.entry(outcome.as_str()).or_default() += 1;
        if let Some(reason) = lost {
            *self.reasons.entry(reason.to_string()).or_default() += 1;
        }
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Counts the attempts of a result.
    pub(crate) fn add_attempts(&mut self, result: &WorkResult) {
        for attempt in &result.attempts {
            if attempt.reason == Reason::NoEmail {
                self.without_contact.insert(attempt.source.clone());
            }
            *self
                .sources
                .entry(attempt.source.clone())
                .or_default()
                .entry(attempt.outcome.as_str())
                .or_default() += 1;
        }
    }

    /// What to say when sources were skipped for want of a contact address.
    pub(crate) fn contact_note(&self) -> Option<String> {
        let sources: Vec<&str> = self.without_contact.iter().map(String::as_str).collect();
        let skipped = match sources.as_slice() {
            [] => return None,
            [one] => format!("{one} was skipped: it wants"),
            several => format!("{} were skipped: they want", several.join(" and ")),
        };
        Some(format!(
            "paperfall: {skipped} a contact address (--email you@university.edu)"
        ))
    }

    /// Works that went through the race.
    pub(crate) fn finished(&self) -> u64 {
        self.works.values().sum()
    }

    /// Works of the list that have not ended, where the list is known.
    pub(crate) fn left(&self) -> Option<u64> {
        let ended = self.finished() + self.done_before;
        let (elsewhere, waiting) = self.ledger.as_ref().map_or((0, 0), |ledger| {
            (ledger.by_others + ledger.failed_before, ledger.waiting)
        });
        let left = |listed: u64| listed.saturating_sub((ended + elsewhere).saturating_sub(waiting));
        self.listed.map(left)
    }

    pub(crate) fn obtained(&self) -> u64 {
        self.works.get("success").copied().unwrap_or(0)
    }

    /// Whether the list itself is at fault: it broke off, or not one line of
    /// it names a work.
    pub(crate) fn list_unusable(&self) -> bool {
        let elsewhere = self.ledger.as_ref().map_or(0, |ledger| {
            ledger.by_others + ledger.failed_before + ledger.waiting
        });
        let nothing = self.finished() == 0 && self.done_before == 0 && elsewhere == 0;
        self.list_broken || (nothing && self.bad_lines > 0)
    }

    /// Whether every work of the list has its paper.
    pub(crate) fn complete(&self) -> bool {
        let elsewhere = self
            .ledger
            .as_ref()
            .map_or(0, |ledger| ledger.failed_before + ledger.waiting);
        self.bad_lines == 0 && self.obtained() == self.finished() && elsewhere == 0
    }

    /// How many works this run obtained; where it had none to obtain, why.
    fn headline(&self) -> String {
        let elsewhere = self.ledger.as_ref().map_or(0, |ledger| {
            ledger.by_others + ledger.failed_before + ledger.waiting
        });
        match (self.finished(), self.done_before, elsewhere) {
            (0, 1, 0) => "nothing left to do: the work was obtained before".to_owned(),
            (0, before @ 1.., 0) => format!(
                "nothing left to do: all {} were obtained before",
                counted(before, "work")
            ),
            (0, _, _) => "no work of the list ended in this run".to_owned(),
            (finished, _, _) => format!(
                "{} of {} obtained ({})",
                self.obtained(),
                counted(finished, "work"),
                human_bytes(self.bytes)
            ),
        }
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
        text.push_str(&self.headline());
        let done_before = match self.ledger {
            // The line below says it, or the headline did.
            Some(_) => 0,
            None if self.finished() == 0 => 0,
            None => self.done_before,
        };
        for (count, words) in [
            (done_before, "done before"),
            (self.duplicates, "named twice in the list"),
        ] {
            if count > 0 {
                text.push_str(&format!(", {count} {words}"));
            }
        }
        if self.bad_lines > 0 {
            text.push_str(&format!(", {}", counted(self.bad_lines, "bad line")));
        }
        text.push('\n');
        if let Some(ledger) = &self.ledger {
            text.push_str(&ledger.render(self.done_before));
            if ledger.failed_before > 0 {
                text.push_str(
                    "to ask again: --retry-missing AGE where there was no open copy then, \
                     `paperfall jobs retry --failed` whatever it was (a plan that has grown, say)\n",
                );
            }
        }
        if !self.reasons.is_empty() {
            let reasons: Vec<String> = self
                .reasons
                .iter()
                .map(|(reason, count)| format!("{reason} {count}"))
                .collect();
            // One reason is explained; several would make a page of it.
            let meaning = match self.reasons.keys().collect::<Vec<_>>().as_slice() {
                [reason] => Reason::parse(reason).and_then(|reason| reason.meaning()),
                _ => None,
            };
            text.push_str(&format!("without a paper: {}", reasons.join(", ")));
            if let Some(meaning) = meaning {
                text.push_str(&format!(" ({meaning})"));
            }
            text.push('\n');
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

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_of_a_thing_is_not_told_as_many() {
        assert_eq!(counted(1_u64, "work"), "1 work");
        assert_eq!(counted(0_u32, "bad line"), "0 bad lines");
        assert_eq!(counted(2_usize, "process"), "2 processes");
        assert_eq!(counted(1, "process"), "1 process");
    }
}
