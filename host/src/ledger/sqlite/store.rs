//! The handle on a ledger file: opening it, its writer and readers, closing it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, params};

use super::rows::bounded;
use super::{effect, ending, lease as leases, plan, reconciler};
use crate::ledger::backoff::RetryPolicy;
use crate::ledger::clock::{Clock, SteadyClock, Timestamp};
use crate::ledger::error::LedgerError;
use crate::ledger::event::{Event, EventSink, NoSink};
use crate::ledger::failpoint::failpoint;
use crate::ledger::job::{
    Lease, LeaseRequest, Leased, MAX_NAME_BYTES, NewJob, OwnerId, Planned, StoredObject,
};
use crate::ledger::keys::{JobId, Sha256Hex};
use crate::ledger::migrate;
use crate::ledger::op::{
    Begin, Begun, Failed, Failure, Finish, Finished, IndexEntry, Indexed, Op, Replay,
};
use crate::ledger::open::{self, Durability, Existing};
use crate::ledger::owner::{self, OwnerLock};
use crate::ledger::queue::{self, OpError, Writer, WriterThread};
use crate::ledger::reconcile::{Reconciled, Shelf, Thoroughness};
use crate::ledger::schema::{self, Found};
use crate::ledger::seam::{Answer, Ledger};
use crate::ledger::state::JobState;
use crate::ledger::turn::Queue;

/// Jobs planned in one transaction at most.
const PLAN_BATCH: usize = 1000;
/// The log is folded back by force when it is longer than this many pages of 4 KiB.
const LONG_LOG_PAGES: i64 = 16 * 1024;

/// How a ledger is opened.
#[derive(Clone)]
pub struct Options {
    /// Whether a missing file is made.
    pub existing: Existing,
    /// How hard a commit is before it is acknowledged.
    pub durability: Durability,
    /// When failed jobs are tried again.
    pub retry: RetryPolicy,
    /// The source of time.
    pub clock: Arc<dyn Clock>,
    /// Hears the events.
    pub sink: Arc<dyn EventSink>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            existing: Existing::OrNew,
            durability: Durability::default(),
            retry: RetryPolicy::default(),
            clock: Arc::new(SteadyClock::new()),
            sink: Arc::new(NoSink),
        }
    }
}

/// A ledger in a SQLite file that several processes of one machine may share.
///
/// Its futures need a tokio runtime. Dropping the handle stops its threads after
/// what was asked for is done; [`SqliteLedger::close`] waits for them.
pub struct SqliteLedger {
    pub(super) shared: Arc<Shared>,
    writer: Option<Writer>,
    writer_thread: Option<thread::JoinHandle<()>>,
}

/// What operations need besides the writer.
pub(super) struct Shared {
    pub(super) path: Arc<PathBuf>,
    pub(super) locks: PathBuf,
    pub(super) me: i64,
    pub(super) owner: OwnerId,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) sink: Arc<dyn EventSink>,
    pub(super) retry: RetryPolicy,
    /// Idle readers.
    readers: Mutex<Vec<Connection>>,
}

impl SqliteLedger {
    /// Opens the ledger at this path, migrating one that DocsToKG wrote. It may
    /// block for as long as another program keeps the file locked.
    ///
    /// # Errors
    /// [`LedgerError`], with what to do about it; the file is untouched then.
    pub fn open(path: &Path, options: Options) -> Result<Self, LedgerError> {
        let failed = |error: rusqlite::Error| LedgerError::sqlite(path, &error);
        let failed_io = |error: std::io::Error| LedgerError::io(path, &error);
        let mut db = open::writable(path, options.existing)?;
        let found = open::inspect(path, &db)?;
        if found == Found::Nothing && options.existing == Existing::Required {
            let detail = "there are no ledger tables in it".to_owned();
            return Err(LedgerError::NotALedger {
                path: path.to_owned(),
                detail,
            });
        }
        let locks = owner::folder(path);
        let queue = Queue::open(&locks).map_err(failed_io)?;
        // Full while the epoch is written: a fence is only safe if no power loss
        // can take back the epoch it was made in.
        open::tune_writer(&db, Durability::Full).map_err(failed)?;
        let owner = OwnerId::fresh();
        let lock = OwnerLock::take(&locks, &owner).map_err(failed_io)?;
        let me = {
            let _turn = queue.take().map_err(failed_io)?;
            match found {
                Found::Legacy => migrate::migrate(path, &mut db)?,
                Found::Nothing => create(path, &mut db)?,
                _ => {}
            }
            failpoint!("open.before_epoch");
            register(&db, &owner, options.clock.now()).map_err(failed)?
        };
        failpoint!("open.after_epoch");
        open::tune_writer(&db, options.durability).map_err(failed)?;
        let path = Arc::new(path.to_owned());
        let checkpointer = start_checkpointer(&path).map_err(failed_io)?;
        let thread = WriterThread {
            path: Arc::clone(&path),
            db,
            queue,
            clock: Arc::clone(&options.clock),
            sink: Arc::clone(&options.sink),
            me,
            owner: owner.clone(),
            checkpointer,
        };
        let (writer, handle) =
            queue::start(thread, move |db| leave(db, me, lock)).map_err(failed_io)?;
        let shared = Shared {
            path,
            locks,
            me,
            owner,
            clock: options.clock,
            sink: options.sink,
            retry: options.retry,
            readers: Mutex::new(Vec::new()),
        };
        Ok(Self {
            shared: Arc::new(shared),
            writer: Some(writer),
            writer_thread: Some(handle),
        })
    }

