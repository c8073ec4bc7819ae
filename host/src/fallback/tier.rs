//! One tier of a race: who starts, who is skipped, and what is made of those
//! that ended.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::stream::FuturesUnordered;

use super::attempt::{Ended, TimeLimit, ask};
use super::finish::next_together;
use super::race::{Race, Win};
use super::record::AttemptRecord;
use super::roster::RosterSource;
use super::story::StoryEntry;
use crate::outcome::{Outcome, Reason};
use crate::sandbox::AttemptTrace;

type Running = Pin<Box<dyn Future<Output = (usize, Ended)> + Send>>;

impl Race {
    /// Runs the current tier, re-armed sources included, until nothing is
    /// left of it or one source has won.
    pub(super) async fn tier(&mut self, deadline: Instant) -> Option<Win> {
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
            let win = self.take_together(ended, &mut in_flight);
            if win.is_some() {
                // Dropping the futures aborts their requests at once.
                drop(running);
                self.put_back(in_flight);
                return win;
            }
        }
    }

    /// Takes in attempts that ended together, in source order; the first that
    /// succeeded wins.
    pub(super) fn take_together(
        &mut self,
        ended: Vec<(usize, Ended)>,
        in_flight: &mut Vec<InFlight>,
    ) -> Option<Win> {
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
        win
    }

    /// Losers go back to their places in the order.
    fn put_back(&mut self, in_flight: Vec<InFlight>) {
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
                    self.note_unasked(record);
                    continue;
                }
            };
            if self.context.refuses(&source) {
                let record = unasked(&source, Outcome::Skipped, Reason::BreakerOpen);
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
        let wants_more = matches!(
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
        }
    }
}

/// An attempt under way.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) index: usize,
    pub(super) source: Arc<RosterSource>,
    /// What there was to start from at launch.
    pub(super) had: Vec<String>,
    /// What it has done so far.
    pub(super) trace: Arc<Mutex<AttemptTrace>>,
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
pub(crate) fn missing_reason(wanted: &[String]) -> Reason {
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
