//! What a guest returns: findings, or a miss. See [`crate::lines`] for how they
//! are written down.

use paperfall_adapter::bindings::paperfall::adapter::types::Miss;
use paperfall_adapter::{Candidate, Findings, Identifier, MissOutcome};

use crate::intake::Identifiers;
use crate::outcome::{Outcome, Reason};
use crate::promises;
use crate::sandbox::findings::{Checksum, validate, validate_miss};
use crate::sandbox::{AttemptTrace, Failure, limits};

/// Checks what the host makes of one guest's answer.
pub fn check(data: &[u8]) {
    let mut findings = Findings::none("no_pdf_url");
    let mut miss = None;
    for (key, value) in crate::lines::of(data) {
        let last = findings.candidates.last_mut();
        match (key.as_str(), last) {
            ("candidate", _) => findings.candidates.push(Candidate::new(value, "oa_pdf")),
            ("reason", Some(candidate)) => candidate.reason = value,
            ("version", Some(candidate)) => candidate.version = Some(value),
            ("license", Some(candidate)) => candidate.license = Some(value),
            ("checksum", Some(candidate)) => candidate.checksum = Some(value),
            ("note", Some(candidate)) => candidate.notes.push(value),
            ("page", _) => findings.landing_urls.push(value),
            ("id", _) => {
                let (scheme, value) = value.split_once(' ').unwrap_or((&value, ""));
                findings.identifiers.push(Identifier::new(scheme, value));
            }
            ("because", _) => findings.reason = value,
            ("miss", _) => miss = Some(miss_of(&value)),
            _ => {}
        }
    }
    accepts(findings).map_or_else(|failure| is_named(&failure), |_| ());
    if let Some(miss) = miss {
        let failure = validate_miss(miss);
        assert_ne!(failure.outcome, Outcome::Success);
        assert_ne!(failure.reason.outcome(), Some(Outcome::Success));
        is_named(&failure);
    }
}

/// `no_pdf not_found 404`
fn miss_of(text: &str) -> Miss {
    let mut words = text.splitn(3, ' ');
    let outcome = match words.next() {
        Some("no_pdf") => MissOutcome::NoPdf,
        Some("nonretryable") => MissOutcome::Nonretryable,
        Some("retryable") => MissOutcome::Retryable,
        Some("skipped") => MissOutcome::Skipped,
        _ => MissOutcome::Error,
    };
    Miss {
        outcome,
        reason: words.next().unwrap_or_default().to_owned(),
        status: words.next().and_then(|status| status.parse().ok()),
    }
}

/// What the host makes of findings, with every promise about it checked.
pub(crate) fn accepts(findings: Findings) -> Result<(), Failure> {
    let mut trace = AttemptTrace::default();
    let validated = validate(findings, &mut trace);
    promises::is_a_modest_log(&trace);
    let found = validated?;
    assert!(found.candidates.len() <= limits::CANDIDATES);
    assert!(found.landing_urls.len() <= limits::LANDING_URLS);
    assert!(found.identifiers.len() <= limits::IDENTIFIERS);
    is_a_word(&found.reason);
    for candidate in &found.candidates {
        promises::is_plain(candidate.url.as_url());
        is_a_word(&candidate.reason);
        assert!(matches!(
            candidate.reason.outcome(),
            None | Some(Outcome::Success)
        ));
        assert!(candidate.notes.len() <= limits::NOTES);
        let texts = [&candidate.version, &candidate.license]
            .into_iter()
            .flatten();
        for text in texts.chain(&candidate.notes) {
            assert!(text.len() <= limits::STRING_BYTES);
            promises::is_harmless(text);
        }
        if let Some(Checksum::Md5(hex) | Checksum::Sha256(hex)) = &candidate.checksum {
            let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
            assert!(matches!(hex.len(), 32 | 64) && hex.chars().all(is_digit));
        }
    }
    for url in &found.landing_urls {
        promises::is_plain(url.as_url());
    }
    let mut known = Identifiers::default();
    for identifier in &found.identifiers {
        known.learn(&identifier.scheme, &identifier.value);
    }
    for (scheme, value) in known.iter() {
        promises::is_harmless(scheme);
        promises::is_harmless(value);
    }
    Ok(())
}

fn is_a_word(reason: &Reason) {
    assert_eq!(Reason::parse(reason.as_str()).as_ref(), Some(reason));
}

fn is_named(failure: &Failure) {
    is_a_word(&failure.reason);
    promises::is_a_message(&failure.message);
    promises::is_harmless(&failure.message);
    assert!(
        failure
            .status
            .is_none_or(|status| (100..600).contains(&status))
    );
}
