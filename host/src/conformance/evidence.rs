//! What was seen of a component, and questions checks ask of it.

use std::time::Duration;

use super::scene::Name;
use crate::http::Asked;
use crate::outcome::{Outcome, Reason};
use crate::sandbox::{
    ADAPTER_SAYS, AttemptTrace, Descriptor, Failure, Findings, HostCall, LoadError, LoadedAdapter,
    NAMELESS,
};

/// How an attempt ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Found(Findings),
    /// With a reason that has a name.
    Missed(Failure),
    /// With a reason that is no name.
    Nameless(Failure),
    /// It did not end by itself.
    Broke(Failure),
}

impl From<Result<Findings, Failure>> for Ending {
    fn from(result: Result<Findings, Failure>) -> Self {
        match result {
            Ok(findings) => Self::Found(findings),
            Err(failure) => match failure.reason {
                Reason::Contract if failure.message.starts_with(NAMELESS) => {
                    Self::Nameless(failure)
                }
                Reason::Trap
                | Reason::MemoryLimit
                | Reason::FuelOrEpoch
                | Reason::OutputLimit
                | Reason::Contract => Self::Broke(failure),
                _ => Self::Missed(failure),
            },
        }
    }
}

/// One scene, played.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) name: Name,
    pub(super) ending: Ending,
    pub(super) trace: AttemptTrace,
    /// What came to the wire.
    pub(super) asked: Vec<Asked>,
    pub(super) timeout: Duration,
}

impl Seen {
    /// Why it did not end by itself, if it did not.
    pub(super) fn broke(&self) -> Option<String> {
        match &self.ending {
            Ending::Broke(failure) => Some(format!(
                "it broke ({}): {}",
                failure.reason,
                cause(&failure.message)
            )),
            Ending::Found(_) | Ending::Missed(_) | Ending::Nameless(_) => None,
        }
    }

    /// The same of an attempt that ran out of requests: the host names that
    /// first, and what the component said or did after it.
    pub(super) fn broke_over_budget(&self) -> Option<String> {
        let broken = match &self.ending {
            Ending::Missed(failure) if failure.reason == Reason::RequestLimit => {
                let after = failure.message.split_once("; ");
                after.filter(|(_, after)| !after.starts_with(ADAPTER_SAYS))
            }
            _ => None,
        };
        let broken = broken.map(|(_, after)| format!("it broke: {}", cause(after)));
        broken.or_else(|| self.broke())
    }

    /// What it came to, as the host counts it.
    pub(super) fn outcome(&self) -> Outcome {
        match &self.ending {
            Ending::Found(findings) if !findings.candidates.is_empty() => Outcome::Success,
            Ending::Found(findings) => match findings.reason.outcome() {
                Some(Outcome::Success) | None => Outcome::NoPdf,
                Some(outcome) => outcome,
            },
            Ending::Missed(failure) | Ending::Nameless(failure) | Ending::Broke(failure) => {
                failure.outcome
            }
        }
    }

    /// The host ended it with this reason.
    pub(super) fn ended_by(&self, reason: &Reason) -> bool {
        match &self.ending {
            Ending::Found(_) => false,
            Ending::Missed(failure) | Ending::Nameless(failure) | Ending::Broke(failure) => {
                failure.reason == *reason
            }
        }
    }

    /// What it said, in few words.
    pub(super) fn words(&self) -> String {
        match &self.ending {
            Ending::Found(findings) => match findings.candidates.len() {
                0 => format!("{} ({})", self.outcome(), findings.reason),
                1 => "one candidate".to_owned(),
                count => format!("{count} candidates"),
            },
            Ending::Missed(failure) | Ending::Nameless(failure) | Ending::Broke(failure) => {
                format!("{} ({})", failure.outcome, failure.reason)
            }
        }
    }

    /// Whether it called the host at all.
    pub(super) fn called(&self) -> bool {
        !self.trace.calls.is_empty()
    }

    /// Its own requests: what it had the host probe is the host's.
    pub(super) fn requests(&self) -> impl Iterator<Item = &HostCall> {
        let calls = self.trace.calls.iter();
        calls.filter(|call| call.what != "PROBE")
    }

    /// Every URL of its answer.
    pub(super) fn urls(&self) -> Vec<&str> {
        let Ending::Found(findings) = &self.ending else {
            return Vec::new();
        };
        let candidates = findings.candidates.iter().map(|one| one.url.as_str());
        let pages = findings.landing_urls.iter().map(|url| url.as_str());
        candidates.chain(pages).collect()
    }
}

/// Everything seen of a component that loads.
#[derive(Debug)]
pub(super) struct Evidence {
    pub(super) adapter: LoadedAdapter,
    /// What it said of itself when asked again.
    pub(super) described_again: Vec<Result<Descriptor, LoadError>>,
    pub(super) seen: Vec<Seen>,
}

impl Evidence {
    pub(super) fn descriptor(&self) -> &Descriptor {
        self.adapter.descriptor()
    }

    /// What was seen in scenes of this kind.
    pub(super) fn of(&self, wanted: impl Fn(&Name) -> bool) -> Vec<&Seen> {
        self.seen.iter().filter(|seen| wanted(&seen.name)).collect()
    }
}

/// What brought a component down: of a trap, what comes after its backtrace.
fn cause(message: &str) -> String {
    let mut lines = message.lines().map(str::trim);
    let trap = lines.find(|line| line.contains("wasm trap"));
    shortened(trap.unwrap_or(message))
}

/// Words that are not the program's, short enough for a report.
pub(super) fn shortened(text: &str) -> String {
    const CHARS: usize = 160;
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}
