//! What a component makes of works and settings that are not as usual.

use super::judging::{Check, Judgement, all_well, each};
use crate::conformance::evidence::{Evidence, Seen};
use crate::conformance::scene::{INJECTED, Name};
use crate::outcome::Outcome;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "each_identifier",
        tried: "showed it works of which only one thing is known that it starts from",
        remedy: "declare only what you can start from; a work is shown to you when it has any of them",
        judge: |evidence| {
            let seen = evidence.of(|name| matches!(name, Name::Only(_)));
            if seen.is_empty() {
                return Judgement::NotApplicable("it names nothing to start from".to_owned());
            }
            all_well(&seen, |seen| seen.broke().or_else(|| turned_away(seen)))
        },
    },
    Check {
        name: "missing_identifiers",
        tried: "showed it a work of which nothing is known",
        remedy: "return skipped with a reason such as no_doi before anything is asked",
        judge: nothing_known,
    },
    Check {
        name: "hostile_work",
        tried: "showed it a work full of control characters, markup and long strings",
        remedy: "treat identifiers, titles and URLs as text of any content",
        judge: |evidence| all_well(&evidence.of(|name| *name == Name::HostileWork), Seen::broke),
    },
    Check {
        name: "escapes_identifiers",
        tried: "showed it identifiers with ?, & and # in them",
        remedy: "percent-encode everything you put into a URL",
        judge: |evidence| each(evidence, |name| *name == Name::HostileWork, injected),
    },
    Check {
        name: "missing_settings",
        tried: "left out every setting without a default",
        remedy: "return skipped (no_email) or nonretryable (misconfigured) when a setting is needed",
        judge: |evidence| broken_by(evidence, |name| *name == Name::WithoutSettings),
    },
    Check {
        name: "odd_settings",
        tried: "set every setting to nothing, to no URL, to a long text",
        remedy: "return nonretryable with the reason misconfigured",
        judge: |evidence| broken_by(evidence, |name| matches!(name, Name::OddSettings(_))),
    },
];

fn broken_by(evidence: &Evidence, wanted: impl Fn(&Name) -> bool) -> Judgement {
    let seen = evidence.of(wanted);
    if seen.is_empty() {
        return Judgement::NotApplicable("it has no such setting".to_owned());
    }
    all_well(&seen, Seen::broke)
}

fn turned_away(seen: &Seen) -> Option<String> {
    let Name::Only(scheme) = &seen.name else {
        return None;
    };
    (seen.outcome() == Outcome::Skipped)
        .then(|| format!("with nothing but {scheme} it says {}", seen.words()))
}

fn nothing_known(evidence: &Evidence) -> Judgement {
    let any_work = evidence.descriptor().identifiers.is_empty();
    let seen = evidence.of(|name| *name == Name::NothingKnown);
    all_well(&seen, |seen| {
        let quiet = matches!(seen.outcome(), Outcome::Skipped | Outcome::NoPdf);
        let fine = any_work || (quiet && !seen.called());
        let asked = if seen.called() { ", after asking" } else { "" };
        seen.broke()
            .or_else(|| (!fine).then(|| format!("it says {}{asked}", seen.words())))
    })
}

fn injected(seen: &Seen) -> Option<String> {
    let raw = seen.asked.iter().find(|asked| {
        let mut pairs = asked.url.query_pairs();
        pairs.any(|(key, _)| key == INJECTED)
    })?;
    let host = raw.url.host_str().unwrap_or_default();
    Some(format!(
        "an identifier's ?{INJECTED}=1 became part of its request to {host}"
    ))
}
