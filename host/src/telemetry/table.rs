//! Events in the ledger's own file, as rows of `telemetry_events`: what service
//! levels and `sqlite3` read.
//!
//! The ledger comes first. Rows gather for a second and go in by small
//! transactions without a sync; where the file is busy they wait here, and where
//! they cannot go they are dropped and counted.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, params};
use tracing::warn;
use uuid::Uuid;

use super::envelope::Recorded;
use super::schema::event_schemas;
use super::sink::Sink;

/// How long events are kept in the table unless [`TableOptions`] say otherwise.
pub const DEFAULT_RETENTION: Duration = Duration::from_secs(14 * 24 * 3600);

/// How long rows gather, and how long a busy file is left alone.
const GATHER: Duration = Duration::from_secs(1);
/// How long a file that refused is left alone.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);
/// Rows in one transaction: it holds the write lock for about a millisecond.
const ROWS_AT_ONCE: usize = 200;
/// Rows that wait for a busy file; beyond that the oldest are dropped.
const MOST_WAITING: usize = 16 * 1024;
/// Tries, a millisecond apart, to begin a transaction.
const BUSY_TRIES: i32 = 25;
/// How long the end waits for a busy file.
const LAST_PATIENCE: Duration = Duration::from_secs(2);
/// How often old rows are looked for, and how many go at once.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);
const SWEPT_AT_ONCE: u32 = 200;

const TABLE: &str = "
CREATE TABLE IF NOT EXISTS telemetry_events(
  run_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  ts REAL NOT NULL,
  event TEXT NOT NULL,
  job_id TEXT,
  fields TEXT NOT NULL,
  PRIMARY KEY(run_id, seq)
) STRICT, WITHOUT ROWID;
";
/// Fails on a table of that name that somebody else made.
const IS_OURS: &str = "SELECT run_id, seq, ts, event, job_id, fields FROM telemetry_events";
const INDEX: &str =
    "CREATE INDEX IF NOT EXISTS telemetry_events_by_time ON telemetry_events(event, ts)";

/// The ledger's table of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableOptions {
    /// The ledger's file. It is not made: until a ledger is there, rows wait.
    pub ledger: PathBuf,
    /// Older rows are deleted.
    pub retention: Duration,
}

impl TableOptions {
    /// The table of this ledger, with the default retention.
    #[must_use]
    pub fn new(ledger: impl Into<PathBuf>) -> Self {
        Self {
            ledger: ledger.into(),
            retention: DEFAULT_RETENTION,
        }
    }
}

/// Enters events into the table.
pub(super) struct TableSink {
    options: TableOptions,
    run_id: String,
    db: Option<Connection>,
    waiting: VecDeque<Row>,
    next_write: Instant,
    next_sweep: Instant,
    lost: u64,
    told: bool,
}

struct Row {
    seq: u64,
    ts: f64,
    event: &'static str,
    job_id: Option<String>,
    fields: String,
}

impl TableSink {
    pub(super) fn new(options: TableOptions, run_id: Uuid) -> Self {
        let now = Instant::now();
        Self {
            options,
            run_id: run_id.to_string(),
            db: None,
            waiting: VecDeque::new(),
            next_write: now,
            next_sweep: now,
            lost: 0,
            told: false,
        }
    }

    /// Writes what waits, in pieces, until it is done or the file is busy.
    fn write(&mut self) {
        self.next_write = Instant::now() + GATHER;
        while !self.waiting.is_empty() {
            match self.write_some() {
                Ok(()) => {}
                Err(error) => {
                    self.trouble(&error);
                    return;
                }
            }
        }
        if Instant::now() >= self.next_sweep {
            match self.sweep() {
                // A full piece: there is more.
                Ok(SWEPT_AT_ONCE) => {}
                Ok(_) => self.next_sweep = Instant::now() + SWEEP_EVERY,
                Err(error) => _ = self.trouble(&error),
            }
        }
    }

