//! From an [`Answer`] and a request to bytes on the wire: cookies, conditions,
//! ranges, HEAD, and the delivery that was scripted.

use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Response, StatusCode};

use crate::answer::{Answer, Delivery, RetryAfter};
use crate::asked::Asked;
use crate::http_date;
use crate::log::Ticket;
use crate::outgoing::{Finish, Outgoing};
use crate::wire::{Cut, WireControl};

/// The answer this client gets: the scripted one, or the one behind its cookie
/// gate.
pub(crate) fn choose<'a>(answer: &'a Answer, asked: &Asked) -> &'a Answer {
    match &answer.gate {
        Some(gate) if !asked.has_cookie(&gate.cookie) => choose(&gate.otherwise, asked),
        _ => answer,
    }
}

/// Builds the response. Delays, silence and hanging up without a word are the
/// caller's; everything from the status line on is decided here.
pub(crate) fn respond(
    answer: &Answer,
    asked: &Asked,
    ticket: Ticket,
    wire: &WireControl,
) -> Response<Outgoing> {
    let is_head = asked.method == Method::HEAD;
    if !is_head && asked.method != Method::GET || is_head && !answer.head {
        return refuse_method(asked, ticket, wire);
    }
    let part = if answer.status == 200 {
        select(answer, asked)
    } else {
        Part::Whole
    };
    let total = answer.content.len();
    let (status, from, to) = match part {
        Part::Whole => (answer.status, 0, total),
        Part::NotModified => (304, 0, 0),
        Part::Unsatisfiable => (416, 0, 0),
        Part::Range(from, to) => (206, from, to),
    };

    let mut headers = answer.headers.clone();
    match part {
        Part::Range(from, to) => {
            // Inclusive on the wire; an empty range is never satisfiable.
            let last = to.saturating_sub(1);
            headers.push((
                "content-range".to_owned(),
                format!("bytes {from}-{last}/{total}"),
            ));
        }
        Part::Unsatisfiable => {
            headers.push(("content-range".to_owned(), format!("bytes */{total}")));
        }
        Part::Whole | Part::NotModified => {}
    }
    if answer.ranges {
        headers.push(("accept-ranges".to_owned(), "bytes".to_owned()));
    }
    let validators = [
        ("etag", &answer.etag),
        ("last-modified", &answer.last_modified),
    ];
    for (name, value) in validators {
        if let Some(value) = value {
            headers.push((name.to_owned(), value.clone()));
        }
    }
    if let Some(retry_after) = answer.retry_after {
        let value = match retry_after {
            RetryAfter::Seconds(seconds) => seconds.to_string(),
            RetryAfter::Date(seconds) => {
                http_date::from_now(std::time::Duration::from_secs(seconds))
            }
        };
        headers.push(("retry-after".to_owned(), value));
    }
    let announced = to - from;
    if !answer.chunked && status != 304 {
        headers.push(("content-length".to_owned(), announced.to_string()));
    }

    ticket.answered(status);
    let body = if is_head || status == 304 {
        Outgoing::new(
            answer.content.clone(),
            (0, 0),
            Some(announced),
            Finish::Complete,
            ticket,
            wire.clone(),
        )
    } else {
        deliver(answer, (from, to), ticket, wire)
    };
    build(status, &headers, body)
}

fn deliver(
    answer: &Answer,
    (from, to): (u64, u64),
    ticket: Ticket,
    wire: &WireControl,
) -> Outgoing {
    let early = |after: u64, finish: Finish| {
        let stop = from.saturating_add(after);
        // Cutting at or past the end is no cut.
        if stop >= to {
            (to, Finish::Complete)
        } else {
            (stop, finish)
        }
    };
    let (stop, finish) = match answer.delivery {
        Delivery::CutAfter(after) => early(after, Finish::Cut(Cut::Close)),
        Delivery::ResetAfter(after) => early(after, Finish::Cut(Cut::Reset)),
        Delivery::HangAfter(after) => early(after, Finish::Hang),
        _ => (to, Finish::Complete),
    };
    let announced = (!answer.chunked).then_some(to - from);
    let body = Outgoing::new(
        answer.content.clone(),
        (from, stop),
        announced,
        finish,
        ticket,
        wire.clone(),
    )
    .pausing(answer.pause);
    match answer.delivery {
        Delivery::DripBody { bytes, every } => body.dripping(bytes, every),
        Delivery::DripAll { bytes, every } => {
            wire.drip(bytes, every);
            body
        }
        _ => body,
    }
}

