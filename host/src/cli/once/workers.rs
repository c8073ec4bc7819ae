//! The workers of a run: each leases a due job, takes it through its effects,
//! and leases the next, until nothing is left that this run could do.

use std::collections::HashSet;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::book::Book;
use super::ending::{Ended, Stopped};
use super::planning::Tracked;
use super::program::{sweep, was_begun, work_on};
use super::recorded::recorded;
use super::resolution::intent;
use crate::cli::exit::Failed;
use crate::cli::obtain::obtain;
use crate::cli::output::note;
use crate::cli::race_events::tell_race;
use crate::cli::setup::App;
use crate::download::{Halt, Store};
use crate::ledger::{
    Failure, FirstOp, Heartbeat, JobId, Lease, LeaseRequest, LedgerError, OpType, Outlook, PartName,
};
use crate::outcome::Reason;
use crate::telemetry::Telemetry;

/// Between two looks for a job that others hold, at most.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// The same, at least.
const LOOK_AGAIN_LEAST: Duration = Duration::from_millis(10);

/// How long a download is waited for to write down how far it came.
const LAST_BYTES: Duration = Duration::from_secs(1);
/// How long a lease that was asked for is waited for when the run is stopped.
const LAST_LEASE: Duration = Duration::from_secs(1);

/// What the workers of a run share.
#[derive(Clone)]
pub(crate) struct Crew {
    pub(crate) app: App,
    pub(crate) store: Arc<Store>,
    pub(crate) book: Book,
    pub(crate) telemetry: Telemetry,
    pub(crate) tracked: Arc<Tracked>,
    /// Work on the jobs of this list only, not on whatever is due.
    pub(crate) own_only: bool,
    /// Wait for jobs that will be tried again.
    pub(crate) wait_for_retries: bool,
    pub(crate) ttl: Duration,
    pub(crate) stop: CancellationToken,
    /// It was said that others hold what is left.
    pub(crate) told_waiting: Arc<AtomicBool>,
    /// Jobs that a worker of this process has.
    pub(crate) in_hand: Arc<Mutex<HashSet<JobId>>>,
}

/// What a worker sends.
pub(crate) type Done = (Option<JobId>, Ended);

/// Starts the workers.
pub(crate) fn spawn(
    crew: &Crew,
    workers: u16,
    done: &mpsc::Sender<Result<Done, Failed>>,
) -> JoinSet<()> {
    let mut set = JoinSet::new();
    for _ in 0..workers {
        let (crew, done) = (crew.clone(), done.clone());
        set.spawn(async move { crew.work(&done).await });
    }
    set
}

enum Next {
    Job(Box<Lease>),
    /// The ledger does not answer: obtain this without it.
    Bare(Box<crate::intake::Work>),
    Nothing,
}

impl Crew {
    async fn work(&self, done: &mpsc::Sender<Result<Done, Failed>>) {
        self.stop
            .run_until_cancelled(self.tracked.head_start())
            .await;
        let mut ahead = None;
        while let Some(next) = self.next_unless_stopped(ahead.take()).await {
            let ended = match next {
                Ok(Next::Nothing) => return,
                Ok(Next::Bare(work)) => self.bare(*work).await,
                Ok(Next::Job(lease)) => {
                    let (ending, told) = oneshot::channel();
                    let ended;
                    (ended, ahead) = tokio::join!(self.job(&lease, ending), self.lease_ahead(told));
                    let ended = self.unless_again(ended);
                    if matches!(ended, Some(Ok(_))) {
                        // Before anybody can take it for one that nobody has.
                        self.tracked.settle(lease.job_id);
                    }
                    self.in_hand().remove(&lease.job_id);
                    ended
                }
                Err(error) => Some(Err(Failed::machine(error))),
            };
            if let Some(ended) = ended {
                let is_over = ended.is_err();
                if done.send(ended).await.is_err() || is_over {
                    break;
                }
            }
        }
        if let Some(lease) = ahead {
            self.let_go(&lease).await;
        }
    }