    /// Waits until everything asked for is done and the file is let go.
    pub async fn close(mut self) {
        // Readers first: the last connection to close folds the log back, and one
        // that only reads cannot.
        if let Ok(mut readers) = self.shared.readers.lock() {
            readers.clear();
        }
        self.writer = None;
        if let Some(thread) = self.writer_thread.take() {
            // A panic of the writer was answered with errors already.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }

    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnMut(&mut queue::Tx<'_>) -> Result<T, OpError> + Send + 'static,
    {
        match &self.writer {
            Some(writer) => writer.run(work).await,
            None => Err(LedgerError::Closed {
                path: self.shared.path.as_ref().clone(),
            }),
        }
    }

    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &Shared) -> Result<T, OpError> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        let done = tokio::task::spawn_blocking(move || shared.read_now(work)).await;
        done.unwrap_or_else(|_| {
            Err(LedgerError::Closed {
                path: self.shared.path.as_ref().clone(),
            })
        })
    }

    /// Leases what is due now.
    async fn lease_due(&self, request: &LeaseRequest) -> Result<Vec<Lease>, LedgerError> {
        let request = request.clone();
        self.write(move |tx| leases::lease(tx, &request)).await
    }

    /// Makes the leases of processes that are gone takeable; how many owners.
    pub(super) async fn bury_dead(&self) -> Result<usize, LedgerError> {
        let dead = self
            .read(|db, shared| {
                let holders = leases::holders(db, shared.clock.now())?;
                let others = holders.into_iter().filter(|(id, _)| *id != shared.me);
                Ok(others
                    .filter(|(_, name)| owner::is_dead(&shared.locks, name))
                    .map(|(id, _)| id)
                    .collect::<Vec<_>>())
            })
            .await?;
        let count = dead.len();
        if count > 0 {
            self.write(move |tx| leases::expire(tx, &dead)).await?;
        }
        Ok(count)
    }
}

impl Shared {
    /// Runs `work` on a reader of its own; blocks.
    pub(super) fn read_now<T>(
        &self,
        work: impl FnOnce(&Connection, &Self) -> Result<T, OpError>,
    ) -> Result<T, LedgerError> {
        let idle = self
            .readers
            .lock()
            .ok()
            .and_then(|mut readers| readers.pop());
        let reader = match idle {
            Some(reader) => reader,
            None => open::readable(&self.path)?,
        };
        let outcome = work(&reader, self);
        if let Ok(mut readers) = self.readers.lock() {
            readers.push(reader);
        }
        outcome.map_err(|error| match error {
            OpError::Refused(error) => error,
            OpError::Broken(error) => LedgerError::sqlite(&self.path, &error),
        })
    }
}

impl Ledger for SqliteLedger {
    fn owner(&self) -> &OwnerId {
        &self.shared.owner
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    fn plan(&self, jobs: Vec<NewJob>) -> Answer<'_, Vec<Planned>> {
        Box::pin(async move {
            jobs.iter().try_for_each(plan::check)?;
            let keys: Arc<[_]> = jobs.iter().map(NewJob::key).collect();
            let asked = Arc::clone(&keys);
            let known = self
                .read(move |db, _| Ok(plan::look_up(db, &asked)?))
                .await?;
            let mut new: Vec<_> = keys
                .iter()
                .copied()
                .zip(jobs)
                .zip(&known)
                .filter(|(_, known)| known.is_none())
                .map(|(job, _)| job)
                .collect();
            let mut written = Vec::with_capacity(new.len());
            while !new.is_empty() {
                let batch: Vec<_> = new.drain(..new.len().min(PLAN_BATCH)).collect();
                written.extend(self.write(move |tx| plan::write(tx, &batch)).await?);
            }
            failpoint!("plan.after");
            let mut written = written.into_iter();
            Ok(known
                .into_iter()
                .filter_map(|known| known.or_else(|| written.next()))
                .collect())
        })
    }

