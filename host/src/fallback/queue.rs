//! Whose turn it is: the sources of a plan and where each one stands in the
//! race.

use std::collections::VecDeque;
use std::sync::Arc;

use super::roster::{Roster, RosterSource};

/// Where a source stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    /// Its tier has not begun.
    Waiting,
    /// In the queue of the current tier.
    Queued,
    /// An attempt is under way.
    Running,
    /// Skipped because what it starts from was missing; `had` is what there
    /// was of it then.
    SkippedMissing { had: Vec<String> },
    /// It had its turn.
    Done,
}

/// The order of one work's race.
#[derive(Debug)]
pub(crate) struct Queue {
    sources: Vec<Arc<RosterSource>>,
    standing: Vec<Standing>,
    rearmed: Vec<bool>,
    tier_of: Vec<usize>,
    parallel: Vec<u32>,
    /// The current tier; `parallel.len()` when all are through.
    tier: usize,
    queued: VecDeque<usize>,
}

impl Queue {
    pub(crate) fn new(roster: &Roster) -> Self {
        let mut sources = Vec::new();
        let mut tier_of = Vec::new();
        for (tier, entry) in roster.tiers.iter().enumerate() {
            for source in &entry.sources {
                sources.push(Arc::clone(source));
                tier_of.push(tier);
            }
        }
        let mut queue = Self {
            standing: vec![Standing::Waiting; sources.len()],
            rearmed: vec![false; sources.len()],
            sources,
            tier_of,
            parallel: roster.tiers.iter().map(|tier| tier.parallel).collect(),
            tier: 0,
            queued: VecDeque::new(),
        };
        queue.open_tier();
        queue
    }

    fn open_tier(&mut self) {
        for index in 0..self.sources.len() {
            if self.tier_of.get(index) == Some(&self.tier)
                && self.standing.get(index) == Some(&Standing::Waiting)
            {
                self.push(index);
            }
        }
    }

    fn push(&mut self, index: usize) {
        self.set(index, Standing::Queued);
        self.queued.push_back(index);
    }

    fn set(&mut self, index: usize, standing: Standing) {
        if let Some(slot) = self.standing.get_mut(index) {
            *slot = standing;
        }
    }

    /// No tier is left.
    pub(crate) fn finished(&self) -> bool {
        self.tier >= self.parallel.len()
    }

    /// Attempts the current tier allows at once.
    pub(crate) fn parallel(&self) -> usize {
        let parallel = self.parallel.get(self.tier).copied().unwrap_or(0);
        usize::try_from(parallel).unwrap_or(usize::MAX)
    }

    /// Moves on to the next tier; call it when the queue is empty and nothing
    /// runs.
    pub(crate) fn next_tier(&mut self) {
        self.tier = self.tier.saturating_add(1);
        self.open_tier();
    }

    /// Takes the next source: the first whose hosts are not those of a
    /// running one, else simply the first.
    pub(crate) fn take(&mut self, running: &[usize]) -> Option<(usize, Arc<RosterSource>)> {
        let busy: Vec<&RosterSource> = running
            .iter()
            .filter_map(|&index| self.sources.get(index).map(Arc::as_ref))
            .collect();
        let position = self
            .queued
            .iter()
            .position(|&index| {
                self.sources
                    .get(index)
                    .is_some_and(|source| !busy.iter().any(|other| other.shares_host(source)))
            })
            .unwrap_or(0);
        let index = self.queued.remove(position)?;
        self.set(index, Standing::Running);
        self.sources
            .get(index)
            .map(|source| (index, Arc::clone(source)))
    }

    /// The source had its turn.
    pub(crate) fn done(&mut self, index: usize) {
        self.set(index, Standing::Done);
    }

    /// The source was skipped for want of something to start from.
    pub(crate) fn skipped_missing(&mut self, index: usize, had: Vec<String>) {
        self.set(index, Standing::SkippedMissing { had });
    }

    /// A dropped attempt goes back to its place in the order.
    pub(crate) fn requeue(&mut self, index: usize) {
        self.set(index, Standing::Queued);
        let position = self
            .queued
            .iter()
            .position(|&other| other > index)
            .unwrap_or(self.queued.len());
        self.queued.insert(position, index);
    }

    /// Queues, once each, the skipped sources for which something new has
    /// arrived; returns them.
    pub(crate) fn rearm(
        &mut self,
        available: impl Fn(&RosterSource) -> Vec<String>,
    ) -> Vec<Arc<RosterSource>> {
        let mut rearmed = Vec::new();
        for index in 0..self.sources.len() {
            let (Some(source), Some(Standing::SkippedMissing { had })) =
                (self.sources.get(index).cloned(), self.standing.get(index))
            else {
                continue;
            };
            let arrived = available(&source).iter().any(|what| !had.contains(what));
            if arrived && self.rearmed.get(index) == Some(&false) {
                if let Some(flag) = self.rearmed.get_mut(index) {
                    *flag = true;
                }
                self.push(index);
                rearmed.push(source);
            }
        }
        rearmed
    }
}