    fn in_hand(&self) -> MutexGuard<'_, HashSet<JobId>> {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work_nobody_has(&self) -> Option<Box<crate::intake::Work>> {
        self.tracked.take_work(&self.in_hand())
    }

    /// A round that another one follows in this run is no result yet.
    fn unless_again(&self, ended: Option<Result<Done, Failed>>) -> Option<Result<Done, Failed>> {
        if let Some(Ok((_, ended))) = &ended
            && let Some(wait) = ended.again
            && self.wait_for_retries
        {
            note(&format!(
                "paperfall: {}: {}; trying again in {} s",
                ended.result.work_id,
                ended.result.reason,
                wait.as_secs()
            ));
            return None;
        }
        ended
    }

    /// One leased job, until it ends or the run is stopped.
    async fn job(
        &self,
        lease: &Lease,
        ending: oneshot::Sender<()>,
    ) -> Option<Result<Done, Failed>> {
        let mut heartbeat = Heartbeat::start(Arc::clone(self.book.ledger()), lease);
        let halt = Halt::on(self.stop.clone());
        let (app, store, book) = (&self.app, &self.store, &self.book);
        let program = work_on(app, store, book, &self.telemetry, lease, &halt, ending);
        // Boxed, to be dropped before anything else is done.
        let mut program = Box::pin(program);
        let ended = tokio::select! {
            ended = &mut program => Some(ended),
            () = heartbeat.lost() => Some(Err(Stopped::LeaseLost)),
            () = self.stop.cancelled() => {
                let settled = async {
                    tokio::select! {
                        biased;
                        ended = &mut program => Some(ended),
                        () = halt.settled() => None,
                    }
                };
                tokio::time::timeout(LAST_BYTES, settled).await.ok().flatten()
            }
        };
        drop(program);
        drop(heartbeat);
        let ended = match ended {
            Some(ended) => ended,
            None => {
                // What is durable stays; whoever leases it next goes on there.
                return match self.book.release(lease).await {
                    true => self.ended_at_the_stop(lease).await,
                    false => None,
                };
            }
        };
        match ended {
            Ok(ended) => Some(Ok((Some(lease.job_id), ended))),
            Err(Stopped::LeaseLost) => self.leave_to_others(lease).await,
            Err(Stopped::Ledger(error)) if is_the_jobs_own(&error) => {
                tracing::warn!(work = %lease.work_id, %error, "this round is given up; another begins afresh");
                let failure = Failure {
                    reason: Reason::Contract.to_string(),
                    retryable: true,
                    op: None,
                    also: Vec::new(),
                };
                match self.book.fail(lease, &failure).await {
                    Ok(_) => None,
                    Err(error) if error.is_lost_lease() => None,
                    Err(error) => Some(Err(Failed::machine(error))),
                }
            }
            Err(Stopped::Ledger(error)) => {
                self.book.release(lease).await;
                Some(Err(Failed::machine(error)))
            }
            // Whoever takes a sleeper's job over sweeps its files away: what the
            // sleeper misses then is no fault of the folder.
            Err(Stopped::Store(error)) => match self.book.release(lease).await {
                true => self.leave_to_others(lease).await,
                false => Some(Err(error.into())),
            },
        }
    }

    /// The lease was no more when the run was stopped: the job's end may have
    /// been on its way to the ledger, and nobody else tells of it then.
    async fn ended_at_the_stop(&self, lease: &Lease) -> Option<Result<Done, Failed>> {
        let ledger = self.book.ledger();
        let standing = ledger.standing(vec![lease.job_id]).await.ok()?;
        if !standing.iter().flatten().any(|job| job.done) {
            return None;
        }
        let result = recorded(ledger.as_ref(), lease.job_id).await.ok()??;
        sweep(&self.store, lease.job_id);
        tell_race(&self.telemetry, Some(lease.job_id), &result);
        let ended = Ended {
            result,
            again: None,
            resumed: was_begun(lease),
            resumed_at: 0,
        };
        Some(Ok((Some(lease.job_id), ended)))
    }

    /// The lease was lost: nothing of the job is this worker's any more.
    async fn leave_to_others(&self, lease: &Lease) -> Option<Result<Done, Failed>> {
        tracing::warn!(work = %lease.work_id, "the lease was lost; another worker goes on with it");
        self.sweep_after_others(lease).await;
        None
    }

    /// Whoever took the job over may have finished it before our last write.
    async fn sweep_after_others(&self, lease: &Lease) {
        let standing = self.book.ledger().standing(vec![lease.job_id]).await;
        let done = standing.is_ok_and(|jobs| jobs.iter().flatten().any(|job| job.done));
        if done {
            let part = PartName {
                job: lease.job_id,
                fence: lease.fence,
            };
            let _ = self.store.folder().remove_part(&part.to_string());
        }
    }

    async fn bare(&self, work: crate::intake::Work) -> Option<Result<Done, Failed>> {
        let obtained = self
            .stop
            .run_until_cancelled(obtain(&self.app, work, Some(&self.store)))
            .await?;
        Some(match obtained {
            Ok(obtained) => Ok((
                None,
                Ended {
                    result: obtained.result,
                    again: None,
                    resumed: false,
                    resumed_at: 0,
                },
            )),
            Err(error) => Err(error.into()),
        })
    }

    /// The next job, which is the one that was leased ahead if there is one; none
    /// once the run is stopped.
    async fn next_unless_stopped(
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
    async fn lease_ahead(&self, ending: oneshot::Receiver<()>) -> Option<Box<Lease>> {
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

    async fn let_go(&self, lease: &Lease) {
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

/// Whether an error concerns one job, and the ledger is well.
fn is_the_jobs_own(error: &LedgerError) -> bool {
    matches!(
        error,
        LedgerError::NotBegun { .. }
            | LedgerError::InProgress { .. }
            | LedgerError::IllegalMove { .. }
            | LedgerError::NotStored { .. }
            | LedgerError::TooLarge { .. }
            | LedgerError::Key(_)
    )
}

enum Found {
    Lease(Box<Lease>),
    Nothing(Outlook),
}
