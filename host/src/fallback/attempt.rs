//! One attempt of a race: ask the source, then let the host probe what it
//! proposes. Both share one deadline.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::knowledge::Knowledge;
use super::record::AttemptRecord;
use super::roster::{Ready, RosterSource};
use super::story::{CandidateVerdict, StoryEntry};
use super::verdict::judge;
use crate::http::{HttpErrorKind, Session, Verdict};
use crate::outcome::{Outcome, Reason};
use crate::sandbox::{
    AttemptInput, AttemptLimits, AttemptTrace, Candidate, Findings, HostCall, Sandbox,
};

/// What every attempt of a race shares.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) sandbox: Sandbox,
    pub(crate) session: Session,
    pub(crate) knowledge: Knowledge,
}

/// An attempt that ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) record: AttemptRecord,
    pub(crate) story: StoryEntry,
    pub(crate) winner: Option<Winner>,
}

/// A candidate the host has seen to be a PDF.
#[derive(Debug, Clone)]
pub(crate) struct Winner {
    pub(crate) candidate: Candidate,
    pub(crate) verdict: Verdict,
    /// Candidates ranked below it, not yet probed.
    pub(crate) rest: Vec<Candidate>,
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

/// Asks an adapter and probes its candidates.
pub(crate) async fn ask(
    source: Arc<RosterSource>,
    ready: Arc<Ready>,
    context: Context,
    limit: TimeLimit,
) -> Ended {
    let started = Instant::now();
    let trace = Arc::new(Mutex::new(AttemptTrace::default()));
    let input = AttemptInput {
        work: context.knowledge.for_guest(),
        session: context.session.clone(),
        grants: ready.grants.clone(),
        secrets: ready.secrets.clone(),
        settings: ready.settings.clone(),
        retries_max: source.policy.retries_max,
        robots_respect: source.policy.robots_respect,
        timeout_ms: u64::try_from(limit.allowed.as_millis()).unwrap_or(u64::MAX),
        limits: AttemptLimits {
            memory_mib: ready.adapter.memory_mib(),
            ..AttemptLimits::DEFAULT
        },
    };
    let report = context
        .sandbox
        .resolve(&ready.adapter, input, Arc::clone(&trace))
        .await;
    let mut tally = Tally {
        requests: report.requests,
        bytes: report.bytes,
        ..Tally::default()
    };
    let found = match report.result {
        Ok(findings) => {
            context.knowledge.learn(&findings);
            probe_all(&findings, &context, report.deadline, &trace, &mut tally).await
        }
        Err(failure) => Found::Nothing {
            outcome: failure.outcome,
            reason: failure.reason,
            status: failure.status,
            message: Some(failure.message),
        },
    };
    let trace = take(&trace);
    if let Found::Nothing {
        reason: Reason::Misconfigured,
        ..
    } = &found
    {
        let said = trace.log.last().map(|line| line.message.as_str());
        source.complain(said.unwrap_or("the service refuses our configuration"));
    }
    conclude(
        (source.tier.to_string(), source.name.to_string()),
        started,
        limit,
        report.deadline,
        found,
        tally,
        trace,
    )
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
    let deadline = started + limit.allowed;
    let trace = Arc::new(Mutex::new(AttemptTrace::default()));
    let mut tally = Tally::default();
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

fn take(trace: &Mutex<AttemptTrace>) -> AttemptTrace {
    std::mem::take(&mut *trace.lock().unwrap_or_else(PoisonError::into_inner))
}

/// What an attempt used beside the guest's own account.
#[derive(Debug, Default)]
struct Tally {
    requests: u32,
    bytes: u64,
    candidates: Vec<CandidateVerdict>,
}

enum Found {
    Pdf(Box<(Candidate, Verdict, Vec<Candidate>)>),
    Nothing {
        outcome: Outcome,
        reason: Reason,
        status: Option<u16>,
        message: Option<String>,
    },
}

/// Probes candidates in order until one is a PDF or the time is up.
async fn probe_all(
    findings: &Findings,
    context: &Context,
    deadline: Instant,
    trace: &Mutex<AttemptTrace>,
    tally: &mut Tally,
) -> Found {
    let mut endings: Vec<(Outcome, Reason, Option<u16>)> = Vec::new();
    for (position, candidate) in findings.candidates.iter().enumerate() {
        let Some(claim) = context.knowledge.claim(&candidate.url) else {
            tally.candidates.push(CandidateVerdict {
                url: candidate.url.to_string(),
                proposed_as: candidate.reason.clone(),
                refused: Some(Reason::AlreadyTried),
                message: "tried before for this work".to_owned(),
            });
            continue;
        };
        let started = Instant::now();
        let probe = context
            .session
            .probe(candidate.url.as_str(), Some(deadline.into()), None);
        let answer = tokio::time::timeout_at(deadline.into(), probe).await;
        let (hops, result) = match &answer {
            Ok(Ok(verdict)) => (verdict.hops.clone(), Ok(verdict.status)),
            Ok(Err(error)) => (error.hops.clone(), Err((error.kind, error.message.clone()))),
            Err(_) => (
                Vec::new(),
                Err((HttpErrorKind::Timeout, "no answer in time".to_owned())),
            ),
        };
        tally.requests = tally
            .requests
            .saturating_add(u32::try_from(hops.len().max(1)).unwrap_or(u32::MAX));
        tally.bytes = hops
            .iter()
            .fold(tally.bytes, |sum, hop| sum.saturating_add(hop.bytes));
        trace
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .calls
            .push(HostCall {
                what: "PROBE",
                url: candidate.url.to_string(),
                hops,
                result,
                elapsed: started.elapsed(),
            });
        let mut noted = |refused: Option<Reason>, message: String| {
            tally.candidates.push(CandidateVerdict {
                url: candidate.url.to_string(),
                proposed_as: candidate.reason.clone(),
                refused,
                message,
            });
        };
        match answer {
            Ok(Ok(verdict)) if verdict.is_pdf => {
                noted(None, "a PDF".to_owned());
                claim.passed();
                let rest = findings
                    .candidates
                    .get(position.saturating_add(1)..)
                    .unwrap_or_default()
                    .to_vec();
                return Found::Pdf(Box::new((candidate.clone(), verdict, rest)));
            }
            Ok(Ok(verdict)) => {
                noted(
                    Some(verdict.reason.clone()),
                    format!("status {}", verdict.status),
                );
                claim.failed(verdict.reason.clone());
                endings.push((
                    verdict.reason.outcome().unwrap_or(Outcome::NoPdf),
                    verdict.reason,
                    Some(verdict.status),
                ));
            }
            Ok(Err(error)) if error.kind != HttpErrorKind::Timeout => {
                let reason = error.reason();
                noted(Some(reason.clone()), error.message);
                claim.failed(reason.clone());
                endings.push((reason.outcome().unwrap_or(Outcome::NoPdf), reason, None));
            }
            Ok(Err(_)) | Err(_) => {
                noted(Some(Reason::SourceDeadline), "no answer in time".to_owned());
                claim.failed(Reason::SourceDeadline);
                endings.push((Outcome::Timeout, Reason::SourceDeadline, None));
                break;
            }
        }
    }
    if findings.candidates.is_empty() {
        return nothing_proposed(&findings.reason);
    }
    if endings.is_empty() {
        return Found::Nothing {
            outcome: Outcome::Skipped,
            reason: Reason::AlreadyTried,
            status: None,
            message: Some("every URL it proposed was tried before".to_owned()),
        };
    }
    let loss = judge(
        endings
            .iter()
            .map(|(outcome, reason, _)| (*outcome, reason)),
    );
    let decisive = endings.iter().find(|(_, reason, _)| *reason == loss.reason);
    Found::Nothing {
        outcome: decisive.map_or(loss.outcome, |(outcome, _, _)| *outcome),
        status: decisive.and_then(|(_, _, status)| *status),
        reason: loss.reason,
        message: None,
    }
}

/// A source that answered and proposed nothing.
fn nothing_proposed(reason: &Reason) -> Found {
    let (outcome, reason) = match reason.outcome() {
        // A success reason without a candidate says nothing.
        Some(Outcome::Success) => (Outcome::NoPdf, Reason::NoPdfUrl),
        Some(outcome) => (outcome, reason.clone()),
        None => (Outcome::NoPdf, reason.clone()),
    };
    Found::Nothing {
        outcome,
        reason,
        status: None,
        message: None,
    }
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
            let (candidate, verdict, rest) = *found;
            let url = candidate.url.to_string();
            let status = verdict.status;
            let reason = candidate.reason.clone();
            let winner = Winner {
                candidate,
                verdict,
                rest,
                time_left: deadline.saturating_duration_since(Instant::now()),
            };
            (
                Outcome::Success,
                reason,
                Some(url),
                Some(status),
                Some(winner),
            )
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
        url,
        status,
        host,
        retries: 0,
        elapsed_ms,
        requests: tally.requests,
        bytes: tally.bytes,
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
    }
}
