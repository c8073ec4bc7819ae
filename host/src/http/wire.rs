//! The wire: where a hop that every policy has let through is sent, and where
//! its answer comes from.
//!
//! There are three: the network, a recording, and a script. Each may be
//! recorded: a tap on the wire sees every exchange, those cut off included.
//!
//! What is above it (redirects, cookies, caps, decoding, politeness, cache)
//! does not know which wire there is.

use std::net::SocketAddr;
use std::path::Path;

use bytes::Bytes;
use reqwest::header::HeaderMap;

use super::cache::Keeping;
use super::client::Clients;
use super::config::{HttpConfig, HttpSetupError};
use super::exchange::Outgoing;
use super::fault::Fault;
use super::har::{FixedWorld, HarError, Passage, Recorder, Replay, ReplayedBody, Tap};
use super::limits::bounded;
use super::politeness::Slot;
use super::request::Method;
use super::scope::Scope;
use super::script::{Scripted, ScriptedBody};

/// The way out, and who listens to it.
pub(super) struct Wire {
    end: End,
    recorder: Option<Recorder>,
}

/// What is at the other end.
enum End {
    /// The network, through one guarded client per origin.
    Network(Box<Clients>),
    Replay(Box<Replay>),
    Scripted(Box<Scripted>),
}

/// The head of an answer; its body is still to come.
pub(super) struct Incoming {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) address: Option<SocketAddr>,
    pub(super) body: WireBody,
    /// Held until the answer has been read or dropped.
    pub(super) slot: Slot,
}

/// A body as it was sent, piece by piece and without any limit: those are
/// [`BoundedBody`](super::body::BoundedBody)'s. Dropping it ends the exchange.
pub(super) struct WireBody {
    source: Source,
    /// The cache's copy in the making.
    keeping: Option<Box<Keeping>>,
    /// The recording's.
    tap: Option<Tap>,
}

/// Where the bytes are.
enum Source {
    Network(Box<reqwest::Response>),
    /// At hand; none once they are handed on.
    Stored(Option<Bytes>),
    Replayed(ReplayedBody),
    Scripted(ScriptedBody),
}

impl Wire {
    /// The wire `config` asks for.
    pub(super) fn new(config: &HttpConfig) -> Result<Self, HttpSetupError> {
        // A setting that cannot work is refused whether it is needed or not.
        let clients = Clients::new(config.clone())?;
        if let (Some(record), Some(replay)) = (&config.record, &config.replay)
            && same_file(record, replay)
        {
            let path = record.clone();
            return Err(HarError::SameFile { path }.into());
        }
        let end = match (&config.replay, &config.script) {
            (Some(path), _) => End::Replay(Box::new(Replay::open(path, &config.private, config)?)),
            (None, Some(script)) => End::Scripted(Box::new(Scripted::new(script, config))),
            (None, None) => End::Network(Box::new(clients)),
        };
        let world = match &end {
            End::Replay(replay) => Some(replay.world()),
            End::Scripted(_) => Some(Scripted::world()),
            End::Network(_) => None,
        };
        let recorder = config
            .record
            .as_ref()
            .map(|path| Recorder::create(path, &config.private, &config.user_agent, world));
        Ok(Self {
            end,
            recorder: recorder.transpose()?,
        })
    }

    /// Sends a hop, once.
    pub(super) async fn send(&self, hop: &Outgoing<'_>) -> Result<Incoming, Fault> {
        let mut tap = self.recorder.as_ref().map(|recorder| recorder.tap(hop));
        let answer = match &self.end {
            End::Network(clients) => clients.send(hop).await,
            End::Replay(replay) => replay.send(hop).await,
            End::Scripted(scripted) => scripted.send(hop).await,
        };
        match answer {
            Ok(mut incoming) => {
                if let Some(tap) = &mut tap {
                    tap.answered(incoming.status, &incoming.headers, incoming.address);
                }
                incoming.body.tap = tap;
                Ok(incoming)
            }
            Err(fault) => {
                if let Some(tap) = &mut tap {
                    tap.failed(&fault);
                }
                Err(fault)
            }
        }
    }

