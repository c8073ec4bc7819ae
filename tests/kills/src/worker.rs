//! A worker: plans four jobs, leases what is due, runs every kind of effect, and
//! goes on until nothing is left that it could do.
//!
//! W1 is let go once before it is worked on, W2's first round fails, and W3's URL
//! is stored by the time it is looked at. All four serve the same bytes.

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::effects;
use crate::failpoints::{pass, passes, tell};
use crate::ledger::{
    Clock, Durability, Event, EventSink, FirstOp, JobState, Lease, LeaseRequest, Ledger,
    LedgerError, NewJob, OpType, Options, RetryPolicy, SqliteLedger, SteadyClock, Thoroughness,
    Timestamp,
};
use crate::place::Place;

/// The exit code of a worker that was fenced out.
pub const FENCED: u8 = 7;
/// Jobs, unless the tests want fewer.
pub const JOBS: usize = 4;
const TTL: Duration = Duration::from_secs(60);
/// As many commits as the ledger makes between two looks at the log's length, and
/// a few beside that look.
const RENEWALS: usize = 68;
/// Longer than any wait that is not a defect.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a worker is told by its environment.
pub struct Orders {
    /// Where its files are.
    pub root: PathBuf,
    /// Where the origin listens.
    pub origin: SocketAddr,
    /// How far its clock is ahead of the others'.
    pub ahead: Duration,
    /// How many jobs there are.
    pub jobs: usize,
    /// It meets what a crash left without the reconciler's help, and makes so few
    /// commits that the log keeps them all.
    pub quiet: bool,
}

impl Orders {
    /// Reads the environment.
    #[must_use]
    pub fn from_environment() -> Option<Self> {
        let number = |name| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
        Some(Self {
            root: std::env::var_os("WORKER_ROOT")?.into(),
            origin: std::env::var("WORKER_ORIGIN").ok()?.parse().ok()?,
            ahead: Duration::from_secs(number("WORKER_AHEAD").unwrap_or(0)),
            jobs: number("WORKER_JOBS").map_or(JOBS, |n| usize::try_from(n).unwrap_or(JOBS)),
            quiet: std::env::var_os("WORKER_QUIET").is_some(),
        })
    }

    /// The works it plans.
    #[must_use]
    pub fn works(&self) -> Vec<NewJob> {
        (0..self.jobs)
            .map(|n| NewJob {
                work_id: format!("W{n}"),
                artifact_id: format!("W{n}:pdf"),
                canonical_url: format!("https://doi.org/10.1/{n}"),
                payload: None,
            })
            .collect()
    }
}

/// The steady clock, ahead by some seconds.
struct Ahead(SteadyClock, Duration);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        self.0.now().after(self.1)
    }
}

/// Writes what became durable into the process's story.
struct Chronicle;

impl EventSink for Chronicle {
    fn emit(&self, event: &Event) {
        if !matches!(event, Event::LeaseRenewed { .. }) {
            tell(&json!(event).to_string());
        }
    }
}

/// Works until nothing is left to do.
///
/// # Errors
/// What the ledger says; a lost lease ends the work too.
pub async fn work(orders: &Orders) -> Result<(), LedgerError> {
    let place = Arc::new(Place::new(&orders.root));
    let options = Options {
        durability: Durability::Normal,
        clock: Arc::new(Ahead(SteadyClock::new(), orders.ahead)),
        retry: RetryPolicy {
            first_wait: Duration::from_millis(2),
            ..RetryPolicy::default()
        },
        sink: Arc::new(Chronicle),
        ..Options::default()
    };
    let ledger = SqliteLedger::open(&place.ledger(), options)?;
    ledger.plan(orders.works()).await?;
    if !orders.quiet {
        ledger.reconcile(place.clone(), Thoroughness::Full).await?;
    }
    let worker = Worker {
        ledger,
        place,
        origin: orders.origin,
    };
    let mut many_commits = orders.quiet;
    while let Some(lease) = worker.next_lease().await? {
        if !std::mem::replace(&mut many_commits, true) {
            worker.make_many_commits(&lease).await?;
        }
        worker.one(&lease).await?;
    }
    worker
        .ledger
        .reconcile(worker.place.clone(), Thoroughness::Full)
        .await?;
    worker.ledger.close().await;
    Ok(())
}

/// Waits, but not for ever.
async fn wait_until(what: &str, is_true: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_true() {
        assert!(began.elapsed() < PATIENCE, "{what}: not in {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// What an effect works with.
pub(crate) struct Worker {
    pub(crate) ledger: SqliteLedger,
    pub(crate) place: Arc<Place>,
    pub(crate) origin: SocketAddr,
}

impl Worker {
    /// The next job, or nothing if all are done or held by others.
    async fn next_lease(&self) -> Result<Option<Lease>, LedgerError> {
        let began = Instant::now();
        loop {
            let first = FirstOp {
                kind: OpType::Resolution,
                intent: json!({"plan": 1}).into(),
            };
            let request = LeaseRequest {
                first: Some(first),
                ..LeaseRequest::one(TTL)
            };
            let leased = self.ledger.lease(request).await?;
            if let Some(lease) = leased.leases.into_iter().next() {
                return Ok(Some(lease));
            }
            let outlook = leased.outlook.unwrap();
            if outlook.backing_off == 0 {
                return Ok(None);
            }
            assert!(
                began.elapsed() < PATIENCE,
                "a job that waits for its next round is never due: {outlook:?}"
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn make_many_commits(&self, lease: &Lease) -> Result<(), LedgerError> {
        for _ in 0..RENEWALS {
            self.ledger.renew(lease, TTL).await?;
        }
        // The last of them were made beside it. Later it would be a matter of
        // luck what else a worker that is killed or stopped was about to do.
        wait_until("the log was folded back", || {
            passes("checkpoint.over") > 0
        })
        .await;
        Ok(())
    }

    async fn one(&self, lease: &Lease) -> Result<(), LedgerError> {
        self.ledger.renew(lease, TTL).await?;
        pass("renew.after");
        let released = self.place.root().join(format!("{}.released", lease.work_id));
        if lease.work_id == "W1" && !released.exists() {
            File::create(&released).unwrap();
            self.ledger.release(lease).await?;
            pass("release.after");
            return Ok(());
        }
        let Some(url) = effects::resolution(self, lease).await? else {
            return Ok(());
        };
        if lease.work_id == "W3"
            && lease.state == JobState::Leased
            && self.ledger.stored_from(&url).await?.is_some()
        {
            self.ledger.skip_duplicate(lease, &url).await?;
            pass("skip.after");
            return Ok(());
        }
        let etag = effects::head(self, lease, &url).await?;
        let (part, sha256) = effects::stream(self, lease, &url, &etag).await?;
        effects::finalize(self, lease, &part, &sha256).await?;
        effects::index(self, lease, &url, &sha256).await?;
        let _ = std::fs::remove_file(part);
        Ok(())
    }
}
