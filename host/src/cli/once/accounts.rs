//! What a run on a ledger owes its list: every work of it is accounted for,
//! whoever ended it and when.

use std::sync::Arc;
use std::time::Duration;

use super::book::Book;
use super::planning::{Plan, Tracked};
use super::resolution::{SKIPPED_DUPLICATE, skipped};
use super::storing::DEDUPED;
use super::workers::Done;
use crate::cli::desk::Desk;
use crate::cli::tally::LedgerTally;
use crate::download::WorkResult;
use crate::ledger::{JobId, JobState, LedgerError};
use crate::outcome::Outcome;

/// Jobs asked about at once.
const BATCH: usize = 500;

/// The account of a list.
pub(super) struct Accounts {
    book: Book,
    tracked: Arc<Tracked>,
}

impl Accounts {
    pub(super) fn new(book: Book, tracked: Arc<Tracked>) -> Self {
        Self { book, tracked }
    }

    /// A work was planned.
    pub(super) async fn planned(&self, desk: &mut Desk<'_>, plan: Plan) -> Result<(), LedgerError> {
        let (work_id, planned) = match plan {
            Plan::Todo => {
                desk.progress.expect(1);
                return Ok(());
            }
            Plan::Before(work_id, planned) => (work_id, planned),
        };
        if planned.state == JobState::Failed {
            tally(desk).failed_before += 1;
        } else {
            desk.batch.tally.done_before += 1;
        }
        // A run that was killed between the ledger and the results file.
        if desk.keeps() || !desk.journal.knows(&work_id) {
            self.write_down(desk, planned.job_id).await?;
        }
        Ok(())
    }

    async fn write_down(&self, desk: &mut Desk<'_>, job: JobId) -> Result<(), LedgerError> {
        let stored = self.book.ledger().last_result(job).await?;
        let result = stored.and_then(|stored| {
            serde_json::from_value::<WorkResult>(stored.result.get("result")?.clone()).ok()
        });
        let Some(mut result) = result else {
            return Ok(());
        };
        // A takeover may have found out after the resolution was recorded that
        // the bytes are stored already.
        if let (Outcome::Success, None, Some(url)) = (result.outcome, &result.path, &result.url)
            && let Some(object) = self.book.ledger().stored_from(url).await?
        {
            skipped(&mut result, &object);
        }
        desk.take_earlier(result);
        Ok(())
    }

    /// A job ended here.
    pub(super) fn ended(&self, desk: &mut Desk<'_>, (job, ended): Done) {
        if let Some(job) = job {
            self.tracked.settle(job);
        }
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
        desk.take(ended.result);
    }

    /// The works of the list that did not end here: others ended them, or they
    /// will be tried again. Who ended them may have been killed before the line
    /// about it was written.
    pub(super) async fn settle_rest(&self, desk: &mut Desk<'_>) -> Result<(), LedgerError> {
        let open = self.tracked.open_works();
        if !open.is_empty()
            && let Err(error) = desk.journal.read()
        {
            desk.fail(error.into());
            return Ok(());
        }
        for works in open.chunks(BATCH) {
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
                if desk.keeps() || !desk.journal.knows(work_id) {
                    self.write_down(desk, *job).await?;
                }
            }
        }
        Ok(())
    }
}

fn tally<'d>(desk: &'d mut Desk<'_>) -> &'d mut LedgerTally {
    desk.batch.tally.ledger.get_or_insert_default()
}

fn soonest(due: &mut Option<Duration>, wait: Duration) {
    *due = Some(due.map_or(wait, |due| due.min(wait)));
}
