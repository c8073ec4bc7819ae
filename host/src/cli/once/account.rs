//! What one work came to in a run on a ledger, and the sums over all of them: a
//! work counts once, by what it came to last, however often it was tried.

use std::time::Duration;

use super::ending::Ended;
use super::resolution::SKIPPED_DUPLICATE;
use super::storing::DEDUPED;
use crate::cli::tally::{LedgerTally, Tally};
use crate::ledger::{JobState, Standing};
use crate::outcome::{Outcome, Reason};

/// One work.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// It is of the run's list, as far as that is planned.
    pub(super) is_listed: bool,
    /// Its result was told.
    pub(super) is_told: bool,
    pub(super) last: Last,
}

/// What became of a work last, as far as this run knows.
#[derive(Debug, Default)]
pub(super) enum Last {
    /// Nothing yet.
    #[default]
    Open,
    /// It had its paper when it was planned.
    Done,
    /// It failed elsewhere: before this run, as a rule.
    Failed,
    /// Another process brought its paper while this run lasted.
    Elsewhere,
    /// It is to be tried again, after this long.
    Waiting(Option<Duration>),
    /// A round of it ended here.
    Here(Box<Round>),
}

/// The end of a round.
#[derive(Debug)]
pub(super) struct Round {
    /// Its place among the rounds that ended in this run, from 0.
    pub(super) number: u64,
    outcome: Outcome,
    bytes: u64,
    resumed: bool,
    resumed_at: u64,
    deduped: bool,
    skipped: bool,
    /// It will be tried again after this long.
    pub(super) again: Option<Duration>,
    /// Of one without a paper.
    pub(super) lost: Option<Lost>,
}

/// A work without a paper.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) work_id: String,
    reason: Reason,
}

impl Round {
    pub(super) fn new(ended: &Ended, number: u64) -> Self {
        let result = &ended.result;
        let has = |note: &str| result.notes.iter().any(|other| other == note);
        Self {
            number,
            outcome: result.outcome,
            bytes: result.bytes.unwrap_or(0),
            resumed: ended.resumed,
            resumed_at: ended.resumed_at,
            deduped: has(DEDUPED),
            skipped: has(SKIPPED_DUPLICATE),
            again: ended.again,
            lost: (result.outcome != Outcome::Success).then(|| Lost {
                work_id: result.work_id.clone(),
                reason: result.reason.clone(),
            }),
        }
    }

    /// Counts it.
    pub(super) fn add_to(&self, tally: &mut Tally) {
        let lost = self.lost.as_ref().map(|lost| &lost.reason);
        tally.add_work(self.outcome, lost, self.bytes);
        let account = tally.ledger.get_or_insert_default();
        if self.resumed {
            account.resumed += 1;
        } else {
            account.new += 1;
        }
        if self.resumed_at > 0 {
            account.resumed_at.push(self.resumed_at);
        }
        if let Some(wait) = self.again {
            count_waiting(account, Some(wait));
        }
        account.deduped += u64::from(self.deduped);
        account.skipped += u64::from(self.skipped);
    }
}

impl Account {
    /// A round ended here. Whether the work is a new one is what the first round
    /// in this run says.
    pub(super) fn ended(&mut self, mut round: Round) {
        if let Last::Here(before) = &self.last {
            round.resumed = before.resumed;
            round.resumed_at = before.resumed_at.max(round.resumed_at);
        }
        self.last = Last::Here(Box::new(round));
    }

    /// A round ended here, and no other is to follow by itself.
    pub(super) fn is_over_here(&self) -> bool {
        matches!(&self.last, Last::Here(round) if round.again.is_none())
    }

    /// A round ended here, and another is to follow.
    pub(super) fn waits_here(&self) -> bool {
        matches!(&self.last, Last::Here(round) if round.again.is_some())
    }

    /// What may have changed since this run heard of it: with a paper a work is
    /// done, without one anybody may have had it tried again.
    pub(super) fn may_have_changed(&self) -> bool {
        match &self.last {
            Last::Done | Last::Elsewhere => false,
            Last::Here(round) => round.lost.is_some(),
            Last::Open | Last::Failed | Last::Waiting(_) => true,
        }
    }

    /// The ledger's word at the end of the run.
    pub(super) fn settle(&mut self, standing: &Standing) {
        match (&mut self.last, standing.done, standing.state) {
            (Last::Here(round), true, JobState::Failed) => {
                round.again = None;
                let reason = standing.reason.as_deref().and_then(Reason::parse);
                if let (Some(lost), Some(reason)) = (&mut round.lost, reason) {
                    lost.reason = reason;
                }
            }
            (Last::Here(round), false, _) => {
                round.again = Some(standing.due_in.unwrap_or_default());
            }
            (last, true, JobState::Failed) => *last = Last::Failed,
            (last, true, _) => *last = Last::Elsewhere,
            (last, false, _) => *last = Last::Waiting(standing.due_in),
        }
    }

    /// Counts the work.
    pub(super) fn add_to(&self, tally: &mut Tally) {
        if !self.is_listed {
            if let Last::Here(round) = &self.last {
                // It was due on the ledger.
                let account = tally.ledger.get_or_insert_default();
                account.others += 1;
                account.others_obtained += u64::from(round.lost.is_none());
            }
            return;
        }
        let account = tally.ledger.get_or_insert_default();
        match &self.last {
            // It was obtained without its job.
            Last::Open => {}
            Last::Done => tally.done_before += 1,
            Last::Failed => account.failed_before += 1,
            Last::Elsewhere => account.by_others += 1,
            Last::Waiting(wait) => count_waiting(account, *wait),
            Last::Here(round) => round.add_to(tally),
        }
    }
}

fn count_waiting(account: &mut LedgerTally, wait: Option<Duration>) {
    account.waiting += 1;
    let due = account.next_due;
    account.next_due = match (due, wait) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
}
