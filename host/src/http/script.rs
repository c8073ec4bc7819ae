//! A third wire, beside the network and the recording: answers that somebody
//! makes up, for judging how a component bears them.
//!
//! Everything above the wire is the real stack: grants, redirects, caps,
//! decoding, politeness, retries. Address literals are judged as on the
//! network; names are not looked up, and nothing is ever dialled. What
//! components see of clock and chance is the same in every scripted run.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, LOCATION};
use tokio::time::sleep;
use url::Url;

use super::address::AddressGuard;
use super::config::HttpConfig;
use super::error::HttpErrorKind;
use super::exchange::Outgoing;
use super::fault::Fault;
use super::har::FixedWorld;
use super::limits::bounded;
use super::politeness::Slot;
use super::request::{Method, Role};
use super::resolver::check_literal;
use super::wire::{Incoming, WireBody};

/// The clock of a scripted run starts here, in seconds since 1970.
const SCRIPTED_NOW: u64 = 1_750_000_000;

/// Makes up the answer to every request that comes to the wire: to each hop of
/// a journey by itself, and to each retry. A closure will do.
pub trait Script: Send + Sync + 'static {
    /// The answer to `asked`. It must not block.
    fn answer(&self, asked: &Asked) -> Reply;

    /// Whether limits, pauses and breakers are kept as towards a server.
    /// Without them everything comes to the wire, at once.
    fn is_spared(&self) -> bool {
        true
    }
}

impl<F: Fn(&Asked) -> Reply + Send + Sync + 'static> Script for F {
    fn answer(&self, asked: &Asked) -> Reply {
        self(asked)
    }
}

/// One request as a server would see it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The method.
    pub method: Method,
    /// The URL, secrets filled in.
    pub url: Url,
    /// The headers, secrets filled in; names in lower case.
    pub headers: Vec<(String, String)>,
    /// What the answer is for.
    pub role: Role,
    /// How many requests came to this wire before.
    pub number: u32,
}

impl Asked {
    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A made-up answer.
#[derive(Debug, Clone)]
pub struct Reply(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Answer(Box<Answer>),
    Failure(HttpErrorKind, String),
    Silence,
}

#[derive(Debug, Clone)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    pieces: VecDeque<Bytes>,
    pause: Duration,
    then: Then,
}

/// What comes after the last piece of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    End,
    BreakOff,
    Silence,
}

impl Reply {
    /// An answer with this status and an empty body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self(Kind::Answer(Box::new(Answer {
            status,
            headers: HeaderMap::new(),
            pieces: VecDeque::new(),
            pause: Duration::ZERO,
            then: Then::End,
        })))
    }

    /// 200 with a JSON body.
    #[must_use]
    pub fn json(body: impl Into<String>) -> Self {
        Self::status(200)
            .header("content-type", "application/json")
            .body(body.into())
    }

    /// 200 with an HTML body.
    #[must_use]
    pub fn html(body: impl Into<String>) -> Self {
        Self::status(200)
            .header("content-type", "text/html; charset=utf-8")
            .body(body.into())
    }

    /// 200 with these bytes as a PDF.
    #[must_use]
    pub fn pdf(body: impl Into<Bytes>) -> Self {
        Self::status(200)
            .header("content-type", "application/pdf")
            .body(body)
    }

    /// 302 to another URL.
    #[must_use]
    pub fn redirect(to: &str) -> Self {
        Self::status(302).header(LOCATION.as_str(), to)
    }

    /// No answer: the exchange fails like this.
    #[must_use]
    pub fn failure(kind: HttpErrorKind, message: impl Into<String>) -> Self {
        Self(Kind::Failure(kind, message.into()))
    }

    /// No answer ever: whoever waits, waits until a limit ends it.
    #[must_use]
    pub fn silence() -> Self {
        Self(Kind::Silence)
    }

    /// Adds a header; one that no server could send is left out.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        self.change(|answer| {
            if let (Ok(name), Ok(value)) = (
                HeaderName::from_bytes(name.as_bytes()),
                HeaderValue::from_str(value),
            ) {
                answer.headers.append(name, value);
            }
        })
    }

    /// Adds a piece to the body. Unless a `content-length` is set, the length
    /// of the whole is announced.
    #[must_use]
    pub fn body(self, piece: impl Into<Bytes>) -> Self {
        self.change(|answer| answer.pieces.push_back(piece.into()))
    }

    /// Waits so long before each piece of the body.
    #[must_use]
    pub fn dripping(self, pause: Duration) -> Self {
        self.change(|answer| answer.pause = pause)
    }

    /// Breaks the connection after the last piece.
    #[must_use]
    pub fn breaking_off(self) -> Self {
        self.change(|answer| answer.then = Then::BreakOff)
    }

    /// Never ends after the last piece.
    #[must_use]
    pub fn falling_silent(self) -> Self {
        self.change(|answer| answer.then = Then::Silence)
    }

    fn change(mut self, change: impl FnOnce(&mut Answer)) -> Self {
        if let Kind::Answer(answer) = &mut self.0 {
            change(answer);
        }
        self
    }
}

