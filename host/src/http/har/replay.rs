//! The wire that is a recording.

use std::future::pending;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, IF_MODIFIED_SINCE, IF_NONE_MATCH, RANGE};
use tokio::time::{Instant, sleep_until};

use super::FixedWorld;
use super::error::HarError;
use super::matching::{Key, Matching};
use super::model::{Ending, Recorded, Recording};
use super::nearest;
use super::parse::{HAR_MAX_BYTES, parse};
use super::redact::{Private, Redactor};
use super::schedule::{Schedule, Stage};
use crate::http::address::AddressGuard;
use crate::http::config::HttpConfig;
use crate::http::error::HttpErrorKind;
use crate::http::exchange::Outgoing;
use crate::http::fault::Fault;
use crate::http::limits::bounded;
use crate::http::politeness::Slot;
use crate::http::request::Method;
use crate::http::resolver::check_literal;
use crate::http::scope::Scope;
use crate::http::wire::{Incoming, WireBody};

/// How the refusal of a request begins that was not recorded.
pub(crate) const NOT_RECORDED_WORDS: &str = "not recorded: ";

/// Requests that were not recorded and are told about one by one.
const MISSES_TOLD: u32 = 10;

pub(in crate::http) struct Replay {
    path: PathBuf,
    recording: Recording,
    redactor: Redactor,
    guard: AddressGuard,
    /// What a server gets for its head.
    patience: Duration,
    state: Mutex<State>,
    warn_of_misses: bool,
    misses: AtomicU32,
}

struct State {
    matching: Matching,
    schedule: Schedule,
}

/// A body out of a recording.
pub(in crate::http) struct ReplayedBody {
    bytes: Bytes,
    sent: u64,
    length: Option<u64>,
    decoded: bool,
    then: Ending,
}

impl Replay {
    /// Reads the recording in `path`.
    pub(in crate::http) fn open(
        path: &Path,
        private: &Private,
        config: &HttpConfig,
    ) -> Result<Self, HarError> {
        let fail = |why: String| HarError::Read {
            path: path.to_owned(),
            why,
        };
        let recording = read(path).map_err(fail)?;
        let redactor = Redactor::new(private);
        Ok(Self {
            state: Mutex::new(State {
                matching: Matching::new(&recording, &redactor),
                schedule: Schedule::new(&recording, config.replay_alone, Instant::now()),
            }),
            path: path.to_owned(),
            recording,
            redactor,
            guard: AddressGuard::new(config.allow_private.clone()),
            patience: config.connect_timeout + config.stall_timeout,
            warn_of_misses: config.warn_of_misses,
            misses: AtomicU32::new(0),
        })
    }

    pub(in crate::http) fn world(&self) -> FixedWorld {
        self.recording.world
    }

    /// Finds the answer to `hop` and gives it in its turn.
    pub(in crate::http) async fn send(&self, hop: &Outgoing<'_>) -> Result<Incoming, Fault> {
        check_literal(&self.guard, hop.url)?;
        let key = self.key(hop);
        let label = hop.scope.label();
        let _at_wire = self.passage(hop.scope, [Stage::AtWire, Stage::OffWire]);
        let (index, recorded, wake) = {
            let mut state = self.state();
            let found = state
                .matching
                .take(&self.recording, &key, label, is_conditional(hop));
            let found = found.and_then(|index| Some((index, self.recording.exchanges.get(index)?)));
            let Some((index, recorded)) = found else {
                let why = nearest::explain(&state.matching, &key);
                drop(state);
                return Err(self.missed(&key, &why));
            };
            let wake = state.schedule.ask(index, label, Instant::now());
            (index, recorded, wake)
        };
        if let Some(wake) = wake {
            let waiting = Waiting {
                replay: self,
                index,
            };
            let given = async {
                loop {
                    let due = match self.state().schedule.given(index, Instant::now()) {
                        Ok(()) => return,
                        Err(due) => due,
                    };
                    match due {
                        Some(due) => tokio::select! {
                            () = wake.notified() => {}
                            () = sleep_until(due) => {}
                        },
                        None => wake.notified().await,
                    }
                }
            };
            // Waiting for one's turn is no silence of a server.
            bounded(hop.deadline, Duration::from_secs(24 * 60 * 60), given)
                .await
                .map_err(|expired| expired.fault("answer", hop.shown_url, self.patience))?;
            drop(waiting);
        }
        let answer = incoming(recorded, hop);
        if answer.as_ref().is_err_and(Fault::is_courtesy)
            && let Some(meter) = hop.meter
        {
            // It was refused then: nothing was sent, and nothing is.
            meter.give_request_back();
        }
        let Some(incoming) = answer? else {
            // Nothing came then, and nothing comes now.
            let limit = self.patience;
            let never = bounded(hop.deadline, limit, pending()).await;
            return never.map_err(|expired| expired.fault("answer", hop.shown_url, limit));
        };
        Ok(incoming)
    }

