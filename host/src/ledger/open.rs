//! Opening a database file: its settings, and words for every way it can fail.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::LedgerError;
use super::schema::{self, Found, SCHEMA_VERSION};

/// How long a statement waits for a program that does not queue, in milliseconds.
pub(super) const BUSY_PATIENCE_MS: u64 = 10_000;
/// Prepared statements kept per connection.
const STATEMENTS: usize = 64;

/// How hard a commit is before it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// It survives a power loss.
    #[default]
    Full,
    /// It survives a crash of every process; a power loss may undo the last ones,
    /// whole and in order, and nothing is done wrong afterwards.
    Normal,
}

impl Durability {
    const fn pragma(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Normal => "NORMAL",
        }
    }
}

/// Whether a missing ledger is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It must be there.
    Required,
    /// It is made if it is not, its folder too.
    OrNew,
}

/// Opens the file for writing, without looking into it.
pub(super) fn writable(path: &Path, existing: Existing) -> Result<Connection, LedgerError> {
    if !is_there(path)? && existing == Existing::Required {
        return Err(LedgerError::Missing {
            path: path.to_owned(),
        });
    }
    if let (Existing::OrNew, Some(folder)) = (existing, path.parent()) {
        std::fs::create_dir_all(folder).map_err(|error| LedgerError::io(path, &error))?;
    }
    // Never open the file by other means than SQLite: closing it would drop the
    // locks that every connection of this process has on it.
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, existing == Existing::OrNew);
    let failed = |error: rusqlite::Error| LedgerError::sqlite(path, &error);
    let mut db = Connection::open_with_flags(path, flags).map_err(failed)?;
    prepare(&mut db).map_err(failed)?;
    // SQLite opens a file it may not write for reading, and says nothing.
    if db.is_readonly("main").map_err(failed)? {
        let detail = "it is write-protected".to_owned();
        return Err(LedgerError::ReadOnly {
            path: path.to_owned(),
            detail,
        });
    }
    Ok(db)
}

/// Opens the file for reading; a reader never changes it.
pub(super) fn readable(path: &Path) -> Result<Connection, LedgerError> {
    if !is_there(path)? {
        return Err(LedgerError::Missing {
            path: path.to_owned(),
        });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match look_into(Connection::open_with_flags(path, flags)) {
        // Closed cleanly, on a disk where nothing can be made beside it: it cannot
        // change under us.
        Err(error) if cannot_make_files(&error) && is_closed(path, &error) => {
            let flags = flags | OpenFlags::SQLITE_OPEN_URI;
            look_into(Connection::open_with_flags(immutable_uri(path), flags))
        }
        opened => opened,
    }
    .map_err(|error| {
        if cannot_make_files(&error) {
            LedgerError::Unreadable {
                path: path.to_owned(),
                detail: error.to_string(),
            }
        } else {
            LedgerError::sqlite(path, &error)
        }
    })
}

/// Prepares a connection and reads something, which is when SQLite finds out
/// whether it can.
fn look_into(opened: rusqlite::Result<Connection>) -> rusqlite::Result<Connection> {
    let mut db = opened?;
    prepare(&mut db)?;
    db.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
    Ok(db)
}

/// What SQLite keeps beside a database cannot be opened or made, as opposed to
/// damage or a lock.
fn cannot_make_files(error: &rusqlite::Error) -> bool {
    let refused = matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied)
    );
    refused || has_no_room(error)
}

/// There is no room for the log's index (whoever has the ledger open has one).
pub(super) fn has_no_room(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    code == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE)
        || error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// Everything is in the file itself, and nobody has it open.
fn is_closed(path: &Path, error: &rusqlite::Error) -> bool {
    let no_log = match std::fs::metadata(beside(path, "-wal")) {
        // Made by the attempt that failed for want of room.
        Ok(log) => log.len() == 0 && has_no_room(error),
        Err(_) => true,
    };
    no_log && !beside(path, "-journal").exists()
}

/// By how many names a file is known (hard links).
#[cfg(unix)]
fn names_of(file: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(file)
}

#[cfg(not(unix))]
fn names_of(_: &std::fs::Metadata) -> u64 {
    1
}

/// Whether there is such a file; what is no file is refused.
fn is_there(path: &Path) -> Result<bool, LedgerError> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() && names_of(&found) > 1 => Err(LedgerError::Linked {
            path: path.to_owned(),
            names: names_of(&found),
        }),
        Ok(found) if found.is_file() => Ok(true),
        Ok(found) if found.is_dir() => Err(LedgerError::Folder {
            path: path.to_owned(),
        }),
        // A pipe would keep whoever opens it waiting for ever.
        Ok(_) => Err(LedgerError::NotALedger {
            path: path.to_owned(),
            detail: "it is a device or a pipe, not a file".to_owned(),
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(LedgerError::io(path, &error)),
    }
}

/// The file that SQLite keeps beside a database under this ending.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn immutable_uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                uri.push(char::from(*byte))
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

/// Settings every connection has.
fn prepare(db: &mut Connection) -> rusqlite::Result<()> {
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    db.busy_handler(Some(wait_for_others))?;
    // Or else a statement that names a partial index's column is prepared anew for
    // every value it is asked about.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.execute_batch("PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;")
}

thread_local! {
    /// When this thread began to wait for a lock.
    static WAITING_SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// A millisecond or two, not growing, and each process its own time, so that two
/// do not try in step.
fn pause() -> Duration {
    let own = u64::from(std::process::id() % 400);
    Duration::from_micros(1300 + own)
}

/// Waits until it has been long enough.
fn wait_for_others(tries: i32) -> bool {
    let since = match WAITING_SINCE.get() {
        Some(since) if tries > 0 => since,
        _ => Instant::now(),
    };
    WAITING_SINCE.set(Some(since));
    if since.elapsed() >= Duration::from_millis(BUSY_PATIENCE_MS) {
        return false;
    }
    thread::sleep(pause());
    true
}

/// Turns on the write-ahead log. The caller has the turn to write: SQLite asks no
/// busy handler when two switch one file at a time, it fails at once.
pub(super) fn turn_on_log(db: &Connection) -> rusqlite::Result<()> {
    let began = Instant::now();
    loop {
        match db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())) {
            // A program that does not queue.
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && began.elapsed() < Duration::from_millis(BUSY_PATIENCE_MS) =>
            {
                thread::sleep(pause());
            }
            switched => return switched,
        }
    }
}

/// The durability of a writing connection, which leaves the log to the
/// checkpointer.
pub(super) fn tune_writer(db: &Connection, durability: Durability) -> rusqlite::Result<()> {
    db.execute_batch(&format!(
        "PRAGMA synchronous = {}; PRAGMA wal_autocheckpoint = 0;",
        durability.pragma()
    ))
}

/// What the file holds, or why it cannot be used.
pub(super) fn inspect(path: &Path, db: &Connection) -> Result<Found, LedgerError> {
    // At one moment: another process may be making the tables.
    let look = || schema::look(&*db.unchecked_transaction()?);
    match look().map_err(|error| LedgerError::sqlite(path, &error))? {
        Found::Newer(found) => Err(LedgerError::Newer {
            path: path.to_owned(),
            found,
            known: SCHEMA_VERSION,
        }),
        Found::Unknown(detail) => Err(LedgerError::NotALedger {
            path: path.to_owned(),
            detail,
        }),
        usable => Ok(usable),
    }
}