/// The wire that asks a script.
pub(super) struct Scripted {
    script: Arc<dyn Script>,
    guard: AddressGuard,
    /// What a server gets for its head.
    patience: Duration,
    asked: AtomicU32,
}

impl Scripted {
    pub(super) fn new(script: &Arc<dyn Script>, config: &HttpConfig) -> Self {
        Self {
            script: Arc::clone(script),
            guard: AddressGuard::new(config.allow_private.clone()),
            patience: config.connect_timeout + config.stall_timeout,
            asked: AtomicU32::new(0),
        }
    }

    /// See [`Script::is_spared`].
    pub(super) fn is_spared(&self) -> bool {
        self.script.is_spared()
    }

    /// The same each time: what a component makes of a script depends on
    /// nothing else.
    pub(super) fn world() -> FixedWorld {
        FixedWorld {
            now: SystemTime::UNIX_EPOCH + Duration::from_secs(SCRIPTED_NOW),
            seed: 0,
        }
    }

    pub(super) async fn send(&self, hop: &Outgoing<'_>) -> Result<Incoming, Fault> {
        check_literal(&self.guard, hop.url)?;
        let asked = Asked {
            method: hop.method,
            url: hop.url.clone(),
            headers: hop
                .headers
                .iter()
                .map(|(name, value)| {
                    let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                    (name.to_string(), value)
                })
                .collect(),
            role: hop.role,
            number: self.asked.fetch_add(1, Ordering::Relaxed),
        };
        match self.script.answer(&asked).0 {
            Kind::Answer(answer) => Ok(incoming(*answer, hop)),
            Kind::Failure(kind, message) => Err(Fault::new(
                kind,
                format!("asking {}: {message}", hop.shown_url),
            )),
            Kind::Silence => {
                let limit = self.patience;
                let never = bounded(hop.deadline, limit, pending()).await;
                never.map_err(|expired| expired.fault("answer", hop.shown_url, limit))
            }
        }
    }
}

fn incoming(mut answer: Answer, hop: &Outgoing<'_>) -> Incoming {
    let whole: usize = answer.pieces.iter().map(Bytes::len).sum();
    if !answer.headers.contains_key(CONTENT_LENGTH) && answer.then == Then::End {
        answer
            .headers
            .insert(CONTENT_LENGTH, HeaderValue::from(whole));
    }
    let announced = answer.headers.get(CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse().ok());
    if hop.method == Method::Head {
        answer.pieces.clear();
        answer.then = Then::End;
    }
    let left = u64::try_from(whole).unwrap_or(u64::MAX);
    if answer.then == Then::End
        && hop.method == Method::Get
        && announced.is_some_and(|announced| announced > left)
    {
        // More was promised than comes.
        answer.then = Then::BreakOff;
    }
    Incoming {
        status: answer.status,
        headers: answer.headers,
        address: None,
        body: WireBody::scripted(ScriptedBody {
            pieces: answer.pieces,
            pause: answer.pause,
            length: announced,
            then: answer.then,
        }),
        slot: Slot::default(),
    }
}

/// A made-up body.
pub(super) struct ScriptedBody {
    pieces: VecDeque<Bytes>,
    pause: Duration,
    length: Option<u64>,
    then: Then,
}

impl ScriptedBody {
    pub(super) fn content_length(&self) -> Option<u64> {
        self.length
    }

    pub(super) async fn chunk(&mut self, url: &str) -> Result<Option<Bytes>, Fault> {
        while let Some(piece) = self.pieces.front() {
            // Taken only when it comes: a reader that gives up between may
            // come again.
            let empty = piece.is_empty();
            if !self.pause.is_zero() {
                sleep(self.pause).await;
            }
            let piece = self.pieces.pop_front();
            if !empty {
                return Ok(piece);
            }
        }
        match self.then {
            Then::End => Ok(None),
            Then::Silence => pending().await,
            Then::BreakOff => Err(Fault {
                ended_early: true,
                ..Fault::new(
                    HttpErrorKind::Reset,
                    format!("reading {url}: the server closed before the end of its answer"),
                )
            }),
        }
    }
}
