//! What a run on a ledger owes its list: every work of it is accounted for,
//! whoever ended it and when.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::book::Book;
use super::ending::Ended;
use super::planning::{Plan, Tracked};
use super::recorded::recorded;
use super::resolution::SKIPPED_DUPLICATE;
use super::storing::DEDUPED;
use super::workers::Done;
use crate::cli::desk::Desk;
use crate::cli::exit::Failed;
use crate::cli::output::note;
use crate::cli::tally::LedgerTally;
use crate::download::{End, Journal, OutFolder, Store};
use crate::ledger::{JobId, JobState, LedgerError, Planned};
use crate::outcome::Outcome;

/// Jobs asked about at once.
const BATCH: usize = 500;

/// The account of a list.
pub(super) struct Accounts {
    book: Book,
    tracked: Arc<Tracked>,
    /// Works found ended whose results had no line when this run began: the
    /// process that ended them was killed before it could write it, or is about
    /// to.
    untold: Vec<(String, Box<Planned>)>,
    /// Works that ended elsewhere, or will be tried again, while this run lasted:
    /// whoever worked on them may have been killed before it wrote the line.
    untold_here: Vec<(String, JobId)>,
    /// The works of the list, as far as it is planned.
    listed: HashMap<JobId, Listed>,
    /// The last rounds of jobs that may have another in this run, and of those
    /// that the list has not come to: it need not be of this list at all.
    rounds: HashMap<JobId, Ended>,
    is_list_over: bool,
    wait_for_retries: bool,
    store: Arc<Store>,
}

/// What was counted of a work when it was planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listed {
    /// Nothing: it was open.
    Open,
    /// It had its paper.
    Done,
    /// It had failed.
    Failed,
}

impl Accounts {
    pub(super) fn new(
        book: Book,
        tracked: Arc<Tracked>,
        store: Arc<Store>,
        wait_for_retries: bool,
    ) -> Self {
        Self {
            book,
            tracked,
            untold: Vec::new(),
            untold_here: Vec::new(),
            listed: HashMap::new(),
            rounds: HashMap::new(),
            is_list_over: false,
            wait_for_retries,
            store,
        }
    }

    /// A work was planned.
    pub(super) async fn planned(&mut self, desk: &mut Desk<'_>, plan: Plan) -> Result<(), Failed> {
        let (work_id, planned) = match plan {
            Plan::Todo(job) => {
                self.listed.insert(job, Listed::Open);
                match self.rounds.remove(&job) {
                    None => desk.progress.expect(1),
                    Some(ended) if ended.again.is_none() => count(desk, ended),
                    Some(ended) => drop(self.rounds.insert(job, ended)),
                }
                return Ok(());
            }
            Plan::Before(work_id, planned) => (work_id, planned),
        };
        let round = self.rounds.remove(&planned.job_id);
        if let Some(ended) = round.filter(|ended| ended.again.is_none()) {
            // A worker of ours was faster than the list.
            self.listed.insert(planned.job_id, Listed::Open);
            count(desk, ended);
            return Ok(());
        }
        if planned.state == JobState::Failed {
            self.listed.insert(planned.job_id, Listed::Failed);
            tally(desk).failed_before += 1;
        } else {
            self.listed.insert(planned.job_id, Listed::Done);
            desk.batch.tally.done_before += 1;
            if let Some(sha256) = &planned.sha256 {
                let stored = OutFolder::stored_as(&sha256.to_string(), 0);
                self.store.link_again(&work_id, &stored.path)?;
            }
        }
        if desk.wants_earlier() {
            let ledger = self.book.ledger().as_ref();
            match recorded(ledger, planned.job_id).await {
                Ok(Some(result)) => desk.take_earlier(result),
                Ok(None) => note(&format!(
                    "paperfall: {work_id}: it is done, and the ledger has no result of it"
                )),
                Err(error) => return Err(Failed::machine(error)),
            }
        }
        if !is_told(&desk.journal, &work_id, &planned) {
            self.untold.push((work_id, planned));
        }
        Ok(())
    }

    /// Writes the lines that are missing for good. Only the last process in the
    /// folder can tell: the line of another may be on its way.
    pub(super) async fn tell_untold(&mut self, desk: &mut Desk<'_>) -> Result<(), Failed> {
        if self.untold.is_empty() && self.untold_here.is_empty() {
            return Ok(());
        }
        desk.journal.read()?;
        let journal = &desk.journal;
        let before = std::mem::take(&mut self.untold).into_iter();
        let before = before.filter(|(work_id, planned)| !is_told(journal, work_id, planned));
        let here = std::mem::take(&mut self.untold_here).into_iter();
        let here = here.filter(|(work_id, _)| !journal.knows(work_id));
        let untold: Vec<(String, JobId)> = before
            .map(|(work_id, planned)| (work_id, planned.job_id))
            .chain(here)
            .collect();
        for (work_id, job) in untold {
            match recorded(self.book.ledger().as_ref(), job).await {
                Ok(Some(result)) => desk.write_earlier(&result),
                Ok(None) => {}
                Err(error) if self.book.goes_on() => {
                    note(&format!(
                        "paperfall: not known: the result of {work_id}: {error}"
                    ));
                }
                Err(error) => return Err(Failed::machine(error)),
            }
        }
        Ok(())
    }

