//! What came of one attempt, laid open.

use std::time::Duration;

use crate::fallback::{CandidateVerdict, Ended, StoryEntry};
use crate::http::{HttpErrorKind, NOT_RECORDED_WORDS};
use crate::intake::Work;
use crate::outcome::{Outcome, Reason};
use crate::sandbox::{Findings, HostCall, LogLine};

/// One attempt on one work.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The work.
    pub work_id: String,
    /// How the attempt ended, as a race would record it.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
    /// The URL that decided it.
    pub url: Option<String>,
    /// The HTTP status that decided it.
    pub status: Option<u16>,
    /// What was said of a failure: a wasm backtrace, for instance.
    pub message: Option<String>,
    /// What the adapter returned; none when it failed.
    pub findings: Option<Findings>,
    /// What the host's probe said of its candidates, as far as it looked.
    pub candidates: Vec<CandidateVerdict>,
    /// Every request in the order they ended, the host's probes included.
    pub calls: Vec<HostCall>,
    /// What the adapter said, and what the host said to its operator.
    pub log: Vec<LogLine>,
    /// Bytes of log over the limit.
    pub log_dropped: usize,
    /// What it cost.
    pub receipt: Receipt,
}

/// What an attempt cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Most linear memory held at once.
    pub memory_peak_bytes: u64,
    /// Time the component itself computed, starting up included.
    pub wasm_time: Duration,
    /// Time it waited for the host.
    pub host_wait: Duration,
    /// From launch to end, the host's probes of the candidates included.
    pub elapsed: Duration,
    /// Requests sent, redirects and probes included.
    pub requests: u32,
    /// Those of them that were repetitions.
    pub retries: u32,
    /// Bytes received, probes included.
    pub bytes: u64,
}

impl Trial {
    pub(super) fn new(work: &Work, ended: Ended, elapsed: Duration) -> Self {
        let record = ended.record;
        let (trace, message, candidates) = match ended.story {
            StoryEntry::Attempt {
                trace,
                message,
                candidates,
                ..
            } => (trace, message, candidates),
            _ => Default::default(),
        };
        Self {
            work_id: work.work_id.to_string(),
            outcome: record.outcome,
            reason: record.reason,
            url: record.url,
            status: record.status,
            message,
            findings: ended.findings,
            candidates,
            receipt: Receipt {
                memory_peak_bytes: u64::try_from(trace.memory_peak).unwrap_or(u64::MAX),
                wasm_time: trace.wasm_time,
                host_wait: trace.host_wait,
                elapsed,
                requests: record.requests,
                retries: record.retries,
                bytes: record.bytes,
            },
            calls: trace.calls,
            log: trace.log,
            log_dropped: trace.log_dropped,
        }
    }

    /// A work that a race would not have shown to the adapter.
    #[must_use]
    pub fn skipped(work: &Work, reason: Reason) -> Self {
        Self {
            work_id: work.work_id.to_string(),
            outcome: Outcome::Skipped,
            reason,
            url: None,
            status: None,
            message: None,
            findings: None,
            candidates: Vec::new(),
            calls: Vec::new(),
            log: Vec::new(),
            log_dropped: 0,
            receipt: Receipt::default(),
        }
    }

    /// The requests a replay had no answer for, with its words about them.
    pub fn not_recorded(&self) -> impl Iterator<Item = (&HostCall, &str)> {
        self.calls.iter().filter_map(|call| match &call.result {
            Err((HttpErrorKind::Other, words)) if words.starts_with(NOT_RECORDED_WORDS) => {
                Some((call, words.as_str()))
            }
            _ => None,
        })
    }

    /// Whether the host has seen a PDF.
    #[must_use]
    pub fn won(&self) -> bool {
        self.outcome == Outcome::Success
    }

    /// The URLs of the candidates, ranked.
    #[must_use]
    pub fn proposed(&self) -> Vec<String> {
        let findings = self.findings.iter();
        findings
            .flat_map(|findings| &findings.candidates)
            .map(|candidate| candidate.url.to_string())
            .collect()
    }

    /// Asserts that the host has seen a PDF at `url`.
    ///
    /// # Panics
    /// When it has not.
    #[track_caller]
    pub fn won_with(&self, url: &str) -> &Self {
        assert!(
            self.won() && self.url.as_deref() == Some(url),
            "expected a PDF at {url}, but {self:#?}"
        );
        self
    }

    /// Asserts that there was no PDF, for this reason.
    ///
    /// # Panics
    /// When there was one, or none for another reason.
    #[track_caller]
    pub fn missed_as(&self, reason: &str) -> &Self {
        assert!(
            !self.won() && self.reason.as_str() == reason,
            "expected a miss as {reason}, but {self:#?}"
        );
        self
    }

    /// Asserts that exactly these URLs were asked for, in this order, by the
    /// adapter and by the host's probes.
    ///
    /// # Panics
    /// When others were.
    #[track_caller]
    pub fn asked_for(&self, urls: &[&str]) -> &Self {
        let asked: Vec<&str> = self.calls.iter().map(|call| call.url.as_str()).collect();
        assert_eq!(asked, urls, "of {self:#?}");
        self
    }
}
