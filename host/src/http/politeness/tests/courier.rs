//! The scripted wire, and requests to send over it.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use crate::http::exchange::Outgoing;
use crate::http::fault::Fault;
use crate::http::politeness::courtesy::{Courier, Politeness};
use crate::http::politeness::slots::Slot;
use crate::http::politeness::{HostPlace, HostRule, PolitenessConfig};
use crate::http::secrets::Secrets;
use crate::http::verdicts::Verdicts;
use crate::http::wire::{Incoming, WireBody};
use crate::http::{HttpErrorKind, Meter, Method, RequestPolicy, Role};

/// What the wire does next.
#[derive(Debug, Clone)]
pub(super) enum Next {
    /// A status, a header, a body.
    Answer(u16, Option<(&'static str, String)>, &'static str),
    /// A failure of this kind.
    Fail(HttpErrorKind),
    /// Silence until the deadline.
    Silence,
}

pub(super) fn status(status: u16) -> Next {
    Next::Answer(status, None, "")
}

pub(super) fn later(status: u16, seconds: u64) -> Next {
    Next::Answer(status, Some(("retry-after", seconds.to_string())), "")
}

pub(super) fn text(body: &'static str) -> Next {
    Next::Answer(200, None, body)
}

/// A wire that answers from a script and notes what was sent, and when.
#[derive(Default)]
pub(super) struct Script {
    /// By URL; the last one of a list stays.
    answers: Mutex<HashMap<String, VecDeque<Next>>>,
    sent: Mutex<Vec<(Instant, String)>>,
    /// How long every answer takes.
    takes: Duration,
}

impl Script {
    pub(super) fn on(self, url: &str, answers: &[Next]) -> Self {
        let answers = answers.iter().cloned().collect();
        self.answers.lock().unwrap().insert(url.to_owned(), answers);
        self
    }

    /// Takes so long for every answer.
    pub(super) fn taking(self, takes: Duration) -> Self {
        Self { takes, ..self }
    }

    /// The URLs sent.
    pub(super) fn sent(&self) -> Vec<String> {
        let sent = self.sent.lock().unwrap();
        sent.iter().map(|(_, url)| url.clone()).collect()
    }

    /// When requests were sent, in milliseconds since `start`.
    pub(super) fn times(&self, start: Instant) -> Vec<u128> {
        let sent = self.sent.lock().unwrap();
        let since = |(at, _): &(Instant, String)| at.duration_since(start).as_millis();
        sent.iter().map(since).collect()
    }
}

impl Courier for Script {
    async fn deliver(&self, hop: &Outgoing<'_>) -> Result<Incoming, Fault> {
        let url = hop.url.to_string();
        self.sent
            .lock()
            .unwrap()
            .push((Instant::now(), url.clone()));
        let next = {
            let mut answers = self.answers.lock().unwrap();
            match answers.get_mut(&url) {
                Some(list) if list.len() > 1 => list.pop_front().unwrap(),
                Some(list) => list.front().unwrap().clone(),
                None => status(404),
            }
        };
        sleep(self.takes).await;
        match next {
            Next::Answer(status, header, body) => {
                let mut headers = HeaderMap::new();
                if let Some((name, value)) = header {
                    headers.insert(name, value.parse().unwrap());
                }
                Ok(Incoming {
                    status,
                    headers,
                    address: None,
                    body: WireBody::stored(Bytes::from_static(body.as_bytes())),
                    slot: Slot::default(),
                })
            }
            Next::Fail(kind) => Err(Fault::new(kind, "as scripted")),
            Next::Silence => {
                let never = std::future::pending::<()>();
                let deadline = hop.deadline.expect("silence needs an end");
                timeout_at(deadline, never).await.ok();
                Err(Fault::new(HttpErrorKind::Timeout, "as scripted"))
            }
        }
    }
}

/// What is asked, and how.
#[derive(Clone)]
pub(super) struct Asking {
    pub(super) policy: RequestPolicy,
    pub(super) deadline: Option<Duration>,
    pub(super) role: Role,
    pub(super) meter: Arc<Meter>,
}

impl Default for Asking {
    fn default() -> Self {
        Self {
            policy: RequestPolicy::default(),
            deadline: None,
            role: Role::Landing,
            meter: Arc::default(),
        }
    }
}

/// How one request ended: its status or the kind of its failure, and what was
/// told of it.
pub(super) type Ended = (Result<u16, HttpErrorKind>, Verdicts);

impl Asking {
    pub(super) fn retrying(retries_max: u32) -> Self {
        Self {
            policy: RequestPolicy {
                retries_max,
                ..RequestPolicy::default()
            },
            ..Self::default()
        }
    }

    pub(super) fn respecting_robots() -> Self {
        Self {
            policy: RequestPolicy {
                robots_respect: true,
                ..RequestPolicy::default()
            },
            ..Self::default()
        }
    }

    pub(super) fn within(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    pub(super) fn waiting(mut self, rate_wait_max: Duration) -> Self {
        self.policy.rate_wait_max = rate_wait_max;
        self
    }

    /// Sends a request and gives up its answer at once.
    pub(super) async fn send(&self, politeness: &Politeness, wire: &Script, url: &str) -> Ended {
        let (result, verdicts) = self.hold(politeness, wire, url).await;
        (result.map(|incoming| incoming.status), verdicts)
    }

    /// Sends a request and keeps its answer.
    pub(super) async fn hold(
        &self,
        politeness: &Politeness,
        wire: &Script,
        url: &str,
    ) -> (Result<Incoming, HttpErrorKind>, Verdicts) {
        let url = Url::parse(url).unwrap();
        assert!(self.meter.take_request());
        let hop = Outgoing {
            role: self.role,
            method: Method::Get,
            url: &url,
            shown_url: url.as_str(),
            headers: HeaderMap::new(),
            bears_secret: false,
            secrets: &Secrets::default(),
            scope: &Arc::default(),
            deadline: self.deadline.map(|deadline| Instant::now() + deadline),
            policy: &self.policy,
            meter: Some(&self.meter),
        };
        let mut verdicts = Verdicts::default();
        let result = politeness.send(&hop, &mut verdicts, wire).await;
        (result.map_err(|fault| fault.kind), verdicts)
    }
}

pub(super) fn politeness(rules: Vec<HostRule>) -> Politeness {
    let config = PolitenessConfig {
        rules,
        shared_folder: None,
    };
    Politeness::new(&config, Duration::from_secs(20))
}

pub(super) fn rule(place: &str) -> HostRule {
    HostRule::new(HostPlace::parse(place).unwrap())
}

pub(super) fn count(count: u32) -> Option<NonZeroU32> {
    NonZeroU32::new(count)
}