    /// Whether an answer to `hop` is recorded; none on the network, where nobody
    /// knows.
    pub(super) fn recorded(&self, hop: &Outgoing<'_>) -> Option<bool> {
        match &self.end {
            End::Network(_) => None,
            End::Replay(replay) => Some(replay.has(hop)),
            End::Scripted(scripted) => (!scripted.is_spared()).then_some(true),
        }
    }

    /// Notes that a courtesy refused to send `hop`. A replay needs no note: what
    /// it refuses was recorded so, or not at all.
    pub(super) fn refused(&self, hop: &Outgoing<'_>, fault: &Fault) {
        if let (End::Network(_) | End::Scripted(_), Some(recorder)) = (&self.end, &self.recorder) {
            recorder.refused(hop, fault);
        }
    }

    /// Whether the breaker of `host` is open, as `now` says, or as a replayed
    /// recording says it was.
    pub(super) fn is_shut(&self, scope: &Scope, host: &str, now: impl Fn() -> bool) -> bool {
        let question = scope.question(host);
        let shut = match &self.end {
            End::Network(_) | End::Scripted(_) => now(),
            End::Replay(replay) => replay.was_shut(scope, host, question),
        };
        if let Some(recorder) = self.recorder.as_ref().filter(|_| shut) {
            recorder.shut(scope, host, question);
        }
        shut
    }

    /// Notes that the cache answered `hop` in the wire's stead.
    pub(super) fn not_needed(&self, hop: &Outgoing<'_>, answer: &Incoming) {
        if let (Some(recorder), Some(body)) = (&self.recorder, answer.body.at_hand()) {
            recorder.cached(hop, answer, body);
        }
        if let End::Replay(replay) = &self.end {
            replay.not_needed(hop);
        }
    }

    /// Notes that a hop of `scope` is on its way here, until what is returned
    /// is dropped.
    pub(super) fn coming<'a>(&'a self, scope: &'a Scope) -> Option<Passage<'a>> {
        match &self.end {
            End::Network(_) | End::Scripted(_) => None,
            End::Replay(replay) => Some(replay.coming(scope)),
        }
    }

    /// Notes that the race of `scope` has looked, and who had ended.
    pub(super) fn step(&self, scope: &Scope, ended: Vec<String>) {
        if self
            .expected(scope)
            .is_some_and(|expected| expected != ended)
        {
            scope.stray();
        }
        let steps = scope.step();
        if let End::Replay(replay) = &self.end {
            replay.stepped(scope, steps);
        }
        if let Some(recorder) = &self.recorder {
            recorder.looked(scope, ended);
        }
    }

    /// Who had ended when the recorded race of `scope` looked next.
    pub(super) fn expected(&self, scope: &Scope) -> Option<Vec<String>> {
        match &self.end {
            End::Replay(replay) if !scope.strayed() => replay.expected(scope),
            _ => None,
        }
    }

    /// What a component must see of clock and chance for a recording or a
    /// replay to be true; none: the real ones.
    pub(super) fn world(&self) -> Option<FixedWorld> {
        match (&self.end, &self.recorder) {
            (End::Replay(replay), _) => Some(replay.world()),
            (End::Scripted(_), _) => Some(Scripted::world()),
            (End::Network(_), Some(recorder)) => Some(recorder.world()),
            (End::Network(_), None) => None,
        }
    }

    /// Waits until the recording, if there is one, holds everything.
    pub(super) fn finish(&self) -> Result<(), HarError> {
        self.recorder.as_ref().map_or(Ok(()), Recorder::finish)
    }
}

fn same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    one == other || real(one).is_some_and(|one| real(other) == Some(one))
}

