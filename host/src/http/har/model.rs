//! A recording as a replay needs it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::http::error::HttpErrorKind;

/// What must be the same in a recording and its replay beside the answers:
/// what a component sees of clock and chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedWorld {
    /// What the wall clock says at the start of every attempt.
    pub now: SystemTime,
    /// What random numbers are drawn from.
    pub seed: u64,
}

/// What decided races beside the answers, by work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Notes {
    /// Who had ended each time the race looked.
    #[serde(default)]
    pub(super) looks: BTreeMap<String, Vec<Vec<String>>>,
    /// Which of the questions about a host, counted from 0, were answered with
    /// an open breaker.
    #[serde(default)]
    pub(super) shut: BTreeMap<String, BTreeMap<String, Vec<u64>>>,
}

/// A recording, read and understood.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Clock and chance of the recorded run.
    pub(super) world: FixedWorld,
    /// Whether it was written by this program.
    pub(super) own: bool,
    pub(super) exchanges: Vec<Recorded>,
    pub(super) notes: Notes,
}

/// One recorded exchange.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    pub(super) method: String,
    /// As it stands in the file.
    pub(super) url: String,
    pub(super) range: Option<String>,
    pub(super) answer: Option<RecordedAnswer>,
    pub(super) ending: Ending,
    pub(super) place: Place,
    /// How long it took.
    pub(super) took: Duration,
}

/// What came back, as far as it came.
#[derive(Debug, Clone)]
pub(super) struct RecordedAnswer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) address: Option<SocketAddr>,
    pub(super) body: Bytes,
    /// How many bytes of it came over the wire.
    pub(super) sent: u64,
    /// The body is as it was meant, whatever `Content-Encoding` says.
    pub(super) decoded: bool,
}

/// How an exchange ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// With the end of its body.
    Whole,
    /// Its reader had enough, or lost its race; what came had come.
    Cut,
    /// Its reader's time was up.
    Deadline,
    /// By itself, badly.
    Failed {
        kind: HttpErrorKind,
        message: String,
        ended_early: bool,
    },
    /// It was recorded without its body.
    BodyMissing,
}

/// Where an exchange stands in the order of things. Only the order of the
/// numbers means something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The work it was made for; empty if unknown.
    pub(super) work: String,
    pub(super) start: u64,
    /// None when it never ended by itself and nothing came.
    pub(super) end: Option<u64>,
    /// How often the work's race had looked when it ended.
    pub(super) step: u64,
}

impl Recording {
    /// How many exchanges it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.exchanges.len()
    }

    /// Whether it holds no exchange.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exchanges.is_empty()
    }
}
