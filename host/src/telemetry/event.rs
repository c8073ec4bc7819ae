//! The eleven events: the ledger's nine as it tells them, and two of the race.

use serde::Serialize;

use crate::fallback::AttemptRecord;
use crate::ledger::{self, JobId};
use crate::outcome::Outcome;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Event {
    /// Something that is now true in the ledger.
    Ledger(ledger::Event),
    /// Something the race did.
    Race(RaceEvent),
}

/// Something the race did.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RaceEvent {
    /// A source was asked, or skipped.
    FallbackAttempt(FallbackAttempt),
    /// A work's race is over.
    FallbackSummary(FallbackSummary),
}

/// One source's attempt at one work, or the gate's reason not to make it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FallbackAttempt {
    /// The work's job, when there is a ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<JobId>,
    /// The work.
    pub work_id: String,
    /// How the attempt went, as results show it.
    #[serde(flatten)]
    pub record: AttemptRecord,
}

/// How the race for one work ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FallbackSummary {
    /// The work's job, when there is a ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<JobId>,
    /// The work.
    pub work_id: String,
    /// The work's outcome.
    pub outcome: Outcome,
    /// The source whose paper was stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub winner_source: Option<String>,
    /// The winner's tier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub winner_tier: Option<String>,
    /// Attempts launched; what a gate skipped is not one.
    pub attempts: u32,
    /// Tiers in which at least one attempt was launched.
    pub tiers_touched: u32,
    /// Milliseconds from the race's start to the paper, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_to_success_ms: Option<u64>,
}

impl Event {
    /// The event's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ledger(event) => event.name(),
            Self::Race(RaceEvent::FallbackAttempt(_)) => "fallback_attempt",
            Self::Race(RaceEvent::FallbackSummary(_)) => "fallback_summary",
        }
    }

    /// The job it is about, where it is about one.
    #[must_use]
    pub const fn job_id(&self) -> Option<JobId> {
        use ledger::Event as L;
        match self {
            Self::Ledger(
                L::JobPlanned { job_id, .. }
                | L::JobLeased { job_id, .. }
                | L::JobStateChanged { job_id, .. }
                | L::LeaseRenewed { job_id, .. }
                | L::LeaseReleased { job_id, .. }
                | L::OperationStarted { job_id, .. }
                | L::OperationCompleted { job_id, .. }
                | L::IdempotencyReplay { job_id, .. },
            ) => Some(*job_id),
            Self::Ledger(L::CrashRecoveryEvent { .. }) => None,
            Self::Race(RaceEvent::FallbackAttempt(event)) => event.job_id,
            Self::Race(RaceEvent::FallbackSummary(event)) => event.job_id,
        }
    }

    /// About how many bytes it takes in memory: names and URLs come from
    /// outside and may be long.
    pub(super) fn weight(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let long = match self {
            Self::Ledger(ledger::Event::JobPlanned {
                work_id,
                artifact_id,
                url,
                ..
            }) => work_id.len() + artifact_id.len() + url.len(),
            Self::Ledger(ledger::Event::JobStateChanged { reason, .. }) => text(reason),
            Self::Ledger(_) => 0,
            Self::Race(RaceEvent::FallbackAttempt(event)) => {
                event.work_id.len() + text(&event.record.url) + text(&event.record.host)
            }
            Self::Race(RaceEvent::FallbackSummary(event)) => event.work_id.len(),
        };
        size_of::<Self>() + long
    }
}

impl From<ledger::Event> for Event {
    fn from(event: ledger::Event) -> Self {
        Self::Ledger(event)
    }
}

impl From<FallbackAttempt> for Event {
    fn from(event: FallbackAttempt) -> Self {
        Self::Race(RaceEvent::FallbackAttempt(event))
    }
}

impl From<FallbackSummary> for Event {
    fn from(event: FallbackSummary) -> Self {
        Self::Race(RaceEvent::FallbackSummary(event))
    }
}