    /// Whether an answer to `hop` is left.
    pub(in crate::http) fn has(&self, hop: &Outgoing<'_>) -> bool {
        let key = self.key(hop);
        let state = self.state();
        state
            .matching
            .has(&self.recording, &key, is_conditional(hop))
    }

    /// The cache answered `hop`: what was recorded for it is not needed.
    pub(in crate::http) fn not_needed(&self, hop: &Outgoing<'_>) {
        let key = self.key(hop);
        let mut state = self.state();
        let found = state
            .matching
            .take(&self.recording, &key, hop.scope.label(), false);
        if let Some(index) = found {
            state.schedule.drop_out(index, Instant::now());
        }
    }

    /// A hop of `scope` is on its way until what is returned is dropped.
    pub(in crate::http) fn coming<'a>(&'a self, scope: &'a Scope) -> Passage<'a> {
        self.passage(scope, [Stage::SetOut, Stage::Over])
    }

    fn passage<'a>(&'a self, scope: &'a Scope, [from, to]: [Stage; 2]) -> Passage<'a> {
        self.moved(scope, from);
        Passage {
            replay: self,
            scope,
            to,
        }
    }

    fn moved(&self, scope: &Scope, to: Stage) {
        let mut state = self.state();
        state.schedule.moved(scope.label(), to, Instant::now());
    }

    /// The race of `scope` has looked `steps` times.
    pub(in crate::http) fn stepped(&self, scope: &Scope, steps: u64) {
        let mut state = self.state();
        state.schedule.stepped(scope.label(), steps, Instant::now());
    }

    /// Who had ended when the recorded race of `scope` looked next.
    pub(in crate::http) fn expected(&self, scope: &Scope) -> Option<Vec<String>> {
        let looks = self.recording.notes.looks.get(scope.label())?;
        looks.get(usize::try_from(scope.steps()).ok()?).cloned()
    }

    /// Whether this question about `host` was answered with an open breaker.
    pub(in crate::http) fn was_shut(&self, scope: &Scope, host: &str, question: u64) -> bool {
        let of_work = self.recording.notes.shut.get(scope.label());
        let of_host = of_work.and_then(|hosts| hosts.get(host));
        of_host.is_some_and(|questions| questions.contains(&question))
    }

    fn key(&self, hop: &Outgoing<'_>) -> Key {
        let method = match hop.method {
            Method::Get => "GET",
            Method::Head => "HEAD",
        };
        let range = hop.headers.get(RANGE).and_then(|range| range.to_str().ok());
        Key::new(method, self.redactor.url(hop.shown_url), range)
    }

