//! One attempt of a race: ask the source, then let the host probe what it
//! proposes. Both share one deadline.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::knowledge::Knowledge;
use super::probing::{Ending, Found, Tally, probe_all};
use super::record::{AttemptRecord, without_contact};
use super::roster::{Ready, Roster, RosterSource};
use super::stored::StoredUrls;
use super::story::StoryEntry;
use crate::http::{Meter, Session, Verdict};
use crate::outcome::{Outcome, Reason};
use crate::sandbox::{AttemptInput, AttemptLimits, AttemptTrace, Candidate, Findings, Sandbox};

/// What every attempt of a race shares.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) sandbox: Sandbox,
    pub(crate) session: Session,
    pub(crate) knowledge: Knowledge,
    /// Knows what need not be asked for again.
    pub(crate) stored: Option<Arc<dyn StoredUrls>>,
    pub(crate) roster: Arc<Roster>,
}

impl Context {
    /// The gate of the breakers: every host the source names is left alone.
    pub(crate) fn refuses(&self, source: &RosterSource) -> bool {
        self.roster.gates.skip_if_breaker_open && source.is_refused(&self.session)
    }

    /// The same, sending requests as the policy of `source` says.
    fn of_source(self, source: &str) -> Self {
        Self {
            session: self.session.under(self.roster.request_policy(source)),
            ..self
        }
    }
}

/// An attempt that ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) record: AttemptRecord,
    pub(crate) story: StoryEntry,
    pub(crate) winner: Option<Winner>,
    /// What the adapter said, where it did not fail.
    pub(crate) findings: Option<Findings>,
}

/// A candidate the host has seen to be a PDF.
#[derive(Debug, Clone)]
pub(crate) struct Winner {
    pub(crate) candidate: Candidate,
    pub(crate) verdict: Option<Verdict>,
    /// Candidates ranked below it, not yet probed.
    pub(crate) rest: Vec<Candidate>,
    /// How the candidates ranked above it ended.
    pub(crate) before: Vec<Ending>,
    /// What was left of the attempt's time.
    pub(crate) time_left: Duration,
}

/// How long an attempt may take, and which deadline that is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeLimit {
    pub(crate) allowed: Duration,
    /// The work's own deadline comes before the source's.
    pub(crate) total_first: bool,
}

impl TimeLimit {
    pub(crate) fn new(source: Duration, total_left: Duration) -> Self {
        Self {
            allowed: source.min(total_left),
            total_first: total_left < source,
        }
    }

    fn reason(self) -> Reason {
        if self.total_first {
            Reason::TotalDeadline
        } else {
            Reason::SourceDeadline
        }
    }
}

/// Asks an adapter and probes its candidates. `trace` is the caller's: it
/// tells what was done should the attempt be dropped.
pub(crate) async fn ask(
    source: Arc<RosterSource>,
    ready: Arc<Ready>,
    context: Context,
    limit: TimeLimit,
    trace: Arc<Mutex<AttemptTrace>>,
) -> Ended {
    let started = Instant::now();
    let context = context.of_source(source.name.as_str());
    let input = AttemptInput {
        work: context.knowledge.for_guest(),
        session: context.session.clone(),
        grants: ready.grants.clone(),
        secrets: ready.secrets.clone(),
        settings: ready.settings.clone(),
        retries_max: source.policy.retries_max,
        robots_respect: source.policy.robots_respect,
        // To the nanosecond: an attempt that ended before the work's deadline
        // would let another one start.
        timeout: limit.allowed,
        limits: ready.limits,
    };
    let report = context
        .sandbox
        .resolve(&ready.adapter, input, Arc::clone(&trace))
        .await;
    // What the guest left of its requests and bytes is for the probes.
    let mut tally = Tally::new(Arc::clone(&report.meter));
    let (found, findings) = match report.result {
        Ok(findings) => {
            context.knowledge.learn(&findings);
            let found = probe_all(&findings, &context, report.deadline, &trace, &mut tally).await;
            (found, Some(findings))
        }
        Err(failure) => {
            let found = Found::Nothing {
                outcome: failure.outcome,
                reason: failure.reason,
                status: failure.status,
                message: Some(failure.message),
            };
            (found, None)
        }
    };
    let trace = take(&trace);
    let found = gated(found, &trace, &tally);
    if let Found::Nothing {
        reason: Reason::Misconfigured,
        ..
    } = &found
    {
        let said = trace.log.last().map(|line| line.message.as_str());
        source.complain(said.unwrap_or("the service refuses our configuration"));
    }
    Ended {
        findings,
        ..conclude(
            (source.tier.to_string(), source.name.to_string()),
            started,
            limit,
            report.deadline,
            found,
            tally,
            trace,
        )
    }
}

/// Probes URLs the host knows by itself: those given with the work, or what
/// an earlier winner left over.
pub(crate) async fn probe_candidates(
    tier: String,
    source: String,
    candidates: Vec<Candidate>,
    context: Context,
    limit: TimeLimit,
) -> Ended {
    let started = Instant::now();
    let context = context.of_source(&source);
    let deadline = started + limit.allowed;
    let trace = Arc::new(Mutex::new(AttemptTrace::default()));
    let mut tally = Tally::new(Arc::new(Meter::new(
        AttemptLimits::DEFAULT.requests,
        AttemptLimits::DEFAULT.bytes,
    )));
    let findings = Findings {
        candidates,
        landing_urls: Vec::new(),
        identifiers: Vec::new(),
        reason: Reason::NoPdfUrl,
    };
    let found = probe_all(&findings, &context, deadline, &trace, &mut tally).await;
    let trace = take(&trace);
    conclude(
        (tier, source),
        started,
        limit,
        deadline,
        found,
        tally,
        trace,
    )
}

