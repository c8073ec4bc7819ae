//! What the page's plots are drawn from, counted in bounded space.

use std::collections::BTreeMap;

use super::observed::{Attempt, Observer, WorkEnd};
use super::reading::{HistoryError, Recorded};
use crate::ledger::Timestamp;

/// The upper ends of the classes of "time to a paper", in milliseconds; the
/// last class is everything above.
pub(super) const TIME_CLASSES_MS: [u64; 11] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 120_000, 600_000,
];
/// Points in time a plot over time has at most.
const SLOTS: usize = 48;

/// What happened in one slot of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::telemetry) struct Slot {
    pub(in crate::telemetry) with_paper: u64,
    pub(super) without: u64,
    pub(super) bytes: u64,
}

/// What was recorded, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Outcomes by source, skips included.
    pub(super) sources: BTreeMap<String, BTreeMap<&'static str, u64>>,
    /// Reasons of works without a paper.
    pub(super) reasons: BTreeMap<String, u64>,
    /// Works by how long their paper took; see [`TIME_CLASSES_MS`].
    pub(super) times: [u64; TIME_CLASSES_MS.len() + 1],
    /// What happened when, by minute.
    minutes: BTreeMap<i64, Slot>,
    /// Works that ended with a paper.
    pub(super) with_paper: u64,
    /// Works that ended without.
    pub(super) without: u64,
    /// Bytes of the papers stored.
    pub(super) bytes: u64,
    /// Records that made no sense.
    pub(super) unreadable: u64,
}

impl Tally {
    /// Reads everything recorded at this moment or later.
    ///
    /// # Errors
    /// [`HistoryError`] if it cannot be read.
    pub fn read(recorded: &Recorded, since: Timestamp) -> Result<Self, HistoryError> {
        let mut tally = Self::default();
        recorded.read(since, &mut tally)?;
        Ok(tally)
    }

    fn minute(&mut self, at: i64) -> &mut Slot {
        self.minutes.entry(at.div_euclid(60_000)).or_default()
    }

    /// Time in slots of equal length: the first one's beginning and the length,
    /// in minutes, and what happened in each.
    pub(in crate::telemetry) fn over_time(&self) -> Option<(i64, i64, Vec<Slot>)> {
        let (first, _) = self.minutes.first_key_value()?;
        let (last, _) = self.minutes.last_key_value()?;
        let span = last.checked_sub(*first)?.checked_add(1)?;
        let length = slot_minutes(span);
        let start = first.div_euclid(length) * length;
        let count = usize::try_from((last - start).div_euclid(length) + 1).ok()?;
        let mut slots = vec![Slot::default(); count];
        for (minute, happened) in &self.minutes {
            let index = usize::try_from((minute - start).div_euclid(length)).ok()?;
            if let Some(slot) = slots.get_mut(index) {
                slot.with_paper += happened.with_paper;
                slot.without += happened.without;
                slot.bytes = slot.bytes.saturating_add(happened.bytes);
            }
        }
        Some((start, length, slots))
    }
}

/// A length people know of which not too many fit into the span.
fn slot_minutes(span: i64) -> i64 {
    const KNOWN: [i64; 12] = [1, 2, 5, 10, 15, 30, 60, 120, 360, 720, 1_440, 10_080];
    let most = i64::try_from(SLOTS).unwrap_or(i64::MAX) - 1;
    KNOWN
        .into_iter()
        .find(|length| span / length < most)
        .unwrap_or(span / most + 1)
}

impl Observer for Tally {
    fn attempt(&mut self, attempt: &Attempt) {
        *self
            .sources
            .entry(attempt.source.clone())
            .or_default()
            .entry(attempt.outcome.as_str())
            .or_default() += 1;
    }

    fn work(&mut self, end: &WorkEnd) {
        if end.success {
            self.with_paper += 1;
            self.minute(end.at).with_paper += 1;
            let class = TIME_CLASSES_MS.iter().position(|most| end.took_ms <= *most);
            if let Some(count) = self.times.get_mut(class.unwrap_or(TIME_CLASSES_MS.len())) {
                *count += 1;
            }
        } else {
            self.without += 1;
            self.minute(end.at).without += 1;
            let reason = end.reason.clone().unwrap_or_else(|| "unknown".to_owned());
            *self.reasons.entry(reason).or_default() += 1;
        }
    }

    fn stored(&mut self, at: i64, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        let slot = self.minute(at);
        slot.bytes = slot.bytes.saturating_add(bytes);
    }

    fn unreadable(&mut self) {
        self.unreadable += 1;
    }
}
