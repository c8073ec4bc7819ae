//! The ledger's nine events. Each is emitted when what it tells of is durable,
//! in the order of the commits; one that was not committed is never told.

use serde::Serialize;

use super::clock::Timestamp;
use super::job::{Fence, OwnerId};
use super::keys::{JobId, JobKey, OpKey};
use super::op::{OpType, ResultCode};
use super::state::JobState;

/// Something that is now true in the ledger.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A job is new.
    JobPlanned {
        /// The job.
        job_id: JobId,
        /// Its work.
        work_id: String,
        /// The work's artifact.
        artifact_id: String,
        /// The URL that stands for the work.
        url: String,
        /// The job's key.
        idempotency_key: JobKey,
    },
    /// A worker holds a job.
    JobLeased {
        /// The job.
        job_id: JobId,
        /// The worker's process.
        owner: OwnerId,
        /// How long, in seconds.
        ttl_sec: f64,
        /// The lease's fence.
        fence: Fence,
        /// From the request to the grant, in microseconds.
        wait_us: u64,
    },
    /// A job moved.
    JobStateChanged {
        /// The job.
        job_id: JobId,
        /// From here,
        from_state: JobState,
        /// to here,
        to_state: JobState,
        /// for this reason, where there is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A lease was prolonged.
    LeaseRenewed {
        /// The job.
        job_id: JobId,
        /// The holder.
        owner: OwnerId,
        /// From now on, in seconds.
        new_ttl_sec: f64,
    },
    /// A lease was let go.
    LeaseReleased {
        /// The job.
        job_id: JobId,
        /// Its last holder.
        owner: OwnerId,
    },
    /// An effect's intent is durable.
    OperationStarted {
        /// The job.
        job_id: JobId,
        /// The effect.
        op_key: OpKey,
        /// Its kind.
        op_type: OpType,
    },
    /// An effect's result is durable.
    OperationCompleted {
        /// The job.
        job_id: JobId,
        /// The effect.
        op_key: OpKey,
        /// Its kind.
        op_type: OpType,
        /// How it ended.
        result_code: ResultCode,
        /// From its beginning, in milliseconds.
        elapsed_ms: u64,
    },
    /// The reconciler went through the ledger.
    CrashRecoveryEvent {
        /// Leases of dead or silent owners that can be taken now.
        recovered_leases: u64,
        /// Effects whose worker vanished.
        abandoned_ops: u64,
        /// Jobs whose missing file was restored, or which will fetch it again.
        healed_jobs: u64,
        /// Part files nobody will continue.
        swept_parts: u64,
    },
    /// A finished effect's result was used again.
    IdempotencyReplay {
        /// The job.
        job_id: JobId,
        /// The effect.
        op_key: OpKey,
        /// Its kind.
        op_type: OpType,
        /// When it happened, in seconds since the epoch.
        reused_from_time: f64,
    },
}

impl Event {
    /// The event's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::JobPlanned { .. } => "job_planned",
            Self::JobLeased { .. } => "job_leased",
            Self::JobStateChanged { .. } => "job_state_changed",
            Self::LeaseRenewed { .. } => "lease_renewed",
            Self::LeaseReleased { .. } => "lease_released",
            Self::OperationStarted { .. } => "operation_started",
            Self::OperationCompleted { .. } => "operation_completed",
            Self::CrashRecoveryEvent { .. } => "crash_recovery_event",
            Self::IdempotencyReplay { .. } => "idempotency_replay",
        }
    }
}

/// Hears the events. It is called on the ledger's writer thread, so it must not
/// wait: put the event into a queue and return.
pub trait EventSink: Send + Sync {
    /// This is now durable.
    fn emit(&self, event: &Event);
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSink;

impl EventSink for NoSink {
    fn emit(&self, _: &Event) {}
}

/// Seconds since the epoch, as the events and the public tables have them.
pub(super) fn seconds(moment: Timestamp) -> f64 {
    // Milliseconds of any date fit an f64's 53 bits exactly.
    #[allow(clippy::cast_precision_loss)]
    let millis = moment.as_millis() as f64;
    millis / 1000.0
}