/// An attempt that sent nothing because a gate stood before every request is
/// a skip, whatever its adapter makes of that.
fn gated(found: Found, trace: &AttemptTrace, tally: &Tally) -> Found {
    if tally.meter.requests_used() > 0 || matches!(found, Found::Pdf(_)) {
        return found;
    }
    let stopped = trace.calls.iter().map(|call| match &call.result {
        Err((kind, message)) if kind.is_gate() => Some((kind.reason(), message.clone())),
        _ => None,
    });
    match stopped.reduce(|first, next| first.and(next)).flatten() {
        Some((reason, message)) => Found::Nothing {
            outcome: Outcome::Skipped,
            reason,
            status: None,
            message: Some(message),
        },
        None => found,
    }
}

fn take(trace: &Mutex<AttemptTrace>) -> AttemptTrace {
    std::mem::take(&mut *trace.lock().unwrap_or_else(PoisonError::into_inner))
}

fn conclude(
    (tier, source): (String, String),
    started: Instant,
    limit: TimeLimit,
    deadline: Instant,
    found: Found,
    tally: Tally,
    trace: AttemptTrace,
) -> Ended {
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let last_url = trace.calls.iter().rev().find_map(|call| {
        call.hops
            .last()
            .map(|hop| hop.url.to_string())
            .or_else(|| Some(call.url.clone()))
    });
    let last_status = trace
        .calls
        .last()
        .and_then(|call| call.result.as_ref().ok().copied());
    let mut message = None;
    let (outcome, reason, url, status, winner) = match found {
        Found::Pdf(found) => {
            let (candidate, verdict, rest, before) = *found;
            let url = candidate.url.to_string();
            let status = verdict.as_ref().map(|verdict| verdict.status);
            let reason = candidate.reason.clone();
            let winner = Winner {
                candidate,
                verdict,
                rest,
                before,
                time_left: deadline.saturating_duration_since(Instant::now()),
            };
            (Outcome::Success, reason, Some(url), status, Some(winner))
        }
        Found::Nothing {
            outcome,
            reason,
            status,
            message: words,
        } => {
            message = words;
            let reason = if reason == Reason::SourceDeadline {
                limit.reason()
            } else {
                reason
            };
            (outcome, reason, last_url, status.or(last_status), None)
        }
    };
    let host = url
        .as_deref()
        .and_then(|url| url::Url::parse(url).ok())
        .and_then(|url| url.host_str().map(str::to_owned));
    let record = AttemptRecord {
        tier,
        source,
        outcome,
        reason,
        url: url.as_deref().map(without_contact),
        status,
        host,
        retries: tally.meter.retries(),
        elapsed_ms,
        requests: tally.meter.requests_used(),
        bytes: tally.meter.bytes_used(),
    };
    Ended {
        story: StoryEntry::Attempt {
            record: record.clone(),
            trace,
            message,
            candidates: tally.candidates,
        },
        record,
        winner,
        findings: None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::http::HttpErrorKind;
    use crate::sandbox::HostCall;

    fn missed() -> Found {
        Found::Nothing {
            outcome: Outcome::NoPdf,
            reason: Reason::NotFound,
            status: None,
            message: None,
        }
    }

    /// What is made of `found` when the guest's calls ended like this and
    /// nothing was sent.
    fn after(found: Found, calls: &[Result<u16, HttpErrorKind>]) -> (Outcome, Reason) {
        let mut trace = AttemptTrace::default();
        trace.calls.extend(calls.iter().map(|ended| HostCall {
            what: "GET",
            url: "https://a.example/".to_owned(),
            hops: Vec::new(),
            result: ended.map_err(|kind| (kind, "so".to_owned())),
            elapsed: Duration::ZERO,
        }));
        match gated(found, &trace, &Tally::new(Arc::default())) {
            Found::Pdf(found) => (Outcome::Success, found.0.reason),
            Found::Nothing {
                outcome, reason, ..
            } => (outcome, reason),
        }
    }

    #[test]
    fn an_attempt_that_gates_alone_kept_from_asking_is_a_skip_whatever_its_adapter_says() {
        use HttpErrorKind::{DeniedHost, Offline, RobotsDisallow};
        let skipped = (Outcome::Skipped, Reason::RobotsDisallow);
        assert_eq!(after(missed(), &[Err(RobotsDisallow)]), skipped);
        let both = [Err(Offline), Err(RobotsDisallow)];
        assert_eq!(after(missed(), &both), skipped);

        let its_own = (Outcome::NoPdf, Reason::NotFound);
        for calls in [
            &[][..],
            &[Err(DeniedHost)],
            &[Err(DeniedHost), Err(RobotsDisallow)],
            &[Err(RobotsDisallow), Err(DeniedHost)],
            // Out of the cache.
            &[Ok(200), Err(RobotsDisallow)],
        ] {
            assert_eq!(after(missed(), calls), its_own, "{calls:?}");
        }
    }

    #[test]
    fn a_paper_that_is_stored_already_is_found_though_gates_kept_its_source_from_asking() {
        let candidate = Candidate {
            url: paperfall_identifiers::WebUrl::parse("https://a.example/a.pdf").unwrap(),
            reason: Reason::OaPdf,
            version: None,
            license: None,
            checksum: None,
            notes: Vec::new(),
        };
        let found = Found::Pdf(Box::new((candidate, None, Vec::new(), Vec::new())));
        let won = (Outcome::Success, Reason::OaPdf);
        assert_eq!(after(found, &[Err(HttpErrorKind::Offline)]), won);
    }
}
