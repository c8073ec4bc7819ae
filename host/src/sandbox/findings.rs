//! What a guest returned, checked value by value before anything uses it.

use super::bindings::paperfall::adapter::types as wit;
use super::failure::Failure;
use super::limits::{CANDIDATES, IDENTIFIERS, LANDING_URLS, NOTES, STRING_BYTES};
use super::trace::{AttemptTrace, Objection, escape_controls};
use crate::outcome::{Outcome, Reason};
use paperfall_identifiers::WebUrl;

/// What the contract knows a version of a paper as; other words are dropped.
const VERSIONS: [&str; 3] = ["publishedVersion", "acceptedVersion", "submittedVersion"];

/// How the failure of a guest begins that gave its reason no proper name.
pub(crate) const NAMELESS: &str = "the component returned the reason";

/// How the message of a failure begins that the guest named itself.
pub(crate) const ADAPTER_SAYS: &str = "the adapter says";

/// A validated proposal; not yet probed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Where the PDF may be.
    pub url: WebUrl,
    /// Why the adapter thinks so.
    pub reason: Reason,
    /// `publishedVersion`, `acceptedVersion`, `submittedVersion`.
    pub version: Option<String>,
    /// The licence as the source names it.
    pub license: Option<String>,
    /// What the file must hash to.
    pub checksum: Option<Checksum>,
    /// Words for the result.
    pub notes: Vec<String>,
}

/// A checksum a source announced, lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checksum {
    /// 32 hex digits.
    Md5(String),
    /// 64 hex digits.
    Sha256(String),
}

impl std::fmt::Display for Checksum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Md5(hex) => write!(f, "md5:{hex}"),
            Self::Sha256(hex) => write!(f, "sha256:{hex}"),
        }
    }
}

impl Checksum {
    /// Reads `md5:…` or `sha256:…` with the right number of hex digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (kind, hex) = text.split_once(':')?;
        let hex = hex.to_ascii_lowercase();
        let is_hex = hex.bytes().all(|b| b.is_ascii_hexdigit());
        match (kind, hex.len(), is_hex) {
            ("md5", 32, true) => Some(Self::Md5(hex)),
            ("sha256", 64, true) => Some(Self::Sha256(hex)),
            _ => None,
        }
    }
}

/// An identifier an adapter hands on, not yet normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearntIdentifier {
    /// The scheme.
    pub scheme: String,
    /// The value as given.
    pub value: String,
}

/// What a source found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// At most eight, ranked.
    pub candidates: Vec<Candidate>,
    /// At most eight.
    pub landing_urls: Vec<WebUrl>,
    /// At most sixteen.
    pub identifiers: Vec<LearntIdentifier>,
    /// Why there are no candidates, if there are none.
    pub reason: Reason,
}

