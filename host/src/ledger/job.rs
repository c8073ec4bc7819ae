//! What a job is: the work it stands for, who holds it, and the fence every
//! write of the holder must name.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::clock::Timestamp;
use super::json::Json;
use super::keys::{JobId, JobKey, OpKey, Sha256Hex};
use super::op::{Begun, OpType};
use super::state::JobState;

/// The longest work id, artifact id or URL a job may have, in bytes.
pub const MAX_NAME_BYTES: usize = 16 * 1024;
/// The longest payload a job may carry, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 1024 * 1024;

/// A work to be obtained once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewJob {
    /// The work.
    pub work_id: String,
    /// The artifact of the work.
    pub artifact_id: String,
    /// The URL that stands for the work, not the one its file is fetched from.
    pub canonical_url: String,
    /// Whatever a process that did not plan the job needs to work on it (the
    /// ledger does not look inside). A later planning's is brought together with
    /// the one that stands as [`Options::merge`](super::Options::merge) says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
}

impl NewJob {
    /// The job's key.
    #[must_use]
    pub fn key(&self) -> JobKey {
        JobKey::new(&self.work_id, &self.artifact_id, &self.canonical_url)
    }
}

/// What planning a work found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The job.
    pub job_id: JobId,
    /// Its key.
    pub key: JobKey,
    /// Where it is: PLANNED if it is new.
    pub state: JobState,
    /// This planning made it.
    pub new: bool,
    /// Nothing is left to do for it (a job that DocsToKG finished stays FINALIZED).
    pub done: bool,
    /// Why it failed, if it did.
    pub failure_reason: Option<String>,
    /// The stored file's hash, if there is one.
    pub sha256: Option<Sha256Hex>,
    /// When it ended, if it did.
    pub finished_at: Option<Timestamp>,
}

/// Grows with every lease of a job and never repeats, not even after a power
/// loss: its upper half is the epoch of the process that leased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Fence(i64);

impl Fence {
    /// Bits below the epoch: leases of one job in one epoch.
    const EPOCH_SHIFT: u32 = 32;

    pub(super) const fn from_raw(raw: i64) -> Self {
        Self(raw)
    }

    pub(super) const fn raw(self) -> i64 {
        self.0
    }

    /// No fence of this epoch or a later one is smaller.
    pub(super) fn floor(epoch: i64) -> i64 {
        #[cfg(feature = "failpoints")]
        if super::failpoint::without("epoch") {
            return 0;
        }
        epoch << Self::EPOCH_SHIFT
    }
}

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A process that holds leases, by a name no other process ever has.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct OwnerId(String);

impl OwnerId {
    /// A name for this process, never given before.
    pub(super) fn fresh() -> Self {
        let (_, random) = uuid::Uuid::new_v4().as_u64_pair();
        Self(format!("{}-{random:016x}", std::process::id()))
    }

    pub(super) fn from_stored(name: String) -> Self {
        Self(name)
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OwnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The right to work on one job, until it expires or is taken over.
#[derive(Debug, Clone, PartialEq)]
pub struct Lease {
    /// Its row in the database.
    pub(super) row: i64,
    /// The job.
    pub job_id: JobId,
    /// The job's work.
    pub work_id: String,
    /// The work's artifact.
    pub artifact_id: String,
    /// The URL that stands for the work.
    pub canonical_url: String,
    /// What the planner left for whoever works on it.
    pub payload: Option<String>,
    /// Names this lease in every write.
    pub fence: Fence,
    /// Where the job was when it was leased: a takeover keeps its progress.
    pub state: JobState,
    /// Rounds begun before this one.
    pub round: u32,
    /// Leases of this job so far, this one included, graceful releases not.
    pub attempts: u32,
    /// Failures since it was planned or retried.
    pub failures: u32,
    /// Its last holder did not let it go.
    pub taken_over: bool,
    /// How long the lease lasts without being renewed.
    pub ttl: Duration,
    /// The first effect, if the request asked to begin one.
    pub first: Option<(OpKey, Begun)>,
}

/// What to lease.
#[derive(Debug, Clone, PartialEq)]
pub struct LeaseRequest {
    /// At most this many jobs.
    pub limit: usize,
    /// How long each lease lasts without being renewed.
    pub ttl: Duration,
    /// Only this job, if it is due.
    pub only: Option<JobId>,
    /// Begin this effect, there is one of in each round, in the same transaction.
    pub first: Option<FirstOp>,
}

/// An effect begun together with the lease; its context is the round.
#[derive(Debug, Clone, PartialEq)]
pub struct FirstOp {
    /// What kind.
    pub kind: OpType,
    /// What recovery needs to know.
    pub intent: Json,
}

impl LeaseRequest {
    /// One due job, for this long.
    #[must_use]
    pub const fn one(ttl: Duration) -> Self {
        Self {
            limit: 1,
            ttl,
            only: None,
            first: None,
        }
    }
}

/// Leases, or why there are none.
#[derive(Debug, Clone, PartialEq)]
pub struct Leased {
    /// What was leased.
    pub leases: Vec<Lease>,
    /// If nothing was: what else is in the ledger.
    pub outlook: Option<Outlook>,
}

/// What stands in a ledger in which nothing is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outlook {
    /// Jobs other processes hold.
    pub held_by_others: u64,
    /// Jobs this process holds.
    pub held_by_us: u64,
    /// Jobs waiting for their next round.
    pub backing_off: u64,
    /// How long until the next of these is due, unless something happens.
    pub next_due: Option<Duration>,
}

/// Where a job stands for one who does not hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its state.
    pub state: JobState,
    /// The fence of its last lease.
    pub fence: Fence,
    /// Nothing is left to do for it.
    pub done: bool,
    /// Somebody's lease on it lasts.
    pub held: bool,
    /// How long until it can be leased, if it is not done: its backoff, or what
    /// is left of the lease.
    pub due_in: Option<Duration>,
    /// Why it failed last.
    pub reason: Option<String>,
}

/// A job that has ended, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobEnd {
    /// The job.
    pub job_id: JobId,
    /// Its work.
    pub work_id: String,
    /// Where it ended: in a terminal state.
    pub state: JobState,
    /// Why it failed, if it did.
    pub reason: Option<String>,
    /// The stored file's hash, if there is one.
    pub sha256: Option<Sha256Hex>,
    /// When.
    pub finished_at: Timestamp,
}

/// A file the ledger knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredObject {
    /// The hash of its bytes.
    pub sha256: Sha256Hex,
    /// Where it is, relative to the output folder.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
}
