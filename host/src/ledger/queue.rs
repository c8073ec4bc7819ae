//! One writer thread per process: it drains a queue of requests into one
//! transaction, commits once for all of them, and only then answers.
//!
//! A request checks before it writes, so that one that is refused has changed
//! nothing and the others of its batch stand. If a statement fails in the middle,
//! or a request is refused that has written, the whole batch is undone and its
//! requests run again one by one, so that only the guilty one fails.

use std::cell::Cell;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::clock::{Clock, Timestamp};
use super::error::LedgerError;
use super::event::{Event, EventSink};
use super::failpoint::failpoint;
use super::job::OwnerId;
use super::place::Place;
use super::turn::{LONG_WAIT, Queue, tell_waiting};

/// Requests committed together at most.
const BATCH: usize = 256;
/// Requests that may wait; further callers wait to ask.
const WAITING: usize = 1024;
/// Commits between two looks at the length of the log.
const COMMITS_PER_CHECKPOINT: u32 = if cfg!(feature = "failpoints") {
    64
} else {
    128
};

/// A turn at the write lock ends after this long, or when nothing is waiting:
/// long enough to be worth the change of process, short for those that wait.
const LONG_TURN: Duration = Duration::from_millis(2);

/// A transaction looks whether the file is there unless one did so just now: a
/// busy ledger commits more often than that is worth a call of the system.
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);

/// Why an operation did not happen.
#[derive(Debug)]
pub(super) enum OpError {
    /// The ledger says no; nothing was written.
    Refused(LedgerError),
    /// A statement failed; the transaction must be undone.
    Broken(rusqlite::Error),
}

impl From<rusqlite::Error> for OpError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Broken(error)
    }
}

impl From<LedgerError> for OpError {
    fn from(error: LedgerError) -> Self {
        Self::Refused(error)
    }
}

/// The open transaction an operation works in.
pub(super) struct Tx<'c> {
    pub(super) db: &'c Connection,
    pub(super) now: Timestamp,
    /// This process's row in `ledger_owners`, which is its epoch.
    pub(super) me: i64,
    pub(super) owner: &'c OwnerId,
    /// How long the request waited so far.
    pub(super) waited: Duration,
    pub(super) events: Vec<Event>,
}

/// A request in the queue, with its caller waiting.
trait Request: Send {
    /// Runs in the transaction; an error means that it must be undone.
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), rusqlite::Error>;
    /// Whether the ledger said no when it ran.
    fn is_refused(&self) -> bool;
    /// Answers the caller: it is durable, or this is why not.
    fn answer(self: Box<Self>, committed: Result<(), LedgerError>);
    fn asked_at(&self) -> Instant;
}

struct Call<T, F> {
    work: F,
    outcome: Option<Result<T, LedgerError>>,
    caller: oneshot::Sender<Result<T, LedgerError>>,
    asked_at: Instant,
}

impl<T, F> Request for Call<T, F>
where
    T: Send,
    F: FnMut(&mut Tx<'_>) -> Result<T, OpError> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), rusqlite::Error> {
        self.outcome = None;
        match (self.work)(tx) {
            Ok(value) => self.outcome = Some(Ok(value)),
            Err(OpError::Refused(error)) => self.outcome = Some(Err(error)),
            Err(OpError::Broken(error)) => return Err(error),
        }
        Ok(())
    }

    fn is_refused(&self) -> bool {
        matches!(self.outcome, Some(Err(_)))
    }

    fn answer(self: Box<Self>, committed: Result<(), LedgerError>) {
        let answer = match (committed, self.outcome) {
            (Err(error), _) => Err(error),
            (Ok(()), Some(outcome)) => outcome,
            // Dropping the sender tells the caller that the ledger is closed.
            (Ok(()), None) => return,
        };
        // The caller may have gone away; what it asked for stands all the same.
        let _ = self.caller.send(answer);
    }

    fn asked_at(&self) -> Instant {
        self.asked_at
    }
}

/// The callers' end of the queue.
#[derive(Clone)]
pub(super) struct Writer {
    requests: mpsc::Sender<Box<dyn Request>>,
    path: Arc<PathBuf>,
}

