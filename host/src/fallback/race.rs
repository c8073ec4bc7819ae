//! One work's race through the plan: the given URLs, then tier after tier,
//! until something has won, the plan is exhausted or the budgets are spent.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::attempt::{Context, Ended, TimeLimit, Winner, probe_candidates};
use super::knowledge::Knowledge;
use super::queue::Queue;
use super::record::AttemptRecord;
use super::resume::Current;
use super::roster::Roster;
use super::stored::StoredUrls;
use super::story::StoryEntry;
use super::verdict::{Loss, judge};
use crate::http::{Session, Verdict};
use crate::intake::Work;
use crate::outcome::{Outcome, Reason};
use crate::plan::Budgets;
use crate::sandbox::{CANDIDATES_MAX, Candidate, Sandbox};

/// Tier and source of the URLs given with a work.
pub(super) const GIVEN: &str = "given";

/// A race for one work: [`Race::next`] runs it to its next validated
/// candidate, [`Race::strike`] says that one failed in download.
#[derive(Debug)]
pub struct Race {
    pub(super) budgets: Budgets,
    pub(super) context: Context,
    pub(super) queue: Queue,
    /// Time spent finding; downloads do not count.
    pub(super) spent: Duration,
    pub(super) launched: u32,
    given_done: bool,
    /// What the last winner left over.
    pub(super) current: Option<Current>,
    pub(super) records: Vec<AttemptRecord>,
    pub(super) story: Vec<StoryEntry>,
}

/// A candidate the host has seen to be a PDF.
#[derive(Debug, Clone)]
pub struct Win {
    /// Its tier.
    pub tier: String,
    /// Its source.
    pub source: String,
    /// What was proposed.
    pub candidate: Candidate,
    /// What the probe saw; none when the bytes of this URL are stored already
    /// ([`Race::knowing_stored`]) and nothing was asked.
    pub verdict: Option<Verdict>,
}

impl Race {
    /// A race at its start.
    #[must_use]
    pub fn new(work: Work, roster: &Arc<Roster>, sandbox: Sandbox, session: Session) -> Self {
        Self {
            budgets: roster.budgets,
            given_done: !roster.try_given,
            context: Context {
                sandbox,
                session,
                knowledge: Knowledge::new(work),
                stored: None,
                roster: Arc::clone(roster),
            },
            queue: Queue::new(roster),
            spent: Duration::ZERO,
            launched: 0,
            current: None,
            records: Vec::new(),
            story: Vec::new(),
        }
    }

    /// A candidate whose bytes are stored already wins without being asked for.
    #[must_use]
    pub fn knowing_stored(mut self, stored: Arc<dyn StoredUrls>) -> Self {
        self.context.stored = Some(stored);
        self
    }

    /// Runs until a candidate is validated or the plan is exhausted. Dropping
    /// the future drops every attempt under way.
    ///
    /// # Errors
    ///
    /// [`Loss`]: no source is left, or the budgets are spent.
    pub async fn next(&mut self) -> Result<Win, Loss> {
        let started = Instant::now();
        let total = self.budgets.total_timeout();
        let deadline = started + total.saturating_sub(self.spent);
        let win = self.run(deadline).await;
        self.spent = self.spent.saturating_add(started.elapsed());
        win.ok_or_else(|| {
            if self.spent >= total {
                Loss {
                    outcome: Outcome::Retryable,
                    reason: Reason::TotalDeadline,
                }
            } else {
                self.loss()
            }
        })
    }

    /// The work with everything learnt.
    #[must_use]
    pub fn work(&self) -> Work {
        self.context.knowledge.work()
    }

    /// Attempts and skips so far, in the order they ended.
    #[must_use]
    pub fn records(&self) -> &[AttemptRecord] {
        &self.records
    }

    /// Everything that happened, in order.
    #[must_use]
    pub fn story(&self) -> &[StoryEntry] {
        &self.story
    }

    /// Time spent finding so far; downloads do not count.
    #[must_use]
    pub fn spent(&self) -> Duration {
        self.spent
    }

    /// Attempts launched so far.
    #[must_use]
    pub fn launched(&self) -> u32 {
        self.launched
    }

    fn loss(&self) -> Loss {
        judge(
            self.records
                .iter()
                .map(|record| (record.outcome, &record.reason)),
        )
    }

    async fn run(&mut self, deadline: Instant) -> Option<Win> {
        if let Some(win) = self.leftovers(deadline).await {
            return Some(win);
        }
        if let Some(win) = self.given(deadline).await {
            return Some(win);
        }
        loop {
            if let Some(win) = self.tier(deadline).await {
                return Some(win);
            }
            if self.queue.finished() || self.spent_budget(deadline) {
                return None;
            }
            self.queue.next_tier();
        }
    }

    pub(super) fn spent_budget(&self, deadline: Instant) -> bool {
        self.launched >= self.budgets.max_attempts || Instant::now() >= deadline
    }

    /// The PDF URLs given with the work come before every source.
    async fn given(&mut self, deadline: Instant) -> Option<Win> {
        if std::mem::replace(&mut self.given_done, true) {
            return None;
        }
        let urls = self.context.knowledge.work().pdf_urls;
        if urls.is_empty() || self.spent_budget(deadline) {
            return None;
        }
        let candidates = urls
            .into_iter()
            .take(CANDIDATES_MAX)
            .map(|url| Candidate {
                url,
                reason: Reason::GivenPdf,
                version: None,
                license: None,
                checksum: None,
                notes: Vec::new(),
            })
            .collect();
        let limit = TimeLimit::new(
            self.context.roster.given_policy.timeout(),
            deadline.saturating_duration_since(Instant::now()),
        );
        self.launched = self.launched.saturating_add(1);
        let ended = probe_candidates(
            GIVEN.to_owned(),
            GIVEN.to_owned(),
            candidates,
            self.context.clone(),
            limit,
        )
        .await;
        self.take_in(ended)
    }

    /// Records an ended attempt, re-arms whom its news concerns, and takes its
    /// win if it has one.
    pub(super) fn take_in(&mut self, ended: Ended) -> Option<Win> {
        let record = self.records.len();
        self.records.push(ended.record);
        self.story.push(ended.story);
        self.rearm();
        ended.winner.map(|winner| self.won(record, winner))
    }

    /// Queues the skipped sources for which something has arrived.
    pub(super) fn rearm(&mut self) {
        let knowledge = self.context.knowledge.clone();
        let rearmed = self.queue.rearm(|source| match &source.adapter {
            Ok(ready) => knowledge.available(&ready.adapter.descriptor().identifiers),
            Err(_) => Vec::new(),
        });
        for source in rearmed {
            self.story.push(StoryEntry::Rearmed {
                tier: source.tier.to_string(),
                source: source.name.to_string(),
            });
        }
    }

    pub(super) fn won(&mut self, record: usize, winner: Winner) -> Win {
        self.current = Some(Current {
            record,
            url: winner.candidate.url.clone(),
            endings: winner.before,
            rest: winner.rest,
            time_left: winner.time_left,
        });
        let (tier, source) = self
            .records
            .get(record)
            .map(|record| (record.tier.clone(), record.source.clone()))
            .unwrap_or_default();
        Win {
            tier,
            source,
            candidate: winner.candidate,
            verdict: winner.verdict,
        }
    }
}
