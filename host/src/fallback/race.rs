//! One work's race through the plan.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::stream::FuturesUnordered;
use paperfall_identifiers::WebUrl;

use super::attempt::{Context, Ended, TimeLimit, Winner, ask, probe_candidates};
use super::finish::next_together;
use super::knowledge::Knowledge;
use super::queue::Queue;
use super::record::AttemptRecord;
use super::resume::Current;
use super::roster::{Roster, RosterSource};
use super::stored::StoredUrls;
use super::story::StoryEntry;
use super::verdict::{Loss, judge};
use crate::http::{Session, Verdict};
use crate::intake::Work;
use crate::outcome::{Outcome, Reason};
use crate::plan::Budgets;
use crate::sandbox::{AttemptTrace, CANDIDATES_MAX, Candidate, Sandbox};

/// Tier and source of the URLs given with a work.
pub(super) const GIVEN: &str = "given";

/// A race for one work: [`Race::next`] runs it to its next validated
/// candidate, [`Race::strike`] says that one failed in download.
#[derive(Debug)]
pub struct Race {
    budgets: Budgets,
    pub(super) context: Context,
    queue: Queue,
    /// Time spent finding; downloads do not count.
    spent: Duration,
    launched: u32,
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

type Running = Pin<Box<dyn Future<Output = (usize, Ended)> + Send>>;

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