impl Writer {
    /// Runs `work` in the next transaction and answers once it is durable.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, OpError> + Send + 'static,
    {
        let closed = || LedgerError::Closed {
            path: self.path.as_ref().clone(),
        };
        let (caller, answer) = oneshot::channel();
        let call = Call {
            work,
            outcome: None,
            caller,
            asked_at: Instant::now(),
        };
        self.requests
            .send(Box::new(call))
            .await
            .map_err(|_| closed())?;
        let mut answer = answer;
        loop {
            match tokio::time::timeout(LONG_WAIT, &mut answer).await {
                Ok(answered) => return answered.map_err(|_| closed())?,
                Err(_) => tell_waiting(&self.path),
            }
        }
    }
}

/// What the writer thread works with.
pub(super) struct WriterThread {
    pub(super) path: Arc<PathBuf>,
    pub(super) place: Place,
    /// When that was looked at last and found in order.
    pub(super) looked: Cell<Option<Instant>>,
    pub(super) db: Connection,
    pub(super) queue: Queue,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) sink: Arc<dyn EventSink>,
    pub(super) me: i64,
    pub(super) owner: OwnerId,
    /// Wakes the thread that moves the log into the database.
    pub(super) checkpointer: std::sync::mpsc::SyncSender<()>,
}

/// Starts the thread; it ends, and calls `at_end`, when every [`Writer`] is gone.
pub(super) fn start(
    thread: WriterThread,
    at_end: impl FnOnce(&Connection) + Send + 'static,
) -> std::io::Result<(Writer, thread::JoinHandle<()>)> {
    let (requests, mut waiting) = mpsc::channel(WAITING);
    let path = Arc::clone(&thread.path);
    let handle = thread::Builder::new()
        .name("ledger-writer".to_owned())
        .spawn(move || {
            let mut commits = 0;
            while let Some(first) = waiting.blocking_recv() {
                thread.serve(first, &mut waiting);
                commits += 1;
                if commits % COMMITS_PER_CHECKPOINT == 0 {
                    let _ = thread.checkpointer.try_send(());
                }
            }
            at_end(&thread.db);
        })?;
    Ok((Writer { requests, path }, handle))
}

type Pending = VecDeque<Box<dyn Request>>;
type Waiting = mpsc::Receiver<Box<dyn Request>>;

impl WriterThread {
    /// Takes the turn and commits `first` and what else is waiting, batch after
    /// batch, until nothing is or the turn has lasted long enough.
    fn serve(&self, first: Box<dyn Request>, waiting: &mut Waiting) {
        let mut turn = match self.queue.take() {
            Ok(turn) => Some(turn),
            Err(error) => return first.answer(Err(LedgerError::io(&self.path, &error))),
        };
        let began = Instant::now();
        let mut next = Some(first);
        while let Some(first) = next.take() {
            let batches = self.commit(first, waiting);
            let mut look = || {
                let more = began.elapsed() < LONG_TURN;
                more.then(|| waiting.try_recv().ok()).flatten()
            };
            // The only caller gets its answer when the turn is over: if it is
            // stopped then, nobody waits for it. Several may ask for more at once,
            // and keeping the turn for that is worth a seventh of the throughput
            // of four busy processes.
            let only_caller = matches!(batches.as_slice(), [batch] if batch.requests.len() == 1);
            if only_caller {
                next = look();
                if next.is_none() {
                    turn = None;
                }
            }
            for batch in batches {
                self.settle(batch);
            }
            if !only_caller {
                next = look();
            }
        }
        drop(turn);
    }

    /// Commits `first` together with what else is waiting, or each alone if one
    /// of them is to blame that they cannot be.
    fn commit(&self, first: Box<dyn Request>, waiting: &mut Waiting) -> Vec<Batch> {
        let mut requests = Pending::from([first]);
        match self.together(waiting, &mut requests) {
            Ok(events) => vec![Batch::committed(requests, events)],
            Err(Undone::Nothing(error)) => vec![Batch::failed(requests, error)],
            Err(Undone::Guilty(_) | Undone::Refused) => requests
                .into_iter()
                .map(|request| self.alone(request))
                .collect(),
        }
    }

    /// One transaction for what is in `done` and whatever else is waiting, which
    /// is in `done` afterwards.
    fn together(&self, waiting: &mut Waiting, done: &mut Pending) -> Result<Vec<Event>, Undone> {
        if let Err(error) = self.begin() {
            // Whoever else is waiting would only wait as long again.
            while done.len() < BATCH
                && let Ok(request) = waiting.try_recv()
            {
                done.push_back(request);
            }
            return Err(error);
        }
        let mut tx = self.tx();
        let mut ran = 0;
        while ran < BATCH {
            if ran == done.len() {
                match waiting.try_recv() {
                    Ok(request) => done.push_back(request),
                    Err(_) => break,
                }
            }
            let Some(request) = done.back_mut() else {
                break;
            };
            self.run(request.as_mut(), &mut tx)?;
            ran += 1;
        }
        failpoint!("commit.before");
        let events = std::mem::take(&mut tx.events);
        self.control("COMMIT").inspect_err(|_| self.undo())?;
        failpoint!("commit.after");
        Ok(events)
    }

