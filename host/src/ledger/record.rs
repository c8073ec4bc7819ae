//! What a reader of a ledger is given: jobs and effects as the public tables have
//! them.

use std::cmp::Ordering;

use rusqlite::Row;
use rusqlite::types::ValueRef;
use serde::Serialize;
use serde_json::Value;

use super::keys::{JobId, JobKey};
use super::moment;
use super::op::OpType;

/// A job as the public table has it. Times are seconds since the epoch here and
/// RFC 3339 when serialized.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobRecord {
    /// Its row, in the order of planning.
    #[serde(skip)]
    pub(super) number: i64,
    /// The job's id.
    pub job_id: String,
    /// Its work.
    pub work_id: String,
    /// The work's artifact.
    pub artifact_id: String,
    /// The URL that stands for the work.
    pub canonical_url: String,
    /// Where it is.
    pub state: String,
    /// Who holds it.
    pub lease_owner: Option<String>,
    /// Until when.
    #[serde(serialize_with = "moment::rfc3339_or_null")]
    pub lease_until: Option<f64>,
    /// When it was planned.
    #[serde(serialize_with = "moment::rfc3339")]
    pub created_at: f64,
    /// When it was last touched.
    #[serde(serialize_with = "moment::rfc3339")]
    pub updated_at: f64,
    /// Its key.
    pub idempotency_key: String,
    /// The last lease's fence.
    pub fence: Option<i64>,
    /// Leases, graceful releases not counted.
    pub attempts: Option<u32>,
    /// Failures since it was planned or retried.
    pub failures: Option<u32>,
    /// Rounds begun before the present one.
    pub round: Option<u32>,
    /// When its next round may begin.
    #[serde(serialize_with = "moment::rfc3339_or_null")]
    pub not_before: Option<f64>,
    /// When it ended.
    #[serde(serialize_with = "moment::rfc3339_or_null")]
    pub finished_at: Option<f64>,
    /// Why it failed last.
    pub failure_reason: Option<String>,
    /// The stored file's hash.
    pub sha256: Option<String>,
}

impl JobRecord {
    /// The id that the ledger's operations know the job by, whatever text stands
    /// in `job_id`.
    #[must_use]
    pub fn id(&self) -> JobId {
        JobId::stored(&self.job_id, &JobKey::stored(&self.idempotency_key))
    }
}

/// An effect as the public table has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OpRecord {
    /// Its key.
    pub op_key: String,
    /// Its kind.
    pub op_type: String,
    /// When it began.
    #[serde(serialize_with = "moment::rfc3339_or_null")]
    pub started_at: Option<f64>,
    /// When it ended.
    #[serde(serialize_with = "moment::rfc3339_or_null")]
    pub finished_at: Option<f64>,
    /// How it ended.
    pub result_code: Option<String>,
    /// Its result; text that is no JSON (DocsToKG cut long ones) as it stands.
    pub result: Option<Value>,
    /// The fence it last ran under.
    pub fence: Option<i64>,
    /// How often it began.
    pub tries: Option<u32>,
    /// What its key was made of, besides its job.
    pub context: Option<Value>,
    /// What recovery would know of it.
    pub intent: Option<Value>,
}

impl OpRecord {
    /// The order in which effects began. One transaction ends an effect and begins
    /// the next: of those that share their moment, what ended first comes first.
    pub(super) fn in_order(&self, other: &Self) -> Ordering {
        let moment = |time: Option<f64>| time.unwrap_or(f64::INFINITY);
        let kind = |op: &Self| OpType::parse(&op.op_type);
        moment(self.started_at)
            .total_cmp(&moment(other.started_at))
            .then_with(|| moment(self.finished_at).total_cmp(&moment(other.finished_at)))
            .then_with(|| kind(self).cmp(&kind(other)))
            .then_with(|| self.attempt().cmp(&other.attempt()))
    }

    /// The number of a source's attempt: those of a race are written down together.
    fn attempt(&self) -> Option<u64> {
        self.context.as_ref()?.get("attempt")?.as_u64()
    }
}

/// Everything the ledger knows of a job, as it was at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobStory {
    /// The job.
    #[serde(flatten)]
    pub job: JobRecord,
    /// What its planner left for whoever works on it; text that is no JSON as it stands.
    pub payload: Option<Value>,
    /// Its effects in the order they began.
    pub ops: Vec<OpRecord>,
}

/// How many jobs there are in each state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StateCount {
    /// The state.
    pub state: String,
    /// The jobs.
    pub jobs: u64,
}

pub(super) fn job(row: &Row<'_>) -> rusqlite::Result<JobRecord> {
    Ok(JobRecord {
        job_id: required(row, 0)?,
        work_id: required(row, 1)?,
        artifact_id: required(row, 2)?,
        canonical_url: required(row, 3)?,
        state: required(row, 4)?,
        lease_owner: text(row, 5)?,
        lease_until: row.get(6)?,
        created_at: row.get(7)?,
        updated_at: row.get(8)?,
        idempotency_key: required(row, 9)?,
        fence: row.get(10)?,
        attempts: row.get(11)?,
        failures: row.get(12)?,
        round: row.get(13)?,
        not_before: row.get(14)?,
        finished_at: row.get(15)?,
        failure_reason: text(row, 16)?,
        sha256: text(row, 17)?,
        number: row.get(18)?,
    })
}

pub(super) fn op(row: &Row<'_>) -> rusqlite::Result<OpRecord> {
    Ok(OpRecord {
        op_key: required(row, 0)?,
        op_type: required(row, 1)?,
        started_at: row.get(2)?,
        finished_at: row.get(3)?,
        result_code: text(row, 4)?,
        result: value(row, 5)?,
        fence: row.get(6)?,
        tries: row.get(7)?,
        context: value(row, 8)?,
        intent: value(row, 9)?,
    })
}

/// The text in this column. SQLite takes any bytes for text: those that are no
/// UTF-8 are shown as such, and do not keep the rest of a ledger from being read.
pub(super) fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<String>> {
    match row.get_ref(column)? {
        ValueRef::Text(bytes) => Ok(Some(String::from_utf8_lossy(bytes).into_owned())),
        _ => row.get(column),
    }
}

fn required(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    text(row, column).map(Option::unwrap_or_default)
}

/// The JSON in this column; text that is none as it stands.
pub(super) fn value(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Value>> {
    Ok(text(row, column)?.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn effects_of_one_moment_are_in_the_order_of_the_work() {
        let op = |kind: OpType, started: f64, finished: Option<f64>| OpRecord {
            op_key: String::new(),
            op_type: kind.to_string(),
            started_at: Some(started),
            finished_at: finished,
            result_code: None,
            result: None,
            fence: None,
            tries: None,
            context: None,
            intent: None,
        };
        let mut ops = [
            op(OpType::Index, 3.0, Some(3.0)),
            op(OpType::Stream, 2.0, Some(3.0)),
            op(OpType::Finalize, 3.0, Some(3.0)),
            op(OpType::Head, 2.0, Some(2.0)),
            op(OpType::Dedupe, 3.0, None),
            op(OpType::Resolution, 1.0, Some(2.0)),
        ];
        ops.sort_by(OpRecord::in_order);
        let kinds: Vec<&str> = ops.iter().map(|op| op.op_type.as_str()).collect();
        let work = [
            "RESOLUTION",
            "HEAD",
            "STREAM",
            "FINALIZE",
            "INDEX",
            "DEDUPE",
        ];
        assert_eq!(kinds, work);
    }
}
