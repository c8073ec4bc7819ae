//! Whom a component asks, how often, and when it stops.

use std::collections::BTreeSet;

use url::Url;

use super::judging::{Check, Judgement, all_well, asked_twice, each};
use super::secrets::bears_secret;
use crate::conformance::evidence::{Evidence, Seen};
use crate::conformance::scene::{LANDING, Name, PDF};
use crate::http::HttpErrorKind;
use crate::outcome::Reason;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "declared_hosts",
        tried: "compared every request with the hosts it declares",
        remedy: "declare the host, or do not ask it: the request is refused",
        judge: declared_hosts,
    },
    Check {
        name: "permitted_requests",
        tried: "looked for headers and secrets the host does not send",
        remedy: "set Accept, Accept-Language, Range or If-* only, and Authorization or X-Api-Key only \
                 with a {{secret:NAME}} the descriptor declares",
        judge: |evidence| {
            refused_as(evidence, HttpErrorKind::ForbiddenRequest, |name| {
                // The secret that stands in a hostile identifier is not its own.
                !matches!(name, Name::WithoutSecrets | Name::HostileWork)
            })
        },
    },
    Check {
        name: "well_formed_urls",
        tried: "looked for URLs that are none, where nothing odd was given",
        remedy: "ask for absolute http or https URLs without a user name",
        judge: |evidence| refused_as(evidence, HttpErrorKind::BadUrl, |name| *name == Name::Calm),
    },
    Check {
        name: "https_only",
        tried: "looked for requests in plain http",
        remedy: "ask in https: what goes over http can be read and changed on the way",
        judge: |evidence| each(evidence, |name| *name == Name::Calm, plain_http),
    },
    Check {
        name: "asks_once",
        tried: "looked for the same request made twice of one work",
        remedy: "keep the first answer",
        judge: |evidence| each(evidence, is_answered, asked_twice),
    },
    Check {
        name: "heeds_retry_after",
        tried: "answered 429 with Retry-After: 30, at once or from the second request on",
        remedy: "ask that host nothing more and return retryable/rate_limited",
        judge: |evidence| {
            each(
                evidence,
                |name| matches!(name, Name::TooMany | Name::LaterTooMany),
                hammered,
            )
        },
    },
    Check {
        name: "leaves_retries_to_host",
        tried: "answered 5xx, broke off, dripped, kept silent",
        remedy: "do not send a request again: the host does, within the policy and politely",
        judge: |evidence| each(evidence, is_trouble, asked_twice),
    },
    Check {
        name: "accepts_refusals",
        tried: "answered 400, 401, 403, 404, 410",
        remedy: "do not send a request again that was refused for good",
        judge: |evidence| {
            each(
                evidence,
                |name| matches!(name, Name::Refusal(_)),
                asked_twice,
            )
        },
    },
    Check {
        name: "does_not_wait",
        tried: "asked for patience (429 and 503 with Retry-After: 30)",
        remedy: "return at once and let the host come back: a component that sleeps holds a place \
                 of the race until its deadline",
        judge: |evidence| {
            each(
                evidence,
                |name| matches!(name, Name::TooMany | Name::Unavailable),
                over_time,
            )
        },
    },
    Check {
        name: "stops_asking",
        tried: "named a next page in every answer",
        remedy: "bound the pages you read; an attempt has 24 requests in all",
        judge: |evidence| each(evidence, |name| *name == Name::Endless, never_stops),
    },
    Check {
        name: "short_of_time",
        tried: "gave it 1.5 s where it likes to have 10",
        remedy: "return what there is; budget.remaining() tells what is left",
        judge: |evidence| {
            let seen = evidence.of(|name| *name == Name::ShortOfTime);
            all_well(&seen, |seen| seen.broke().or_else(|| over_time(seen)))
        },
    },
    Check {
        name: "short_of_requests",
        tried: "gave it one request",
        remedy: "treat budget-exhausted like any other failed request",
        judge: |evidence| {
            each(
                evidence,
                |name| *name == Name::ShortOfRequests,
                Seen::broke_over_budget,
            )
        },
    },
    Check {
        name: "deterministic",
        tried: "showed it the same work and the same answers three times",
        remedy: "do not let clock, chance or the order of a hash map decide: a recording could not \
                 be replayed",
        judge: deterministic,
    },
];

