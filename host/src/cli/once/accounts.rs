//! What a run on a ledger owes its list: every work of it is accounted for,
//! whoever ended it and when, and its result is told once.

use std::collections::HashMap;
use std::sync::Arc;

use super::account::{Account, Last, Round};
use super::book::Book;
use super::planning::{Plan, Tracked};
use super::recorded::recorded;
use super::workers::Done;
use crate::cli::desk::Desk;
use crate::cli::exit::Failed;
use crate::cli::output::note;
use crate::download::{OutFolder, Store, WorkResult};
use crate::ledger::{JobId, JobState, LedgerError, Planned};

/// Jobs asked about at once.
const BATCH: usize = 500;

/// The account of a list.
pub(super) struct Accounts {
    book: Book,
    tracked: Arc<Tracked>,
    store: Arc<Store>,
    wait_for_retries: bool,
    /// The works of the list, as far as it is planned, and those that were due
    /// on the ledger and ended here.
    works: HashMap<JobId, Account>,
    /// Works that were obtained without their jobs.
    bare: Vec<Round>,
    /// Rounds that ended here.
    rounds: u64,
    /// The last rounds of works that have another in this very run.
    unwritten: HashMap<JobId, WorkResult>,
    /// Results of works that the list has not come to: they need not be of this
    /// list at all.
    unclaimed: HashMap<JobId, WorkResult>,
    /// Works that had failed, where results of such are wanted.
    failed_before: HashMap<JobId, String>,
    /// Works that will be tried again though not one round ended here: whoever
    /// worked on them may have been killed before it wrote the line.
    untold: Vec<(String, JobId)>,
    is_list_over: bool,
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
            store,
            wait_for_retries,
            works: HashMap::new(),
            bare: Vec::new(),
            rounds: 0,
            unwritten: HashMap::new(),
            unclaimed: HashMap::new(),
            failed_before: HashMap::new(),
            untold: Vec::new(),
            is_list_over: false,
        }
    }

    /// A work was planned.
    pub(super) async fn planned(&mut self, desk: &mut Desk<'_>, plan: Plan) -> Result<(), Failed> {
        match plan {
            Plan::Todo(job) => {
                if !self.works.contains_key(&job) {
                    desk.progress.expect(1);
                }
                self.claim(desk, job);
                Ok(())
            }
            Plan::Before(work_id, planned) => self.planned_done(desk, work_id, &planned).await,
        }
    }

    async fn planned_done(
        &mut self,
        desk: &mut Desk<'_>,
        work_id: String,
        planned: &Planned,
    ) -> Result<(), Failed> {
        let job = planned.job_id;
        let account = self.works.entry(job).or_default();
        if account.is_over_here() {
            // A worker of ours was faster than the list.
            self.claim(desk, job);
            return Ok(());
        }
        account.is_listed = true;
        // Others ended what was to be tried again here.
        self.unwritten.remove(&job);
        self.unclaimed.remove(&job);
        if planned.state == JobState::Failed {
            account.last = Last::Failed;
            if desk.wants_earlier() {
                self.failed_before.insert(job, work_id);
            }
            return Ok(());
        }
        account.last = Last::Done;
        if let Some(sha256) = &planned.sha256 {
            let stored = OutFolder::stored_as(&sha256.to_string(), 0);
            self.store.link_again(&work_id, &stored.path)?;
        }
        if desk.wants_earlier() {
            account.is_told = true;
            let ledger = self.book.ledger().as_ref();
            match recorded(ledger, job).await.map_err(Failed::machine)? {
                Some(result) => desk.take_earlier(result),
                None => note_no_result(&work_id),
            }
        }
        Ok(())
    }

    /// The list came to a work.
    fn claim(&mut self, desk: &mut Desk<'_>, job: JobId) {
        let account = self.works.entry(job).or_default();
        account.is_listed = true;
        if let Some(result) = self.unclaimed.remove(&job) {
            desk.attempted(&result);
            tell_paper(desk, account, result);
        } else if let Some(result) = self.unwritten.get(&job) {
            desk.attempted(result);
        }
    }

    /// A job's round ended here. Unless another is to follow in this very run, its
    /// line is written; what it counts for is known when the run is over.
    pub(super) fn ended(&mut self, desk: &mut Desk<'_>, (job, ended): Done) {
        let number = self.rounds;
        self.rounds = self.rounds.saturating_add(1);
        let round = Round::new(&ended, number);
        let Some(job) = job else {
            desk.write_down(&ended.result);
            desk.attempted(&ended.result);
            desk.tell(ended.result);
            self.bare.push(round);
            return;
        };
        let is_followed = ended.followed_in(self.wait_for_retries).is_some();
        let account = self.works.entry(job).or_default();
        let is_awaited = account.is_listed && matches!(account.last, Last::Open);
        if self.unwritten.remove(&job).is_none() && !is_awaited {
            desk.progress.expect(1);
        }
        account.ended(round);
        if account.is_listed {
            desk.attempted(&ended.result);
        }
        if is_followed {
            self.unwritten.insert(job, ended.result);
            return;
        }
        desk.write_down(&ended.result);
        if account.is_listed {
            tell_paper(desk, account, ended.result);
        } else if !self.is_list_over {
            self.unclaimed.insert(job, ended.result);
        }
    }

    /// Every work of the list is known now: what ended and is not among them is
    /// of another list.
    pub(super) fn list_is_over(&mut self) {
        self.is_list_over = true;
        self.unclaimed = HashMap::new();
    }

    /// Asks the ledger about the works that have no paper, as far as this run
    /// knows: others ended them, have them tried again, or have tried them again
    /// already.
    pub(super) async fn settle(&mut self, desk: &mut Desk<'_>) -> Result<(), LedgerError> {
        match self.settle_lost(desk).await {
            Err(error) if self.book.goes_on() => {
                note(&format!(
                    "paperfall: not known: what became of the works that did not end here: {error}"
                ));
                Ok(())
            }
            settled => settled,
        }
    }

    async fn settle_lost(&mut self, desk: &mut Desk<'_>) -> Result<(), LedgerError> {
        let open: HashMap<JobId, String> = self.tracked.open_works().into_iter().collect();
        let is_asked = |(job, account): (&JobId, &Account)| {
            // One that is open and not tracked was obtained without its job.
            let is_bare = matches!(account.last, Last::Open) && !open.contains_key(job);
            (account.is_listed && account.may_have_changed() && !is_bare).then_some(*job)
        };
        let mut asked: Vec<JobId> = self.works.iter().filter_map(is_asked).collect();
        // As the ledger's index is.
        asked.sort_unstable();
        for jobs in asked.chunks(BATCH) {
            let standing = self.book.ledger().standing(jobs.to_vec()).await?;
            for (job, standing) in jobs.iter().zip(standing) {
                let (Some(standing), Some(account)) = (standing, self.works.get_mut(job)) else {
                    continue;
                };
                account.settle(&standing);
                if let (false, Some(work_id)) = (standing.done, open.get(job)) {
                    self.untold.push((work_id.clone(), *job));
                }
                if matches!(account.last, Last::Here(_)) || !desk.wants_earlier() {
                    continue;
                }
                match recorded(self.book.ledger().as_ref(), *job).await? {
                    Some(result) => desk.take_earlier(result),
                    None => {
                        if let Some(work_id) = self.failed_before.get(job) {
                            note_no_result(work_id);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Counts every work, and has those without a paper told: none of them is
    /// tried again in this run.
    pub(super) fn close(&mut self, desk: &mut Desk<'_>) {
        for (job, result) in std::mem::take(&mut self.unwritten) {
            // The run was stopped before the next round. One that others have ended
            // meanwhile has their line.
            if self.works.get(&job).is_some_and(Account::waits_here) {
                desk.write_down(&result);
            }
        }
        let mut lost = Vec::new();
        for account in self.works.values() {
            account.add_to(&mut desk.batch.tally);
            if let (true, false, Last::Here(round)) =
                (account.is_listed, account.is_told, &account.last)
                && let Some(of) = &round.lost
            {
                lost.push((round.number, &of.work_id));
            }
        }
        for round in &self.bare {
            round.add_to(&mut desk.batch.tally);
        }
        lost.sort_unstable();
        for (_, work_id) in lost {
            desk.tell_late(work_id);
        }
    }

    /// Works whose last rounds may have no line, beside those that have ended.
    pub(super) fn untold(&mut self) -> Vec<(String, JobId)> {
        std::mem::take(&mut self.untold)
    }
}

/// Tells the result of a work that has its paper, once. One that has none may be
/// tried again before the run is over.
fn tell_paper(desk: &mut Desk<'_>, account: &mut Account, result: WorkResult) {
    if result.outcome == crate::outcome::Outcome::Success && !account.is_told {
        account.is_told = true;
        desk.tell(result);
    }
}

fn note_no_result(work_id: &str) {
    note(&format!(
        "paperfall: {work_id}: it is done, and the ledger has no result of it"
    ));
}
