//! Where a component's secrets go. Their values never reach it; what can go
//! wrong is where it asks the host to put them.

use std::collections::BTreeSet;

use super::judging::{Check, Judgement};
use crate::conformance::bench::CANARY;
use crate::conformance::evidence::{Evidence, Seen};
use crate::conformance::scene::Name;
use crate::http::Asked;
use crate::outcome::Outcome;

/// How a secret is asked for, in a text and in a URL's path.
const PLACEHOLDERS: [&str; 2] = ["{{secret:", "%7B%7Bsecret:"];

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "secrets_stay_inside",
        tried: "searched its answers and its log for secrets",
        remedy: "put {{secret:NAME}} into requests only: what you return is written down",
        judge: |evidence| of_secrets(evidence, leaked),
    },
    Check {
        name: "secrets_over_https",
        tried: "looked how secrets travel",
        remedy: "send secrets to https URLs only",
        judge: |evidence| {
            of_secrets(evidence, |seen| {
                let mut bearing = bearing(seen);
                let plain = bearing.find(|asked| asked.url.scheme() == "http")?;
                let host = plain.url.host_str().unwrap_or_default();
                Some(format!("a secret went to http://{host}"))
            })
        },
    },
    Check {
        name: "secrets_to_one_site",
        tried: "looked whom secrets are sent to",
        remedy: "send a key to the service it belongs to, and to nobody else",
        judge: one_site,
    },
    Check {
        name: "missing_secrets",
        tried: "left its secrets unset",
        remedy: "return nonretryable with the reason misconfigured, or go without",
        judge: |evidence| {
            of_secrets(evidence, |seen| {
                if seen.name != Name::WithoutSecrets {
                    return None;
                }
                let wrong = matches!(seen.outcome(), Outcome::Retryable | Outcome::NoPdf);
                let wrong = wrong && seen.asked.is_empty();
                seen.broke()
                    .or_else(|| wrong.then(|| format!("it says {}", seen.words())))
            })
        },
    },
];

fn of_secrets(evidence: &Evidence, complaint: impl Fn(&Seen) -> Option<String>) -> Judgement {
    if evidence.descriptor().secrets.is_empty() {
        return Judgement::NotApplicable("it has no secrets".to_owned());
    }
    match evidence.seen.iter().find_map(complaint) {
        Some(complaint) => Judgement::Fail(complaint),
        None => Judgement::Pass("as it should be".to_owned()),
    }
}

fn bearing(seen: &Seen) -> impl Iterator<Item = &Asked> {
    seen.asked.iter().filter(|asked| bears_secret(asked))
}

/// Whether a secret was filled in.
pub(super) fn bears_secret(asked: &Asked) -> bool {
    let mut headers = asked.headers.iter();
    asked.url.as_str().contains(CANARY) || headers.any(|(_, value)| value.contains(CANARY))
}

fn leaked(seen: &Seen) -> Option<String> {
    // There the work itself has one written into it.
    if seen.name == Name::HostileWork {
        return None;
    }
    let tells = |text: &str| {
        let mut placeholders = PLACEHOLDERS.iter();
        text.contains(CANARY) || placeholders.any(|placeholder| text.contains(placeholder))
    };
    if let Some(url) = seen.urls().into_iter().find(|url| tells(url)) {
        return Some(format!("it returns {url}"));
    }
    let mut log = seen.trace.log.iter();
    log.any(|line| tells(&line.message))
        .then(|| "a secret stands in its log".to_owned())
}

fn one_site(evidence: &Evidence) -> Judgement {
    let sites: BTreeSet<String> = evidence
        .seen
        .iter()
        .flat_map(bearing)
        .filter_map(|asked| asked.url.host_str())
        .map(site)
        .collect();
    of_secrets(evidence, |_| {
        (sites.len() > 1).then(|| {
            let sites: Vec<&str> = sites.iter().map(String::as_str).collect();
            format!("they go to {}", sites.join(" and "))
        })
    })
}

/// The last two labels of a host: who runs it, near enough.
fn site(host: &str) -> String {
    let mut labels: Vec<&str> = host.rsplit('.').take(2).collect();
    labels.reverse();
    labels.join(".")
}