    fn spent_budget(&self, deadline: Instant) -> bool {
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

    /// Runs the current tier, re-armed sources included, until nothing is
    /// left of it or one source has won.
    async fn tier(&mut self, deadline: Instant) -> Option<Win> {
        let mut running: FuturesUnordered<Running> = FuturesUnordered::new();
        let mut in_flight: Vec<InFlight> = Vec::new();
        let mut early = Vec::new();
        loop {
            self.fill(&running, &mut in_flight, deadline);
            let expected = self.expected(&in_flight);
            let ended = tokio::select! {
                biased;
                ended = next_together(&mut running, &mut early, expected.as_deref()) => ended?,
                // What an attempt learnt before it turned to its candidates
                // need not wait for their probes.
                () = self.context.knowledge.news() => {
                    self.rearm();
                    continue;
                }
            };
            let names = ended.iter().map(|(_, ended)| {
                let record = &ended.record;
                format!("{}/{}", record.tier, record.source)
            });
            self.context.session.step(names.collect());
            let mut win = None;
            for (index, ended) in ended {
                if let (Some(_), Some(loser)) = (&win, &ended.winner) {
                    // It lost by order alone and stays in flight: should the
                    // winner be struck, it gets its turn again.
                    self.context.knowledge.release(&loser.candidate.url);
                    continue;
                }
                let position = in_flight.iter().position(|flight| flight.index == index);
                if let Some(flight) = position.map(|position| in_flight.swap_remove(position)) {
                    self.settle(&flight, &ended.record);
                }
                let won = self.take_in(ended);
                win = win.or(won);
            }
            if win.is_some() {
                // Dropping the futures aborts their requests at once.
                drop(running);
                for flight in in_flight {
                    self.queue.requeue(flight.index);
                    self.story.push(StoryEntry::Dropped {
                        tier: flight.source.tier.to_string(),
                        source: flight.source.name.to_string(),
                        trace: std::mem::take(
                            &mut *flight.trace.lock().unwrap_or_else(PoisonError::into_inner),
                        ),
                    });
                }
                return win;
            }
        }
    }

    /// The attempts that ended together next in the recording that is
    /// replayed, if one is. One that is not under way may still be started.
    fn expected(&self, in_flight: &[InFlight]) -> Option<Vec<usize>> {
        let names = self.context.session.expected()?;
        let index = |name: &String| {
            let found = in_flight
                .iter()
                .find(|flight| *name == format!("{}/{}", flight.source.tier, flight.source.name));
            found.map_or(usize::MAX, |flight| flight.index)
        };
        Some(names.iter().map(index).collect())
    }

    /// Starts what the limits allow. A source that cannot start now is
    /// skipped, which costs nothing.
    fn fill(
        &mut self,
        running: &FuturesUnordered<Running>,
        in_flight: &mut Vec<InFlight>,
        deadline: Instant,
    ) {
        let at_once = self
            .queue
            .parallel()
            .min(usize::try_from(self.budgets.max_concurrent).unwrap_or(usize::MAX));
        while in_flight.len() < at_once && !self.spent_budget(deadline) {
            let busy: Vec<usize> = in_flight.iter().map(|flight| flight.index).collect();
            let Some((index, source)) = self.queue.take(&busy) else {
                return;
            };
            let ready = match &source.adapter {
                Ok(ready) => Arc::clone(ready),
                Err(error) => {
                    let record = unasked(&source, Outcome::Error, Reason::LoadFailed);
                    tracing::debug!(source = %source.name, %error, "not loaded");
                    self.queue.done(index);
                    self.note_unasked(record);
                    continue;
                }
            };
            if self.context.refuses(&source) {
                let record = unasked(&source, Outcome::Skipped, Reason::BreakerOpen);
                self.queue.done(index);
                self.note_unasked(record);
                continue;
            }
            let wanted = &ready.adapter.descriptor().identifiers;
            let had = self.context.knowledge.available(wanted);
            if had.is_empty() && !wanted.is_empty() {
                let record = unasked(&source, Outcome::Skipped, missing_reason(wanted));
                self.queue.skipped_missing(index, had);
                self.note_unasked(record);
                continue;
            }
            self.launched = self.launched.saturating_add(1);
            let limit = TimeLimit::new(
                source.policy.timeout(),
                deadline.saturating_duration_since(Instant::now()),
            );
            let trace = Arc::new(Mutex::default());
            let attempt = ask(
                Arc::clone(&source),
                ready,
                self.context.clone(),
                limit,
                Arc::clone(&trace),
            );
            running.push(Box::pin(attempt.map(move |ended| (index, ended))));
            in_flight.push(InFlight {
                index,
                source,
                had,
                trace,
            });
        }
    }

    fn note_unasked(&mut self, record: AttemptRecord) {
        self.story.push(StoryEntry::Skipped(record.clone()));
        self.records.push(record);
    }

    /// Where the source stands after its attempt: one that skipped itself for
    /// want of something is re-armed when that arrives.
    fn settle(&mut self, flight: &InFlight, record: &AttemptRecord) {
        let wants_more = record.outcome == Outcome::Skipped
            && matches!(
                record.reason,
                Reason::NoDoi
                    | Reason::NoArxivId
                    | Reason::NoPmcid
                    | Reason::NoIdentifier
                    | Reason::NoLandingUrl
            );
        if record.outcome == Outcome::Skipped && record.requests == 0 {
            // It was shown the work and sent nothing: as free as a gate's skip.
            self.launched = self.launched.saturating_sub(1);
        }
        if wants_more {
            self.queue.skipped_missing(flight.index, flight.had.clone());
        } else {
            self.queue.done(flight.index);
        }
    }

    /// Records an ended attempt, re-arms whom its news concerns, and takes its
    /// win if it has one.
    fn take_in(&mut self, ended: Ended) -> Option<Win> {
        let record = self.records.len();
        self.records.push(ended.record);
        self.story.push(ended.story);
        self.rearm();
        ended.winner.map(|winner| self.won(record, winner))
    }

    /// Queues the skipped sources for which something has arrived.
    fn rearm(&mut self) {
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

/// An attempt under way.
#[derive(Debug)]
struct InFlight {
    index: usize,
    source: Arc<RosterSource>,
    /// What there was to start from at launch.
    had: Vec<String>,
    /// What it has done so far.
    trace: Arc<Mutex<AttemptTrace>>,
}

/// A source that was not asked.
fn unasked(source: &RosterSource, outcome: Outcome, reason: Reason) -> AttemptRecord {
    AttemptRecord {
        tier: source.tier.to_string(),
        source: source.name.to_string(),
        outcome,
        reason,
        url: None,
        status: None,
        host: None,
        retries: 0,
        elapsed_ms: 0,
        requests: 0,
        bytes: 0,
    }
}

/// The reason that names what is missing.
fn missing_reason(wanted: &[String]) -> Reason {
    match wanted {
        [only] => match only.as_str() {
            "doi" => Reason::NoDoi,
            "arxiv" => Reason::NoArxivId,
            "pmcid" => Reason::NoPmcid,
            "landing-url" => Reason::NoLandingUrl,
            _ => Reason::NoIdentifier,
        },
        several if several.iter().all(|one| one.ends_with("-url")) => Reason::NoLandingUrl,
        _ => Reason::NoIdentifier,
    }
}