/// Checks findings. What is malformed in one candidate costs that candidate
/// (and a log line); what breaks a limit or the contract costs the attempt.
pub(crate) fn validate(raw: wit::Findings, trace: &mut AttemptTrace) -> Result<Findings, Failure> {
    let mut candidates = Vec::new();
    let proposed = raw.candidates.len();
    for candidate in raw.candidates.into_iter().take(CANDIDATES) {
        let url = bounded("candidate url", candidate.url)?;
        let reason = reason_of(candidate.reason)?;
        if !matches!(reason.outcome(), Some(Outcome::Success) | None) {
            return Err(Failure::host(
                Reason::Contract,
                format!(
                    "the component proposes a candidate for the reason {reason}, which is no success"
                ),
            ));
        }
        let url = match WebUrl::parse(&url) {
            Ok(url) => url,
            Err(error) => {
                trace.object(Objection::Malformed(format!("candidate dropped: {error}")));
                continue;
            }
        };
        let checksum = match candidate.checksum {
            None => None,
            Some(text) => {
                let text = bounded("checksum", text)?;
                let parsed = Checksum::parse(&text);
                if parsed.is_none() {
                    // Dropping the checksum would weaken a check the source
                    // asked for, so the candidate goes with it.
                    trace.object(Objection::Malformed(format!(
                        "candidate {url} dropped: {text:?} is no md5:… or sha256:…"
                    )));
                    continue;
                }
                parsed
            }
        };
        let mut notes = Vec::new();
        for note in candidate.notes.into_iter().take(NOTES) {
            notes.extend(plain_text("note", note, trace)?);
        }
        candidates.push(Candidate {
            url,
            reason,
            version: optional_text("version", candidate.version, trace)?
                .filter(|version| VERSIONS.contains(&version.as_str())),
            license: optional_text("license", candidate.license, trace)?,
            checksum,
            notes,
        });
    }
    let (pages, learnt) = (raw.landing_urls.len(), raw.identifiers.len());
    for (what, count, most) in [
        ("candidates", proposed, CANDIDATES),
        ("landing pages", pages, LANDING_URLS),
        ("identifiers", learnt, IDENTIFIERS),
    ] {
        if count > most {
            trace.object(Objection::TooMany(format!(
                "{count} {what} proposed, the first {most} are considered"
            )));
        }
    }
    let mut landing_urls = Vec::new();
    for url in raw.landing_urls.into_iter().take(LANDING_URLS) {
        let url = bounded("landing url", url)?;
        match WebUrl::parse(&url) {
            Ok(url) => landing_urls.push(url),
            Err(error) => trace.object(Objection::Malformed(format!(
                "landing page dropped: {error}"
            ))),
        }
    }
    let mut identifiers = Vec::new();
    for identifier in raw.identifiers.into_iter().take(IDENTIFIERS) {
        let scheme = plain_text("identifier scheme", identifier.scheme, trace)?;
        let value = plain_text("identifier value", identifier.value, trace)?;
        if let (Some(scheme), Some(value)) = (scheme, value) {
            identifiers.push(LearntIdentifier { scheme, value });
        }
    }
    Ok(Findings {
        candidates,
        landing_urls,
        identifiers,
        reason: reason_of(raw.reason)?,
    })
}

/// Checks a miss.
pub(crate) fn validate_miss(raw: wit::Miss) -> Failure {
    let outcome = match raw.outcome {
        wit::MissOutcome::NoPdf => Outcome::NoPdf,
        wit::MissOutcome::Nonretryable => Outcome::Nonretryable,
        wit::MissOutcome::Retryable => Outcome::Retryable,
        wit::MissOutcome::Skipped => Outcome::Skipped,
        wit::MissOutcome::Error => Outcome::Error,
    };
    match reason_of(raw.reason) {
        Ok(reason) if reason.outcome() == Some(Outcome::Success) => Failure::host(
            Reason::Contract,
            format!("the component says it failed for the reason {reason}, which is a success"),
        ),
        Ok(reason) => Failure {
            // The registry's word for a reason of the registry.
            outcome: reason.outcome().unwrap_or(outcome),
            message: format!("{ADAPTER_SAYS} {reason}"),
            reason,
            status: raw.status.filter(|status| (100..600).contains(status)),
        },
        Err(failure) => failure,
    }
}

fn bounded(what: &'static str, text: String) -> Result<String, Failure> {
    if text.len() > STRING_BYTES {
        return Err(Failure::host(
            Reason::OutputLimit,
            format!(
                "the component returned a {what} of {} bytes; at most {STRING_BYTES} are allowed",
                text.len()
            ),
        ));
    }
    Ok(text)
}

fn reason_of(text: String) -> Result<Reason, Failure> {
    let text = bounded("reason", text)?;
    Reason::parse(&text).ok_or_else(|| {
        Failure::host(
            Reason::Contract,
            format!(
                "{NAMELESS} {:?}; a reason is [a-z0-9_]{{1,40}}",
                text.chars().take(60).collect::<String>()
            ),
        )
    })
}

/// Text for results: kept only when nothing in it steers a terminal.
fn plain_text(
    what: &'static str,
    text: String,
    trace: &mut AttemptTrace,
) -> Result<Option<String>, Failure> {
    let text = bounded(what, text)?;
    if escape_controls(&text) != text {
        trace.object(Objection::Malformed(format!(
            "{what} dropped: it has control characters or marks of direction"
        )));
        return Ok(None);
    }
    Ok(Some(text))
}

fn optional_text(
    what: &'static str,
    text: Option<String>,
    trace: &mut AttemptTrace,
) -> Result<Option<String>, Failure> {
    match text {
        None => Ok(None),
        Some(text) => plain_text(what, text, trace),
    }
}

#[cfg(test)]
// Named, so that tests/fuzz, which includes this file by its path, finds it too.
#[path = "findings/tests.rs"]
mod tests;
