//! The handle on a ledger file: opening it, its writer and readers, closing it.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, params};

use super::{lease as leases, reconciler};
use crate::ledger::backoff::RetryPolicy;
use crate::ledger::clock::{Clock, SteadyClock, Timestamp};
use crate::ledger::error::LedgerError;
use crate::ledger::event::{EventSink, NoSink};
use crate::ledger::failpoint::failpoint;
use crate::ledger::job::{Lease, LeaseRequest, OwnerId};
use crate::ledger::migrate;
use crate::ledger::open::{self, Durability, Existing};
use crate::ledger::owner::{self, OwnerLock};
use crate::ledger::place::{Place, followed};
use crate::ledger::queue::{self, OpError, Writer, WriterThread};
use crate::ledger::schema::{self, Found};
use crate::ledger::turn::{OneTurn, Queue, tell_migrating};

/// A log of this many pages of 4 KiB is folded back whole, so that it begins anew
/// in the room it has: a file that grows costs every commit more than one that is
/// written over.
const FULL_LOG_PAGES: i64 = if cfg!(feature = "failpoints") {
    8
} else {
    1024
};
/// One that grows to this all the same (somebody reads in it) waits for its
/// readers. (A test of kills would write 64 MiB for every worker it kills.)
const LONG_LOG_PAGES: i64 = if cfg!(feature = "failpoints") {
    16
} else {
    16 * 1024
};

/// How long opening waits for its turn to write.
const OPENING_PATIENCE: Duration = Duration::from_millis(open::BUSY_PATIENCE_MS);

/// How a ledger is opened.
#[derive(Clone)]
pub struct Options {
    /// Whether a missing file is made.
    pub existing: Existing,
    /// How hard a commit is before it is acknowledged.
    pub durability: Durability,
    /// When failed jobs are tried again.
    pub retry: RetryPolicy,
    /// The source of time, unless other processes work on the ledger: then theirs.
    pub clock: Arc<dyn Clock>,
    /// Hears the events.
    pub sink: Arc<dyn EventSink>,
    /// Brings a job's payload together with that of a later planning.
    pub merge: Merge,
}

/// What is to stand, of the payload that does and a newer one; `None`: it stays.
pub type Merge = fn(standing: &str, newer: &str) -> Option<String>;

