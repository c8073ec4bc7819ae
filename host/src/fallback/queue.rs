//! Whose turn it is: the sources of a plan and where each one stands in the
//! race.

use std::collections::VecDeque;
use std::sync::Arc;

use super::roster::{Roster, RosterSource};

/// Whether a source may still be asked again.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Again {
    /// Nothing was missing, as far as is known.
    No,
    /// It was skipped for want of what it starts from; `had` is what there was
    /// of it then.
    WhenMoreThan { had: Vec<String> },
    /// It was re-armed, which happens once.
    Never,
}

/// The order of one work's race.
#[derive(Debug)]
pub(crate) struct Queue {
    sources: Vec<Arc<RosterSource>>,
    again: Vec<Again>,
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
            again: vec![Again::No; sources.len()],
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
            if self.tier_of.get(index) == Some(&self.tier) {
                self.queued.push_back(index);
            }
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
        self.sources
            .get(index)
            .map(|source| (index, Arc::clone(source)))
    }

    /// The source was skipped for want of something to start from.
    pub(crate) fn skipped_missing(&mut self, index: usize, had: Vec<String>) {
        if let Some(again) = self.again.get_mut(index)
            && *again != Again::Never
        {
            *again = Again::WhenMoreThan { had };
        }
    }

    /// A dropped attempt goes back to its place in the order.
    pub(crate) fn requeue(&mut self, index: usize) {
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
        for (index, (source, again)) in self.sources.iter().zip(&mut self.again).enumerate() {
            let Again::WhenMoreThan { had } = again else {
                continue;
            };
            if available(source).iter().any(|what| !had.contains(what)) {
                *again = Again::Never;
                self.queued.push_back(index);
                rearmed.push(Arc::clone(source));
            }
        }
        rearmed
    }
}
