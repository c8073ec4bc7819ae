//! The workers of a run: each leases a due job, takes it through its effects,
//! and leases the next, until nothing is left that this run could do.

use std::collections::HashSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::book::Book;
use super::ending::{Ended, Stopped};
use super::leasing::Next;
use super::planning::Tracked;
use super::program::{sweep, was_begun, work_on};
use super::recorded::recorded;
use crate::cli::exit::Failed;
use crate::cli::obtain::obtain;
use crate::cli::output::note;
use crate::cli::race_events::tell_race;
use crate::cli::setup::App;
use crate::download::{Halt, Store};
use crate::ledger::{Failure, Heartbeat, JobId, Lease, LedgerError, PartName, Standing};
use crate::outcome::Reason;
use crate::telemetry::Telemetry;

/// How long a download is waited for to write down how far it came.
const LAST_BYTES: Duration = Duration::from_secs(1);

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
                    if let Some(Ok((_, ended))) = &ended {
                        match ended.followed_in(self.wait_for_retries) {
                            Some(wait) => tell_again(ended, wait),
                            // Before anybody can take it for one that nobody has.
                            None => self.tracked.settle(lease.job_id),
                        }
                    }
                    self.in_hand().remove(&lease.job_id);
                    ended
                }
                Err(error) => Some(Err(Failed::machine(error))),
            };
            if let Some(ended) = ended {
                let is_over = ended.is_err();
                if !self.deliver(done, ended, ahead.as_deref()).await || is_over {
                    break;
                }
            }
        }
        if let Some(lease) = ahead {
            self.let_go(&lease).await;
        }
    }

    /// Sends what a turn came to; whether it is still listened to. Nobody may be
    /// for long, where people read on slowly (a pager): the lease that was taken
    /// ahead is kept meanwhile.
    async fn deliver(
        &self,
        done: &mpsc::Sender<Result<Done, Failed>>,
        ended: Result<Done, Failed>,
        ahead: Option<&Lease>,
    ) -> bool {
        match done.try_send(ended) {
            Ok(()) => true,
            Err(TrySendError::Closed(_)) => false,
            Err(TrySendError::Full(ended)) => {
                let ledger = self.book.ledger();
                let _heartbeat = ahead.map(|lease| Heartbeat::start(Arc::clone(ledger), lease));
                done.send(ended).await.is_ok()
            }
        }
    }

    pub(super) fn in_hand(&self) -> MutexGuard<'_, HashSet<JobId>> {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn work_nobody_has(&self) -> Option<Box<crate::intake::Work>> {
        self.tracked.take_work(&self.in_hand())
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
            // What has ended has: a renewal that came too late for it is no loss.
            biased;
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
        let ended_here = |job: &Standing| job.done && job.fence == lease.fence;
        if !standing.iter().flatten().any(ended_here) {
            return self.leave_to_others(lease).await;
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
}

fn tell_again(ended: &Ended, wait: Duration) {
    note(&format!(
        "paperfall: {}: {}; trying again in {} s",
        ended.result.work_id,
        ended.result.reason,
        wait.as_secs()
    ));
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
