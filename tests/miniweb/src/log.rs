//! The origin's memory: every request, and how it ended.
//!
//! A request is open until its answer has been handed to the connection, the
//! client has gone, or the server has cut it off on purpose. The client's
//! leaving is noticed by the drop of the [`Ticket`] that travels with the
//! answer, so it is logged the moment the connection dies.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::asked::Asked;

/// The scheme a request came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// How a request ended, from the origin's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The whole answer was handed to the connection.
    Completed,
    /// The client closed the connection first.
    ClientGone,
    /// The server ended it early, as scripted or because it stopped.
    ServerCut,
}

/// One request as the origin saw it.
#[derive(Debug, Clone)]
pub struct LoggedRequest {
    /// Its place in the order of arrival, from zero.
    pub seq: usize,
    /// The scheme it came by.
    pub scheme: Scheme,
    /// Host it asked for: lower case, without port.
    pub host: String,
    /// `GET`, `HEAD`, …
    pub method: String,
    /// As sent, still encoded.
    pub path_and_query: String,
    /// Names in lower case, in the order sent.
    pub headers: Vec<(String, String)>,
    /// Since the server's start.
    pub started_at: Duration,
    /// Since the server's start; none while open.
    pub ended_at: Option<Duration>,
    /// The status answered; none if there was no answer (yet).
    pub status: Option<u16>,
    /// Body bytes handed to the connection. What lies in socket buffers counts.
    pub bytes_sent: u64,
    /// How it ended; none while open.
    pub ended: Option<Ended>,
}

impl LoggedRequest {
    /// The first header of a name, any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The absolute URL asked for.
    #[must_use]
    pub fn url(&self) -> String {
        format!(
            "{}://{}{}",
            self.scheme.as_str(),
            self.host,
            self.path_and_query
        )
    }
}

/// The log, shared by every connection.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    started: Instant,
    stopping: AtomicBool,
    entries: Mutex<Vec<LoggedRequest>>,
}

impl Log {
    pub(crate) fn new() -> Self {
        Self {
            inner: Arc::new(Inner {
                started: Instant::now(),
                stopping: AtomicBool::new(false),
                entries: Mutex::new(Vec::new()),
            }),
        }
    }

    /// Notes a request that has just arrived.
    pub(crate) fn open(&self, asked: &Asked) -> Ticket {
        let mut entries = self.entries();
        let seq = entries.len();
        entries.push(LoggedRequest {
            seq,
            scheme: asked.scheme,
            host: asked.host.clone(),
            method: asked.method.to_string(),
            path_and_query: asked.path_and_query.clone(),
            headers: asked.headers.clone(),
            started_at: self.inner.started.elapsed(),
            ended_at: None,
            status: None,
            bytes_sent: 0,
            ended: None,
        });
        Ticket {
            log: self.clone(),
            seq,
        }
    }

    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        self.entries().clone()
    }

    /// From now on, whatever is dropped was dropped by the server.
    pub(crate) fn stopping(&self) {
        self.inner.stopping.store(true, Ordering::Release);
    }

    fn entries(&self) -> MutexGuard<'_, Vec<LoggedRequest>> {
        // A panic elsewhere leaves the entries whole: each change is one field.
        self.inner
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, seq: usize, change: impl FnOnce(&mut LoggedRequest)) {
        if let Some(entry) = self.entries().get_mut(seq) {
            change(entry);
        }
    }
}

/// The open end of one log entry. Dropping it unfinished means that the client
/// has gone.
#[derive(Debug)]
pub(crate) struct Ticket {
    log: Log,
    seq: usize,
}

impl Ticket {
    pub(crate) fn answered(&self, status: u16) {
        self.log
            .change(self.seq, |entry| entry.status = Some(status));
    }

    pub(crate) fn sent(&self, bytes: u64) {
        self.log.change(self.seq, |entry| entry.bytes_sent += bytes);
    }

    /// Ends the entry; the first ending stands.
    pub(crate) fn end(&self, how: Ended) {
        let now = self.log.inner.started.elapsed();
        self.log.change(self.seq, |entry| {
            if entry.ended.is_none() {
                entry.ended = Some(how);
                entry.ended_at = Some(now);
            }
        });
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.log.inner.stopping.load(Ordering::Acquire) {
            self.end(Ended::ServerCut);
        } else {
            self.end(Ended::ClientGone);
        }
    }
}
