//! The other end of the wire, as badly behaved as a scene wants it, and a log
//! of everything it was asked.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::plausible;
use super::scene::RETRY_AFTER;
use crate::http::{Asked, BODY_MAX_BYTES, HttpErrorKind, Reply, Role, Script};

/// Between two bytes of a body that drips.
const DRIP_PAUSE: Duration = Duration::from_millis(20);
/// How many of them.
const DRIPS: usize = 200;
/// How deep nesting goes that no reader should follow.
const DEPTH: usize = 100_000;
/// A large answer, well under the cap.
const LARGE_BYTES: usize = 2 * 1024 * 1024;

/// How an origin answers.
#[derive(Debug, Clone)]
pub(super) enum Behaviour {
    /// As most services of this kind would.
    Plausible,
    /// This status, with a few words; where one belongs, with `Retry-After`.
    Status(u16),
    Silence,
    Drip,
    CutShort,
    BrokenEncoding,
    Oversize,
    Fails(HttpErrorKind),
    Redirect(String),
    Circle,
    HtmlAsPdf,
    Body(&'static str, Bytes),
    CutJson,
    WrongTypes,
    Deep,
    Binary,
    Large,
    LaterTooMany,
    LaterJunk,
    Endless,
    Hostile,
}

impl Behaviour {
    pub(super) fn body(kind: &'static str, body: &str) -> Self {
        Self::Body(kind, Bytes::copy_from_slice(body.as_bytes()))
    }
}

/// Answers as its behaviour says.
pub(super) struct ChaosOrigin {
    behaviour: Behaviour,
    asked: Mutex<Vec<Asked>>,
}

impl ChaosOrigin {
    pub(super) fn new(behaviour: Behaviour) -> Self {
        Self {
            behaviour,
            asked: Mutex::default(),
        }
    }

    /// Everything it was asked, in order.
    pub(super) fn asked(&self) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.clone()
    }
}

impl Script for ChaosOrigin {
    fn answer(&self, asked: &Asked) -> Reply {
        let count = {
            let mut log = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            log.push(asked.clone());
            log.len()
        };
        reply(&self.behaviour, asked, count)
    }

    /// What a component would do if nobody held it back is what is asked here.
    fn is_spared(&self) -> bool {
        false
    }
}

fn reply(behaviour: &Behaviour, asked: &Asked, count: usize) -> Reply {
    let good = || {
        let (kind, body) = plausible::answer(asked);
        whole(kind, body)
    };
    let record = || plausible::json().to_string();
    match behaviour {
        Behaviour::Plausible => good(),
        Behaviour::Status(status) => refused(*status),
        Behaviour::Silence => Reply::silence(),
        Behaviour::Drip => drip(),
        Behaviour::CutShort => {
            let (kind, body) = plausible::answer(asked);
            whole(kind, half(&body)).breaking_off()
        }
        Behaviour::BrokenEncoding => good().header("content-encoding", "gzip"),
        Behaviour::Oversize => oversize(),
        Behaviour::Fails(kind) => Reply::failure(*kind, "the check has it fail"),
        Behaviour::Redirect(to) => Reply::redirect(to),
        Behaviour::Circle => Reply::redirect(asked.url.as_str()),
        Behaviour::HtmlAsPdf => whole("application/pdf", "<html><p>Please sign in.</p>"),
        Behaviour::Body(kind, body) => whole(kind, body.clone()),
        Behaviour::CutJson => whole("application/json", half(record().as_bytes())),
        Behaviour::WrongTypes => Reply::json(twisted(plausible::json()).to_string()),
        Behaviour::Deep if asked.role == Role::Landing => Reply::html("<div>".repeat(DEPTH)),
        Behaviour::Deep => Reply::json("[".repeat(DEPTH)),
        Behaviour::Binary => {
            let noise = (0..=255_u8).rev().cycle().take(4096).collect::<Vec<u8>>();
            whole("application/json", noise)
        }
        Behaviour::Large => large(asked),
        Behaviour::LaterTooMany if count > 1 => refused(429),
        Behaviour::LaterJunk if count > 1 => Reply::html("<html>?"),
        Behaviour::LaterTooMany | Behaviour::LaterJunk => good(),
        Behaviour::Endless => plausible::endless(asked, count),
        Behaviour::Hostile => plausible::hostile(asked),
    }
}

/// An answer that comes whole, with status 200.
fn whole(kind: &str, body: impl Into<Bytes>) -> Reply {
    Reply::status(200).header("content-type", kind).body(body)
}

fn refused(status: u16) -> Reply {
    let words = format!("<html><title>{status}</title><p>Not now.</p>");
    let reply = Reply::status(status)
        .header("content-type", "text/html")
        .body(words);
    match status {
        429 | 503 => reply.header("retry-after", RETRY_AFTER),
        _ => reply,
    }
}

/// White space, byte by byte, for longer than anybody waits.
fn drip() -> Reply {
    let reply = Reply::status(200).header("content-type", "application/json");
    let dripping = (0..DRIPS).fold(reply, |reply, _| reply.body(" "));
    dripping.dripping(DRIP_PAUSE)
}

/// One byte over what an answer may have.
fn oversize() -> Reply {
    let bytes = usize::try_from(BODY_MAX_BYTES + 1).unwrap_or(usize::MAX);
    whole("application/json", vec![b' '; bytes])
}

fn large(asked: &Asked) -> Reply {
    let (kind, body) = plausible::answer(asked);
    let mut body = body.to_vec();
    // White space is allowed behind JSON and behind a page.
    body.resize(body.len().max(LARGE_BYTES), b'\n');
    whole(kind, body)
}

fn half(body: &[u8]) -> Bytes {
    Bytes::copy_from_slice(body.get(..body.len() / 2).unwrap_or_default())
}

/// The same names with values of other types.
fn twisted(value: Value) -> Value {
    match value {
        Value::String(text) => Value::from(text.len()),
        Value::Number(number) => Value::from(number.to_string()),
        Value::Bool(_) | Value::Null => Value::Array(Vec::new()),
        Value::Array(items) => {
            let named = items.into_iter().enumerate();
            named
                .map(|(index, item)| (index.to_string(), twisted(item)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
        Value::Object(fields) if fields.is_empty() => Value::from("none"),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, field)| (name, twisted(field)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}
