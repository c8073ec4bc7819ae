//! Going on after a winner failed: its candidate is struck, what it left over
//! is tried, then the race goes on with the next source.

use std::time::{Duration, Instant};

use paperfall_identifiers::WebUrl;

use super::attempt::{TimeLimit, probe_candidates};
use super::probing::Ending;
use super::race::{Race, Win};
use super::record::AttemptRecord;
use super::story::StoryEntry;
use super::verdict::weightiest;
use crate::outcome::{Outcome, Reason};
use crate::sandbox::Candidate;

/// The last winner, until it is struck or taken.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) record: usize,
    /// How the attempt's other candidates ended, the struck ones included.
    pub(super) endings: Vec<Ending>,
    pub(super) url: WebUrl,
    pub(super) rest: Vec<Candidate>,
    pub(super) time_left: Duration,
}

impl Race {
    /// Goes on where another process's race for this work stopped: its attempts
    /// count, its time is spent, and its last winner is struck.
    pub fn carry_over(
        &mut self,
        records: Vec<AttemptRecord>,
        spent: Duration,
        struck: &WebUrl,
        (outcome, reason): (Outcome, &Reason),
    ) {
        self.spent = self.spent.max(spent);
        self.launched = u32::try_from(records.iter().filter(|record| record.counts()).count())
            .unwrap_or(u32::MAX);
        self.records = records;
        let won = self
            .records
            .iter_mut()
            .rev()
            .find(|record| record.outcome == Outcome::Success);
        if let Some(won) = won {
            (won.outcome, won.reason) = (outcome, reason.clone());
        }
        self.context.knowledge.strike(struck, reason.clone());
    }

    /// The last win failed in download or validation: its candidate counts as
    /// failed, and [`Race::next`] goes on with the next one.
    pub fn strike(&mut self, outcome: Outcome, reason: &Reason, message: &str) {
        let Some(current) = &mut self.current else {
            return;
        };
        self.context.knowledge.strike(&current.url, reason.clone());
        let struck = (outcome, reason.clone());
        if let Some(record) = self.records.get_mut(current.record) {
            (record.outcome, record.reason) = weightiest(struck.clone(), &current.endings);
        }
        current.endings.push(struck);
        self.story.push(StoryEntry::Struck {
            url: current.url.to_string(),
            reason: reason.clone(),
            message: message.to_owned(),
        });
    }

    /// Candidates ranked below a struck winner, with what was left of its
    /// attempt's time; they belong to that attempt and cost no new one.
    pub(super) async fn leftovers(&mut self, deadline: Instant) -> Option<Win> {
        let current = self.current.take()?;
        if current.rest.is_empty() {
            return None;
        }
        let record = self.records.get(current.record)?;
        let (tier, source) = (record.tier.clone(), record.source.clone());
        let limit = TimeLimit::new(
            current.time_left,
            deadline.saturating_duration_since(Instant::now()),
        );
        let ended = probe_candidates(tier, source, current.rest, self.context.clone(), limit).await;
        let mut endings = current.endings;
        let keeps_old = ended.winner.is_none();
        // A success or a skip among them weighs nothing.
        endings.push((ended.record.outcome, ended.record.reason.clone()));
        self.story.push(ended.story);
        if let Some(old) = self.records.get_mut(current.record) {
            old.requests = old.requests.saturating_add(ended.record.requests);
            old.bytes = old.bytes.saturating_add(ended.record.bytes);
            old.retries = old.retries.saturating_add(ended.record.retries);
            old.elapsed_ms = old.elapsed_ms.saturating_add(ended.record.elapsed_ms);
            if keeps_old {
                let struck = (old.outcome, old.reason.clone());
                (old.outcome, old.reason) = weightiest(struck, &endings);
            } else {
                old.outcome = ended.record.outcome;
                old.reason = ended.record.reason.clone();
                old.url = ended.record.url.clone();
                old.status = ended.record.status;
                old.host = ended.record.host.clone();
            }
        }
        ended.winner.map(|mut winner| {
            endings.append(&mut winner.before);
            winner.before = endings;
            self.won(current.record, winner)
        })
    }
}
