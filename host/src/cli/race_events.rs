//! A race as events: its attempts and how it ended.

use std::collections::BTreeSet;

use super::once::SKIPPED_DUPLICATE;
use crate::download::WorkResult;
use crate::ledger::JobId;
use crate::outcome::Outcome;
use crate::telemetry::{FallbackAttempt, FallbackSummary, Telemetry};

/// Tells of every attempt of a work's race, and of its end.
pub(crate) fn tell_race(telemetry: &Telemetry, job_id: Option<JobId>, result: &WorkResult) {
    if !telemetry.listens() {
        return;
    }
    for record in &result.attempts {
        telemetry.emit(FallbackAttempt {
            job_id,
            work_id: result.work_id.clone(),
            record: record.clone(),
        });
    }
    let launched = result.attempts.iter().filter(|record| record.counts());
    let tiers: BTreeSet<&str> = launched
        .clone()
        .map(|record| record.tier.as_str())
        .collect();
    let success = result.outcome == Outcome::Success;
    let fetched = success && !result.notes.iter().any(|note| note == SKIPPED_DUPLICATE);
    if let (true, Some(bytes)) = (fetched, result.bytes) {
        telemetry.metrics().downloaded(bytes);
    }
    telemetry.emit(FallbackSummary {
        job_id,
        work_id: result.work_id.clone(),
        outcome: result.outcome,
        winner_source: result.source.clone(),
        winner_tier: result.tier.clone(),
        attempts: u32::try_from(launched.count()).unwrap_or(u32::MAX),
        tiers_touched: u32::try_from(tiers.len()).unwrap_or(u32::MAX),
        time_to_success_ms: success.then_some(result.elapsed_ms),
    });
}
