//! One of each event, with every field there is, and the same without what is
//! optional.

use crate::fallback::AttemptRecord;
use crate::ledger::{
    Context, Event as LedgerEvent, Fence, JobId, JobKey, JobState, Op, OpKey, OpType, OwnerId,
    ResultCode,
};
use crate::outcome::{Outcome, Reason};
use crate::telemetry::{Event, FallbackAttempt, FallbackSummary};

pub(super) fn key() -> JobKey {
    JobKey::new("doi:10.1/a", "doi:10.1/a:pdf", "https://doi.org/10.1/a")
}

pub(super) fn job() -> JobId {
    JobId::from_key(&key())
}

fn op_key() -> OpKey {
    Op::new(
        OpType::Head,
        job(),
        Context::new(serde_json::json!({})).unwrap(),
    )
    .key()
}

pub(super) fn planned(work_id: &str) -> LedgerEvent {
    LedgerEvent::JobPlanned {
        job_id: job(),
        work_id: work_id.to_owned(),
        artifact_id: format!("{work_id}:pdf"),
        url: "https://doi.org/10.1/a".to_owned(),
        idempotency_key: key(),
    }
}

pub(super) fn attempt() -> FallbackAttempt {
    FallbackAttempt {
        job_id: Some(job()),
        work_id: "doi:10.1/a".to_owned(),
        record: AttemptRecord {
            tier: "direct_oa".to_owned(),
            source: "unpaywall".to_owned(),
            outcome: Outcome::Retryable,
            reason: Reason::Http5xx,
            url: Some("https://api.unpaywall.org/v2/10.1/a".to_owned()),
            status: Some(503),
            host: Some("api.unpaywall.org".to_owned()),
            retries: 2,
            elapsed_ms: 1234,
            requests: 3,
            bytes: 99,
        },
    }
}

pub(super) fn summary() -> FallbackSummary {
    FallbackSummary {
        job_id: Some(job()),
        work_id: "doi:10.1/a".to_owned(),
        outcome: Outcome::Success,
        winner_source: Some("arxiv".to_owned()),
        winner_tier: Some("direct_oa".to_owned()),
        attempts: 2,
        tiers_touched: 1,
        time_to_success_ms: Some(1300),
    }
}

/// All eleven, some of them twice: full and bare.
pub(super) fn all(owner: &OwnerId, fence: Fence) -> Vec<Event> {
    let (job_id, op_key, op_type, owner) = (job(), op_key(), OpType::Head, owner.clone());
    let ledger = [
        planned("doi:10.1/a"),
        LedgerEvent::JobLeased {
            job_id,
            owner: owner.clone(),
            ttl_sec: 120.0,
            fence,
            wait_us: 85,
        },
        LedgerEvent::JobStateChanged {
            job_id,
            from_state: JobState::Leased,
            to_state: JobState::Failed,
            reason: Some("not_oa".to_owned()),
        },
        LedgerEvent::JobStateChanged {
            job_id,
            from_state: JobState::Planned,
            to_state: JobState::Leased,
            reason: None,
        },
        LedgerEvent::LeaseRenewed {
            job_id,
            owner: owner.clone(),
            new_ttl_sec: 119.5,
        },
        LedgerEvent::LeaseReleased { job_id, owner },
        LedgerEvent::OperationStarted {
            job_id,
            op_key,
            op_type,
        },
        LedgerEvent::OperationCompleted {
            job_id,
            op_key,
            op_type,
            result_code: ResultCode::NonRetryable,
            elapsed_ms: 12,
        },
        LedgerEvent::CrashRecoveryEvent {
            recovered_leases: 1,
            abandoned_ops: 2,
            healed_jobs: 0,
            swept_parts: 1,
        },
        LedgerEvent::IdempotencyReplay {
            job_id,
            op_key,
            op_type,
            reused_from_time: 1_760_000_000.25,
        },
    ];
    let mut bare_attempt = attempt();
    bare_attempt.job_id = None;
    bare_attempt.record.url = None;
    bare_attempt.record.status = None;
    bare_attempt.record.host = None;
    let bare_summary = FallbackSummary {
        job_id: None,
        winner_source: None,
        winner_tier: None,
        time_to_success_ms: None,
        outcome: Outcome::NoPdf,
        ..summary()
    };
    ledger
        .into_iter()
        .map(Event::from)
        .chain([attempt().into(), bare_attempt.into()])
        .chain([summary().into(), bare_summary.into()])
        .collect()
}
