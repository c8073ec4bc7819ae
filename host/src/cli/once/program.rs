//! One leased job through its effects. Every step asks the ledger first what
//! became of it before, so that a program begun anywhere goes on from there.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde_json::json;
use tokio::sync::oneshot;

use super::book::Book;
use super::ending::{Ended, Stopped};
use super::found::Found;
use crate::cli::race_events::tell_race;
use crate::cli::setup::App;
use crate::download::{Halt, Store, StoreError, WorkResult};
use crate::fallback::{Race, StoredUrls};
use crate::http::Session;
use crate::intake::Work;
use crate::ledger::{
    Begun, Context, JobId, JobState, Lease, Ledger, Op, OpType, PartName, StoredObject,
};
use crate::outcome::{Outcome, Reason};
use crate::telemetry::Telemetry;

/// Everything a job's effects need.
pub(super) struct Program<'a> {
    pub(super) app: &'a App,
    pub(super) store: &'a Arc<Store>,
    pub(super) book: &'a Book,
    pub(super) telemetry: &'a Telemetry,
    pub(super) lease: &'a Lease,
    pub(super) halt: &'a Halt,
    pub(super) session: Session,
    pub(super) work: Work,
    pub(super) state: JobState,
    /// The race, once one was needed here.
    pub(super) race: Option<Race>,
    /// The candidate at hand was found by another process.
    pub(super) is_replayed: bool,
    /// Attempts of the race that the ledger has.
    pub(super) recorded: usize,
    /// FINALIZE of the candidate at hand was begun here.
    pub(super) is_finalize_begun: bool,
    pub(super) looking: Arc<Looking>,
    pub(super) started: Instant,
    ending: Option<oneshot::Sender<()>>,
}

/// A candidate that turned out not to be the paper.
#[derive(Debug)]
pub(super) struct Struck {
    pub(super) outcome: Outcome,
    pub(super) reason: Reason,
    pub(super) message: String,
}

/// What a resolution came to.
pub(super) enum Resolved {
    /// A candidate to download.
    Candidate(Box<Found>),
    /// The bytes are stored already.
    Stored(Box<Found>, StoredObject),
    /// The job ended without one.
    Over(Box<Ended>),
}

/// Works on a leased job until it ends, and tells `ending` when its last
/// transaction is about to be asked for. Dropping the future leaves what is
/// durable, and nothing else counts.
pub(super) async fn work_on(
    app: &App,
    store: &Arc<Store>,
    book: &Book,
    telemetry: &Telemetry,
    lease: &Lease,
    halt: &Halt,
    ending: oneshot::Sender<()>,
) -> Result<Ended, Stopped> {
    if lease.taken_over {
        telemetry.metrics().taken_over();
    }
    let ended = work_through(app, store, book, telemetry, lease, halt, ending).await?;
    if lease.taken_over {
        telemetry.metrics().taken_over_ended();
    }
    Ok(ended)
}

async fn work_through(
    app: &App,
    store: &Arc<Store>,
    book: &Book,
    telemetry: &Telemetry,
    lease: &Lease,
    halt: &Halt,
    ending: oneshot::Sender<()>,
) -> Result<Ended, Stopped> {
    let work = work_of(lease);
    let mut program = Program {
        app,
        store,
        book,
        telemetry,
        lease,
        halt,
        session: app.http.session_for(work.work_id.as_str()),
        work,
        state: lease.state,
        race: None,
        is_replayed: false,
        recorded: 0,
        is_finalize_begun: false,
        looking: Arc::new(Looking {
            ledger: Arc::clone(book.ledger()),
            store: Arc::clone(store),
            allowed: AtomicBool::new(lease.state == JobState::Leased),
        }),
        started: Instant::now(),
        ending: Some(ending),
    };
    let mut tried = 0_u32;
    loop {
        match program.resolve(tried).await? {
            Resolved::Over(ended) => return Ok(*ended),
            Resolved::Stored(found, object) => return program.skip(*found, object).await,
            Resolved::Candidate(found) => match program.obtain(&found).await? {
                Ok(ended) => return Ok(ended),
                Err(struck) => program.strike(&found, &struck),
            },
        }
        tried = tried.saturating_add(1);
    }
}

/// The work of a job: as its planner left it, or, for jobs of another program,
/// as far as its ids tell.
fn work_of(lease: &Lease) -> Work {
    let planned = lease
        .payload
        .as_deref()
        .and_then(|payload| Work::from_json(payload).ok());
    let known = planned.or_else(|| {
        let ids = json!({
            "work_id": lease.work_id, "artifact_id": lease.artifact_id, "url": lease.canonical_url,
        });
        Work::from_json(&ids.to_string()).ok()
    });
    match known {
        Some(read) => read.work,
        None => Work::unknown(&lease.work_id, &lease.artifact_id, &lease.canonical_url),
    }
}