    fn lease(&self, request: LeaseRequest) -> Answer<'_, Leased> {
        Box::pin(async move {
            if let Some(first) = &request.first {
                effect::check("the operation's intent", &first.intent)?;
            }
            let mut leases = self.lease_due(&request).await?;
            // Before saying "nothing": somebody who held jobs may have died.
            if leases.is_empty() && self.bury_dead().await? > 0 {
                leases = self.lease_due(&request).await?;
            }
            failpoint!("lease.after");
            let outlook = if leases.is_empty() {
                Some(
                    self.read(|db, shared| Ok(leases::outlook(db, shared.me, shared.clock.now())?))
                        .await?,
                )
            } else {
                None
            };
            Ok(Leased { leases, outlook })
        })
    }

    fn renew<'l>(&'l self, lease: &'l Lease, ttl: Duration) -> Answer<'l, ()> {
        let lease = lease.clone();
        Box::pin(self.write(move |tx| leases::renew(tx, &lease, ttl)))
    }

    fn release<'l>(&'l self, lease: &'l Lease) -> Answer<'l, ()> {
        let lease = lease.clone();
        Box::pin(self.write(move |tx| leases::release(tx, &lease)))
    }

    fn begin<'l>(&'l self, lease: &'l Lease, begin: Begin) -> Answer<'l, Begun> {
        Box::pin(async move {
            effect::check("the operation's intent", &begin.intent)?;
            if let Some(replay) = self.replay_finished(lease, &begin.op).await? {
                return Ok(Begun::Replay(replay));
            }
            let lease = lease.clone();
            #[cfg(feature = "failpoints")]
            let kind = begin.op.kind();
            let begun = self
                .write(move |tx| effect::begin(tx, &lease, begin.clone()))
                .await;
            failpoint!(&format!("{kind}.after_intent"));
            begun
        })
    }

    fn replay<'l>(&'l self, lease: &'l Lease, op: &'l Op) -> Answer<'l, Option<Replay>> {
        Box::pin(self.replay_now(lease, op))
    }

    fn finish<'l>(&'l self, lease: &'l Lease, finish: Finish) -> Answer<'l, Finished> {
        Box::pin(async move {
            effect::check("the operation's result", &finish.result)?;
            let lease = lease.clone();
            #[cfg(feature = "failpoints")]
            let kind = finish.op.kind();
            let finished = self
                .write(move |tx| effect::finish(tx, &lease, finish.clone()))
                .await;
            failpoint!(&format!("{kind}.after_result"));
            finished
        })
    }

    fn advance<'l>(&'l self, lease: &'l Lease, to: JobState) -> Answer<'l, JobState> {
        let lease = lease.clone();
        Box::pin(self.write(move |tx| effect::advance(tx, &lease, to)))
    }

    fn index<'l>(&'l self, lease: &'l Lease, entry: IndexEntry) -> Answer<'l, Indexed> {
        Box::pin(async move {
            ending::check_entry(&entry)?;
            for url in &entry.urls {
                bounded("a resolved URL", url.len(), MAX_NAME_BYTES)?;
            }
            let lease = lease.clone();
            let indexed = self
                .write(move |tx| ending::index(tx, &lease, &entry))
                .await;
            failpoint!("INDEX.after_result");
            indexed
        })
    }

    fn skip_duplicate<'l>(&'l self, lease: &'l Lease, url: &'l str) -> Answer<'l, StoredObject> {
        let (lease, url) = (lease.clone(), url.to_owned());
        Box::pin(self.write(move |tx| ending::skip_duplicate(tx, &lease, &url)))
    }

    fn fail<'l>(&'l self, lease: &'l Lease, failure: Failure) -> Answer<'l, Failed> {
        Box::pin(async move {
            ending::check_failure(&failure)?;
            let (lease, policy) = (lease.clone(), self.shared.retry);
            let failed = self
                .write(move |tx| ending::fail(tx, &lease, &failure, policy))
                .await;
            failpoint!("fail.after");
            failed
        })
    }

    fn retry(&self, jobs: Vec<JobId>) -> Answer<'_, Vec<JobId>> {
        Box::pin(self.write(move |tx| ending::retry(tx, &jobs)))
    }

    fn retry_failed(&self, before: Timestamp, reasons: Vec<String>) -> Answer<'_, Vec<JobId>> {
        Box::pin(async move {
            const PAGE: u32 = 500;
            let (mut again, mut after) = (Vec::new(), 0);
            loop {
                let reasons = reasons.clone();
                let page = self
                    .read(move |db, _| {
                        Ok(ending::failed_before(db, before, &reasons, after, PAGE)?)
                    })
                    .await?;
                let Some((last, _)) = page.last() else {
                    return Ok(again);
                };
                after = *last;
                let jobs: Vec<JobId> = page.into_iter().map(|(_, job)| job).collect();
                again.extend(self.write(move |tx| ending::retry(tx, &jobs)).await?);
            }
        })
    }

    fn stored_from<'l>(&'l self, url: &'l str) -> Answer<'l, Option<StoredObject>> {
        let url = url.to_owned();
        Box::pin(self.read(move |db, _| Ok(ending::by_url(db, &url)?)))
    }

    fn stored(&self, sha256: Sha256Hex) -> Answer<'_, Option<StoredObject>> {
        Box::pin(self.read(move |db, _| {
            Ok(ending::object_and_job(db, &sha256)?.map(|(object, _, _)| object))
        }))
    }

    fn reconcile(
        &self,
        shelf: Arc<dyn Shelf>,
        thoroughness: Thoroughness,
    ) -> Answer<'_, Reconciled> {
        Box::pin(reconciler::reconcile(self, shelf, thoroughness))
    }
}

