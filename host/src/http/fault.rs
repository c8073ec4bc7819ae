//! A failure inside the stack, before it knows the way it went.
//!
//! Every layer below the redirect loop speaks [`Fault`]; the loop adds the
//! hops, takes the secrets out and hands an [`HttpError`](super::HttpError)
//! on.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use super::error::{HttpError, HttpErrorKind};

/// What a replay calls a request that was not recorded.
pub(super) const NOT_RECORDED: &str = "not-recorded";

/// A kind, a sentence, and whether a body merely ended too early.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) kind: HttpErrorKind,
    pub(super) message: String,
    pub(super) ended_early: bool,
    /// A replay was asked for something that was not recorded.
    pub(super) not_recorded: bool,
}

impl Fault {
    pub(super) fn new(kind: HttpErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            ended_early: false,
            not_recorded: false,
        }
    }

    /// What a recording calls it.
    pub(super) fn name(&self) -> &'static str {
        if self.not_recorded {
            NOT_RECORDED
        } else {
            self.kind.as_str()
        }
    }

    /// Whether a limit or a breaker refused to send.
    pub(super) fn is_courtesy(&self) -> bool {
        matches!(
            self.kind,
            HttpErrorKind::RateLimited | HttpErrorKind::BreakerOpen
        )
    }

    /// The error of a request that was never sent.
    pub(super) fn alone(self, url: &str) -> HttpError {
        HttpError {
            kind: self.kind,
            message: self.message,
            url: url.to_owned(),
            hops: Vec::new(),
            retry_after: None,
            ended_early: self.ended_early,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Fault {}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        Self::other(fault)
    }
}
