//! What the ledger's own table of events tells of one job.

use rusqlite::params;
use serde::Serialize;
use serde_json::Value;

use super::moment;
use super::reader::LedgerReader;
use super::record::{JobRecord, value};

/// Events of one job that are read; one that is renewed for weeks has more.
const MOST_TOLD: u32 = 10_000;

/// An event of a job. Times are seconds since the epoch here and RFC 3339 when
/// serialized.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToldEvent {
    /// The process that told it.
    pub run_id: String,
    /// Its number among that process's events.
    pub seq: i64,
    /// When.
    #[serde(serialize_with = "moment::rfc3339")]
    pub ts: f64,
    /// Its name.
    pub event: String,
    /// Its fields; text that is no JSON as it stands.
    pub fields: Option<Value>,
}

impl LedgerReader {
    /// The events of this job by time, the first 10,000; none where no such table
    /// is kept.
    #[must_use]
    pub fn told_of(&self, job: &JobRecord) -> Option<Vec<ToldEvent>> {
        // Somebody else's table of that name is as good as none.
        let mut events = self
            .db
            .prepare_cached(
                "SELECT run_id, seq, ts, event, fields FROM telemetry_events
                 WHERE job_id = ?1 ORDER BY ts, run_id, seq LIMIT ?2",
            )
            .ok()?;
        let rows = events.query_map(params![job.id().to_string(), MOST_TOLD], |row| {
            Ok(ToldEvent {
                run_id: row.get(0)?,
                seq: row.get(1)?,
                ts: row.get(2)?,
                event: row.get(3)?,
                fields: value(row, 4)?,
            })
        });
        rows.ok()?.collect::<rusqlite::Result<_>>().ok()
    }
}
