//! Opening a database file: its settings, and words for every way it can fail.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

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
    if path.is_dir() {
        return Err(LedgerError::Folder {
            path: path.to_owned(),
        });
    }
    if existing == Existing::Required && !path.exists() {
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
    if path.is_dir() {
        return Err(LedgerError::Folder {
            path: path.to_owned(),
        });
    }
    match path.try_exists() {
        Ok(true) => {}
        Ok(false) => {
            return Err(LedgerError::Missing {
                path: path.to_owned(),
            });
        }
        Err(error) => return Err(LedgerError::io(path, &error)),
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags).and_then(|mut db| {
        prepare(&mut db)?;
        db.query_row("SELECT count(*) FROM sqlite_master", [], |row| {
            row.get::<_, i64>(0)
        })?;
        Ok(db)
    });
    match opened {
        Ok(db) => Ok(db),
        // A ledger on read-only media, closed cleanly: it cannot change under us.
        Err(_) if !wal(path).exists() => {
            let flags = flags | OpenFlags::SQLITE_OPEN_URI;
            Connection::open_with_flags(immutable_uri(path), flags)
                .and_then(|mut db| {
                    prepare(&mut db)?;
                    db.query_row("SELECT count(*) FROM sqlite_master", [], |row| {
                        row.get::<_, i64>(0)
                    })?;
                    Ok(db)
                })
                .map_err(|error| LedgerError::sqlite(path, &error))
        }
        Err(error) => Err(LedgerError::sqlite(path, &error)),
    }
}

/// The write-ahead log of a ledger.
pub(super) fn wal(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
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
    db.execute_batch("PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;")
}

/// Waits a millisecond or two at a time, not in growing pauses, and each process
/// its own time, so that two do not try in step.
fn wait_for_others(tries: i32) -> bool {
    const PAUSE: Duration = Duration::from_micros(1300);
    let tries = u64::try_from(tries).unwrap_or(0);
    if tries.saturating_mul(1300) >= BUSY_PATIENCE_MS * 1000 {
        return false;
    }
    let own = u64::from(std::process::id() % 400);
    thread::sleep(PAUSE + Duration::from_micros(own));
    true
}

/// Turns on the write-ahead log and the durability of a writing connection.
pub(super) fn tune_writer(db: &Connection, durability: Durability) -> rusqlite::Result<()> {
    db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    db.execute_batch(&format!(
        "PRAGMA synchronous = {}; PRAGMA wal_autocheckpoint = 0;",
        durability.pragma()
    ))
}

/// What the file holds, or why it cannot be used.
pub(super) fn inspect(path: &Path, db: &Connection) -> Result<Found, LedgerError> {
    match schema::look(db).map_err(|error| LedgerError::sqlite(path, &error))? {
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
