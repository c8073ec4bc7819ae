//! The host's own look at what a source proposed: a candidate counts only when
//! its bytes are a PDF's.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::attempt::Context;
use super::knowledge::Claim;
use super::story::CandidateVerdict;
use super::verdict::judge;
use crate::http::{HttpErrorKind, Meter, Verdict};
use crate::outcome::{Outcome, Reason};
use crate::sandbox::{AttemptTrace, Candidate, Findings, HostCall};

/// What an attempt used beside the guest's own account.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Requests and bytes, the guest's own included.
    pub(crate) meter: Arc<Meter>,
    pub(crate) candidates: Vec<CandidateVerdict>,
}

impl Tally {
    pub(crate) fn new(meter: Arc<Meter>) -> Self {
        Self {
            meter,
            candidates: Vec::new(),
        }
    }

    /// Notes what became of a candidate; `refused` is why it is no PDF.
    fn note(&mut self, candidate: &Candidate, refused: Option<Reason>, message: impl Into<String>) {
        self.candidates.push(CandidateVerdict {
            url: candidate.url.to_string(),
            proposed_as: candidate.reason.clone(),
            refused,
            message: message.into(),
        });
    }
}

/// How one candidate ended that was no PDF.
pub(crate) type Ending = (Outcome, Reason);

/// A candidate that passed, what the probe saw of it, the candidates below it,
/// and how those above it ended.
pub(crate) type Passed = (Candidate, Option<Verdict>, Vec<Candidate>, Vec<Ending>);

/// What an attempt came to.
pub(crate) enum Found {
    /// The PDF, its verdict (none when its bytes are stored already), the
    /// candidates below it, and how those above it ended.
    Pdf(Box<Passed>),
    /// None.
    Nothing {
        outcome: Outcome,
        reason: Reason,
        status: Option<u16>,
        message: Option<String>,
    },
}

/// Probes candidates in order until one is a PDF or the time is up.
pub(crate) async fn probe_all(
    findings: &Findings,
    context: &Context,
    deadline: Instant,
    trace: &Mutex<AttemptTrace>,
    tally: &mut Tally,
) -> Found {
    let mut endings: Vec<(Outcome, Reason, Option<u16>)> = Vec::new();
    for (position, candidate) in findings.candidates.iter().enumerate() {
        let Some(claim) = context.knowledge.claim(&candidate.url) else {
            let tried = Some(Reason::AlreadyTried);
            tally.note(candidate, tried, "tried before for this work");
            continue;
        };
        let taken = |claim: Claim, verdict, endings| {
            claim.passed();
            let below = findings.candidates.get(position.saturating_add(1)..);
            let below = below.unwrap_or_default().to_vec();
            let before = without_status(endings);
            Found::Pdf(Box::new((candidate.clone(), verdict, below, before)))
        };
        if let Some(stored) = &context.stored
            && stored.holds(candidate.url.as_str()).await
        {
            tally.note(candidate, None, "stored already: not asked again");
            return taken(claim, None, endings);
        }
        let started = Instant::now();
        let probe = context.session.probe(
            candidate.url.as_str(),
            Some(deadline.into()),
            Some(Arc::clone(&tally.meter)),
        );
        let answer = tokio::time::timeout_at(deadline.into(), probe).await;
        let (hops, result) = match &answer {
            Ok(Ok(verdict)) => (verdict.hops.clone(), Ok(verdict.status)),
            Ok(Err(error)) => (error.hops.clone(), Err((error.kind, error.message.clone()))),
            Err(_) => (
                Vec::new(),
                Err((HttpErrorKind::Timeout, "no answer in time".to_owned())),
            ),
        };
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
        match answer {
            Ok(Ok(verdict)) if verdict.is_pdf => {
                tally.note(candidate, None, "a PDF");
                return taken(claim, Some(verdict), endings);
            }
            Ok(Ok(verdict)) => {
                let refused = Some(verdict.reason.clone());
                tally.note(candidate, refused, format!("status {}", verdict.status));
                claim.failed(verdict.reason.clone());
                endings.push((
                    verdict.reason.outcome().unwrap_or(Outcome::NoPdf),
                    verdict.reason,
                    Some(verdict.status),
                ));
            }
            Ok(Err(error)) if error.kind.is_gate() => {
                let reason = error.reason();
                tally.note(candidate, Some(reason.clone()), error.message);
                // Not looked at: another source, or a later attempt, may.
                drop(claim);
                endings.push((Outcome::Skipped, reason, None));
            }
            Ok(Err(error)) if error.kind != HttpErrorKind::Timeout => {
                let reason = error.reason();
                tally.note(candidate, Some(reason.clone()), error.message);
                claim.failed(reason.clone());
                endings.push((reason.outcome().unwrap_or(Outcome::NoPdf), reason, None));
            }
            Ok(Err(_)) | Err(_) => {
                let late = Some(Reason::SourceDeadline);
                tally.note(candidate, late, "no answer in time");
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
    // What a gate held back leaves the question open, as `judge` has it; where
    // that decides, the attempt is a skip by that gate.
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

fn without_status(endings: Vec<(Outcome, Reason, Option<u16>)>) -> Vec<Ending> {
    endings
        .into_iter()
        .map(|(outcome, reason, _)| (outcome, reason))
        .collect()
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
