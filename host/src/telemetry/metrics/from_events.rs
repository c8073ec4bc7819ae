//! What events add to the metrics.

use std::time::Duration;

use super::absent::says_absent;
use super::handle::{Metrics, registered, unpoisoned};
use super::labels::{AttemptEnd, AttemptReason, OpEnd, OpKind, Source, ToState, WorkEnd};
use crate::ledger;
use crate::outcome::Outcome;
use crate::telemetry::event::{Event, FallbackAttempt, FallbackSummary, RaceEvent};

impl Metrics {
    /// Counts an event; every one that is emitted, dropped ones too.
    pub(in crate::telemetry) fn count(&self, event: &Event) {
        match event {
            Event::Ledger(event) => self.count_ledger(event),
            Event::Race(RaceEvent::FallbackAttempt(attempt)) => self.count_attempt(attempt),
            Event::Race(RaceEvent::FallbackSummary(summary)) => self.count_summary(summary),
        }
    }

    /// Counts one of the ledger's events.
    pub(in crate::telemetry) fn count_ledger(&self, event: &ledger::Event) {
        use ledger::Event as E;
        let Some(inner) = self.inner() else {
            return;
        };
        let families = &inner.families;
        match event {
            E::JobPlanned { .. } => _ = families.jobs_planned.inc(),
            E::JobLeased { wait_us, .. } => {
                families.leases.inc();
                let waited = Duration::from_micros(*wait_us);
                families.lease_wait.observe(waited.as_secs_f64());
            }
            E::JobStateChanged { to_state, .. } => {
                let to_state = to_state.as_str();
                families
                    .job_transitions
                    .get_or_create(&ToState { to_state })
                    .inc();
            }
            E::LeaseRenewed { .. } => _ = families.lease_renewals.inc(),
            E::LeaseReleased { .. } => _ = families.lease_releases.inc(),
            E::OperationStarted { .. } => {}
            E::OperationCompleted {
                op_type,
                result_code,
                elapsed_ms,
                ..
            } => {
                let op_type = op_type.as_str();
                let result_code = result_code.as_str();
                families
                    .operations
                    .get_or_create(&OpEnd {
                        op_type,
                        result_code,
                    })
                    .inc();
                let took = Duration::from_millis(*elapsed_ms);
                families
                    .operation_time
                    .get_or_create(&OpKind { op_type })
                    .observe(took.as_secs_f64());
            }
            E::CrashRecoveryEvent {
                recovered_leases,
                abandoned_ops,
                healed_jobs,
                swept_parts,
            } => {
                families.crash_recoveries.inc();
                families.recovered_leases.inc_by(*recovered_leases);
                families.abandoned_operations.inc_by(*abandoned_ops);
                families.healed_jobs.inc_by(*healed_jobs);
                families.swept_parts.inc_by(*swept_parts);
            }
            E::IdempotencyReplay { op_type, .. } => {
                let op_type = op_type.as_str();
                families.replays.get_or_create(&OpKind { op_type }).inc();
            }
        }
    }

    fn count_attempt(&self, attempt: &FallbackAttempt) {
        let Some(inner) = self.inner() else {
            return;
        };
        let (families, record) = (&inner.families, &attempt.record);
        let outcome = record.outcome.as_str();
        let end = AttemptEnd {
            tier: record.tier.clone(),
            source: record.source.clone(),
            outcome,
        };
        families.attempts.get_or_create(&end).inc();
        let reason = AttemptReason {
            outcome,
            reason: registered(&record.reason).to_owned(),
        };
        families.attempt_reasons.get_or_create(&reason).inc();
        if record.counts() {
            let source = record.source.clone();
            let took = Duration::from_millis(record.elapsed_ms);
            families
                .attempt_time
                .get_or_create(&Source { source })
                .observe(took.as_secs_f64());
        }
        if says_absent(&record.reason) {
            unpoisoned(&inner.absences).told(&attempt.work_id, &record.source);
        }
    }

    fn count_summary(&self, summary: &FallbackSummary) {
        let Some(inner) = self.inner() else {
            return;
        };
        let agreed = unpoisoned(&inner.absences).agreed(&summary.work_id);
        let agreed = agreed && summary.outcome != Outcome::Success;
        let end = WorkEnd {
            outcome: summary.outcome.as_str(),
            agreed_absent: if agreed { "yes" } else { "no" },
        };
        inner.families.works.get_or_create(&end).inc();
        if let Some(millis) = summary.time_to_success_ms {
            let took = Duration::from_millis(millis);
            inner.families.time_to_paper.observe(took.as_secs_f64());
        }
    }
}