    fn missed(&self, key: &Key, why: &str) -> Fault {
        let message = format!(
            "{NOT_RECORDED_WORDS}{} is not in {}; {why}",
            nearest::shown(key),
            self.path.display()
        );
        match self.misses.fetch_add(1, Ordering::Relaxed) {
            _ if !self.warn_of_misses => tracing::debug!("{message}"),
            told if told < MISSES_TOLD => tracing::warn!("{message}"),
            MISSES_TOLD => tracing::warn!("further requests were not recorded either"),
            _ => {}
        }
        Fault {
            not_recorded: true,
            ..Fault::new(HttpErrorKind::Other, message)
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request whose answer is not given yet; dropped, it waits no more.
struct Waiting<'a> {
    replay: &'a Replay,
    index: usize,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.replay.state();
        state.schedule.drop_out(self.index, Instant::now());
    }
}

/// A stretch of a hop's way; dropped, it is behind it.
pub(in crate::http) struct Passage<'a> {
    replay: &'a Replay,
    scope: &'a Scope,
    to: Stage,
}

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        self.replay.moved(self.scope, self.to);
    }
}

fn is_conditional(hop: &Outgoing<'_>) -> bool {
    hop.headers.contains_key(IF_NONE_MATCH) || hop.headers.contains_key(IF_MODIFIED_SINCE)
}

/// The head of a recorded answer; none when none ever came.
fn incoming(recorded: &Recorded, hop: &Outgoing<'_>) -> Result<Option<Incoming>, Fault> {
    let Some(answer) = &recorded.answer else {
        return match &recorded.ending {
            Ending::Failed { .. } => Err(fault(&recorded.ending, hop.shown_url)),
            _ => Ok(None),
        };
    };
    let announced = answer.headers.get(CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse().ok());
    let body = ReplayedBody {
        bytes: answer.body.clone(),
        sent: answer.sent,
        length: announced
            .filter(|_| !answer.decoded || !answer.headers.contains_key(CONTENT_ENCODING)),
        decoded: answer.decoded,
        then: recorded.ending.clone(),
    };
    Ok(Some(Incoming {
        status: answer.status,
        headers: answer.headers.clone(),
        address: answer.address,
        body: WireBody::replayed(body),
        slot: Slot::default(),
    }))
}

fn fault(ending: &Ending, url: &str) -> Fault {
    match ending {
        Ending::Failed {
            kind,
            message,
            ended_early,
        } => Fault {
            ended_early: *ended_early,
            ..Fault::new(*kind, message.clone())
        },
        _ => Fault::new(
            HttpErrorKind::Other,
            format!("{url} was recorded without its body; record it with content"),
        ),
    }
}

impl ReplayedBody {
    pub(in crate::http) fn content_length(&self) -> Option<u64> {
        self.length
    }

    /// Whether the body is as it was meant, whatever `Content-Encoding` says.
    pub(in crate::http) fn is_decoded(&self) -> bool {
        self.decoded
    }

    /// How many bytes came over the wire, whatever has become of them in the
    /// recording.
    pub(in crate::http) fn sent(&self) -> u64 {
        self.sent
    }

    /// All its bytes, then none. A body that was cut off has no end.
    pub(in crate::http) async fn chunk(&mut self, url: &str) -> Result<Option<Bytes>, Fault> {
        if !self.bytes.is_empty() {
            // At once: its reader had them all when it stopped reading.
            return Ok(Some(std::mem::take(&mut self.bytes)));
        }
        match &self.then {
            Ending::Whole => Ok(None),
            Ending::Cut | Ending::Deadline => pending().await,
            ending @ (Ending::Failed { .. } | Ending::BodyMissing) => Err(fault(ending, url)),
        }
    }
}

fn read(path: &Path) -> Result<Recording, String> {
    let about = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => error.to_string(),
    })?;
    if about.is_dir() {
        return Err("it is a folder; name a HAR file".to_owned());
    }
    let too_large = |bytes: u64| {
        let limit = HAR_MAX_BYTES / (1024 * 1024);
        let why = format!("it is larger than {limit} MiB; record fewer works at a time");
        if bytes > HAR_MAX_BYTES {
            Err(why)
        } else {
            Ok(())
        }
    };
    too_large(about.len())?;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(HAR_MAX_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error| error.to_string())?;
    too_large(u64::try_from(bytes.len()).unwrap_or(u64::MAX))?;
    parse(&bytes).map_err(|error| error.to_string())
}