impl Program<'_> {
    /// The effect `kind` in this context; the round is always part of it.
    pub(super) fn op(&self, kind: OpType, context: serde_json::Value) -> Result<Op, Stopped> {
        let mut context = context;
        if let Some(fields) = context.as_object_mut() {
            fields.insert("round".to_owned(), self.lease.round.into());
        }
        let context = Context::new(context).map_err(|error| Stopped::Ledger(error.into()))?;
        Ok(Op::new(kind, self.lease.job_id, context))
    }

    /// The part file of this lease.
    pub(super) fn part_name(&self) -> PartName {
        PartName {
            job: self.lease.job_id,
            fence: self.lease.fence,
        }
    }

    /// The same without its ending.
    pub(super) fn part_stem(&self) -> String {
        let name = self.part_name().to_string();
        name.strip_suffix(".part").unwrap_or(&name).to_owned()
    }

    /// The next transaction is the job's last, as far as one can tell.
    pub(super) fn announce_end(&mut self) {
        if let Some(ending) = self.ending.take() {
            // Nobody may be waiting for it.
            let _ = ending.send(());
        }
    }

    /// Whether an earlier worker had begun the job.
    pub(super) fn resumed(&self) -> bool {
        was_begun(self.lease)
    }

    pub(super) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The part files of earlier leases of the job.
    pub(super) fn parts_of_job(&self) -> Result<Vec<String>, Stopped> {
        if !self.resumed() {
            return Ok(Vec::new());
        }
        let own = self.part_name().to_string();
        let mut names = self.files_of_job()?;
        names.retain(|name| name.ends_with(".part") && *name != own);
        Ok(names)
    }

    /// The part files of the job and what stands beside them.
    fn files_of_job(&self) -> Result<Vec<String>, Stopped> {
        files_of(self.store, self.lease.job_id)
    }

    /// The job is over: see [`sweep`]. Where nobody had begun it there are no
    /// other leases' files to be looked for.
    pub(super) fn sweep(&self) {
        if self.resumed() {
            sweep(self.store, self.lease.job_id);
        } else {
            // The reconciler sweeps what stays.
            let own = self.part_name().to_string();
            let _ = self.store.folder().remove_part(&own);
        }
    }

    fn strike(&mut self, found: &Found, struck: &Struck) {
        let mut race = self.race.take().unwrap_or_else(|| self.new_race());
        if !self.is_replayed {
            race.strike(struck.outcome, &struck.reason, &struck.message);
        } else if let Some(candidate) = found.candidate() {
            // Another process ran this race so far: a new one goes on from there.
            race.carry_over(
                found.result.attempts.clone(),
                std::time::Duration::from_millis(found.spent_ms),
                &candidate.url,
                (struck.outcome, &struck.reason),
            );
            self.recorded = race.records().len();
        }
        self.race = Some(race);
    }

    /// Tells of the race for a result that is durable now.
    pub(super) fn tell_race(&self, result: &WorkResult) {
        tell_race(self.telemetry, Some(self.lease.job_id), result);
    }

    pub(super) fn new_race(&self) -> Race {
        Race::new(
            self.work.clone(),
            &self.app.roster,
            self.app.sandbox.clone(),
            self.session.clone(),
        )
        .knowing_stored(Arc::clone(&self.looking) as Arc<dyn StoredUrls>)
    }
}

/// Whether an earlier worker had begun a leased job.
pub(super) fn was_begun(lease: &Lease) -> bool {
    // A graceful release costs the job no attempt, yet leaves what was done.
    let begun = matches!(
        lease.first,
        Some((_, Begun::Replay(_) | Begun::Recover { .. }))
    );
    begun || lease.taken_over || lease.attempts > 1 || lease.state > JobState::Leased
}

/// Removes every part file of a job and what stands beside them: it is over.
pub(super) fn sweep(store: &Store, job: JobId) {
    for name in files_of(store, job).unwrap_or_default() {
        // The reconciler sweeps what stays.
        let _ = store.folder().remove_file(&name);
    }
}

fn files_of(store: &Store, job: JobId) -> Result<Vec<String>, Stopped> {
    let prefix = format!("{job}.");
    let mut names = store
        .folder()
        .part_names()
        .map_err(|error| Stopped::Store(StoreError::io("list", &store.folder().parts(), error)))?;
    names.retain(|name| name.starts_with(&prefix));
    Ok(names)
}

/// Looks candidates up in the ledger, as long as a stored one may end the job.
pub(super) struct Looking {
    ledger: Arc<dyn Ledger>,
    store: Arc<Store>,
    /// Nothing was asked of an artifact's host yet.
    allowed: AtomicBool,
}

impl Looking {
    /// A request for an artifact was made: from now on the job goes through
    /// all its states.
    pub(super) fn stop(&self) {
        self.allowed.store(false, Ordering::Relaxed);
    }

    pub(super) async fn object(&self, url: &str) -> Option<StoredObject> {
        if !self.allowed.load(Ordering::Relaxed) {
            return None;
        }
        match self.ledger.stored_from(url).await {
            // One that is gone or damaged is asked for again.
            Ok(object) => object.filter(|object| self.store.holds(&object.path, object.bytes)),
            Err(error) => {
                tracing::debug!(%error, "the ledger was not asked about a URL");
                None
            }
        }
    }
}

impl fmt::Debug for Looking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Looking")
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}

impl StoredUrls for Looking {
    fn holds<'s>(&'s self, url: &'s str) -> Pin<Box<dyn Future<Output = bool> + Send + 's>> {
        Box::pin(async move { self.object(url).await.is_some() })
    }
}