fn declared_hosts(evidence: &Evidence) -> Judgement {
    let declared = &evidence.descriptor().hosts;
    let given: BTreeSet<String> = LANDING
        .iter()
        .chain([&PDF])
        .filter_map(|url| host_of(url))
        .collect();
    // What is odd there is judged by checks of its own.
    let scenes = evidence.of(|name| {
        !matches!(
            name,
            Name::OddSettings(_)
                | Name::HostileAnswer
                | Name::HostileWork
                | Name::PrivateRedirect
                | Name::DeniedRedirect
        )
    });
    let asked: BTreeSet<String> = scenes
        .iter()
        .flat_map(|seen| seen.requests())
        .filter_map(|call| host_of(&call.url))
        .collect();
    let strangers: Vec<&str> = asked
        .iter()
        .filter(|host| !declared.iter().any(|pattern| pattern.matches(host)))
        .map(String::as_str)
        .collect();
    let shown = strangers.join(", ");
    if strangers.iter().any(|host| !given.contains(*host)) {
        return Judgement::Fail(format!("it asks {shown}, which it does not declare"));
    }
    if !strangers.is_empty() {
        return Judgement::Warn(format!("it asks {shown}, which only the work names"));
    }
    match asked.len() {
        0 => Judgement::Pass("it asks nobody".to_owned()),
        _ => Judgement::Pass(asked.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

fn host_of(url: &str) -> Option<String> {
    Some(Url::parse(url).ok()?.host_str()?.to_owned())
}

/// Whether a request was refused in this way.
fn refused_as(
    evidence: &Evidence,
    kind: HttpErrorKind,
    wanted: impl Fn(&Name) -> bool,
) -> Judgement {
    let judged = each(evidence, wanted, |seen| {
        seen.trace.calls.iter().find_map(|call| match &call.result {
            Err((refused, message)) if *refused == kind => Some(message.clone()),
            _ => None,
        })
    });
    match judged {
        Judgement::Pass(_) => Judgement::Pass("none refused".to_owned()),
        other => other,
    }
}

fn plain_http(seen: &Seen) -> Option<String> {
    // A secret in plain http is judged as one.
    let mut asked = seen.asked.iter().filter(|asked| !bears_secret(asked));
    let plain = asked.find(|asked| asked.url.scheme() == "http")?;
    let host = plain.url.host_str().unwrap_or_default();
    Some(format!("it asked http://{host}{}", plain.url.path()))
}

/// Scenes whose answers are answers, good or bad.
fn is_answered(name: &Name) -> bool {
    matches!(
        name,
        Name::Calm
            | Name::Only(_)
            | Name::NotJson
            | Name::CutJson
            | Name::Empty
            | Name::Hollow(_)
            | Name::WrongTypes
            | Name::HtmlAsPdf
            | Name::Large
    )
}

/// Scenes in which asking again may help, which is the host's to do.
fn is_trouble(name: &Name) -> bool {
    matches!(
        name,
        Name::Unavailable
            | Name::ServerError
            | Name::Drip
            | Name::Silence
            | Name::CutShort
            | Name::BrokenEncoding
            | Name::Oversize
            | Name::Trouble(_)
    )
}

/// A host that was asked again after it had asked for patience.
fn hammered(seen: &Seen) -> Option<String> {
    let before = usize::from(seen.name == Name::LaterTooMany);
    let refused = seen.asked.get(before..).unwrap_or_default();
    let mut hosts = BTreeSet::new();
    let again = refused
        .iter()
        .filter_map(|asked| asked.url.host_str())
        .find(|host| !hosts.insert(*host))?;
    Some(format!("it asked {again} again after its 429"))
}

fn over_time(seen: &Seen) -> Option<String> {
    let over = seen.ended_by(&Reason::SourceDeadline) || seen.ended_by(&Reason::FuelOrEpoch);
    over.then(|| {
        format!(
            "it was still there when its {} ms were over",
            seen.timeout.as_millis()
        )
    })
}

fn never_stops(seen: &Seen) -> Option<String> {
    let count = seen.asked.len();
    seen.ended_by(&Reason::RequestLimit)
        .then(|| format!("it asked {count} times and would have gone on"))
        .or_else(|| over_time(seen))
}

fn deterministic(evidence: &Evidence) -> Judgement {
    let calm = evidence.of(|name| *name == Name::Calm);
    let Some((first, others)) = calm.split_first() else {
        return Judgement::NotApplicable("it was never asked".to_owned());
    };
    for other in others {
        if requests(other) != requests(first) {
            return Judgement::Fail("its requests differ".to_owned());
        }
        if other.ending != first.ending {
            return Judgement::Fail(format!(
                "its answers differ: {} and {}",
                first.words(),
                other.words()
            ));
        }
    }
    Judgement::Pass("the same requests and the same answer".to_owned())
}

/// Everything it sent, in words.
fn requests(seen: &Seen) -> Vec<String> {
    let asked = seen.asked.iter();
    asked
        .map(|asked| format!("{:?} {} {:?}", asked.method, asked.url, asked.headers))
        .collect()
}
