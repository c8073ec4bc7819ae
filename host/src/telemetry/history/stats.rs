//! Attempts by source, tier, outcome or host.

use std::collections::BTreeMap;

use serde::Serialize;

use super::observed::{Attempt, Observer, WorkEnd};
use super::reading::{HistoryError, Recorded};
use crate::ledger::Timestamp;
use crate::outcome::Outcome;

/// What attempts are put together by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// The source.
    Source,
    /// The source's tier.
    Tier,
    /// How they ended.
    Outcome,
    /// The host that decided them.
    Host,
}

/// Attempts that have something in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatRow {
    /// What: a source's name, a tier's, an outcome, a host.
    pub name: String,
    /// How many there are, skips not counted.
    pub attempts: u64,
    /// How many of them found a paper.
    pub success: u64,
    /// How many ended in each way, skips included.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// The time that half of them did not exceed, in milliseconds.
    pub p50_ms: u64,
    /// The time that 95 of 100 did not exceed, in milliseconds.
    pub p95_ms: u64,
    /// Requests sent.
    pub requests: u64,
    /// Requests repeated.
    pub retries: u64,
    /// Bytes received.
    pub bytes: u64,
}

/// Attempts, put together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// By what.
    pub by: GroupBy,
    /// The groups, the largest first.
    pub rows: Vec<StatRow>,
    /// Works that ended.
    pub works: u64,
    /// Works that ended with a paper.
    pub works_with_paper: u64,
    /// Records that could not be understood and were passed over.
    pub unreadable: u64,
}

impl Stats {
    /// Reads everything recorded at this moment or later.
    ///
    /// # Errors
    /// [`HistoryError`] if it cannot be read.
    pub fn read(recorded: &Recorded, by: GroupBy, since: Timestamp) -> Result<Self, HistoryError> {
        let mut groups = Groups {
            by,
            groups: BTreeMap::new(),
            works: 0,
            works_with_paper: 0,
            unreadable: 0,
        };
        recorded.read(since, &mut groups)?;
        let mut rows: Vec<StatRow> = groups
            .groups
            .into_iter()
            .map(|(name, group)| group.row(name))
            .collect();
        rows.sort_by(|a, b| (b.attempts, &a.name).cmp(&(a.attempts, &b.name)));
        Ok(Self {
            by,
            rows,
            works: groups.works,
            works_with_paper: groups.works_with_paper,
            unreadable: groups.unreadable,
        })
    }
}

struct Groups {
    by: GroupBy,
    groups: BTreeMap<String, Group>,
    works: u64,
    works_with_paper: u64,
    unreadable: u64,
}

#[derive(Default)]
struct Group {
    took_ms: Vec<u64>,
    outcomes: BTreeMap<&'static str, u64>,
    requests: u64,
    retries: u64,
    bytes: u64,
}

impl Observer for Groups {
    fn attempt(&mut self, attempt: &Attempt) {
        let name = match self.by {
            GroupBy::Source => attempt.source.as_str(),
            GroupBy::Tier => attempt.tier.as_str(),
            GroupBy::Outcome => attempt.outcome.as_str(),
            GroupBy::Host => attempt.host.as_deref().unwrap_or("-"),
        };
        if !self.groups.contains_key(name) {
            self.groups.insert(name.to_owned(), Group::default());
        }
        let Some(group) = self.groups.get_mut(name) else {
            return;
        };
        *group.outcomes.entry(attempt.outcome.as_str()).or_default() += 1;
        // As results count them: what was not asked is no attempt.
        if attempt.outcome != Outcome::Skipped || attempt.requests > 0 {
            group.took_ms.push(attempt.elapsed_ms);
        }
        group.requests = group.requests.saturating_add(attempt.requests);
        group.retries = group.retries.saturating_add(attempt.retries);
        group.bytes = group.bytes.saturating_add(attempt.bytes);
    }

    fn work(&mut self, end: &WorkEnd) {
        self.works += 1;
        self.works_with_paper += u64::from(end.success);
    }

    fn stored(&mut self, _: i64, _: u64) {}

    fn unreadable(&mut self) {
        self.unreadable += 1;
    }
}

impl Group {
    fn row(mut self, name: String) -> StatRow {
        self.took_ms.sort_unstable();
        let percentile = |percent: usize| {
            let rank = (self.took_ms.len() * percent).div_ceil(100).max(1);
            self.took_ms.get(rank - 1).copied().unwrap_or(0)
        };
        StatRow {
            name,
            attempts: u64::try_from(self.took_ms.len()).unwrap_or(u64::MAX),
            success: self.outcomes.get("success").copied().unwrap_or(0),
            p50_ms: percentile(50),
            p95_ms: percentile(95),
            outcomes: self.outcomes,
            requests: self.requests,
            retries: self.retries,
            bytes: self.bytes,
        }
    }
}
