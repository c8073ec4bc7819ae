//! How a worker comes by its next job: what is due, what others may leave, or,
//! when the ledger does not answer, what nobody has.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::oneshot;

use super::resolution::intent;
use super::workers::Crew;
use crate::cli::output::note;
use crate::ledger::{FirstOp, JobId, Lease, LeaseRequest, LedgerError, OpType, Outlook};

/// Between two looks for a job that others hold, at most.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// The same, at least.
const LOOK_AGAIN_LEAST: Duration = Duration::from_millis(10);
/// How long a lease that was asked for is waited for when the run is stopped.
const LAST_LEASE: Duration = Duration::from_secs(1);

/// What a worker does next.
pub(super) enum Next {
    Job(Box<Lease>),
    /// The ledger does not answer: obtain this without it.
    Bare(Box<crate::intake::Work>),
    Nothing,
}

enum Found {
    Lease(Box<Lease>),
    Nothing(Outlook),
}

impl Crew {
    /// The next job, which is the one that was leased ahead if there is one; none
    /// once the run is stopped.
    pub(super) async fn next_unless_stopped(
        &self,
        ahead: Option<Box<Lease>>,
    ) -> Option<Result<Next, LedgerError>> {
        match ahead {
            Some(lease) => Some(Ok(Next::Job(lease))),
            None => self.unless_stopped(self.next()).await,
        }
    }

    /// Leases another job when the one at hand is about to end, so that the last
    /// transaction of this one and the first of that can be one commit. Where
    /// that brings none, [`next`](Self::next) asks again and says why.
    pub(super) async fn lease_ahead(&self, ending: oneshot::Receiver<()>) -> Option<Box<Lease>> {
        ending.await.ok()?;
        if self.own_only {
            return None;
        }
        let asked = async {
            let (lease, _) = self.lease(None).await?;
            Ok(lease.map_or(Next::Nothing, |lease| self.take(lease)))
        };
        match self.unless_stopped(asked).await {
            Some(Ok(Next::Job(lease))) => Some(lease),
            _ => None,
        }
    }

    /// What a lease that is asked for comes to; none once the run is stopped. One
    /// that is on its way then is let go when it comes: it would be nobody's.
    async fn unless_stopped(
        &self,
        asked: impl Future<Output = Result<Next, LedgerError>>,
    ) -> Option<Result<Next, LedgerError>> {
        let mut asked = pin!(asked);
        let before = self.stop.run_until_cancelled(asked.as_mut()).await;
        if before.is_some() {
            return before;
        }
        if let Ok(Ok(Next::Job(lease))) = tokio::time::timeout(LAST_LEASE, asked).await {
            self.let_go(&lease).await;
        }
        None
    }

    fn take(&self, lease: Box<Lease>) -> Next {
        self.in_hand().insert(lease.job_id);
        Next::Job(lease)
    }

    pub(super) async fn let_go(&self, lease: &Lease) {
        self.book.release(lease).await;
        self.in_hand().remove(&lease.job_id);
    }

    /// Leases the next job, waiting as long as there may be one.
    async fn next(&self) -> Result<Next, LedgerError> {
        loop {
            let mut news = pin!(self.tracked.news.notified());
            news.as_mut().enable();
            let complete = self.tracked.is_complete();
            let leased = if self.own_only {
                self.lease_own().await
            } else {
                self.lease(None).await.map(|(lease, outlook)| match lease {
                    Some(lease) => Found::Lease(lease),
                    None => Found::Nothing(outlook),
                })
            };
            let outlook = match leased {
                Ok(Found::Nothing(_)) if self.stop.is_cancelled() => return Ok(Next::Nothing),
                Ok(Found::Lease(lease)) => return Ok(self.take(lease)),
                Ok(Found::Nothing(outlook)) => outlook,
                Err(error) if self.book.goes_on() => match self.work_nobody_has() {
                    Some(work) => {
                        note(&format!(
                            "paperfall: not recorded: {} is obtained without a lease: {error}",
                            work.work_id
                        ));
                        return Ok(Next::Bare(work));
                    }
                    None if complete => return Ok(Next::Nothing),
                    None => Outlook::default(),
                },
                Err(error) => return Err(error),
            };
            if complete && !self.is_worth_waiting(&outlook) {
                return Ok(Next::Nothing);
            }
            if complete {
                self.say_waiting(&outlook);
            }
            let due = outlook.next_due.unwrap_or(LOOK_AGAIN);
            tokio::select! {
                () = news => {}
                () = self.stop.cancelled() => return Ok(Next::Nothing),
                () = tokio::time::sleep(due.clamp(LOOK_AGAIN_LEAST, LOOK_AGAIN)) => {}
            }
        }
    }

    fn is_worth_waiting(&self, outlook: &Outlook) -> bool {
        outlook.held_by_others > 0 || (self.wait_for_retries && outlook.backing_off > 0)
    }

    fn say_waiting(&self, outlook: &Outlook) {
        if outlook.held_by_us > 0 || self.told_waiting.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut waits = Vec::new();
        if outlook.held_by_others > 0 {
            waits.push(format!(
                "{} that other processes hold",
                outlook.held_by_others
            ));
        }
        if self.wait_for_retries && outlook.backing_off > 0 {
            waits.push(format!("{} to be tried again", outlook.backing_off));
        }
        note(&format!(
            "paperfall: nothing is due; waiting for works: {}",
            waits.join(", ")
        ));
    }

    async fn lease(
        &self,
        only: Option<JobId>,
    ) -> Result<(Option<Box<Lease>>, Outlook), LedgerError> {
        let request = LeaseRequest {
            only,
            first: Some(FirstOp {
                kind: OpType::Resolution,
                intent: intent(&self.app.plan_digest),
            }),
            ..LeaseRequest::one(self.ttl)
        };
        let leased = self.book.lease(&request).await?;
        let outlook = leased.outlook.unwrap_or_default();
        Ok((leased.leases.into_iter().next().map(Box::new), outlook))
    }

    /// Leases a job of this list; the outlook is of this list only.
    async fn lease_own(&self) -> Result<Found, LedgerError> {
        let mut outlook = Outlook::default();
        for job in self.tracked.open() {
            if !self.in_hand().insert(job) {
                continue;
            }
            match self.lease(Some(job)).await {
                Ok((Some(lease), _)) => return Ok(Found::Lease(lease)),
                Ok((None, _)) => {}
                Err(error) => {
                    self.in_hand().remove(&job);
                    return Err(error);
                }
            }
            self.in_hand().remove(&job);
            let standing = self.book.ledger().standing(vec![job]).await?;
            if let Some(Some(standing)) = standing.into_iter().next() {
                outlook.held_by_others += u64::from(standing.held);
                let backs_off = !standing.held && !standing.done;
                outlook.backing_off += u64::from(backs_off);
                outlook.next_due = match (outlook.next_due, standing.due_in) {
                    (Some(one), Some(other)) => Some(one.min(other)),
                    (one, other) => one.or(other),
                };
            }
        }
        Ok(Found::Nothing(outlook))
    }
}
