//! What a component makes of answers that are none.
//!
//! The worst it can do is to take trouble for "there is no PDF": the work would
//! be given up. Next comes breaking: a trap tells nobody what went wrong.

use super::judging::{
    Check, Judgement, all_well, each, takes_junk_for_an_answer, takes_trouble_for_an_answer,
};
use crate::conformance::evidence::{Evidence, Seen};
use crate::conformance::scene::{Name, PRIVATE};
use crate::outcome::{Outcome, Reason};

const SAY_WHY: &str = "return the miss the error stands for (retryable with stalled, reset, dns, …; \
                       nonretryable with too_large, denied_host, …): no_pdf gives the work up";
const BAD_ANSWER: &str = "return error with a reason such as bad_answer when an answer has not the \
                          shape you know";
const NO_TRAP: &str =
    "catch what your parser throws and return error with a reason such as bad_answer";

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "names_rate_limit",
        tried: "answered 429 with Retry-After: 30",
        remedy: "return retryable with the reason rate_limited and status 429",
        judge: |evidence| each(evidence, |name| *name == Name::TooMany, not_another_day),
    },
    Check {
        name: "names_server_error",
        tried: "answered 500 and 503",
        remedy: "return retryable with the reason http_5xx and the status",
        judge: |evidence| {
            each(
                evidence,
                |name| matches!(name, Name::Unavailable | Name::ServerError),
                not_another_day,
            )
        },
    },
    Check {
        name: "names_refusals",
        tried: "answered 400, 401, 403, 404, 410",
        remedy: "return no_pdf (not_found, blocked) or nonretryable (http_4xx, misconfigured): the \
                 answer will be the same another day",
        judge: |evidence| {
            each(
                evidence,
                |name| matches!(name, Name::Refusal(_)),
                another_day_for_good,
            )
        },
    },
    Check {
        name: "slow_drip",
        tried: "sent the answer byte by byte",
        remedy: SAY_WHY,
        judge: |evidence| {
            each(
                evidence,
                |name| *name == Name::Drip,
                takes_trouble_for_an_answer,
            )
        },
    },
    Check {
        name: "time_out",
        tried: "did not answer",
        remedy: SAY_WHY,
        judge: |evidence| {
            each(
                evidence,
                |name| *name == Name::Silence,
                takes_trouble_for_an_answer,
            )
        },
    },
    Check {
        name: "connection_trouble",
        tried: "no address, no connection, no TLS, connection reset",
        remedy: SAY_WHY,
        judge: |evidence| {
            each(
                evidence,
                |name| matches!(name, Name::Trouble(_)),
                takes_trouble_for_an_answer,
            )
        },
    },
    Check {
        name: "truncated_body",
        tried: "broke the connection in the middle of the answer",
        remedy: SAY_WHY,
        judge: |evidence| {
            each(
                evidence,
                |name| *name == Name::CutShort,
                takes_trouble_for_an_answer,
            )
        },
    },
    Check {
        name: "broken_encoding",
        tried: "called a plain answer gzip",
        remedy: SAY_WHY,
        judge: |evidence| {
            each(
                evidence,
                |name| *name == Name::BrokenEncoding,
                takes_trouble_for_an_answer,
            )
        },
    },
    Check {
        name: "oversize_body",
        tried: "sent more than 8 MiB",
        remedy: SAY_WHY,
        judge: |evidence| {
            each(
                evidence,
                |name| *name == Name::Oversize,
                takes_trouble_for_an_answer,
            )
        },
    },
    Check {
        name: "redirect_circle",
        tried: "redirected in a circle",
        remedy: SAY_WHY,
        judge: |evidence| {
            each(
                evidence,
                |name| *name == Name::Circle,
                takes_trouble_for_an_answer,
            )
        },
    },
    Check {
        name: "denied_host",
        tried: "redirected to a host it does not declare",
        remedy: SAY_WHY,
        judge: |evidence| {
            each(
                evidence,
                |name| *name == Name::DeniedRedirect,
                takes_trouble_for_an_answer,
            )
        },
    },
    Check {
        name: "private_redirect",
        tried: "redirected to a private address, which the host refuses",
        remedy: "give up on that answer: neither ask for a private address nor propose it",
        judge: |evidence| each(evidence, |name| *name == Name::PrivateRedirect, goes_inside),
    },
    Check {
        name: "html_as_pdf",
        tried: "served a page as application/pdf",
        remedy: "look at the first bytes (%PDF-) instead of Content-Type",
        judge: |evidence| each(evidence, |name| *name == Name::HtmlAsPdf, proposes_the_page),
    },
    Check {
        name: "invalid_json",
        tried: "answered with a page of HTML and status 200",
        remedy: BAD_ANSWER,
        judge: |evidence| {
            each(
                evidence,
                |name| *name == Name::NotJson,
                takes_junk_for_an_answer,
            )
        },
    },
    Check {
        name: "cut_json",
        tried: "answered with the first half of a record",
        remedy: BAD_ANSWER,
        judge: |evidence| {
            each(
                evidence,
                |name| *name == Name::CutJson,
                takes_junk_for_an_answer,
            )
        },
    },
    Check {
        name: "empty_answer",
        tried: "answered with nothing and status 200",
        remedy: "return error with a reason such as bad_answer, unless the service says so that \
                 there is nothing",
        judge: empty_answer,
    },
    Check {
        name: "binary_answer",
        tried: "answered with bytes that are no text",
        remedy: BAD_ANSWER,
        judge: |evidence| {
            each(
                evidence,
                |name| *name == Name::Binary,
                takes_junk_for_an_answer,
            )
        },
    },
    Check {
        name: "hollow_json",
        tried: "answered {}, [], null, \"\" and 0",
        remedy: NO_TRAP,
        judge: |evidence| {
            each(
                evidence,
                |name| matches!(name, Name::Hollow(_)),
                Seen::broke,
            )
        },
    },
    Check {
        name: "wrong_types",
        tried: "answered with a record whose values are of other types",
        remedy: NO_TRAP,
        judge: |evidence| each(evidence, |name| *name == Name::WrongTypes, Seen::broke),
    },
    Check {
        name: "deep_nesting",
        tried: "answered with a hundred thousand opening brackets or tags",
        remedy: NO_TRAP,
        judge: |evidence| each(evidence, |name| *name == Name::Deep, Seen::broke),
    },
    Check {
        name: "large_answer",
        tried: "answered with 2 MiB",
        remedy: "do not copy answers around; ask for fewer fields or results",
        judge: |evidence| each(evidence, |name| *name == Name::Large, too_much),
    },
    Check {
        name: "later_trouble",
        tried: "answered well once, then with junk or 429",
        remedy: NO_TRAP,
        judge: |evidence| {
            let scenes = evidence.of(|name| matches!(name, Name::LaterTooMany | Name::LaterJunk));
            if scenes.iter().all(|seen| seen.asked.len() < 2) {
                return Judgement::NotApplicable("it asks once at most".to_owned());
            }
            all_well(&scenes, |seen| {
                seen.broke().filter(|_| seen.asked.len() > 1)
            })
        },
    },
    Check {
        name: "hostile_answer",
        tried: "answered with javascript: and file: addresses and control characters",
        remedy: NO_TRAP,
        judge: |evidence| each(evidence, |name| *name == Name::HostileAnswer, Seen::broke),
    },
];