impl Default for Options {
    fn default() -> Self {
        Self {
            existing: Existing::OrNew,
            durability: Durability::default(),
            retry: RetryPolicy::default(),
            clock: Arc::new(SteadyClock::new()),
            sink: Arc::new(NoSink),
            merge: |_, _| None,
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
    place: Place,
    pub(super) locks: PathBuf,
    pub(super) me: i64,
    pub(super) owner: OwnerId,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) sink: Arc<dyn EventSink>,
    pub(super) retry: RetryPolicy,
    pub(super) merge: Merge,
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
        let path = &followed(path);
        let failed = |error: rusqlite::Error| LedgerError::sqlite(path, &error);
        let failed_io = |error: std::io::Error| LedgerError::io(path, &error);
        let mut db = open::writable(path, options.existing)?;
        let place = Place::of(Arc::new(path.to_owned()))?;
        // Closing the last connection would fold the log of a refused file back.
        keep_log(&db, true).map_err(failed)?;
        let found = open::inspect(path, &db)?;
        if found == Found::Nothing && options.existing == Existing::Required {
            let detail = "there are no ledger tables in it".to_owned();
            return Err(LedgerError::NotALedger {
                path: path.to_owned(),
                detail,
            });
        }
        keep_log(&db, false).map_err(failed)?;
        let locks = owner::folder(path);
        let queue = Queue::open(&locks).map_err(failed_io)?;
        // Full while the epoch is written: a fence is only safe if no power loss
        // can take back the epoch it was made in.
        open::tune_writer(&db, Durability::Full).map_err(failed)?;
        let owner = OwnerId::fresh();
        let mut lock = OwnerLock::take(&locks, &owner).map_err(failed_io)?;
        failpoint!("open.owner_locked");
        let entered = enter(path, &mut db, found, (&owner, &mut lock), options.clock);
        let (me, clock) = match entered {
            Ok(entered) => entered,
            Err(error) => {
                lock.retire();
                return Err(error);
            }
        };
        failpoint!("open.after_epoch");
        open::tune_writer(&db, options.durability).map_err(failed)?;
        let path = Arc::new(path.to_owned());
        let checkpointer = start_checkpointer(&path, &locks).map_err(failed_io)?;
        let thread = WriterThread {
            path: Arc::clone(&path),
            place: place.clone(),
            looked: Cell::new(None),
            db,
            queue,
            clock: Arc::clone(&clock),
            sink: Arc::clone(&options.sink),
            me,
            owner: owner.clone(),
            checkpointer,
        };
        let (writer, handle) =
            queue::start(thread, leaving(me, &owner, lock, &locks)).map_err(failed_io)?;
        let shared = Shared {
            path,
            place,
            locks,
            me,
            owner,
            clock,
            sink: options.sink,
            retry: options.retry,
            merge: options.merge,
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
    pub(super) async fn lease_due(
        &self,
        request: &LeaseRequest,
    ) -> Result<Vec<Lease>, LedgerError> {
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
            failpoint!("takeover.found");
            self.write(move |tx| leases::expire(tx, &dead)).await?;
            failpoint!("takeover.after");
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
            None => {
                self.place.check()?;
                open::readable(&self.path)?
            }
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

/// Whether closing this connection leaves the log as it is.
fn keep_log(db: &Connection, is_kept: bool) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, is_kept)
        .map(|_| ())
}

/// Makes or migrates the tables if need be, and enters this process among the
/// owners, whose clock it then goes by.
fn enter(
    path: &Path,
    db: &mut Connection,
    found: Found,
    (owner, lock): (&OwnerId, &mut OwnerLock),
    clock: Arc<dyn Clock>,
) -> Result<(i64, Arc<dyn Clock>), LedgerError> {
    let locks = owner::folder(path);
    let failed_io = |error: std::io::Error| LedgerError::io(path, &error);
    let wait_on = |waited: Duration| {
        // Another process migrates it, and that takes as long as it takes.
        let migrates = found == Found::Legacy;
        if migrates {
            tell_migrating(path);
        }
        migrates || waited < OPENING_PATIENCE
    };
    let turn = OneTurn::take(&locks, OPENING_PATIENCE, wait_on);
    let Some(_turn) = turn.map_err(failed_io)? else {
        return Err(LedgerError::locked(path, &[&OneTurn::lock(&locks)]));
    };
    open::turn_on_log(db).map_err(|error| LedgerError::sqlite(path, &error))?;
    // Whoever had the turn before may have done it.
    match open::inspect(path, db)? {
        Found::Legacy => migrate::migrate(path, db)?,
        Found::Nothing => create(path, db)?,
        _ => migrate::sweep(path),
    }
    failpoint!("open.before_epoch");
    let clock = common_clock(clock, &locks, owner, lock).map_err(failed_io)?;
    let me = register(db, owner, clock.now()).map_err(|error| LedgerError::sqlite(path, &error))?;
    Ok((me, clock))
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

/// The clock of the processes that work already, or else this one; later ones are
/// told of it.
fn common_clock(
    own: Arc<dyn Clock>,
    locks: &Path,
    me: &OwnerId,
    lock: &mut OwnerLock,
) -> std::io::Result<Arc<dyn Clock>> {
    let Some(own_lead) = own.lead() else {
        return Ok(own);
    };
    let lead = owner::lead_of_others(locks, me).unwrap_or(own_lead);
    lock.tell(lead)?;
    Ok(Arc::new(SteadyClock::leading_by(lead)))
}

/// Enters this process among the owners; the row's number is its epoch.
fn register(db: &Connection, owner: &OwnerId, now: Timestamp) -> rusqlite::Result<i64> {
    // Not RETURNING: the row comes before the commit, which may fail (a full
    // disk) when nobody listens any more.
    db.execute(
        "INSERT INTO ledger_owners(name, started_at) VALUES(?1, ?2)",
        params![owner.as_str(), now.as_millis()],
    )?;
    Ok(db.last_insert_rowid())
}

/// What the writer thread does last.
fn leaving(
    me: i64,
    owner: &OwnerId,
    lock: OwnerLock,
    locks: &Path,
) -> impl FnOnce(&Connection) + Send + use<> {
    let (owner, locks) = (owner.clone(), locks.to_owned());
    move |db| {
        // Those of the dead whose jobs were taken over since the start.
        let _ = reconciler::sweep_locks(db, &locks, owner.as_str());
        leave(db, me, lock);
    }
}

/// Lets this owner's lock go, and its file with it where it holds nothing.
fn leave(db: &Connection, me: i64, lock: OwnerLock) {
    let holds: rusqlite::Result<bool> = db.query_row(
        "SELECT EXISTS(SELECT 1 FROM ledger_jobs INDEXED BY ledger_due WHERE due_at > 0 AND owner = ?1)",
        [me],
        |row| row.get(0),
    );
    // With leases left, the free lock tells the others that they may take them.
    if matches!(holds, Ok(false)) {
        failpoint!("close.before_retire");
        lock.retire();
    }
    failpoint!("close.retired");
    // The last one to leave folds the log back when it closes its connection.
}

/// A thread that moves the log into the database while nobody waits for it.
fn start_checkpointer(path: &Path, locks: &Path) -> std::io::Result<mpsc::SyncSender<()>> {
    let (wake, woken) = mpsc::sync_channel::<()>(1);
    let path = path.to_owned();
    let queue = Queue::open(locks)?;
    thread::Builder::new()
        .name("ledger-checkpoint".to_owned())
        .spawn(move || {
            while woken.recv().is_ok() {
                if let Ok(db) = open::writable(&path, Existing::Required) {
                    checkpoint(&db, &queue);
                }
                failpoint!("checkpoint.over");
            }
        })?;
    Ok(wake)
}

/// Moves what it can of the log into the database. What fails is tried again the
/// next time.
fn checkpoint(db: &Connection, queue: &Queue) {
    let fold_back = |mode: &str| {
        db.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
            row.get::<_, i64>(1)
        })
    };
    failpoint!("checkpoint.before");
    let pages = fold_back("PASSIVE");
    failpoint!("checkpoint.after");
    let Ok(pages) = pages else { return };
    if pages <= FULL_LOG_PAGES {
        return;
    }
    // Nobody else may write meanwhile: this waits its turn like everybody.
    if let Ok(_turn) = queue.take() {
        failpoint!("checkpoint.turn_taken");
        let mode = if pages > LONG_LOG_PAGES {
            "RESTART"
        } else {
            "PASSIVE"
        };
        let _ = fold_back(mode);
        failpoint!("checkpoint.log_restarted");
    }
}