    /// A job's round ended here. One that another round may follow, in this very
    /// run even, counts when the run is over.
    pub(super) fn ended(&mut self, desk: &mut Desk<'_>, (job, mut ended): Done) {
        let Some(job) = job else {
            desk.write_down(&ended.result);
            count(desk, ended);
            return;
        };
        let round = self.rounds.remove(&job);
        let listed = self.listed.get_mut(&job);
        if listed.is_none() && round.is_none() {
            desk.progress.expect(1);
        }
        if ended.followed_in(self.wait_for_retries).is_none() {
            desk.write_down(&ended.result);
        }
        if let Some(round) = round {
            ended.resumed = round.resumed;
            ended.resumed_at = ended.resumed_at.max(round.resumed_at);
        }
        let is_listed = listed.is_some();
        // The list found it done by us before we heard of it.
        match listed.map(|listed| std::mem::replace(listed, Listed::Open)) {
            Some(Listed::Done) => desk.batch.tally.done_before -= 1,
            Some(Listed::Failed) => tally(desk).failed_before -= 1,
            Some(Listed::Open) | None => {}
        }
        if ended.again.is_some() || !(is_listed || self.is_list_over) {
            self.rounds.insert(job, ended);
        } else if is_listed {
            count(desk, ended);
        } else {
            count_other(desk, &ended);
        }
    }

    /// Every work of the list is known now: what ended and is not among them is
    /// of another list.
    pub(super) fn list_is_over(&mut self, desk: &mut Desk<'_>) {
        self.is_list_over = true;
        for (_, ended) in self.rounds.extract_if(|_, ended| ended.again.is_none()) {
            count_other(desk, &ended);
        }
    }

    /// Counts the works that are to be tried again another time.
    pub(super) fn count_rounds(&mut self, desk: &mut Desk<'_>) {
        for (job, ended) in std::mem::take(&mut self.rounds) {
            // The run was stopped before the next one.
            if ended.followed_in(self.wait_for_retries).is_some() {
                desk.write_down(&ended.result);
            }
            if self.listed.contains_key(&job) {
                count(desk, ended);
            } else {
                count_other(desk, &ended);
            }
        }
    }

    /// The works of the list that did not end here: others ended them, or they
    /// will be tried again. Who ended them may have been killed before the line
    /// about it was written.
    pub(super) async fn settle_rest(&mut self, desk: &mut Desk<'_>) -> Result<(), LedgerError> {
        match self.settle_open(desk).await {
            Err(error) if self.book.goes_on() => {
                note(&format!(
                    "paperfall: not known: what became of the works that did not end here: {error}"
                ));
                Ok(())
            }
            settled => settled,
        }
    }

    async fn settle_open(&mut self, desk: &mut Desk<'_>) -> Result<(), LedgerError> {
        for works in self.tracked.open_works().chunks(BATCH) {
            let jobs = works.iter().map(|(job, _)| *job).collect();
            let standing = self.book.ledger().standing(jobs).await?;
            for ((job, work_id), standing) in works.iter().zip(standing) {
                let Some(standing) = standing else { continue };
                match (standing.done, standing.state) {
                    (true, JobState::Failed) => tally(desk).failed_before += 1,
                    (true, _) => tally(desk).by_others += 1,
                    (false, _) => {
                        tally(desk).waiting += 1;
                        if let Some(wait) = standing.due_in {
                            soonest(&mut tally(desk).next_due, wait);
                        }
                    }
                }
                if desk.wants_earlier()
                    && let Some(result) = recorded(self.book.ledger().as_ref(), *job).await?
                {
                    desk.take_earlier(result);
                }
                self.untold_here.push((work_id.clone(), *job));
            }
        }
        Ok(())
    }
}

/// Whether the results file tells how this job ended.
fn is_told(journal: &Journal, work_id: &str, planned: &Planned) -> bool {
    let sha256 = planned.sha256.as_ref().map(ToString::to_string);
    let end = match planned.state {
        JobState::Failed => End::Without(planned.failure_reason.as_deref()),
        _ => End::Stored(sha256.as_deref()),
    };
    journal.tells(work_id, end)
}

fn count(desk: &mut Desk<'_>, ended: Ended) {
    let account = tally(desk);
    if ended.resumed {
        account.resumed += 1;
    } else {
        account.new += 1;
    }
    if ended.resumed_at > 0 {
        account.resumed_at.push(ended.resumed_at);
    }
    if let Some(wait) = ended.again {
        account.waiting += 1;
        soonest(&mut account.next_due, wait);
    }
    let has = |note: &str| ended.result.notes.iter().any(|other| other == note);
    account.deduped += u64::from(has(DEDUPED));
    account.skipped += u64::from(has(SKIPPED_DUPLICATE));
    desk.count(ended.result);
}

/// A work that was due on the ledger and is not of this run's list.
fn count_other(desk: &mut Desk<'_>, ended: &Ended) {
    let account = tally(desk);
    account.others += 1;
    account.others_obtained += u64::from(ended.result.outcome == Outcome::Success);
}

fn tally<'d>(desk: &'d mut Desk<'_>) -> &'d mut LedgerTally {
    desk.batch.tally.ledger.get_or_insert_default()
}

fn soonest(due: &mut Option<Duration>, wait: Duration) {
    *due = Some(due.map_or(wait, |due| due.min(wait)));
}