    fn write_some(&mut self) -> rusqlite::Result<()> {
        let Self {
            db,
            waiting,
            options,
            run_id,
            ..
        } = self;
        let db = match db {
            Some(db) => db,
            None => db.insert(open(options)?),
        };
        let rows = waiting.len().min(ROWS_AT_ONCE);
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = tx.prepare_cached(
                "INSERT INTO telemetry_events(run_id, seq, ts, event, job_id, fields) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            for row in waiting.iter().take(rows) {
                insert.execute(params![
                    *run_id, row.seq, row.ts, row.event, row.job_id, row.fields
                ])?;
            }
        }
        tx.commit()?;
        waiting.drain(..rows);
        Ok(())
    }

    /// Deletes some old rows; how many.
    fn sweep(&mut self) -> rusqlite::Result<u32> {
        let Some(db) = &self.db else {
            return Ok(0);
        };
        let oldest = seconds(SystemTime::now()) - self.options.retention.as_secs_f64();
        let mut swept = 0;
        for schema in event_schemas() {
            let deleted = db
                .prepare_cached(
                    "DELETE FROM telemetry_events WHERE (run_id, seq) IN
                       (SELECT run_id, seq FROM telemetry_events WHERE event = ?1 AND ts < ?2 LIMIT ?3)",
                )?
                .execute(params![schema.event, oldest, SWEPT_AT_ONCE - swept])?;
            swept += u32::try_from(deleted).unwrap_or(0);
            if swept >= SWEPT_AT_ONCE {
                return Ok(SWEPT_AT_ONCE);
            }
        }
        Ok(swept)
    }

    /// Says what there is to say; whether the file is only busy.
    fn trouble(&mut self, error: &rusqlite::Error) -> bool {
        // The ledger is made after telemetry is set up.
        let not_yet = self.db.is_none() && !self.options.ledger.exists();
        let busy = matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
        );
        if busy || not_yet {
            return busy;
        }
        self.next_write = Instant::now() + AFTER_TROUBLE;
        // Opened anew: the file may have been replaced.
        self.db = None;
        if !self.told {
            self.told = true;
            warn!(
                "events are not entered into {}: {error}; the run goes on without them",
                self.options.ledger.display()
            );
        }
        false
    }
}

impl Sink for TableSink {
    fn take(&mut self, batch: &[Recorded]) {
        for recorded in batch {
            let Ok(fields) = recorded.fields() else {
                self.lost += 1;
                continue;
            };
            if self.waiting.len() >= MOST_WAITING {
                self.waiting.pop_front();
                self.lost += 1;
            }
            self.waiting.push_back(Row {
                seq: recorded.seq,
                ts: seconds(recorded.at),
                event: recorded.event.name(),
                job_id: recorded.event.job_id().map(|job| job.to_string()),
                fields,
            });
        }
        if Instant::now() >= self.next_write {
            self.write();
        }
    }

    fn due(&self) -> Option<Instant> {
        (!self.waiting.is_empty()).then_some(self.next_write)
    }

    fn close(&mut self) {
        let until = Instant::now() + LAST_PATIENCE;
        while !self.waiting.is_empty() {
            match self.write_some() {
                Ok(()) => {}
                Err(error) => {
                    if !self.trouble(&error) || Instant::now() >= until {
                        break;
                    }
                }
            }
        }
        self.lost += u64::try_from(self.waiting.len()).unwrap_or(0);
        self.waiting.clear();
        self.db = None;
    }

    fn lost(&self) -> u64 {
        self.lost
    }
}

fn open(options: &TableOptions) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(&options.ledger, flags)?;
    db.busy_handler(Some(|tries| {
        thread::sleep(Duration::from_millis(1));
        tries < BUSY_TRIES
    }))?;
    // The ledger's own commits make these rows durable, and its checkpointer
    // folds the log back.
    db.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;")?;
    db.execute_batch(TABLE)?;
    db.prepare(IS_OURS)?;
    db.execute_batch(INDEX)?;
    Ok(db)
}

fn seconds(moment: SystemTime) -> f64 {
    moment
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}