impl SqliteLedger {
    /// Looks for a stored result, unless the job is so new that it has none.
    async fn replay_finished(&self, lease: &Lease, op: &Op) -> Result<Option<Replay>, LedgerError> {
        let first_worker =
            lease.attempts <= 1 && lease.round == 0 && lease.state == JobState::Leased;
        if first_worker {
            Ok(None)
        } else {
            self.replay_now(lease, op).await
        }
    }

    async fn replay_now(&self, lease: &Lease, op: &Op) -> Result<Option<Replay>, LedgerError> {
        let (held, asked) = (lease.clone(), op.clone());
        let replay = self
            .read(move |db, shared| effect::replay(db, shared.me, &held, &asked))
            .await?;
        if let Some(replay) = &replay {
            self.tell(&effect::tell_replay(lease, op, replay));
        }
        Ok(replay)
    }

    /// Tells of something that is durable already.
    pub(super) fn tell(&self, event: &Event) {
        self.shared.sink.emit(event);
    }
}

fn create(path: &Path, db: &mut Connection) -> Result<(), LedgerError> {
    let failed = |error: rusqlite::Error| LedgerError::sqlite(path, &error);
    let tx = db
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(failed)?;
    // Another process may have been faster.
    if schema::look(&tx).map_err(failed)? == Found::Nothing {
        schema::create(&tx).map_err(failed)?;
    }
    failpoint!("create.in_tx");
    tx.commit().map_err(failed)
}

/// Enters this process among the owners; the row's number is its epoch.
fn register(db: &Connection, owner: &OwnerId, now: Timestamp) -> rusqlite::Result<i64> {
    db.query_row(
        "INSERT INTO ledger_owners(name, started_at) VALUES(?1, ?2) RETURNING id",
        params![owner.as_str(), now.as_millis()],
        |row| row.get(0),
    )
}

/// The last thing the writer thread does.
fn leave(db: &Connection, me: i64, lock: OwnerLock) {
    let holds: rusqlite::Result<bool> = db.query_row(
        "SELECT EXISTS(SELECT 1 FROM ledger_jobs INDEXED BY ledger_due WHERE due_at > 0 AND owner = ?1)",
        [me],
        |row| row.get(0),
    );
    // With leases left, the free lock tells the others that they may take them.
    if matches!(holds, Ok(false)) {
        lock.retire();
    }
    // The last one to leave folds the log back when it closes its connection.
}

/// A thread that moves the log into the database while nobody waits for it.
fn start_checkpointer(path: &Path) -> std::io::Result<mpsc::SyncSender<()>> {
    let (wake, woken) = mpsc::sync_channel::<()>(1);
    let path = path.to_owned();
    thread::Builder::new()
        .name("ledger-checkpoint".to_owned())
        .spawn(move || {
            while woken.recv().is_ok() {
                let Ok(db) = open::writable(&path, Existing::Required) else {
                    continue;
                };
                let mut mode = "PASSIVE";
                loop {
                    failpoint!("checkpoint.before");
                    let pages =
                        db.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
                            row.get::<_, i64>(1)
                        });
                    failpoint!("checkpoint.after");
                    if mode == "PASSIVE" && matches!(pages, Ok(pages) if pages > LONG_LOG_PAGES) {
                        mode = "RESTART";
                    } else {
                        break;
                    }
                }
            }
        })?;
    Ok(wake)
}