impl Clients {
    async fn send(&self, hop: &Outgoing<'_>) -> Result<Incoming, Fault> {
        // A server gets the stall limit for its head, dripped or not.
        let limit = self.config.connect_timeout + self.config.stall_timeout;
        let answer = async {
            let client = self.admit(hop.url).await?;
            let method = match hop.method {
                Method::Get => reqwest::Method::GET,
                Method::Head => reqwest::Method::HEAD,
            };
            client
                .request(method, hop.url.clone())
                .headers(hop.headers.clone())
                .send()
                .await
                .map_err(|error| Fault::from_exchange(error, hop.shown_url))
        };
        let mut response = bounded(hop.deadline, limit, answer)
            .await
            .map_err(|expired| expired.fault("answer", hop.shown_url, limit))??;
        Ok(Incoming {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            address: response.remote_addr(),
            body: WireBody::from(Source::Network(Box::new(response))),
            slot: Slot::default(),
        })
    }
}

impl WireBody {
    /// A body that is at hand.
    pub(super) fn stored(bytes: Bytes) -> Self {
        Source::Stored(Some(bytes)).into()
    }

    /// A body out of a recording.
    pub(super) fn replayed(body: ReplayedBody) -> Self {
        Source::Replayed(body).into()
    }

    /// A made-up body.
    pub(super) fn scripted(body: ScriptedBody) -> Self {
        Source::Scripted(body).into()
    }

    /// Has the cache keep a copy while the body is read.
    pub(super) fn keep(&mut self, keeping: Keeping) {
        self.keeping = Some(Box::new(keeping));
    }

    /// The length the sender announced.
    pub(super) fn content_length(&self) -> Option<u64> {
        match &self.source {
            Source::Network(response) => response.content_length(),
            Source::Stored(bytes) => {
                let left = bytes.as_ref().map_or(0, Bytes::len);
                u64::try_from(left).ok()
            }
            Source::Replayed(body) => body.content_length(),
            Source::Scripted(body) => body.content_length(),
        }
    }

    /// Whether it is as it was meant, whatever `Content-Encoding` says.
    pub(super) fn is_decoded(&self) -> bool {
        match &self.source {
            Source::Replayed(body) => body.is_decoded(),
            Source::Network(_) | Source::Stored(_) | Source::Scripted(_) => false,
        }
    }

    /// What a piece of this length costs: the bytes that were sent for it.
    pub(super) fn cost(&self, piece: &Bytes) -> u64 {
        match &self.source {
            Source::Replayed(body) => body.sent(),
            Source::Network(_) | Source::Stored(_) | Source::Scripted(_) => {
                u64::try_from(piece.len()).unwrap_or(u64::MAX)
            }
        }
    }

    /// The whole body, where it is at hand.
    fn at_hand(&self) -> Option<&Bytes> {
        match &self.source {
            Source::Stored(bytes) => bytes.as_ref(),
            Source::Network(_) | Source::Replayed(_) | Source::Scripted(_) => None,
        }
    }

    /// Its reader gives up for this reason.
    pub(super) fn given_up(&mut self, fault: &Fault) {
        if let Some(mut tap) = self.tap.take() {
            tap.failed(fault);
        }
    }

    /// Whether its bytes cost no network.
    pub(super) fn is_at_hand(&self) -> bool {
        matches!(self.source, Source::Stored(_))
    }

    /// The next bytes; none at the end. `url` is for messages.
    pub(super) async fn chunk(&mut self, url: &str) -> Result<Option<Bytes>, Fault> {
        let arrived = match &mut self.source {
            Source::Network(response) => response
                .chunk()
                .await
                .map_err(|error| Fault::from_body(error, url)),
            Source::Stored(bytes) => Ok(bytes.take().filter(|bytes| !bytes.is_empty())),
            Source::Replayed(body) => body.chunk(url).await,
            Source::Scripted(body) => body.chunk(url).await,
        };
        if let Some(tap) = &mut self.tap {
            match &arrived {
                Ok(Some(piece)) => tap.piece(piece),
                Ok(None) => tap.whole(),
                Err(fault) => tap.failed(fault),
            }
        }
        let arrived = arrived?;
        if let Some(mut keeping) = self.keeping.take() {
            match &arrived {
                Some(piece) if keeping.take(piece) => self.keeping = Some(keeping),
                Some(_) => {}
                None => keeping.finish().await,
            }
        }
        Ok(arrived)
    }
}

impl From<Source> for WireBody {
    fn from(source: Source) -> Self {
        Self {
            source,
            keeping: None,
            tap: None,
        }
    }
}
