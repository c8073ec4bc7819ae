//! One attempt: a fresh store, one call of `resolve`, everything thrown away.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::bindings::GuestWork;
use super::bindings::paperfall::adapter::types as wit;
use super::classify::classify;
use super::engine::Sandbox;
use super::failure::Failure;
use super::findings::{self, Findings};
use super::limits::{AttemptLimits, DEADLINE_GRACE};
use super::loader::LoadedAdapter;
use super::state::{Wire, new_store};
use super::stopwatch::Stopwatch;
use super::trace::AttemptTrace;
use crate::http::{HostGrants, Meter, Secrets, Session};
use crate::outcome::{Outcome, Reason};

/// What an attempt is given.
#[derive(Debug, Clone)]
pub struct AttemptInput {
    /// The work as known now.
    pub work: GuestWork,
    /// The work's HTTP session (its cookie jar).
    pub session: Session,
    /// Hosts the guest may talk to.
    pub grants: HostGrants,
    /// Secrets the host fills in for it.
    pub secrets: Secrets,
    /// Settings it asked for, defaults filled in.
    pub settings: BTreeMap<String, String>,
    /// Retries the host makes for it.
    pub retries_max: u32,
    /// Whether robots.txt is asked.
    pub robots_respect: bool,
    /// How long the attempt may take, counted from when the guest starts.
    pub timeout: Duration,
    /// What it may use.
    pub limits: AttemptLimits,
}

/// What an attempt came to.
#[derive(Debug)]
pub struct AttemptReport {
    /// Findings or a named failure.
    pub result: Result<Findings, Failure>,
    /// When the attempt must end; what is left of it is for probing.
    pub deadline: Instant,
    /// What was sent and received, and what is left of it for probing.
    pub meter: Arc<Meter>,
}

impl Sandbox {
    /// Runs one attempt. Dropping the future drops the store and aborts
    /// whatever the guest was waiting for; `trace` keeps what happened.
    pub async fn resolve(
        &self,
        adapter: &LoadedAdapter,
        input: AttemptInput,
        trace: Arc<Mutex<AttemptTrace>>,
    ) -> AttemptReport {
        let _slot = self.slot().await;
        // The deadline is armed here: neither compiling nor waiting for a
        // slot is the guest's fault.
        let deadline = Instant::now() + input.timeout;
        let meter = Arc::new(Meter::new(input.limits.requests, input.limits.bytes));
        let wire = Wire {
            adapter: adapter.name().to_owned(),
            descriptor: adapter.shared_descriptor(),
            session: input.session,
            grants: input.grants,
            secrets: input.secrets,
            meter: Arc::clone(&meter),
            requests_max: input.limits.requests,
            calls: 0,
            over_budget: false,
        };
        let policy = wit::Policy {
            timeout_ms: u32::try_from(input.timeout.as_millis()).unwrap_or(u32::MAX),
            retries_max: input.retries_max,
            robots_respect: input.robots_respect,
            settings: input
                .settings
                .into_iter()
                .map(|(key, value)| wit::Setting { key, value })
                .collect(),
        };
        let mut store = new_store(
            self,
            input.limits.memory_mib,
            deadline,
            Arc::clone(&trace),
            Some(wire),
            &input.work.work_id,
        );
        let host_work = Arc::clone(&store.data().host_work);
        let (watch, started) = (Stopwatch::default(), Instant::now());
        let call = watch.time(async {
            let begun = Instant::now();
            let instance = adapter.pre.instantiate_async(&mut store).await?;
            self.metrics().sandbox_started(begun.elapsed());
            instance
                .paperfall_adapter_source()
                .call_resolve(&mut store, &input.work, &policy)
                .await
        });
        let outcome = tokio::time::timeout_at((deadline + DEADLINE_GRACE).into(), call).await;
        let wasm_time = watch.counted().saturating_sub(host_work.counted());
        let host_wait = started.elapsed().saturating_sub(wasm_time);
        let over_budget = store
            .data()
            .wire
            .as_ref()
            .is_some_and(|wire| wire.over_budget);
        let mut trace = trace.lock().unwrap_or_else(PoisonError::into_inner);
        trace.memory_peak = store.data().limiter.memory_peak;
        (trace.wasm_time, trace.host_wait) = (wasm_time, host_wait);
        let result = match outcome {
            Err(_) => Err(Failure::host(
                Reason::SourceDeadline,
                "the component was still waiting at its deadline",
            )),
            Ok(Err(error)) => Err(classify(&error, store.data().limiter.refused)),
            Ok(Ok(Ok(raw))) => findings::validate(raw, &mut trace),
            Ok(Ok(Err(miss))) => Err(findings::validate_miss(miss)),
        };
        let result = name_spent_budget(result, over_budget);
        let failure = result.as_ref().err().map(|failure| &failure.reason);
        self.metrics().sandbox_ended(
            u64::try_from(trace.memory_peak).unwrap_or(u64::MAX),
            failure.filter(|reason| reason.outcome() == Some(Outcome::Error)),
        );
        AttemptReport {
            result,
            deadline,
            meter,
        }
    }
}

/// A guest that ran out of requests and came back empty failed for that
/// reason, whatever it says itself.
fn name_spent_budget(
    result: Result<Findings, Failure>,
    over_budget: bool,
) -> Result<Findings, Failure> {
    let spent = || {
        Failure::host(
            Reason::RequestLimit,
            "the component spent its budget of requests or bytes and found nothing",
        )
    };
    match result {
        Ok(findings) if over_budget && findings.candidates.is_empty() => Err(spent()),
        Err(failure) if over_budget && failure.reason != Reason::FuelOrEpoch => Err(Failure {
            message: format!("{}; {}", spent().message, failure.message),
            ..spent()
        }),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn empty() -> Findings {
        Findings {
            candidates: Vec::new(),
            landing_urls: Vec::new(),
            identifiers: Vec::new(),
            reason: Reason::NotFound,
        }
    }

    #[test]
    fn who_spent_the_budget_and_found_nothing_failed_for_that_reason() {
        let reason = |result: Result<Findings, Failure>, over: bool| {
            let result = name_spent_budget(result, over);
            result.map_or_else(|failure| failure.reason, |findings| findings.reason)
        };
        let miss = || Err(Failure::host(Reason::Trap, "it trapped"));
        let late = || Err(Failure::host(Reason::FuelOrEpoch, "it computed"));
        assert_eq!(reason(Ok(empty()), true), Reason::RequestLimit);
        assert_eq!(reason(miss(), true), Reason::RequestLimit);
        assert_eq!(reason(late(), true), Reason::FuelOrEpoch);
        assert_eq!(reason(Ok(empty()), false), Reason::NotFound);
        assert_eq!(reason(miss(), false), Reason::Trap);
    }

    #[test]
    fn who_spent_the_budget_and_found_something_found_it() {
        let url = paperfall_identifiers::WebUrl::parse("https://a.org/x.pdf").unwrap();
        let found = Findings {
            candidates: vec![findings::Candidate {
                url,
                reason: Reason::OaPdf,
                version: None,
                license: None,
                checksum: None,
                notes: Vec::new(),
            }],
            ..empty()
        };
        let kept = name_spent_budget(Ok(found.clone()), true);
        assert_eq!(kept.unwrap(), found);
    }
}
