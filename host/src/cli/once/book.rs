//! The ledger as a run uses it: a fault that may pass is waited out, and what
//! happens when it does not is the operator's choice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::ValueEnum;
use tokio::time::Instant;

use crate::cli::output::note;
use crate::ledger::{
    Answer, Begin, Begun, Failed, Failure, Finish, Finished, IndexEntry, Indexed, JobState, Json,
    Lease, LeaseRequest, Leased, Ledger, LedgerError, Op, Replay, StoredObject,
};
use crate::telemetry::Metrics;

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// What to do when the ledger itself fails while a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum OnLedgerError {
    /// Pause, try again, and stop when that does not help
    #[default]
    Stop,
    /// Go on without records, and say of each what could not be recorded
    Continue,
}

/// The ledger of a run.
#[derive(Clone)]
pub(crate) struct Book {
    ledger: Arc<dyn Ledger>,
    on_error: OnLedgerError,
    /// How long a ledger that fails is tried again before the run stops.
    patience: Duration,
    /// Where a watchdog reads that it is being waited for.
    metrics: Metrics,
    /// People were told that it is being waited for.
    pausing: Arc<AtomicBool>,
    /// It failed for longer than that.
    gave_up: Arc<AtomicBool>,
}

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Book")
            .field("owner", self.ledger.owner())
            .field("on_error", &self.on_error)
            .finish_non_exhaustive()
    }
}

impl Book {
    pub(crate) fn new(
        ledger: Arc<dyn Ledger>,
        on_error: OnLedgerError,
        patience: Duration,
        metrics: Metrics,
    ) -> Self {
        Self {
            ledger,
            on_error,
            patience,
            metrics,
            pausing: Arc::default(),
            gave_up: Arc::default(),
        }
    }

    /// The ledger itself, for what a failure of is not waited out.
    pub(crate) fn ledger(&self) -> &Arc<dyn Ledger> {
        &self.ledger
    }

    /// Whether the run goes on without records.
    pub(crate) fn goes_on(&self) -> bool {
        self.on_error == OnLedgerError::Continue
    }

    /// Asks the ledger, again if it fails for a cause that may pass.
    pub(crate) async fn insist<'a, T>(
        &'a self,
        ask: impl Fn(&'a dyn Ledger) -> Answer<'a, T> + Send + Sync,
    ) -> Result<T, LedgerError> {
        let since = Instant::now();
        loop {
            match ask(self.ledger.as_ref()).await {
                Err(error)
                    if error.is_temporary()
                        && !self.goes_on()
                        && since.elapsed() < self.patience =>
                {
                    if !self.pausing.swap(true, Ordering::Relaxed) {
                        self.metrics.set_trouble(Some(error.to_string()));
                        note(&format!(
                            "paperfall: {error}; pausing, and trying again for {} s",
                            self.patience.as_secs()
                        ));
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(answer) => {
                    if self.pausing.swap(false, Ordering::Relaxed) {
                        self.metrics.set_trouble(None);
                        note("paperfall: the ledger works again; going on");
                    }
                    return Ok(answer);
                }
                Err(error) => {
                    if error.is_temporary() && !self.goes_on() {
                        self.gave_up.store(true, Ordering::Relaxed);
                    }
                    return Err(error);
                }
            }
        }
    }

    /// The same, with what to go on with when records are not insisted on.
    async fn record<'a, T>(
        &'a self,
        what: &str,
        lease: &Lease,
        instead: T,
        ask: impl Fn(&'a dyn Ledger) -> Answer<'a, T> + Send + Sync,
    ) -> Result<T, LedgerError> {
        match self.insist(ask).await {
            // What says that somebody else, or we ourselves, are at it is an
            // answer, not a failure.
            Err(error)
                if self.goes_on()
                    && !error.is_lost_lease()
                    && !matches!(error, LedgerError::InProgress { .. }) =>
            {
                note(&format!(
                    "paperfall: not recorded: {what} of {}: {error}",
                    lease.work_id
                ));
                Ok(instead)
            }
            answer => answer,
        }
    }

    pub(crate) async fn lease<'a>(
        &'a self,
        request: &'a LeaseRequest,
    ) -> Result<Leased, LedgerError> {
        self.insist(|ledger| ledger.lease(request.clone())).await
    }

    pub(crate) async fn replay<'a>(
        &'a self,
        lease: &'a Lease,
        op: &'a Op,
    ) -> Result<Option<Replay>, LedgerError> {
        let what = op.kind().as_str();
        self.record(what, lease, None, |ledger| ledger.replay(lease, op))
            .await
    }

    pub(crate) async fn begin<'a>(
        &'a self,
        lease: &'a Lease,
        op: &'a Op,
        intent: impl Into<Json>,
    ) -> Result<Begun, LedgerError> {
        let what = format!("the begin of {}", op.kind());
        let begin = Begin {
            op: op.clone(),
            intent: intent.into(),
        };
        self.record(&what, lease, Begun::Run, |ledger| {
            ledger.begin(lease, begin.clone())
        })
        .await
    }

    pub(crate) async fn finish<'a>(
        &'a self,
        lease: &'a Lease,
        finish: Finish,
    ) -> Result<Finished, LedgerError> {
        let what = format!("the end of {}", finish.op.kind());
        let instead = Finished {
            state: finish.advance.unwrap_or(lease.state),
            next: None,
        };
        self.record(&what, lease, instead, |ledger| {
            ledger.finish(lease, finish.clone())
        })
        .await
    }

    pub(crate) async fn advance<'a>(
        &'a self,
        lease: &'a Lease,
        to: JobState,
    ) -> Result<JobState, LedgerError> {
        self.record("progress", lease, to, |ledger| ledger.advance(lease, to))
            .await
    }

    pub(crate) async fn index<'a>(
        &'a self,
        lease: &'a Lease,
        entry: &'a IndexEntry,
    ) -> Result<Indexed, LedgerError> {
        self.record("INDEX", lease, Indexed::New, |ledger| {
            ledger.index(lease, entry.clone())
        })
        .await
    }

    pub(crate) async fn skip_duplicate<'a>(
        &'a self,
        lease: &'a Lease,
        url: &'a str,
        object: &'a StoredObject,
    ) -> Result<(), LedgerError> {
        self.record("the skip", lease, object.clone(), |ledger| {
            ledger.skip_duplicate(lease, url)
        })
        .await
        .map(drop)
    }

    pub(crate) async fn fail<'a>(
        &'a self,
        lease: &'a Lease,
        failure: &'a Failure,
    ) -> Result<Failed, LedgerError> {
        self.record("the failure", lease, Failed::ForGood, |ledger| {
            ledger.fail(lease, failure.clone())
        })
        .await
    }

    /// Lets a job go. That it could not be said is no trouble: the lease runs
    /// out, or is taken when this process is gone. A ledger that was waited for
    /// in vain is not waited for again. Whether the job was another's by then.
    pub(crate) async fn release(&self, lease: &Lease) -> bool {
        if self.gave_up.load(Ordering::Relaxed) {
            return false;
        }
        let Err(error) = self.ledger.release(lease).await else {
            return false;
        };
        tracing::debug!(job = %lease.job_id, %error, "not released");
        error.is_lost_lease()
    }
}