/// Some services say "nothing there" with nothing at all: worth a look, no more.
fn empty_answer(evidence: &Evidence) -> Judgement {
    let empty = |name: &Name| *name == Name::Empty;
    let taken = each(evidence, empty, takes_junk_for_an_answer);
    match (each(evidence, empty, Seen::broke), taken) {
        (Judgement::Pass(_), Judgement::Fail(seen)) => Judgement::Warn(seen),
        (judged, _) => judged,
    }
}

/// Complains unless another day was asked for.
fn not_another_day(seen: &Seen) -> Option<String> {
    let wrong = matches!(
        seen.outcome(),
        Outcome::NoPdf | Outcome::Nonretryable | Outcome::Error
    );
    seen.broke()
        .or_else(|| wrong.then(|| format!("it says {}", seen.words())))
}

/// Complains when another day was asked for.
fn another_day_for_good(seen: &Seen) -> Option<String> {
    let status = match seen.name {
        Name::Refusal(status) => status,
        _ => return None,
    };
    let wrong = seen.outcome() == Outcome::Retryable;
    seen.broke()
        .or_else(|| wrong.then(|| format!("it answers {status} with {}", seen.words())))
}

fn goes_inside(seen: &Seen) -> Option<String> {
    let asked = seen.requests().find(|call| call.url.contains(PRIVATE));
    let named = seen.urls().into_iter().find(|url| url.contains(PRIVATE));
    seen.broke()
        .or_else(|| asked.map(|call| format!("it then asked for {}", call.url)))
        .or_else(|| named.map(|url| format!("it proposes {url}")))
}

fn proposes_the_page(seen: &Seen) -> Option<String> {
    let proposed = seen.urls().into_iter().find(|url| {
        let mut asked = seen.asked.iter();
        seen.outcome() == Outcome::Success && asked.any(|asked| asked.url.as_str() == *url)
    });
    seen.broke()
        .or_else(|| proposed.map(|url| format!("it proposes {url}")))
}

fn too_much(seen: &Seen) -> Option<String> {
    let late = seen.ended_by(&Reason::SourceDeadline);
    seen.broke()
        .or_else(|| late.then(|| "it was not done in 10 s".to_owned()))
}