fn refuse_method(asked: &Asked, ticket: Ticket, wire: &WireControl) -> Response<Outgoing> {
    ticket.answered(405);
    let page = Answer::text(format!("{} is not allowed here\n", asked.method));
    let length = page.content.len();
    let sent = if asked.method == Method::HEAD {
        0
    } else {
        length
    };
    let headers = [
        (
            "content-type".to_owned(),
            "text/plain; charset=utf-8".to_owned(),
        ),
        ("allow".to_owned(), "GET".to_owned()),
        ("content-length".to_owned(), length.to_string()),
    ];
    let body = Outgoing::new(
        page.content,
        (0, sent),
        Some(length),
        Finish::Complete,
        ticket,
        wire.clone(),
    );
    build(405, &headers, body)
}

fn build(status: u16, headers: &[(String, String)], body: Outgoing) -> Response<Outgoing> {
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        // A header HTTP cannot carry is the script's mistake and stays away.
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_bytes(value.as_bytes()),
        ) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// Which part of the content a request gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    NotModified,
    Unsatisfiable,
    /// From, and up to but not including.
    Range(u64, u64),
}

fn select(answer: &Answer, asked: &Asked) -> Part {
    if unchanged(answer, asked) {
        return Part::NotModified;
    }
    let Some(range) = asked
        .header("range")
        .filter(|_| answer.ranges && !answer.chunked)
    else {
        return Part::Whole;
    };
    if let Some(condition) = asked.header("if-range") {
        let strong = answer
            .etag
            .as_deref()
            .is_some_and(|etag| etag == condition && !etag.starts_with("W/"));
        if !strong && answer.last_modified.as_deref() != Some(condition) {
            return Part::Whole;
        }
    }
    parse_range(range, answer.content.len())
}

/// `If-None-Match` beats `If-Modified-Since`; dates are compared as text,
/// because clients send back what they were given.
fn unchanged(answer: &Answer, asked: &Asked) -> bool {
    match asked.header("if-none-match") {
        Some(list) => answer.etag.as_deref().is_some_and(|etag| {
            let bare = etag.trim_start_matches("W/");
            list.split(',')
                .map(|tag| tag.trim().trim_start_matches("W/"))
                .any(|tag| tag == bare || tag == "*")
        }),
        None => asked
            .header("if-modified-since")
            .is_some_and(|date| answer.last_modified.as_deref() == Some(date)),
    }
}

/// One range of bytes; several, or other units, are answered with everything.
fn parse_range(range: &str, length: u64) -> Part {
    let Some((from, to)) = range
        .strip_prefix("bytes=")
        .filter(|spec| !spec.contains(','))
        .and_then(|spec| spec.split_once('-'))
    else {
        return Part::Whole;
    };
    match (from.trim().parse::<u64>(), to.trim().parse::<u64>()) {
        (Ok(from), Ok(to)) if from <= to && from < length => {
            Part::Range(from, to.saturating_add(1).min(length))
        }
        (Ok(from), Ok(to)) if from > to => Part::Whole,
        (Ok(from), Err(_)) if to.trim().is_empty() && from < length => Part::Range(from, length),
        (Err(_), Ok(suffix)) if from.trim().is_empty() && suffix > 0 && length > 0 => {
            Part::Range(length.saturating_sub(suffix), length)
        }
        (Ok(_), Ok(_)) => Part::Unsatisfiable,
        (Ok(_), Err(_)) if to.trim().is_empty() => Part::Unsatisfiable,
        (Err(_), Ok(_)) if from.trim().is_empty() => Part::Unsatisfiable,
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_to_the_file() {
        for (range, part) in [
            ("bytes=0-99", Part::Range(0, 100)),
            ("bytes=990-2000", Part::Range(990, 1000)),
            ("bytes=500-", Part::Range(500, 1000)),
            ("bytes=-10", Part::Range(990, 1000)),
            ("bytes=-5000", Part::Range(0, 1000)),
            ("bytes=1000-", Part::Unsatisfiable),
            ("bytes=1000-1001", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=9-3", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("lines=0-1", Part::Whole),
        ] {
            assert_eq!(parse_range(range, 1000), part, "{range}");
        }
    }
}