    /// A transaction for one request, after its batch was undone.
    fn alone(&self, request: Box<dyn Request>) -> Batch {
        let mut one = Pending::from([request]);
        match self.alone_in_tx(&mut one) {
            Ok(events) => Batch::committed(one, events),
            // It knows itself why.
            Err(Undone::Refused) => Batch::committed(one, Vec::new()),
            Err(Undone::Nothing(error) | Undone::Guilty(error)) => Batch::failed(one, error),
        }
    }

    fn alone_in_tx(&self, one: &mut Pending) -> Result<Vec<Event>, Undone> {
        self.begin()?;
        let mut tx = self.tx();
        for request in one {
            self.run(request.as_mut(), &mut tx)?;
        }
        let events = std::mem::take(&mut tx.events);
        self.control("COMMIT").inspect_err(|_| self.undo())?;
        Ok(events)
    }

    fn tx(&self) -> Tx<'_> {
        Tx {
            db: &self.db,
            now: self.clock.now(),
            me: self.me,
            owner: &self.owner,
            waited: Duration::ZERO,
            events: Vec::new(),
        }
    }

    fn begin(&self) -> Result<(), Undone> {
        let looked = self.looked.get();
        if looked.is_none_or(|at| at.elapsed() >= BETWEEN_LOOKS) {
            self.place.check().map_err(Undone::Nothing)?;
            self.looked.set(Some(Instant::now()));
        }
        self.control("BEGIN IMMEDIATE")
    }

    /// Runs a request. What fails in the middle, or is refused after it has
    /// written, undoes the transaction; what is refused is not told of.
    fn run(&self, request: &mut dyn Request, tx: &mut Tx<'_>) -> Result<(), Undone> {
        let (changed, told) = (self.db.total_changes(), tx.events.len());
        tx.waited = request.asked_at().elapsed();
        if let Err(error) = request.run(tx) {
            self.undo();
            return Err(self.judge(error));
        }
        if request.is_refused() {
            tx.events.truncate(told);
            if self.db.total_changes() != changed {
                self.undo();
                return Err(Undone::Refused);
            }
        }
        Ok(())
    }

    fn control(&self, statement: &str) -> Result<(), Undone> {
        self.db
            .prepare_cached(statement)
            .and_then(|mut prepared| prepared.execute([]))
            .map(|_| ())
            .map_err(|error| Undone::Nothing(LedgerError::sqlite(&self.path, &error)))
    }

    fn undo(&self) {
        if !self.db.is_autocommit() {
            // A failed rollback leaves a transaction that the next BEGIN reports.
            let _ = self.control("ROLLBACK");
        }
    }

    /// The disk's troubles are everybody's; anything else is one request's.
    fn judge(&self, error: rusqlite::Error) -> Undone {
        let error = LedgerError::sqlite(&self.path, &error);
        match error {
            LedgerError::Refused { .. } => Undone::Guilty(error),
            _ => Undone::Nothing(error),
        }
    }

    fn settle(&self, batch: Batch) {
        for event in &batch.events {
            self.sink.emit(event);
        }
        for request in batch.requests {
            request.answer(batch.outcome.clone());
        }
    }
}

/// Requests of one transaction, and what became of it.
struct Batch {
    requests: Pending,
    events: Vec<Event>,
    outcome: Result<(), LedgerError>,
}

impl Batch {
    const fn committed(requests: Pending, events: Vec<Event>) -> Self {
        Self {
            requests,
            events,
            outcome: Ok(()),
        }
    }

    const fn failed(requests: Pending, error: LedgerError) -> Self {
        Self {
            requests,
            events: Vec::new(),
            outcome: Err(error),
        }
    }
}

/// Why a transaction was undone.
enum Undone {
    /// Nothing in it can be done now.
    Nothing(LedgerError),
    /// One of its requests cannot.
    Guilty(LedgerError),
    /// One of its requests was refused when it had written.
    Refused,
}
